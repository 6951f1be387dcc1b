"""What a log of predictions costs, and loses: ``python benchmarks/recording.py``.

A record of 20 mixed columns (14 numbers, 6 texts) and a key, and 1,000 such rows, answered by logistic regression in a
pipeline. What the caller's own thread spends (``time.thread_time``) beside ``json.dumps`` of the record and beside
`predict`; what the whole process spends on one stored row; how fast rows are stored, read back, merged and forgotten;
and how many rows a process loses that is killed (``kill -9``), beside what it said was waiting. Medians of turns.
"""

from __future__ import annotations

import argparse
import functools
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from maturekit.deployment import Recorded, Wrapper
from maturekit.predictions import Entry, Log, Pseudonyms, SegmentSink

NUMBERS = [f"n{place}" for place in range(14)]
TEXTS = [f"c{place}" for place in range(6)]
CHILD = """
import sys, time
from maturekit.predictions import Entry, Log
log = Log(sys.argv[1], flush_rows=1000, flush_seconds=float(sys.argv[3]))
record, number, started = dict.fromkeys("abcdefghij", 1.5), 0, time.perf_counter()
while True:
    log.write(Entry({**record, "number": number}))
    number += 1
    if number % 20 == 0:
        print(number, log.waiting, log.dropped, flush=True)
        time.sleep(max(0.0, started + number / float(sys.argv[2]) - time.perf_counter()))
"""


class Plain(Wrapper):
    """A wrapper that does nothing, as the measure of one that records."""

    def _handle(self, call: Any, inward: Any) -> Any:
        return inward(call)


def table(rows: int) -> pd.DataFrame:
    """Return rows of the workload with a key."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame(random.normal(size=(rows, len(NUMBERS))), columns=NUMBERS)
    words = np.array([f"level {place:02d}" for place in range(8)])
    return frame.assign(**{name: words[random.integers(0, 8, rows)] for name in TEXTS}, id=range(rows))


def in_turn(turns: int, *calls: Callable[[], object]) -> list[float]:
    """Return the median seconds of this thread for each of several calls, made in turn."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(turns):
        for held, call in zip(times, calls, strict=True):
            started = time.thread_time()
            call()
            held.append(time.thread_time() - started)
    return [statistics.median(held) for held in times]


def callers(model: Any, folder: Path, turns: int) -> None:
    """What the caller's thread spends."""
    frame = table(1000)
    records = frame.to_dict("records")
    variants = {
        "everything": {},
        "key": {"key": "id"},
        "key, 5 columns": {"key": "id", "columns": NUMBERS[:5]},
        "key, one in ten": {"key": "id", "sample": 0.1},
        "key, pseudonyms": {"key": "id", "pseudonyms": Pseudonyms("0123456789abcdef")},
    }
    plain = Plain(model).warm()

    def ones(service: Any) -> Callable[[], object]:
        return lambda: [service.predict_one(record) for record in records]

    print("caller's thread, one record: microseconds, and as a multiple of json.dumps")
    for name, options in variants.items():
        log = Log(folder / name.replace(" ", "-").replace(",", ""), keep_rows=10**9)
        service = Recorded(model, log=log, **options).warm()
        bare, recorded, dumped = in_turn(turns, ones(plain), ones(service), lambda: list(map(json.dumps, records)))
        print(f"  {name:20} {(recorded - bare) * 1e3:6.2f}  {(recorded - bare) / dumped:5.2f}")
        log.flush()
    print("caller's thread, 1,000 rows: predict alone in ms, and with recording as a multiple")
    for name in ("everything", "key"):
        log = Log(folder / f"rows-{name}", keep_rows=10**9)
        service = Recorded(model, log=log, **variants[name])
        asked = [functools.partial(each.predict, frame) for each in (plain, service)]
        bare, recorded = in_turn(turns * 3, *asked)
        print(f"  {name:20} {bare * 1e3:6.2f}  {recorded / bare:5.3f}")
        log.flush()


def storing(folder: Path, rows: int) -> None:
    """What the whole process spends on a row, and how fast the log is afterwards."""
    records = table(1000).to_dict("records")
    log = Log(SegmentSink(folder / "stored"), keep_rows=10**9)
    cpu, wall = time.process_time(), time.perf_counter()
    for number in range(rows):
        log.write(Entry(records[number % 1000], key={"id": number}, prediction=[1.5], request=str(number)))
    log.flush()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    size = sum(path.stat().st_size for path in (folder / "stored").rglob("*.jsonl")) / rows
    print(
        f"stored: {cpu / rows * 1e6:.1f} CPU microseconds and {size:.0f} bytes a row, {rows / wall:,.0f} rows a second"
    )
    for name, work in {
        "frame()": log.frame,
        "frames()": lambda: sum(len(frame) for frame in log.frames()),
        "compact()": log.compact,
        "frame() after that": log.frame,
        "forget()": lambda: log.forget({"id": 17}),
    }.items():
        started = time.process_time()
        work()
        print(f"  {name:20} {(time.process_time() - started) / rows * 1e6:6.2f} CPU microseconds a row")


def killed(folder: Path, rate: float, seconds: float) -> None:
    """What a process loses that is killed."""
    place = folder / f"killed-{rate}-{seconds}"
    command = [sys.executable, "-c", CHILD, str(place), str(rate), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        started, line = None, ""
        while started is None or time.perf_counter() - started < 3 * seconds + 1:
            line = child.stdout.readline()
            started = started or time.perf_counter()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
    whole = [each for each in [line, *rest] if each.count(" ") == 2]
    made, waiting, dropped = map(int, whole[-1].split())
    stored = Log(place).frame()["input.number"]
    doubled = len(stored) - stored.nunique()
    print(
        f"killed at {rate:,.0f} records a second, flush_seconds={seconds:g}: of {made:,} written "
        f"{made - len(stored):,} lost, {waiting:,} were said to wait, {dropped} dropped, {doubled} doubled"
    )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    frame = table(2000)
    columns = ColumnTransformer([("n", StandardScaler(), NUMBERS), ("c", OneHotEncoder(), TEXTS)])
    model = make_pipeline(columns, LogisticRegression()).fit(frame, frame["n0"] > 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        callers(model, folder, arguments.turns)
        storing(folder, arguments.rows)
        for rate, seconds in ((200.0, 1.0), (2000.0, 1.0), (2000.0, 5.0), (1e9, 1.0)):
            killed(folder, rate, seconds)


if __name__ == "__main__":
    main()
