"""The heads, packs and tables of a history, compared with its events and stored again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from maturekit._core.digest import canonical_json
from maturekit.errors import FormatError, KeyMissingError, KeyTakenError, StorageError
from maturekit.events.head import HEAD_EVERY, START, Head
from maturekit.events.log import EventLog
from maturekit.events.pack import PACK_EVERY
from maturekit.events.stored import StoredEvent
from maturekit.events.table import TABLE_EVERY, Table

__all__ = ["DueCache", "cache_faults", "due_caches", "lost_ends", "mend_caches"]

_NAME = re.compile(r"([0-9]{12})\.(head\.json|pack\.jsonl|table\.json)")


@dataclass(frozen=True, slots=True)
class DueCache:
    """A cache as the events of a history would have it.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> list(due_caches(EventLog(MemoryStore(), "model/late"), []))
    []
    """

    key: str
    fault: Callable[[bytes], str]
    """What is wrong with stored bytes of it; an empty text if nothing is."""
    spelled: Callable[[], bytes]
    signed: bool
    """Whether it takes the keys of the history to store it."""


def due_caches(log: EventLog, history: Iterable[StoredEvent], *, states: bool = True) -> Iterator[DueCache]:
    """Yield every cache that a history of sound events may have, in the order in which they are stored.

    >>> from maturekit.storage import MemoryStore
    >>> from maturekit.events import Draft
    >>> log = EventLog(MemoryStore(), "model/late")
    >>> events = [log.append(Draft("note")) for _ in range(10)]
    >>> [cache.key for cache in due_caches(log, log.stored())]
    ['logs/model/late/000000000010.head.json']
    """
    head, events, previous = START, list[StoredEvent](), ""
    for stored in history:
        head = head.then(stored.event, stored.digest, log.step)
        events.append(stored)
        signed = stored.event.mac != "" and not log.seal.keys
        if head.number % PACK_EVERY == 0:  # in front of the head: where a head is, the packs and tables before it are
            packed = log.packs.spelled(one.data for one in events[-PACK_EVERY:])
            yield DueCache(
                log.packs.key(head.number), partial(_pack_fault, packed), partial(bytes, packed), signed=False
            )
        if head.number % TABLE_EVERY == 0:
            tabled = log.tables.spelled(head.number, Table.of(events), previous=previous)
            fault = partial(log.tables.fault, expected=tabled)
            yield DueCache(log.tables.key(head.number), fault, partial(bytes, tabled), signed=signed)
            events, previous = [], stored.digest
        if head.number % HEAD_EVERY == 0:
            fault = partial(_head_fault, log, expected=head, states=states)
            yield DueCache(log.heads.key(head.number), fault, partial(log.heads.spelled, head), signed=signed)


def cache_faults(log: EventLog, *, states: bool = True) -> Iterator[tuple[str, str]]:
    """Yield key and sentence for every stored head, pack and table that does not say what the events say.

    The events must be sound. Whoever removes these keys loses nothing. Where nobody knows how the states of a history
    follow from its events, say ``states=False``, and they are not compared. Without keys, macs are not looked at.

    >>> from maturekit.storage import MemoryStore
    >>> list(cache_faults(EventLog(MemoryStore(), "model/late")))
    []
    """
    there = _stored(log)
    for cache in due_caches(log, _events(log), states=states) if there else ():
        if there.pop(cache.key, None) is None:
            continue
        try:
            fault = cache.fault(log.store.get(cache.key))
        except KeyMissingError:
            continue  # removed meanwhile
        except StorageError as error:
            yield cache.key, error.message
        else:
            if fault:
                yield cache.key, f"{cache.key} {fault}"
    for key, number in there.items():
        lost = not log.store.exists(log.key(number))
        yield (
            key,
            f"{key} {'stands for events that are not there' if lost else 'is not where a head, pack or table belongs'}",
        )


def lost_ends(log: EventLog) -> list[str]:
    """Return the keys of heads, packs and tables that stand for events that are not there: then the end of a history is lost.

    >>> from maturekit.storage import MemoryStore
    >>> lost_ends(EventLog(MemoryStore(), "model/late"))
    []
    """
    return [key for key, number in _stored(log).items() if not log.store.exists(log.key(number))]


def mend_caches(log: EventLog) -> tuple[int, int]:
    """Remove the caches that are wrong, store those that are missing, and return how many of each.

    The events must be sound, and the history must know its states. Heads and tables of a signed history are stored by
    those only who have its keys.

    >>> from maturekit.storage import MemoryStore
    >>> mend_caches(EventLog(MemoryStore(), "model/late"))
    (0, 0)
    """
    wrong = [key for key, _ in cache_faults(log)]
    for key in wrong:
        log.store.delete(key)
    stored = 0
    for cache in due_caches(log, _events(log)):
        if cache.signed or log.store.exists(cache.key):
            continue
        with contextlib.suppress(KeyTakenError):
            log.store.put_new(cache.key, cache.spelled())
            stored += 1
    return len(wrong), stored


def _stored(log: EventLog) -> dict[str, int]:
    """Return the key of every cache that is there, and the number of the event that it ends with."""
    folder = f"logs/{log.name}/"
    found = (_NAME.fullmatch(name) for name in log.store.children(folder))
    return {f"{folder}{name[0]}": int(name[1]) for name in found if name}


def _events(log: EventLog) -> Iterator[StoredEvent]:
    """Read every event afresh."""
    return (StoredEvent(log.store.get(log.key(number))) for number in range(1, max(log.numbers(), default=0) + 1))


def _pack_fault(expected: bytes, data: bytes) -> str:
    return "" if data == expected else "differs from its events"


def _head_fault(log: EventLog, data: bytes, *, expected: Head, states: bool) -> str:
    try:
        found = log.heads.parsed(data, expected.number)
    except FormatError as error:
        return "" if log.heads.is_newer(data) else f"is not used: {error.message}"
    same = (found.digest, found.time) == (expected.digest, expected.time)
    same_state = not states or canonical_json(found.state) == canonical_json(expected.state)
    return "" if same and same_state else "differs from its events"
