"""A history in a store: one event a file, each claimed by creating the next number."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator

from maturekit._core.clock import Clock, as_utc, utc_now
from maturekit._core.locks import ForkLock
from maturekit._core.logs import logger
from maturekit.errors import ArgumentError, FormatError, IntegrityError, KeyMissingError, KeyTakenError, StorageError
from maturekit.events.event import Draft, Event
from maturekit.events.head import HEAD_EVERY, START, Head, Heads, State, Step
from maturekit.events.pack import PACK_EVERY, Packs
from maturekit.events.seal import Seal
from maturekit.events.stored import StoredEvent
from maturekit.storage import Store

__all__ = ["EventLog"]

_PATIENCE = 2.0
"""Seconds that a network share may take to show an event that another writer has created."""
_EVENT = re.compile(r"[0-9]{12}\.json")
_AHEAD = (2, 3, 4)
"""How far behind the newest event an opening log looks for events that should not be there."""


def _same(state: State, event: Event, digest: str) -> State:  # noqa: ARG001  # every step is asked alike
    return state


class EventLog:
    """A history that only grows, in which each event carries the digest of the one before.

    An event is one file, ``logs/<name>/events/000000000001.json``, created by `Store.put_new`. That one primitive
    gives total order, many writers without locks, and a history in which any edit, removal or swap is found. Truncation
    is found by comparing the digest of `head` with a copy kept elsewhere.

    Whoever writes every tenth event stores a head beside it, and every hundredth a pack: so what a history amounts to
    is known after reading one head and at most nine events, however long it is. Both are caches, checked when they are
    read, and written again where they are missing.

    Safe for several threads and processes. Looking again costs one look at whether the next event is there.

    Parameters
    ----------
    store : Store
        Where the events are kept.
    name : str
        Kind and name, such as ``"model/late-flights"``.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default.
    step : callable, optional
        From a state, the next event and its digest to the next state; states hold what JSON holds, the first is empty.
    seal : Seal, optional
        The keys that sign and check the events; none by default.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> log = EventLog(MemoryStore(), "model/late-flights")
    >>> log.append(Draft("version", actor="ada")).number
    1
    >>> log.append(Draft("alias", actor="ada")).previous == log.events()[0].digest
    True
    >>> log.head().number
    2
    """

    def __init__(
        self, store: Store, name: str, *, clock: Clock = utc_now, step: Step = _same, seal: Seal | None = None
    ) -> None:
        self.store = store
        self.name = name
        self.clock = clock
        self.step = step
        self.seal = seal or Seal()
        self.heads = Heads(store, name, seal=self.seal)
        self.packs = Packs(store, name, seal=self.seal)
        self._head: Head | None = None
        self._known: dict[int, StoredEvent] = {}
        """Events that were read and found sound."""
        self._whole = 0
        """Up to which event the whole history was read, one following the other."""
        self._owed: dict[int, Head] = {}
        """Heads that were passed and perhaps not yet stored, by their numbers."""
        self._lock = ForkLock()

    @property
    def prefix(self) -> str:
        """The keys of the events begin with this, and so do those of the content that they name."""
        return f"logs/{self.name}/events/"

    def key(self, number: int) -> str:
        """Return the key of an event."""
        return f"{self.prefix}{number:012d}.json"

    def head(self) -> Head:
        """Return where the history stands now."""
        with self._lock:
            opening = self._head is None
            head = self._head or self.heads.newest()
            head = self._walk(head)
            while opening and any(self.store.exists(self.key(head.number + far)) for far in _AHEAD):
                if not self.store.exists(self.key(head.number + 1)):
                    raise self._gap(head.number + 1)
                head = self._walk(head)  # other writers added it meanwhile
            self._head = head
            return head

    def events(self, *, until: int | None = None) -> tuple[Event, ...]:
        """Return the history, oldest first, up to event number `until`; raise `IntegrityError` if it does not fit."""
        return tuple(stored.event for stored in self.stored(until=until))

    def stored(self, *, until: int | None = None) -> list[StoredEvent]:
        """Return the history as `events` does, each event unread until somebody asks what it says."""
        with self._lock:
            last = self.head().number
            if self._whole == 0:
                self._check_numbers()
            self._read_whole(last)
            return [self._known[number] for number in range(1, (last if until is None else until) + 1)]

    def event(self, number: int) -> StoredEvent:
        """Return one event; raise `KeyMissingError` if there is none of this number."""
        with self._lock:
            if number not in self._known:
                self._known[number] = self._read(number)
            return self._known[number]

    def first(self, reached: Callable[[State], bool]) -> StoredEvent:
        """Return the event behind which a condition on the state holds, which from then on holds for good.

        Found among the stored heads by halving. Raises `ArgumentError` if it does not hold now.
        """
        with self._lock:
            now = self.head()
            if not reached(now.state):
                raise ArgumentError(f"{self.name}: the condition does not hold")
            low, high = START, now.number
            while high - low.number > HEAD_EVERY:
                middle = self.heads.read((low.number + high) // 2 // HEAD_EVERY * HEAD_EVERY or HEAD_EVERY)
                if middle is None or not low.number < middle.number < high:
                    break  # a head is missing: walk from the last one before it
                low, high = (low, middle.number) if reached(middle.state) else (middle, high)
            while True:
                stored = self._following(low)
                low = low.then(stored.event, stored.digest, self.step)
                if reached(low.state):
                    return stored

    def append(self, draft: Draft | Callable[[Head], Draft]) -> Event:
        """Add an event and return it as stored.

        A function is called with the head it must judge, and again if another event lands first, so that no decision
        rests on a history that has moved on.
        """
        beaten_at, since = 0, 0.0
        while True:
            head = self.head()
            if beaten_at == head.number + 1:
                self._wait_for(beaten_at, since)
                continue
            wish = draft if isinstance(draft, Draft) else draft(head)
            event, data = self._event(wish, head)
            try:
                self.store.put_new(self.key(event.number), data)
            except KeyTakenError:  # another writer was first: read what it wrote and decide again
                beaten_at, since = event.number, time.monotonic()
                continue
            self._accept(StoredEvent(data, event))
            return event

    def misfits(self, event: Event, data: bytes, *, number: int, previous: str | None) -> Iterator[str]:
        """Yield what is wrong with the bytes of an event, given its place; `previous` is None where nobody knows it."""
        if event.log != self.name or event.number != number:
            yield f"belongs to another place: it says {event.id}"
        elif previous is not None and event.previous != previous:
            yield "does not follow the event before it"
        fault = event.fault(data, self.seal)
        if fault:
            yield fault

    def numbers(self) -> set[int]:
        """Return the numbers of all event files that are there."""
        names = self.store.children(self.prefix)
        return {int(name[:12]) for name in names if _EVENT.fullmatch(name)}

    def _walk(self, head: Head) -> Head:
        """Return the head behind the newest event."""
        while True:
            try:
                stored = self._following(head)
            except KeyMissingError:
                return head
            head = head.then(stored.event, stored.digest, self.step)
            if head.number % HEAD_EVERY == 0:
                self._owed[head.number] = head

    def _following(self, head: Head) -> StoredEvent:
        number = head.number + 1
        if number not in self._known:
            self._known[number] = self._read(number, previous=head.digest)
        stored = self._known[number]
        if stored.event.previous != head.digest:
            raise self._broken(number, "does not follow the event before it")
        return stored

    def _read(self, number: int, *, previous: str | None = None) -> StoredEvent:
        data = self.store.get(self.key(number))
        try:
            event = Event.from_bytes(data)
        except FormatError as error:
            kind = FormatError if error.hint else IntegrityError  # what is newer is not damaged
            hint = error.hint or "restore the file from a copy. `verify()` lists every fault."
            raise kind(f"{self.name}: event {number}: {error.message}", hint=hint) from error
        for fault in self.misfits(event, data, number=number, previous=previous):
            raise self._broken(number, fault)
        return StoredEvent(data, event)

    def _read_whole(self, last: int) -> None:
        """Read what is still missing up to an event: whole packs where they are sound, single events elsewhere."""
        while self._whole < last:
            previous = self._known[self._whole].digest if self._whole else ""
            packed = self._whole % PACK_EVERY == 0 and self._whole + PACK_EVERY <= last
            found = self.packs.read(self._whole + PACK_EVERY, previous=previous) if packed else None
            if found is not None:
                self._known.update(enumerate(found, self._whole + 1))
                self._whole += PACK_EVERY
                continue
            number = self._whole + 1
            try:
                self._following(Head(self._whole, previous))
            except KeyMissingError:
                raise self._gap(number) from None
            self._whole = number

    def _accept(self, stored: StoredEvent) -> None:
        """Go on behind an event that this object has written, and store the caches that are due.

        The event is safe, and raising an error would say that it is not: trouble behind it is for the next who looks.
        """
        with self._lock:
            self._known[stored.event.number] = stored
            try:
                self.head()
                for number in sorted(self._owed):
                    self._store_caches(self._owed[number])
                    del self._owed[number]
            except (FormatError, IntegrityError, StorageError) as error:
                logger.warning("%s: no head was stored: %s", self.name, error)

    def _store_caches(self, head: Head) -> None:
        """Store a head, and in front of it the pack that ends there: where a head is, the packs before it are."""
        if self.heads.read(head.number) is not None:
            return
        if head.number % PACK_EVERY == 0:
            numbers = range(head.number - PACK_EVERY + 1, head.number + 1)
            self.packs.write(head.number, (self.store.get(self.key(number)) for number in numbers))
        self.heads.write(head)

    def _event(self, wish: Draft, head: Head) -> tuple[Event, bytes]:
        now = as_utc(self.clock(), what="the clock's time")
        try:
            event = Event(
                log=self.name,
                number=head.number + 1,
                time=now if head.time is None else max(now, head.time),
                kind=wish.kind,
                subject=wish.subject,
                body=wish.body,
                actor=wish.actor,
                actor_kind=wish.actor_kind,
                role=wish.role,
                reason=wish.reason,
                cause=wish.cause,
                previous=head.digest,
            ).sealed(self.seal)
            data = event.to_bytes()
            if Event.from_bytes(data) != event:  # two halves of a surrogate pair, which read back as one character
                raise ArgumentError("it would not read back as it was written; is all its text valid Unicode?")
        except (ValueError, RecursionError) as error:
            raise ArgumentError(f"{self.name}: an event of kind {wish.kind!r} cannot be stored: {error}") from error
        else:
            return event, data

    def _wait_for(self, number: int, since: float) -> None:
        if time.monotonic() - since > _PATIENCE:
            raise StorageError(
                f"{self.name}: event {number} exists but cannot be read",
                hint=f"look at {self.key(number)!r}: something that is no event may stand there.",
            )
        time.sleep(0.01)

    def _check_numbers(self) -> None:
        numbers = self.numbers()
        for number in _missing(numbers):
            if not self.store.exists(self.key(number)):  # a listing may miss what is new
                raise self._gap(number)

    def _gap(self, number: int) -> IntegrityError:
        return IntegrityError(
            f"{self.name}: event {number} is missing, but later ones are there",
            hint="somebody removed it; restore the file from a copy. `verify()` lists every fault.",
        )

    def _broken(self, number: int, fault: str) -> IntegrityError:
        return IntegrityError(
            f"{self.name}: event {number} {fault}",
            hint="the history was edited; restore it from a copy. `verify()` lists every fault.",
        )


def _missing(numbers: Iterable[int]) -> Iterator[int]:
    there = set(numbers)
    return (number for number in range(1, max(there, default=0)) if number not in there)
