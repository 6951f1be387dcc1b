"""Bounds of ordered kinds: what they may be, and their one spelling in JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, Final

from maturekit._core.clock import as_utc, iso
from maturekit.errors import FormatError, SchemaError
from maturekit.schema.kinds import READERS, WRONG

__all__ = ["BOUNDS", "Bound", "bound_from_json", "bound_to_json", "shown"]

Bound = float | int | datetime | timedelta | date | Decimal


def _float_bound(value: Any, name: str) -> float:
    bound = float(value) if _is_real(value) else math.nan
    if not math.isfinite(bound):
        raise _unfit(value, name, "float", "a finite number")
    return bound


def _int_bound(value: Any, name: str) -> int:
    if not _is_real(value) or not math.isfinite(value) or int(value) != value or not -(2**63) <= value < 2**64:
        raise _unfit(value, name, "int", "a whole number of 64 bits")
    return int(value)


def _datetime_bound(value: Any, name: str) -> datetime:
    if not isinstance(value, datetime) or value != value or _finer(value):  # noqa: PLR0124  # true of NaT alone
        raise _unfit(value, name, "datetime", "a datetime, to the microsecond")
    moment = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return moment if moment.tzinfo is None else as_utc(moment)


def _timedelta_bound(value: Any, name: str) -> timedelta:
    if not isinstance(value, timedelta) or value != value or _finer(value):  # noqa: PLR0124  # true of NaT alone
        raise _unfit(value, name, "timedelta", "a timedelta, to the microsecond")
    return timedelta(value.days, value.seconds, value.microseconds)


def _date_bound(value: Any, name: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _unfit(value, name, "date", "a datetime.date")
    return date(value.year, value.month, value.day)


def _decimal_bound(value: Any, name: str) -> Decimal:
    bound: Any = READERS["decimal"](value)
    if bound is WRONG:
        raise _unfit(value, name, "decimal", "a Decimal or an int")
    return _shortest(bound)


def _shortest(value: Decimal) -> Decimal:
    """Return a decimal without zeros at its end: of the spellings that are equal, the one that is stored."""
    sign, digits, exponent = value.as_tuple()
    kept = len(digits)
    while kept > 1 and digits[kept - 1] == 0:
        kept -= 1
    if digits[:kept] == (0,):
        return Decimal(0)
    return Decimal((sign, digits[:kept], int(exponent) + len(digits) - kept))


BOUNDS: Final[dict[str, Callable[[Any, str], Any]]] = {
    "float": _float_bound,
    "int": _int_bound,
    "datetime": _datetime_bound,
    "timedelta": _timedelta_bound,
    "date": _date_bound,
    "decimal": _decimal_bound,
}
"""For each ordered kind, the function that checks a bound and returns it in its one form."""


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _finer(value: Any) -> bool:
    return bool(getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0))


def _unfit(value: object, name: str, kind: str, words: str) -> SchemaError:
    return SchemaError(f"{name}={value!r} cannot bound a column of kind {kind!r}", hint=f"pass {words}.")


def shown(bound: Bound) -> str:
    """Return a bound as people read it.

    >>> shown(3.0), shown(timedelta(hours=1)), shown(Decimal("1E+2"))
    ('3', '1:00:00', '100')
    """
    if isinstance(bound, float) and bound.is_integer() and abs(bound) < 2**53:
        return str(int(bound))
    if isinstance(bound, Decimal) and abs(bound.adjusted()) < 30:
        return f"{bound:f}"
    return str(bound)


def bound_to_json(bound: Bound) -> float | int | str:
    """Return a bound as JSON: numbers as they are, days and moments in ISO 8601, durations in seconds of ISO 8601.

    >>> bound_to_json(timedelta(minutes=-1, microseconds=1)), bound_to_json(date(2013, 1, 1))
    ('-PT59.999999S', '2013-01-01')
    """
    if isinstance(bound, datetime):
        return bound.isoformat(timespec="microseconds") if bound.tzinfo is None else iso(bound)
    if isinstance(bound, timedelta):
        sign, size = ("-", -bound) if bound < timedelta(0) else ("", bound)
        return f"{sign}PT{size // timedelta(seconds=1)}.{size.microseconds:06d}S"
    if isinstance(bound, date):
        return bound.isoformat()
    return str(bound) if isinstance(bound, Decimal) else bound


def bound_from_json(kind: str, value: Any) -> Any:
    """Read back what `bound_to_json` wrote.

    >>> bound_from_json("timedelta", "-PT59.999999S") == timedelta(minutes=-1, microseconds=1)
    True
    >>> bound_from_json("decimal", "0.05")
    Decimal('0.05')
    """
    if not isinstance(value, str) or kind not in _SPELLED:
        return value
    words, read = _SPELLED[kind]
    try:
        return read(value)
    except (ValueError, ArithmeticError) as error:
        raise FormatError(f"{value!r} is not {words}") from error


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(-?)PT(\d{1,14})\.(\d{6})S", text, re.ASCII)
    if match is None:
        raise ValueError
    size = timedelta(seconds=int(match[2]), microseconds=int(match[3]))
    return -size if match[1] else size


_SPELLED: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "datetime": ("a moment in ISO 8601", datetime.fromisoformat),
    "date": ("a day in ISO 8601", date.fromisoformat),
    "timedelta": ("a duration as maturekit writes it", _duration),
    "decimal": ("a decimal number", Decimal),
}
