"""A text that spells a value is read as it where the column says so; nothing is guessed."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.schema import Column, Schema
from maturekit.schema.kinds import WRONG

READ = {
    "float": {"1": 1.0, "-0.5": -0.5, ".5": 0.5, "5.": 5.0, "+1e-3": 0.001, "1E3": 1000.0, "1e999": math.inf},
    "int": {"3": 3, "-3.0": -3, "1e3": 1000, "007": 7, "0e9999": 0, str(2**64 - 1): 2**64 - 1},
    "bool": {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False},
    "datetime": {
        "2013-01-31": datetime(2013, 1, 31),
        "2013-01-31T12:30": datetime(2013, 1, 31, 12, 30),
        "2013-01-31 12:30:01.5": datetime(2013, 1, 31, 12, 30, 1, 500_000),
        "2013-01-31T12:30:01.000001000": datetime(2013, 1, 31, 12, 30, 1, 1),
        "2013-01-31T12:30:00Z": datetime(2013, 1, 31, 12, 30, tzinfo=UTC),
        "2013-01-31T12:30:00+02:00": datetime(2013, 1, 31, 10, 30, tzinfo=UTC),
    },
    "date": {"2013-01-31": date(2013, 1, 31), "2013-01-31T00:00:00": date(2013, 1, 31)},
    "timedelta": {
        "PT90S": timedelta(seconds=90),
        "-PT1.5S": timedelta(seconds=-1.5),
        "P1DT2H3M4.5S": timedelta(days=1, hours=2, minutes=3, seconds=4.5),
        "P2W": timedelta(days=14),
        "PT0.000001000S": timedelta(microseconds=1),
    },
    "decimal": {
        "1.50": Decimal("1.5"),
        "1e-3": Decimal("0.001"),
        "12345678901234567890.5": Decimal("12345678901234567890.5"),
    },
}
REFUSED = {
    "float": [
        "",
        " 1",
        "1 ",
        "1_000",
        "1,5",
        "inf",
        "nan",
        "-Infinity",
        "0x10",
        "1e",
        "e5",
        ".",
        "١",
        "1\n",
        "1" * 401,
        "1e10000",
    ],
    "int": ["", "3.5", "1e-1", "1e999", str(2**64), str(-(2**63) - 1), "３", "true"],
    "bool": ["", "1", "0", "yes", "tRUE", "t", " true"],
    "datetime": [
        "",
        "soon",
        "2013-02-30",
        "2013-1-1",
        "20130131",
        "2013-01-31T24:00",
        "2013-01-31T12:30:60",
        "2013-W05-4",
        "2013-01-31T12:30:00.0000001",
        "2013-01-31T12",
        "2013-01-31T12:30+0200",
        "١٩٩٩-01-01",
        "2013-01-31Z",
    ],
    "date": ["2013-01-31T00:00:01", "2013-01-31T00:00:00Z", "2013-02-30", "31.01.2013"],
    "timedelta": ["", "P", "PT", "1:00:00", "P1Y", "P1M", "PT1.5H", "P99999999999D", "P9999999999D", "pt1s"],
    "decimal": ["", "NaN", "Infinity", "1e9999", "1,5", "1_0"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in READ.items() for text in texts])
def test_a_text_is_read_as_what_it_spells(kind, text):
    read = Column(kind, coerce=True).reader(text)
    assert read == READ[kind][text]
    assert type(read) is type(READ[kind][text])
    assert Column(kind).reader(text) is WRONG


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts])
def test_a_text_that_spells_nothing_breaks_kind(kind, text):
    column = Column(kind, coerce=True, nullable=True)
    assert column.reader(text) is WRONG
    assert [finding.rule for finding in Schema({"x": column}).check_record({"x": text})] == ["kind"]


@given(st.one_of(st.text(), st.text("0123456789+-.eEnaif_ T:ZP"), st.text("٠١٢３４")))
def test_no_text_raises(text):
    for kind in READ:
        Column(kind, coerce=True).reader(text)


@given(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**64 - 1), st.datetimes(), st.timedeltas()
)
def test_what_python_writes_is_read_back(number, whole, moment, span):
    assert Column("float", coerce=True).reader(repr(number)) == number
    assert Column("int", coerce=True).reader(str(whole)) == whole
    assert Column("datetime", coerce=True).reader(moment.isoformat()) == moment
    assert Column("datetime", coerce=True).reader(str(moment.replace(tzinfo=UTC))) == moment.replace(tzinfo=UTC)
    seconds = abs(span) // timedelta(seconds=1)
    written = f"{'-' if span < timedelta(0) else ''}PT{seconds}.{abs(span).microseconds:06d}S"
    assert Column("timedelta", coerce=True).reader(written) == span


def test_values_that_are_no_texts_mean_what_they_always_mean():
    column = Column("int", coerce=True)
    assert (column.reader(3.0), column.reader(np.int8(3)), column.reader(True)) == (3, 3, WRONG)


def test_the_other_rules_see_the_value_and_not_the_text():
    schema = Schema({"x": Column("float", ge=0, lt=10, coerce=True)})
    found = {text: [finding.rule for finding in schema.check_record({"x": text})] for text in ("9", "-1", "1e999", "x")}
    assert found == {"9": [], "-1": ["ge"], "1e999": ["finite"], "x": ["kind"]}
    ranks = Schema({"x": Column("category", categories=[1, 2], coerce=True)})
    assert ranks.check_record({"x": "2"}) == ()
    assert [finding.rule for finding in ranks.check_record({"x": "3"})] == ["categories"]


def test_a_zone_holds_for_texts_too():
    moments = {"naive": "2013-01-31T12:00", "UTC": "2013-01-31T12:00Z", "aware": "2013-01-31T12:00+02:00"}
    kept = {
        zone: [
            name
            for name, text in moments.items()
            if Column("datetime", zone=zone, coerce=True).reader(text) is not WRONG
        ]
        for zone in moments
    }
    assert kept == {"naive": ["naive"], "UTC": ["UTC"], "aware": ["UTC", "aware"]}
    read = Column("datetime", zone="aware", coerce=True).reader(moments["aware"])
    assert read.tzinfo == timezone(timedelta(hours=2))
