"""What the history of one model shows, for criteria to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maturekit.events import Event

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Evidence"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events of one model, read-only; criteria ask it and cite what they find.

    Parameters
    ----------
    model : str
        Name of the model.
    events : tuple of Event
        Its whole history, oldest first.
    alias : str, default "production"
        The alias that means: decisions depend on the version that holds it.

    Examples
    --------
    >>> from maturekit.events import Draft, EventLog
    >>> from maturekit.storage import MemoryStore
    >>> log = EventLog(MemoryStore(), "model/late")
    >>> for body in ({"number": 1}, {"number": 2}):
    ...     _ = log.append(Draft("version", body=body))
    >>> _ = log.append(Draft("alias", body={"alias": "production", "from": None, "to": 1}))
    >>> evidence = Evidence("late", log.events())
    >>> evidence.current.id
    'model/late/1'
    >>> evidence.served(2, before=evidence.events[-1])
    False
    """

    model: str
    events: tuple[Event, ...] = ()
    alias: str = "production"

    def of(self, *kinds: str) -> tuple[Event, ...]:
        """Return the events of some kinds, oldest first."""
        return tuple(event for event in self.events if event.kind in kinds)

    def reports(self, *kinds: str) -> tuple[Event, ...]:
        """Return the events by which reports of some kinds were attached, oldest first."""
        return tuple(event for event in self.of("report") if event.body.get("kind") in kinds)

    @property
    def moves(self) -> tuple[Event, ...]:
        """The events by which the alias moved to a version, oldest first."""
        return tuple(move for move in self._own_moves() if move.body.get("to") is not None)

    @property
    def approved(self) -> tuple[Event, ...]:
        """The moves that a policy let pass, oldest first."""
        return tuple(move for move in self.moves if move.body.get("policy") and move.body.get("verdict") == "passed")

    @property
    def current(self) -> Event | None:
        """The event of the version that counts: the one that holds the alias, else the newest."""
        versions = self.of("version")
        held = [move.body.get("to") for move in self._own_moves()]
        if held and held[-1] is not None:
            return next((event for event in versions if event.body.get("number") == held[-1]), None)
        return versions[-1] if versions else None

    def served(self, version: object, *, before: Event) -> bool:
        """Whether a version held the alias at some time before an event."""
        return any(move.body["to"] == version for move in self.moves if move.number < before.number)

    def lately(self, version: object) -> bool:
        """Whether a version holds the alias now, or is one of the last two that did."""
        if not self.moves:
            return False
        now = self.moves[-1].body["to"]
        before = [move.body["to"] for move in self.moves if move.body["to"] != now]
        return version in [now, *before[-1:]]

    def _own_moves(self) -> tuple[Event, ...]:
        """Return every event that moved the alias; of two aliases that changed places, as its own half of the event."""
        halves = (event.model_copy(update={"body": half}) for event in self.of("alias") for half in _halves(event.body))
        return tuple(event for event in halves if event.body.get("alias") == self.alias)


def _halves(body: dict[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
    yield body
    other = body.get("swap")
    if isinstance(other, dict):
        yield other
