"""The area under the ROC curve, alone and of two models on the same rows, by the method of DeLong."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maturekit.errors import NotEnoughEvidenceError
from maturekit.statistics._inputs import classes, numbers
from maturekit.statistics._quantiles import check_confidence, normal_quantile, student_quantile
from maturekit.statistics.results import Interval, PairedDifference

__all__ = ["auc", "auc_difference"]

_Floats = NDArray[np.float64]


def auc(truth: ArrayLike, scores: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the area under the ROC curve with an interval, in O(n log n).

    The variance is DeLong's, and the bounds are formed on the logit scale, where they stay between 0 and 1, with
    Student's t (Satterthwaite's degrees of freedom), since few positive rows leave the variance uncertain. When the
    scores separate the classes perfectly, or not at all, that variance is zero and Newcombe's interval is used. With
    fewer than ten rows of a class, bounds of 95 % hold in about 93 % of cases.

    Parameters
    ----------
    truth : array of bool, or of 0 and 1, shape (n,)
        Which rows are positive.
    scores : array of float, shape (n,)
        Higher for rows that are more probably positive; ties count half.
    confidence : float, default 0.95
        How often the interval contains the true area.

    Raises
    ------
    NotEnoughEvidenceError
        A class has fewer than 2 rows.

    Examples
    --------
    Of the four pairs of a positive and a negative row, three are in the right order:

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75

    Two rows of each class in the right order show little, many show much:

    >>> [round(auc([0, 1] * n, [0.0, 1.0] * n).low, 2) for n in (2, 20, 200)]
    [0.39, 0.9, 0.99]

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; Sun and Xu (2014), IEEE Signal Processing Letters 21
    (the fast form); Pepe (2003), *The Statistical Evaluation of Medical Tests*, 5.2 (the logit scale);
    Newcombe (2006), "Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2",
    Statistics in Medicine 25, method 5.
    """
    check_confidence(confidence)
    positive = _both_classes(truth)
    above, below = _placements(positive, numbers(scores, what="scores", rows=len(positive)))
    value = float(above.mean())
    margin = _margin(above, below, confidence)
    if margin == 0.0:
        low, high = _newcombe(value, len(above), len(below), normal_quantile(confidence))
    else:
        logit, half = math.log(value / (1 - value)), margin / (value * (1 - value))
        low, high = _expit(logit - half), _expit(logit + half)
    return Interval(value, low, high, confidence, len(positive))


def auc_difference(
    truth: ArrayLike, first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95
) -> PairedDifference:
    """Return the difference of the areas of two models on the same rows, ``second - first``, in O(n log n).

    DeLong's variance with Student's t (Satterthwaite's degrees of freedom): with normal bounds, a model without true
    gain is called better 2.4 times as often as stated when there are 5 positive rows; with these about as stated.

    Parameters
    ----------
    truth : array of bool, or of 0 and 1, shape (n,)
        Which rows are positive.
    first, second : array of float, shape (n,)
        The scores of the two models.
    confidence : float, default 0.95
        How often the interval contains the true difference.

    Raises
    ------
    NotEnoughEvidenceError
        A class has fewer than 2 rows, or both models order the rows alike, so that nothing is known of the spread.

    Examples
    --------
    >>> truth = [0, 0, 0, 1, 1, 1]
    >>> gain = auc_difference(truth, [1, 4, 6, 2, 3, 5], [1, 3, 6, 2, 4, 5])
    >>> round(gain.first, 2), round(gain.second, 2), round(gain.value, 2)
    (0.44, 0.56, 0.11)

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 44; Satterthwaite (1946), Biometrics Bulletin 2.
    """
    check_confidence(confidence)
    positive = _both_classes(truth)
    above_1, below_1 = _placements(positive, numbers(first, what="scores", rows=len(positive)))
    above_2, below_2 = _placements(positive, numbers(second, what="scores", rows=len(positive)))
    half = _margin(above_2 - above_1, below_2 - below_1, confidence)
    if half == 0.0:
        raise NotEnoughEvidenceError(f"both models order the {len(positive)} rows alike, so no spread can be measured")
    one, two = float(above_1.mean()), float(above_2.mean())
    return PairedDifference(
        two - one,
        low=max(-1.0, two - one - half),
        high=min(1.0, two - one + half),
        confidence=confidence,
        n=len(positive),
        first=one,
        second=two,
    )


def _placements(positive: NDArray[np.bool_], scores: _Floats) -> tuple[_Floats, _Floats]:
    """For each positive row the share of negative rows below it, for each negative the share of positive rows above."""
    ups, downs = scores[positive], scores[~positive]
    sorted_ups, sorted_downs = np.sort(ups), np.sort(downs)
    return _share_below(sorted_downs, ups), 1.0 - _share_below(sorted_ups, downs)


def _share_below(ordered: _Floats, values: _Floats) -> _Floats:
    """Share of `ordered` below each value, ties counted half: a mid-rank."""
    ranks = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return ranks / (2.0 * len(ordered))


def _margin(above: _Floats, below: _Floats, confidence: float) -> float:
    """Half the width of the interval of a mean placement: DeLong's variance, Satterthwaite's degrees of freedom."""
    ups, downs = float(above.var(ddof=1)) / len(above), float(below.var(ddof=1)) / len(below)
    if ups + downs < 1e-28:  # zero up to rounding
        return 0.0
    degrees = (ups + downs) ** 2 / (ups**2 / (len(above) - 1) + downs**2 / (len(below) - 1))
    return student_quantile(confidence, degrees) * math.sqrt(ups + downs)


def _newcombe(value: float, positives: int, negatives: int, z: float) -> tuple[float, float]:
    """Bounds at which the estimate would lie just z standard errors away, by bisection."""
    half = (positives + negatives) / 2 - 1

    def deviation(area: float) -> float:
        spread = 1 + half * (1 - area) / (2 - area) + half * area / (1 + area)
        return z * math.sqrt(area * (1 - area) * spread / (positives * negatives))

    def bound(outside: float) -> float:
        inside = value
        for _ in range(60):
            middle = (inside + outside) / 2
            if abs(value - middle) <= deviation(middle):
                inside = middle
            else:
                outside = middle
        return inside

    return (0.0 if value == 0.0 else bound(0.0)), (1.0 if value == 1.0 else bound(1.0))


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _both_classes(truth: ArrayLike) -> NDArray[np.bool_]:
    positive = classes(truth, what="truth")
    ups = int(positive.sum())
    if min(ups, len(positive) - ups) < 2:
        raise NotEnoughEvidenceError(
            f"an area under the ROC curve needs at least 2 rows of each class, got {ups} positive and"
            f" {len(positive) - ups} negative"
        )
    return positive
