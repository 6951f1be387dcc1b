"""Bounds for a distance that contain the error of both sides: the reference is a sample too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.profile import CategoryColumn, Distance, NumericColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["CONFIDENCE", "Noise", "bounds", "share_bounds"]

CONFIDENCE = 0.95
_DRAWS = 128
_TAIL = 0.025
_SDS = 2.0
_FEW = 100


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Random numbers from which the counts of every column are drawn again; columns share them.

    A count c becomes a draw that is nearly Poisson's: (sqrt(c) + g / 2)^2 - 1/4, rounded, for a normal number g; it has
    the mean c, and counts of a few rows get 0 about as often as they should. Given their sum, such counts are
    multinomial, and distances see shares only.

    Parameters
    ----------
    halves : array of float64, shape (2, draws, cells)
        Normal numbers divided by 2, for the reference and for what is compared with it.

    Examples
    --------
    >>> noise = Noise.of(2, np.random.default_rng(0))
    >>> reference, current = noise.drawn(np.array([900, 100]), np.array([40, 0]))
    >>> reference[0].tolist(), int(abs(reference.mean(axis=0) - [900, 100]).max()) < 10, current.shape
    ([900.0, 100.0], True, (129, 2))
    """

    halves: Floats

    @classmethod
    def of(cls, cells: int, rng: np.random.Generator) -> Self:
        """Draw enough for columns of so many cells."""
        return cls(rng.standard_normal((2, _DRAWS, cells)) / 2)

    def drawn(self, reference: NDArray[np.int64], current: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return both counts, and below them so many times drawn again, each of shape (1 + draws, cells)."""
        return _drawn(reference, self.halves[0]), _drawn(current, self.halves[1])


def _drawn(counts: NDArray[np.int64], halves: Floats) -> Floats:
    both = np.empty((1 + len(halves), len(counts)))
    both[0], draws = counts, both[1:]
    np.add(np.sqrt(counts), halves[:, : len(counts)], out=draws)
    np.maximum(draws, 0.5, out=draws)  # which becomes 0 below
    np.square(draws, out=draws)
    draws -= 0.25
    np.rint(draws, out=draws)
    if counts.sum() < _FEW:
        draws[draws.sum(axis=-1) == 0.0] = counts  # a draw without rows has no shares
    return both


def bounds(
    distance: Distance, column: NumericColumn | CategoryColumn, draws: tuple[Floats, Floats]
) -> tuple[float, float, float]:
    """Return the distance, and bounds that contain the true one in about 95 % of cases, or more.

    The distance of two samples is too long: noise lengthens it like the second side of a right triangle. Draws from the
    samples are longer by about the same square again, and spread about as much as the sample does. Hence

    - below: v^2 less what the upper draws have added to it, and never closer to v than half the spread of the draws;
    - above: v^2 less what the lower draws have added, or half the spread above v, or the upper draws less their mean
      added square, whichever is greatest: with few cells a sample may look closer than the truth is.

    Two samples of one distribution, or of two that are far apart, are the simple cases; simulations also cover those
    between, sparse and dense changes, rare cells, and distances that grow with the square of a change (PSI).

    Parameters
    ----------
    distance : Distance
        Which one.
    column : NumericColumn or CategoryColumn
        The reference.
    draws : pair of arrays of float64, shape (1 + draws, cells)
        From `Noise.drawn`.

    References
    ----------
    Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapters 10 (bias) and 13 (intervals).
    """
    distances = distance.over(column, *draws)
    value, drawn = float(distances[0]), np.sort(distances[1:])
    if not np.isfinite(value):
        return value, 0.0, float("inf")
    tail = round(_TAIL * len(drawn))
    mean = float(drawn.sum()) / len(drawn)
    sd = _root(float(drawn @ drawn) / len(drawn) - mean**2)  # extremes of a few draws waver, so both have a say
    lower = max(min(float(drawn[tail]), mean - _SDS * sd), 0.0)
    upper = max(float(drawn[-1 - tail]), mean + _SDS * sd)
    half, square = (upper - lower) / 2, value**2
    noise = max(mean**2 + sd**2 - square, 0.0)
    low = min(_root(2 * square - upper**2), value - half)
    high = max(_root(2 * square - lower**2), value + half, _root(upper**2 - noise))
    return value, max(low, 0.0), high


def share_bounds(reference: tuple[int, int], current: tuple[int, int]) -> tuple[float, float, float]:
    """Return the difference of two shares, each a count and the rows it is of, and its bounds at 95 %.

    One row of each kind is added to both sides, which keeps the level down to a few rows (Agresti and Caffo 2000,
    "Simple and effective confidence intervals for proportions", The American Statistician 54).

    >>> value, low, high = share_bounds((1, 10), (6, 10))
    >>> value, round(low, 3), round(high, 3)
    (0.5, 0.067, 0.766)
    """
    (a, m), (s, n) = reference, current
    value = s / n - a / m
    one, two = (a + 1) / (m + 2), (s + 1) / (n + 2)
    half = 1.96 * (one * (1 - one) / (m + 2) + two * (1 - two) / (n + 2)) ** 0.5
    return value, min(two - one - half, value), max(two - one + half, value)


def _root(square: float) -> float:
    return math.sqrt(max(square, 0.0))
