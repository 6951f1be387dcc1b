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
from maturekit.events.table import TABLE_EVERY, Table, Tables
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

    Whoever writes every tenth event stores a head beside it, every hundredth a pack, every thousandth a table: so what
    a history amounts to is known after reading one head and at most nine events, however long it is. All are caches,
    checked when they are read, and written again where they are missing.

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
        self.tables = Tables(store, name, seal=self.seal)
        self._head: Head | None = None
        self._known: dict[int, StoredEvent] = {}
        """Events that were read and found sound."""
        self._counted = False
        """Whether the numbers of the event files were found to be without a gap."""
        self._whole = 0
        """Up to which event the whole history was read, one following the other."""
        self._tables: dict[int, Table] = {}
        """Tables that were read and found sound, by their last event; each follows the one before."""
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
            self._check_numbers()
            self._read_behind(self._whole, self._known[self._whole].digest if self._whole else "", last)
            self._whole = last
            return [self._known[number] for number in range(1, (last if until is None else until) + 1)]

    def tabled(self) -> list[Table]:
        """Return the history by columns, oldest first: a table for each thousand events, and one for what is behind.

        A table is believed on its own digest (with keys on its mac) and on where it begins and ends; the events it
        stands for are not read. So it shows what is there, at a tenth of the cost of `stored`, which reads them all.
        """
        with self._lock:
            now, number, digest, found = self.head(), 0, "", list[Table]()
            self._check_numbers()
            while number < now.number:
                last = min(number + TABLE_EVERY, now.number)
                table = self._tables.get(last) or self._table(number, digest, last)
                if last % TABLE_EVERY == 0:
                    self._tables[last] = table
                found.append(table)
                number, digest = last, table.digest
            if digest != now.digest:
                raise self._broken(number, "is not the one that its table or head stands for")
            return found

    def event(self, number: int) -> StoredEvent:
        """Return one event; raise `KeyMissingError` if there is none of this number."""
        with self._lock:
            if number not in self._known:
                self._known[number] = self._read(number)
            return self._known[number]

    def listed(self, number: int) -> StoredEvent:
        """Return one event that `tabled` has told of; if it is not known yet, the whole history is read as `stored` does."""
        with self._lock:
            return self._known.get(number) or self.stored()[number - 1]

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

    def _read_behind(self, number: int, digest: str, last: int) -> None:
        """Read what follows an event: whole packs where they are sound, single events elsewhere."""
        while number < last:
            packed = number % PACK_EVERY == 0 and number + PACK_EVERY <= last
            found = self.packs.read(number + PACK_EVERY, previous=digest) if packed else None
            if found is not None:
                self._known.update(enumerate(found, number + 1))
                number += PACK_EVERY
            else:
                try:
                    self._following(Head(number, digest))
                except KeyMissingError:
                    raise self._gap(number + 1) from None
                number += 1
            digest = self._known[number].digest

    def _table(self, number: int, digest: str, last: int) -> Table:
        """Return what follows an event as a table: as it is stored, or made of the events."""
        stored = self.tables.read(last, previous=digest) if last % TABLE_EVERY == 0 else None
        if stored is not None:
            return stored
        self._read_behind(number, digest, last)
        return Table.of(self._known[place] for place in range(number + 1, last + 1))

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
        """Store a head, and in front of it what ends there: where a head is, the packs and tables before it are."""
        number = head.number
        if self.heads.read(number) is not None:
            return
        if number % PACK_EVERY == 0:
            numbers = range(number - PACK_EVERY + 1, number + 1)
            self.packs.write(number, (self.store.get(self.key(place)) for place in numbers))
        if number % TABLE_EVERY == 0:
            self._store_table(head)
        self.heads.write(head)

    def _store_table(self, head: Head) -> None:
        first = head.number - TABLE_EVERY + 1
        try:
            previous = self.event(first).event.previous
            table = self._table(first - 1, previous, head.number)
            if table.digest != head.digest:
                raise self._broken(head.number, "is not the one that its pack or table holds")
        except (FormatError, IntegrityError, KeyMissingError) as error:  # far behind: heads are stored all the same
            logger.warning("%s: no table was stored: %s", self.name, error)
        else:
            self.tables.write(head.number, table, previous=previous)

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
        """Raise unless the numbers of the events are whole; looked at once by whoever reads the history."""
        if self._counted:
            return
        names = list(filter(_EVENT.fullmatch, self.store.children(self.prefix)))
        if names and int(names[-1][:12]) != len(names):
            there = {int(name[:12]) for name in names}
            for number in _missing(there):
                if not self.store.exists(self.key(number)):  # a listing may miss what is new
                    raise self._gap(number)
        self._counted = True

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
