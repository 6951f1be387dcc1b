"""Segments: immutable files of lines, each written once; a list of changes says which of them were rewritten."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from maturekit._core.clock import as_utc, parse_iso, utc_now
from maturekit._core.digest import canonical_json, digest_of, parse_json
from maturekit._core.locks import ForkLock
from maturekit.errors import (
    ForeignFolderError,
    FormatError,
    KeyMissingError,
    KeyTakenError,
    NotFoundError,
    StorageError,
)
from maturekit.predictions.blocks import Block, each, lines_of, parsed
from maturekit.predictions.changes import Changes, State
from maturekit.predictions.sink import KINDS
from maturekit.storage import Store

__all__ = ["Segment", "Segments"]

_MARKER = "predictions.json"
_FORMAT = 1
_ORIGINAL = "0"
_NAME = re.compile(r"(predictions|labels)/([^/]+)/(\d{9})\.([0-9a-f]+)\.(\d{8}T\d{6}Z)\.(\d{8}T\d{6}Z)\.(\d+)\.jsonl")
_UNCERTAIN = 64


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """The name of one file: who wrote it, its number, which rewriting it is, the times it spans, and its rows."""

    kind: str
    writer: str
    number: int
    rewriting: str
    first: str
    last: str
    rows: int

    @property
    def key(self) -> str:
        """Where the segment is stored."""
        ending = f"{self.first}.{self.last}.{self.rows}.jsonl"
        return f"{self.kind}/{self.writer}/{self.number:09d}.{self.rewriting}.{ending}"

    @classmethod
    def of_key(cls, key: str) -> Self | None:
        """Read a key back; None if it is not one of a segment."""
        match = _NAME.fullmatch(key)
        if match is None:
            return None
        kind, writer, number, rewriting, first, last, rows = match.groups()
        return cls(kind, writer, int(number), rewriting, first, last, int(rows))

    def older_than(self, moment: datetime) -> bool:
        """Whether all its rows are older than a moment, as far as seconds tell."""
        return self.last < _stamp(moment)

    def overlaps(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether the segment can hold rows of a span of time."""
        early = until is None or self.first < _stamp(until) or (self.first == _stamp(until) and until.microsecond > 0)
        return early and (since is None or self.last >= _stamp(since))


class Segments:
    """The segments in a store, as one process writes them and every process reads them.

    Who rewrites segments writes new ones beside them, which count only once the list of changes says so; the list has
    one newest state, and who was not first begins again. So neither a crash nor another process can lose a row, double
    one, or bring one back.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.changes = Changes(store)
        self._lock = ForkLock()
        self._process = 0  # of no process: the first write chooses a name
        self._claimed = False

    def add(self, blocks: list[Block]) -> None:
        """Write blocks of one kind as the next segment; repeating a failed call cannot write them twice."""
        self._claim()
        segment = self._place_of(blocks)
        if segment.kind == "predictions":
            for block in blocks:
                self._note_key(tuple(block["key"]))
        data = lines_of(blocks)
        try:
            self.store.put_new(segment.key, data)
        except KeyTakenError:
            if self.store.get(segment.key) != data:
                raise
        with self._lock:
            self._uncertain.pop(id(blocks), None)

    def current(self, kind: str, *, since: datetime | None = None, until: datetime | None = None) -> list[Segment]:
        """Return the segments that count, oldest writer first."""
        while True:
            state = self.changes.newest()
            found = self._all(kind)
            if self.changes.number() == state.number:
                break
        return [segment for segment in _counting(found, state) if segment.overlaps(since, until)]

    def read(self, segment: Segment) -> list[Block]:
        """Return the blocks of a segment, or of the one that has replaced it meanwhile."""
        key = segment.key
        while True:
            try:
                return list(parsed(self.store.get(key), what=key))
            except KeyMissingError:
                change = self.changes.newest().of(key)
                if change is None or (change.merged and change.to is not None):
                    raise StorageError(
                        f"the segment {segment.key} was rewritten while it was read", hint="read the log again."
                    ) from None
                if change.to is None:
                    return []
                key = change.to

    def replace(self, pieces: Sequence[tuple[Sequence[Segment], list[Block]]]) -> bool:
        """Put blocks in the place of segments, once or several times together.

        Returns False, with nothing changed, if one of the segments counts no longer. The old ones remain until they are
        swept, for those who are reading them.
        """
        old = [segment for segments, _ in pieces for segment in segments]
        while True:
            state = self.changes.newest()
            if len(_counting(old, state)) < len(old) or not all(self.store.exists(one.key) for one in old):
                return False
            new = [self._rewritten(segments[0], blocks) for segments, blocks in pieces]
            after, now = state, utc_now()
            for key, (segments, _) in zip(new, pieces, strict=True):
                after = after.with_change(key, [segment.key for segment in segments], at=now)
            if self.changes.commit(state, after.changes):
                return True
            for key in new:
                if key is not None:
                    self.store.delete(key)

    def sweep(self, *, before: datetime | None = None) -> None:
        """Delete what does not count: segments that were replaced, and what a crash left behind.

        With `before`, only what was replaced or left before that; others may still read it.
        """
        while True:
            state = self.changes.newest()
            strays = self._strays(state, before)
            unfinished = any(segment.key not in state.gone for segment in strays)
            if not unfinished or self.changes.commit(state, state.changes):  # whoever is about to name them fails
                break
        for segment in strays:
            self.store.delete(segment.key)
        self._prune()

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

    def _place_of(self, blocks: list[Block]) -> Segment:
        """Return the segment that these blocks become: the same for the very same list, until it is written."""
        kind = blocks[0]["kind"]
        first, last, rows = _extent(blocks)
        with self._lock:
            if self._process != os.getpid():  # the first write, or the first after a fork
                self._process = os.getpid()
                self._writer = f"{first}-{self._process}-{secrets.token_hex(4)}"
                self._numbers = dict.fromkeys(KINDS, 0)
                self._keys: set[tuple[str, ...]] = set()
                self._uncertain: dict[
                    int, tuple[list[Block], Segment]
                ] = {}  # the list is held, so that its id is its own
            held = self._uncertain.get(id(blocks))
            if held is not None:
                return held[1]
            while len(self._uncertain) >= _UNCERTAIN:
                del self._uncertain[next(iter(self._uncertain))]
            self._numbers[kind] += 1
            segment = Segment(kind, self._writer, self._numbers[kind], _ORIGINAL, first, last, rows)
            self._uncertain[id(blocks)] = (blocks, segment)
            return segment

    def _rewritten(self, old: Segment, blocks: list[Block]) -> str | None:
        if not blocks:
            return None
        first, last, rows = _extent(blocks)
        new = replace(old, rewriting=secrets.token_hex(8), first=first, last=last, rows=rows)
        self.store.put_new(new.key, lines_of(blocks))
        return new.key

    def _strays(self, state: State, before: datetime | None) -> list[Segment]:
        found = [segment for kind in KINDS for segment in self._all(kind)]
        counting = set(_counting(found, state))
        replaced = {key: change.at for change in state.changes for key in change.of}
        strays = [segment for segment in found if segment not in counting]
        if before is None:
            return strays
        return [segment for segment in strays if (replaced.get(segment.key) or self._modified(segment)) < before]

    def _modified(self, segment: Segment) -> datetime:
        try:
            return self.store.modified(segment.key)
        except KeyMissingError:  # another process sweeps as well
            return utc_now()

    def _prune(self) -> None:
        """Shorten the list by what everybody has forgotten: replaced a day ago, and deleted."""
        state = self.changes.newest()
        limit = utc_now() - timedelta(days=1)
        if not any(change.of and change.at < limit for change in state.changes):
            return
        found = {segment.key for kind in KINDS for segment in self._all(kind)}
        shorter = [
            replace(change, of=tuple(key for key in change.of if key in found)) if change.at < limit else change
            for change in state.changes
        ]
        kept = [change for change in shorter if change.of or (change.to is not None and change.to in found)]
        if kept != list(state.changes):
            self.changes.commit(state, kept)  # if another was faster, the next sweep does it

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


def _counting(segments: Iterable[Segment], state: State) -> list[Segment]:
    gone, there = state.gone, state.there
    return [one for one in segments if (one.key not in gone if one.rewriting == _ORIGINAL else one.key in there)]


def _extent(blocks: list[Block]) -> tuple[str, str, int]:
    """Return the first and the last second of some blocks, and their rows."""
    times = [time for block in blocks for time in each(block, "time")]
    first, last = (_stamp(parse_iso(time)) for time in (min(times), max(times)))
    return first, last, sum(block["rows"] for block in blocks)


def _stamp(moment: datetime) -> str:
    return as_utc(moment).strftime("%Y%m%dT%H%M%SZ")
