"""A cheap mark of a table, whole or in chunks: enough to notice that a report is about another one."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from maturekit.schema.kinds import READERS, WRONG, is_null

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from maturekit.validation.cells import Positions

__all__ = ["Fingerprint", "fingerprint"]

_NEAR: Final = np.array([*range(8), *(2**power for power in range(3, 10))], dtype=np.int64)
_REACH: Final = int(_NEAR[-1]) + 1
_NULL: Final = bytes(9)
_NUMBER: Final = struct.Struct("<cd")
_CELL: Final = np.dtype([("tag", "S1"), ("value", "<f8")])  # the same nine bytes


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the mark of a table needs of one chunk; pieces are added in the order of the rows.

    The sum of all pieces has the digest of the whole table, however it is cut, and no chunk needs to know how many rows
    are before or behind it. A piece holds copies of at most 513 rows at either end, so that the chunk itself can go.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": range(10_000)})
    >>> pieces = [Fingerprint.of(frame[at : at + 300]) for at in range(0, 10_000, 300)]
    >>> sum(pieces, Fingerprint()).digest() == fingerprint(frame)
    True
    """

    rows: int = 0
    names: frozenset[str] = frozenset()
    heads: tuple[pd.DataFrame, ...] = field(default=(), repr=False)
    tails: tuple[pd.DataFrame, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Fingerprint:
        """Return the piece of a chunk."""
        head, tail = frame.iloc[:_REACH].copy(), frame.iloc[-_REACH:].copy()
        return cls(len(frame), frozenset(frame.columns), (head,), (tail,))

    def __add__(self, other: Fingerprint) -> Fingerprint:
        """Return the piece of both chunks, of which the other one is behind."""
        heads = self.heads if self.rows >= _REACH else self.heads + other.heads
        tails = self.tails + other.tails
        while tails and sum(map(len, tails)) - len(tails[0]) >= _REACH:
            tails = tails[1:]
        return Fingerprint(self.rows + other.rows, self.names | other.names, heads, tails)

    def digest(self) -> str:
        """Return the digest of the table that the pieces make."""
        wanted = _sampled(self.rows)
        front = sum(map(len, self.heads))
        back = self.rows - sum(map(len, self.tails))
        parts = [*_located(self.heads, wanted[wanted < front]), *_located(self.tails, wanted[wanted >= front] - back)]
        return _digest(self.rows, self.names, parts)


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a digest of the number of rows, the column names and some 30 rows: the ends, and ever fewer towards them.

    The sampled rows are the first and the last 8, and those 8, 16, 32 and so on up to 512 rows away from either end.
    Index labels, storage and the order of columns do not count. It notices a frame that was filtered, sorted or
    exchanged; it is no proof that every cell is the same.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    >>> fingerprint(frame) == fingerprint(frame.astype(object).set_index(pd.Index([7, 7])))
    True
    >>> fingerprint(frame) == fingerprint(frame[::-1])
    False
    """
    return _digest(len(frame), frame.columns, [(frame, _sampled(len(frame)))])


def _sampled(rows: int) -> Positions:
    near = _NEAR[rows > _NEAR]
    return np.unique(np.concatenate([near, rows - 1 - near]))


def _located(frames: Iterable[pd.DataFrame], places: Positions) -> Iterator[tuple[pd.DataFrame, Positions]]:
    """Yield each of frames that lie one behind the other with the positions that fall into it, counted from its start."""
    start = 0
    for frame in frames:
        yield frame, places[(places >= start) & (places < start + len(frame))] - start
        start += len(frame)


def _digest(rows: int, names: Iterable[str], parts: Iterable[tuple[pd.DataFrame, Positions]]) -> str:
    """Return the digest of the rows at some positions of frames that lie one behind the other."""
    digest = hashlib.sha256(rows.to_bytes(8, "little"))
    told = [(_columns(frame, places), _NULL * len(places)) for frame, places in parts if len(places)]
    for name in sorted(names):
        digest.update(_text(name))
        for columns, absent in told:
            digest.update(columns.get(name, absent))
    return f"sha256:{digest.hexdigest()}"


def _columns(frame: pd.DataFrame, places: Positions) -> dict[str, bytes]:
    """Return some cells of each column one behind the other, in a spelling that does not depend on storage."""
    told: dict[Any, bytes] = {}
    numbers: dict[Any, NDArray[Any]] = {}
    for name, series in frame.items():
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
            numbers[name] = series.to_numpy()[places]
        else:
            told[name] = b"".join(map(_cell, series.array.take(places).tolist()))
    if numbers:
        values = np.array(list(numbers.values()), dtype=np.float64) + 0.0  # one zero, not two
        sound = ~np.isnan(values)
        cells = np.zeros(values.shape, dtype=_CELL)
        cells["tag"][sound] = b"f"
        cells["value"][sound] = values[sound]
        told |= {name: row.tobytes() for name, row in zip(numbers, cells, strict=True)}
    return told


def _cell(cell: Any) -> bytes:
    if type(cell) is str:
        return _text(cell)
    if is_null(cell):
        return _NULL
    if isinstance(cell, (date, timedelta, np.datetime64, np.timedelta64)):
        try:
            return _text(_time(cell), tag=b"m")
        except (OverflowError, ValueError):  # beyond the years that pandas and UTC have
            return _text(str(cell), tag=b"m")
    truth = READERS["bool"](cell)
    if truth is not WRONG:
        return b"b\1" if truth else b"b\0"
    number = READERS["float"](cell)
    if number is WRONG:
        return _text(cell) if isinstance(cell, str) else _text(type(cell).__name__, tag=b"o")
    return _NUMBER.pack(b"f", number + 0.0)


def _time(cell: Any) -> str:
    if isinstance(cell, (timedelta, np.timedelta64)):
        span = READERS["timedelta"](cell)
        if span is WRONG:
            return str(cell)
        return repr((span.days, span.seconds, span.microseconds, getattr(span, "nanoseconds", 0)))
    if isinstance(cell, (datetime, np.datetime64)):
        moment = READERS["datetime"](cell)
        if moment is WRONG:
            return str(cell)
        return str((moment if moment.tzinfo is None else moment.astimezone(UTC)).isoformat())
    return f"{cell.isoformat()}T00:00:00"  # a day is midnight, as where there is no storage for days


def _text(text: str, *, tag: bytes = b"t") -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return tag + len(data).to_bytes(4, "little") + data
