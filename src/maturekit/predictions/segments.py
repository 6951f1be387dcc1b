"""Segments: immutable files of lines, each written once, and replaced only when somebody must be forgotten."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from maturekit._core.clock import as_utc, parse_iso
from maturekit._core.digest import canonical_json, digest_of, parse_json
from maturekit.errors import ForeignFolderError, FormatError, KeyMissingError, KeyTakenError, NotFoundError
from maturekit.predictions.blocks import Block, each, lines_of, parsed
from maturekit.storage import Store

__all__ = ["Segment", "Segments"]

_MARKER = "predictions.json"
_FORMAT = 1
_NAME = re.compile(r"(predictions|labels)/([^/]+)/(\d{9})\.(\d+)\.(\d{8}T\d{6}Z)\.(\d{8}T\d{6}Z)\.jsonl")


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """The name of one file: who wrote it, its number, how often it was rewritten, and the times it spans."""

    kind: str
    writer: str
    number: int
    generation: int
    first: str
    last: str

    @property
    def key(self) -> str:
        """Where the segment is stored."""
        return f"{self.kind}/{self.writer}/{self.number:09d}.{self.generation}.{self.first}.{self.last}.jsonl"

    @classmethod
    def of_key(cls, key: str) -> Self | None:
        """Read a key back; None if it is not one of a segment."""
        match = _NAME.fullmatch(key)
        if match is None:
            return None
        kind, writer, number, generation, first, last = match.groups()
        return cls(kind, writer, int(number), int(generation), first, last)

    def overlaps(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether the segment can hold rows of a span of time."""
        late_enough = since is None or self.last >= _stamp(since - timedelta(seconds=1))
        return late_enough and (until is None or self.first <= _stamp(until))


class Segments:
    """The segments in a store, as one process writes them and every process reads them.

    A rewritten segment has the next generation number; readers take the highest, so that a crash between writing
    the new one and deleting the old one neither loses nor doubles a row.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._process = 0  # of no process: the first write chooses a name
        self._claimed = False

    def add(self, blocks: list[Block]) -> None:
        """Write blocks of one kind as the next segment; repeating a failed call cannot write them twice."""
        self._claim()
        times = sorted(time for block in blocks for time in each(block, "time"))
        first, last = (_stamp(parse_iso(time)) for time in (times[0], times[-1]))
        if self._process != os.getpid():  # the first write, or the first after a fork
            self._process = os.getpid()
            self._writer = f"{first}-{self._process}-{secrets.token_hex(4)}"
            self._numbers = {"predictions": 1, "labels": 1}
            self._keys: set[tuple[str, ...]] = set()
        kind = blocks[0]["kind"]
        if kind == "predictions":
            for block in blocks:
                self._note_key(tuple(block["key"]))
        segment = Segment(kind, self._writer, self._numbers[kind], 0, first, last)
        data = lines_of(blocks)
        try:
            self.store.put_new(segment.key, data)
        except KeyTakenError:
            if self.store.get(segment.key) != data:
                raise
        self._numbers[kind] += 1

    def current(self, kind: str, *, since: datetime | None = None, until: datetime | None = None) -> list[Segment]:
        """Return the segments that count, oldest writer first."""
        newest = {(segment.writer, segment.number): segment for segment in self._all(kind)}
        return [segment for segment in newest.values() if segment.overlaps(since, until)]

    def at(self, segment: Segment) -> list[Segment]:
        """Return what counts in the place of a segment now: one segment, or none if all its rows were forgotten."""
        place = (segment.writer, segment.number)
        return [other for other in self.current(segment.kind) if (other.writer, other.number) == place]

    def read(self, segment: Segment) -> list[Block]:
        """Return the blocks of a segment, or of the one that has replaced it meanwhile."""
        while True:
            try:
                return list(parsed(self.store.get(segment.key), what=segment.key))
            except KeyMissingError:
                now = self.at(segment)
                if not now or now == [segment]:
                    return []
                segment = now[0]

    def replace(self, segment: Segment, blocks: list[Block]) -> bool:
        """Put blocks in the place of a segment and say whether they count; not if another process was faster."""
        if not blocks:
            self.store.delete(segment.key)
            return True
        new = replace(segment, generation=segment.generation + 1)
        try:
            self.store.put_new(new.key, lines_of(blocks))
        except KeyTakenError:
            return False
        self.store.delete(segment.key)
        return self.at(new) == [new]

    def sweep(self, kind: str) -> None:
        """Delete what a crash left behind: segments whose replacement is there."""
        counting = set(self.current(kind))
        for segment in self._all(kind):
            if segment not in counting:
                self.store.delete(segment.key)

    def key_sets(self) -> list[tuple[str, ...]]:
        """Return every set of key columns that was ever written."""
        return [tuple(parse_json(self.store.get(key), what=key)["key"]) for key in self.store.list("keys/")]

    def must_exist(self) -> None:
        """Raise `NotFoundError` if nothing was ever written here, `ForeignFolderError` if by somebody else."""
        if self._claimed:
            return
        try:
            marker = parse_json(self.store.get(_MARKER), what=_MARKER)
        except KeyMissingError:
            self._refuse_strangers()
            raise NotFoundError(
                f"there is no prediction log in {self.store}", hint="it begins with the first write; check the place."
            ) from None
        if not isinstance(marker, dict) or not isinstance(marker.get("format"), int) or marker["format"] > _FORMAT:
            raise FormatError(f"{_MARKER} in {self.store} is malformed, or of a newer format than {_FORMAT}")
        self._claimed = True

    def _claim(self) -> None:
        try:
            self.must_exist()
        except NotFoundError:
            try:
                self.store.put_new(_MARKER, canonical_json({"format": _FORMAT, "kind": "predictions"}))
            except KeyTakenError:
                self.must_exist()
            self._claimed = True

    def _refuse_strangers(self) -> None:
        stranger = next(self.store.list(), None)
        if stranger is not None and not self.store.exists(_MARKER):
            raise ForeignFolderError(
                f"{self.store} holds something that is no prediction log, such as {stranger!r}",
                hint="choose an empty or a new folder.",
            )

    def _note_key(self, names: tuple[str, ...]) -> None:
        if names and names not in self._keys:
            data = canonical_json({"format": _FORMAT, "key": list(names)})
            key = f"keys/{digest_of(data).removeprefix('sha256:')[:16]}.json"
            with contextlib.suppress(KeyTakenError):  # whoever wrote it wrote the same
                self.store.put_new(key, data)
            self._keys.add(names)

    def _all(self, kind: str) -> list[Segment]:
        found = (Segment.of_key(key) for key in self.store.list(f"{kind}/"))
        return sorted(segment for segment in found if segment is not None)


def _stamp(moment: datetime) -> str:
    return as_utc(moment).strftime("%Y%m%dT%H%M%SZ")
