"""Whether one column may refuse what another takes: the question behind every change, asked once each way."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from maturekit.schema.column import Column
from maturekit.schema.constraint import UNITS, constraints, digits
from maturekit.schema.environments import exists
from maturekit.schema.kinds import LARGEST, SMALLEST

__all__ = ["ENDS", "narrows"]

ENDS: Final = {"ge": ("ge", "gt"), "le": ("le", "lt")}
"""The two parameters of each end; they are judged together, since a column has one of them at most."""

_READING: Final = {"kind", "of", "zone", "coerce", "categories", "min_length", "max_length", "pattern", *ENDS}
_EXACT: Final = 2**53  # up to which every whole number is a float
_LARGEST_FLOAT: Final = Decimal("1.7e308")


def narrows(what: str, old: Column, new: Column, *, read: bool) -> bool:
    """Return whether a table that `old` takes may be refused once one of its parameters is that of `new`.

    To refuse is to break a rule of severity error. What cannot be decided counts as narrower.

    Parameters
    ----------
    what : str
        A parameter in which the columns differ; ``"ge"`` and ``"le"`` stand for the lower and the upper end.
    old, new : Column
        The column before and after.
    read : bool
        Whether a rule of severity error reads the new column.

    Examples
    --------
    >>> narrows("ge", Column("int", ge=3), Column("int", gt=2), read=False)
    False
    >>> narrows("ge", Column("float", gt=2), Column("float", ge=3), read=False)
    True
    """
    refuses = new.severity == "error"
    if refuses and _NARROWER[what](old, new):
        return True
    if what == "kind" and read and not old.takes | new.takes <= {"text", "whole"}:
        return True  # rules compare and add the values of another kind in another way
    # In a valid table of such a column, some values may be of no kind; once they are read, they are judged.
    return what in _READING and _leaks(old) and (read or refuses) and _reads_less(new, old)


def _leaks(column: Column) -> bool:
    """Return whether a valid table may hold rows that break the column."""
    return column.severity != "error" or column.mostly < 1


def _known(column: Column) -> tuple[str | int, ...] | None:
    """Return all values that a valid table may hold, if they are listed."""
    return None if _leaks(column) else _closed(column)


def _closed(column: Column) -> tuple[str | int, ...] | None:
    return column.categories if column.unknown == "reject" else None


# What a value may be


def _reads_less(old: Column, new: Column) -> bool:
    return _takes_less(old, new) or _zone(old, new) or _coerce(old, new)


def _takes_less(old: Column, new: Column) -> bool:
    if old.takes <= new.takes:
        return old.of != new.of
    if new.takes != {"number"}:
        return True
    if old.takes == {"decimal"}:  # the largest decimals are infinite as floats
        most, low, high = old.max_digits, _end(old, "ge"), _end(old, "le")
        bounded = low is not None and high is not None and max(abs(low[0]), abs(high[0])) <= _LARGEST_FLOAT
        return _leaks(old) or not (bounded or (most is not None and most <= 308))
    return old.takes != {"whole"}


def _kind(old: Column, new: Column) -> bool:
    if _takes_less(old, new):
        return True
    same = [what for what, names in ENDS.items() if all(getattr(old, name) == getattr(new, name) for name in names)]
    same += ["multiple_of"] if old.multiple_of == new.multiple_of else []
    if any(_NARROWER[what](old, new) for what in same):  # large whole numbers are rounded to floats, onto bounds too
        return True
    distinct = new.unique or (new.order or "").startswith("strictly")
    return distinct and "number" in new.takes - old.takes and not _is_exact(old)


def _is_exact(column: Column) -> bool:
    """Return whether each of the values is a float of its own."""
    low, high = _end(column, "ge"), _end(column, "le")
    within = low is not None and high is not None and low[0] >= -_EXACT and high[0] <= _EXACT
    return column.takes == {"whole"} and within and not _leaks(column)


def _coerce(old: Column, new: Column) -> bool:
    return old.coerce and not new.coerce


def _zone(old: Column, new: Column) -> bool:
    if new.zone_name is not None and old.zone_name != new.zone_name:
        return True
    return new.aware is not None and old.aware != new.aware


# Ends


def _end(column: Column, what: str) -> tuple[Any, bool] | None:
    """Return a bound and whether it is excluded; whole numbers and days have the next one instead."""
    closed, open_ = ENDS[what]
    side = 1 if what == "ge" else -1
    bound, excluded = getattr(column, closed), getattr(column, open_)
    value: Any = bound if excluded is None else excluded
    if value is None:
        return (SMALLEST if what == "ge" else LARGEST, False) if column.kind == "int" else None
    if column.kind == "date":
        value = value.toordinal()
    if column.kind in {"int", "date"} and excluded is not None:
        return value + side, False
    return value, excluded is not None


def _beyond(what: str) -> Callable[[Column, Column], bool]:
    def narrower(old: Column, new: Column) -> bool:
        after = _end(new, what)
        if after is None:
            return False
        known = _known(old)
        if known is not None and not _takes_less(old, new):
            return _stray(known, new, ENDS[what])
        before = _end(old, what)
        if before is None:
            return True
        (start, without_start), (limit, without_limit) = before, after
        if "number" in new.takes - old.takes and isinstance(start, (int, Decimal)):
            start, without_start = float(start), False  # to which the values beyond it may be rounded
        try:
            outside = start < limit if what == "ge" else start > limit
        except TypeError:  # bounds of two kinds
            return True
        return outside or (start == limit and without_limit and not without_start)

    return narrower


def _stray(known: tuple[str | int, ...], new: Column, names: tuple[str, ...]) -> bool:
    return any(not rule.holds(value) for rule in constraints(new) if rule.name in names for value in known)


# Numbers and moments


def _multiple_of(old: Column, new: Column) -> bool:
    step: Any = new.multiple_of
    if step is None:
        return False
    known = _known(old)
    if known is not None and not _takes_less(old, new):
        return _stray(known, new, ("multiple_of",))
    before: Any = old.multiple_of
    if before is None and old.kind == "int":
        before = 1
    if before is None and old.decimal_places is not None and not _leaks(old):
        before = Decimal(1).scaleb(-old.decimal_places)
    if before is None or (new.kind == "float" and old.kind != "int"):  # floats are multiples to a tolerance
        return True
    return (Fraction(before) / Fraction(step)).denominator != 1


def _digits(old: Column, new: Column) -> bool:
    return any(before > after for before, after in zip(_most_digits(old), _most_digits(new), strict=True))


def _most_digits(column: Column) -> tuple[float, float, float]:
    """Return how many digits there may be in all, before the point and behind it."""
    most = math.inf if column.max_digits is None else column.max_digits
    behind = most if column.decimal_places is None else column.decimal_places
    before = most if column.decimal_places is None else most - behind
    if isinstance(column.multiple_of, Decimal) and not _leaks(column):
        behind = min(behind, digits(column.multiple_of)[1])
    return min(most, before + behind), before, behind


def _unit(old: Column, new: Column) -> bool:
    if new.unit is None:
        return False
    return old.unit is None or UNITS[old.unit][1] % UNITS[new.unit][1] != 0


# Texts


def _takes_fewer_types(old: Column, new: Column) -> bool:
    """Return whether whole numbers or texts are no longer categories; between two kinds, `_kind` says so."""
    return old.kind == new.kind == "category" and not old.takes <= new.takes


def _text(name: str, otherwise: Callable[[Column, Column], bool]) -> Callable[[Column, Column], bool]:
    def narrower(old: Column, new: Column) -> bool:
        if _takes_fewer_types(old, new):
            return True
        known = _known(old)
        if known is not None and not _takes_less(old, new):
            return _stray(known, new, (name,))
        return otherwise(old, new)

    return narrower


def _longer(old: Column, new: Column) -> bool:
    return (new.min_length or 0) > (old.min_length or 0)


def _shorter(old: Column, new: Column) -> bool:
    return new.longest is not None and (old.longest is None or old.longest > new.longest)


def _pattern(old: Column, new: Column) -> bool:
    return new.pattern is not None and old.pattern != new.pattern  # of two patterns, nobody can tell in general


def _categories(old: Column, new: Column) -> bool:
    before, after = _closed(old), _closed(new)
    if _takes_fewer_types(old, new):
        return True
    if after is None:  # then texts have a length
        return before is not None and _shorter(old, new) and _stray(before, new, ("max_length",))
    return before is None or not set(before) <= set(after)


# The table


def _nullable(old: Column, new: Column) -> bool:
    return old.nullable and not new.nullable


def _unique(old: Column, new: Column) -> bool:
    strictly = (old.order or "").startswith("strictly") and not _leaks(old)
    return new.unique and not (old.unique or strictly)


def _order(old: Column, new: Column) -> bool:
    if new.order is None or new.order == old.order:
        return False
    if f"strictly_{new.order}" == old.order:
        return False
    return not (new.order == f"strictly_{old.order}" and old.unique and not _leaks(old))


def _environments(old: Column, new: Column) -> bool:
    unnamed = ""  # stands for every environment that neither column names
    named = {unnamed, "training", "serving", *old.environments, *new.environments}
    return any(exists(new, name) and not exists(old, name) for name in named)


_NARROWER: Final[dict[str, Callable[[Column, Column], bool]]] = {
    "kind": _kind,
    "nullable": _nullable,
    "role": _environments,
    "ge": _beyond("ge"),
    "le": _beyond("le"),
    "multiple_of": _multiple_of,
    "max_digits": _digits,
    "decimal_places": _digits,
    "zone": _zone,
    "unit": _unit,
    "of": lambda old, new: old.of != new.of,
    "min_length": _text("min_length", _longer),
    "max_length": _text("max_length", _shorter),
    "pattern": _text("pattern", _pattern),
    "categories": _categories,
    "unknown": _categories,
    "unique": _unique,
    "order": _order,
    "coerce": _coerce,
    "environments": _environments,
    "severity": lambda old, _: old.severity != "error",
    "mostly": lambda old, new: new.mostly > old.mostly,
    "tags": lambda *_: False,
}
"""For each parameter, whether the new column refuses some of what the old one takes, were both of severity error."""
