"""What a column may not say: words outside the vocabulary, and parameters that contradict one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from maturekit.errors import NotFoundError, SchemaError
from maturekit.schema.bounds import BOUNDS
from maturekit.schema.coercion import COERCERS
from maturekit.schema.constraint import BOUND_TESTS, constraints
from maturekit.schema.kinds import type_name
from maturekit.schema.pattern import translated

if TYPE_CHECKING:
    from maturekit.schema.column import Column

__all__ = ["check_storable", "check_together", "check_word", "checked_bound", "checked_type", "distinct", "words"]

_OF_ANOTHER_KIND = {
    "builtins.float": "float",
    "builtins.int": "int",
    "builtins.bool": "bool",
    "builtins.str": "string",
    "datetime.datetime": "datetime",
    "datetime.date": "date",
    "datetime.timedelta": "timedelta",
    "decimal.Decimal": "decimal",
}
_STEPPED = ("float", "int", "decimal")


def check_word(what: str, word: object, known: Sequence[str]) -> None:
    """Refuse a word outside a closed vocabulary, and name the nearest one."""
    if not isinstance(word, str) or word not in known:
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


def checked_type(kind: str, of: type | str | None) -> str | None:
    """Return the name of the type that the values of kind `object` have."""
    if (of is None) == (kind == "object"):
        raise SchemaError(
            f"a column of kind {kind!r} cannot have of={of!r}",
            hint='the kind \'object\' needs a type, as in Column("object", of="uuid.UUID"), and no other kind has one.',
        )
    if of is None:
        return None
    name = type_name(of) if isinstance(of, type) else of
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
        raise SchemaError(
            f"of={of!r} names no type that could be stored", hint='write "module.Class", or pass a class.'
        )
    name = name if "." in name else f"builtins.{name}"
    if name in _OF_ANOTHER_KIND:
        raise SchemaError(
            f"values of {name} are of a kind of their own", hint=f"write Column({_OF_ANOTHER_KIND[name]!r})."
        )
    return name


def words(what: str, said: Iterable[str]) -> tuple[str, ...]:
    """Return words without repetition, in order; one word may stand for itself."""
    if not isinstance(said, Iterable) or isinstance(said, (bytes, bytearray)):
        raise SchemaError(f"{what}={said!r} is no collection of texts", hint="pass a list; an empty one for none.")
    given = (said,) if isinstance(said, str) else tuple(said)
    for word in given:
        if not isinstance(word, str) or not word:
            raise SchemaError(f"{what} hold {word!r}, which is no name", hint="pass texts that are not empty.")
        check_storable(word, what)
    if len(set(given)) < len(given):
        raise SchemaError(f"{what} repeat: {', '.join(map(repr, given))}")
    return given


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


def check_together(column: Column) -> None:
    """Refuse parameters that are sound one by one, and contradict one another."""
    _check_bounds(column)
    _check_moments(column)
    _check_digits(column)
    _check_texts(column)
    _check_coercion(column)
    if column.order is not None and column.kind not in BOUNDS:
        raise SchemaError(
            f"a column of kind {column.kind!r} has no order, so it cannot be {column.order}",
            hint=f"order is for the kinds {', '.join(map(repr, BOUNDS))}.",
        )
    if not 0.0 < column.mostly <= 1.0:
        raise SchemaError(f"mostly={column.mostly!r} is not above 0 and at most 1", hint="0.99 allows one row in 100.")


def _check_bounds(column: Column) -> None:
    """Refuse bounds between which no value lies."""
    for first, second, side in (("ge", "gt", "below"), ("le", "lt", "above")):
        if getattr(column, first) is not None and getattr(column, second) is not None:
            raise SchemaError(f"both {first} and {second} bound the column from {side}", hint="keep one of them.")
    step = column.multiple_of
    if step is not None and (column.kind not in _STEPPED or not step > 0):
        raise SchemaError(
            f"multiple_of={step!r} cannot be kept by a column of kind {column.kind!r}",
            hint=f"it is a number above 0, for the kinds {', '.join(map(repr, _STEPPED))}.",
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
    strict = low_name == "gt" or high_name == "lt"
    if column.kind in {"int", "date"}:  # between 1 and 2, both excluded, there is no whole number
        low, high = (end.toordinal() if isinstance(end, date) else end for end in (low, high))
        low, high, strict = low + (low_name == "gt"), high - (high_name == "lt"), False
    if low > high or (strict and low == high):
        raise SchemaError(
            f"no value is {BOUND_TESTS[low_name][0]} {getattr(column, low_name)} "
            f"and {BOUND_TESTS[high_name][0]} {getattr(column, high_name)}",
            hint=f"swap {low_name} and {high_name}, or drop one.",
        )
    if column.kind == "int" and step is not None and high // step * step < low:
        raise SchemaError(f"no multiple of {step} lies between the bounds {low} and {high}")


def _check_moments(column: Column) -> None:
    for name in ("zone", "unit"):
        if getattr(column, name) is not None and column.kind != "datetime":
            raise SchemaError(
                f"{name} is for moments, and the kind is {column.kind!r}", hint="use the kind 'datetime'."
            )
    zone = column.zone
    if zone is None:
        return
    if not zone:
        raise SchemaError("zone is empty", hint="write 'aware', 'naive', the name of a zone, or None.")
    check_storable(zone, "zone")
    for name in BOUND_TESTS:
        bound = getattr(column, name)
        if bound is not None and (bound.tzinfo is None) != (zone == "naive"):
            raise SchemaError(
                f"zone={zone!r} and {name}={bound} do not agree on a time zone",
                hint="drop the tzinfo of the bound." if zone == "naive" else "give the bound a tzinfo.",
            )


def _check_digits(column: Column) -> None:
    most, places = column.max_digits, column.decimal_places
    for name, value, least in (("max_digits", most, 1), ("decimal_places", places, 0)):
        if value is not None and (column.kind != "decimal" or value < least):
            raise SchemaError(
                f"{name}={value!r} cannot be kept by a column of kind {column.kind!r}",
                hint=f"it is a whole number from {least}, for the kind 'decimal'.",
            )
    if most is None:
        return
    if places is not None and places > most:
        raise SchemaError(f"no decimal has {most} digits, and {places} of them behind the point")
    beyond = 10 ** (most - (places or 0))
    for name, sign in (("ge", 1), ("gt", 1), ("le", -1), ("lt", -1)):
        bound = getattr(column, name)
        if bound is not None and sign * bound >= beyond:
            raise SchemaError(f"no decimal that is {BOUND_TESTS[name][0]} {bound} has so few digits before the point")


def _check_texts(column: Column) -> None:
    """Refuse rules for texts on other kinds, and categories that break the column's own rules."""
    for name in ("min_length", "max_length", "pattern", "categories"):
        if getattr(column, name) is not None and column.kind not in {"string", "category"}:
            raise SchemaError(
                f"{name} is for texts, and the kind is {column.kind!r}", hint="use the kind 'string' or 'category'."
            )
    shortest, longest = column.min_length, column.max_length
    if (shortest or 0) < 0 or (longest is not None and longest < max(shortest or 0, 0)):
        raise SchemaError(f"no text has at least {shortest} and at most {longest} characters")
    if longest is None and column.longest is not None and (shortest or 0) > column.longest:
        raise SchemaError(
            f"a text of at least {shortest} characters is longer than the {column.longest} that are the most by default",
            hint="state max_length.",
        )
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


def _check_coercion(column: Column) -> None:
    if not column.coerce:
        return
    if column.kind not in COERCERS or "text" in column.takes:
        raise SchemaError(
            f"a column of kind {column.kind!r} cannot be coerced: "
            + ("a text is one of its values already" if "text" in column.takes else "no text spells its values"),
            hint="coerce is for texts that spell numbers, truth values, moments, days and durations.",
        )
    if column.zone not in {None, "aware", "naive", "UTC"}:
        raise SchemaError(
            f"no text spells a moment in the zone {column.zone!r}: ISO 8601 has offsets, and no names",
            hint="state zone='aware', and convert the moments after reading.",
        )
