"""A table in chunks gets the report of the whole table, wherever it is cut and however each chunk is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column, Compare, GroupRule, Schema, TableRule, Verdict
from maturekit.schema.rules import Constant, GroupSize, Key, RowCount
from maturekit.validation import spill, validate

NOON = datetime(2013, 5, 1, 12, tzinfo=UTC)


class Alternating(GroupRule):
    """A group has as many rows as it says."""

    size: str

    def _holds(self, groups):
        return groups[self.size].max() == groups.size()


class FewBelow(TableRule):
    """At most a number of values are below zero."""

    column: str
    most: int

    def _summarise(self, frame):
        return int((frame[self.column] < 0).sum())

    def _judge(self, summary):
        return Verdict(summary <= self.most, value=summary, unit="rows", message="too many")


COLUMNS = {
    "id": [
        Column("int", nullable=True, unique=True, aliases=["number"]),
        Column("float", unique=True, order="increasing"),
        Column("category", unique=True, nullable=True),
        Column("string", unique=True, severity="warning"),
        Column("int", unique=True, coerce=True, order="increasing"),
    ],
    "size": [Column("float", ge=0, mostly=0.6), Column("int", nullable=True, order="decreasing", lt=3)],
    "sort": [Column("category", categories=["a", "b"]), Column("string", nullable=True, max_length=2, mostly=0.7)],
    "when": [
        Column("datetime", nullable=True, role="time", order="strictly_increasing"),
        Column("date", unique=True, role="time"),
        Column("timedelta", nullable=True, unique=True, order="strictly_decreasing"),
        Column("decimal", nullable=True, unique=True, order="increasing"),
    ],
}
RULES = [
    Compare("id", "<=", "size"),
    Alternating("size", by="sort"),
    Alternating("size", by=("id", "sort"), mostly=0.7),
    Alternating("size", by="when", severity="warning"),
    FewBelow("size", 1),
    Key("id", "sort"),
    Key("when", severity="warning"),
    GroupSize("sort", at_least=2, at_most=9),
    GroupSize("size", at_least=2),
    Constant("size", by=("sort",)),
    RowCount(at_least=3),
]
DAY = datetime(2013, 1, 1)
VALUES = {
    "id": [0, 1, 1.0, 2, 2.5, -0.0, 2**53 + 1, 2**63, 2**64 - 1, -(2**63), None, "1", "a", np.inf, True],
    "size": [1, 1.0, 2, 2.0, 3, -1, None, 0.5],
    "sort": ["a", "b", "a", "b", "a", "b", "c", "long", None, 7],
    "when": [
        *(DAY, DAY + timedelta(1), DAY + timedelta(hours=1), datetime(1500, 1, 1), date(2013, 1, 2), None),
        *(DAY.replace(tzinfo=UTC), pd.Timestamp(DAY).as_unit("s"), pd.Timestamp(DAY).as_unit("ns") + pd.Timedelta(1)),
        *(timedelta(1), timedelta(0), pd.Timedelta(1), Decimal(1), Decimal("1.0"), Decimal("0.5"), 1, 2**70),
    ],
}
STORAGES = ["object", "inferred", "category"]


@st.composite
def schemas(draw):
    columns = {name: draw(st.sampled_from(choices)) for name, choices in COLUMNS.items()}
    rules = draw(st.lists(st.sampled_from(RULES), unique=True, max_size=3))
    if "string" in {columns["id"].kind, columns["sort"].kind} or columns["id"].kind == "category":
        rules = [rule for rule in rules if not isinstance(rule, Compare)]
    return Schema(columns, rules)


@st.composite
def cut(draw):
    """The cells of a table, and the chunks it comes in, each with the storage of its own."""
    size = draw(st.integers(0, 16))
    cells = {
        name: draw(st.lists(st.sampled_from(values), min_size=size, max_size=size)) for name, values in VALUES.items()
    }
    bounds = [0, *sorted(draw(st.lists(st.integers(0, size), max_size=4))), size]
    chunks = [
        pd.DataFrame(
            {name: stored(values[low:high], draw(st.sampled_from(STORAGES))) for name, values in cells.items()}
        )
        for low, high in pairwise(bounds)
    ]
    return frame_of(cells), [chunk[draw(st.permutations(list(cells)))] for chunk in chunks]


def column_of(values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object)


def frame_of(cells):
    return pd.DataFrame({name: column_of(values) for name, values in cells.items()})


def stored(values, storage):
    kinds = {type(value) for value in values if value is not None}
    if storage == "object" or len(kinds) > 1 or kinds & {Decimal, date} or any(isinstance(v, int) for v in values):
        plain = storage == "inferred" and kinds == {int} and None not in values and all(abs(v) < 2**63 for v in values)
        return pd.Series(values, dtype="int64") if plain else column_of(values)
    return pd.Series(values, dtype="category") if storage == "category" else pd.Series(values)


def agree(examples):
    @given(schema=schemas(), source=cut())
    @settings(max_examples=examples, deadline=None)
    def judge(schema, source):
        whole, chunks = source
        report = validate(whole, schema, clock=lambda: NOON)
        again = validate(iter(chunks), schema, clock=lambda: NOON)
        assert [finding.to_dict() for finding in again.findings] == [finding.to_dict() for finding in report.findings]
        assert again.digest == report.digest

    judge()


@pytest.mark.parametrize("limit", [0, 3, spill.LIMIT])
def test_chunks_of_any_storage_give_the_report_of_the_whole_table(limit, monkeypatch):
    monkeypatch.setattr(spill, "LIMIT", limit)
    agree(35)


@pytest.mark.long
@pytest.mark.parametrize("limit", [0, 3, spill.LIMIT])
def test_many_more_chunks_do_so_too(limit, monkeypatch):
    monkeypatch.setattr(spill, "LIMIT", limit)
    agree(2000)
