"""What changed between two schemas, and whom it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from maturekit.schema.column import Column
from maturekit.schema.rule import Rule

__all__ = ["Breaks", "Change", "changes"]

Breaks = Literal["producers", "consumers", "both", "nobody"]

_LOOSER = {"severity": ("error", "warning", "info"), "unknown": ("reject", "flag", "allow")}


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One difference between an old schema and a new one.

    Parameters
    ----------
    place : str
        Name of the column, or the rule.
    what : str
        What changed: ``"added"``, ``"removed"``, ``"order"`` or the name of a parameter.
    before, after : str
        The old and the new value as text; empty where there is none.
    breaks : {"producers", "consumers", "both", "nobody"}
        Producers write the table: they break when data that were valid no longer are. Consumers read it: they break
        when something they could rely on no longer holds.

    Examples
    --------
    >>> Change("age", "nullable", "False", "True", "consumers").breaks
    'consumers'
    """

    place: str
    what: str
    before: str
    after: str
    breaks: Breaks

    def __repr__(self) -> str:
        """Return the change in one line."""
        return (
            f"Change({self.place!r}, {self.what!r}, before={self.before!r}, after={self.after!r}, "
            f"breaks={self.breaks!r})"
        )


def changes(
    old: Mapping[str, Column], new: Mapping[str, Column], old_rules: Sequence[Rule], new_rules: Sequence[Rule]
) -> Iterator[Change]:
    """Yield every difference: columns that are gone, new or changed, their order, and the rules."""
    for name, column in old.items():
        if name not in new:
            yield Change(name, "removed", repr(column), "", "consumers")
    for name, column in new.items():
        if name not in old:
            yield Change(name, "added", "", repr(column), "producers")
        else:
            yield from _column_changes(name, old[name], column)
    kept, now = [name for name in old if name in new], [name for name in new if name in old]
    if kept != now:
        yield Change("columns", "order", ", ".join(kept), ", ".join(now), "nobody")
    for rule in old_rules:
        if rule not in new_rules:
            yield Change(repr(rule), "removed", repr(rule), "", "consumers")
    for rule in new_rules:
        if rule not in old_rules:
            yield Change(repr(rule), "added", "", repr(rule), "producers")


def _column_changes(name: str, old: Column, new: Column) -> Iterator[Change]:
    for what in type(old).model_fields:
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            yield Change(name, what, _text(before), _text(after), _breaks(what, before, after))


def _breaks(what: str, before: Any, after: Any) -> Breaks:
    if what == "tags":
        return "nobody"
    if what == "role":
        return "consumers"
    tightened, loosened = _directions(what, before, after)
    if tightened and loosened:
        return "both"
    return "producers" if tightened else "consumers"


def _directions(what: str, before: Any, after: Any) -> tuple[bool, bool]:
    """Return whether the new value may refuse what the old one took, and whether it may take what the old one refused."""
    if what in _LOOSER:
        grew = _LOOSER[what].index(after) > _LOOSER[what].index(before)
        return not grew, grew
    if what == "kind":
        return (before, after) != ("int", "float"), (before, after) != ("float", "int")
    if what in {"nullable", "unique"}:
        grew = after if what == "nullable" else before
        return not grew, grew
    if before is None or after is None:
        return before is None, after is None
    if what in {"ge", "gt", "min_length", "mostly", "le", "lt", "max_length"}:
        wider = _larger(after, before) if what in {"le", "lt", "max_length"} else _larger(before, after)
        return (True, True) if wider is None else (not wider, wider)
    if what == "categories":
        return not set(before) <= set(after), not set(after) <= set(before)
    if what == "multiple_of" and isinstance(before, int) and isinstance(after, int):
        return before % after != 0, after % before != 0
    return True, True  # two patterns, or two steps that are floats: nobody can tell in general


def _larger(left: Any, right: Any) -> bool | None:
    try:
        return bool(left > right)
    except TypeError:  # bounds of two kinds
        return None


def _text(value: Any) -> str:
    return "" if value is None else str(sorted(value) if isinstance(value, frozenset) else value)
