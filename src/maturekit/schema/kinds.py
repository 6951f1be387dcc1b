"""What one value must be to count as a kind: the rule for a record, and for a cell that no fast path can judge."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from numbers import Number, Real
from typing import Any, Final, Literal

__all__ = ["READERS", "WORDS", "WRONG", "Kind", "is_null"]

Kind = Literal["float", "int", "bool", "string", "category", "datetime", "timedelta"]

WRONG: Final = object()
"""What a reader returns for a value that is not of its kind."""

WORDS: Final[dict[str, str]] = {
    "number": "a number",
    "whole": "a whole number of 64 bits",
    "truth": "true or false",
    "text": "a text",
    "moment": "a moment",
    "duration": "a duration",
}
"""What a column takes, in the words of messages."""

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def is_null(value: object) -> bool:
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
    name = type(value).__name__
    if name in {"NAType", "NaTType"}:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return (isinstance(value, Number) or name in {"datetime64", "timedelta64"}) and bool(value != value)  # noqa: PLR0124  # true of NaN and NaT alone


def _is_bool(value: object) -> bool:
    return isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}  # numpy's is named by its version


def _is_number(value: object) -> bool:
    # numpy counts its durations among the whole numbers
    return isinstance(value, (Real, Decimal)) and not _is_bool(value) and type(value).__name__ != "timedelta64"


def _read_float(value: Any) -> Any:
    if type(value) is float:
        return value
    if not _is_number(value):
        return WRONG
    try:
        return float(value)
    except OverflowError:  # a whole number larger than any float
        return math.inf if value > 0 else -math.inf


def _read_int(value: Any) -> Any:
    if type(value) is int:
        return value if _SMALLEST <= value <= _LARGEST else WRONG
    if not _is_number(value):
        return WRONG
    try:
        whole = int(value)
    except (OverflowError, ValueError):  # infinite
        return WRONG
    return whole if whole == value and _SMALLEST <= whole <= _LARGEST else WRONG


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


def _from_numpy(value: Any) -> Any:
    import pandas as pd  # noqa: PLC0415  # needed for this value alone; its nanoseconds fit no datetime

    return (pd.Timestamp if type(value).__name__ == "datetime64" else pd.Timedelta)(value)


READERS: Final[dict[str, Callable[[object], Any]]] = {
    "float": _read_float,
    "int": _read_int,
    "bool": _read_bool,
    "string": _read_string,
    "category": _read_category,
    "datetime": _read_datetime,
    "timedelta": _read_timedelta,
}
"""For each kind, the function from a value that is not null to what it means, or `WRONG`."""
