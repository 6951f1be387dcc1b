"""Moments, days and durations as whole numbers of nanoseconds, so that no unit and no storage makes a difference."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any, Final

import numpy as np
import pandas as pd

from maturekit.validation.cells import Positions

__all__ = ["A_TICK", "Moment", "iso_text", "nanoseconds", "ticks"]

Moment = tuple[int, bool]
"""Nanoseconds since the start of 1970, and whether a time zone says where that was."""

A_TICK: Final = {"D": 86_400 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Nanoseconds of each unit."""

_EPOCHS: Final = {False: datetime(1970, 1, 1), True: datetime(1970, 1, 1, tzinfo=timezone.utc)}  # noqa: DTZ001, UP017  # moments without a zone are told apart, not guessed


def ticks(values: Any) -> tuple[Positions, int, bool] | None:
    """Return a column of moments or durations as int64, the nanoseconds of one, and whether there is a time zone.

    None for a column of anything else, also of moments as objects.

    >>> ticks(pd.Series(np.array(["1970-01-02"], dtype="M8[s]")))
    (array([86400]), 1000000000, False)
    """
    if getattr(values, "dtype", None) is None or values.dtype.kind not in "mM":
        return None
    aware = isinstance(values.dtype, pd.DatetimeTZDtype)
    array = np.asarray(values.dt.tz_convert(None) if aware else values)
    return array.view(np.int64), A_TICK[np.datetime_data(array.dtype)[0]], aware


def nanoseconds(value: date | timedelta) -> Moment:
    """Return one moment, day or duration of the standard library or pandas.

    >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1))
    (1000000000, False)
    >>> nanoseconds(pd.Timestamp(7, tz="UTC")), nanoseconds(date(1970, 1, 2)), nanoseconds(pd.Timedelta(7))
    ((7, True), (86400000000000, False), (7, False))
    """
    if isinstance(value, (pd.Timestamp, pd.Timedelta)):  # beyond the range of the standard library
        stored = value.asm8
        a_tick = A_TICK[np.datetime_data(stored.dtype)[0]]
        return int(stored.view(np.int64)) * a_tick, isinstance(value, pd.Timestamp) and value.tzinfo is not None
    if isinstance(value, timedelta):
        return _whole(value), False
    if not isinstance(value, datetime):
        return (value - _EPOCHS[False].date()).days * A_TICK["D"], False
    aware = value.tzinfo is not None
    return _whole(value - _EPOCHS[aware]), aware


def iso_text(moment: Moment) -> str:
    """Return a moment as ISO text, in UTC where it has a zone, with as many digits as it needs.

    >>> iso_text((1_500_000_000, False)), iso_text((0, True))
    ('1970-01-01T00:00:01.500', '1970-01-01T00:00:00+00:00')
    """
    seconds, below = divmod(moment[0], 10**9)
    digits = f".{below:09d}".removesuffix("000").removesuffix("000") if below else ""
    return f"{np.datetime64(seconds, 's')}{digits}{'+00:00' if moment[1] else ''}"


def _whole(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 10**9 + span.microseconds * 1000
