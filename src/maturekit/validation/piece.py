"""Some rows of a table: where they stand, and what some of its columns mean there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from maturekit.validation.cells import Positions
from maturekit.validation.moments import ticks

__all__ = ["Piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Columns of sound values, as `Cells.at` returns them, for the same rows.

    Parameters
    ----------
    columns : mapping of str to array or Series
        The values by column.
    size : int
        Number of rows.
    start : int
        Position in the table of what the chunk counts as row 0.
    rows : array of int64, optional
        Positions of the rows in the chunk, ascending; None when these are its first `size` rows.

    Examples
    --------
    >>> first = Piece({"a": np.array([1, 2])}, 2)
    >>> second = Piece({"a": np.array([2**63], dtype=np.uint64)}, 1, start=2, rows=np.array([4]))
    >>> both = Piece.joined([first, second])
    >>> both.positions.tolist(), both.frame()["a"].tolist()
    ([0, 1, 6], [1, 2, 9223372036854775808])
    """

    columns: Mapping[str, Any]
    size: int
    start: int = 0
    rows: Positions | None = None

    @property
    def positions(self) -> Positions:
        """Positions in the table."""
        if self.rows is None:
            return np.arange(self.start, self.start + self.size)
        return self.rows + self.start if self.start else self.rows

    def at(self, start: int) -> Piece:
        """Return the piece of a chunk whose first row has a position in the table."""
        return replace(self, start=start)

    def frame(self) -> pd.DataFrame:
        """Return the columns as a frame, without copying them."""
        return pd.DataFrame(dict(self.columns), index=pd.RangeIndex(self.size), copy=False)

    def taken(self, places: Positions) -> Piece:
        """Return the piece of some rows only."""
        columns = {
            name: values.iloc[places].reset_index(drop=True) if isinstance(values, pd.Series) else values[places]
            for name, values in self.columns.items()
        }
        return Piece(columns, len(places), rows=self.positions[places])

    @classmethod
    def joined(cls, pieces: Sequence[Piece]) -> Piece:
        """Return one piece of several, in their order; no value changes its meaning, whatever the storages are."""
        if len(pieces) == 1:
            return pieces[0]
        return cls(
            {name: _joined([piece.columns[name] for piece in pieces]) for name in pieces[0].columns},
            sum(piece.size for piece in pieces),
            rows=np.concatenate([piece.positions for piece in pieces]),
        )


def _joined(parts: Sequence[Any]) -> Any:
    parts = [part for part in parts if len(part)] or parts[:1]
    first = parts[0].dtype
    if any(part.dtype != first for part in parts):  # pandas and numpy would make floats of whole numbers
        finer = _moments(parts)
        parts = [np.array([*part.tolist(), None], dtype=object)[:-1] for part in parts] if finer is None else finer
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return pd.concat([pd.Series(part) for part in parts], ignore_index=True)


def _moments(parts: Sequence[Any]) -> list[Any] | None:
    """Return moments or durations of several units in the finest one; None when they are not, or do not fit into it."""
    read = [ticks(part) for part in parts]
    if {part.dtype.kind for part in parts} not in ({"M"}, {"m"}) or len(
        {aware for _, _, aware in filter(None, read)}
    ) > 1:
        return None
    finest = min(zip(parts, read, strict=True), key=lambda pair: pair[1][1] if pair[1] else 0)[0].dtype
    try:
        return [part.astype(finest) for part in parts]
    except (pd.errors.OutOfBoundsDatetime, pd.errors.OutOfBoundsTimedelta, OverflowError):
        return None
