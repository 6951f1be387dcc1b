"""What a guard costs beside the model that it guards: ``python benchmarks/guard.py``.

Twenty mixed columns (ten floats, two of them with gaps, four whole numbers, four categories, two truth values) go
through the usual pipelines of scikit-learn. Bare `predict`, the same behind `Guarded` (input and output contract), and
`validate` alone take turns on the same table; figures are medians of CPU time, and of the ratio within each turn.
``--turns`` and ``--rows`` choose the work.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from maturekit.deployment import Call, Guarded
from maturekit.schema import Column, Schema
from maturekit.validation import validate
from maturekit.validation.failures import Failures

LEVELS = [f"level {number:02d}" for number in range(12)]
FLOATS, GAPS, WHOLES = [f"f{i}" for i in range(8)], ["g0", "g1"], [f"i{i}" for i in range(4)]
CATEGORIES, TRUTHS = [f"c{i}" for i in range(4)], ["b0", "b1"]
SCHEMA = Schema(
    {
        **{name: Column("float", ge=-50, le=50) for name in FLOATS},
        **{name: Column("float", ge=-50, le=50, nullable=True) for name in GAPS},
        **{name: Column("int", ge=0, le=1000) for name in WHOLES},
        **{name: Column("category", categories=LEVELS) for name in CATEGORIES},
        **{name: Column("bool") for name in TRUTHS},
    }
)


def table(rows: int) -> pd.DataFrame:
    """Return valid rows."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {name: rng.normal(size=rows) for name in FLOATS + GAPS}
        | {name: rng.integers(0, 100, rows) for name in WHOLES}
        | {name: rng.choice(LEVELS, rows) for name in CATEGORIES}
        | {name: rng.random(rows) < 0.5 for name in TRUTHS}
    )
    frame.loc[::9, GAPS] = np.nan
    return frame


def models() -> dict[str, Any]:
    """Return fitted pipelines."""
    frame = table(4_000)
    target = np.where(frame["f0"] + frame["f1"] > 0, "late", "on time")
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    linear = make_column_transformer(
        (numbers, FLOATS + GAPS + WHOLES), (OneHotEncoder(), CATEGORIES), ("passthrough", TRUTHS)
    )
    coded = make_column_transformer((OrdinalEncoder(), CATEGORIES), remainder="passthrough")
    return {
        "logistic regression": make_pipeline(linear, LogisticRegression(max_iter=500)).fit(frame, target),
        "boosting, 100 trees": make_pipeline(coded, HistGradientBoostingClassifier()).fit(frame, target),
    }


def broken(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with one bad number in a hundred rows, and one unknown category."""
    frame = frame.copy()
    frame.loc[::100, "f0"] = 99.0
    frame.loc[frame.index[len(frame) // 2], "c0"] = "unheard of"
    return frame


def cpu(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of one call, in microseconds."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1e6


def turns(sides: dict[str, Callable[[], object]], number: int, times: int) -> dict[str, list[float]]:
    """Let all sides work in turn; the first turn is not counted."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(number + 1):
        for name, work in sides.items():
            spent = cpu(work, times)
            if turn:
                found[name].append(spent)
    return found


def main() -> None:
    """Print a line for each model and size, and what judging alone costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=25)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 100, 1_000, 10_000, 100_000])
    chosen = parser.parse_args()
    failures = Failures(SCHEMA)
    with threadpool_limits(1):
        fitted = models()
        for rows in chosen.rows:
            good, bad = table(rows), broken(table(rows))
            times = 5 if rows <= 1_000 else 1
            for name, model in fitted.items():
                guard = Guarded(model, schema=SCHEMA)
                found = turns(
                    {
                        "bare": lambda model=model, good=good: model.predict(good),
                        "again": lambda model=model, good=good: model.predict(good),
                        "guarded": lambda guard=guard, good=good: guard.handle(Call(frame=good)),
                        "some bad": lambda guard=guard, bad=bad: guard.handle(Call(frame=bad)),
                    },
                    chosen.turns,
                    times,
                )
                ratio = {
                    side: statistics.median(a / b for a, b in zip(spent, found["bare"], strict=True))
                    for side, spent in found.items()
                }
                print(
                    f"{rows:>7,} rows  {name:20}  predict {statistics.median(found['bare']):>9,.0f} us"
                    f"  predict again x {ratio['again']:.3f}  guarded x {ratio['guarded']:.3f}"
                    f"  with bad rows x {ratio['some bad']:.3f}"
                )
            judged = turns(
                {
                    "failures": lambda good=good: failures.of(good),
                    "some bad": lambda bad=bad: failures.of(bad),
                    "validate": lambda good=good: validate(good, SCHEMA),
                },
                chosen.turns,
                times,
            )
            shown = "  ".join(f"{side} {statistics.median(spent) / 20:,.1f} us" for side, spent in judged.items())
            print(f"{rows:>7,} rows  judging, a column:  {shown}")


if __name__ == "__main__":
    main()
