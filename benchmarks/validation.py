"""What validation costs beside the same checks by hand in pandas: ``python benchmarks/validation.py``.

The workload: 12 columns (4 float, 3 int, 2 texts of 20 levels, a unique text id, a moment, a float with gaps), judged
for types, 6 x not null, 4 ranges, 2 x known values, uniqueness and pattern of the id, a range of moments, and ``low <=
high``; every failing row is collected. `by_hand` is the best plain pandas for that: no cast, no mask more than it needs,
no tricks. Both sides work in turn on the same frame and must find the same rows. ``--rows``, ``--texts``, ``--turns``
choose the work; ``--part numbers`` compares numeric columns with one pass over their memory, ``--part small`` times
frames of 1 to 1,000 rows, ``--part memory`` prints the memory that a call takes beyond the frame.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd

from maturekit.schema import Column, Compare, Schema
from maturekit.validation import validate

TEXTS = ("arrow", "python", "object")
LEVELS = [f"level {number:02d}" for number in range(20)]
FIRST, LAST = datetime(2024, 1, 1), datetime(2024, 12, 31)  # noqa: DTZ001  # the moments of the workload have no zone
ID = r"[A-Z]{2}-[0-9]{8}"
RANGED = {"f0": (0.0, 1.0), "f1": (-10.0, 10.0), "i0": (0, 999), "i1": (-50, 50)}
REQUIRED = ("f0", "f1", "i0", "s0", "id", "t")

SCHEMA = Schema(
    {
        "f0": Column("float", ge=0, le=1),
        "f1": Column("float", ge=-10, le=10),
        "low": Column("float", nullable=True),
        "high": Column("float", nullable=True),
        "i0": Column("int", ge=0, le=999),
        "i1": Column("int", nullable=True, ge=-50, le=50),
        "i2": Column("int", nullable=True),
        "s0": Column("string", categories=LEVELS),
        "s1": Column("string", nullable=True, categories=LEVELS),
        "id": Column("string", unique=True, pattern=ID, role="key"),
        "t": Column("datetime", ge=FIRST, le=LAST),
        "gaps": Column("float", nullable=True),
    },
    rules=[Compare("low", "<=", "high")],
)


def workload(rows: int, texts: str, *, bad: float = 0.0) -> pd.DataFrame:
    """Return the frame; with `bad`, that share of its rows breaks one rule each, all rules alike."""
    draw = np.random.default_rng(0)
    low = draw.normal(size=rows)
    frame = pd.DataFrame(
        {
            "f0": draw.random(rows),
            "f1": draw.normal(size=rows).clip(-9.9, 9.9),
            "low": low,
            "high": low + draw.random(rows),
            "i0": draw.integers(0, 1000, rows),
            "i1": draw.integers(-50, 51, rows),
            "i2": draw.integers(0, 10**9, rows),
            "t": np.datetime64(FIRST, "us") + draw.integers(0, 365 * 86_400 * 10**6, rows).astype("m8[us]"),
            "gaps": np.where(draw.random(rows) < 0.1, np.nan, draw.random(rows)),
        }
    )
    words = {name: [LEVELS[code] for code in draw.integers(0, 20, rows)] for name in ("s0", "s1")}
    words["id"] = [f"AB-{number:08d}" for number in draw.permutation(rows).tolist()]
    broken = draw.choice(rows, int(rows * bad), replace=False)
    for number, where in enumerate(np.array_split(broken, 9)):
        spoil(frame, words, number, where)
    for name, values in words.items():
        frame[name] = stored(values, texts)
    return frame


def spoil(frame: pd.DataFrame, words: dict[str, list[str]], number: int, where: np.ndarray) -> None:
    """Break one of the nine rules in some rows."""
    if number < 4:
        name = list(RANGED)[number]
        frame.loc[where, name] = RANGED[name][1] + 1
    elif number == 4:
        frame.loc[where, "f1"] = np.nan
    elif number == 5:
        frame.loc[where, "t"] = LAST.replace(year=2025)
    elif number == 6:
        frame.loc[where, "high"] = frame.loc[where, "low"] - 1
    for row in where.tolist() if number > 6 else []:
        words["s0"][row] = "level 20" if number == 7 else words["s0"][row]
        words["id"][row] = words["id"][row - 1] if number == 8 and row % 2 else words["id"][row].lower()


def stored(values: list[str], texts: str) -> pd.Series:
    """Return texts in one storage."""
    if texts == "object":
        return pd.Series(values, dtype=object)
    return pd.Series(values, dtype=pd.StringDtype({"arrow": "pyarrow", "python": "python"}[texts], na_value=np.nan))


def by_hand(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the failing rows of each check that found any."""
    found = {}

    def note(check: str, bad: pd.Series) -> None:
        if bad.any():
            found[check] = np.flatnonzero(bad.to_numpy())

    types = pd.api.types
    for name in ("f0", "f1", "low", "high", "gaps"):
        assert types.is_float_dtype(frame[name])
    for name in ("i0", "i1", "i2"):
        assert types.is_integer_dtype(frame[name])
    for name in ("s0", "s1", "id"):
        assert types.is_string_dtype(frame[name])  # looks at every cell of an object column
    assert types.is_datetime64_any_dtype(frame["t"])
    for name in REQUIRED:
        note(f"{name} null", frame[name].isna())
    for name, (low, high) in RANGED.items():
        note(f"{name} range", (frame[name] < low) | (frame[name] > high))
    for name in ("s0", "s1"):
        note(f"{name} known", ~frame[name].isin(LEVELS))
    note("id unique", frame["id"].duplicated(keep=False))  # no slower than asking `is_unique` first
    note("id pattern", ~frame["id"].str.fullmatch(ID))
    note("t range", (frame["t"] < FIRST) | (frame["t"] > LAST))
    note("order", frame["low"] > frame["high"])
    return found


def by_maturekit(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the same from a report."""
    found: dict[str, np.ndarray] = {}
    for finding in validate(frame, SCHEMA).findings:
        if finding.status == "failed":
            check = CHECKS[finding.rule]
            name = check if check == "order" else f"{finding.columns[0]} {check}"
            found[name] = np.union1d(found[name], finding.positions) if name in found else finding.positions
    return found


CHECKS = {"nullable": "null", "ge": "range", "le": "range", "categories": "known", "unique": "unique"}
CHECKS |= {"pattern": "pattern", "Compare": "order"}


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return how long a piece of work takes; freeing its result does not count."""
    gc.collect()
    start = clock()
    result = work()
    taken = clock() - start
    del result
    return taken


def in_turn(turns: int, *works: Callable[[], object], clock: Callable[[], float] = time.process_time) -> list[float]:
    """Return the median CPU seconds of each piece of work, done in turn, so that noise falls on all alike."""
    for work in works:
        work()
    found = [[seconds(work, clock) for work in works] for _ in range(turns)]
    return [statistics.median(times) for times in zip(*found, strict=True)]


def whole(rows: int, texts: tuple[str, ...], turns: int) -> None:
    """Print the workload, clean and with 1 % bad rows."""
    print("| rows | texts | bad rows | by hand, ms CPU | validate, ms CPU | ratio |\n|---|---|---|---|---|---|")
    for storage in texts:
        for bad in (0.0, 0.01):
            frame = workload(rows, storage, bad=bad)
            ours, theirs = by_maturekit(frame), by_hand(frame)
            assert ours.keys() == theirs.keys(), (ours.keys(), theirs.keys())
            assert all(np.array_equal(ours[check], theirs[check]) for check in ours)
            hand, kit = in_turn(turns, lambda f=frame: by_hand(f), lambda f=frame: validate(f, SCHEMA))
            print(
                f"| {rows:,} | {storage} | {bad:.0%} | {hand * 1e3:.0f} | {kit * 1e3:.0f} | {kit / hand:.2f} |",
                flush=True,
            )


def numbers(rows: int, turns: int) -> None:
    """Print numeric columns beside one pass over their memory."""
    names = [name for name, column in SCHEMA.columns.items() if column.kind in {"float", "int"} and name != "gaps"]
    schema = Schema({name: SCHEMA.columns[name] for name in names})
    frame = workload(rows, "object")[names].copy()
    arrays = [frame[name].to_numpy() for name in names]
    once, kit = in_turn(turns, lambda: [array.max() for array in arrays], lambda: validate(frame, schema))
    print(
        f"{len(names)} numeric columns, {rows:,} rows: one pass {once * 1e3:.1f} ms, validate {kit * 1e3:.1f} ms,",
        end=" ",
    )
    print(f"{kit / once:.1f} passes")


def small(turns: int) -> None:
    """Print what a call costs on few rows of 20 columns, 6 of each kind of number, 4 of text, 4 of moments."""
    print("| rows | validate, us | us a column |\n|---|---|---|")
    columns = {f"f{number}": Column("float", ge=0, le=1) for number in range(6)}
    columns |= {f"i{number}": Column("int", ge=0) for number in range(6)}
    columns |= {f"s{number}": Column("string", categories=LEVELS) for number in range(4)}
    columns |= {f"t{number}": Column("datetime", ge=FIRST) for number in range(4)}
    schema = Schema(columns)
    for rows in (1, 100, 1000):
        source = workload(rows, "object")
        frame = pd.DataFrame({name: source[{"f": "f0", "i": "i0", "s": "s0", "t": "t"}[name[0]]] for name in columns})
        count = max(1, 20_000 // (rows + 100))
        taken = in_turn(turns, lambda f=frame, c=count: [validate(f, schema) for _ in range(c)])[0] / count
        print(f"| {rows:,} | {taken * 1e6:,.0f} | {taken * 1e6 / len(columns):.0f} |")


def memory(rows: int, texts: tuple[str, ...]) -> None:
    """Print the most memory in use during one call above what was in use before, each in a process of its own."""
    print("| rows | texts | bad rows | extra MiB a million rows: by hand | validate |\n|---|---|---|---|---|")
    for storage in texts:
        for bad in (0.0, 0.01):
            command = [sys.executable, __file__, "--peak", storage, str(bad), "--rows", str(rows)]
            figures = [subprocess.check_output([*command, "--who", who], text=True).strip() for who in ("hand", "kit")]
            print(f"| {rows:,} | {storage} | {bad:.0%} | {' | '.join(figures)} |", flush=True)


def peak(rows: int, storage: str, bad: float, who: str) -> float:
    """Return the extra MiB a million rows of one call: the peaks of Python's and of Arrow's memory, added up."""
    import pyarrow as pa

    frame = workload(rows, storage, bad=bad)
    head = frame.head(1000).copy()
    work = by_hand if who == "hand" else lambda table: validate(table, SCHEMA)
    work(head)
    gc.collect()
    pool = pa.default_memory_pool()
    before, highest = pool.bytes_allocated(), pool.max_memory()
    tracemalloc.start()
    result = work(frame)
    most = tracemalloc.get_traced_memory()[1] + max(pool.max_memory() - max(highest, before), 0)
    del result
    return most / 2**20 / (rows / 10**6)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--texts", nargs="+", choices=TEXTS, default=TEXTS)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--part", choices=["whole", "numbers", "small", "memory"], default="whole")
    parser.add_argument("--peak", nargs=2, metavar=("TEXTS", "BAD"), help=argparse.SUPPRESS)
    parser.add_argument("--who", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.peak:
        print(f"{peak(said.rows, said.peak[0], float(said.peak[1]), said.who):.0f}")
    elif said.part == "whole":
        whole(said.rows, tuple(said.texts), said.turns)
    elif said.part == "numbers":
        numbers(said.rows, said.turns)
    elif said.part == "small":
        small(said.turns)
    else:
        memory(said.rows, tuple(said.texts))


if __name__ == "__main__":
    main()
