"""What a history says up to one of its events, and the small files that keep this for quick reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from maturekit._core.clock import iso, parse_iso
from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit.errors import FormatError
from maturekit.events.cache import keep_cache, read_cache
from maturekit.events.event import Event
from maturekit.events.seal import Seal
from maturekit.storage import Store

__all__ = ["HEAD_EVERY", "START", "Head", "Heads", "State", "Step"]

State = Mapping[str, JsonValue]
"""What a history amounts to, in values that JSON holds."""

Step = Callable[[State, Event, str], State]
"""From a state, the next event and its digest to the next state; the old one stays as it is."""

HEAD_EVERY = 10
"""Events between two stored heads: at most so many must be read behind one."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Head:
    """A history up to an event: its number, digest and time, and the state that the history amounts to.

    Examples
    --------
    >>> START.number, START.digest
    (0, '')
    """

    number: int = 0
    digest: str = ""
    """Of the stored bytes of the event."""
    time: datetime | None = None
    state: State = field(default_factory=dict)

    def then(self, event: Event, digest: str, step: Step) -> Head:
        """Return the head one event later."""
        return Head(event.number, digest, event.time, step(self.state, event, digest))


START = Head()
"""Before the first event."""


class Heads:
    """The stored heads of a history: caches that anyone may remove, and that are looked at before they are believed.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> heads = Heads(MemoryStore(), "model/late", seal=Seal())
    >>> heads.newest() is START
    True
    """

    def __init__(self, store: Store, log: str, *, seal: Seal) -> None:
        self.store = store
        self.log = log
        self.seal = seal

    def key(self, number: int) -> str:
        """Return the key of the head behind an event."""
        return f"logs/{self.log}/{number:012d}.head.json"

    def newest(self) -> Head:
        """Return the newest sound head that is stored, found by doubling and halving; `START` if there is none."""
        low, high = 0, HEAD_EVERY
        while self.store.exists(self.key(high)):
            low, high = high, 2 * high
        while high - low > HEAD_EVERY:
            middle = (low + high) // 2 // HEAD_EVERY * HEAD_EVERY
            low, high = (middle, high) if self.store.exists(self.key(middle)) else (low, middle)
        for number in range(low, max(low - 10 * HEAD_EVERY, 0), -HEAD_EVERY):
            head = self.read(number)
            if head is not None:
                return head
        return START

    def read(self, number: int) -> Head | None:
        """Return a stored head, or None if it is missing, damaged or cannot be read: the events say the same."""
        return read_cache(self.store, self.key(number), lambda data: self.parsed(data, number))

    def write(self, head: Head) -> None:
        """Store a head; one that is there already is as good, unless it is damaged or not signed: that is replaced."""
        key, data = self.key(head.number), self.spelled(head)
        keep_cache(self.store, key, data, lambda found: self.read(head.number) is not None or self.is_newer(found))

    def is_newer(self, data: bytes) -> bool:
        """Whether bytes are a sound head of a newer format, which is passed over and left alone."""
        try:
            content: Any = parse_json(data, what="it")
            return isinstance(content, dict) and content["format"] > _FORMAT and Seal().fault(content) == ""
        except (KeyError, TypeError, ValueError):
            return False

    def spelled(self, head: Head) -> bytes:
        """Return the bytes of a head."""
        content = {
            "format": _FORMAT,
            "log": self.log,
            "number": head.number,
            "digest": head.digest,
            "time": None if head.time is None else iso(head.time),
            "state": head.state,
        }
        return canonical_json(self.seal.sealed(content))

    def parsed(self, data: bytes, number: int) -> Head:
        """Return the head that bytes say, or raise `FormatError`."""
        content: dict[str, Any] = check_format(parse_json(data, what="it"), what="it", newest=_FORMAT)
        try:
            fault = self.seal.fault(content)
            if fault or canonical_json(content) != data:
                raise FormatError(f"it {fault or 'is not stored in its canonical form'}")
            if content["log"] != self.log or content["number"] != number:
                raise FormatError("it belongs to another place")
            return Head(number, content["digest"], parse_iso(content["time"]), content["state"])
        except FormatError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(f"it is malformed: {error!r:.200}") from error
