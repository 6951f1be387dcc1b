"""The bins of a column of numbers: chosen once, from the reference."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError
from maturekit.profile._arrays import floats_in, floats_out, frozen
from maturekit.profile.bin_numbers import bin_numbers, totals
from maturekit.profile.order_statistics import runs_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bins"]

_STEPS = 33  # so that there are at most 32 quantile edges
_TAIL = 30  # an edge close to the extreme is an order statistic, and beyond it later rows look too many
_UNCUT = 20  # below, even the median is such an edge
_ATOM = 0.2
_WHOLE = 2.0**53  # beyond, a float and the next integer are the same


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bins:
    """Edges chosen from a reference, and what the reference knows about each bin.

    Bin i holds `edges[i - 1] <= value < edges[i]`; the first and the last bin are open-ended. There are at most 32
    quantile edges, each a value of the reference, with at least 30 rows beyond the outermost (a reference of 20 to 59
    rows is cut at its median only, a smaller one not at all). A value that holds over a fifth of the rows is an *atom*:
    it has a bin of its own, whatever the number of rows beyond it, since where it lies is no accident of the sample.

    Parameters
    ----------
    edges : array of float64, ascending
        Inner edges, one fewer than bins; empty when everything is in one bin.
    ranks : array of float64, one for each bin
        Mid-rank u of the bin in the reference: share of rows below it, plus half of its own share.
    centres : array of float64, one for each bin
        Mean of the reference's rows in the bin, in the column's unit; where it has none, the middle of the bin.
    atoms : array of float64, ascending
        Values that hold over a fifth of the reference's finite rows.
    low, high : float
        Least and greatest finite value of the reference; NaN when it had none.

    Examples
    --------
    >>> bins, counts = Bins.learn(np.repeat([0.0, 1.0, 2.0], [60, 30, 10]))
    >>> counts.tolist()
    [60, 30, 10]
    >>> bins.edges.tolist(), bins.atoms.tolist()
    ([1.0, 2.0], [0.0, 1.0])
    >>> bins.ranks.tolist()
    [0.3, 0.75, 0.95]
    >>> bins.count(np.array([-5.0, 0.0, 0.5, 2.0])).tolist()
    [3, 0, 1]
    >>> Bins.from_dict(bins.to_dict()) == bins
    True
    """

    edges: NDArray[np.float64]
    ranks: NDArray[np.float64]
    centres: NDArray[np.float64]
    atoms: NDArray[np.float64]
    low: float
    high: float

    def __post_init__(self) -> None:
        """Freeze the arrays and check that they fit one another."""
        for name in ("edges", "ranks", "centres", "atoms"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        if len(self.ranks) != len(self.edges) + 1 or len(self.centres) != len(self.ranks):
            raise ArgumentError("bins need one rank and one centre a bin, which is one more than edges")
        if not (self.edges[1:] > self.edges[:-1]).all():
            raise ArgumentError("bins need edges that ascend")

    @classmethod
    def learn(cls, values: NDArray[np.float64]) -> tuple[Self, NDArray[np.int64]]:
        """Choose bins for finite values, in any order; also return how many are in each."""
        n = len(values)
        if not n:
            none = np.array([])
            return cls(none, np.array([0.5]), np.array([math.nan]), none, math.nan, math.nan), np.zeros(1, np.int64)
        cuts, atoms = _cuts(values)
        edges = np.array(sorted(cuts)) + 0.0  # -0.0 is 0.0, so that the order of rows shows nowhere
        bounds = np.array([0, *(cuts[edge] for edge in edges.tolist()), n])
        ranks = (bounds[:-1] + bounds[1:]) / (2 * n)
        counts = np.diff(bounds)
        low, high = float(values.min()) + 0.0, float(values.max()) + 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            means = totals(bin_numbers(edges, values), len(ranks), values) / counts
        fences = itertools.pairwise([low, *edges.tolist(), high])
        centres = [_within(*fence, mean) for fence, mean in zip(fences, means.tolist(), strict=True)]
        return cls(edges, ranks, np.array(centres), np.array(atoms) + 0.0, low, high), counts

    def count(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how many of the finite values, in any order, are in each bin."""
        return totals(self.where(values), len(self.ranks))

    def outside(self, values: NDArray[np.float64]) -> tuple[int, int]:
        """Return how many of the finite values, in any order, are below `low` and above `high`."""
        if math.isnan(self.low):
            return 0, 0
        return int(np.count_nonzero(values < self.low)), int(np.count_nonzero(values > self.high))

    def where(self, values: NDArray[np.float64]) -> NDArray[np.unsignedinteger[Any]]:
        """Return the number of the bin of each finite value, in any order, as small unsigned integers."""
        return bin_numbers(self.edges, values)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "edges": self.edges.tolist(),
            "ranks": self.ranks.tolist(),
            "centres": floats_out(self.centres),
            "atoms": self.atoms.tolist(),
            "range": floats_out((self.low, self.high)),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote."""
        arrays = {key: np.array(floats_in(data[key])) for key in ("edges", "ranks", "centres", "atoms")}
        low, high = floats_in(data["range"])
        return cls(**arrays, low=low, high=high)

    def __eq__(self, other: object) -> bool:
        """Equal in every number."""
        if self is other:
            return True
        return self.to_dict() == other.to_dict() if isinstance(other, Bins) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the edges."""
        return hash(self.edges.tobytes())

    def __repr__(self) -> str:
        """Return the number of bins and the range."""
        return f"Bins({len(self.ranks)} from {self.low:g} to {self.high:g})"


def _cuts(values: NDArray[np.float64]) -> tuple[dict[float, int], list[float]]:
    """Return each edge with the number of rows below it, and the atoms."""
    n = len(values)
    tail = min(_TAIL, n // 2) if n >= _UNCUT else n
    runs = runs_at(values, np.arange(1, _STEPS) * n // _STEPS)
    atoms = [mark for mark, start, stop in runs if stop - start > _ATOM * n]
    whole = bool(atoms) and bool((values == np.floor(values)).all())
    cuts = {}
    for atom, start, stop in runs:
        if atom in atoms:
            step_up = atom + 1.0 if whole and abs(atom) < _WHOLE else math.nextafter(atom, math.inf)
            cuts.update({edge: rows for edge, rows in ((atom, start), (step_up, stop)) if 0 < rows < n})
    taken = set(cuts.values())
    for mark, start, stop in runs:
        heavy = stop - start >= 2 * n / _STEPS  # such a value also has an edge behind it, so that it stays alone
        for rows in (start, stop) if heavy else (start,):
            if tail <= rows <= n - tail and rows not in taken:
                cuts[mark if rows == start else float(values[values > mark].min())] = rows
                taken.add(rows)
    return cuts, atoms


def _within(left: float, right: float, mean: float) -> float:
    """Return the mean; rounding stays in the bin, and what is empty or overflows lies in its middle."""
    return min(max(mean, left), right) if math.isfinite(mean) else left / 2 + right / 2
