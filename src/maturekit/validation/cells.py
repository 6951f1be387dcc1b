"""What a column of a frame holds, split once into the values that rules are run on and the rows that have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maturekit.validation.texts import Texts, spelled

if TYPE_CHECKING:
    from maturekit.schema import Column

__all__ = ["Cells", "Mask", "Positions", "decimals", "ends"]

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BLOCK = 16_384  # values that stay in a cache while they are read twice
_SHORT = 32  # bytes of a text, on average, up to which a copy of all texts is kept


@dataclass(frozen=True)
class Cells:
    """The sound values of a column, and the positions of all others.

    Parameters
    ----------
    values : array or Series
        The sound values without gaps: numbers and truth values as numpy arrays of any width, texts as a Series of any
        storage, moments, days and durations as int64 ticks of `unit`, and what fits none of these as an array of
        objects.
    null, wrong, infinite : array of int64
        Positions of the rows that are missing, of another kind, or infinite.
    rows : array of int64, optional
        Positions of the rows that `values` (or `codes`) stand for; None when these are all rows.
    codes : array of int64, optional
        With categorical storage, `values` are distinct, and codes say which of them each row holds.
    unit : str
        Unit of ticks: ``"D"``, ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``; empty when `values` are no ticks.
    aware : bool
        Whether ticks count from an epoch in UTC.
    places : int
        For decimals that are stored as whole numbers: how many of the digits stand behind the point.
    known : pair, optional
        The smallest and the largest value, where reading has found them already.

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
    places: int = 0
    known: tuple[Any, Any] | None = None

    none: ClassVar[Positions] = np.empty(0, dtype=np.int64)
    """No rows."""
    none.setflags(write=False)

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """The smallest and the largest sound value, as plain Python values; only asked for when there is one."""
        low, high = ends(self.values) if self.known is None else self.known
        return _plain(low), _plain(high)

    @cached_property
    def _kept(self) -> list[Texts]:
        return []

    def texts(self) -> Iterator[Texts]:
        """Yield the bytes of the texts, piece by piece; those of short texts are made once.

        Raises `UnicodeEncodeError` where a text has none.
        """
        if self._kept:
            yield from self._kept
            return
        kept: list[Texts] = []
        left = _SHORT * len(self.values)
        for piece in spelled(self.values):
            left -= len(piece.data)
            kept = [*kept, piece] if left >= 0 else []
            yield piece
        self._kept.extend(kept if left >= 0 else [])

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
        if self.unit == "D":
            return pd.Series(values.astype("M8[D]").astype("M8[s]"))
        if self.unit:
            kind = "M8" if column.kind == "datetime" else "m8"
            moments = pd.Series(values.view(f"{kind}[{self.unit}]"))
            return moments.dt.tz_localize("UTC") if self.aware else moments
        if self.places:
            return decimals(values, self.places)
        if column.kind == "float":
            return values.astype(np.float64) if len(values) else np.empty(0)  # of moments, none becomes a float
        if isinstance(values, pd.Series):
            return values.reset_index(drop=True)
        return values.astype(np.int64) if values.dtype.kind in "iu" and values.dtype != np.uint64 else values


def ends(values: Any) -> tuple[Any, Any]:
    """Return the smallest and the largest value of an array; both are NaN when one of the values is.

    >>> low, high = ends(np.array([3.0, 1.0, 2.0]))
    >>> float(low), float(high)
    (1.0, 3.0)
    """
    if len(values) <= _BLOCK or isinstance(values, pd.Series) or values.dtype == object:
        return values.min(), values.max()
    blocks = [values[row : row + _BLOCK] for row in range(0, len(values), _BLOCK)]
    lows, highs = zip(*[(block.min(), block.max()) for block in blocks], strict=True)
    return np.array(lows).min(), np.array(highs).max()


def decimals(values: Any, places: int) -> Any:
    """Return whole numbers as decimals with so many digits behind the point, in an array of objects; objects as they are.

    >>> decimals(np.array([150, -5]), 2).tolist()
    [Decimal('1.50'), Decimal('-0.05')]
    """
    if values.dtype == object:
        return values
    found = np.empty(len(values), dtype=object)
    found[:] = [Decimal(f"{value}E-{places}") for value in values.tolist()]  # exact, whatever the context
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _taken(values: Any, places: Positions) -> Any:
    return values.iloc[places] if isinstance(values, pd.Series) else values[places]
