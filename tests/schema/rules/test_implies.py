"""Implications limit only the rows they speak of, and judge a record as its row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import SchemaError
from maturekit.schema import Column, Implies, Schema
from maturekit.validation import validate

COLUMNS = {
    "ticket": Column("string", nullable=True),
    "age": Column("int", nullable=True),
    "paid": Column("bool"),
    "price": Column("float", ge=0),
    "day": Column("datetime", nullable=True),
}


def test_only_rows_that_hold_one_of_the_values_are_limited():
    rule = Implies("ticket", ("child", "infant"), "age", lt=15)
    frame = pd.DataFrame({"ticket": ["child", "adult", "infant", "child"], "age": [15, 40, 0, 14]})
    assert rule.breaking(frame).tolist() == [True, False, False, False]


def test_a_null_passes_on_either_side():
    schema = Schema(
        {name: COLUMNS[name] for name in ("ticket", "age")}, rules=[Implies("ticket", "child", "age", lt=15)]
    )
    frame = pd.DataFrame({"ticket": ["child", None, "child"], "age": [None, 40, 40]})
    assert validate(frame, schema).rejected.tolist() == [2]
    assert [len(schema.check_record(record)) for record in frame.to_dict("records")] == [0, 0, 1]


def test_values_and_bounds_may_be_joined():
    rule = Implies("paid", True, "price", gt=0, le=10, allowed=(5.0, 11.0))
    assert rule.words == "where paid is True, price must be > 0 and <= 10 and 5.0 or 11.0"
    frame = pd.DataFrame({"paid": [True, True, True, False], "price": [5.0, 11.0, 6.0, -1.0]})
    assert rule.breaking(frame).tolist() == [False, True, True, False]


def test_moments_and_durations_may_bound_and_are_stored():
    rule = Implies("ticket", ("x",), "day", ge=datetime(2013, 1, 2), le=datetime(2013, 1, 3))
    schema = Schema(COLUMNS, rules=[rule])
    assert Schema.from_json(schema.to_json()) == schema
    frame = pd.DataFrame({"ticket": ["x"] * 3, "day": pd.to_datetime(["2013-01-01", "2013-01-02", "2013-01-04"])})
    assert rule.breaking(frame).tolist() == [True, False, True]


TEXTS, NUMBERS, TRUTHS = st.sampled_from(["a", "b", ""]), st.sampled_from([-1, 0, 1, 2**53 + 1]), st.booleans()


@given(st.data())
def test_a_record_gets_the_verdict_of_its_row(data):
    left, right = (data.draw(st.sampled_from([TEXTS, NUMBERS, TRUTHS])) for _ in range(2))
    values = tuple(data.draw(st.lists(left, min_size=1, max_size=3)))
    limits = tuple(data.draw(st.lists(right, min_size=1, max_size=3)))
    rule = Implies("when", values, "then", allowed=limits, **({"ge": 0} if right is NUMBERS else {}))
    rows = data.draw(st.lists(st.fixed_dictionaries({"when": left, "then": right}), min_size=1, max_size=5))
    assert rule.breaking(pd.DataFrame(rows)).tolist() == [not rule.keeps(row) for row in rows]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Implies("ticket", "x", "age"), "has no limit"),
        (lambda: Implies("ticket", (), "age", lt=1), "has no values"),
        (lambda: Implies("age", 1, "age", lt=1), "two columns"),
        (lambda: Schema(COLUMNS, rules=[Implies("ticket", 1, "age", lt=1)]), "1 is no value of 'ticket'"),
        (lambda: Schema(COLUMNS, rules=[Implies("ticket", "x", "age", lt="1")]), "'1' is no value of 'age'"),
        (lambda: Schema(COLUMNS, rules=[Implies("paid", 1, "age", lt=1)]), "1 is no value of 'paid'"),
        (lambda: Schema(COLUMNS, rules=[Implies("ticket", "x", "age", allowed=(None,))]), "None is no value of 'age'"),
        (lambda: Schema(COLUMNS, rules=[Implies("ticket", "x", "day", le=timedelta(1))]), "no value of 'day'"),
    ],
)
def test_an_implication_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()
