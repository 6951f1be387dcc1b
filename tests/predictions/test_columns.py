"""A column is spelled in strict JSON and comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import FormatError
from maturekit.predictions.columns import LONGEST_TEXT, restored, spell, spelled

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # naive on purpose
KINDS = {
    "float": st.floats(allow_nan=False),
    "int": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "text": st.text(max_size=50),
    "datetime": MOMENTS,
    "instant": MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
}
ANYTHING = st.one_of(*KINDS.values(), st.none(), st.integers(), st.floats(), st.lists(st.integers()), st.binary())


def back(values):
    column = json.loads(json.dumps(spelled(values), allow_nan=False))
    return restored([(column, len(values))])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_values_of_one_kind_come_back(kind, data):
    values = data.draw(st.lists(KINDS[kind], min_size=1, max_size=20))
    assert spelled(values)["type"] == kind
    assert back(values).tolist() == values
    assert back(pd.Series(values)).tolist() == pd.Series(values).tolist()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_gaps_come_back_as_gaps(kind, data):
    first, last = data.draw(KINDS[kind]), data.draw(KINDS[kind])
    column = back([first, None, last])
    assert column.isna().tolist() == [False, True, False]
    assert [column[0], column[2]] == [first, last]


@settings(max_examples=50, deadline=None)
@given(values=st.lists(ANYTHING, max_size=10))
def test_nothing_whatsoever_fails_and_the_json_is_strict(values):
    assert len(back(values)) == len(values)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series([True, None], dtype="boolean"), [True, None]),
        (pd.Series([1.5, None], dtype="Float64"), [1.5, None]),
        (pd.Series(["a", None], dtype="string"), ["a", None]),
        (pd.Series(["a", None, "b"], dtype="category"), ["a", None, "b"]),
        (pd.Series([2, 1], dtype="category"), [2, 1]),
        (pd.Series([2**64 - 1, 0], dtype="uint64"), [{"text": str(2**64 - 1)}, 0]),
        (pd.Series([1.5, np.inf], dtype="float32"), [1.5, {"float": "inf"}]),
        (np.array(["x", "y"]), ["x", "y"]),
    ],
)
def test_every_storage_of_pandas_is_spelled_by_its_values(column, expected):
    assert spelled(column)["values"] == expected


def test_rare_values_keep_their_meaning():
    moment = datetime(2013, 5, 3, tzinfo=UTC)
    values = [timedelta(hours=1), moment, np.datetime64("2013-05-03"), date(2013, 5, 3), float("inf"), "x"]
    column = back(values)
    assert column.tolist()[:2] == [pd.Timedelta(hours=1), pd.Timestamp(moment)]
    assert column.tolist()[2:4] == [pd.Timestamp("2013-05-03")] * 2
    assert column.tolist()[4:] == [float("inf"), "x"]
    assert spell(np.datetime64("NaT", "s")) is None
    assert spell(Decimal("1.10")) == {"text": "1.10"}
    assert spell(10**30) == {"text": str(10**30)}


def test_a_value_that_cannot_be_shown_is_named_by_its_type():
    class Hostile:
        def __str__(self):
            raise RuntimeError

    assert spell(Hostile()) == {"text": "<Hostile that cannot be shown>"}
    assert spell(10**5000) == {"text": "<int that cannot be shown>"}


def test_long_texts_are_cut():
    assert len(spell("x" * 10**6)) == LONGEST_TEXT
    assert len(spelled(["x" * 10**6, "y"])["values"][0]) == LONGEST_TEXT


def test_missing_pieces_read_as_nulls_and_whole_numbers_stay_whole():
    column = restored([(spelled([2**62 + 1]), 1), (None, 2)])
    assert column.dtype == "Int64"
    assert column[0] == 2**62 + 1
    assert column.isna().tolist() == [False, True, True]


def test_pieces_of_different_types_read_as_objects():
    assert restored([(spelled(["a"]), 1), (spelled([1.5]), 1)]).tolist() == ["a", 1.5]
    assert restored([(spelled([1]), 1), (spelled([1.5]), 1)]).tolist() == [1.0, 1.5]


def test_a_malformed_column_says_so():
    with pytest.raises(FormatError, match="a stored column is malformed"):
        restored([({"type": "int", "values": ["x"]}, 1)])


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], "int", [1, None]),
        ([2**63 - 1, -(2**63)], "int", [2**63 - 1, -(2**63)]),
        ([2**63, None, 1], "mixed", [{"text": str(2**63)}, None, 1]),
        ([True, None], "bool", [True, None]),
        ([0.5, None, float("nan"), float("-inf")], "float", [0.5, None, None, {"float": "-inf"}]),
        (["", None, "x" * 1001], "text", ["", None, "x" * 999 + "…"]),
        ([None, None], "null", [None, None]),
        ([], "null", []),
    ],
)
def test_a_list_of_one_kind_with_gaps_keeps_its_kind(values, kind, expected):
    assert spelled(values) == {"type": kind, "values": expected}


def test_half_of_a_surrogate_pair_is_read_back():
    assert restored([(spelled(["\ud800", "a"]), 2)]).tolist() == ["\ud800", "a"]
