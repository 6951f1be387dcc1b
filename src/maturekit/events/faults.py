"""Every fault of a history, read afresh."""

from __future__ import annotations

from collections.abc import Iterator

from maturekit._core.digest import digest_of
from maturekit.errors import FormatError, KeyMissingError, MaturekitError, StorageError
from maturekit.events.event import Event
from maturekit.events.head import HEAD_EVERY, START
from maturekit.events.log import EventLog
from maturekit.events.pack import PACK_EVERY

__all__ = ["cache_faults", "event_faults"]


def event_faults(log: EventLog) -> Iterator[str]:
    """Yield a sentence for every event that is missing, malformed or does not fit.

    >>> from maturekit.storage import MemoryStore
    >>> list(event_faults(EventLog(MemoryStore(), "model/late")))
    []
    """
    before: Event | None = None
    previous: str | None = ""
    for number in range(1, max(log.numbers(), default=0) + 1):
        try:
            data = log.store.get(log.key(number))
            event = Event.from_bytes(data)
        except KeyMissingError:
            yield f"{log.name}: event {number} is missing"
            previous = None
            continue
        except (FormatError, StorageError) as error:
            yield f"{log.name}: event {number}: {error.message}"
            previous = None
            continue
        for fault in log.misfits(event, data, number=number, previous=previous):
            yield f"{log.name}: event {number} {fault}"
        if before is not None and event.time < before.time:
            yield f"{log.name}: event {number} is earlier than event {before.number}"
        before, previous = event, digest_of(data)


def cache_faults(log: EventLog) -> Iterator[tuple[str, str]]:
    """Yield key and sentence for every stored head and pack that does not say what the events say.

    The events must be sound. Whoever removes these keys loses nothing: the next writer stores them again.

    >>> from maturekit.storage import MemoryStore
    >>> list(cache_faults(EventLog(MemoryStore(), "model/late")))
    []
    """
    folder = f"logs/{log.name}/"
    there = {f"{folder}{name}" for name in log.store.children(folder) if name != "events"}
    head, packed = START, b""
    last = max(log.numbers(), default=0)
    for number in range(1, last + 1):
        data = log.store.get(log.key(number))
        head = head.then(Event.from_bytes(data), digest_of(data), log.step)
        packed += data + b"\n"
        if number % HEAD_EVERY == 0:
            yield from _differs(log, log.heads.key(number), log.heads.spelled(head), there)
        if number % PACK_EVERY == 0:
            yield from _differs(log, log.packs.key(number), packed, there)
            packed = b""
    yield from ((key, f"{key} stands for events that are not there") for key in sorted(there))


def _differs(log: EventLog, key: str, expected: bytes, there: set[str]) -> Iterator[tuple[str, str]]:
    if key not in there:
        return
    there.discard(key)
    try:
        same = log.store.get(key) == expected
    except MaturekitError as error:
        yield key, error.message
        return
    if not same:
        yield key, f"{key} differs from the events it stands for"
