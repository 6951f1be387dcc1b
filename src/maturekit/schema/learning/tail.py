"""How far beyond the largest value seen another table may reach."""

from __future__ import annotations

import math
from typing import Any

from maturekit.schema.learning.pareto import Pareto
from maturekit.schema.learning.unseen import chance_of_new

__all__ = ["FEWEST", "Tail", "has_tail"]

FEWEST = 30
_LARGEST, _FINEST = 1e150, 1e-150  # beyond, squares and quotients are no numbers
_FEWEST_DEEP = 20
_TENTH = 9
_FOR_QUANTILES = 10_000


def has_tail(values: Any) -> bool:
    """Return whether values are many enough, and of a size, to look at their tail."""
    if len(values) < FEWEST:
        return False
    low, high = float(values.min()), float(values.max())
    return low > -_LARGEST and high < _LARGEST and (low == high or high - low > _FINEST)


class Tail:
    """The upper end of a sample.

    It is fitted beyond up to three thresholds, since clumps in the tail (one far airport, one dear fare) spoil some of
    them. The nearest of their bounds counts, each at its part of the chance. Bounds are never nearer than exponential
    tails ask for, since light ends are easily misjudged.

    Parameters
    ----------
    values : array of float
        Finite, in any order, with `has_tail`.
    step : float
        Distance between neighbouring values: 1 for whole numbers, 0 when there is none.

    Examples
    --------
    >>> import numpy as np
    >>> tail = Tail(np.linspace(0.0, 1.0, 1001))
    >>> 1.0 < tail.bound(0.01) < 1.2
    True
    >>> tail.chance(tail.bound(0.01)) <= 0.01
    True
    """

    def __init__(self, values: Any, *, step: float = 0.0) -> None:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        self.count = count = len(values)
        beyond = int(min(count / 5, 3 * math.sqrt(count)))
        first = count - max(beyond, _TENTH) - 1
        top = np.sort(np.partition(values, first)[first:])
        self.largest = float(top[-1])
        self.often = int((top == top[-1]).sum())  # cut at the threshold, which is enough to see that it is often
        self._ten = max(float(top[-1] - top[-1 - _TENTH]), step)
        low, middle, high = np.quantile(values[:: max(count // _FOR_QUANTILES, 1)], [0.05, 0.5, 0.95])
        self.leaning = bool(middle - low >= 2.0 * (high - middle))
        depths = [beyond, *(some for some in (beyond // 4, beyond // 16) if some >= _FEWEST_DEEP)]
        self.flat = bool(top[-1 - depths[-1]] == top[-1])
        self._whole = Pareto(top[-beyond - 1 :], step=step)
        self._fits = [fit for depth in depths if (fit := Pareto(top[-depth - 1 :], step=step)).told]

    @property
    def told(self) -> bool:
        """Whether enough different values lie in the tail to tell its shape, and the largest is not one of many."""
        return bool(self._fits) and not self.flat

    def bound(self, chance: float) -> float:
        """Return a bound that another table of the same size exceeds with at most this chance; perhaps infinite."""
        nearest = min(fit.bound(chance / len(self._fits)) for fit in self._fits)
        return max(nearest, self.largest + _exponential(chance) * self._ten)

    def chance(self, bound: float) -> float:
        """Return the chance that another table goes beyond a bound: by the fits, or by an exponential tail if larger."""
        times = (bound - self.largest) / self._ten if self._ten else math.inf
        return max(self.past(bound), _beyond(times))

    def past(self, limit: float) -> float:
        """Return the chance that another table goes beyond a limit that this one keeps, by the fits alone."""
        return -math.expm1(-len(self._fits) * min(fit.expected(limit) for fit in self._fits))

    def end_moves(self, limit: float) -> float:
        """Return the chance that another table goes beyond a limit though this one ends, flat, before it.

        A value not seen so far may come on either side; or the fits above lower thresholds know better.
        """
        chance = chance_of_new([self.often], self.count) / 2
        return min(chance, self.past(limit)) if self._fits else chance

    def touches(self, limit: float) -> bool:
        """Return whether the values come as near to a limit as if it were their end, and not merely beyond them."""
        if self.flat:
            return self.largest == limit
        return limit - self.largest <= 3.0 / max(self._whole.beyond, 1) * (limit - self._whole.threshold)


def _beyond(times: float) -> float:
    """Return how many values of another table are expected beyond a bound, with exponential tails of any scale.

    The bound lies so many times the distance from the largest to the tenth value beyond the largest.
    """
    if times > 100.0:
        return 0.0
    return math.exp(math.log(10.0) + math.lgamma(10.0) + math.lgamma(times + 2.0) - math.lgamma(times + 12.0))


def _exponential(chance: float) -> float:
    """Return the `times` at which `_beyond` is this chance."""
    low, high = 0.0, 100.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle) > chance else (low, middle)
    return high
