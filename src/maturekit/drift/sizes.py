"""How large a change is, in units a person knows, with bounds that hold whenever one looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from maturekit.drift.places import Statistic

__all__ = ["Size", "size_of"]

_ALPHA = 0.05
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Size:
    """A change of one statistic.

    Parameters
    ----------
    value, low, high : float
        The change and the bounds that contain it, in `unit`.
    unit : str
        Such as ``"standard deviations"``.
    words : str
        The same for a person.
    certain : float
        The part of the change that is beyond doubt, in standard deviations of the statistic: for ranking causes.
    """

    value: float
    low: float
    high: float
    unit: str
    words: str
    certain: float


def size_of(statistic: Statistic, *, before: float, after: float, sd: float, error: float, batches: float) -> Size:
    """Return the change of a mean from `before` to `after`, for a statistic of a batch.

    Parameters
    ----------
    statistic : Statistic
        Which one.
    before, after : float
        Mean of its values (the share of rows, for counts) before and since the change.
    sd : float
        Standard deviation of its values.
    error : float
        Standard error of ``after - before``.
    batches : float
        Batches since the change; the interval grows with it, so that looking every day is allowed.

    Examples
    --------
    >>> nulls = Statistic("nulls", ("gust",), "data", 0.01)
    >>> size = size_of(nulls, before=0.01, after=0.06, sd=0.1, error=0.005, batches=1)
    >>> round(size.value, 1), round(size.low, 1), round(size.high, 1), size.unit
    (5.0, 3.7, 6.3, 'percentage points')
    >>> size.words
    'missing values from 1.0 % to 6.0 % of rows'
    """
    half = error * math.sqrt(2 * math.log(1 / _ALPHA) + math.log(1 + batches))
    measure, unit, words = _measure(statistic)
    origin = measure(before)
    least, most = _LIMITS.get(statistic.name, (0.0, 1.0))
    value, low, high = (measure(min(max(mean, least), most)) - origin for mean in (after, after - half, after + half))
    certain = max(abs(after - before) - half, 0.0) / sd if sd > 0 else 0.0
    said = words(min(max(before, least), most), min(max(after, least), most), value)
    if statistic.name == "spread":  # a logarithm adds up, and a percentage can be read
        value, low, high = (100 * math.expm1(move) for move in (value, low, high))
    return Size(value, low, high, unit, said, certain)


Words = Callable[[float, float, float], str]


def _measure(statistic: Statistic) -> tuple[Callable[[float], float], str, Words]:
    """From the mean of a statistic to its place on a scale that a person knows, and how to say a move on it."""
    match statistic.name:
        case "location":
            return (
                _normal_mean,
                "standard deviations",
                lambda _, __, move: f"values moved {_way(move)} by {abs(move):.2g} sd",
            )
        case "spread":
            return (
                lambda mean: math.log(_normal_sd(mean)),
                "percent of the standard deviation",
                lambda _, __, move: (
                    f"values are {'more' if move > 0 else 'less'} spread out (sd x {math.exp(move):.2g})"
                ),
            )
        case "skewness":
            return lambda mean: 100 * mean, "percentage points of rank", _skewness_words
        case "kurtosis":
            return lambda mean: 100 * mean, "percentage points of rank", _kurtosis_words
        case "pair":
            return (
                _correlation,
                "rank correlation",
                lambda before, after, _: (
                    f"rank correlation from {_correlation(before):.2f} to {_correlation(after):.2f}"
                ),
            )
        case "batch-value":
            what = statistic.columns[0]
            return lambda mean: mean, "", lambda before, after, _: f"{what} from {before:.4g} to {after:.4g} on average"
        case "p-value":
            return lambda mean: mean, "z", lambda _, after, __: f"p-values are too small (z of {after:.2g} on average)"
        case _:
            what = _COUNTED.get(statistic.name, "").format(value=statistic.value)
            return (
                lambda mean: 100 * mean,
                "percentage points",
                lambda before, after, _: f"{what} from {_percent(before)} to {_percent(after)} of rows",
            )


_LIMITS = {
    "pair": (-1.0, 1.0),
    "batch-value": (-math.inf, math.inf),
    "p-value": (-math.inf, math.inf),
}
"""Between which means a statistic can be, where it is not 0 and 1."""

_COUNTED = {
    "value": "value '{value}'",
    "atom": "value {value}",
    "rest": "rare or new values",
    "unseen": "values never seen before",
    "nulls": "missing values",
    "infinities": "infinite values",
    "low": "values at the low end",
    "high": "values at the high end",
    "below": "values below the known range",
    "above": "values above the known range",
}


def _normal_mean(mean_rank: float) -> float:
    """Return the move of a normal column, in its standard deviations, that gives this mean rank."""
    return math.sqrt(2) * NormalDist().inv_cdf(min(max(mean_rank, _EDGE), 1 - _EDGE))


def _normal_sd(mean_distance: float) -> float:
    """Return the factor on the spread of a normal column that gives this mean distance of ranks from the middle."""
    return math.tan(math.pi / 2 * min(max(mean_distance, _EDGE), 1 - _EDGE))


def _correlation(mean_product: float) -> float:
    """Return the rank correlation of a mean product of ranks; both columns moving together may carry it past 1."""
    return min(max(3 * mean_product, -1.0), 1.0)


def _skewness_words(_: float, __: float, move: float) -> str:
    return f"the {'upper' if move > 0 else 'lower'} tail has grown against the other"


def _kurtosis_words(_: float, __: float, move: float) -> str:
    where = "in the middle and far out" if move > 0 else "between the middle and the far ends"
    return f"values gather {where}"


def _way(move: float) -> str:
    return "up" if move > 0 else "down"


def _percent(share: float) -> str:
    if 0 < share < 0.0001:
        return "under 0.01 %"
    return f"{100 * share:.2g} %" if 0 < share < 0.01 else f"{100 * max(share, 0.0):.1f} %"
