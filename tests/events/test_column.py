"""A column says what values have in common once, and loses nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit._core.digest import canonical_json
from maturekit.events import Column

LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, -0.0, 1.0, 0.1]) | st.text(max_size=2)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_every_value_comes_back_as_it_was(values):
    column = Column.of(values)
    again = Column(len(values), json.loads(canonical_json(column.told)))
    assert canonical_json(again.values()) == canonical_json(values)


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=6))
def test_a_field_of_the_column_is_the_field_of_each_row(rows):
    column = Column.of(rows)
    for name in "ab":
        assert canonical_json(column.part(name).values()) == canonical_json([row[name] for row in rows])
        assert canonical_json(column.get(name).values()) == canonical_json([row[name] for row in rows])


@given(st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_columns_below_one_another_hold_the_values_of_all(several):
    joined = Column.joined([Column.of(values) for values in several])
    values = [value for values in several for value in values]
    assert canonical_json(joined.values()) == canonical_json(values)
    assert joined.rows == len(values)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["x", "x"], {"all": "x"}),
        (["x"], {"all": "x"}),
        ([1, 1.0], {"each": [1, 1.0]}),
        ([1, True], {"each": [1, True]}),
        ([0.0, -0.0], {"each": [0.0, -0.0]}),
        ([{}, {}], {"all": {}}),
        ([{"a": 1}, {"a": 1}], {"all": {"a": 1}}),
        ([{"a": 1}, {"a": 2}], {"of": {"a": {"each": [1, 2]}}}),
        ([{"a": 1}, {"b": 1}], {"each": [{"a": 1}, {"b": 1}]}),
        ([{"a": 1}, None], {"each": [{"a": 1}, None]}),
        ([{"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}],
         {"of": {"a": {"of": {"b": {"all": 1}, "c": {"each": [2, 3]}}}}}),
    ],
)  # fmt: skip
def test_values_are_told_in_the_one_way_of_the_specification(values, told):
    assert canonical_json(Column.of(values).told) == canonical_json(told)


def test_objects_are_taken_apart_to_the_fifth_level():
    rows = [{"1": {"2": {"3": {"4": {"5": {"6": number}}}}}} for number in (1, 2)]
    told = Column.of(rows).told
    for level in "12345":
        told = told["of"][level]
    assert told == {"each": [{"6": 1}, {"6": 2}]}


def test_names_that_differ_in_every_row_do_not_make_a_column_each():
    rows = [{f"file-{number}": number} for number in range(100)]
    column = Column.of(rows)
    assert column.told == {"each": rows}
    assert column.names() == sorted(f"file-{number}" for number in range(100))
    assert column.get("file-7").values() == [7 if number == 7 else None for number in range(100)]


def test_a_field_that_is_missing_is_an_error_and_one_of_no_object_is_null():
    assert Column.of([None, {"a": 1}]).part("a").values() == [None, 1]
    for values in ([{"b": 1}, {"a": 1}], [{"b": 1}, {"b": 2}], [{"b": 1}]):
        with pytest.raises(KeyError):
            Column.of(values).part("a")
        assert Column.of(values).get("a").values() == [value.get("a") for value in values]


def test_a_column_of_another_length_than_it_says_is_refused():
    with pytest.raises(ValueError, match="2 values for 3 rows"):
        Column(3, {"each": [1, 2]}).values()


def test_whether_there_is_something_is_told_of_every_way():
    assert Column.of([{}, {"a": 1}]).filled().values() == [False, True]
    assert Column.of([{"a": 1}, {"a": 2}]).filled().values() == [True, True]
    assert Column.of(["", ""]).filled().told == {"all": False}


def test_rows_are_taken_in_another_order():
    assert Column.of([1, 2, 3]).taken([2, 0, 1]).values() == [3, 1, 2]
    assert Column.of([1, 1]).taken([1, 0]).told == {"all": 1}
