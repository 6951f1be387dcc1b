"""Intervals when rows are not independent but groups of rows are: the jackknife over units."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics._quantiles import check_confidence, student_quantile
from maturekit.statistics.results import Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["jackknife"]


def jackknife(value: Callable[[NDArray[np.int64]], float], units: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return a number computed from rows, with an interval for which only the units are independent.

    Flights of one day share its weather, visits of one patient share the patient. An interval that counts rows is then
    far too short. Here each unit is left out once, and the spread of the results tells how uncertain the number is;
    Student's t with one degree of freedom less than there are units.

    Parameters
    ----------
    value : callable
        Takes row numbers (int64) and returns the number computed from these rows.
    units : array, shape (n,)
        The unit of each row, such as its date; any values, none missing.
    confidence : float, default 0.95
        How often the interval contains the true value; exact for means of normal units of equal size, near it
        otherwise from about ten units on.

    Raises
    ------
    NotEnoughEvidenceError
        There are fewer than 2 units, or leaving out one or another makes no difference.

    Examples
    --------
    Three days of two flights each: leaving out a day gives means of 3, 2.5 and 2, so the standard error is
    sqrt(2/3 * (0.25 + 0 + 0.25)) = 0.577, and Student's t with 2 degrees of freedom is 4.303:

    >>> import numpy as np
    >>> delay = np.array([1.0, 2.0, 2.0, 3.0, 3.0, 4.0])
    >>> result = jackknife(lambda rows: delay[rows].mean(), ["mon", "mon", "tue", "tue", "wed", "wed"])
    >>> result.value, round(result.high - result.value, 2)
    (2.5, 2.48)

    References
    ----------
    Tukey (1958), "Bias and confidence in not-quite large samples", Annals of Mathematical Statistics 29; Wolter
    (2007), *Introduction to Variance Estimation*, 4.5 (units of unequal size).
    """
    check_confidence(confidence)
    codes, groups = _codes(units)
    if groups < 2:
        raise NotEnoughEvidenceError(f"an interval by units needs at least 2 of them, got {groups}")
    everything = np.arange(len(codes))
    whole = float(value(everything))
    without = np.array([float(value(everything[codes != unit])) for unit in range(groups)])
    spread = math.sqrt((groups - 1) / groups * float(((without - without.mean()) ** 2).sum()))
    if spread <= 1e-14 * max(1.0, abs(whole)):  # zero up to rounding
        raise NotEnoughEvidenceError(f"leaving out any of {groups} units changes nothing, so no spread can be measured")
    half = student_quantile(confidence, groups - 1) * spread
    return Interval(whole, whole - half, whole + half, confidence, len(codes))


def _codes(units: ArrayLike) -> tuple[NDArray[Any], int]:
    codes, names = pd.factorize(np.asarray(units) if not isinstance(units, pd.Series) else units)
    if codes.ndim != 1 or (codes < 0).any():
        raise ArgumentError("units must be one value a row, none missing", hint="such as the date of each row.")
    return codes, len(names)
