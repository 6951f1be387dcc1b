"""The bootstrap: an interval for any number that can be computed again on rows drawn with replacement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from maturekit._core.seeds import RandomState, generator
from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics._inputs import require_rows
from maturekit.statistics._quantiles import check_confidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bootstrap", "percentiles"]


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], float],
    n: int,
    *,
    confidence: float = 0.95,
    resamples: int = 500,
    random_state: RandomState = 0,
) -> tuple[float, float]:
    """Return the percentile interval of a statistic over `n` rows.

    Approximate: near the stated confidence for smooth statistics and a few dozen rows or more.

    Parameters
    ----------
    statistic : callable
        Takes row numbers (int64, shape (n,), drawn with replacement) and returns a number; NaN, or a `ValueError` or
        `ZeroDivisionError`, where it is not defined (one class only).
    n : int
        Number of rows, at least 10.
    confidence : float, default 0.95
        How often the interval contains the true value.
    resamples : int, default 500
        How often rows are drawn; the bounds waver by about a tenth of the interval's width.
    random_state : int, RandomState, Generator or None, default 0
        An int gives the same interval every time.

    Raises
    ------
    NotEnoughEvidenceError
        There are fewer than 10 rows, or the statistic is undefined in more than 5 % of the draws.

    Examples
    --------
    >>> values = np.arange(100.0)
    >>> low, high = bootstrap(lambda rows: np.median(values[rows]), n=100)
    >>> bool(low < 49.5 < high)
    True

    References
    ----------
    Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13.
    """
    require_rows(n, 10, what="a bootstrap")
    if resamples < 100:
        raise ArgumentError(f"a bootstrap needs at least 100 resamples, got {resamples}")
    numbers = generator(random_state)
    return percentiles([_value(statistic, numbers.integers(n, size=n)) for _ in range(resamples)], confidence)


def percentiles(draws: list[float] | NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """Return the middle `confidence` of the draws, leaving undefined ones out.

    >>> percentiles(list(range(101)), 0.5)
    (25.0, 75.0)
    """
    tail = (1 - check_confidence(confidence)) / 2
    array = np.asarray(draws, dtype=np.float64)
    undefined = float(np.isnan(array).mean())
    if undefined > 0.05:
        raise NotEnoughEvidenceError(
            f"the number is undefined in {undefined:.0%} of the bootstrap's draws",
            hint="there are too few rows of one class.",
        )
    low, high = np.nanquantile(array, [tail, 1 - tail])
    return float(low), float(high)


def _value(statistic: Callable[[NDArray[np.int64]], float], rows: NDArray[np.int64]) -> float:
    try:
        return float(statistic(rows))
    except (ValueError, ZeroDivisionError):
        return float("nan")
