"""Time is aware and in UTC, and its text reads back to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit._core.clock import as_utc, iso, parse_iso, utc_now
from maturekit.errors import ArgumentError, FormatError

ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=ZONES)


@given(MOMENTS)
def test_iso_text_reads_back_as_the_same_moment(moment):
    assert parse_iso(iso(moment)) == moment
    assert parse_iso(iso(moment)).tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_iso_text_sorts_as_the_moments_do(one, other):
    assert (iso(one) < iso(other)) == (one < other)


def test_a_naive_time_is_refused_with_what_to_do():
    with pytest.raises(
        ArgumentError, match=r"the clock's time 2013-05-03T00:00:00 has no time zone\n\nHint: pass an aware"
    ):
        as_utc(datetime(2013, 5, 3), what="the clock's time")


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2013-05-03", "2013-13-01T00:00:00Z", "2013-05-03T00:00:00", 5, None]
)
def test_text_that_is_no_time_with_a_zone_is_refused(text):
    with pytest.raises((FormatError, ArgumentError)):
        parse_iso(text)


def test_now_is_aware():
    assert utc_now().utcoffset() == timedelta(0)
