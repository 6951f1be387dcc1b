"""Dependence between pairs of numeric columns, as sums that add."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile._arrays import frozen
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.values import numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MOST_PAIRS", "PairSums"]

MOST_PAIRS = 100
"""At most so many pairs are kept."""

_BLOCK = 4096  # rows; the products of 100 pairs then stay in the cache
_SAMPLE = 5_000  # rows; enough to order correlations, and 2,000 columns of them fit in memory


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PairSums:
    """Sums of f, f squared and f cubed over rows, where f = (2u - 1)(2u' - 1) for the mid-ranks u of two columns.

    With more pairs than are kept, the most correlated are chosen on a part of the reference (a random 1/5) that is not
    counted, since the largest of many correlations look larger than they are.

    Parameters
    ----------
    names : tuple of pairs of str
        Which columns, at most 100 pairs.
    rows : array of int64, shape (pairs,)
        Rows where both values are finite.
    sums : array of float64, shape (pairs, 3)
        Sums of f, of its square and of its cube over those rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [1, 1, 0, 0]})
    >>> columns = {name: NumericColumn.of(frame[name], kind="int") for name in frame}
    >>> pairs = PairSums.of(frame, columns, [("a", "b")])

    Both columns have the mid-ranks 1/4 and 3/4, so that f is -1/4 in every row:

    >>> pairs.names, pairs.rows.tolist(), pairs.sums.tolist()
    ((('a', 'b'),), [4], [[-1.0, 0.25, -0.0625]])
    >>> (pairs + pairs).rows.tolist()
    [8]
    """

    names: tuple[tuple[str, str], ...]
    rows: NDArray[np.int64]
    sums: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Freeze the arrays and check their shapes."""
        object.__setattr__(self, "names", tuple((first, second) for first, second in self.names))
        object.__setattr__(self, "rows", frozen(self.rows, np.int64))
        object.__setattr__(self, "sums", frozen(self.sums, np.float64))
        if self.rows.shape != (len(self.names),) or self.sums.shape != (len(self.names), 3):
            raise ArgumentError(f"{len(self.names)} pairs need as many numbers of rows, and three sums each")

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Mapping[str, NumericColumn], names: Sequence[tuple[str, str]]) -> Self:
        """Sum over all rows of a table; a pair with a column that the table lacks has no rows."""
        used = [name for name in dict.fromkeys(itertools.chain.from_iterable(names)) if name in frame]
        place = {name: number for number, name in enumerate(used)}
        there = [number for number, pair in enumerate(names) if place.keys() >= set(pair)]
        first, second = (np.array([place[names[number][side]] for number in there], dtype=np.intp) for side in (0, 1))
        rows = np.zeros(len(names), dtype=np.int64)
        sums = np.zeros((len(names), 3))
        for start in range(0, len(frame) if there else 0, _BLOCK):
            scores, finite = _scores(frame.iloc[start : start + _BLOCK], [columns[name] for name in used])
            products = scores[first] * scores[second]
            squares = products * products
            sums[there, 0] += products.sum(axis=1)
            sums[there, 1] += squares.sum(axis=1)
            squares *= products
            sums[there, 2] += squares.sum(axis=1)
            rows[there] += len(finite.T) if finite.all() else (finite[first] & finite[second]).sum(axis=1)
        return cls(tuple(names), rows, sums)

    @staticmethod
    def choose(frame: pd.DataFrame, columns: Mapping[str, NumericColumn]) -> list[tuple[str, str]]:
        """Return the most correlated pairs of the columns in this table, strongest first."""
        names = list(columns)
        scores, _ = _scores(frame.iloc[:_SAMPLE], list(columns.values()))
        first, second = np.triu_indices(len(names), k=1)
        strength = np.abs(scores @ scores.T)
        size = np.sqrt(np.diagonal(strength))
        scale = size[first] * size[second]
        with np.errstate(invalid="ignore"):
            correlation = np.where(scale > 0, strength[first, second] / scale, 0.0)
        order = np.argsort(-correlation.round(9), kind="stable")[:MOST_PAIRS]  # rounded: threads must not break ties
        return [(names[first[i]], names[second[i]]) for i in order]

    def __add__(self, other: Self) -> Self:
        """Merge the sums of two parts; raise `ProfileMismatchError` unless the pairs are the same."""
        if self.names != other.names:
            raise ProfileMismatchError("two profiles hold different pairs of columns")
        return type(self)(self.names, self.rows + other.rows, self.sums + other.sums)

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as JSON-ready data; the names are stored once, by the profile."""
        return {"rows": self.rows.tolist(), "sums": self.sums.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, names: Sequence[tuple[str, str]]) -> Self:
        """Read back what `to_dict` wrote."""
        sums = np.array(data["sums"], dtype=np.float64).reshape(-1, 3)
        return cls(tuple(names), np.array(data["rows"], dtype=np.int64), sums)

    def __repr__(self) -> str:
        """Return the number of pairs."""
        return f"PairSums({len(self.names)} pairs)"


def _scores(frame: pd.DataFrame, columns: Sequence[NumericColumn]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return 2u - 1 for each column and row (0 where not finite), and which values are finite."""
    scores = np.zeros((len(columns), len(frame)))
    finite = np.zeros(scores.shape, dtype=np.bool_)
    for number, column in enumerate(columns):
        values = numbers(frame[column.name], column.kind)
        np.isfinite(values, out=finite[number])
        scores[number] = np.where(finite[number], (2.0 * column.ranks - 1.0)[column.bins.where(values)], 0.0)
    return scores, finite
