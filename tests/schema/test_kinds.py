"""What one value means for its column: the reading that every faster path has to agree with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from maturekit.schema import Column, Schema
from maturekit.schema.constraint import digits
from maturekit.schema.kinds import WRONG

DAY = date(2013, 1, 31)


def broken(column, value):
    return [finding.rule for finding in Schema({"x": column}).check_record({"x": value})]


@pytest.mark.parametrize(
    "value",
    [DAY, datetime(2013, 1, 31), pd.Timestamp("2013-01-31"), np.datetime64("2013-01-31"), np.datetime64(DAY, "ns")],
)
def test_a_day_is_a_date_or_its_midnight(value):
    assert Column("date").reader(value) == DAY
    assert type(Column("date").reader(value)) is date


@pytest.mark.parametrize(
    "value",
    [
        datetime(2013, 1, 31, 0, 0, 0, 1),
        datetime(2013, 1, 31, tzinfo=UTC),
        pd.Timestamp("2013-01-31 00:00:00.000000001"),
        np.datetime64("20000-01-01"),
        np.datetime64("2013-01-31T12"),
        "2013-01-31",
        20130131,
    ],
)
def test_a_moment_within_a_day_is_no_day(value):
    assert Column("date").reader(value) is WRONG


def test_days_are_bounded_by_days():
    column = Column("date", ge=date(2013, 1, 1), lt=date(2014, 1, 1))
    assert broken(column, datetime(2013, 12, 31)) == []
    assert broken(column, date(2014, 1, 1)) == ["lt"]
    assert broken(Column("date", nullable=True), pd.NaT) == []


@pytest.mark.parametrize("value", [Decimal("1.50"), 3, np.int64(3), np.uint8(3), 10**400, Decimal("1E-6144")])
def test_a_decimal_is_a_decimal_or_a_whole_number(value):
    assert Column("decimal").reader(value) == (value.item() if isinstance(value, np.generic) else value)
    assert type(Column("decimal").reader(value)) is Decimal


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        1.0,
        np.float64(1),
        True,
        np.bool_(True),
        "1",
        Fraction(1, 2),
        np.timedelta64(1, "s"),
        Decimal("Infinity"),
        Decimal("1E+6144"),
        Decimal("1E-6145"),
        10**6144,
        Decimal("1E+999999999"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_float_infinity_and_what_has_too_many_digits_are_no_decimals(value):
    assert Column("decimal").reader(value) is WRONG


def test_digits_are_counted_without_the_zeros_at_the_ends():
    texts = ["0", "-0.00", "7", "700", "7E+2", "0.5", "0.050", "12.34", "1E-3", "100.00"]
    assert [digits(Decimal(text)) for text in texts] == [
        (0, 0),
        (0, 0),
        (1, 0),
        (3, 0),
        (3, 0),
        (0, 1),
        (0, 2),
        (2, 2),
        (0, 3),
        (3, 0),
    ]


def test_digits_in_all_and_behind_the_point():
    money = Column("decimal", max_digits=5, decimal_places=2)
    assert broken(money, Decimal("999.99")) == []
    assert broken(money, Decimal(1000)) == ["max_digits"]  # three digits are left before the point
    assert broken(money, Decimal("0.001")) == ["decimal_places"]
    assert broken(money, Decimal("1234.567")) == ["max_digits", "decimal_places"]
    assert broken(Column("decimal", max_digits=2, decimal_places=2), Decimal(0)) == []
    assert broken(Column("decimal", max_digits=28), Decimal("1." + "1" * 28)) == ["max_digits"]


def test_multiples_of_a_decimal_are_exact():
    cents = Column("decimal", multiple_of=Decimal("0.01"))
    assert broken(cents, Decimal("1E+100") + Decimal("0.01")) == []
    assert broken(cents, Decimal("0.011")) == ["multiple_of"]
    assert broken(cents, Decimal("1" + "0" * 40 + ".001")) == ["multiple_of"]


class Version(UUID):
    pass


def test_an_object_has_exactly_its_type():
    column = Column("object", of="uuid.UUID", nullable=True)
    assert broken(column, UUID(int=7)) == broken(column, None) == []
    for value in (Version(int=7), str(UUID(int=7)), SafeUUID.safe, 7):
        assert broken(column, value) == ["kind"]
    assert broken(Column("object", of=bytes), b"a") == []
    assert "of the type uuid.UUID" in Schema({"x": column}).check_record({"x": 7})[0].message


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "kept"),
    [
        (None, {"naive", "utc", "berlin", "offset"}),
        ("naive", {"naive"}),
        ("aware", {"utc", "berlin", "offset"}),
        ("UTC", {"utc"}),
        ("Europe/Berlin", {"berlin"}),
        ("UTC+02:00", {"offset"}),
    ],
)
def test_a_zone_is_none_any_or_the_one_of_a_name(zone, kept):
    moment = datetime(2013, 6, 1)
    moments = {
        "naive": moment,
        "utc": moment.replace(tzinfo=UTC),
        "berlin": moment.replace(tzinfo=BERLIN),
        "offset": moment.replace(tzinfo=timezone(timedelta(hours=2))),
    }
    column = Column("datetime", zone=zone)
    assert {name for name, value in moments.items() if broken(column, value) == []} == kept
    stamps = {name: pd.Timestamp(value) for name, value in moments.items()}
    assert {name for name, value in stamps.items() if broken(column, value) == []} == kept


def test_bounds_in_a_zone_are_moments_and_not_clocks():
    column = Column("datetime", zone="Europe/Berlin", ge=datetime(2013, 6, 1, tzinfo=UTC))
    assert broken(column, datetime(2013, 6, 1, 2, tzinfo=BERLIN)) == []
    assert broken(column, datetime(2013, 6, 1, 1, tzinfo=BERLIN)) == ["ge"]


@pytest.mark.parametrize(("unit", "finest"), [("s", 1_000_000), ("ms", 1_000), ("us", 1)])
def test_a_unit_is_what_moments_are_whole_multiples_of(unit, finest):
    column = Column("datetime", unit=unit)
    moment = datetime(2013, 1, 1)
    assert broken(column, moment + timedelta(microseconds=finest)) == []
    if finest > 1:
        assert broken(column, moment + timedelta(microseconds=1)) == ["unit"]
    assert broken(column, pd.Timestamp("2013-01-01 00:00:00.000000001")) == ["unit"]


def test_order_says_nothing_about_one_record():
    assert broken(Column("int", order="strictly_increasing"), 3) == []


def test_a_whole_number_stored_as_a_float_is_exact():
    assert Column("int").reader(2.0**64) is WRONG
    assert Column("int").reader(-(2.0**63)) == -(2**63)
    assert Column("int").reader(np.float32(3)) == 3
    assert Column("int").reader(Decimal("1E+999999999")) is WRONG
