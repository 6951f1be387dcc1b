"""A generalised Pareto distribution of what lies beyond a threshold, with its uncertainty."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Pareto"]

_FEWEST = 5
_FEW = 40.0


class Pareto:
    """What a sample says about values beyond a threshold.

    Beyond a high threshold nearly every distribution looks like a generalised Pareto: light, exponential or heavy by
    one number. That number is not fixed but averaged over, by its likelihood (the grid of Zhang and Stephens 2009). What
    is expected is raised by 1 + 40 / the number of values, since simulation shows the grid to be that much too sure of
    few.

    Parameters
    ----------
    top : array of float
        The threshold and the values beyond it, ascending.
    step : float
        Distance between neighbouring values: 1 for whole numbers, 0 when there is none.

    Examples
    --------
    >>> import numpy as np
    >>> uniform = Pareto(np.linspace(0.9, 1.0, 101), step=0.0)
    >>> 1.0 < uniform.bound(0.01) < 1.02
    True
    """

    def __init__(self, top: Any, *, step: float) -> None:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        self.largest = float(top[-1])
        self.threshold = float(top[0]) - step / 2
        excess = top[1:] - self.threshold
        excess = excess[excess > 0]
        self.beyond = len(excess)
        self.told = self.beyond >= _FEWEST and bool(top[0] < top[-1])
        if not self.told:
            return
        self._scale = float(excess[-1])
        excess = excess / self._scale
        size = 30 + math.isqrt(self.beyond)
        quartile = excess[max(round(self.beyond / 4) - 1, 0)]
        grid = 1.0 + (1.0 - np.sqrt(size / (np.arange(1, size + 1) - 0.5))) / (3.0 * quartile)
        self._grid = grid[np.abs(grid) > 1e-9]
        self._shape = np.log1p(-self._grid[:, np.newaxis] * excess).mean(axis=1)
        likelihood = self.beyond * (np.log(-self._grid / self._shape) - self._shape - 1.0)
        weight = np.exp(likelihood - likelihood.max())
        self._weight = weight / weight.sum()

    def expected(self, bound: float) -> float:
        """Return how many values of another sample of the same size are expected above a bound."""
        import numpy as np  # noqa: PLC0415  # see above

        inside = np.maximum(1.0 - self._grid * (bound - self.threshold) / self._scale, 0.0)
        with np.errstate(divide="ignore", over="ignore"):  # beyond the end of a light tail there is nothing
            share = np.where(inside > 0.0, np.exp(np.minimum(-np.log(inside) / self._shape, 0.0)), 0.0)
        return (self.beyond + _FEW) * float((self._weight * share).sum())

    def bound(self, chance: float) -> float:
        """Return a bound that another sample of the same size exceeds with at most this chance; perhaps infinite."""
        reach = math.log(self.largest - self.threshold)
        low, high = reach, reach + 60.0
        if self.expected(self.threshold + math.exp(high)) > chance:
            return math.inf
        for _ in range(40):
            middle = (low + high) / 2
            outside = self.expected(self.threshold + math.exp(middle)) > chance
            low, high = (middle, high) if outside else (low, middle)
        return self.threshold + math.exp(high)
