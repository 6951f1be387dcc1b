"""A history in a store: one event a file, each claimed by creating the next number."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from maturekit._core.clock import Clock, as_utc, utc_now
from maturekit._core.digest import digest_of
from maturekit.errors import FormatError, IntegrityError, KeyMissingError, KeyTakenError
from maturekit.events.event import Draft, Event
from maturekit.storage import Store

__all__ = ["EventLog"]


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
        while True:
            with self._lock:
                history = self.events()
                head = self._head
            wish = draft if isinstance(draft, Draft) else draft(history)
            now = as_utc(self.clock(), what="the clock's time")
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
            try:
                self.store.put_new(self.key(event.number), event.to_bytes())
            except KeyTakenError:
                continue  # another writer was first: read what it wrote and decide again
            return event

    def faults(self) -> Iterator[str]:
        """Yield a sentence for every event that is missing, malformed or does not fit; read everything afresh."""
        expected, previous = 1, ""
        for key in self.store.list(self.prefix):
            number = self._number(key)
            if number is None:
                continue
            if number != expected:
                yield f"{self.name}: event {expected} is missing"
                previous = "unknown"
            expected = number + 1
            data = self.store.get(key)
            try:
                event = Event.from_bytes(data)
            except FormatError as error:
                yield f"{self.name}: event {number}: {error.message}"
                previous = "unknown"
                continue
            for fault in _misfits(event, data, log=self.name, number=number, previous=previous):
                yield f"{self.name}: event {number} {fault}"
            previous = digest_of(data)

    def _check_numbers(self) -> None:
        numbers = [number for number in map(self._number, self.store.list(self.prefix)) if number is not None]
        for place, number in enumerate(numbers, start=1):
            if number != place:
                raise IntegrityError(
                    f"{self.name}: event {place} is missing, but event {number} is there",
                    hint="somebody removed it; restore the file from a copy. `verify()` lists every fault.",
                )

    def _number(self, key: str) -> int | None:
        stem, dot, ending = key.removeprefix(self.prefix).partition(".")
        return int(stem) if dot and ending == "json" and stem.isascii() and stem.isdigit() else None

    def _accept(self, data: bytes) -> None:
        number = len(self._events) + 1
        try:
            event = Event.from_bytes(data)
        except FormatError as error:
            raise IntegrityError(f"{self.name}: event {number}: {error.message}") from error
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
    if event.previous != previous and previous != "unknown":
        yield "does not follow the event before it"
    if event.to_bytes() != data:
        yield "is not stored in its canonical form"
