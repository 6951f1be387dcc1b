"""From a reference to a version, with the nearest names when there is none."""

from __future__ import annotations

import re

from maturekit.errors import AliasNotFoundError, ArgumentError, NotFoundError, VersionNotFoundError
from maturekit.events import Event, EventLog
from maturekit.registry.bodies import VersionBody, body_of
from maturekit.registry.moves import alias_positions
from maturekit.registry.version import Home, Version
from maturekit.storage import Store

__all__ = ["alias_missing", "checked_cause", "find_number", "find_reference", "split_reference", "version_of"]

_REFERENCE = re.compile(r"(?P<name>[^@:]*)(?:@(?P<alias>.*)|:(?P<number>[0-9]{1,12}))")
_EVENT = re.compile(r"(?P<log>[a-z]+/[a-z0-9._-]+)/(?P<number>[0-9]{1,12})")


def split_reference(reference: object) -> tuple[str, str | int]:
    """Return the name, and the alias or number, of a reference.

    >>> split_reference("late-flights@production"), split_reference("late-flights:3")
    (('late-flights', 'production'), ('late-flights', 3))
    """
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if found is None:
        raise ArgumentError(f"{reference!r:.100} is no reference to a version", hint="write 'name@alias' or 'name:3'.")
    return found["name"], int(found["number"]) if found["alias"] is None else found["alias"]


def find_reference(home: Home, name: str, place: str | int, history: tuple[Event, ...]) -> Version:
    """Return the version that an alias or a number names."""
    if isinstance(place, int):
        return find_number(home, name, place, history)
    positions = alias_positions(history)
    if place not in positions:
        raise alias_missing(name, place, history)
    return find_number(home, name, positions[place], history)


def find_number(home: Home, name: str, number: int, history: tuple[Event, ...]) -> Version:
    """Return a version by its number."""
    events = [event for event in history if event.kind == "version"]
    if not 1 <= number <= len(events):
        raise VersionNotFoundError(
            f"{name!r} has no version {number}", name=str(number), hint=f"its versions are 1 to {len(events)}."
        )
    return version_of(home, events[number - 1])


def version_of(home: Home, event: Event) -> Version:
    """Return the version that an event made."""
    return Version(home, event, body_of(event, VersionBody))


def alias_missing(name: str, alias: str, history: tuple[Event, ...]) -> AliasNotFoundError:
    """Return the error for an alias that a model does not have."""
    return AliasNotFoundError.named(f"alias of {name!r}", alias, known=alias_positions(history))


def checked_cause(store: Store, cause: Event | str | None) -> str | None:
    """Return the id of an event that exists."""
    if cause is None:
        return None
    event = cause.id if isinstance(cause, Event) else cause
    found = _EVENT.fullmatch(event) if isinstance(event, str) else None
    if found is None:
        raise ArgumentError(f"{event!r:.100} is no event", hint="pass an Event, or its id, such as 'model/name/17'.")
    if not store.exists(EventLog(store, found["log"]).key(int(found["number"]))):
        raise NotFoundError(f"there is no event {event!r} in {store!r}", name=event)
    return event
