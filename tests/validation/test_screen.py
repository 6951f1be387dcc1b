"""What a screen calls sound is sound by `validate`, at every edge of a column; and most tables are called sound."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.schema import Column, Compare, RowCount, Schema
from maturekit.validation import validate
from maturekit.validation.failures import Failures
from maturekit.validation.screen import Screen

NEXT = float(np.nextafter(1.0, 2.0))
COLUMNS = [
    *(Column("float"), Column("float", nullable=True), Column("float", gt=1.0, lt=3), Column("float", ge=1, le=3.0)),
    *(Column("float", nullable=True, gt=-1.0), Column("float", le=2**53), Column("float", ge=2**53 + 2)),
    *(Column("float", multiple_of=0.5), Column("int"), Column("int", nullable=True), Column("int", gt=1, lt=3)),
    *(Column("int", ge=1, le=3, nullable=True), Column("int", le=2**53 + 1), Column("int", multiple_of=2)),
    *(Column("bool"), Column("bool", nullable=True), Column("string"), Column("string", nullable=True, max_length=2)),
    *(Column("string", min_length=1, pattern="a*"), Column("string", categories=["a", "aaa"], max_length=3)),
    *(Column("category", categories=["a", ""], nullable=True), Column("category", categories=["a"], unknown="flag")),
    *(Column("category", categories=["a"], unknown="allow"), Column("category", categories=[1, 2]), Column("category")),
    *(
        Column("float", coerce=True),
        Column("decimal", ge=1),
        Column("datetime", ge=datetime(2013, 1, 1), nullable=True),
    ),
]
VALUES = {
    "float64": [1.0, NEXT, 2.0, 3.0, 0.5, -0.0, -1.0, math.nan, math.inf, -math.inf, 2.0**53, 2.0**63, 2.0**64],
    "float32": [1.0, 2.0, 0.5, math.nan, math.inf],
    "int64": [0, 1, 2, 3, -1, 2**53, 2**53 + 1, 2**53 + 3, -(2**63)],
    "uint64": [0, 1, 2, 2**64 - 1],
    "int8": [1, 2, 3],
    "Int64": [1, 2, None],
    "bool": [True, False],
    "str": ["a", "aaa", "", "b", None],
    "object": ["a", "aaa", "", "b", None, math.nan, pd.NA, 1, 1.0, True, np.str_("a"), Decimal(2), "2"],
    "category": ["a", "aaa", "", "b", None],
    "category of numbers": [1, 2, 3, None],
    "datetime64[us]": [datetime(2013, 1, 1), datetime(2012, 1, 1), None],
}


def wrong(frame, schema):
    """The findings that matter, by `validate`."""
    return [finding for finding in validate(frame, schema).findings if not finding.ok or len(finding.positions)]


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_no_edge_of_a_column_is_overlooked(column):
    schema = Schema({"x": column})
    failures = Failures(schema)
    for storage, values in VALUES.items():
        whole = pd.Series(values, dtype="category" if storage.startswith("category") else storage)
        for first, second in zip(range(len(values)), [*range(1, len(values)), 0], strict=True):
            frame = pd.DataFrame({"x": whole.iloc[[first, second, second]]})
            assert failures.of(frame) == wrong(frame, schema), (storage, values[first], values[second])


SOUND = {
    "f": (Column("float", gt=0), [0.5, 2.0]),
    "gaps": (Column("float", nullable=True, le=1), [math.nan, 1.0]),
    "wide": (Column("float"), np.array([1, 2], dtype="uint8")),
    "i": (Column("int", ge=0), [0, 7]),
    "whole": (Column("int", nullable=True, le=7), [math.nan, 7.0]),
    "b": (Column("bool"), [True, False]),
    "c": (Column("category", categories=["a", "b"]), ["a", "b"]),
    "coded": (Column("category", categories=["a", "b"], nullable=True), pd.Categorical(["a", None])),
    "s": (Column("string", nullable=True), ["x", None]),
    "p": (Column("string", pattern="x+"), ["x", "xx"]),
    "t": (Column("datetime", ge=datetime(2013, 1, 1)), pd.to_datetime(["2013-01-01", "2014-01-01"])),
    "d": (Column("decimal"), [Decimal(1), Decimal(2)]),
}


def test_a_usual_table_needs_no_closer_look():
    frame = pd.DataFrame({name: values for name, (_, values) in SOUND.items()})
    screen = Screen({name: column for name, (column, _) in SOUND.items()})
    assert screen.doubtful(frame) == []
    assert screen.doubtful(frame[["f", *reversed(frame.columns[1:])]].assign(more=1)) == []
    assert screen.doubtful(frame.iloc[:0]) == list(SOUND)


@pytest.mark.parametrize("name", SOUND)
def test_a_column_that_is_gone_is_doubted_alone(name):
    frame = pd.DataFrame({name: values for name, (_, values) in SOUND.items()})
    screen = Screen({name: column for name, (column, _) in SOUND.items()})
    screen.doubtful(frame)  # what it has learned of one table is not held to be true of the next
    assert screen.doubtful(frame.drop(columns=name)) == [name]
    assert screen.doubtful(frame.assign(**{name: [(), ()]})) == [name]


def test_one_bad_row_among_many_is_found_in_any_piece():
    frame = pd.DataFrame({"x": np.zeros(200_000), "c": ["a"] * 200_000})
    failures = Failures(Schema({"x": Column("float", ge=0), "c": Column("category", categories=["a"])}))
    assert failures.of(frame) == []
    frame.loc[199_999, "x"] = -1.0
    frame.loc[70_000, "c"] = "b"
    assert [(finding.rule, finding.positions.tolist()) for finding in failures.of(frame)] == [
        ("ge", [199_999]),
        ("categories", [70_000]),
    ]


def test_an_alias_is_looked_at_and_two_of_them_are_doubted():
    screen = Screen({"x": Column("float", ge=0, aliases=["y", "z"])})
    assert screen.doubtful(pd.DataFrame({"y": [1.0]})) == []
    assert screen.doubtful(pd.DataFrame({"y": [-1.0]})) == ["x"]
    assert screen.doubtful(pd.DataFrame({"y": [1.0], "z": [1.0]})) == ["x"]


def test_rules_between_columns_and_about_the_table_are_judged_however_sound_the_columns_are():
    rules = [Compare("a", "<", "b"), RowCount(at_least=3)]
    schema = Schema({"a": Column("int"), "b": Column("int"), "c": Column("int", unique=True)}, rules)
    frame = pd.DataFrame({"a": [1, 3], "b": [2, 2], "c": [5, 5]})
    assert Failures(schema).of(frame) == wrong(frame, schema)
    assert {finding.rule for finding in wrong(frame, schema)} == {"unique", "Compare", "RowCount"}
