"""What a model's history amounts to: how many versions there are, where the aliases stand, the newest erasure."""

from __future__ import annotations

from typing import Any

from maturekit._core.clock import Clock, utc_now
from maturekit.events import Event, EventLog, Seal, State
from maturekit.registry.bodies import MoveBody, VersionBody, body_of
from maturekit.storage import Store

__all__ = ["model_step", "moves_of", "open_history", "positions", "version_count"]


def open_history(store: Store, name: str, *, seal: Seal | None = None, clock: Clock = utc_now) -> EventLog:
    """Return a history of a registry by kind and name; that of a model knows what it amounts to.

    >>> from maturekit.storage import MemoryStore
    >>> open_history(MemoryStore(), "model/late").head().state
    {}
    """
    if name.startswith("model/"):
        return EventLog(store, name, clock=clock, step=model_step, seal=seal)
    return EventLog(store, name, clock=clock, seal=seal)


def model_step(state: State, event: Event, digest: str) -> State:  # noqa: ARG001  # a step is asked with three
    """Return the state of a model's history behind the next event.

    >>> from datetime import UTC, datetime
    >>> body = {"alias": "production", "from": None, "to": 3, "event": 7, "judged": 7}
    >>> move = Event(log="model/late", number=8, time=datetime(2013, 5, 3, tzinfo=UTC), kind="alias", body=body)
    >>> model_step({"versions": 3}, move, "")
    {'versions': 3, 'aliases': {'production': {'event': 7, 'to': 3}}}
    """
    if event.kind == "version":
        return {**state, "versions": body_of(event, VersionBody).number}
    if event.kind == "erasure":
        return {**state, "erasure": event.number}  # of the newest: what was registered later is whole
    if event.kind != "alias":
        return state
    aliases: dict[str, Any] = dict(positions(state))
    for move in moves_of(event):
        if move.to is None:
            aliases.pop(move.alias, None)
        else:
            aliases[move.alias] = {"event": move.event, "to": move.to}
    return {**state, "aliases": aliases}


def moves_of(event: Event) -> tuple[MoveBody, ...]:
    """Return the one or two moves of an event of kind `alias`."""
    move = body_of(event, MoveBody)
    return (move,) if move.swap is None else (move, move.swap)


def positions(state: State) -> dict[str, dict[str, int]]:
    """Return, for every alias, the version where it stands and the number of the event that registered it."""
    aliases: Any = state.get("aliases", {})
    return dict(aliases)


def version_count(state: State) -> int:
    """Return the number of the newest version; 0 if there is none."""
    count: Any = state.get("versions", 0)
    return int(count)
