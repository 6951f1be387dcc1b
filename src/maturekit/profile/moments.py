"""Count, mean, spread and skewness of numbers, kept so that two summaries merge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.profile._arrays import floats_in, floats_out

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Moments"]

_BLOCK = 32_768  # numbers; what is made of them stays in the cache


@dataclass(frozen=True, slots=True)
class Moments:
    """How many numbers, their mean, and the sums of squared and cubed deviations from it.

    Adding two gives what one pass over all numbers would give, up to rounding. Where a sum leaves the range of
    float64 (numbers beyond 1e100 or so), it is NaN.

    Parameters
    ----------
    n : int
        How many numbers.
    mean : float
        Their mean, in the unit of the numbers; 0 when there are none.
    m2, m3 : float
        Sums of squared and of cubed deviations from the mean.

    Examples
    --------
    >>> left, right = Moments.of([1.0, 2.0]), Moments.of([3.0, 6.0])
    >>> left + right
    Moments(n=4, mean=3.0, m2=14.0, m3=18.0)
    >>> (left + right).variance
    3.5
    >>> Moments.from_list(left.to_list()) == left
    True

    References
    ----------
    Chan, Golub, LeVeque (1979), *Updating formulae and a pairwise algorithm for computing sample variances*.
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float = 0.0

    @classmethod
    def of(cls, values: ArrayLike) -> Self:
        """Summarise finite numbers."""
        array = np.asarray(values, dtype=np.float64)
        if not len(array):
            return cls()
        with np.errstate(over="ignore", invalid="ignore"):
            mean = min(max(float(array.mean()), float(array.min())), float(array.max()))  # rounding stays within
            m2 = m3 = 0.0
            for start in range(0, len(array), _BLOCK):
                apart = array[start : start + _BLOCK] - mean
                powers = apart * apart
                m2 += float(powers.sum())
                powers *= apart
                m3 += float(powers.sum())
        return cls(len(array), *map(_finite, (mean, m2, m3)))

    @property
    def variance(self) -> float:
        """Mean squared deviation (divided by n); NaN without numbers."""
        return self.m2 / self.n if self.n else math.nan

    @property
    def sd(self) -> float:
        """Square root of the variance; NaN without numbers."""
        return math.sqrt(self.variance)

    @property
    def skewness(self) -> float:
        """Third standardised moment; 0 when all numbers are equal, NaN without numbers."""
        if not self.n:
            return math.nan
        scale = self.variance * self.sd
        return self.m3 / self.n / scale if scale else 0.0

    def __add__(self, other: Self) -> Self:
        """Merge the summaries of two sets of numbers."""
        if not self.n or not other.n:
            return self if self.n else other
        n = self.n + other.n
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.n / n)
        m2 = self.m2 + other.m2 + gap * gap * (self.n * other.n / n)
        m3 = self.m3 + other.m3 + gap * gap * gap * (self.n * other.n * (self.n - other.n) / n**2)
        m3 += 3.0 * gap * (self.n * other.m2 - other.n * self.m2) / n
        return type(self)(n, *map(_finite, (mean, m2, m3)))

    def to_list(self) -> list[Any]:
        """Return JSON-ready data: n, mean, m2, m3."""
        return [self.n, *floats_out((self.mean, self.m2, self.m3))]

    @classmethod
    def from_list(cls, data: list[Any]) -> Self:
        """Read back what `to_list` wrote."""
        n, *sums = data
        mean, m2, m3 = floats_in(sums)
        return cls(int(n), mean, m2, m3)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan
