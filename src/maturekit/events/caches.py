"""The heads and packs of a history, compared with its events and stored again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from maturekit._core.digest import canonical_json
from maturekit.errors import FormatError, KeyMissingError, KeyTakenError, StorageError
from maturekit.events.head import HEAD_EVERY, START, Head
from maturekit.events.log import EventLog
from maturekit.events.pack import PACK_EVERY
from maturekit.events.stored import StoredEvent

__all__ = ["cache_faults", "lost_ends", "mend_caches"]

_NAME = re.compile(r"([0-9]{12})\.(head\.json|pack\.jsonl)")


def cache_faults(log: EventLog, *, states: bool = True) -> Iterator[tuple[str, str]]:
    """Yield key and sentence for every stored head and pack that does not say what the events say.

    The events must be sound. Whoever removes these keys loses nothing. Where nobody knows how the states of a history
    follow from its events, say ``states=False``, and they are not compared. Without keys, macs are not looked at.

    >>> from maturekit.storage import MemoryStore
    >>> list(cache_faults(EventLog(MemoryStore(), "model/late")))
    []
    """
    there = _stored(log)
    for key, expected in _due(log) if there else ():
        if key not in there:
            continue
        del there[key]
        try:
            data = log.store.get(key)
        except KeyMissingError:
            continue  # removed meanwhile
        except StorageError as error:
            yield key, error.message
            continue
        if isinstance(expected, Head):
            fault = _head_fault(log, data, expected, states=states)
        else:
            fault = "" if data == b"".join(line + b"\n" for line in expected) else "differs from its events"
        if fault:
            yield key, f"{key} {fault}"
    for key, number in there.items():
        lost = not log.store.exists(log.key(number))
        yield key, f"{key} {'stands for events that are not there' if lost else 'is not where a head or pack belongs'}"


def lost_ends(log: EventLog) -> list[str]:
    """Return the keys of heads and packs that stand for events that are not there: then the end of a history is lost.

    >>> from maturekit.storage import MemoryStore
    >>> lost_ends(EventLog(MemoryStore(), "model/late"))
    []
    """
    return [key for key, number in _stored(log).items() if not log.store.exists(log.key(number))]


def mend_caches(log: EventLog) -> tuple[int, int]:
    """Remove the heads and packs that are wrong, store those that are missing, and return how many of each.

    The events must be sound, and the history must know its states. Heads of a signed history are stored by those only
    who have its keys.

    >>> from maturekit.storage import MemoryStore
    >>> mend_caches(EventLog(MemoryStore(), "model/late"))
    (0, 0)
    """
    wrong = [key for key, _ in cache_faults(log)]
    for key in wrong:
        log.store.delete(key)
    stored = 0
    for key, expected in _due(log):
        if log.store.exists(key):
            continue
        with contextlib.suppress(KeyTakenError):
            if not isinstance(expected, Head):
                log.store.put_new(key, b"".join(line + b"\n" for line in expected))
                stored += 1
            elif log.seal.keys or not log.event(expected.number).event.mac:
                log.store.put_new(key, log.heads.spelled(expected))
                stored += 1
    return len(wrong), stored


def _stored(log: EventLog) -> dict[str, int]:
    """Return the key of every cache that is there, and the number of the event that it ends with."""
    folder = f"logs/{log.name}/"
    found = (_NAME.fullmatch(name) for name in log.store.children(folder))
    return {f"{folder}{name[0]}": int(name[1]) for name in found if name}


def _due(log: EventLog) -> Iterator[tuple[str, Head | list[bytes]]]:
    """Yield every key that a cache may have, and what it stands for: a head, or the bytes of the events of a pack."""
    head, lines = START, list[bytes]()
    for number in range(1, max(log.numbers(), default=0) + 1):
        stored = StoredEvent(log.store.get(log.key(number)))
        head = head.then(stored.event, stored.digest, log.step)
        lines.append(stored.data)
        if number % PACK_EVERY == 0:  # in front of the head: where a head is, the packs before it are
            yield log.packs.key(number), lines
            lines = []
        if number % HEAD_EVERY == 0:
            yield log.heads.key(number), head


def _head_fault(log: EventLog, data: bytes, expected: Head, *, states: bool) -> str:
    try:
        found = log.heads.parsed(data, expected.number)
    except FormatError as error:
        return "" if log.heads.is_newer(data) else f"is not used: {error.message}"
    same = (found.digest, found.time) == (expected.digest, expected.time)
    same_state = not states or canonical_json(found.state) == canonical_json(expected.state)
    return "" if same and same_state else "differs from its events"
