"""What it takes to know whether 100,000,000 ids differ, chunk by chunk: ``python benchmarks/keys.py --rows 100000000``.

A generator makes the ids while they are judged, so that no side holds them all. The last id repeats the first one, and
just these two rows must be found. Printed are the CPU seconds of the whole call, those of the generator alone, the most
memory of the process above what it had before, and the most bytes in the temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from maturekit.schema import Column, Schema
from maturekit.validation import validate

STEP = 262_144


def chunks(rows: int, kind: str) -> Iterator[pd.DataFrame]:
    """Yield the ids: a permutation of whole numbers of 64 bits, or texts; the last one is the first one."""
    for start in range(0, rows, STEP):
        number = np.arange(start, min(start + STEP, rows))
        number[number == rows - 1] = 0
        ids = number * 0x2545F4914F6CDD1D if kind == "int" else np.char.add("ID", number.astype("U12")).astype(object)
        yield pd.DataFrame({"id": ids})


def resident() -> int:
    """Return the bytes of memory that this process uses (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def watched(folder: Path, done: threading.Event, most: dict[str, int]) -> None:
    """Keep the most memory and the most bytes on disk until the work is done."""
    while not done.wait(0.1):
        most["memory"] = max(most["memory"], resident())
        sizes = [path.stat().st_size for path in list(folder.rglob("*")) if path.exists()]
        most["disk"] = max(most["disk"], sum(sizes))


def main() -> None:
    """Measure both kinds of ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--kinds", nargs="+", choices=["int", "string"], default=["int", "string"])
    said = parser.parse_args()
    print("| ids | rows | s CPU | of these the generator | extra MiB | MB on disk |\n|---|---|---|---|---|---|")
    for kind in said.kinds:
        schema = Schema({"id": Column(kind, unique=True)})
        validate(chunks(STEP, kind), schema)
        before, done = resident(), threading.Event()
        most = {"memory": before, "disk": 0}
        with tempfile.TemporaryDirectory() as folder:
            tempfile.tempdir = folder
            watch = threading.Thread(target=watched, args=(Path(folder), done, most))
            watch.start()
            start = time.process_time()
            report = validate(chunks(said.rows, kind), schema)
            taken = time.process_time() - start
            done.set()
            watch.join()
            tempfile.tempdir = None
        (found,) = report.failed
        assert found.positions.tolist() == [0, said.rows - 1]
        start = time.process_time()
        for _ in chunks(said.rows, kind):
            pass
        generator = time.process_time() - start
        extra = (most["memory"] - before) / 2**20
        print(f"| {kind} | {said.rows:,} | {taken:.1f} | {generator:.1f} | {extra:.0f} | {most['disk'] / 1e6:,.0f} |")


if __name__ == "__main__":
    main()
