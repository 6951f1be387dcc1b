"""From a reference to the event of a version, with the nearest names when there is none."""

from __future__ import annotations

import re

from maturekit._core.digest import digest_of
from maturekit.errors import AliasNotFoundError, ArgumentError, IntegrityError, NotFoundError, VersionNotFoundError
from maturekit.events import Event, EventLog, State, StoredEvent
from maturekit.registry.state import positions, version_count
from maturekit.storage import Store

__all__ = ["alias_missing", "checked_cause", "find_alias", "find_number", "split_reference"]

_REFERENCE = re.compile(r"(?P<name>[^@:]*)(?:@(?P<alias>.*)|:(?P<number>[0-9]{1,12}))")
_EVENT = re.compile(r"(?P<log>[a-z]+/[a-z0-9._-]+)/(?P<number>[1-9][0-9]{0,11})")


def split_reference(reference: object) -> tuple[str, str | int]:
    """Return the name, and the alias or number, of a reference.

    >>> split_reference("late-flights@production"), split_reference("late-flights:3")
    (('late-flights', 'production'), ('late-flights', 3))
    """
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if found is None:
        raise ArgumentError(f"{reference!r:.100} is no reference to a version", hint="write 'name@alias' or 'name:3'.")
    return found["name"], int(found["number"]) if found["alias"] is None else found["alias"]


def find_alias(log: EventLog, alias: str, state: State) -> StoredEvent:
    """Return the event of the version where an alias stands."""
    stand = positions(state).get(alias)
    if stand is None:
        raise alias_missing(log, alias, state)
    if stand["event"] is None:
        return find_number(log, stand["to"], state)
    stored = log.event(stand["event"])
    event = stored.event
    if event.kind != "version" or event.body.get("number") != stand["to"]:
        raise IntegrityError(
            f"the alias {alias!r} of {log.name} leads to {event.id}, which did not register version {stand['to']}",
            hint="`verify()` lists every fault.",
        )
    return stored


def find_number(log: EventLog, number: int, state: State) -> StoredEvent:
    """Return the event of a version by its number."""
    count = version_count(state)
    if not 1 <= number <= count:
        raise VersionNotFoundError(
            f"{log.name.partition('/')[2]!r} has no version {number}",
            name=str(number),
            hint=f"its versions are 1 to {count}." if count else "it has none.",
        )
    return log.first(lambda state: version_count(state) >= number)


def alias_missing(log: EventLog, alias: str, state: State) -> AliasNotFoundError:
    """Return the error for an alias that a model does not have."""
    return AliasNotFoundError.named(f"alias of {log.name.partition('/')[2]!r}", alias, known=positions(state))


def checked_cause(store: Store, cause: Event | str | None) -> str | None:
    """Return the id of an event that exists, of this registry."""
    if cause is None:
        return None
    event = cause.id if isinstance(cause, Event) else cause
    found = _EVENT.fullmatch(event) if isinstance(event, str) else None
    if found is None:
        raise ArgumentError(f"{event!r:.100} is no event", hint="pass an Event, or its id, such as 'model/name/17'.")
    key = EventLog(store, found["log"]).key(int(found["number"]))
    if not store.exists(key):
        raise NotFoundError(f"there is no event {event!r} in {store}", name=event)
    if isinstance(cause, Event) and digest_of(store.get(key)) != cause.digest:
        raise ArgumentError(f"{event!r} is an event of another registry", hint="take it from this one.")
    return event
