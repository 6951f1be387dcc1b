"""Levels, coverage, power and cost of `drift.compare`: ``python benchmarks/comparing.py [--tables level ...]``.

Every number is a share of simulated comparisons; its standard error is sqrt(share (1 - share) / comparisons).
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from sklearn.linear_model import LogisticRegression

from maturekit.drift import compare
from maturekit.drift.changes import changes_of_columns, changes_of_pairs
from maturekit.drift.intervals import Noise, bounds
from maturekit.drift.two_sample import separated
from maturekit.profile import (
    CategoryColumn,
    JensenShannon,
    KolmogorovSmirnov,
    NumericColumn,
    PopulationStability,
    Profile,
    TotalVariation,
    Wasserstein,
)

SIZES = [(300, 300), (300, 10_000), (1_000, 1_000), (10_000, 300), (10_000, 10_000)]


def columns(rng, rows, *, moved=0):
    """Twelve columns of all kinds; the first `moved` of the numeric ones are shifted by half a standard deviation."""
    base = rng.normal(size=(rows, 4))
    base[:, 1] = 0.6 * base[:, 0] + 0.8 * base[:, 1]
    frame = {f"normal {i}": base[:, i] for i in range(4)}
    frame |= {
        "heavy": rng.standard_t(1.5, rows),
        "log-normal": np.exp(rng.normal(size=rows)),
        "counts": rng.poisson(2, rows),
        "zero or more": np.maximum(rng.normal(-0.5, 1, rows), 0.0),
        "rare flag": (rng.random(rows) < 0.01).astype(int),
        "nulls": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
        "city": rng.choice([f"v{i}" for i in range(8)], rows),
        "zipf": np.minimum(rng.zipf(1.5, rows), 5_000).astype(str),
    }
    for name in list(frame)[:moved]:
        frame[name] = frame[name] + 0.5
    return pd.DataFrame(frame)


def level(runs):
    """How often anything is called changed when nothing is, and how often p-values are below 0.05 (columns, pairs)."""
    print("\nreference x table rows   any changed   p of columns < .05   largest of a kind         p of pairs < .05")
    for rows, size in SIZES:
        some, low, pairs = 0, {}, []
        for run in range(runs):
            rng = np.random.default_rng([run, rows, size])
            reference = Profile.of(columns(rng, rows), random_state=rng)
            current = Profile.of(columns(rng, size), like=reference)
            report = compare(reference, current)
            some += any(finding.status == "failed" for finding in report.findings if finding.rule == "changed")
            for name, change in changes_of_columns(reference, current).items():
                low.setdefault(name, []).append(change.p < 0.05)
            pairs += [change.p < 0.05 for _, change in changes_of_pairs(reference, current)]
        shares = {name: np.mean(flags) for name, flags in low.items()}
        worst = max(shares, key=shares.get)
        mean = np.mean(list(shares.values()))
        print(
            f"{rows:>8} x {size:<10} {some / runs:>12.3f} {mean:>16.3f} {worst:>20} {shares[worst]:.3f} {np.mean(pairs):>18.3f}"
        )


def false_share(runs):
    """Share of false ones among all columns and pairs called changed, when some of twelve columns moved."""
    print("\nmoved columns   rows   mean share of false   found of the moved")
    for moved, rows in itertools.product((1, 4), (300, 2_000)):
        false, found = [], []
        for run in range(runs):
            rng = np.random.default_rng([run, moved, rows])
            report = compare(columns(rng, rows), columns(rng, rows, moved=moved), random_state=run)
            named = [f.columns for f in report.findings if f.rule == "changed" and f.status == "failed"]
            true = {(f"normal {i}",) for i in range(moved)}
            false.append(sum(name not in true for name in named) / max(len(named), 1))
            found.append(sum(name in true for name in named) / moved)
        print(f"{moved:>13} {rows:>6} {np.mean(false):>21.3f} {np.mean(found):>20.3f}")


def coverage(runs):
    """How often an interval misses the true distance, the worst over changes from none to one sd, by distance."""
    distances = (JensenShannon(), TotalVariation(), KolmogorovSmirnov(), Wasserstein(), PopulationStability())
    print("\nreference x table rows   " + "   ".join(f"{distance.name:>20}" for distance in distances))
    for rows, size in SIZES:
        worst = [
            max(
                missed(column, p, q, distance, rows, size, runs)
                for column, p, q in cells()
                if distance.applies_to(column)
            )
            for distance in distances
        ]
        print(f"{rows:>8} x {size:<12} " + "   ".join(f"{share:>20.3f}" for share in worst))


def cells():
    """Yield a column with its cells' shares in the reference and in the table: none, small, large, sparse, dense changes."""
    normal = NumericColumn.of(pd.Series(np.linspace(0.0005, 0.9995, 100_000), name="rank"), kind="float")
    edges = np.array([0.0, *normal.edges, 1.0])
    for shift in (0.0, 0.05, 0.25, 1.0):
        moved = ndtr(ndtri(np.clip(edges, 1e-12, 1 - 1e-12)) - shift)
        moved[[0, -1]] = 0.0, 1.0
        yield normal, np.pad(np.diff(edges), 1), np.pad(np.diff(moved), 1)
    even, steep = np.full(50, 0.02), 1 / np.arange(1, 51)
    steep /= steep.sum()
    for p in (even, steep):
        counts = pd.Series(np.repeat([f"v{i:02}" for i in range(50)], np.rint(50_000 * p).astype(int)), name="value")
        values = CategoryColumn.of(counts, kind="string", learnt=np.ones(len(counts), dtype=np.bool_))
        one = np.arange(50) == 3
        dense = p * np.where(np.arange(50) % 2, 0.8, 1.2)
        for q in (p, 0.98 * p + 0.02 * one, 0.8 * p + 0.2 * one, dense / dense.sum()):
            yield values, np.append(p, 0.0), np.append(q, 0.0)
    flag = NumericColumn.of(pd.Series([0] * 700 + [1] * 300, name="flag"), kind="int")
    for share in (0.3, 0.32, 0.36, 0.5):
        yield flag, np.array([0, 0.7, 0.3, 0]), np.array([0, 1 - share, share, 0])


def missed(column, p, q, distance, rows, size, runs):  # noqa: PLR0917  # one number of one table
    """Return in what share of samples the interval does not hold the true distance."""
    rng = np.random.default_rng([rows, size])
    truth = float(distance.over(column, p, q))
    misses = 0
    for before, after in zip(rng.multinomial(rows, p, runs), rng.multinomial(size, q, runs), strict=True):
        _, low, high = bounds(distance, column, Noise.of(len(p), rng).drawn(before, after))
        misses += not low - 1e-12 <= truth <= high + 1e-12
    return misses / runs


def classifiers(runs):
    """How often a classifier calls equal tables different at 0.05, and how often it sees changes."""
    kinds = dict.fromkeys("abcd", "float")
    print("\nclassifier      rows    equal    interval holds 1/2    mean .25 sd")
    for name, model, rows in (
        ("logistic", LogisticRegression(), 60),
        ("logistic", LogisticRegression(), 400),
        ("boosting", True, 200),
        ("boosting", True, 2_000),
    ):
        wrong, holds, found = [], [], []
        for run in range(runs if name == "logistic" else max(runs // 4, 50)):
            rng = np.random.default_rng([run, rows])
            one, two, three = (pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd")) for _ in range(3))
            equal = separated(one, two, kinds, classifier=model, rng=rng)
            wrong.append(equal.p <= 0.05)
            holds.append(equal.low <= 0.5 <= equal.high)
            found.append(separated(one, three.assign(a=three["a"] + 0.25), kinds, classifier=model, rng=rng).p <= 0.05)
        print(f"{name:>10} {rows:>9} {np.mean(wrong):>8.3f} {np.mean(holds):>17.3f} {np.mean(found):>17.3f}")


def cost(_):
    """CPU of comparing two profiles of 50 columns."""
    rng = np.random.default_rng(0)

    def wide(rows):
        numbers = {f"x{i}": rng.normal(size=rows) for i in range(40)}
        texts = {f"c{i}": rng.choice([f"v{j}" for j in range(20)], rows) for i in range(10)}
        return pd.DataFrame(numbers | texts)

    reference = Profile.of(wide(20_000))
    current = Profile.of(wide(5_000), like=reference)
    compare(reference, current)  # imports
    times = []
    for _ in range(9):
        begin = time.process_time()
        report = compare(reference, current)
        times.append(time.process_time() - begin)
    print(f"\n50 columns, {len(report.findings)} findings: {1e3 * np.median(times):.0f} ms of CPU")


TABLES = {"level": level, "false_share": false_share, "coverage": coverage, "classifiers": classifiers, "cost": cost}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400, help="comparisons for each number")
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    options = parser.parse_args()
    for name in options.tables:
        begin = time.process_time()
        TABLES[name](options.runs)
        print(f"[{name}: {time.process_time() - begin:.0f} s of CPU]", file=sys.stderr)


if __name__ == "__main__":
    main()
