"""What one value must be to count as a kind: the rule for a record, and for a cell that no fast path can judge."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from numbers import Integral, Number, Real
from typing import Any, Final, Literal

__all__ = ["LARGEST", "READERS", "SMALLEST", "WORDS", "WRONG", "Kind", "is_null", "type_name"]

Kind = Literal["float", "int", "bool", "string", "category", "datetime", "timedelta", "date", "decimal", "object"]

_NULL_TYPES: Final = frozenset({"NAType", "NaTType"})
_TICKS: Final = frozenset({"datetime64", "timedelta64"})

SMALLEST: Final = -(2**63)
LARGEST: Final = 2**64 - 1
"""Between these two lie the whole numbers of 64 bits, signed or not."""

WRONG: Final = object()
"""What a reader returns for a value that is not of its kind."""

WORDS: Final[dict[str, str]] = {
    "number": "a number",
    "whole": "a whole number of 64 bits",
    "truth": "true or false",
    "text": "a text",
    "moment": "a moment",
    "duration": "a duration",
    "day": "a day",
    "decimal": "a decimal number, not a float",
    "object": "an object",
}
"""What a column takes, in the words of messages."""

_FARTHEST = 6_144  # digits a decimal may have on either side of its point: those of IEEE 754 decimal128
_LONGEST_WHOLE = 20_411  # bits of 10**6144


def is_null(value: Any) -> bool:
    """Return whether a value is missing: None, NaN, NaT or NA.

    >>> is_null(None), is_null(float("nan")), is_null(0), is_null("")
    (True, True, False, False)
    """
    if value is None:
        return True
    if type(value) is float:
        return value != value  # noqa: PLR0124  # true of NaN alone
    if isinstance(value, (str, int)):
        return False
    if isinstance(value, float):  # numpy's, which is a subclass
        return bool(value != value)  # noqa: PLR0124  # see above
    if not _may_be_null(type(value)):  # type: ignore[arg-type]  # a type is hashable, which mypy does not see
        return False
    if isinstance(value, Decimal):
        return value.is_nan()
    return type(value).__name__ in _NULL_TYPES or bool(value != value)  # noqa: PLR0124  # true of NaN and NaT alone


@lru_cache(maxsize=256)
def _may_be_null(kind: type) -> bool:
    return kind.__name__ in _NULL_TYPES | _TICKS or (issubclass(kind, Number) and not issubclass(kind, Integral))


def type_name(kind: type) -> str:
    """Return the name by which a column of kind `object` knows a type.

    >>> from uuid import UUID
    >>> type_name(UUID), type_name(bytes)
    ('uuid.UUID', 'builtins.bytes')
    """
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_bool(value: object) -> bool:
    return isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}  # numpy's is named by its version


def _is_number(value: Any) -> bool:
    return _is_number_type(type(value))  # type: ignore[arg-type]  # see above


@lru_cache(maxsize=256)
def _is_number_type(kind: type) -> bool:
    if kind.__name__ in {"bool_", "bool"} or kind.__name__ in _TICKS:  # numpy counts its durations among whole numbers
        return False
    return issubclass(kind, (Real, Decimal))


def _read_float(value: Any) -> Any:
    if isinstance(value, float):
        return float(value)
    if not _is_number(value):
        return WRONG
    try:
        return float(value)
    except OverflowError:  # a whole number larger than any float
        return math.inf if value > 0 else -math.inf


def _read_int(value: Any) -> Any:
    if type(value) is int:
        return value if SMALLEST <= value <= LARGEST else WRONG
    if type(value) is float:
        return int(value) if value.is_integer() and SMALLEST <= value <= LARGEST else WRONG
    if not _is_number(value) or (isinstance(value, Decimal) and value.adjusted() > 20):  # int(value) may be a gigabyte
        return WRONG
    try:
        whole = int(value)
    except (OverflowError, ValueError):  # infinite
        return WRONG
    return whole if whole == value and SMALLEST <= whole <= LARGEST else WRONG


def _read_bool(value: object) -> Any:
    return bool(value) if _is_bool(value) else WRONG


def _read_string(value: object) -> Any:
    return value if isinstance(value, str) else WRONG


def _read_category(value: object) -> Any:
    """Return a text or a whole number, or `WRONG`: the reader of a category that is not restricted to one of them."""
    return value if isinstance(value, str) else _read_int(value)


def _read_datetime(value: object) -> Any:
    if isinstance(value, datetime):
        return value
    return _from_numpy(value) if type(value).__name__ == "datetime64" else WRONG


def _read_timedelta(value: object) -> Any:
    if isinstance(value, timedelta):
        return value
    return _from_numpy(value) if type(value).__name__ == "timedelta64" else WRONG


def _read_date(value: object) -> Any:
    """Return a day: a date, or a moment without a zone at midnight, which is how pandas and numpy store days."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        moment = _read_datetime(value)
        midnight = (
            moment is not WRONG
            and moment.tzinfo is None
            and moment.time() == time.min
            and not getattr(moment, "nanosecond", 0)
        )
        return date(moment.year, moment.month, moment.day) if midnight else WRONG
    except (ValueError, OverflowError):  # numpy and pandas know years that a date does not
        return WRONG


def _read_decimal(value: Any) -> Any:
    """Return a finite Decimal of at most 6,144 digits on either side of its point; whole numbers are decimals too."""
    if isinstance(value, Decimal):
        if not value.is_finite() or not value:
            return Decimal(0) if value.is_finite() else WRONG
        last = value.as_tuple().exponent
        return value if value.adjusted() < _FARTHEST and int(last) >= -_FARTHEST else WRONG
    if not isinstance(value, Integral) or not _is_number(value):
        return WRONG
    whole = int(value)
    return _read_decimal(Decimal(whole)) if whole.bit_length() <= _LONGEST_WHOLE else WRONG


def _read_object(value: object) -> Any:
    """Return any value as it is: the reader of a column adds which type it must have."""
    return value


def _from_numpy(value: Any) -> Any:
    import pandas as pd  # noqa: PLC0415  # needed for this value alone; its nanoseconds fit no datetime

    try:
        return (pd.Timestamp if type(value).__name__ == "datetime64" else pd.Timedelta)(value)
    except (ValueError, OverflowError):  # months have no one length, and pandas no moments beyond all years
        return WRONG


READERS: Final[dict[str, Callable[[object], Any]]] = {
    "float": _read_float,
    "int": _read_int,
    "bool": _read_bool,
    "string": _read_string,
    "category": _read_category,
    "datetime": _read_datetime,
    "timedelta": _read_timedelta,
    "date": _read_date,
    "decimal": _read_decimal,
    "object": _read_object,
}
"""For each kind, the function from a value that is not null to what it means, or `WRONG`."""
