"""Parameters of a rule as JSON and back: only values that come back as what they were."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from maturekit.errors import FormatError
from maturekit.schema.bounds import bound_from_json, bound_to_json

__all__ = ["from_json", "is_plain", "to_json"]

_SPELLED: Final = {datetime: "datetime", timedelta: "timedelta", date: "date", Decimal: "decimal"}


def is_plain(value: object) -> bool:
    """Return whether a value can be stored: a number, a text, a truth value, None, a time, or a tuple of them.

    >>> is_plain((1, "a", timedelta(days=1))), is_plain([1]), is_plain(float("nan")), is_plain(len)
    (True, False, False, False)
    """
    if type(value) is tuple:
        return all(is_plain(item) for item in value)
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is Decimal:
        return value.is_finite()
    return value is None or type(value) in {bool, int, str, datetime, timedelta, date}


def to_json(value: Any) -> Any:
    """Return a plain value as JSON-ready data; what JSON does not know is named beside its text.

    >>> to_json((1, timedelta(hours=1)))
    [1, {'timedelta': 'PT3600.000000S'}]
    """
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    kind = _SPELLED.get(type(value))
    if kind is None:
        return value
    return {kind: str(bound_to_json(value) if kind in {"datetime", "timedelta"} else value)}


def from_json(data: Any) -> Any:
    """Read back what `to_json` wrote; raise `FormatError` for anything else.

    >>> from_json([1, {"timedelta": "PT3600.000000S"}])
    (1, datetime.timedelta(seconds=3600))
    """
    if isinstance(data, list):
        return tuple(from_json(item) for item in data)
    if not isinstance(data, dict):
        return data
    ((kind, text),) = data.items() if len(data) == 1 else [("", "")]
    value: Any = None
    try:
        if kind == "date":
            value = date.fromisoformat(text)
        elif kind == "decimal":
            value = Decimal(text) if isinstance(text, str) else None
        elif kind in {"datetime", "timedelta"} and isinstance(text, str):
            value = bound_from_json(kind, text)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise FormatError(f"{text!r} is no {kind} as maturekit writes it") from error
    if value is None or not is_plain(value):
        raise FormatError(f"a stored rule has a parameter that cannot be read: {data!r}")
    return value
