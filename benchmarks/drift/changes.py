"""Kinds of change, each applied to a large table of the plain world; and how long finding them may take.

`SEEN` are those of the requirements. `UNSEEN` were chosen before any of their results were known, and nothing in the
library was tuned on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from drift.worlds import Rng, log_loss, sigmoid


@dataclass(frozen=True)
class Change:
    """New columns for a table; `limits` are median and 90 % quantile of days by rows a day, at promise 1."""

    name: str
    columns: Callable[[Rng, pd.DataFrame, int], Mapping[str, object]]
    limits: Mapping[tuple[int, float], tuple[int, int | None]] = field(default_factory=dict)
    grows: bool = False


def _numbers(function: Callable[[Rng, np.ndarray], np.ndarray], column: str = "x0"):
    return lambda rng, frame, _: {column: function(rng, frame[column].to_numpy())}


def _replaced(column: str, old: str, new: str, share: float):
    """Give so much of all rows another value of a categorical column."""

    def columns(rng: Rng, frame: pd.DataFrame, _: int) -> Mapping[str, object]:
        values = frame[column]
        is_old = (values == old).to_numpy()
        swapped = is_old & (rng.random(len(frame)) < share / is_old.mean())
        names = list(dict.fromkeys([*values.cat.categories, new]))
        codes = np.where(swapped, names.index(new), values.cat.codes.to_numpy())
        return {column: pd.Categorical.from_codes(codes, names)}

    return columns


def _doubled(column: str):
    """The value of 2 % of rows takes another 2 % from all others."""

    def columns(rng: Rng, frame: pd.DataFrame, _: int) -> Mapping[str, object]:
        values = frame[column]
        shares = values.value_counts(normalize=True)
        rare = (shares - 0.02).abs().idxmin()
        more = (0.04 - shares[rare]) / (1 - shares[rare])
        codes = np.where(rng.random(len(frame)) < more, values.cat.categories.get_loc(rare), values.cat.codes)
        return {column: pd.Categorical.from_codes(codes, values.cat.categories)}

    return columns


def _concept(rng: Rng, frame: pd.DataFrame, _: int) -> Mapping[str, object]:
    """Labels no longer depend on x0; how many are positive, and all columns of the model, stay as they were."""
    x0, x4 = frame["x0"].to_numpy(), frame["x4"].to_numpy()
    return {"loss": log_loss(rng, sigmoid(1.5 * x0 + x4), sigmoid(x4))}


def bimodal(mode: float) -> Callable[[Rng, pd.DataFrame, int], Mapping[str, object]]:
    """Two normal humps at plus and minus `mode`, with the variance 1 as before."""

    def humps(rng: Rng, x: np.ndarray) -> np.ndarray:
        return mode * rng.choice([-1.0, 1.0], len(x)) + np.sqrt(1 - mode**2) * rng.normal(size=len(x))

    return _numbers(humps, "x8")


def _triple(_: Rng, frame: pd.DataFrame, __: int) -> Mapping[str, object]:
    """The product of x8, x9 and x10 becomes positive: all pairs stay independent."""
    x8, x9, x10 = (frame[name].to_numpy() for name in ("x8", "x9", "x10"))
    return {"x10": np.where(x8 * x9 * x10 < 0, -x10, x10)}


SEEN = (
    Change(
        "mean .1 sd",
        _numbers(lambda _, x: x + 0.1),
        {(1_000, 1): (3, 5), (200, 1): (12, None), (1_000, 0.1): (3, None)},
    ),
    Change("mean .25 sd", _numbers(lambda _, x: x + 0.25), {(1_000, 1): (1, None), (200, 1): (3, None)}),
    Change("sd x 1.25", _numbers(lambda _, x: 1.25 * x), {(1_000, 1): (1, None)}),
    Change("mix of 5 points", _replaced("c2", "v0", "v1", 0.05), {(1_000, 1): (2, None), (200, 1): (9, None)}),
    Change("value 2 to 4 %, one of 20", _doubled("c4"), {(1_000, 1): (3, None)}),
    Change(
        "correlation .5 to 0",
        lambda rng, frame, _: {"x1": rng.permutation(frame["x1"].to_numpy())},
        {(1_000, 1): (1, None)},
    ),
    Change("concept, with labels", _concept, {(1_000, 1): (1, None)}),
    Change(
        "ramp of .005 sd a day",
        lambda _, frame, day: {"x0": frame["x0"] + 0.005 * (day + 1)},
        {(1_000, 1): (15, None)},
        grows=True,
    ),
)

WEAK = (
    Change("two humps at .8 sd", bimodal(0.8)),
    Change("two humps at .6 sd", bimodal(0.6)),
    Change("three-way dependence", _triple),
)


def _skewed(rng: Rng, x: np.ndarray) -> np.ndarray:
    """A shifted gamma law: mean 0, variance 1, skewness 1."""
    return (rng.gamma(4.0, size=len(x)) - 4.0) / 2.0


def _tailed(rng: Rng, x: np.ndarray) -> np.ndarray:
    """Student's t with 5 degrees of freedom, scaled to variance 1."""
    return rng.standard_t(5.0, len(x)) * np.sqrt(3 / 5)


def _some(share: float, value: float):
    return _numbers(lambda rng, x: np.where(rng.random(len(x)) < share, value, x))


def _fewer_zeros(rng: Rng, x: np.ndarray) -> np.ndarray:
    other = rng.choice(x[x != 0], len(x))
    return np.where((x == 0) & (rng.random(len(x)) < 0.03 / (x == 0).mean()), other, x)


def _outliers(rng: Rng, frame: pd.DataFrame, _: int) -> Mapping[str, object]:
    """x6 becomes an outlier a hundred times as large in 1 of 200 rows."""
    x = frame["x6"].to_numpy()
    return {"x6": np.where(rng.random(len(x)) < 0.005, 100 * x, x)}


UNSEEN = (
    Change("skewness 0 to 1, same mean and variance", _numbers(_skewed, "x8")),
    Change("t with 5 degrees, same variance", _numbers(_tailed, "x8")),
    Change("a value of 17 % splits in two", _replaced("c3", "v1", "v1 new", 0.085)),
    Change("a value of 17 % is merged into another", _replaced("c3", "v1", "v0", 0.17)),
    Change("numbers rounded to integers", _numbers(lambda _, x: np.round(x))),
    Change("sensor clipped at 1.5 sd", _numbers(lambda _, x: np.minimum(x, 1.5))),
    Change("3 % of rows replaced by the mean", _some(0.03, 0.0)),
    Change("3 % of rows replaced by -1", _some(0.03, -1.0)),
    Change("1 % of rows become null", _some(0.01, np.nan)),
    Change("two columns of one law swapped", lambda _, frame, __: {"x0": frame["x6"], "x6": frame["x0"]}),
    Change("sign of a symmetric correlated column turned", _numbers(lambda _, x: -x)),
    Change(
        "unit of one in 50 rows changed (x 2.54)",
        _numbers(lambda rng, x: np.where(rng.random(len(x)) < 0.02, 2.54 * x, x)),
    ),
    Change("1 in 200 rows a hundred times too large", _outliers),
    Change("share of zeros 89 to 86 %", _numbers(_fewer_zeros, "x2")),
    Change("nulls from 1 to 3 %", _numbers(lambda rng, x: np.where(rng.random(len(x)) < 0.02, np.nan, x), "x13")),
    Change("value 2 to 4 %, one of 50", _doubled("c5")),
    Change(
        "all 14 numbers moved by .03 sd",
        lambda _, frame, __: {f"x{i}": frame[f"x{i}"] + 0.03 for i in range(14) if i not in (2, 3)},
    ),
    Change("loss 10 % larger", _numbers(lambda _, x: 1.1 * x, "loss")),
)
