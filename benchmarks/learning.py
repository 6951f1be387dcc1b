"""What it costs to learn a contract, beside `describe` and `value_counts` of the same frame.

python benchmarks/learning.py --rows 1000000
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import pandas as pd


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return 50 columns: 28 floats, 8 ints, 10 texts, 3 moments and a truth value, with relations between some."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {f"normal_{i}": rng.normal(i, 1 + i, rows) for i in range(12)}
    columns |= {f"size_{i}": rng.lognormal(i, 1, rows) for i in range(8)}
    columns |= {f"missing_{i}": np.where(rng.uniform(size=rows) < 0.1, np.nan, rng.normal(size=rows)) for i in range(4)}
    net, tax = rng.exponential(100, rows).round(2), rng.exponential(10, rows).round(2)
    columns |= {"net": net, "tax": tax, "gross": net + tax, "low": -rng.exponential(1, rows)}
    columns |= {f"count_{i}": rng.poisson(3 * (i + 1), rows) for i in range(7)} | {"id": rng.permutation(rows)}
    city = rng.integers(0, 100, rows)
    columns |= {
        "city": np.array([f"city {i}" for i in range(100)])[city],
        "state": np.array(list("ABCDEFGH"))[city % 8],
    }
    columns |= {f"level_{i}": np.array([f"level {k}" for k in range(20)])[rng.integers(0, 20, rows)] for i in range(5)}
    columns |= {"code": np.char.add("AB-", np.char.zfill(rng.permutation(rows).astype(str), 8))}
    words = np.array([f"word{i}" for i in range(1000)])
    columns |= {
        f"text_{i}": np.char.add(words[rng.integers(0, 1000, rows)], words[rng.integers(0, 999, rows)]) for i in (0, 1)
    }
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
    columns |= {"start": start, "end": start + pd.to_timedelta(rng.integers(0, 10**5, rows), unit="s")}
    columns |= {"day": start.floor("D"), "late": rng.uniform(size=rows) < 0.2}
    return pd.DataFrame(columns)


def timed(work) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def cost(rows: int, turns: int) -> None:
    from maturekit import validation

    frame = table(rows)
    ratios = []
    for _ in range(turns):
        usual = timed(lambda: (frame.describe(include="all"), [frame[name].value_counts() for name in frame]))
        learned = timed(lambda: validation.learn(frame))
        ratios.append(learned / usual)
        print(f"{frame.shape[0]:,} x {frame.shape[1]}: learn {learned:.1f} s, describe + value_counts {usual:.1f} s")
    print(f"ratio {statistics.median(ratios):.2f} (median of {turns})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    cost(options.rows, options.turns)
