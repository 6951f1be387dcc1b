r"""What a text spells: the one meaning of ``coerce=True``, for records and for every cell of a table.

Nothing is guessed. A text is taken whole, without blanks around it, in ASCII:

* `float`, `int`, `decimal`, and a `category` of whole numbers: ``12``, ``-0.5``, ``.5``, ``5.``, ``1e-3``; no ``_``, no
  thousands separator, no ``inf`` and no ``nan``; at most 400 characters and four digits of exponent. ``3.0`` is an `int`;
* `bool`: ``true``, ``True``, ``TRUE`` and the three spellings of false; not ``1`` or ``yes``;
* `datetime`: ISO 8601 such as ``2013-01-31``, ``2013-01-31T12:00``, ``2013-01-31 12:00:00.5+01:00`` or ``...Z``, to the
  microsecond. Without an offset it is naive;
* `date`: the same, if it is a day: no offset, midnight;
* `timedelta`: ISO 8601 such as ``PT90S``, ``-PT1.5S``, ``P1DT2H3M4.5S`` or ``P2W``; years and months have no one length.

An empty text is not a missing value: it is of no kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from maturekit.schema.kinds import READERS, WRONG

__all__ = ["COERCERS", "LONGEST_NUMBER", "NUMBER"]

NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
"""The pattern of a number, to be matched as a whole."""

LONGEST_NUMBER: Final = 400
"""The most characters of a number."""

_IS_NUMBER = re.compile(NUMBER).fullmatch
_IS_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6}0{0,3})?)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
).fullmatch
_IS_SPAN = re.compile(
    r"([+-]?)P(?=.)(?:([0-9]{1,9})W)?(?:([0-9]{1,10})D)?"
    r"(?:T(?=.)(?:([0-9]{1,14})H)?(?:([0-9]{1,14})M)?(?:([0-9]{1,14})(?:\.([0-9]{1,6})0{0,3})?S)?)?"
).fullmatch
_TRUTHS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def _float(text: str) -> Any:
    return float(text) if len(text) <= LONGEST_NUMBER and _IS_NUMBER(text) else WRONG


def _decimal(text: str) -> Any:
    return READERS["decimal"](Decimal(text)) if len(text) <= LONGEST_NUMBER and _IS_NUMBER(text) else WRONG


def _int(text: str) -> Any:
    exact = _decimal(text)
    return exact if exact is WRONG else READERS["int"](exact)


def _bool(text: str) -> Any:
    return _TRUTHS.get(text, WRONG)


def _datetime(text: str) -> Any:
    if not _IS_MOMENT(text):
        return WRONG
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # no such day
        return WRONG


def _date(text: str) -> Any:
    moment = _datetime(text)
    return moment if moment is WRONG else READERS["date"](moment)


def _timedelta(text: str) -> Any:
    match = _IS_SPAN(text)
    if match is None:
        return WRONG
    sign, *numbers, fraction = match.groups()
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
    try:
        span = timedelta(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            microseconds=int((fraction or "0").ljust(6, "0")),
        )
    except OverflowError:
        return WRONG
    return -span if sign == "-" else span


COERCERS: Final[dict[str, Callable[[str], Any]]] = {
    "float": _float,
    "int": _int,
    "category": _int,
    "bool": _bool,
    "datetime": _datetime,
    "date": _date,
    "timedelta": _timedelta,
    "decimal": _decimal,
}
"""For each kind that a text can spell, the function from a text to the value, or `WRONG`."""
