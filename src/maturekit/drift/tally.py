"""A profile as a few flat arrays of counts, so that a pool grows by adding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.profile import CategoryColumn, NumericColumn, Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["BINS", "FINITE", "Tally", "slots"]

FINITE, BINS = 2, 7
"""Where a numeric column counts its finite rows, and where its bins begin."""

_VALUES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """All counts of one profile; simulations put many profiles along the first axes.

    Parameters
    ----------
    cells : array of int64, shape (..., slots)
        Column after column: what was counted, in the order that `slots` states.
    pair_rows : array of int64, shape (..., pairs)
        Rows in which both columns of a pair are finite.
    pair_sums : array of float64, shape (..., pairs, 3)
        Sums of the product of ranks, of its square and of its cube.

    Examples
    --------
    >>> import pandas as pd
    >>> tally = Tally.of(Profile.of(pd.DataFrame({"city": ["Rome", "Oslo", "Rome", None]})))
    >>> tally.cells[:3].tolist()  # rows, with a value, without
    [4, 3, 1]
    >>> (tally + tally).cells[:3].tolist()
    [8, 6, 2]
    """

    cells: NDArray[np.int64]
    pair_rows: NDArray[np.int64]
    pair_sums: NDArray[np.float64]

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Flatten a profile."""
        parts = [
            part
            for column in profile.columns.values()
            for part in (_numeric(column) if isinstance(column, NumericColumn) else _category(column))
        ]
        cells = np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)
        if profile.pairs is None:
            return cls(cells, np.zeros(0, dtype=np.int64), np.zeros((0, 3)))
        return cls(cells, profile.pairs.rows, profile.pairs.sums)

    def __add__(self, other: Self) -> Self:
        """Count both together."""
        return type(self)(self.cells + other.cells, self.pair_rows + other.pair_rows, self.pair_sums + other.pair_sums)

    def __mul__(self, times: int) -> Self:
        """Count so many copies; -1 turns adding into taking away."""
        return type(self)(self.cells * times, self.pair_rows * times, self.pair_sums * times)


def slots(column: NumericColumn | CategoryColumn) -> int:
    """Return how many slots a column has; a count that the profile hides is 0 among 0 rows.

    Numeric: rows, with a value, finite, nulls, infinities, below, above, then the bins. Categorical: rows, with a
    value, nulls, checked, their rest, unseen, then the kept values.
    """
    return (BINS if isinstance(column, NumericColumn) else _VALUES) + len(column.counts)


def _numeric(column: NumericColumn) -> tuple[list[int], NDArray[np.int64]]:
    rows, valued = column.rows, column.rows - column.nulls
    head = [
        0 if "nulls" in column.unknown else rows,  # nulls alone are counted among all rows,
        0 if "infinities" in column.unknown else valued,  # and infinities alone among these
        column.finite,
        column.nulls,
        column.infinities,
        column.below,
        column.above,
    ]
    return head, column.counts


def _category(column: CategoryColumn) -> tuple[list[int], NDArray[np.int64]]:
    rows, valued = column.rows, column.rows - column.nulls
    known = 0 if "nulls" in column.unknown else rows
    return [known, valued, column.nulls, column.checked, column.checked_rest, column.unseen], column.counts
