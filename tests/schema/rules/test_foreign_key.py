"""A reference to another table: by value, whatever the storage, and never by a lossy cast."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, SchemaError
from maturekit.schema import Column, ForeignKey, Schema
from maturekit.validation import validate

NOW = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)


def broken(values, reference):
    rule = ForeignKey("a", "other").given({"other": pd.DataFrame({"a": reference})}, NOW)
    return rule.breaking(pd.DataFrame({"a": values})).tolist()


MOMENTS = pd.Series(pd.to_datetime(["2013-01-01", "2013-01-02"])).astype("datetime64[s]")


@pytest.mark.parametrize(
    ("values", "reference"),
    [
        ([1, 5], pd.Series([1, 2, None])),
        ([1.0, 1.5], pd.Series([1, 2])),
        ([1, 5], pd.Series([1.0, 2.5])),
        ([1, 5], pd.Series([1, 2], dtype="Int8")),
        ([1, 5], pd.Series([1, 2], dtype="category")),
        ([1, 5], pd.Series([1, 2], dtype="uint64")),
        ([1, 5], pd.Series([1, 2], dtype=object)),
        ([1, 5], pd.Series([Decimal(1), Decimal(2)])),
        ([Decimal("1.0"), Decimal(5)], pd.Series([1, 2])),
        ([2**53, 2**53 + 1], pd.Series([2**53])),
        ([2**53, 2**53 + 1], pd.Series([float(2**53), None])),
        ([2**53, 2**53 + 1], pd.Series([float(2**53), 0.5])),
        (np.array([2**64 - 1, 2**63], dtype="uint64"), pd.Series([2**64 - 1, 1], dtype="uint64")),
        (["x", "X"], pd.Series(["x", "y", None])),
        (["x", "X"], pd.Series(["x", "y"], dtype="category")),
        (["x", "X"], pd.Series(["x", "y"], dtype="string")),
        (pd.Series(["x", "X"], dtype=object), pd.Series(["x", "y"], dtype="str")),
        ([True, False], pd.Series([True, None], dtype="boolean")),
        (MOMENTS, pd.Series(["2013-01-01T00:00:00", "2013-01-02T00:00:00.000001"]).astype("datetime64[us]")),
        (MOMENTS.dt.tz_localize("UTC"), pd.Series(pd.to_datetime(["2013-01-01"])).dt.tz_localize("UTC")),
        (
            MOMENTS.dt.tz_localize("UTC"),
            pd.Series(pd.to_datetime(["2012-12-31T19:00:00"])).dt.tz_localize("America/New_York"),
        ),
        ([dt.date(2013, 1, 1), dt.date(2013, 1, 2)], pd.Series([dt.date(2013, 1, 1)])),
        ([dt.timedelta(1), dt.timedelta(2)], pd.Series([dt.timedelta(1)])),
    ],
)
def test_equal_values_in_any_storage_are_one_key(values, reference):
    assert broken(values, reference) == [False, True]


@pytest.mark.parametrize(
    ("values", "reference", "held"),
    [
        ([1], ["1"], "the column 'a' holds numbers, and the table it refers to texts"),
        ([True], [1], "holds truth values, and the table it refers to numbers"),
        (MOMENTS, MOMENTS.dt.tz_localize("UTC"), "without a zone, and the table it refers to moments with a zone"),
    ],
)
def test_values_that_could_never_meet_are_an_error_of_the_reference_not_of_the_data(values, reference, held):
    with pytest.raises(ArgumentError, match=held):
        broken(values, reference)


def test_a_reference_without_keys_holds_nothing():
    assert broken([1, 2], pd.Series([None, None], dtype=object)) == [True, True]


SMALL = st.sampled_from([0, 1, 2, 2**60])


@given(st.data())
def test_pairs_are_looked_up_as_pairs(data):
    rows = st.lists(st.tuples(SMALL, st.sampled_from("xyz"), st.booleans()), max_size=12)
    judged, other = data.draw(rows), data.draw(rows)
    names = ["a", "b", "c"]
    types = {"a": "int64", "b": "str", "c": "bool"}
    rule = ForeignKey(tuple(names), "other", to=("z", "y", "x"))
    reference = pd.DataFrame(other, columns=["z", "y", "x"]).astype(dict(zip("zyx", types.values(), strict=True)))
    found = rule.given({"other": reference}, NOW).breaking(pd.DataFrame(judged, columns=names).astype(types))
    assert found.tolist() == [row not in set(other) for row in judged]


def test_each_half_of_a_pair_alone_is_no_key():
    rule = ForeignKey(("a", "b"), "other").given({"other": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})}, NOW)
    assert rule.breaking(pd.DataFrame({"a": [1, 1], "b": ["x", "y"]})).tolist() == [False, True]


AIRLINES = pd.DataFrame({"code": ["AA", "UA", None]}, index=[7, 7, 7])
SCHEMA = Schema({"carrier": Column("string", nullable=True)}, rules=[ForeignKey("carrier", "airlines", to="code")])
FLIGHTS = pd.DataFrame({"carrier": ["UA", "XX", None]})


def test_rows_without_a_partner_are_rejected_and_nulls_pass():
    report = validate(FLIGHTS, SCHEMA, references={"airlines": AIRLINES})
    (finding,) = report.failed
    assert (finding.rule, finding.positions.tolist()) == ("ForeignKey", [1])
    assert finding.message == "carrier must stand in code of 'airlines'"
    assert SCHEMA.check_record({"carrier": "XX"}) == ()


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ({}, "no reference named 'airlines'; known: none"),
        ({"airline": AIRLINES}, "no reference named 'airlines'; known: 'airline'"),
        ({"airlines": AIRLINES.rename(columns={"code": "Code"})}, "no column named 'code'; known: 'Code'"),
        ({"airlines": 3}, "int"),
    ],
)
def test_a_missing_reference_is_named_and_no_fault_of_the_data(references, message):
    report = validate(FLIGHTS, SCHEMA, references=references)
    (finding,) = report.failed
    assert finding.status == "could_not_run"
    assert message in finding.message
    assert report.rejected.tolist() == []


def test_the_nearest_name_is_offered():
    with pytest.raises(NotFoundError, match="did you mean 'airline'"):
        SCHEMA.rules[0].given({"airline": AIRLINES}, NOW)
    with pytest.raises(NotFoundError, match=r"references=\{'airlines': \.\.\.\}"):
        SCHEMA.rules[0].given({}, NOW)
    with pytest.raises(ArgumentTypeError):
        SCHEMA.rules[0].given({"airlines": 3}, NOW)
    with pytest.raises(ArgumentError, match="was not given its table"):
        SCHEMA.rules[0].breaking(FLIGHTS[:1])


def test_the_table_is_not_stored():
    rule = ForeignKey("carrier", "airlines", to="code")
    given = rule.given({"airlines": AIRLINES}, NOW)
    assert (given, hash(given), given.to_dict()) == (rule, hash(rule), rule.to_dict())
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ForeignKey("a", AIRLINES), r"stores the name of a table, got DataFrame(.|\n)*references="),
        (lambda: ForeignKey("a", ""), "the name of a table"),
        (lambda: ForeignKey(("a", "b"), "other", to="c"), "pairs 2 columns with 1"),
        (lambda: ForeignKey(("a", "a"), "other"), "twice"),
        (lambda: ForeignKey((), "other"), "names no column"),
    ],
)
def test_a_reference_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()
