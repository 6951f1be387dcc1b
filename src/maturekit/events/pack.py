"""Many events in one file, so that a long history is read in a few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from maturekit.errors import FormatError
from maturekit.events.cache import keep_cache, read_cache
from maturekit.events.seal import Seal
from maturekit.events.stored import StoredEvent
from maturekit.storage import Store

__all__ = ["PACK_EVERY", "Packs"]

PACK_EVERY = 100
"""Events in a pack; a multiple of `HEAD_EVERY`."""


class Packs:
    """The packs of a history: each holds the stored bytes of a hundred events, one a line.

    They are caches that anyone may remove. One is believed if its events follow one another from the digest of the
    event before, and the last one's own seal holds: then it holds what the event files held when it was made.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> packs = Packs(MemoryStore(), "model/late", seal=Seal())
    >>> packs.key(100)
    'logs/model/late/000000000100.pack.jsonl'
    >>> packs.read(100, previous="") is None
    True
    """

    def __init__(self, store: Store, log: str, *, seal: Seal) -> None:
        self.store = store
        self.log = log
        self.seal = seal

    def key(self, last: int) -> str:
        """Return the key of the pack that ends with an event."""
        return f"logs/{self.log}/{last:012d}.pack.jsonl"

    def write(self, last: int, events: Iterable[bytes]) -> None:
        """Store the bytes of the events that end with number `last`; a pack that is there and differs is replaced."""
        data = self.spelled(events)
        keep_cache(self.store, self.key(last), data, lambda found: found == data)

    def spelled(self, events: Iterable[bytes]) -> bytes:
        """Return the bytes of a pack."""
        return b"".join(event + b"\n" for event in events)

    def read(self, last: int, *, previous: str) -> list[StoredEvent] | None:
        """Return the events of a pack, or None if it is missing, damaged or cannot be read.

        `previous` is the digest of the event before its first.
        """
        return read_cache(self.store, self.key(last), lambda data: list(self._parsed(data, last, previous)))

    def _parsed(self, data: bytes, last: int, previous: str) -> Iterator[StoredEvent]:
        lines = data.split(b"\n")
        if len(lines) != PACK_EVERY + 1 or lines.pop():
            raise FormatError(f"it does not hold {PACK_EVERY} lines")
        for number, line in enumerate(lines, last - PACK_EVERY + 1):
            stored = StoredEvent(line)
            if not stored.follows(self.log, number, previous):
                raise FormatError(f"event {number} does not follow the one before it")
            # One seal is enough where only accidents are feared: the chain passes it on to the others. A forger could
            # write a chain of his own, so with keys every event is checked.
            fault = stored.event.fault(line, self.seal) if self.seal.keys or number == last else ""
            if fault:
                raise FormatError(f"event {number} {fault}")
            previous = stored.digest
            yield stored
