"""Dependence between pairs of numeric columns, as sums that add."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile._arrays import frozen
from maturekit.profile.bin_numbers import blocks
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.values import numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MOST_PAIRS", "SAMPLE", "PairSums"]

MOST_PAIRS = 100
"""At most so many pairs are kept."""

SAMPLE = 5_000
"""So many rows choose them: enough to order correlations, and 2,000 columns of them fit in memory."""

_POWERS = (2, 4, 6)
_UNIT = 128  # scores are whole multiples of 1/128: sums of their products are whole numbers, and add exactly
_ROWS = 131_072  # rows; sums over so many fit into 64 bits


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PairSums:
    """Sums of f, f squared and f cubed over rows, where f = s s' for the scores s = 2u - 1 of two columns' mid-ranks u.

    A score is rounded to a multiple of 1/128, so that sums are exact: the same for any order and any parts of the rows.

    With more pairs than are kept, the most correlated are chosen on a part of the reference (a random 1/5) that is not
    counted, since the largest of many correlations look larger than they are.

    Parameters
    ----------
    names : tuple of pairs of str
        Which columns, at most 100 pairs.
    rows : array of int64, shape (pairs,)
        Rows where both values are finite.
    totals : array of int (of any size), shape (pairs, 3)
        Sums of f, of its square and of its cube over those rows, in units of 1/128**2, 1/128**4 and 1/128**6.

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
    totals: NDArray[np.object_]

    def __post_init__(self) -> None:
        """Freeze the arrays and check their shapes."""
        object.__setattr__(self, "names", tuple((first, second) for first, second in self.names))
        object.__setattr__(self, "rows", frozen(self.rows, np.int64))
        object.__setattr__(self, "totals", frozen(self.totals, np.object_))
        if self.rows.shape != (len(self.names),) or self.totals.shape != (len(self.names), 3):
            raise ArgumentError(f"{len(self.names)} pairs need as many numbers of rows, and three sums each")

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        columns: Mapping[str, NumericColumn],
        names: Sequence[tuple[str, str]],
        *,
        counted: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Sum over all rows of a table, or those that `counted` marks; a pair with a missing column has no rows."""
        used = [name for name in dict.fromkeys(itertools.chain.from_iterable(names)) if name in frame]
        place = {name: number for number, name in enumerate(used)}
        there = [number for number, pair in enumerate(names) if place.keys() >= set(pair)]
        rows = np.zeros(len(names), dtype=np.int64)
        totals = np.zeros((len(names), 3), dtype=np.object_)
        if there:
            at = np.array([[place[name] for name in names[number]] for number in there])
            summaries = [columns[name] for name in used]
            scores = _scores(summaries)
            for start in range(0, len(frame), _ROWS):
                part = slice(start, start + _ROWS)
                found = _numbers(frame, summaries, scores.shape[1], part)
                found = found if counted is None else found[:, counted[part]]
                sums = _sums(_joint(found, at, scores.shape[1]), scores[at])
                rows[there] += sums[:, 0]
                totals[there] += sums[:, 1:].astype(np.object_)
        return cls(tuple(names), rows, totals)

    @staticmethod
    def choose(frame: pd.DataFrame, columns: Mapping[str, NumericColumn]) -> list[tuple[str, str]]:
        """Return the most correlated pairs of the columns in this table, strongest first."""
        names, summaries = list(columns), list(columns.values())
        scores = _scores(summaries)
        numbers = _numbers(frame, summaries, scores.shape[1], slice(SAMPLE))
        sample = np.take_along_axis(scores, numbers.astype(np.intp), axis=1)
        first, second = np.triu_indices(len(names), k=1)
        strength = np.abs(sample @ sample.T)  # whole numbers below 2**53, so that threads cannot break ties
        size = np.sqrt(np.diagonal(strength))
        scale = size[first] * size[second]
        with np.errstate(invalid="ignore"):
            correlation = np.where(scale > 0, strength[first, second] / scale, 0.0)
        order = np.argsort(-correlation.round(9), kind="stable")[:MOST_PAIRS]  # of equal ones, the first columns
        return [(names[first[i]], names[second[i]]) for i in order]

    @property
    def sums(self) -> NDArray[np.float64]:
        """Sums of f, of its square and of its cube, shape (pairs, 3)."""
        units = np.array([float(_UNIT) ** power for power in _POWERS])
        return np.asarray(self.totals.astype(np.float64) / units, dtype=np.float64)

    def __add__(self, other: Self) -> Self:
        """Merge the sums of two parts; raise `ProfileMismatchError` unless the pairs are the same."""
        if self.names != other.names:
            raise ProfileMismatchError("two profiles hold different pairs of columns")
        return type(self)(self.names, self.rows + other.rows, self.totals + other.totals)

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as JSON-ready data; the names are stored once, by the profile."""
        return {"rows": self.rows.tolist(), "sums": self.totals.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, names: Sequence[tuple[str, str]]) -> Self:
        """Read back what `to_dict` wrote, and the fractions that it wrote before its sums were whole numbers."""
        totals = [_whole(number, power) for sums in data["sums"] for number, power in zip(sums, _POWERS, strict=True)]
        rows = np.array(data["rows"], dtype=np.int64)
        return cls(tuple(names), rows, np.array(totals, dtype=np.object_).reshape(-1, 3))

    def __repr__(self) -> str:
        """Return the number of pairs."""
        return f"PairSums({len(self.names)} pairs)"


def _scores(columns: Sequence[NumericColumn]) -> NDArray[np.float64]:
    """Return 128 times the score of each bin of each column; the last one, 0, is for values that are not finite."""
    scores = np.zeros((len(columns), 1 + max((len(column.ranks) for column in columns), default=0)))
    for number, column in enumerate(columns):
        scores[number, : len(column.ranks)] = np.rint(_UNIT * (2.0 * column.ranks - 1.0))
    return scores


def _numbers(frame: pd.DataFrame, columns: Sequence[NumericColumn], width: int, rows: slice) -> NDArray[Any]:
    """Return for each column and some rows the number of its score."""
    found = np.empty((len(columns), len(range(len(frame))[rows])), dtype=np.min_scalar_type(width * width))
    for number, column in enumerate(columns):
        values = numbers(frame[column.name].iloc[rows], column.kind)
        found[number] = column.bins.where(values)
        finite = np.isfinite(values)
        if not finite.all():
            found[number, ~finite] = width - 1
    return found


def _joint(numbers: NDArray[Any], pairs: NDArray[np.intp], width: int) -> NDArray[np.float64]:
    """Return how often each two numbers below `width` meet, shape (pairs, width, width).

    This takes a step for each pair and row, however many columns the pairs are made of; matrix products, which take
    one for each two columns and row, are slower from 30 columns on, and far slower for 200.
    """
    joint = np.zeros((len(pairs), width * width))
    for block in blocks(numbers.shape[1]):
        second = numbers[:, block]
        first = second * second.dtype.type(width)
        for pair, (one, other) in enumerate(pairs.tolist()):
            joint[pair] += np.bincount(first[one] + second[other], minlength=width * width)
    return joint.reshape(-1, width, width)


def _sums(joint: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each pair the sums of powers 0 to 3 of products; `scores` has the shape (pairs, 2, width)."""
    finite = np.ones_like(scores)
    finite[..., -1] = 0.0
    powers = np.stack([finite, scores, scores * scores, scores * scores * scores], axis=-1)
    inner = joint @ powers[:, 1]  # at most 2**17 * 2**21: exact
    sums = inner.astype(np.int64) * powers[:, 0].astype(np.int64)
    return np.asarray(sums.sum(axis=1), dtype=np.int64)


def _whole(number: object, power: int) -> int:
    return round(number * float(_UNIT) ** power) if isinstance(number, float) else index(number)  # type: ignore[arg-type]  # what is no number is refused here
