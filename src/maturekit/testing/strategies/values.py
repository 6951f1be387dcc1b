"""Values that one column takes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from maturekit._core.extras import require
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.schema import Column
from maturekit.schema.constraint import UNITS, digits
from maturekit.schema.kinds import LARGEST
from maturekit.schema.pattern import translated
from maturekit.schema.value import ValueCheck

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["check_mapping", "hypothesis_strategies", "values"]

_FIRST, _LAST = datetime(1700, 1, 1), datetime(2250, 1, 1)  # noqa: DTZ001  # the years that nanoseconds hold, naive and aware
_SPAN = timedelta(days=100_000)
_WHOLE = (-(2**63), 2**63 - 1)
_LENGTH = 40


def hypothesis_strategies() -> Any:
    """Return the module `hypothesis.strategies`, or say which extra has it."""
    return require("hypothesis.strategies", extra="testing", purpose="making tables and records that keep a contract")


def check_mapping(value: object, *, what: str) -> None:
    """Refuse what is neither a mapping nor None."""
    if value is not None and not isinstance(value, Mapping):
        raise ArgumentTypeError(f"{what} must be a mapping, got {type(value).__name__}")


def values(column: Column, *, objects: Mapping[str, SearchStrategy[Any]] | None = None) -> SearchStrategy[Any]:
    """Return a strategy of values that are not null and keep every rule that a column has for single values.

    Moments lie between the years 1700 and 2250, which every storage of pandas holds, unless the bounds are elsewhere;
    texts without a stated length have at most 40 characters; a column that flags unknown categories gets known ones.

    Parameters
    ----------
    column : Column
        What the values keep.
    objects : mapping of str to strategy, optional
        For columns of kind `object`: a strategy for each type, by the name that the column knows it by.

    Raises
    ------
    ArgumentError
        When the column takes objects of a type that `objects` has no strategy for, or moments of an unknown zone.
    ArgumentTypeError
        When that is no column, no mapping, or holds what is no strategy.
    MissingExtraError
        When hypothesis is not installed.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(values(Column("int", ge=3, multiple_of=2)), lambda value: True)
    4
    """
    if not isinstance(column, Column):
        raise ArgumentTypeError(f"column must be a Column, got {type(column).__name__}")
    check_mapping(objects, what="objects")
    strategies = hypothesis_strategies()
    if column.kind == "object":
        name = str(column.of)
        if name not in (objects or {}):
            raise ArgumentError(
                f"there is no strategy for objects of type {name}",
                hint=f'pass one: objects={{"{name}": hypothesis.strategies.builds(...)}}.',
            )
        made = (objects or {})[name]
        if not isinstance(made, strategies.SearchStrategy):
            raise ArgumentTypeError(f"objects[{name!r}] must be a strategy, got {type(made).__name__}")
    else:
        made = _MAKERS[column.kind](strategies, column)
    check = ValueCheck("", column)
    found: SearchStrategy[Any] = made.filter(lambda value: not check(value) and check.sound(value) is not None)
    return found


def _floats(strategies: Any, column: Column) -> Any:
    low, high = _ends(column)
    if column.multiple_of is not None:
        return _multiples(strategies, column, float)
    return strategies.floats(
        min_value=low,
        max_value=high,
        exclude_min=column.gt is not None,
        exclude_max=column.lt is not None,
        allow_nan=False,
        allow_infinity=False,
    )


def _ints(strategies: Any, column: Column) -> Any:
    low, high = _ends(column)
    if column.multiple_of is not None:
        return _multiples(strategies, column, int)
    first = _WHOLE[0] if low is None else low + (column.gt is not None)
    last = (_WHOLE[1] if first <= _WHOLE[1] else LARGEST) if high is None else high - (column.lt is not None)
    return strategies.integers(first, last)


def _multiples(strategies: Any, column: Column, kind: Callable[[Any], Any]) -> Any:
    """Return the step as often as the bounds allow; an excluded bound is the caller's to filter."""
    step = column.multiple_of
    low, high = _ends(column)
    few = -1000 if low is None else math.ceil(Fraction(low) / Fraction(step))  # type: ignore[arg-type]  # a number, as the kind says
    many = max(few, 0) + 1000 if high is None else math.floor(Fraction(high) / Fraction(step))  # type: ignore[arg-type]  # see above
    if low is None and high is not None:
        few = min(many - 1000, -1000)
    return strategies.integers(few, max(few, many)).map(lambda times: kind(times * step))


def _texts(strategies: Any, column: Column) -> Any:
    if column.categories is not None:
        return strategies.sampled_from(column.categories)
    if column.pattern is not None:
        return strategies.from_regex(translated(column.pattern), fullmatch=True)
    shortest = column.min_length or 0
    longest = shortest + _LENGTH if column.max_length is None else min(column.max_length, shortest + _LENGTH)
    alphabet = strategies.characters(exclude_categories=["Cs"])  # a lone half of a surrogate pair is no text
    texts = strategies.text(alphabet, min_size=shortest, max_size=longest)
    return texts if len(column.takes) == 1 else texts | strategies.integers(0, 9)


def _moments(strategies: Any, column: Column) -> Any:
    low, high = (None if bound is None else bound.replace(tzinfo=None) for bound in _ends(column))
    first, last = _between(low, high, _FIRST, _LAST)
    size = 1 if column.unit is None else UNITS[column.unit][1]
    step = timedelta(microseconds=size)
    ticks = strategies.integers(-(-(first - _FIRST) // step), (last - _FIRST) // step)
    moments = ticks.map(lambda number: _FIRST + number * step)
    if not column.aware:
        return moments
    zone = _zone(column)
    return moments.map(lambda moment: moment.replace(tzinfo=UTC).astimezone(zone))


def _zone(column: Column) -> tzinfo:
    name = column.zone_name
    if name is None or name == "UTC":
        return UTC
    offset = re.fullmatch(r"UTC([+-])(\d\d):(\d\d)", name)
    if offset is not None:
        size = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-size if offset[1] == "-" else size)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ArgumentError(
            f"there is no strategy for moments in the zone {name!r}",
            hint="it is UTC, an offset such as 'UTC+01:00', or a name of the time zone database.",
        ) from error


def _between(low: Any, high: Any, usual_low: Any, usual_high: Any) -> tuple[Any, Any]:
    """Return both ends of what is drawn: the usual ones within the bounds, or the bounds where they lie elsewhere."""
    first = usual_low if low is None else max(low, usual_low)
    last = usual_high if high is None else min(high, usual_high)
    if first <= last:
        return first, last
    if low is None:
        return high - min(_SPAN, (high - type(high).min) / 2), high
    return low, (low + min(_SPAN, (type(low).max - low) / 2) if high is None else high)


def _durations(strategies: Any, column: Column) -> Any:
    first, last = _between(*_ends(column), -_SPAN, _SPAN)
    return strategies.timedeltas(min_value=first, max_value=last)


def _days(strategies: Any, column: Column) -> Any:
    first, last = _between(*_ends(column), _FIRST.date(), _LAST.date())
    return strategies.dates(min_value=first, max_value=last)


def _decimals(strategies: Any, column: Column) -> Any:
    if column.multiple_of is not None:
        return _multiples(strategies, column, Decimal)
    low, high = _ends(column)
    bounds = [bound for bound in (low, high) if bound is not None]
    behind = max([3, *(digits(bound)[1] + 1 for bound in bounds)])
    places = behind if column.decimal_places is None else column.decimal_places
    if column.max_digits is not None:
        if column.decimal_places is None:
            before = max([1, *(digits(bound)[0] for bound in bounds)])
            places = max(min(places, column.max_digits - before), 0)
        most = Decimal(10) ** (column.max_digits - places) - Decimal(10) ** -places
        low, high = max(-most, -most if low is None else low), min(most, most if high is None else high)
    return strategies.decimals(min_value=low, max_value=high, places=places, allow_nan=False, allow_infinity=False)


_MAKERS: Final[dict[str, Callable[[Any, Column], Any]]] = {
    "float": _floats,
    "int": _ints,
    "bool": lambda strategies, _: strategies.booleans(),
    "string": _texts,
    "category": _texts,
    "datetime": _moments,
    "timedelta": _durations,
    "date": _days,
    "decimal": _decimals,
}


def _ends(column: Column) -> tuple[Any, Any]:
    """Return the lower and the upper bound, excluded or not."""
    return column.gt if column.ge is None else column.ge, column.lt if column.le is None else column.le
