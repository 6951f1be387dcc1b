"""Every fault of a history, read afresh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maturekit.errors import FormatError, KeyMissingError, StorageError
from maturekit.events.event import Event
from maturekit.events.log import EventLog
from maturekit.events.stored import StoredEvent

__all__ = ["JudgedEvent", "event_faults", "judged_events"]

_LAG = 100
"""A listing may lag behind its folder by so many numbers; wider gaps are not looked into one by one."""


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """One place of a history, as it was found when it was read afresh.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> store = MemoryStore()
    >>> store.put_new("logs/model/late/events/000000000001.json", b"{}")
    >>> [judged] = judged_events(EventLog(store, "model/late"))
    >>> judged.number, judged.stored, judged.unread
    (1, None, False)
    """

    number: int
    stored: StoredEvent | None
    """None where the event is missing or says nothing that can be read."""
    faults: tuple[str, ...] = ()
    unread: bool = False
    """Whether the faults say why nobody could look, and not what is wrong: a reading error, or a newer format."""


def judged_events(log: EventLog) -> Iterator[JudgedEvent]:
    """Yield every event with the sentences that say what is wrong with it; events that are missing in a row are one.

    >>> from maturekit.storage import MemoryStore
    >>> list(judged_events(EventLog(MemoryStore(), "model/late")))
    []
    """
    before: Event | None = None
    previous: str | None = ""
    there = log.numbers()
    last, number = max(there, default=0), 1
    while number <= last:
        absent = number - 1 if number in there else _absent_until(log, number, there)
        if absent >= number:
            which = f"event {number} is" if absent == number else f"events {number} to {absent} are"
            yield JudgedEvent(number, None, (f"{log.name}: {which} missing",))
            number, previous = absent + 1, None
            continue
        judged = _judged(log, number, previous, before)
        yield judged
        before = before if judged.stored is None else judged.stored.event
        previous = None if judged.stored is None else judged.stored.digest
        number += 1


def event_faults(log: EventLog) -> Iterator[str]:
    """Yield a sentence for every event that is missing, malformed or does not fit.

    >>> from maturekit.storage import MemoryStore
    >>> list(event_faults(EventLog(MemoryStore(), "model/late")))
    []
    """
    for judged in judged_events(log):
        yield from judged.faults


def _absent_until(log: EventLog, number: int, there: set[int]) -> int:
    """Return the last of the events that are missing from this number on; a smaller number if the listing missed it."""
    end = min(known for known in there if known > number) - 1
    if end - number >= _LAG:
        return end
    while number <= end and not log.store.exists(log.key(number)):
        number += 1
    return number - 1


def _judged(log: EventLog, number: int, previous: str | None, before: Event | None) -> JudgedEvent:
    where = f"{log.name}: event {number}"
    try:
        stored = StoredEvent(log.store.get(log.key(number)))
        event = stored.event
    except KeyMissingError:
        return JudgedEvent(number, None, (f"{where} is missing",))
    except FormatError as error:
        return JudgedEvent(number, None, (f"{where}: {error.message}",), unread=bool(error.hint))
    except StorageError as error:
        return JudgedEvent(number, None, (f"{where}: {error.message}",), unread=True)
    misfits = log.misfits(event, stored.data, number=number, previous=previous)
    faults = [f"{where} {misfit}" for misfit in misfits]
    if before is not None and event.time < before.time:
        faults.append(f"{where} is earlier than event {before.number}")
    return JudgedEvent(number, stored, tuple(faults))
