"""A history in a store: one event a file, each claimed by creating the next number."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator

from maturekit._core.clock import Clock, as_utc, utc_now
from maturekit._core.digest import digest_of
from maturekit.errors import (
    ArgumentError,
    FormatError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
    StorageError,
)
from maturekit.events.event import Draft, Event
from maturekit.storage import Store

__all__ = ["EventLog"]

_FILE = re.compile(r"([0-9]{12})\.json")
_UNKNOWN = "unknown"
_PATIENCE = 2.0
"""Seconds that a network share may take to show an event that another writer has created."""


class EventLog:
    """A history that only grows, in which each event carries the digest of the one before.

    An event is one file, ``logs/<name>/000000000001.json``, created by `Store.put_new`. That one primitive gives
    total order, many writers without locks, and a history in which any edit, removal or swap is found. Truncation
    is found by comparing `head` with a copy kept elsewhere.

    Safe for several threads and processes. Reading again costs one look for each new event.

    Parameters
    ----------
    store : Store
        Where the events are kept.
    name : str
        Kind and name, such as ``"model/late-flights"``.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> log = EventLog(MemoryStore(), "model/late-flights")
    >>> log.append(Draft("version", actor="ada")).number
    1
    >>> log.append(Draft("alias", actor="ada")).previous == log.events()[0].digest
    True
    """

    def __init__(self, store: Store, name: str, *, clock: Clock = utc_now) -> None:
        self.store = store
        self.name = name
        self.clock = clock
        self._events: list[Event] = []
        self._head = ""
        self._listed = False
        self._lock = threading.RLock()

    @property
    def prefix(self) -> str:
        """The keys of the events begin with this."""
        return f"logs/{self.name}/"

    def key(self, number: int) -> str:
        """Return the key of an event."""
        return f"{self.prefix}{number:012d}.json"

    def events(self) -> tuple[Event, ...]:
        """Return the whole history, oldest first; raise `IntegrityError` at the first event that does not fit."""
        with self._lock:
            if not self._listed:
                self._check_numbers()
                self._listed = True
            while True:
                try:
                    data = self.store.get(self.key(len(self._events) + 1))
                except KeyMissingError:
                    return tuple(self._events)
                self._accept(data)

    def head(self) -> str:
        """Return the digest of the newest event, or an empty text; keep a copy elsewhere to find truncation."""
        with self._lock:
            self.events()
            return self._head

    def append(self, draft: Draft | Callable[[tuple[Event, ...]], Draft]) -> Event:
        """Add an event and return it as stored.

        A function is called with the history it must judge, and again if another event lands first, so that no
        decision rests on a history that has moved on.
        """
        beaten_at, since = 0, 0.0
        while True:
            with self._lock:
                history = self.events()
                head = self._head
            if beaten_at == len(history) + 1:
                self._wait_for(beaten_at, since)
                continue
            wish = draft if isinstance(draft, Draft) else draft(history)
            event, data = self._event(wish, history, head)
            try:
                self.store.put_new(self.key(event.number), data)
            except KeyTakenError:  # another writer was first: read what it wrote and decide again
                beaten_at, since = event.number, time.monotonic()
                continue
            return event

    def faults(self) -> Iterator[str]:
        """Yield a sentence for every event that is missing, malformed or does not fit; read everything afresh."""
        before: Event | None = None
        previous = ""
        for number in range(1, max(self._numbers(), default=0) + 1):
            try:
                data = self.store.get(self.key(number))
                event = Event.from_bytes(data)
            except KeyMissingError:
                yield f"{self.name}: event {number} is missing"
                previous = _UNKNOWN
                continue
            except (FormatError, StorageError) as error:
                yield f"{self.name}: event {number}: {error.message}"
                previous = _UNKNOWN
                continue
            for fault in _misfits(event, data, log=self.name, number=number, previous=previous):
                yield f"{self.name}: event {number} {fault}"
            if before is not None and event.time < before.time:
                yield f"{self.name}: event {number} is earlier than event {before.number}"
            before, previous = event, digest_of(data)

    def _event(self, wish: Draft, history: tuple[Event, ...], head: str) -> tuple[Event, bytes]:
        now = as_utc(self.clock(), what="the clock's time")
        try:
            event = Event(
                log=self.name,
                number=len(history) + 1,
                time=max(now, history[-1].time) if history else now,
                kind=wish.kind,
                subject=wish.subject,
                body=wish.body,
                actor=wish.actor,
                actor_kind=wish.actor_kind,
                role=wish.role,
                reason=wish.reason,
                cause=wish.cause,
                previous=head,
            )
            return event, event.to_bytes()
        except (ValueError, RecursionError) as error:
            raise ArgumentError(f"{self.name}: an event of kind {wish.kind!r} cannot be stored: {error}") from error

    def _wait_for(self, number: int, since: float) -> None:
        if time.monotonic() - since > _PATIENCE:
            raise StorageError(
                f"{self.name}: event {number} exists but cannot be read",
                hint=f"look at {self.key(number)!r}: something that is no event may stand there.",
            )
        time.sleep(0.01)

    def _numbers(self) -> set[int]:
        names = (key.removeprefix(self.prefix) for key in self.store.list(self.prefix))
        return {int(found[1]) for found in map(_FILE.fullmatch, names) if found}

    def _check_numbers(self) -> None:
        numbers = self._numbers()
        for number in range(1, max(numbers, default=0)):
            if number not in numbers and not self.store.exists(self.key(number)):  # a listing may miss what is new
                raise IntegrityError(
                    f"{self.name}: event {number} is missing, but event {max(numbers)} is there",
                    hint="somebody removed it; restore the file from a copy. `verify()` lists every fault.",
                )

    def _accept(self, data: bytes) -> None:
        number = len(self._events) + 1
        try:
            event = Event.from_bytes(data)
        except FormatError as error:
            kind = FormatError if error.hint else IntegrityError  # what is newer is not damaged
            raise kind(f"{self.name}: event {number}: {error.message}", hint=error.hint) from error
        for fault in _misfits(event, data, log=self.name, number=number, previous=self._head):
            raise IntegrityError(
                f"{self.name}: event {number} {fault}",
                hint="the history was edited; restore it from a copy. `verify()` lists every fault.",
            )
        self._events.append(event)
        self._head = digest_of(data)


def _misfits(event: Event, data: bytes, *, log: str, number: int, previous: str) -> Iterator[str]:
    if event.log != log or event.number != number:
        yield f"belongs to another place: it says {event.id}"
    if event.previous != previous and previous != _UNKNOWN:
        yield "does not follow the event before it"
    if not event.is_stored_as(data):
        yield "is not stored in its canonical form"
