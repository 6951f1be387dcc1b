"""The two parts of a split are the frame, and the valid one stays valid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import TableError
from maturekit.schema import Column, Compare, Schema
from maturekit.validation import validate

SCHEMA = Schema(
    {
        "key": Column("int", unique=True, role="key"),
        "a": Column("float", nullable=True, ge=0, mostly=0.6),
        "b": Column("float", lt=3),
        "c": Column("category", categories=["x", "y"], unknown="flag"),
        "d": Column("string", nullable=True, max_length=2, severity="warning"),
    },
    rules=[Compare("a", "<=", "b")],
)
rows = st.tuples(
    st.sampled_from([0, 1, 2, 3, 4, 5, None, "six"]),
    st.sampled_from([0.0, 1.0, 2.0, -1.0, None, np.inf]),
    st.sampled_from([0, 1.0, 2.5, 4.0, np.nan]),
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(["ok", "long", None]),
)


def frame_of(drawn, labels):
    frame = pd.DataFrame(drawn, columns=list(SCHEMA.columns), dtype=object)
    frame.index = pd.Index(labels)
    return frame


@given(st.lists(st.tuples(rows, st.sampled_from([0, 1, 2])), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_union_is_the_frame_by_position_and_the_valid_part_is_clean(drawn):
    frame = frame_of([row for row, _ in drawn], [label for _, label in drawn])
    report = validate(frame, SCHEMA)
    good, bad = report.split(frame)
    places = np.arange(len(frame))
    kept = np.setdiff1d(places, report.rejected)
    pd.testing.assert_frame_equal(good, frame.iloc[kept])
    pd.testing.assert_frame_equal(bad.drop(columns="reasons"), frame.iloc[report.rejected])
    assert (bad["reasons"] != "").all()
    again = validate(good, SCHEMA)
    assert again.rejected.tolist() == []
    assert again.ok or not len(good)


@given(st.lists(rows, min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_verdict_on_a_row_does_not_depend_on_the_order_of_rows(drawn, random):
    order = list(range(len(drawn)))
    random.shuffle(order)
    verdicts = [row in validate(frame_of(drawn, order), SCHEMA).rejected for row in range(len(drawn))]
    moved = validate(frame_of([drawn[row] for row in order], order), SCHEMA).rejected
    assert [order[row] for row in moved] == [row for row in order if verdicts[row]]


def test_all_rows_that_share_a_unique_value_are_refused():
    frame = pd.DataFrame({"key": [1, 2, 1, 3, 2, None, None]})
    report = validate(frame, Schema({"key": Column("int", unique=True, nullable=True)}))
    good, bad = report.split(frame)
    assert bad["key"].tolist() == [1, 2, 1, 2]
    assert good["key"].tolist()[0] == 3
    assert len(good) == 3  # two nulls are no twins


def test_a_row_says_all_its_reasons():
    frame = pd.DataFrame({"a": [1.0, -5.0], "b": [5.0, -6.0]})
    schema = Schema({"a": Column("float", ge=0), "b": Column("float", lt=3)}, rules=[Compare("a", "<=", "b")])
    bad = validate(frame, schema).split(frame, reasons="why")[1]
    assert bad["why"].tolist() == ["b: lt", "a: ge; a, b: Compare"]


def test_a_frame_that_was_not_judged_is_refused():
    frame = pd.DataFrame({"a": np.arange(100.0), "b": [f"t{row}" for row in range(100)]})
    report = validate(frame, Schema({"a": Column("float", ge=50)}))
    for other in (
        frame[:99],
        frame[::-1],
        frame.sort_values("b"),
        frame.assign(a=frame["a"] + 1),
        frame.rename(columns={"b": "c"}),
        frame.drop(columns="b"),
        frame[frame["a"] >= 50],
    ):
        with pytest.raises(TableError, match="another frame of 100 rows"):
            report.split(other)
    same = frame.set_index(pd.Index([0] * 100)).astype({"b": "category"})
    assert len(report.split(same)[0]) == 50


def test_a_column_named_reasons_is_never_overwritten():
    frame = pd.DataFrame({"reasons": ["mine", "own"], "a": [1.0, -1.0]})
    report = validate(frame, Schema({"a": Column("float", ge=0)}))
    with pytest.raises(TableError, match="'reasons' already"):
        report.split(frame)
    assert report.split(frame, reasons="why")[1]["why"].tolist() == ["a: ge"]


def test_storage_and_index_of_both_parts_are_the_old_ones():
    frame = pd.DataFrame(
        {
            "a": pd.array([1, None, -3], dtype="Int64"),
            "b": pd.Categorical(["x", "y", "x"]),
            "c": pd.to_datetime(["2013-01-01", None, "2013-01-03"], utc=True),
        },
        index=pd.Index([7, 7, 8], name="label"),
    )
    schema = Schema(
        {"a": Column("int", ge=0, nullable=True), "b": Column("category"), "c": Column("datetime", nullable=True)}
    )
    good, bad = validate(frame, schema).split(frame)
    assert good.dtypes.equals(frame.dtypes)
    assert bad.drop(columns="reasons").dtypes.equals(frame.dtypes)
    assert (good.index.tolist(), good.index.name, bad.index.tolist()) == ([7, 7], "label", [8])
