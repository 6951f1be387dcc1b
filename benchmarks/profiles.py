"""What a profile costs beside sorting and counting: ``python benchmarks/profiles.py``.

The workload: 40 columns of float64 (normal, log-normal, whole numbers, half of them zero) and 10 of 20 categories. CPU
seconds of all threads, medians of some turns, each side in turn in the same process.

- `Profile.of` of a reference against the least that its statistics need by hand: `np.sort` of each numeric column and
  `value_counts` of the others.
- `Profile.of(table, like=)` and `drift.compare(profile, table)` against `scipy.stats.ks_2samp` of each numeric column.
- The same without AVX-512, and without AVX2 as well, each in a process of its own. Which of them sorts fastest depends
  on the processor: on one with slow AVX-512 stores (AMD Zen 4) `np.sort` is six times as fast without it.
- A batch of 1,000 rows against `DataFrame.describe` of it; 2,000 columns against 200.

Memory is the most that numpy and Python held beyond what they held before (`tracemalloc`), in a call of its own.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from maturekit.drift import compare
from maturekit.profile import Profile

LEVELS = [f"level {number:02d}" for number in range(20)]
STORAGES = ("category", "object", "str", "arrow")
SHAPES = ("normal", "mixed")


def table(
    rows: int, numbers: int, texts: int, *, storage: str = "category", shape: str = "normal", seed: int = 0
) -> Any:
    """Return the workload: `numbers` columns of float64 and `texts` categorical ones."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for number in range(numbers):
        values = rng.normal(size=rows)
        kind = number % 4 if shape == "mixed" else 0
        if kind == 1:
            values = np.exp(values)
        elif kind == 2:
            values = np.floor(10 * values)
        elif kind == 3:
            values[values < 0] = 0.0
        columns[f"x{number:04}"] = values
    for number in range(texts):
        codes = rng.integers(0, len(LEVELS), rows)
        if storage == "category":
            columns[f"c{number:04}"] = pd.Categorical.from_codes(codes, LEVELS)
        elif storage == "arrow":
            import pyarrow as pa  # only this storage needs it

            cells = pa.array(LEVELS).take(pa.array(codes))
            columns[f"c{number:04}"] = pd.Series(pd.arrays.ArrowExtensionArray(cells))
        else:
            columns[f"c{number:04}"] = pd.Series(np.array(LEVELS, dtype=object)[codes], dtype=storage)
    return pd.DataFrame(columns)


def sorted_and_counted(frame: pd.DataFrame) -> None:
    """Sort each numeric column and count the values of each other: the baseline of a reference."""
    for name in frame:
        if frame[name].dtype == np.float64:
            np.sort(frame[name].to_numpy())
        else:
            frame[name].value_counts()


def tested(reference: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Compare each numeric column of two raw tables: the baseline of a comparison."""
    for name in frame:
        if frame[name].dtype == np.float64:
            ks_2samp(reference[name].to_numpy(), frame[name].to_numpy())


def seconds(calls: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Return the median CPU seconds of each call, made in turn."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            gc.collect()
            start = time.process_time()
            call()
            taken[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def mebibytes(call: Callable[[], object]) -> float:
    """Return the most memory that a call takes beyond what is there before, in MiB."""
    gc.collect()
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def large(rows: int, turns: int, storages: list[str]) -> None:
    """Print a line for each shape of numbers and storage of categories."""
    print(f"{rows:,} rows, 40 numeric and 10 categorical columns\n")
    print(
        "| numbers | categories | `Profile.of` / (sort + value counts) | `like=` / `ks_2samp` | `compare` / `ks_2samp` |"
    )
    print("|---|---|---|---|---|")
    memory = []
    for shape, storage in [("normal", storage) for storage in storages] + [("mixed", "category")]:
        reference, today = (table(rows, 40, 10, storage=storage, shape=shape, seed=seed) for seed in (0, 1))
        profile = Profile.of(reference)
        calls: dict[str, Callable[[], object]] = {
            "by hand": lambda reference=reference: sorted_and_counted(reference),
            "of": lambda reference=reference: Profile.of(reference),
            "like": lambda today=today, profile=profile: Profile.of(today, like=profile),
            "compare": lambda today=today, profile=profile: compare(profile, today),
        }
        took = seconds(calls, turns)
        took |= seconds({"ks": lambda reference=reference, today=today: tested(reference, today)}, 1)
        ratios = took["of"] / took["by hand"], took["like"] / took["ks"], took["compare"] / took["ks"]
        print(f"| {shape} | {storage} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |", flush=True)
        memory.append((shape, storage, *(mebibytes(calls[name]) for name in ("of", "like", "compare"))))
        del reference, today, calls
    print(
        "\n| numbers | categories | MiB beyond the table: `Profile.of` | `like=` | `compare` |\n|---|---|---|---|---|"
    )
    for shape, storage, *peaks in memory:
        print(f"| {shape} | {storage} | " + " | ".join(f"{peak:.0f}" for peak in peaks) + " |")


def small(turns: int) -> None:
    """Print what a batch of 1,000 rows costs, for 20, 200 and 2,000 columns."""
    print("\n| columns | `Profile.of(batch, like=)`, CPU ms a column | / `DataFrame.describe` |\n|---|---|---|")
    for columns in (20, 200, 2_000):
        reference, batch = (table(rows, columns * 7 // 10, columns * 3 // 10) for rows in (20_000, 1_000))
        profile = Profile.of(reference)
        calls: dict[str, Callable[[], object]] = {
            "like": lambda batch=batch, profile=profile: Profile.of(batch, like=profile),
            "describe": lambda batch=batch: batch.describe(include="all"),
        }
        took = seconds(calls, max(3, turns * 200 // columns))
        print(
            f"| {columns:,} | {1e3 * took['like'] / columns:.3f} | {took['like'] / took['describe']:.2f} |", flush=True
        )


def without(*names: str) -> dict[str, str]:
    """Return an environment in which numpy does not use instructions whose names begin so."""
    from numpy._core._multiarray_umath import (  # type: ignore[attr-defined]  # no other way to the names
        __cpu_dispatch__,
        __cpu_features__,
    )

    there = [name for name in __cpu_dispatch__ if __cpu_features__.get(name) and name.startswith(names)]
    return {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(there)}


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--storages", nargs="+", choices=STORAGES, default=list(STORAGES))
    parser.add_argument("--part", choices=["large", "small", "without", "all"], default="all")
    said = parser.parse_args()
    if said.part in {"large", "all"}:
        large(said.rows, said.turns, said.storages)
    if said.part in {"small", "all"}:
        small(said.turns)
    if said.part in {"without", "all"}:
        again = [sys.executable, __file__, "--part", "large", "--storages", "category"]
        again += ["--rows", str(said.rows), "--turns", str(said.turns)]
        for what, names in (("AVX-512", ("AVX512", "X86_V4")), ("AVX2", ("AVX", "FMA", "X86_V"))):
            print(f"\nWithout {what}: ", end="", flush=True)
            subprocess.run(again, check=True, env=without(*names))


if __name__ == "__main__":
    main()
