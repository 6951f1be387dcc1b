"""Strike a sink in every way: killed at lines of the code and at any moment, many writers, a full disk, forks.

Run as a script: ``python struck.py json_lines FOLDER quick`` (or ``long``) prints what came of each, in JSON.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import random
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from maturekit._core import files
from maturekit.errors import StorageError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of, key_matches
from maturekit.predictions.sinks import (
    JsonLinesSink,
    ParquetSink,
    SqliteSink,
    folder,
    folder_lock,
    json_lines,
    parquet,
    sqlite,
)

NOW = datetime(2013, 5, 3, tzinfo=UTC)
MODULES = {module.__file__ for module in (files, folder, folder_lock, json_lines, parquet, sqlite)}
SINKS = {
    "json_lines": lambda place: JsonLinesSink(place, rotate_bytes=20_000),
    "sqlite": lambda place: SqliteSink(place / "log.db"),
    "parquet": lambda place: ParquetSink(place, large_rows=200),
}


def batch(*names, rows=5):
    return list(
        blocks_of(Entry({"x": 1.5}, key={"id": f"{name}-{row}"}, time=NOW) for name in names for row in range(rows))
    )


def ids(sink):
    return [value for blocks in sink.read() for block in blocks for value in block["key"]["id"]["values"]]


def only(name):
    return lambda block: key_matches(block, {"id": name})


def killed_at(line, work):
    """Run `work` in a child that dies at a line of the modules; return whether it lived to the end."""
    child = os.fork()
    if child == 0:
        left = line

        def count(frame, event, argument):
            nonlocal left
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return count

        sys.settrace(lambda frame, *_: count if frame.f_code.co_filename in MODULES else None)
        with dying():
            work()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in {0, -signal.SIGKILL}, "the work raised"
    return ended == 0


def at_lines(kind, where, step):
    """Kill a write, an erasure and a merging; rows that are not concerned stay, once each and in order."""
    make = SINKS[kind]
    template = where / "template"
    make(template).write(batch("a", "b"))
    make(template).write(batch("c"))
    before = ids(make(template))
    works = [
        (lambda sink: sink.write(batch("d")), []),
        (lambda sink: sink.erase("predictions", only("b-3")), ["b-3"]),
        (lambda sink: sink.compact(), []),
    ]
    kills = 0
    for work, going in works:
        lived, line = False, 1 - step
        while not lived:
            line += step
            place = where / "struck"
            shutil.copytree(template, place)
            lived = killed_at(line, lambda work=work, place=place: work(make(place)))
            found = ids(make(place))
            new = [name for name in found if name.startswith("d")]
            left = [name for name in found if name not in new]
            assert left == before or left == [name for name in before if name not in going], left
            assert len(new) in ((5,) if lived and work is works[0][0] else (0, 5)), new
            after = make(place)
            after.write(batch("e"))
            after.erase("predictions", only("b-3"))
            assert ids(after) == [*(name for name in left if name != "b-3"), *new, *(f"e-{row}" for row in range(5))]
            assert not [path for path in place.rglob("*") if path.is_file() and b"b-3" in path.read_bytes()]
            shutil.rmtree(place)
            kills += not lived
    assert kills > 3


def at_any_moment(kind, where, rounds):
    """Kill four writers at once: what they were told is stored is there once, and at most one more list of each."""
    make = SINKS[kind]
    random.seed(0)
    told: Counter[str] = Counter()
    for turn in range(rounds):
        children = []
        for writer in range(4):
            told_by = where / f"{turn}-{writer}.txt"
            child = os.fork()
            if child == 0:
                sink = make(where / "log")
                descriptor = os.open(told_by, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
                for number in itertools.count():
                    name = f"{turn}.{writer}.{number}"
                    sink.write(batch(name, rows=40))
                    os.write(descriptor, f"{name}\n".encode())
                    if random.random() < 0.1:
                        sink.erase("predictions", only("nobody"))
            children.append(child)
        time.sleep(random.uniform(0.05, 0.5))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        told.update(line for path in where.glob("*.txt") for line in path.read_text().split())
        found = Counter(ids(make(where / "log"))) if (where / "log").exists() else Counter()
        assert set(found.values()) <= {1}, found.most_common(3)
        held = Counter(name.rpartition("-")[0] for name in found)
        assert all(held[name] == 40 for name in told), "what was told to be stored is there"
        more = [name for name in held if name not in told]
        assert len(more) <= 4 * (turn + 1)
        assert kind == "json_lines" or all(held[name] == 40 for name in more)


def beside_others(kind, where):
    """Let four processes write at the same time."""
    children = []
    for writer in range(4):
        child = os.fork()
        if child == 0:
            with dying():
                sink = SINKS[kind](where / "log")
                for number in range(8):
                    sink.write(batch(f"{writer}.{number}"))
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    found = ids(SINKS[kind](where / "log"))
    for writer in range(4):
        mine = [name for name in found if name.startswith(f"{writer}.")]
        assert mine == [f"{writer}.{number}-{row}" for number in range(8) for row in range(5)]
    assert len(found) == 160


def on_a_full_disk(kind, where):
    """Refuse a list while there is no room; readers see none of it, and then it is stored once."""
    make, place = SINKS[kind], where / "log"
    sink = make(place)
    sink.write(batch("before", rows=1))
    largest = max(path.stat().st_size for path in place.rglob("*") if path.is_file())
    names = [random.randbytes(200).hex() for _ in range(300)]
    more = batch(*names, rows=1)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (1, 1000, 10_000, 30_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room, hard))
        try:
            sink.write(more)
        except StorageError:
            pass
        else:
            raise AssertionError("there was no room")
    assert ids(make(place)) == ["before-0"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    sink.write(more)
    sink.write(batch("after", rows=1))
    assert ids(sink) == ["before-0", *(f"{name}-0" for name in names), "after-0"]
    assert not list(place.rglob(".unfinished-*"))


def forked_while_threads_write(kind, where):
    """Write from children of a process whose threads are writing."""
    sink = SINKS[kind](where / "log")
    sink.write(batch("first"))
    stop = threading.Event()

    def work():
        while not stop.wait(0.001):
            sink.write(batch("thread"))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(6):
            child = os.fork()
            if child == 0:
                with dying():
                    sink.write(batch(f"child{number}", rows=1))
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    found = [name for name in ids(SINKS[kind](where / "log")) if name.startswith("child")]
    assert found == [f"child{number}-0" for number in range(6)]


def with_a_child_of_the_dead(kind, where):
    """Write after a process died that had the lock, while a child of it lives."""
    sink = SINKS[kind](where / "log")
    sink.write(batch("a"))
    if kind == "sqlite":
        return  # its locks belong to a process, and no child inherits them
    reading, writing = os.pipe()
    holder = os.fork()
    if holder == 0:
        with folder_lock.locked(where / "log/.lock", seconds=5.0):
            child = os.fork()
            if child == 0:
                time.sleep(60)
            os.write(writing, str(child).encode())
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(holder, 0)
    child = int(os.read(reading, 20))
    begun = time.monotonic()
    sink.write(batch("b"))
    assert time.monotonic() - begun < 30, "it did not wait for the child"
    os.kill(child, signal.SIGKILL)


@contextlib.contextmanager
def dying():
    """Leave a child at the end, with the exit code 1 if it failed."""
    try:
        yield
    except BaseException:  # noqa: BLE001  # the parent asks for the exit code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    kind, top, thoroughness = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    step, rounds = {"quick": (97, 1), "long": (1, 30)}[thoroughness]
    strikes = {
        "lines": functools.partial(at_lines, step=step),
        "moments": functools.partial(at_any_moment, rounds=rounds),
        "beside others": beside_others,
        "full disk": on_a_full_disk,
        "fork": forked_while_threads_write,
        "child of the dead": with_a_child_of_the_dead,
    }
    results = {}
    for name, strike in strikes.items():
        (top / name).mkdir()
        try:
            strike(kind, top / name)
            results[name] = "fine"
        except Exception:  # noqa: BLE001  # the others are judged as well
            results[name] = traceback.format_exc()
    sys.stdout.write(json.dumps(results))
