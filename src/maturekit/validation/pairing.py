"""Rows of two tables that have the same key, whatever their order, index and storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from maturekit.validation.reading import read

if TYPE_CHECKING:
    from maturekit.schema import Column
    from maturekit.validation.cells import Positions

__all__ = ["Pairs"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which row of training belongs to which row of serving; nulls and unsound values belong to none.

    Parameters
    ----------
    training, serving : array of int64
        Positions of the rows of each pair, in the order of serving.
    alone : array of int64
        Rows of serving whose key no row of training has.
    ambiguous : array of int64
        Rows of serving whose key several rows of training have.
    rows : int
        All rows of serving.

    Examples
    --------
    >>> from maturekit.schema import Column
    >>> pairs = Pairs.of([pd.Series([5, 6, 6])], [pd.Series([6, 5.0, None, 7])], [Column("int")])
    >>> pairs.training.tolist(), pairs.serving.tolist(), pairs.alone.tolist(), pairs.ambiguous.tolist()
    ([0], [1], [2, 3], [0])
    """

    training: Positions
    serving: Positions
    alone: Positions
    ambiguous: Positions
    rows: int

    @classmethod
    def of(cls, training: Sequence[pd.Series], serving: Sequence[pd.Series], columns: Sequence[Column]) -> Self:
        """Pair the rows by the columns of the key."""
        first, rows = len(training[0]), len(serving[0])
        keys = np.zeros(first + rows, dtype=np.int64)
        for one, two, column in zip(training, serving, columns, strict=True):
            codes = _codes(one, two, column)
            keys = np.where((keys < 0) | (codes < 0), -1, keys * (codes.max(initial=0) + 1) + codes)
            sound = keys >= 0
            keys[sound] = pd.factorize(keys[sound])[0]  # small numbers again, so that products never overflow
        known = keys[:first][keys[:first] >= 0]
        counts = np.bincount(known, minlength=keys.max(initial=0) + 1)
        place = np.zeros(len(counts), dtype=np.int64)
        place[known] = np.flatnonzero(keys[:first] >= 0)
        asked = keys[first:]
        found = np.where(asked < 0, 0, counts[asked])
        paired = np.flatnonzero(found == 1)
        return cls(place[asked[paired]], paired, np.flatnonzero(found == 0), np.flatnonzero(found > 1), rows)


def _codes(one: pd.Series, two: pd.Series, column: Column) -> Positions:
    """Return a number for each value of both columns, one behind the other; equal values have equal numbers, others -1."""
    cells = read(one, column), read(two, column)
    values = [pd.Series(part.at(None, column)) for part in cells]
    if values[0].dtype != values[1].dtype:
        values = [part.astype(object) for part in values]
    numbers: Any = pd.factorize(pd.concat(values, ignore_index=True))[0]
    codes = np.full(len(one) + len(two), -1, dtype=np.int64)
    sizes = np.cumsum([0, len(values[0]), len(values[1])])
    for part, start, low, high in zip(cells, (0, len(one)), sizes, sizes[1:], strict=False):
        places = np.arange(high - low) if part.rows is None else part.rows
        codes[start + places] = numbers[low:high]
    return codes
