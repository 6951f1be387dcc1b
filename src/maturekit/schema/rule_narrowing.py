"""Whether one rule may refuse what another of its class takes, for the classes whose parameters tell."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import fields
from typing import Any, Final

from maturekit.errors import SchemaError
from maturekit.schema.rule import Rule
from maturekit.schema.rules import (
    Compare,
    Constant,
    Fresh,
    GroupSize,
    Implies,
    Key,
    NearProfile,
    Present,
    RowCount,
    SumsTo,
)
from maturekit.schema.unknown import UnknownRule

__all__ = ["narrows_rule", "related", "same_rule"]

_OUTCOMES: Final = {"<": {-1}, "<=": {-1, 0}, "==": {0}, "!=": {-1, 1}, ">=": {0, 1}, ">": {1}}


def same_rule(old: Rule, new: Rule) -> bool:
    """Return whether two rules are one; it may have been read back without its class."""
    if UnknownRule in {type(old), type(new)}:
        with suppress(SchemaError):  # what cannot be stored was not read back
            return old.to_dict() == new.to_dict()
    return old == new


def related(old: Rule, new: Rule) -> bool:
    """Return whether one of two rules is the other, tightened.

    >>> related(RowCount(at_least=1), RowCount(at_least=2)), related(RowCount(at_least=1), RowCount(at_most=2))
    (True, False)
    """
    return type(old) is type(new) and not (_narrower(old, new) and _narrower(new, old))


def narrows_rule(old: Rule, new: Rule) -> bool:
    """Return whether a table that keeps the one of two related rules may be refused by the other.

    >>> narrows_rule(Compare("a", "<", "b"), Compare("b", ">=", "a"))
    False
    """
    if new.severity != "error":
        return False
    return old.severity != "error" or new.mostly > old.mostly or _narrower(old, new)


def _narrower(old: Any, new: Any) -> bool:
    narrower = _NARROWER.get(type(old))
    if narrower is not None:
        return narrower(old, new)
    return any(getattr(old, item.name) != getattr(new, item.name) for item in _own(old))


def _own(rule: Rule) -> list[Any]:
    return [item for item in fields(rule) if item.name not in {"severity", "mostly"}]


def _compare(old: Compare, new: Compare) -> bool:
    outcomes = _OUTCOMES[old.sign]
    if (old.left, old.right) == (new.right, new.left):
        outcomes = {-outcome for outcome in outcomes}
    elif (old.left, old.right) != (new.left, new.right):
        return True
    return not outcomes <= _OUTCOMES[new.sign]


def _counts(old: Any, new: Any) -> bool:
    return (new.at_least or 0) > (old.at_least or 0) or _ends_earlier(old.at_most, new.at_most)


def _implies(old: Implies, new: Implies) -> bool:
    if (old.when, old.then) != (new.when, new.then) or not set(new.values) <= set(old.values):
        return True
    if new.allowed is not None and not _within(old.allowed, new.allowed):
        return True
    try:
        later = _starts_later(_end(old.ge, old.gt, 1), _end(new.ge, new.gt, 1))
        return later or _ends_earlier(_end(old.le, old.lt, -1), _end(new.le, new.lt, -1))
    except TypeError:  # bounds of two kinds
        return True


def _within(old: Collection[Any] | None, new: Collection[Any]) -> bool:
    return old is not None and set(old) <= set(new)


def _end(closed: Any, excluded: Any, side: int) -> tuple[Any, int] | None:
    """Return a bound that compares with others of its side: an excluded one lies further inside."""
    if excluded is not None:
        return excluded, side
    return None if closed is None else (closed, 0)


def _starts_later(old: Any, new: Any) -> bool:
    return new is not None and (old is None or bool(new > old))


def _ends_earlier(old: Any, new: Any) -> bool:
    return new is not None and (old is None or bool(new < old))


_NARROWER: Final[dict[type[Rule], Callable[[Any, Any], bool]]] = {
    Compare: _compare,
    Constant: lambda old, new: old.column != new.column or not set(old.by) <= set(new.by),
    Fresh: lambda old, new: old.column != new.column or new.within < old.within,
    GroupSize: lambda old, new: set(old.by) != set(new.by) or _counts(old, new),
    Implies: _implies,
    Key: lambda old, new: not set(old.by) <= set(new.by),
    NearProfile: lambda old, new: (old.column, old.profile) != (new.column, new.profile) or new.within < old.within,
    Present: lambda old, new: (
        (old.column, old.when) != (new.column, new.when) or not set(new.values) <= set(old.values)
    ),
    RowCount: _counts,
    SumsTo: lambda old, new: (old.total, old.parts) != (new.total, new.parts) or new.within < old.within,
}
"""For each class, whether the new rule refuses what the old one takes, were both of one severity."""
