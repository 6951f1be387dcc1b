"""Row rules give a record the verdict of its row, for every kind of column and with nulls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column, Compare, Implies, RowRule, Schema, SumsTo
from maturekit.validation import validate

EAST = timezone(timedelta(hours=5))
KINDS = {
    "float": (Column("float", nullable=True), [0.0, -0.0, 0.1, 0.2, 0.30000000000000004, 1e300, 3, True, 2.0**53]),
    "int": (Column("int", nullable=True), [0, 1, -1, 2**53 + 1, 2**63, 2.0, -(2**63)]),
    "bool": (Column("bool", nullable=True), [True, False]),
    "string": (Column("string", nullable=True), ["", "a", "A", "é", "b"]),
    "category": (Column("category", nullable=True, categories=[1, 2, 3]), [1, 2, 2.0, 4]),
    "naive": (Column("datetime", nullable=True), [datetime(2013, 1, day) for day in (1, 2, 3)]),
    "aware": (
        Column("datetime", nullable=True),
        [datetime(2013, 1, 1, 5, tzinfo=EAST), datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 2, tzinfo=UTC)],
    ),
    "timedelta": (Column("timedelta", nullable=True), [timedelta(days) for days in (-1, 0, 2)]),
    "date": (Column("date", nullable=True), [date(2013, 1, 1), date(2013, 1, 2), date(1600, 1, 1)]),
    "decimal": (Column("decimal", nullable=True), [Decimal("0.1"), Decimal("0.2"), Decimal("0.30"), 3]),
}
NUMBERS = ("decimal", "float", "int")


def check(columns, rule, rows, dtype=object):
    schema = Schema(columns, rules=[rule])
    frame = pd.DataFrame(rows, columns=list(columns), dtype=dtype)
    report = validate(frame, schema)
    found = [finding for finding in report.findings if finding.rule == rule.stored_as]
    assert [finding.status for finding in found] in (["passed"], ["failed"], ["skipped"])
    broken = {row for finding in found for row in finding.positions.tolist()}
    alone = [any(finding.rule == rule.stored_as for finding in schema.check_record(row)) for row in rows]
    assert [row in broken for row in range(len(rows))] == alone


def cells(kind):
    return st.sampled_from(KINDS[kind][1]) | st.none()


@settings(max_examples=40)
@given(st.data())
def test_comparisons(data):
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    pairs = {"int": ["int", "float", "decimal", "category"], "float": ["float", "int"]}.get(kind, [kind])
    other = data.draw(st.sampled_from(pairs))
    rows = data.draw(st.lists(st.fixed_dictionaries({"a": cells(kind), "b": cells(other)}), min_size=1, max_size=6))
    sign = data.draw(st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]))
    rule = Compare("a", sign, "b")
    if other == "category":  # whole numbers and texts are both categories, and have no common order with numbers
        return
    check({"a": KINDS[kind][0], "b": KINDS[other][0]}, rule, rows)


@settings(max_examples=40)
@given(st.data())
def test_implications(data):
    when, then = (data.draw(st.sampled_from(sorted(KINDS))) for _ in range(2))
    values = tuple(data.draw(st.lists(st.sampled_from(KINDS[when][1][:3]), min_size=1, max_size=3)))
    limit = data.draw(st.sampled_from(KINDS[then][1][:3]))
    bounds = {"allowed": (limit,)} if then in {"bool", "string", "category"} else {"ge": limit}
    columns = {"a": KINDS[when][0], "b": KINDS[then][0]}
    rule = Implies("a", tuple(map(columns["a"].reader, values)), "b", **bounds)
    rows = data.draw(st.lists(st.fixed_dictionaries({"a": cells(when), "b": cells(then)}), min_size=1, max_size=6))
    check(columns, rule, rows)


@settings(max_examples=40)
@given(st.data())
def test_sums(data):
    kinds = [data.draw(st.sampled_from(NUMBERS)) for _ in range(3)]
    row = st.fixed_dictionaries({name: cells(kind) for name, kind in zip("abc", kinds, strict=True)})
    rows = data.draw(st.lists(row, min_size=1, max_size=6))
    within = data.draw(st.sampled_from([0.0, 0.5]))
    check(
        {name: KINDS[kind][0] for name, kind in zip("abc", kinds, strict=True)}, SumsTo("a", ("b", "c"), within), rows
    )


class InTheMorning(RowRule):
    time: str

    def _holds(self, frame):
        return frame[self.time].dt.hour < 2


@pytest.mark.parametrize("kind", ["naive", "aware", "date"])
def test_a_users_rule_sees_times_in_a_record_as_in_a_frame(kind):
    column, moments = KINDS[kind]
    rows = [{"a": moment.astimezone(EAST) if kind == "aware" else moment} for moment in moments]
    check({"a": column}, InTheMorning("a"), rows, dtype=None)
