"""Where aliases stand, read from a history."""

from __future__ import annotations

from collections.abc import Iterable

from maturekit.events import Event
from maturekit.registry.bodies import MoveBody, body_of

__all__ = ["alias_positions", "alias_stack"]


def alias_positions(history: Iterable[Event]) -> dict[str, int]:
    """Return the version number of every alias, at the end of a history.

    >>> alias_positions([])
    {}
    """
    positions: dict[str, int] = {}
    for move in _moves(history):
        if move.to is None:
            positions.pop(move.alias, None)
        else:
            positions[move.alias] = move.to
    return positions


def alias_stack(history: Iterable[Event], alias: str) -> list[int]:
    """Return the versions to which an alias can be rolled back, and at the end the one where it stands.

    A promotion adds a version, a rollback takes one away: so rolling back twice goes two promotions back, and never
    returns to what was rolled back.

    >>> alias_stack([], "production")
    []
    """
    stack: list[int] = []
    for move in _moves(history):
        if move.alias != alias:
            continue
        if move.rollback:
            stack = stack[:-1]
        elif move.to is None:
            stack = []
        elif stack[-1:] != [move.to]:
            stack.append(move.to)
    return stack


def _moves(history: Iterable[Event]) -> Iterable[MoveBody]:
    return (body_of(event, MoveBody) for event in history if event.kind == "alias")
