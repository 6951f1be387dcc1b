"""What a column may not say: words outside the vocabulary, and parameters that contradict one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from maturekit.errors import NotFoundError, SchemaError
from maturekit.schema.bounds import BOUNDS
from maturekit.schema.constraint import BOUND_TESTS, constraints
from maturekit.schema.pattern import translated

if TYPE_CHECKING:
    from maturekit.schema.column import Column

__all__ = ["check_bounds", "check_storable", "check_text", "check_word", "checked_bound", "distinct"]


def check_word(what: str, word: object, known: Sequence[str]) -> None:
    """Refuse a word outside a closed vocabulary, and name the nearest one."""
    if word not in known:
        missing = NotFoundError.named(what, str(word), known=known)
        raise SchemaError(missing.message, hint=missing.hint)


def check_storable(text: object, what: str) -> None:
    """Refuse a text that has no UTF-8, and therefore no JSON."""
    try:
        str(text).encode()
    except UnicodeEncodeError:
        raise SchemaError(f"the {what} {text!r} is no valid text, so it could not be stored") from None


def checked_bound(kind: str, name: str, value: Any) -> Any:
    """Return a bound in the one form of its kind."""
    if value is None:
        return None
    if kind not in BOUNDS:
        raise SchemaError(
            f"a column of kind {kind!r} has no order, so {name}={value!r} cannot bound it",
            hint=f"bounds are for the kinds {', '.join(map(repr, BOUNDS))}.",
        )
    return BOUNDS[kind](value, name)


def distinct(categories: Iterable[str] | Iterable[int]) -> tuple[Any, ...]:
    """Return categories as a tuple of str or of int, without repetition; the order of a set is made definite."""
    if isinstance(categories, (str, bytes)) or not isinstance(categories, Iterable):
        raise SchemaError(f"categories={categories!r} is not a collection", hint="pass a list of the known values.")
    values = [value.item() if hasattr(value, "item") else value for value in categories]
    types = {type(value) for value in values}
    if not values or types not in ({str}, {int}):
        names = ", ".join(sorted(kind.__name__ for kind in types)) or "nothing"
        raise SchemaError(
            f"categories hold {names}; they must be all str or all int",
            hint="missing values are allowed by nullable=True, not by a category.",
        )
    for value in values:
        check_storable(value, "category")
    twins = sorted({value for value in values if values.count(value) > 1}) if len(set(values)) < len(values) else []
    if twins:
        raise SchemaError(f"categories repeat: {', '.join(map(repr, twins[:5]))}")
    return tuple(sorted(values) if isinstance(categories, (set, frozenset)) else values)


def check_bounds(column: Column) -> None:
    """Refuse bounds between which no value lies."""
    for first, second, side in (("ge", "gt", "below"), ("le", "lt", "above")):
        if getattr(column, first) is not None and getattr(column, second) is not None:
            raise SchemaError(f"both {first} and {second} bound the column from {side}", hint="keep one of them.")
    step = column.multiple_of
    if step is not None and (column.kind not in {"float", "int"} or not step > 0):
        raise SchemaError(
            f"multiple_of={step!r} cannot be kept by a column of kind {column.kind!r}",
            hint="it is a number above 0, for the kinds 'float' and 'int'.",
        )
    low_name = "ge" if column.gt is None else "gt"
    high_name = "le" if column.lt is None else "lt"
    low, high = getattr(column, low_name), getattr(column, high_name)
    if low is None or high is None:
        return
    if isinstance(low, datetime) and (low.tzinfo is None) != (high.tzinfo is None):
        raise SchemaError(
            f"{low_name}={low} and {high_name}={high} do not agree on a time zone", hint="give both a tzinfo, or none."
        )
    if column.kind == "int":  # between 1 and 2, both excluded, there is no whole number
        low, high = low + (low_name == "gt"), high - (high_name == "lt")
    strict = column.kind != "int" and (low_name == "gt" or high_name == "lt")
    if low > high or (strict and low == high):
        raise SchemaError(
            f"no value is {BOUND_TESTS[low_name][0]} {getattr(column, low_name)} "
            f"and {BOUND_TESTS[high_name][0]} {getattr(column, high_name)}",
            hint=f"swap {low_name} and {high_name}, or drop one.",
        )


def check_text(column: Column) -> None:
    """Refuse rules for texts on other kinds, and categories that break the column's own rules."""
    for name in ("min_length", "max_length", "pattern", "categories"):
        if getattr(column, name) is not None and column.kind not in {"string", "category"}:
            raise SchemaError(
                f"{name} is for texts, and the kind is {column.kind!r}", hint="use the kind 'string' or 'category'."
            )
    shortest, longest = column.min_length, column.max_length
    if (shortest or 0) < 0 or (longest is not None and longest < max(shortest or 0, 0)):
        raise SchemaError(f"no text has at least {shortest} and at most {longest} characters")
    if column.pattern is not None:
        check_storable(column.pattern, "pattern")
        translated(column.pattern)
    if column.categories is not None:
        limited = any(getattr(column, name) is not None for name in ("min_length", "max_length", "pattern"))
        if isinstance(column.categories[0], int) and (limited or column.kind == "string"):
            raise SchemaError("categories that are whole numbers have no length, no pattern, and no place in a string")
        for rule in constraints(column):
            stray = next((value for value in column.categories if not rule.holds(value)), None)
            if stray is not None:
                raise SchemaError(f"the category {stray!r} breaks the column's own {rule.name}: it {rule.words}")
