"""Whom a new contract breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column, Compare, Schema


def breaks(old, new):
    return {change.what: change.breaks for change in Schema({"x": new}).changes_from(Schema({"x": old}))}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Column("int"), Column("int"), {}),
        (Column("int"), Column("float"), {"kind": "consumers"}),
        (Column("float"), Column("int"), {"kind": "producers"}),
        (Column("float"), Column("string"), {"kind": "both"}),
        (Column("int"), Column("int", nullable=True), {"nullable": "consumers"}),
        (Column("int", nullable=True), Column("int"), {"nullable": "producers"}),
        (Column("int", ge=0), Column("int", ge=1), {"ge": "producers"}),
        (Column("int", ge=0), Column("int", ge=-1), {"ge": "consumers"}),
        (Column("int", le=5), Column("int"), {"le": "consumers"}),
        (Column("int"), Column("int", le=5), {"le": "producers"}),
        (Column("string", max_length=5), Column("string", max_length=6), {"max_length": "consumers"}),
        (Column("string", min_length=5), Column("string", min_length=6), {"min_length": "producers"}),
        (Column("category", categories=["a"]), Column("category", categories=["a", "b"]), {"categories": "consumers"}),
        (Column("category", categories=["a", "b"]), Column("category", categories=["a"]), {"categories": "producers"}),
        (Column("category", categories=["a"]), Column("category", categories=["b"]), {"categories": "both"}),
        (Column("category", unknown="flag"), Column("category"), {"unknown": "producers"}),
        (Column("int", unique=True), Column("int"), {"unique": "consumers"}),
        (Column("int"), Column("int", unique=True), {"unique": "producers"}),
        (Column("int", multiple_of=4), Column("int", multiple_of=2), {"multiple_of": "consumers"}),
        (Column("int", multiple_of=4), Column("int", multiple_of=6), {"multiple_of": "both"}),
        (Column("string", pattern="a"), Column("string", pattern="b"), {"pattern": "both"}),
        (Column("int", severity="warning"), Column("int"), {"severity": "producers"}),
        (Column("int", mostly=0.9), Column("int"), {"mostly": "producers"}),
        (Column("int"), Column("int", role="meta"), {"role": "consumers"}),
        (Column("int"), Column("int", tags=["personal"]), {"tags": "nobody"}),
        (
            Column("datetime", ge=datetime(2013, 1, 1)),
            Column("datetime", ge=datetime(2013, 1, 1, tzinfo=UTC)),
            {"ge": "both"},
        ),
        (Column("timedelta", le=timedelta(1)), Column("timedelta", le=timedelta(2)), {"le": "consumers"}),
    ],
)
def test_who_breaks(old, new, expected):
    assert breaks(old, new) == expected


def test_columns_rules_and_order():
    old = Schema({"a": Column("int"), "b": Column("int"), "c": Column("int")}, rules=[Compare("a", "<", "b")])
    new = Schema({"b": Column("int"), "a": Column("int"), "d": Column("int")}, rules=[Compare("a", "<=", "b")])
    assert [(change.place, change.what, change.breaks) for change in new.changes_from(old)] == [
        ("c", "removed", "consumers"),
        ("d", "added", "producers"),
        ("columns", "order", "nobody"),
        ("Compare('a', '<', 'b')", "removed", "consumers"),
        ("Compare('a', '<=', 'b')", "added", "producers"),
    ]


whole = st.sampled_from([None, -1, 0, 1, 2])
some = st.sampled_from([None, ["a"], ["a", "bb"], ["bb", "c"], [0, 1]])
columns = st.one_of(
    st.builds(
        lambda kind, low, high, step, null: Column(
            kind, ge=low, lt=None if high is None else high + 4, multiple_of=step, nullable=null
        ),
        st.sampled_from(["int", "float"]),
        whole,
        whole,
        st.sampled_from([None, 1, 2]),
        st.booleans(),
    ),
    st.builds(
        lambda known, unknown, severity: Column("category", categories=known, unknown=unknown, severity=severity),
        some,
        st.sampled_from(["reject", "flag", "allow"]),
        st.sampled_from(["error", "warning"]),
    ),
    st.builds(
        lambda low, high, pattern: Column("string", min_length=low, max_length=high, pattern=pattern),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, "[a-z]*"]),
    ),
    st.just(Column("category", max_length=1)),
    st.just(Column("bool")),
)


def valid(schema, value):
    return not any(finding.severity == "error" for finding in schema.check_record({"x": value}))


@given(columns, columns)
@settings(max_examples=300, deadline=None)
def test_what_breaks_no_producer_takes_all_that_was_valid(old_column, new_column):
    old, new = Schema({"x": old_column}), Schema({"x": new_column})
    directions = {change.breaks for change in new.changes_from(old)}
    for value in [None, True, -1, 0, 1, 2, 2.5, 4.0, 10, "", "a", "bb", "c", "C", "ccc"]:
        if not directions & {"producers", "both"}:
            assert valid(new, value) or not valid(old, value)
        if not directions & {"consumers", "both"}:
            assert valid(old, value) or not valid(new, value)
