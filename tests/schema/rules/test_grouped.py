"""Keys, sizes of groups and functional dependencies agree with pandas' own slower way, in every storage."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import SchemaError
from maturekit.schema import Column, Constant, GroupRule, GroupSize, Key, Schema
from maturekit.validation import validate

BIG = 2**60
VALUES = {
    "int64": st.integers(-2, 2) | st.sampled_from([-BIG, BIG, -(2**63), 2**63 - 1]),
    "uint64": st.sampled_from([0, 1, 2**63, 2**64 - 1]),
    "float64": st.sampled_from([0.0, -0.0, 1.5, -1e300]),
    "bool": st.booleans(),
    "str": st.sampled_from(["", "a", "A", "é"]),
    "object": st.sampled_from(["a", "b", 1, 2]),
    "datetime64[us]": st.sampled_from(
        [pd.Timestamp(text) for text in ("2013-01-01", "1700-01-01", "2013-01-01T00:00:00.000001")]
    ),
    "timedelta64[us]": st.sampled_from([timedelta(0), timedelta(microseconds=-1), timedelta(days=400)]),
    "datetime64[us, UTC]": st.sampled_from([pd.Timestamp(text, tz="UTC") for text in ("2013-01-01", "1950-01-01")]),
}
RULES = [
    Key("a"),
    Key("a", "b"),
    Key("c", "a", "b"),
    GroupSize(("a",), at_least=2),
    GroupSize(("a", "b"), at_most=1),
    GroupSize(("b", "c"), at_least=2, at_most=3),
    Constant("a", by=("b",)),
    Constant("c", by=("a", "b")),
]


@st.composite
def frames(draw):
    rows = draw(st.integers(0, 12))
    columns = {}
    for name in "abc":
        dtype = draw(st.sampled_from(sorted(VALUES)))
        values = draw(st.lists(VALUES[dtype], min_size=rows, max_size=rows))
        columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


def by_groupby(rule, frame):
    return GroupRule._breaks(rule, frame).tolist() if len(frame) else []


@given(frames(), st.sampled_from(RULES))
def test_the_fast_way_is_that_of_groupby(frame, rule):
    assert rule.breaking(frame).tolist() == by_groupby(rule, frame)


def test_many_groups_over_wide_values_do_not_collide():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(-BIG, BIG, (5_000, 3)), columns=list("abc"))
    frame = pd.concat([frame, frame[:7]], ignore_index=True)
    expected = np.zeros(5_007, dtype=bool)
    expected[:7] = expected[5_000:] = True
    assert (Key("a", "b", "c").breaking(frame) == expected).all()
    frame.loc[5_003, "c"] = 5
    assert np.flatnonzero(Constant("c", by=("a", "b")).breaking(frame)).tolist() == [3, 5_003]


def test_a_key_marks_all_rows_that_share_it_and_no_row_with_a_null():
    frame = pd.DataFrame({"flight": [1, 1, 2, 1, None, None], "day": ["m", "t", "m", "m", "m", "m"]})
    schema = Schema({"flight": Column("int", nullable=True), "day": Column("string")}, rules=[Key("flight", "day")])
    report = validate(frame, schema)
    (finding,) = report.failed
    assert finding.positions.tolist() == [0, 3]
    assert (finding.rule, finding.columns) == ("Key", ("flight", "day"))
    assert finding.message == "flight, day must be unique together"


def test_a_dependency_marks_the_whole_group_since_nobody_knows_which_row_is_right():
    frame = pd.DataFrame({"zip": [1, 1, 1, 2, 2], "city": ["Ulm", "Ulm", "Bonn", "Kiel", "Kiel"]})
    assert Constant("city", by=("zip",)).breaking(frame).tolist() == [True, True, True, False, False]
    assert Constant("city", by=("zip",)).words == "city must be the same for the same zip"


def test_limits_of_a_group_are_inclusive():
    frame = pd.DataFrame({"day": [1, 2, 2, 3, 3, 3]})
    assert GroupSize("day", at_least=2, at_most=2).breaking(frame).tolist() == [True, False, False, True, True, True]
    assert GroupSize("day", at_least=2, at_most=2).words == "each day must have exactly 2 rows"


@pytest.mark.parametrize("rule", [*RULES, Key("a", severity="warning", mostly=0.9)], ids=repr)
def test_it_can_be_written_as_it_is_shown_and_is_stored_by_name(rule):
    assert eval(repr(rule), {kind.__name__: kind for kind in (Key, GroupSize, Constant)}) == rule
    schema = Schema({name: Column("int") for name in "abc"}, rules=[rule])
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Key, "needs the columns"),
        (lambda: Key("a", "a"), "names a column twice"),
        (lambda: Key(("a", "b")), r'write Key\("flight", "day"\)'),
        (lambda: Key("a", 3), "no name of a column"),
        (lambda: Key("a", mostly=2), "mostly=2"),
        (lambda: Constant("a", by=("a", "b")), "on both sides"),
        (lambda: GroupSize("a"), "has no limit"),
        (lambda: GroupSize("a", at_least=3, at_most=2), "kept by nothing"),
        (lambda: GroupSize("a", at_least=True), "no number of rows"),
        (lambda: GroupSize("a", at_most=-1), "no number of rows"),
        (lambda: Schema({"aa": Column("int")}, rules=[Key("a")]), r"no column named 'a'(.|\n)*did you mean 'aa'"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()
