"""The one contract of every place where a log keeps its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar, Self, final

from maturekit._core.clock import as_utc
from maturekit.errors import ArgumentError
from maturekit.predictions.blocks import Block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["KINDS", "Sink"]

KINDS = ("predictions", "labels")
"""What a block can hold."""


class Sink(ABC):
    """Blocks of rows, appended, read back in order, and erased on request.

    Write a sink by defining the hooks below; the public methods check arguments, so that every sink behaves alike.
    Sinks are safe for several threads of several processes at once, and for a forked child. A sink can be pickled: only
    its constructor's arguments travel. Opening one writes nothing.

    A block of predictions (see `maturekit.predictions.blocks`) has ``kind``, ``rows`` (how many), ``method``, the
    columns ``prediction`` and ``score`` (or None), columns by name in ``key`` and ``inputs``, ``marks`` by row number,
    and ``time``, ``request``, ``row``, ``seconds``, ``version``, ``digest``, ``arm``, each once or as a list of one for
    each row: `blocks.each` returns the list. A block of labels has ``kind``, ``rows``, ``time``, ``column`` (the
    label's name), ``key`` and ``label``. All of it is JSON-ready.

    Notes
    -----
    The hooks:

    ``_write(blocks)``
        Store blocks of one kind, at least one, each of at least one row; durable when it returns. Raises
        `StorageError` if that cannot be done now: then the very same list (``is``) comes again, and no row of it may
        be stored twice, whatever the first attempt left.
    ``_read(kind, since, until)``
        Yield lists of blocks, those of one writer in the order in which they were written; a list is what is in memory
        at once. Rows outside the span may come along. Raises `NotFoundError` where nothing was ever written.
    ``_erase(kind, hits)``
        Remove the rows for which `hits` says so, given a block; they are gone from the disk when it returns. Returns
        how many. A crash in between loses and doubles no other row. `NotFoundError` as above.
    ``_expire(kind, before)``
        Remove the rows that are older than a moment, in the same way.
    ``_key_sets()``
        Return every set of key columns under which predictions were ever written, without the empty one; none where
        nothing was.
    ``_compact()``
        Merge small pieces into larger ones, where that makes reading faster; return how many pieces went.

    Examples
    --------
    >>> from maturekit.predictions import SegmentSink
    >>> from maturekit.storage import MemoryStore
    >>> sink = SegmentSink(MemoryStore())
    >>> block = {"kind": "labels", "time": "2013-05-03T00:00:00.000000Z", "rows": 1, "column": "late"}
    >>> block |= {name: {"type": "int", "values": [1]} for name in ["label"]} | {"key": {}}
    >>> sink.write([block])
    >>> [[block["column"] for block in blocks] for blocks in sink.read("labels")]
    [['late']]
    """

    readable: ClassVar[bool] = True
    """False for a sink that hands rows over and cannot give them back."""

    @abstractmethod
    def _write(self, blocks: list[Block]) -> None:
        """Store blocks of one kind, or raise `StorageError`: then the very same list comes again."""

    def _read(self, kind: str, since: datetime | None, until: datetime | None) -> Iterator[list[Block]]:
        """Yield the blocks of a kind, at least those with rows of the span ``since <= time < until``."""
        raise NotImplementedError

    def _erase(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        """Remove the rows that `hits` names, and return how many."""
        raise NotImplementedError

    def _expire(self, kind: str, before: datetime) -> int:
        """Remove the rows older than `before`, and return how many."""
        raise NotImplementedError

    def _key_sets(self) -> list[tuple[str, ...]]:
        """Return every set of key columns that predictions were ever written with."""
        raise NotImplementedError

    def _compact(self) -> int:
        """Merge small pieces, and return how many went; by default there are none."""
        return 0

    @classmethod
    @abstractmethod
    def examples(cls) -> Iterator[Self]:
        """Yield empty sinks of this class, for the contract suite `maturekit.testing.SINK_CHECKS`."""

    @final
    def write(self, blocks: list[Block]) -> None:
        """Store blocks, all of predictions or all of labels; they survive a crash when this returns.

        Raises `StorageError` if they cannot be stored now. Call it with the very same list again: no row is stored
        twice.
        """
        kinds = {_kind(block.get("kind")) for block in blocks}
        if len(kinds) > 1:
            raise ArgumentError("a sink takes predictions or labels at once, and got both")
        if blocks:
            self._write(blocks)

    @final
    def read(
        self, kind: str = "predictions", *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[list[Block]]:
        """Return an iterator over what is stored, as lists of blocks; rows outside ``since <= time < until`` may come.

        Raises `NotFoundError` at once where nothing was ever written.
        """
        self._must_be_readable()
        since = None if since is None else as_utc(since, what="since")
        until = None if until is None else as_utc(until, what="until")
        found = iter(self._read(_kind(kind), since, until))
        first = list(islice(found, 1))  # what cannot be read is said now
        return chain(first, found)

    @final
    def erase(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        """Remove the rows for which `hits` of their block is true, and return how many; then they are gone."""
        self._must_be_readable()
        return self._erase(_kind(kind), hits)

    @final
    def expire(self, kind: str, before: datetime) -> int:
        """Remove the rows of a kind that are older than a moment, and return how many."""
        self._must_be_readable()
        return self._expire(_kind(kind), as_utc(before, what="before"))

    @final
    def key_sets(self) -> list[tuple[str, ...]]:
        """Return every set of key columns that predictions were ever written with."""
        self._must_be_readable()
        return self._key_sets()

    @final
    def compact(self) -> int:
        """Merge small pieces into larger ones, and return how many pieces went."""
        self._must_be_readable()
        return self._compact()

    def _must_be_readable(self) -> None:
        if not self.readable:
            raise ArgumentError(
                f"a {type(self).__name__} only hands rows over: it cannot read, erase or join them",
                hint="read them where they were sent, or keep a second log.",
            )


def _kind(kind: object) -> str:
    if kind not in KINDS:
        raise ArgumentError(f"a sink keeps {' and '.join(KINDS)}, got {kind!r}")
    return str(kind)
