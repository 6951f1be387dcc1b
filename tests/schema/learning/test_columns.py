"""What each column suggests by itself; it accepts its own source, and stays modest."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentTypeError, SchemaError, TableError
from maturekit.schema import Column, Schema
from maturekit.validation import validate

rng = np.random.default_rng(0)


def learned(values, name="x"):
    return Schema.learn(pd.DataFrame({name: values})).columns[name]


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (np.linspace(1.0, 3.0, 101), Column("float", ge=0, le=4)),
        (np.linspace(-1.0, 3.0, 101), Column("float", ge=-3, le=5)),
        (np.linspace(-3.0, -1.0, 101), Column("float", ge=-4, le=0)),
        (np.linspace(0.1, 0.2, 101), Column("float", ge=0.05, le=0.25)),
        ([1.0, 2.0], Column("float")),
        ([7.0] * 50, Column("float")),
        ([1.0, None] * 50, Column("float", nullable=True)),
        ([0, 1, 2, 3, 4] * 20, Column("int", ge=0, le=6)),
        (pd.Series([0, 5, None] * 20, dtype="Int64"), Column("int", nullable=True, ge=0, le=8)),
        ([True, False, None], Column("bool", nullable=True)),
        (["a", "b"] * 20, Column("category", categories=["a", "b"])),
        (["a", "b"] * 19, Column("category", categories=["a", "b"], unknown="flag")),
        (["a"] * 960 + ["b"] * 40, Column("category", categories=["a", "b"])),
        (["a"] * 40 + ["b"], Column("category", categories=["a", "b"], unknown="flag")),
        ([f"text {i}" for i in range(20)], Column("string", max_length=32)),
        (["x" * 20 + str(i) for i in range(20)], Column("string", max_length=44)),
        (pd.Categorical(["a"], categories=["b", "a"]), Column("category", categories=["b", "a"])),
        (pd.Categorical([3, 1]), Column("category", categories=[1, 3])),
        (pd.Categorical([0.5] * 40), Column("float")),
        (pd.to_timedelta([1, 2], unit="s"), Column("timedelta")),
        (
            pd.to_timedelta(np.linspace(10.0, 30.0, 101).round(1), unit="s"),
            Column("timedelta", ge=timedelta(0), le=timedelta(seconds=40)),
        ),
        ([date(2013, 3, 1), None], Column("date", nullable=True, role="time", ge=date(2012, 3, 1))),
        ([Decimal("1.5"), Decimal(2)], Column("decimal")),
        ([Decimal(i) / 4 for i in range(101)], Column("decimal", ge=0, le=38)),
        ([UUID(int=1), UUID(int=2)], Column("object", of=UUID)),
        (
            pd.to_datetime(["2013-03-01 10:00", "2013-03-02 00:00"]),
            Column("datetime", role="time", ge=datetime(2012, 3, 1)),
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_column_suggests_its_contract(values, column):
    assert learned(values) == column


def test_a_key_is_proposed_for_values_that_name_rows():
    assert learned([f"N{i}" for i in range(100)]).role == "key"
    assert learned(range(100)) == Column("int", role="key", unique=True)
    assert learned(rng.permutation(10**6)[:100], "flight_id").role == "key"
    assert learned(rng.permutation(10**6)[:100], "salary").role == "feature"
    assert learned([f"N{i}" for i in range(99)]).role == "feature"
    assert learned([*range(99), 5]).role == "feature"


def test_a_column_that_teaches_nothing_is_refused_by_name():
    for values in ([None, None], [float("nan")] * 3, pd.Categorical([None])):
        with pytest.raises(SchemaError, match="'x' has no values"):
            learned(values)
    for values in ([1, "a"], [True, 1.5], [b"a", 1.5], [date(2013, 1, 1), 1], [[1], (2,)]):
        with pytest.raises(SchemaError, match="'x' holds values of no one kind"):
            learned(pd.Series(values, dtype=object))


def test_tables_that_cannot_be_learned_from_are_refused():
    with pytest.raises(TableError, match="without rows"):
        Schema.learn(pd.DataFrame({"x": []}))
    with pytest.raises(TableError, match="repeat: 'x'"):
        Schema.learn(pd.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(ArgumentTypeError, match="table"):
        Schema.learn({"x": [1]})


def test_extreme_numbers_learn_no_impossible_bounds():
    for values in ([-1e308, 1e308] * 20, [5e-324, 1e-323] * 20, [1e300, 1.1e300] * 20):
        schema = Schema.learn(pd.DataFrame({"x": values}))
        assert validate(pd.DataFrame({"x": values}), schema).ok
    whole = pd.DataFrame({"x": np.array([0, 2**64 - 1] * 20, dtype=np.uint64)})
    assert validate(whole, Schema.learn(whole)).ok
    early = pd.DataFrame({"x": pd.to_datetime(["1677-09-22"] * 2)})
    assert validate(early, Schema.learn(early)).ok


series = st.one_of(
    st.lists(st.floats(allow_infinity=False), min_size=1, max_size=60).filter(lambda v: not all(np.isnan(v))),
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=60),
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=60).filter(any),
    st.lists(st.text(max_size=3), min_size=1, max_size=60),
    st.lists(st.booleans() | st.none(), min_size=1, max_size=60).filter(lambda v: any(x is not None for x in v)),
    st.lists(st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=60),
)


@given(series)
@settings(max_examples=100, deadline=None)
def test_what_is_learned_accepts_its_own_source_and_is_deterministic(values):
    frame = pd.DataFrame({"x": values})
    schema = Schema.learn(frame)
    assert validate(frame, schema).ok
    assert Schema.learn(frame).digest == schema.digest
    assert Schema.from_json(schema.to_json()) == schema


def test_columns_of_unhashable_objects_take_part_in_no_relation():
    frame = pd.DataFrame({"x": [[i] for i in range(200)], "y": range(200)})
    assert Schema.learn(frame) == Schema({"x": Column("object", of=list), "y": Column("int", role="key", unique=True)})


def test_a_table_without_columns_teaches_nothing_and_is_no_error():
    assert Schema.learn(pd.DataFrame(index=range(3))) == Schema({})


def test_durations_of_nanoseconds_are_bounded_in_microseconds():
    frame = pd.DataFrame({"x": pd.to_timedelta(np.arange(101), unit="ns")})
    assert Schema.learn(frame).columns["x"] == Column("timedelta", ge=timedelta(0), le=timedelta(microseconds=1))
    assert validate(frame, Schema.learn(frame)).ok
