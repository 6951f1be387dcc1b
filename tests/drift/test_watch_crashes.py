"""Crashes, full disks and crowds leave a watch as if everything had gone well once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, Watch
from maturekit.errors import StorageError
from maturekit.profile import Profile
from maturekit.storage import LocalStore, MemoryStore

PROFILE = Profile.of(pd.DataFrame({"x": np.arange(1_000.0) % 97}))
STRUCK = Path(__file__).with_name("struck.py")


def day(seed):
    return pd.DataFrame({"x": np.random.default_rng(seed).integers(0, 97, 200) * 1.0})


def monitor():
    return Monitor(PROFILE, false_alarms_per_year=1, batches_per_year=365)


class Full(MemoryStore):
    """A store that has room for n more values."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def _put_new(self, key, data):
        if self.room == 0:
            raise StorageError("no space left on the disk")
        self.room -= 1
        super()._put_new(key, data)


@pytest.mark.parametrize("room", range(6))
def test_a_full_disk_is_said_and_the_same_calls_go_on_when_there_is_room(room):
    store, straight = Full(room), monitor()
    watch = Watch(store, "flights", monitor())
    frames = {name: day(ord(name)) for name in "ab"}
    with pytest.raises(StorageError, match="no space left"):
        [watch.update(frame, batch=name) for name, frame in frames.items()]
    store.room = -1
    for name in ("a", "b", "c"):  # the job starts again from the beginning
        watch.update(day(ord(name)), batch=name)
        straight.update(day(ord(name)), batch=name)
    assert watch.number == 3
    assert watch.monitor.state() == straight.state()


class Overtaken(MemoryStore):
    """A store in which another process folds a batch, and prunes, just before a claim is written or a state is read."""

    def __init__(self):
        super().__init__()
        self.before_claim = self.before_get = None

    def _put_new(self, key, data):
        meanwhile, self.before_claim = (self.before_claim, None) if "/claims/" in key else (None, self.before_claim)
        if meanwhile:
            meanwhile()
        super()._put_new(key, data)

    def _get(self, key):
        meanwhile, self.before_get = (self.before_get, None) if "/states/" in key else (None, self.before_get)
        if meanwhile:
            meanwhile()
        return super()._get(key)


@pytest.mark.parametrize("moment", ["before_claim", "before_get"])
@pytest.mark.parametrize("other", ["b", "c"])
def test_whoever_is_overtaken_judges_again_from_the_later_state(moment, other):
    store = Overtaken()

    def meanwhile():
        faster = Watch(store, "flights", monitor())
        faster.update(day(ord(other)), batch=other)
        faster.prune()

    watch = Watch(store, "flights", monitor())
    watch.update(day(1), batch="a")
    setattr(store, moment, meanwhile)
    reading = watch.update(day(ord("b")), batch="b")
    names = ["a", "b"] if other == "b" else ["a", "c", "b"]
    straight = monitor()
    for name in names:
        last = straight.update(day(1 if name == "a" else ord(name)), batch=name)
    assert watch.number == len(names)
    assert watch.monitor.state() == straight.state()
    assert reading.findings == last.findings
    watch.prune()
    assert len(list(store.list("flights/states/"))) == 1


def test_states_without_a_claim_count_for_nothing_and_are_pruned_once_their_number_is_taken():
    store = MemoryStore()
    watch = Watch(store, "flights", monitor())
    watch.update(day(1), batch="a")
    for number in (1, 2):
        store.put_new(f"flights/states/{number:012d}-{'0' * 32}.json", b"left by a crash")
    assert watch.prune() == 1
    assert not watch.update(day(2), batch="b").alarm
    assert watch.prune() == 2  # the first state, and the second one that was left


def test_threads_count_every_batch_once(tmp_path):
    store, errors = LocalStore(tmp_path / "store"), []

    def work(names):
        try:
            for name in names:
                Watch(store, "flights", monitor()).update(day(int(name)), batch=name)
        except Exception as error:  # noqa: BLE001  # a thread has no other way to tell
            errors.append(error)

    jobs = [threading.Thread(target=work, args=(names,)) for names in ("123", "321", "234")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    watch = Watch(store, "flights", monitor())
    assert not errors
    assert watch.number == 4
    assert watch.monitor._state.known.pools[""].cells[0] == 1_000 + 4 * 200


def struck(folder, what):
    done = subprocess.run(
        [sys.executable, str(STRUCK), str(folder), what],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # few threads in what forks
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_killed_before_or_after_any_write_or_deletion_the_job_just_starts_again(tmp_path):
    seen = struck(tmp_path, "kill")
    assert not seen["wrong"]
    assert seen["steps"] == 2 * (3 * 3 + 2)  # three writes a batch and two deletions, before and after each


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs forks")
def test_processes_that_fold_and_prune_at_once_count_every_batch_once(tmp_path):
    seen = struck(tmp_path, "crowd")
    assert seen == {
        "failed": 0,
        "number": 6,
        "ids": list("abcdef"),
        "rows": 1_000 + 6 * 200,
        "same": True,
        "states": 1,
    }
