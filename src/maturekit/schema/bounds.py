"""Bounds of ordered kinds: what they may be, and their one spelling in JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from numbers import Real
from typing import Any, Final

from maturekit._core.clock import as_utc, iso
from maturekit.errors import FormatError, SchemaError

__all__ = ["BOUNDS", "bound_from_json", "bound_to_json", "shown"]

Bound = float | int | datetime | timedelta


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


BOUNDS: Final[dict[str, Callable[[Any, str], Any]]] = {
    "float": _float_bound,
    "int": _int_bound,
    "datetime": _datetime_bound,
    "timedelta": _timedelta_bound,
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

    >>> shown(3.0), shown(timedelta(hours=1))
    ('3', '1:00:00')
    """
    if isinstance(bound, float) and bound.is_integer() and abs(bound) < 2**53:
        return str(int(bound))
    return str(bound)


def bound_to_json(bound: Bound) -> float | int | str:
    """Return a bound as JSON: numbers as they are, moments in ISO 8601, durations in seconds of ISO 8601.

    >>> bound_to_json(timedelta(minutes=-1, microseconds=1))
    '-PT59.999999S'
    """
    if isinstance(bound, datetime):
        return bound.isoformat(timespec="microseconds") if bound.tzinfo is None else iso(bound)
    if isinstance(bound, timedelta):
        sign, size = ("-", -bound) if bound < timedelta(0) else ("", bound)
        return f"{sign}PT{size // timedelta(seconds=1)}.{size.microseconds:06d}S"
    return bound


def bound_from_json(kind: str, value: Any) -> Any:
    """Read back what `bound_to_json` wrote.

    >>> bound_from_json("timedelta", "-PT59.999999S") == timedelta(minutes=-1, microseconds=1)
    True
    """
    if kind == "datetime" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise FormatError(f"{value!r} is not a moment in ISO 8601") from error
    if kind == "timedelta" and isinstance(value, str):
        match = re.fullmatch(r"(-?)PT(\d{1,14})\.(\d{6})S", value, re.ASCII)
        if match is None:
            raise FormatError(f"{value!r} is not a duration as maturekit writes it")
        size = timedelta(seconds=int(match[2]), microseconds=int(match[3]))
        return -size if match[1] else size
    return value
