"""How far apart two summaries of one column are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self, final

import numpy as np

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile.category import CategoryColumn
from maturekit.profile.numeric import NumericColumn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Distance"]


class Distance(ABC):
    """A distance between the distributions of two columns that were counted over the same bins or values.

    Rows without a value, and infinite ones, are left out. Numeric columns are compared over their `cells`: the bins,
    and the two sides beyond the reference's range; categorical ones over the kept values and the rest.

    Write a distance by defining `name`, `unit` and `_distance`:

    >>> class LargestShare(Distance):
    ...     name, unit = "largest-share", "share of rows"
    ...     def _distance(self, p, q, positions):
    ...         return np.abs(p - q).max(axis=-1)

    >>> import pandas as pd
    >>> reference = NumericColumn.of(pd.Series([0, 0, 1, 1], name="late"), kind="int")
    >>> LargestShare().between(reference, reference.count(pd.Series([0, 1, 1, 1], name="late")))
    0.25
    >>> LargestShare().over(reference, [2, 2, 0, 0], [[2, 2, 0, 0], [0, 4, 0, 0]]).tolist()
    [0.0, 0.5]
    """

    name: ClassVar[str]
    """What it is called in reports, such as ``"kolmogorov-smirnov"``."""

    unit: ClassVar[str]
    """Unit of the number, such as ``"share of rows"``."""

    ordered: ClassVar[bool] = False
    """Whether it uses the order of the cells, so that categories have no such distance."""

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield instances for the contract suite."""
        yield cls()

    @abstractmethod
    def _distance(
        self, p: NDArray[np.float64], q: NDArray[np.float64], positions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the distances of probability vectors.

        `p` (reference) and `q` have the shape (..., cells) and sum to 1 over the last axis, which the result lacks.
        `positions`, shape (cells,), says where the cells lie in standard deviations of the reference; for categories
        these are just numbers.
        """

    @final
    def applies_to(self, column: NumericColumn | CategoryColumn) -> bool:
        """Return whether columns of this kind have this distance."""
        return isinstance(column, NumericColumn) or not self.ordered

    @final
    def between(self, reference: NumericColumn | CategoryColumn, current: NumericColumn | CategoryColumn) -> float:
        """Return the distance of `current` from `reference`; NaN when one of them has no values.

        Raises `ProfileMismatchError` when they were not counted over the same bins or values, and `ArgumentError`
        when a column of this kind has no such distance.
        """
        if not _alike(reference, current):
            raise ProfileMismatchError(
                f"{reference!r} and {current!r} were not counted over the same bins or values",
                hint="count both with the same reference: `Profile.of(frame, like=reference)`.",
            )
        return float(self.over(reference, reference.cells, current.cells))

    @final
    def over(
        self, column: NumericColumn | CategoryColumn, reference: ArrayLike, current: ArrayLike
    ) -> NDArray[np.float64]:
        """Return the distances of many pairs of counts of the cells of `column` at once, as resampling needs them.

        `reference` and `current` have the shape (..., cells) and are broadcast against each other; the result lacks the
        last axis and is NaN where a vector holds no rows.
        """
        if not self.applies_to(column):
            raise ArgumentError(
                f"{self.name} needs ordered values, and {column!r} has none",
                hint="ask `applies_to(column)` first.",
            )
        p, q = (np.asarray(counts, dtype=np.float64) for counts in (reference, current))
        if p.shape[-1:] != (len(column.cells),) or q.shape[-1:] != p.shape[-1:]:
            raise ArgumentError(
                f"{column!r} has {len(column.cells)} cells, got counts of {p.shape[-1:]} and {q.shape[-1:]}"
            )
        p, q = np.broadcast_arrays(p, q)
        rows, totals = _rows(p), _rows(q)
        p, q = (counts / np.where(n > 0, n, 1.0)[..., None] for counts, n in ((p, rows), (q, totals)))
        with np.errstate(over="ignore", invalid="ignore"):  # values near the end of float64 have no finite spread
            found = np.asarray(self._distance(p, q, _positions(column)))
        if found.shape != rows.shape:
            raise ArgumentError(
                f"the distance {self.name!r} gave numbers of shape {found.shape} for shares of shape {p.shape}",
                hint="add up over the last axis only: `axis=-1`.",
            )
        return np.where(np.minimum(rows, totals) > 0, found, np.nan)


def _rows(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts @ np.ones(counts.shape[-1])  # several times as fast as `sum` over a short last axis


def _alike(reference: NumericColumn | CategoryColumn, current: NumericColumn | CategoryColumn) -> bool:
    if isinstance(reference, NumericColumn):
        return isinstance(current, NumericColumn) and reference.bins == current.bins
    return isinstance(current, CategoryColumn) and reference.dictionary == current.dictionary


def _positions(column: NumericColumn | CategoryColumn) -> NDArray[np.float64]:
    if isinstance(column, CategoryColumn):
        return np.arange(len(column.cells), dtype=np.float64)
    if column.low == column.high:  # a constant: any move at all is infinitely many of its standard deviations
        return np.array([-np.inf, *[0.0] * len(column.counts), np.inf])
    return (column.positions - column.moments.mean) / column.moments.sd
