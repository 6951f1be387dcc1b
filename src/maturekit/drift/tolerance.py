"""How much change is no news, in units a person can judge."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from maturekit.errors import ArgumentError

__all__ = ["Tolerance"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The changes that a monitor shall not call an alarm, however many rows prove them.

    A change of twice the tolerance takes four times as long to find as without it; what lies below is absorbed by the
    pool. The defaults suit up to 100,000 rows a batch; above, 0.02 to 0.05 standard deviations keep the dust out.

    Parameters
    ----------
    sd : float, default 0.01
        For numbers: a move of the mean, or a change of the spread, in standard deviations. It is applied to ranks, so
        that outliers do not stretch the unit: 0.01 moves the mean rank of a continuous column by 0.3 percentage points.
    share : float, default 0.002
        For shares of rows (a category, nulls, values outside the known range): 0.002 is 0.2 percentage points.
    correlation : float, default 0.01
        For rank correlations of two columns.

    Examples
    --------
    >>> Tolerance(sd=0.05)
    Tolerance(sd=0.05, share=0.002, correlation=0.01)
    >>> Tolerance(share=2)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: tolerance share=2 must be at least 0 and less than 1
    <BLANKLINE>
    Hint: shares are between 0 and 1: 0.002 is 0.2 percentage points.
    """

    sd: float = 0.01
    share: float = 0.002
    correlation: float = 0.01

    def __post_init__(self) -> None:
        """Check that every tolerance is a number from 0 up to, not including, 1."""
        for name, value in asdict(self).items():
            if not (isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value < 1):
                raise ArgumentError(
                    f"tolerance {name}={value} must be at least 0 and less than 1",
                    hint="shares are between 0 and 1: 0.002 is 0.2 percentage points." if name == "share" else "",
                )
