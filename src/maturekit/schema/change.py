"""What changed between two schemas, and whom it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from maturekit.schema.bounds import shown
from maturekit.schema.column import Column
from maturekit.schema.constraint import BOUND_TESTS
from maturekit.schema.narrowing import ENDS, narrows
from maturekit.schema.rule import Rule
from maturekit.schema.rule_narrowing import narrows_rule, related, same_rule

__all__ = ["Breaks", "Change", "changes"]

Breaks = Literal["producers", "consumers", "both", "nobody"]


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One difference between an old schema and a new one.

    Parameters
    ----------
    place : str
        Name of the column, or the rule; ``"columns"`` and ``"rules"`` for their order.
    what : str
        What changed: ``"added"``, ``"removed"``, ``"renamed"``, ``"column order"``, ``"rule order"`` or the name of a
        parameter.
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
    pairs = _paired(old, new)
    for name, column in old.items():
        if name not in pairs.values():
            yield Change(name, "removed", repr(column), "", "consumers")
    for name, column in new.items():
        if name not in pairs:
            yield Change(name, "added", "", repr(column), "producers" if column.severity == "error" else "nobody")
            continue
        yield from _name_changes(pairs[name], name, old, new)
        yield from _column_changes(
            name, old[pairs[name]], column, _read(pairs[name], old_rules), _read(name, new_rules)
        )
    kept = [name for name in old if name in pairs.values()]
    if kept != list(pairs.values()):
        yield Change("columns", "column order", ", ".join(kept), ", ".join(pairs), "nobody")
    yield from _rule_changes(old_rules, new_rules)


def _paired(old: Mapping[str, Column], new: Mapping[str, Column]) -> dict[str, str]:
    """Return the new names of columns with their old ones: the same, or one that both schemas accept."""
    pairs = {name: name for name in new if name in old}
    for name, column in new.items():
        for before in old:
            free = name not in pairs and before not in pairs.values()
            if free and _names(name, column) & _names(before, old[before]):
                pairs[name] = before
    return {name: pairs[name] for name in new if name in pairs}


def _names(name: str, column: Column) -> set[str]:
    return {name, *column.aliases}


def _name_changes(before: str, after: str, old: Mapping[str, Column], new: Mapping[str, Column]) -> Iterator[Change]:
    if before == after and old[before].aliases == new[after].aliases:
        return
    tighter = new[after].severity == "error" and _may_be_lost(before, after, old, new)
    looser = old[before].severity == "error" and _may_be_lost(after, before, new, old)
    what = "aliases" if before == after else "renamed"
    was, now = ", ".join([before, *old[before].aliases]), ", ".join([after, *new[after].aliases])
    yield Change(after, what, was, now, _breaks(tighter, looser))


def _may_be_lost(before: str, after: str, old: Mapping[str, Column], new: Mapping[str, Column]) -> bool:
    """Return whether a column of a table may no longer be found, or another one taken for it."""
    accepted = _names(after, new[after])
    if not _names(before, old[before]) <= accepted:
        return True
    others = set().union(*(_names(name, column) for name, column in old.items() if name != before))
    if before != after:  # a table may hold a column under an alias, beside the one with the name
        return bool(old[before].aliases) or bool(accepted & others)
    return bool(old[before].aliases) and bool(accepted & others)


def _read(name: str, rules: Sequence[Rule]) -> bool:
    return any(name in rule.columns for rule in rules if rule.severity == "error")


def _column_changes(name: str, old: Column, new: Column, was_read: bool, is_read: bool) -> Iterator[Change]:
    second = [other for _, other in ENDS.values()]
    for what in type(old).model_fields:
        both = ENDS.get(what, (what,))
        if what in {"aliases", *second} or all(getattr(old, one) == getattr(new, one) for one in both):
            continue
        tighter = narrows(what, old, new, read=is_read)
        looser = narrows(what, new, old, read=was_read) or what == "role"  # who relies on a role is not the contract's
        said = what if what not in ENDS else _said(what, new) or _said(what, old) or what
        yield Change(name, said, _text(what, old), _text(what, new), _breaks(tighter, looser))


def _said(what: str, column: Column) -> str | None:
    """Return which of the two parameters of an end a column states."""
    return next((name for name in ENDS[what] if getattr(column, name) is not None), None)


def _text(what: str, column: Column) -> str:
    if what in ENDS:
        stated = _said(what, column)
        return "" if stated is None else f"{BOUND_TESTS[stated][0]} {shown(getattr(column, stated))}"
    value: Any = getattr(column, what)
    if isinstance(value, frozenset):
        value = sorted(value)
    return "" if value is None else ", ".join(map(repr, value)) if isinstance(value, (tuple, list)) else str(value)


def _breaks(tighter: bool, looser: bool) -> Breaks:
    if tighter and looser:
        return "both"
    return "producers" if tighter else "consumers" if looser else "nobody"


def _rule_changes(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[Change]:
    kept: list[Rule] = []
    gone, come = [], list(new)
    for rule in old:
        same = next((place for place, other in enumerate(come) if same_rule(rule, other)), None)
        if same is None:
            gone.append(rule)
        else:
            kept.append(come.pop(same))
    for rule in gone:
        twin = next((place for place, other in enumerate(come) if related(rule, other)), None)
        if twin is None:
            yield Change(repr(rule), "removed", repr(rule), "", "consumers" if rule.severity == "error" else "nobody")
            continue
        after = come.pop(twin)
        differing = [item.name for item in fields(rule) if getattr(rule, item.name) != getattr(after, item.name)]
        breaks = _breaks(narrows_rule(rule, after), narrows_rule(after, rule))
        yield Change(repr(after), ", ".join(differing), repr(rule), repr(after), breaks)
    for rule in come:
        yield Change(repr(rule), "added", "", repr(rule), "producers" if rule.severity == "error" else "nobody")
    if kept != [rule for rule in new if any(rule is other for other in kept)]:
        yield Change("rules", "rule order", ", ".join(map(repr, old)), ", ".join(map(repr, new)), "nobody")
