"""Where an alias was before, read from a history."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from maturekit.events import Event, State
from maturekit.registry.state import model_step, moves_of

__all__ = ["alias_stack", "state_behind"]


def alias_stack(history: Iterable[Event], alias: str) -> list[int]:
    """Return the versions to which an alias can be rolled back, and at the end the one where it stands.

    A promotion adds a version, a rollback takes one away: so rolling back twice goes two promotions back, and never
    returns to what was rolled back.

    >>> alias_stack([], "production")
    []
    """
    stack: list[int] = []
    for move in (move for event in history if event.kind == "alias" for move in moves_of(event)):
        if move.alias != alias:
            continue
        if move.rollback:
            stack = stack[:-1]
        elif move.to is None:
            stack = []
        elif stack[-1:] != [move.to]:
            stack.append(move.to)
    return stack


def state_behind(history: Iterable[Event]) -> State:
    """Return the state that some events, from the first on, amount to.

    >>> state_behind([])
    {}
    """
    start: State = {}
    return reduce(lambda state, event: model_step(state, event, ""), history, start)
