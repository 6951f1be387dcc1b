"""Values that other values require: the rules about nulls themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import SchemaError
from maturekit.schema import Column, Compare, Present, RowRule, Schema
from maturekit.validation import validate

COLUMNS = {"status": Column("string", nullable=True), "paid": Column("float", nullable=True)}
SCHEMA = Schema(COLUMNS, rules=[Present("paid", "status", ("paid", "refunded"))])


def broken(report, rule):
    return [finding.positions.tolist() for finding in report.findings if finding.rule == rule]


def test_a_row_that_is_concerned_must_hold_a_value():
    frame = pd.DataFrame({"status": ["paid", "open", "refunded", "paid", None], "paid": [1.0, None, None, None, None]})
    report = validate(frame, SCHEMA)
    assert broken(report, "Present") == [[2, 3]]
    assert report.rejected.tolist() == [2, 3]
    good, bad = report.split(frame)
    assert bad["reasons"].tolist() == ["paid, status: Present"] * 2
    assert validate(good, SCHEMA).rejected.tolist() == []
    (finding,) = [finding for finding in report.findings if finding.rule == "Present"]
    assert finding.message == "where status is 'paid' or 'refunded', paid must not be missing"


def test_a_value_that_is_broken_in_itself_is_there():
    frame = pd.DataFrame({"status": ["paid"] * 3, "paid": ["x", np.inf, None]}, dtype=object)
    report = validate(frame, SCHEMA)
    assert (broken(report, "Present"), broken(report, "kind"), broken(report, "finite")) == ([[2]], [[], [0]], [[1]])


@settings(max_examples=50)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "status": st.sampled_from(["paid", "open", None, 3]),
                "paid": st.sampled_from([1.0, None, float("nan"), "x", float("inf")]),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_record_gets_the_verdict_of_its_row(rows):
    report = validate(pd.DataFrame(rows, dtype=object), SCHEMA)
    (positions,) = broken(report, "Present")
    alone = [any(finding.rule == "Present" for finding in SCHEMA.check_record(row)) for row in rows]
    assert [row in positions for row in range(len(rows))] == alone


def test_the_row_model_and_the_stored_schema_know_it():
    row = SCHEMA.row_model()
    assert row(status="open", paid=None).paid is None
    with pytest.raises(ValueError, match="paid must not be missing"):
        row(status="paid", paid=None)
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA == Schema.from_model(row)


class OneContact(RowRule):
    phone: str
    email: str
    presence = ("phone", "email")

    def _holds(self, frame):
        return frame[self.phone] | frame[self.email]


def test_a_rule_of_ones_own_may_ask_for_presence_alone():
    columns = {name: Column("string", nullable=True) for name in ("phone", "email")}
    schema = Schema(columns, rules=[OneContact("phone", "email"), Compare("phone", "!=", "email")])
    rows = [{"phone": "1", "email": None}, {"phone": None, "email": None}, {"phone": "1", "email": "1"}]
    report = validate(pd.DataFrame(rows), schema)
    assert (broken(report, "OneContact"), broken(report, "Compare")) == ([[1]], [[2]])
    assert [[finding.rule for finding in schema.check_record(row)] for row in rows] == [[], ["OneContact"], ["Compare"]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Present("paid", "status", ()), r"has no values(.|\n)*nullable=False"),
        (lambda: Present("paid", "paid", (1,)), "two columns"),
        (lambda: SCHEMA.updated({}, rules=[Present("paid", "status", (1,))]), "1 is no value of 'status'"),
    ],
)
def test_a_requirement_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()
