"""The sink of a folder or bucket: immutable segments of JSON lines, for any number of writers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.arguments import check_number
from maturekit._core.clock import parse_iso, utc_now
from maturekit.errors import ArgumentError, NotFoundError
from maturekit.predictions.blocks import Block, each, narrowed
from maturekit.predictions.joining import joined
from maturekit.predictions.segments import Segment, Segments
from maturekit.predictions.sink import KINDS, Sink
from maturekit.storage import Place, open_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SegmentSink"]

_GRACE = timedelta(hours=1)
_TOGETHER = 16
"""Segments that are rewritten by one change: so many are in memory."""


class SegmentSink(Sink):
    """Segments of JSON lines in a folder or store; what `Log("predictions")` writes to.

    Every write makes one immutable file, so that any number of processes write, label, read and forget at once.
    `compact` merges small files into larger ones; those that it replaced are deleted by the next call after an hour,
    since somebody may be reading them. Forgetting and expiring delete at once.

    Parameters
    ----------
    place : str, path or Store
        The folder, or a store.
    large_rows : int, default 20000
        `compact` makes no segment larger than this, and leaves those alone that have half of it. A reader of chunks
        has as many rows in memory.

    Examples
    --------
    >>> from maturekit.predictions import Entry, Log
    >>> from maturekit.storage import MemoryStore
    >>> log = Log(SegmentSink(MemoryStore()))
    >>> log.write(Entry({"age": 41}))
    >>> len(log.frame())
    1
    """

    def __init__(self, place: Place, *, large_rows: int = 20_000) -> None:
        check_number(large_rows, what="large_rows", whole=True)
        if not large_rows > 0:
            raise ArgumentError(f"large_rows must be positive, got {large_rows!r}")
        self.place = place
        self.large_rows = large_rows
        self._segments = Segments(open_store(place))

    def _write(self, blocks: list[Block]) -> None:
        self._segments.add(blocks)

    def _read(self, kind: str, since: datetime | None, until: datetime | None) -> Iterator[list[Block]]:
        self._segments.must_exist()
        for segment in self._segments.current(kind, since=since, until=until):
            yield self._segments.read(segment)

    def _erase(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        self._segments.must_exist()
        erased = self._without(kind, hits, None)
        self._segments.sweep()
        return erased

    def _expire(self, kind: str, before: datetime) -> int:
        def old(block: Block) -> NDArray[np.bool_]:
            return np.array([parse_iso(time) < before for time in each(block, "time")], dtype=bool)

        self._segments.must_exist()
        whole = [one for one in self._segments.current(kind, until=before) if one.older_than(before)]
        while whole and not self._segments.replace([(whole, [])]):
            whole = [one for one in self._segments.current(kind, until=before) if one.older_than(before)]
        expired = sum(segment.rows for segment in whole) + self._without(kind, old, before)
        self._segments.sweep()
        return expired

    def _without(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]], until: datetime | None) -> int:
        erased, again = 0, True
        while again:  # until nobody else rewrote anything meanwhile
            again = False
            segments = self._segments.current(kind, until=until)
            for at in range(0, len(segments), _TOGETHER):
                pieces, found = [], 0
                for segment in segments[at : at + _TOGETHER]:
                    hit, kept = _kept(self._segments.read(segment), hits)
                    found += hit
                    if hit:
                        pieces.append(([segment], kept))
                if pieces and self._segments.replace(pieces):
                    erased += found
                elif pieces:
                    again = True
        return erased

    def _key_sets(self) -> list[tuple[str, ...]]:
        try:
            self._segments.must_exist()
        except NotFoundError:
            return []
        return self._segments.key_sets()

    def _compact(self) -> int:
        self._segments.must_exist()
        self._segments.sweep(before=utc_now() - _GRACE)
        return sum(self._merged(group) for kind in KINDS for group in self._small(kind))

    def _small(self, kind: str) -> Iterator[list[Segment]]:
        """Yield runs of neighbours that are small, and together not larger than a large one."""
        group: list[Segment] = []
        for segment in self._segments.current(kind):
            small = segment.rows <= self.large_rows // 2
            if group and (not small or sum(one.rows for one in group) + segment.rows > self.large_rows):
                yield group
                group = []
            if small:
                group.append(segment)
        yield group

    def _merged(self, group: list[Segment]) -> int:
        if len(group) < 2:
            return 0
        blocks = list(joined(block for segment in group for block in self._segments.read(segment)))
        return len(group) if self._segments.replace([(group, blocks)]) else 0

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the arguments only."""
        return {"place": self.place, "large_rows": self.large_rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew on the same place."""
        self.__init__(**state)  # type: ignore[misc]  # the constructor is how a sink begins

    def __repr__(self) -> str:
        """Return the place."""
        return f"SegmentSink({os.fspath(self.place) if isinstance(self.place, os.PathLike) else self.place!r})"

    def __str__(self) -> str:
        """Return the place in words."""
        return str(self._segments.store)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield empty sinks in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only who tests sinks needs it

        with tempfile.TemporaryDirectory() as folder:
            yield cls(f"{folder}/large")
            yield cls(f"{folder}/small", large_rows=4)


def _kept(blocks: list[Block], hits: Callable[[Block], NDArray[np.bool_]]) -> tuple[int, list[Block]]:
    """Return how many rows of some blocks are hit, and the blocks without them."""
    found, kept = 0, []
    for block in blocks:
        hit = hits(block)
        found += int(hit.sum())
        if not hit.all():
            kept.append(narrowed(block, ~hit) if hit.any() else block)
    return found, kept
