"""Means, and the difference of two means of the same rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from maturekit.errors import NotEnoughEvidenceError
from maturekit.statistics._inputs import numbers, require_rows
from maturekit.statistics._quantiles import student_quantile
from maturekit.statistics.results import Interval, PairedDifference

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["mean", "mean_difference"]


def mean(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return a mean with the interval of Student's t.

    Parameters
    ----------
    values : array of float, shape (n,)
        Finite and independent; the mean should be about normal, which long tails need many rows for.
    confidence : float, default 0.95
        How often the interval contains the true mean.

    Raises
    ------
    NotEnoughEvidenceError
        There are fewer than 2 rows, or all are equal, so that nothing is known of their spread.

    Examples
    --------
    The mean of 1, 2, 3 is 2, its standard error 0.577, and Student's t with 2 degrees of freedom 4.303:

    >>> result = mean([1.0, 2.0, 3.0])
    >>> result.value, round(result.high - result.value, 2)
    (2.0, 2.48)

    References
    ----------
    Student (1908), "The probable error of a mean", Biometrika 6.
    """
    array = numbers(values, what="values")
    n = len(array)
    require_rows(n, 2, what="a mean with an interval")
    spread = float(array.std(ddof=1))
    if spread <= 1e-15 * float(np.abs(array).max()):  # equal up to rounding
        raise NotEnoughEvidenceError(f"all {n} values are equal, so nothing is known of their spread")
    value, half = float(array.mean()), student_quantile(confidence, n - 1) * spread / math.sqrt(n)
    return Interval(value, value - half, value + half, confidence, n)


def mean_difference(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> PairedDifference:
    """Return the difference of two means measured on the same rows, ``second - first``.

    Pairing removes what both share: hard rows are hard for both.

    Parameters
    ----------
    first, second : array of float, shape (n,)
        One value a row, in the same order of rows.
    confidence : float, default 0.95
        How often the interval contains the true difference.

    Raises
    ------
    NotEnoughEvidenceError
        There are fewer than 2 rows, or all differences are equal.

    Examples
    --------
    The differences are 0, 1, 2:

    >>> gain = mean_difference([5.0, 7.0, 9.0], [5.0, 8.0, 11.0])
    >>> gain.first, gain.second, gain.value, round(gain.low, 2)
    (7.0, 8.0, 1.0, -1.48)
    """
    one = numbers(first, what="values")
    two = numbers(second, what="values", rows=len(one))
    result = mean(two - one, confidence=confidence)
    return PairedDifference(
        result.value, result.low, result.high, confidence, result.n, first=float(one.mean()), second=float(two.mean())
    )
