"""The numbers at given ranks, without sorting all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from maturekit.profile.bin_numbers import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Run", "runs_at"]

_FEW = 65_536  # below, sorting is as quick
_CELLS = 16_384
_BLOCK = 65_536  # numbers; many times the cells, and still in the cache
_MOST = 0.4  # of the numbers may be sorted in the end; with more, the cells do not tell them apart
_SAMPLE = 4_096
_WHOLE = 2.0**52  # the float64 above it are whole: adding it rounds, and leaves the number in the last bits
_WHOLE_BITS = int(np.float64(_WHOLE).view(np.int64))


class Run(NamedTuple):
    """A value, how many numbers are less than it, and how many are at most it."""

    value: float
    start: int
    stop: int


def runs_at(values: NDArray[np.float64], ranks: NDArray[np.int64]) -> list[Run]:
    """Return the distinct values that are at the ascending ranks (from 0) among finite values in any order.

    >>> runs_at(np.array([5.0, 1.0, 1.0, 3.0]), np.array([0, 1, 2]))
    [Run(value=1.0, start=0, stop=2), Run(value=3.0, start=2, stop=3)]
    """
    if len(values) >= _FEW:
        if runs := _whole_runs(values, ranks):
            return runs
        picked, left_out = _picked(values, ranks)
    else:
        picked, left_out = np.sort(values), np.zeros(len(ranks), dtype=np.int64)
    marks, first = np.unique(picked[ranks - left_out], return_index=True)
    starts, stops = (picked.searchsorted(marks, side=side) + left_out[first] for side in ("left", "right"))
    return [Run(*run) for run in zip(marks.tolist(), starts.tolist(), stops.tolist(), strict=True)]


def _whole_runs(values: NDArray[np.float64], ranks: NDArray[np.int64]) -> list[Run] | None:
    """Return the runs of whole numbers in a small range, which are counted one by one; None for others."""
    low, high = float(values.min()), float(values.max())
    if not high - low < _CELLS:
        return None
    counts = np.zeros(_CELLS, dtype=np.int64)
    for block in blocks(len(values), _BLOCK):
        cells = _Grid(low, high, 1.0).cells(values[block])
        if (cells + low != values[block]).any():
            return None
        counts += np.bincount(cells, minlength=_CELLS)
    through = counts.cumsum()
    at = np.unique(through.searchsorted(ranks, side="right"))
    return [Run(low + cell, int(through[cell] - counts[cell]), int(through[cell])) for cell in at.tolist()]


def _picked(values: NDArray[np.float64], ranks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sorted numbers of those cells that hold the ranks, and how many lower ones each rank then lacks."""
    everything = np.zeros(len(ranks), dtype=np.int64)
    sample = np.sort(values[:: len(values) // _SAMPLE])
    margin = len(sample) // 50
    with np.errstate(over="ignore"):
        grid = _Grid.over(float(sample[margin]), float(sample[-margin]), _CELLS)
    if grid is None or _share(grid.cells(sample), ranks * (len(sample) / len(values))) > _MOST:
        return np.sort(values), everything
    counts = np.zeros(_CELLS, dtype=np.int64)
    for block in blocks(len(values), _BLOCK):
        counts += np.bincount(grid.cells(values[block]), minlength=_CELLS)
    wanted = counts.cumsum().searchsorted(ranks, side="right")
    inside = np.zeros(_CELLS, dtype=np.bool_)
    inside[wanted] = True
    if counts[inside].sum() > _MOST * len(values):
        return np.sort(values), everything
    picked = np.concatenate(
        [values[block][inside.take(grid.cells(values[block]))] for block in blocks(len(values), _BLOCK)]
    )
    return np.sort(picked), np.where(inside, 0, counts).cumsum()[wanted]


def _share(cells: NDArray[np.int64], ranks: NDArray[np.floating[Any]]) -> float:
    """Return the share of the sorted cells that are the cell of one of the ranks."""
    return float(np.isin(cells, cells[ranks.astype(np.int64)]).mean())


@dataclass(frozen=True, slots=True)
class _Grid:
    """Equally wide cells, numbered from 0, over a range; numbers beyond it are in the first and in the last one.

    Each step of `cells` never decreases where its argument increases, rounding included. So numbers in a lower cell are
    less, and equal numbers are in one cell, however badly the cells fit.
    """

    low: float
    high: float
    scale: float

    @classmethod
    def over(cls, low: float, high: float, cells: int) -> Self | None:
        """Return so many cells; None when float64 cannot tell them apart, or has no such width."""
        span = high - low
        scale = (cells - 1) / span if 0.0 < span < math.inf else 0.0
        return cls(low, high, scale) if 0.0 < scale < math.inf else None

    def cells(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cell of each value; what is not a number gets any number."""
        places = np.clip(values, self.low, self.high)
        places -= self.low
        places *= self.scale
        places += _WHOLE  # a cast would do the same, six times as slowly
        cells = places.view(np.int64)
        cells -= _WHOLE_BITS
        return cells
