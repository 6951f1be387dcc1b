"""What a column of a frame holds, split once into the values that rules are run on and the rows that have none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from maturekit.schema import Column

__all__ = ["Cells", "Mask", "Positions"]

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """The sound values of a column, and the positions of all others.

    Parameters
    ----------
    values : array or Series
        The sound values without gaps: numbers and truth values as numpy arrays of any width, texts as a Series of any
        storage, moments and durations as int64 ticks of `unit`, and what fits none of these as an array of objects.
    null, wrong, infinite : array of int64
        Positions of the rows that are missing, of another kind, or infinite.
    rows : array of int64, optional
        Positions of the rows that `values` (or `codes`) stand for; None when these are all rows.
    codes : array of int64, optional
        With categorical storage, `values` are distinct, and codes say which of them each row holds.
    unit : str
        Unit of ticks: ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``; empty when `values` are no ticks.
    aware : bool
        Whether ticks count from an epoch in UTC.

    Examples
    --------
    >>> none = np.empty(0, dtype=np.int64)
    >>> cells = Cells(np.array([5, 7]), none, none, none, rows=np.array([0, 3]))
    >>> cells.positions(cells.values > 5).tolist()
    [3]
    """

    values: Any
    null: Positions
    wrong: Positions
    infinite: Positions
    rows: Positions | None = None
    codes: Positions | None = None
    unit: str = ""
    aware: bool = False

    @cached_property
    def low(self) -> Any:
        """The smallest sound value, as a plain Python value; only asked for when there is one."""
        return _plain(self.values.min())

    @cached_property
    def high(self) -> Any:
        """The largest sound value."""
        return _plain(self.values.max())

    @cached_property
    def lengths(self) -> Positions:
        """Number of characters of each text."""
        lengths: Positions = self.values.str.len().to_numpy(dtype=np.int64)
        return lengths

    def __len__(self) -> int:
        """Return the number of rows with a sound value."""
        return len(self.values if self.codes is None else self.codes)

    def positions(self, mask: Mask) -> Positions:
        """Return the rows whose value is marked, in a mask over `values`."""
        return self.row_positions(mask if self.codes is None else mask[self.codes])

    def row_positions(self, mask: Mask) -> Positions:
        """Return the rows that are marked, in a mask over the rows with a sound value."""
        found = np.flatnonzero(mask)
        return found if self.rows is None else self.rows[found]

    def at(self, rows: Positions | None, column: Column) -> Any:
        """Return what the values of some rows mean, as a rule's frame holds it; None is all rows."""
        values = self.values if self.codes is None else _taken(self.values, self.codes)
        if rows is not None:
            values = _taken(values, rows if self.rows is None else np.searchsorted(self.rows, rows))
        if self.unit:
            kind = "M8" if column.kind == "datetime" else "m8"
            moments = pd.Series(values.view(f"{kind}[{self.unit}]"))
            return moments.dt.tz_localize("UTC") if self.aware else moments
        if column.kind == "float":
            return values.astype(np.float64)
        if isinstance(values, pd.Series):
            return values.reset_index(drop=True)
        return values.astype(np.int64) if values.dtype.kind in "iu" and values.dtype != np.uint64 else values


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _taken(values: Any, places: Positions) -> Any:
    return values.iloc[places] if isinstance(values, pd.Series) else values[places]
