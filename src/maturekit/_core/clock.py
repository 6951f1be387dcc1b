"""Time: always UTC, always aware, always from a clock that can be replaced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError

__all__ = ["Clock", "as_utc", "iso", "parse_iso", "utc_now"]

Clock = Callable[[], datetime]
"""A function without arguments that returns an aware datetime."""


def utc_now() -> datetime:
    """Return the present moment in UTC.

    >>> utc_now().tzinfo is UTC
    True
    """
    return datetime.now(UTC)


def as_utc(moment: datetime, *, what: str = "time") -> datetime:
    """Return the same moment in UTC; a naive one is refused, since nobody knows what it means.

    >>> from datetime import timedelta, timezone
    >>> as_utc(datetime(2013, 5, 3, 2, tzinfo=timezone(timedelta(hours=2))))
    datetime.datetime(2013, 5, 3, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(moment, datetime):
        raise ArgumentTypeError(f"{what} must be a datetime, got {type(moment).__name__}")
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ArgumentError(
            f"{what} {moment.isoformat()} has no time zone",
            hint="pass an aware datetime, for instance with tzinfo=UTC.",
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ArgumentError(f"{what} {moment.isoformat()} is out of range in UTC") from error


def iso(moment: datetime) -> str:
    """Return a moment as ISO 8601 text in UTC, to the microsecond.

    >>> iso(datetime(2013, 5, 3, tzinfo=UTC))
    '2013-05-03T00:00:00.000000Z'
    """
    return as_utc(moment).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_iso(text: str) -> datetime:
    """Read back what `iso` wrote.

    >>> parse_iso("2013-05-03T00:00:00.000000Z")
    datetime.datetime(2013, 5, 3, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        return as_utc(datetime.fromisoformat(text))
    except (ValueError, TypeError) as error:
        raise FormatError(f"{text!r} is not a time with a zone in ISO 8601") from error
