"""Numbers of earlier batches, kept in little room, among which a new one is ranked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Context
from typing import Self

__all__ = ["Bag"]

_DIGITS = 6
_MOST = 400


@dataclass(frozen=True, slots=True)
class Bag:
    """How often each number came, numbers cut off after some significant digits.

    Over 400 different ones a digit is dropped. When that happens depends on which numbers came and not on their order,
    so ranks stay uniform for exchangeable numbers, whatever is cut off.

    Parameters
    ----------
    counts : mapping of float to int
        Numbers, cut off.
    digits : int
        Significant digits that are kept.

    Examples
    --------
    >>> bag = Bag().plus(10.0).plus(20.0).plus(20.0)
    >>> bag.total, bag.mean
    (3, 16.666666666666668)

    A 30 is the largest of four: half of a random number above, three quarters below:

    >>> above, below = bag.rank(30.0, uniform=0.5)
    >>> above, below
    (0.125, 0.875)
    """

    counts: Mapping[float, int] = field(default_factory=dict)
    digits: int = _DIGITS

    @property
    def total(self) -> int:
        """How many numbers."""
        return sum(self.counts.values())

    @property
    def mean(self) -> float:
        """Their mean; NaN when there are none."""
        return (
            math.fsum(value * count for value, count in self.counts.items()) / self.total if self.counts else math.nan
        )

    @property
    def sd(self) -> float:
        """Their standard deviation; NaN when there are none."""
        mean, total = self.mean, self.total
        return (
            math.sqrt(math.fsum(n * (value - mean) ** 2 for value, n in self.counts.items()) / total) if total else mean
        )

    def rank(self, value: float, *, uniform: float) -> tuple[float, float]:
        """Return the p-values of a new number for being large and for being small, which add up to 1.

        `uniform` is a random number in [0, 1) that breaks ties, among which the number itself is one.
        """
        grown = self.plus(value)  # its digits are those of all numbers together, the new one included
        here, more, same, total = _rounded(value, grown.digits), 0, 0, 0
        for other, count in grown.counts.items():
            more += count * (other > here)
            same += count * (other == here)
            total += count
        above = (more + uniform * same) / total
        return above, 1.0 - above

    def plus(self, value: float, times: int = 1) -> Self:
        """Return the bag with one more number."""
        here = _rounded(value, self.digits)
        counts = {**self.counts, here: self.counts.get(here, 0) + times}
        bag = type(self)({number: count for number, count in counts.items() if count}, self.digits)
        return bag.at(self.digits - 1) if len(bag.counts) > _MOST and self.digits > 1 else bag

    def at(self, digits: int) -> Self:
        """Return the bag with fewer digits."""
        bag = type(self)({}, digits)
        for value, count in self.counts.items():
            bag = bag.plus(value, count)
        return bag

    def minus(self, earlier: Self) -> Self:
        """Return what came after an earlier state of the bag."""
        bag = self
        for value, count in earlier.counts.items():
            bag = bag.plus(value, -count)
        return bag


def _rounded(value: float, digits: int) -> float:
    """Return a number with fewer digits, cut off: then it does not matter whether that happens at once or in steps."""
    return float(Context(prec=digits, rounding=ROUND_DOWN).create_decimal(repr(value)))
