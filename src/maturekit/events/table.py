"""A thousand events by columns, so that a long history is listed without reading every event."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maturekit._core.digest import canonical_json
from maturekit.errors import FormatError
from maturekit.events.cache import keep_cache, read_cache
from maturekit.events.column import Column
from maturekit.events.seal import Seal, unsealed_text
from maturekit.events.stored import StoredEvent
from maturekit.storage import Store

__all__ = ["TABLE_EVERY", "Table", "Tables"]

TABLE_EVERY = 1000
"""Events in a table; a multiple of `PACK_EVERY`."""

_LEFT_OUT = ("check", "format", "kind", "log", "mac", "previous")
"""Fields of an event that a table says once, or not at all."""


@dataclass(frozen=True, slots=True)
class Table:
    """Events that follow one another, by kind: each kind is a column of what its events say.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from maturekit.events.event import Event
    >>> event = Event(log="model/late", number=1, time=datetime(2013, 5, 3, tzinfo=UTC), kind="version", actor="ada")
    >>> table = Table.of([StoredEvent(event.to_bytes())])
    >>> table.kinds["version"].part("actor").values()
    ['ada']
    """

    digest: str
    """Of the last event."""
    kinds: Mapping[str, Column]

    @classmethod
    def of(cls, events: Iterable[StoredEvent]) -> Table:
        """Return events that were found sound as a table."""
        told, digest = defaultdict[str, list[dict[str, Any]]](list), ""
        for stored in events:
            event = json.loads(stored.data)
            told[event["kind"]].append({name: value for name, value in event.items() if name not in _LEFT_OUT})
            digest = stored.digest
        return cls(digest, {kind: Column.of(rows) for kind, rows in told.items()})


class Tables:
    """The tables of a history: caches that anyone may remove, and that are looked at before they are believed.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> tables = Tables(MemoryStore(), "model/late", seal=Seal())
    >>> tables.key(1000)
    'logs/model/late/000000001000.table.json'
    >>> tables.read(1000, previous="") is None
    True
    """

    def __init__(self, store: Store, log: str, *, seal: Seal) -> None:
        self.store = store
        self.log = log
        self.seal = seal

    def key(self, last: int) -> str:
        """Return the key of the table that ends with an event."""
        return f"logs/{self.log}/{last:012d}.table.json"

    def write(self, last: int, table: Table, *, previous: str) -> None:
        """Store a table; one that is there and says something else, or is not signed, is replaced."""
        data = self.spelled(last, table, previous=previous)
        keep_cache(self.store, self.key(last), data, lambda found: not self.fault(found, data))

    def read(self, last: int, *, previous: str) -> Table | None:
        """Return the table that ends with an event, or None if it is missing, damaged or cannot be read.

        `previous` is the digest of the event before its first.
        """
        return read_cache(self.store, self.key(last), lambda data: self._parsed(data, last, previous))

    def fault(self, data: bytes, expected: bytes) -> str:
        """Return what is wrong with a stored table, given how it would be spelled now; an empty text if nothing is."""
        fault = self.seal.text_fault(data)
        if fault:
            return f"is not used: it {fault}"
        return "" if unsealed_text(data) == unsealed_text(expected) else "differs from its events"

    def spelled(self, last: int, table: Table, *, previous: str) -> bytes:
        """Return the bytes of a table."""
        content = {
            "log": self.log,
            "number": last,
            "digest": table.digest,
            "previous": previous,
            "kinds": {kind: {"columns": column.told, "rows": column.rows} for kind, column in table.kinds.items()},
        }
        return canonical_json(self.seal.sealed(content))

    def _parsed(self, data: bytes, last: int, previous: str) -> Table:
        fault = self.seal.text_fault(data)
        if fault:
            raise FormatError(f"it {fault}")
        try:
            content: dict[str, Any] = json.loads(data)
            if (content["log"], content["number"], content["previous"]) != (self.log, last, previous):
                raise FormatError("it belongs to another place")
            kinds = {kind: Column(told["rows"], told["columns"]) for kind, told in content["kinds"].items()}
            return Table(content["digest"], kinds)
        except FormatError:
            raise
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise FormatError(f"it is malformed: {error!r:.200}") from error
