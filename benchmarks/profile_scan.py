"""What a profile of a parquet file costs that does not fit in memory: ``python benchmarks/profile_scan.py --rows 20000000``.

Writes a file of ten columns (five normal, a heavy-tailed one with gaps, one zero-inflated, counts, a category of 200
values, codes of 100,000 values that get a length and a pattern) into a temporary folder, and runs `Profile.scan` in
processes of its own: learning (two passes), counting (`like=`, one pass), and counting with two workers. Prints rows a
second and core (CPU time of all processes), and the peak memory of the process and of its largest worker beside what
Python with the same imports takes. ``--group`` is the size of a row group, which is what is in memory at a time;
``--one-pass`` leaves learning out, and counts over a profile of the first million rows. All ways of counting must give
the same counts, and with two workers the same profile to the last bit.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from maturekit.profile import Profile

PART = 1_000_000
VALUES = np.array([f"value {number}" for number in range(200)])
CODES = np.array([f"AB-{number:06d}" for number in range(100_000)])


def rows_of(number: int, rows: int) -> pa.Table:
    """Return one part of the file."""
    draw = np.random.default_rng(number)
    shared = draw.normal(size=rows)
    columns = {f"normal {place}": shared + draw.normal(size=rows) for place in range(5)}
    columns["heavy"] = np.where(draw.random(rows) < 0.02, np.nan, draw.standard_t(2, rows))
    columns["inflated"] = np.where(draw.random(rows) < 0.6, 0.0, draw.exponential(size=rows))
    columns["count"] = draw.poisson(3, rows)
    value = np.minimum(draw.zipf(1.5, rows), len(VALUES)) - 1
    code = draw.integers(0, len(CODES), rows)
    arrays = {name: pa.array(cells, from_pandas=True) for name, cells in columns.items()}
    for name, codes, texts in (("value", value, VALUES), ("code", code, CODES)):
        arrays[name] = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts)).cast(pa.string())
    return pa.table(arrays)


def write(path: Path, rows: int, group: int) -> None:
    """Write the file, part by part."""
    with parquet.ParquetWriter(path, rows_of(0, 1).schema) as file:
        for number, start in enumerate(range(0, rows, PART)):
            file.write_table(rows_of(number, min(PART, rows - start)), row_group_size=min(group, PART))


def work(what: str, folder: Path, n_jobs: int) -> None:
    """Do one piece of work in a process of its own, and print what it took."""
    before = peak(resource.RUSAGE_SELF)
    start, wall = used(), time.perf_counter()
    profile = None
    if what != "nothing":
        like = Profile.from_json((folder / "learned.json").read_text()) if what != "learned" else None
        profile = Profile.scan(folder / "table.parquet", like=like, n_jobs=n_jobs)
        if n_jobs > 1:
            from joblib.externals.loky import get_reusable_executor  # its workers are counted when they ended

            get_reusable_executor().shutdown(wait=True)
        name = f"{what}.json" if n_jobs == 1 else f"{what} {n_jobs}.json"
        (folder / name).write_text(profile.to_json())
    cpu, wall = used() - start, time.perf_counter() - wall
    rows = profile.rows if profile else 0
    memory = f"{peak(resource.RUSAGE_SELF):6.0f} MiB (imports {before:.0f})"
    workers = f", largest worker {peak(resource.RUSAGE_CHILDREN):.0f} MiB" if n_jobs > 1 else ""
    speed = f"{rows / cpu:12,.0f} rows/s and core, {rows / wall:12,.0f} rows/s" if rows else ""
    print(f"{what:8s} n_jobs={n_jobs} {speed} {cpu:7.1f} s of CPU, peak {memory}{workers}", flush=True)


def used() -> float:
    """CPU seconds of this process and of the children that ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak(who: int) -> float:
    """Peak memory in MiB."""
    return resource.getrusage(who).ru_maxrss / 1024


def main() -> None:
    """Write the file, then run each piece of work."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--group", type=int, default=1_000_000)
    parser.add_argument("--one-pass", action="store_true")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        what, folder, n_jobs = options.work
        work(what, Path(folder), int(n_jobs))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "table.parquet", options.rows, options.group)
        size = (folder / "table.parquet").stat().st_size / 2**20
        print(f"{options.rows:,} rows x 10 columns, {size:,.0f} MiB, pandas {pd.__version__}, numpy {np.__version__}")
        if options.one_pass:
            (folder / "learned.json").write_text(Profile.of(rows_of(0, PART)).to_json())
        works = [("nothing", 1), *([] if options.one_pass else [("learned", 1)]), ("counted", 1), ("counted", 2)]
        for what, n_jobs in works:
            subprocess.run([sys.executable, __file__, "--work", what, name, str(n_jobs)], check=True)
        learned, counted, two = (
            Profile.from_json((folder / f"{which}.json").read_text()) for which in ("learned", "counted", "counted 2")
        )
        assert counted == two, "two workers give another profile than one"
        for column in () if options.one_pass else learned.columns:
            assert learned.columns[column].cells.tolist() == counted.columns[column].cells.tolist(), column
        print(f"counts agree; the profile has {len(learned.to_json()) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
