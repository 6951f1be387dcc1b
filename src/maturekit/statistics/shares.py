"""Shares: of rows, and the difference of two shares of the same rows."""

from __future__ import annotations

import math

from maturekit.errors import ArgumentError
from maturekit.statistics._inputs import require_rows
from maturekit.statistics._quantiles import normal_quantile
from maturekit.statistics.results import Interval, PairedDifference

__all__ = ["share", "share_difference"]


def share(count: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return a share with its Wilson interval, which is sound for few rows and for shares of 0 and 1.

    Parameters
    ----------
    count : int
        Rows that have the property.
    n : int
        All rows.
    confidence : float, default 0.95
        How often the interval contains the true share; exact coverage wavers around it.

    Raises
    ------
    NotEnoughEvidenceError
        There are no rows.

    Examples
    --------
    Half of 4 rows says little, half of 400 says more:

    >>> half = share(2, 4)
    >>> half.value, round(half.low, 2), round(half.high, 2)
    (0.5, 0.15, 0.85)
    >>> round(share(200, 400).low, 2)
    0.45

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    z2 = normal_quantile(confidence) ** 2
    require_rows(n, 1, what="a share")
    if not 0 <= count <= n:
        raise ArgumentError(f"a share of {count} in {n} rows cannot be")
    value = count / n
    centre = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (value * (1 - value) + z2 / (4 * n)) / n) / (1 + z2 / n)
    return Interval(
        value,
        low=0.0 if count == 0 else centre - half,  # exact at the ends, whatever the rounding
        high=1.0 if count == n else centre + half,
        confidence=confidence,
        n=n,
    )


def share_difference(both: int, first: int, second: int, n: int, *, confidence: float = 0.95) -> PairedDifference:
    """Return the difference of two shares measured on the same rows, ``second - first``.

    Parameters
    ----------
    both : int
        Rows where both have the property.
    first, second : int
        Rows where only the first, or only the second, has it.
    n : int
        All rows.
    confidence : float, default 0.95
        How often the interval contains the true difference.

    Raises
    ------
    NotEnoughEvidenceError
        There are no rows.

    Examples
    --------
    The first is right in 90 of 100 rows, the second in 95, of which 88 are common:

    >>> gain = share_difference(both=88, first=2, second=7, n=100)
    >>> round(gain.value, 2), round(gain.low, 3), round(gain.high, 3)
    (0.05, -0.014, 0.112)

    References
    ----------
    Bonett and Price (2012), "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", Journal of Educational and Behavioral Statistics 37.
    """
    z = normal_quantile(confidence)
    require_rows(n, 1, what="a difference of shares")
    if min(both, first, second) < 0 or both + first + second > n:
        raise ArgumentError(f"{both} + {first} + {second} rows do not fit into {n}")
    only_first, only_second = (first + 1) / (n + 2), (second + 1) / (n + 2)
    centre = only_second - only_first
    half = z * math.sqrt((only_first + only_second - centre**2) / (n + 2))
    return PairedDifference(
        (second - first) / n,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        confidence=confidence,
        n=n,
        first=(both + first) / n,
        second=(both + second) / n,
    )
