"""Kill the process of a watch at every step, or let several fold at once: ``python struck.py FOLDER kill|crowd``.

Prints one line of JSON with what was seen; the tests say what it must be.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from maturekit.drift import Monitor, RowCount, Watch
from maturekit.profile import Profile
from maturekit.storage import LocalStore

BATCHES = ("a", "b", "c")


def day(name, rows=200):
    rng = np.random.default_rng(ord(name))
    return pd.DataFrame({"x": rng.integers(0, 97, rows), "loss": rng.integers(0, 31, rows)})


def monitor():
    reference = pd.DataFrame({"x": np.arange(1_000) % 97, "loss": np.arange(1_000) % 31})
    return Monitor(Profile.of(reference), false_alarms_per_year=1, batches_per_year=365, statistics=[RowCount()])


class Deadly(LocalStore):
    """A store whose process is killed at the n-th write or deletion: just before it, or just after."""

    def __init__(self, place, step, *, after):
        super().__init__(place)
        self.left, self.after = step, after

    def struck(self, act, *arguments):
        self.left -= 1
        if self.left == 0 and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return act(*arguments)
        finally:
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _put_new(self, key, data):
        return self.struck(super()._put_new, key, data)

    def _delete(self, key):
        return self.struck(super()._delete, key)


def work(store):
    """Fold what is there, prune in between, and acknowledge; repeating it must change nothing."""
    for name in BATCHES:
        Watch(store, "flights", monitor()).update(day(name), batch=name)
    Watch(store, "flights", monitor()).prune()


def forked(job, *arguments):
    child = os.fork()
    if child == 0:
        try:
            job(*arguments)
        except BaseException as error:  # noqa: BLE001  # a child has no other way to tell
            sys.stderr.write(repr(error))
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return child


def kill(folder):
    straight, steps, wrong = monitor(), 0, []
    for name in BATCHES:
        straight.update(day(name), batch=name)
    for after in (False, True):
        step, killed = 0, True
        while killed:
            step += 1
            place = folder / f"{after}-{step}"
            _, status = os.waitpid(forked(work, Deadly(place, step, after=after)), 0)
            killed = os.WIFSIGNALED(status)
            steps += killed
            work(LocalStore(place))
            watch = Watch(place, "flights", monitor())
            kept = list(watch.store.list("flights/states/"))
            if (watch.number, watch.monitor.state(), len(kept)) != (3, straight.state(), 1) or status not in {0, 9}:
                wrong.append((after, step, status, watch.number, kept))
    return {"steps": steps, "wrong": wrong}


def fold(place, names):
    for name in names:
        Watch(place, "flights", monitor()).update(day(name), batch=name)


def prune(place):
    for _ in range(20):
        Watch(place, "flights", monitor()).prune()


def crowd(folder):
    place = folder / "store"
    orders = ("abcdef", "fedcba", "cabdfe", "aabbcc")
    children = [forked(fold, place, names) for names in orders] + [forked(prune, place)]
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    watch = Watch(place, "flights", monitor())
    watch.prune()
    ids = [reading.subjects["batch"] for reading in watch.readings()]
    again = [watch.update(day(name), batch=name).to_json() for name in ids]
    return {
        "failed": failed,
        "number": watch.number,
        "ids": sorted(ids),
        "rows": int(watch.monitor._state.known.pools[""].cells[0]),
        "same": again == [reading.to_json() for reading in watch.readings()],
        "states": len(list(watch.store.list("flights/states/"))),
    }


if __name__ == "__main__":
    print(json.dumps({"kill": kill, "crowd": crowd}[sys.argv[2]](Path(sys.argv[1]))))  # noqa: T201  # what the tests read
