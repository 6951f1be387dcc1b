"""A record is told by every rule about rows what a table of this one row is told, whatever its cells are."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column, Compare, Implies, Present, RowRule, Schema, SumsTo
from maturekit.schema import rules as built_in
from maturekit.validation import validate


class Near(RowRule):
    """A rule of a user's own."""

    left: str
    right: str

    def _holds(self, frame):
        return (frame[self.left] - frame[self.right]).abs() <= 1


SCHEMA = Schema(
    {
        "sort": Column("category", categories=["a", "b"], unknown="flag", nullable=True),
        "net": Column("float", nullable=True, coerce=True),
        "tax": Column("float", ge=0, aliases=["vat"]),
        "count": Column("int", severity="warning", coerce=True),
        "text": Column("string", pattern=r"\d+", max_length=3, nullable=True),
        "start": Column("date", nullable=True),
        "end": Column("date", coerce=True),
    },
    rules=[
        Compare("start", "<=", "end"),
        Compare("net", ">", "count", severity="warning"),
        SumsTo("count", ("net", "tax")),
        Implies("sort", ("a",), "count", ge=1),
        Implies("text", ("1", "12"), "start", ge=date(2013, 1, 2)),
        Present("start", "sort", ("b",)),
        Near("net", "tax"),
        Near("start", "tax"),  # which cannot run
    ],
)
NULLS = [None, np.nan, pd.NA, pd.NaT]
NUMBERS = [0, 1, 2, -1, 0.5, 2.0, 1e300, math.inf, 2**60, True, "1", "2.5", "many", np.float32(0.5)]
DAY = date(2013, 1, 1)
DAYS = [DAY, DAY + timedelta(days=1), pd.Timestamp(DAY), "2013-01-02", "2013-13-01", 5]
CELLS = {
    "sort": [*NULLS, "a", "b", "c", 1],
    "net": [*NULLS, *NUMBERS],
    "tax": [*NULLS, *NUMBERS],
    "count": [*NULLS, *NUMBERS],
    "text": [*NULLS, "1", "12", "\u0661", "1\n", "1234", "", 1],
    "start": [*NULLS, *DAYS],
    "end": [*NULLS, *DAYS],
}


def verdicts(findings):
    return {(f.rule, f.columns, f.status, f.severity) for f in findings if f.status in {"failed", "could_not_run"}}


@given(
    record=st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in CELLS.items()}),
    absent=st.none() | st.sampled_from(sorted(CELLS)),
    renamed=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_every_rule_about_rows_gives_a_record_the_verdict_of_a_table_of_one_row(record, absent, renamed):
    record = {name: value for name, value in record.items() if name != absent}
    if renamed and "tax" in record:
        record["vat"] = record.pop("tax")
    frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in record.items()})
    assert verdicts(SCHEMA.check_record(record)) == verdicts(validate(frame, SCHEMA).findings)


def test_the_property_knows_every_rule_of_the_library_that_judges_records():
    classes = {getattr(built_in, name) for name in built_in.__all__}
    judging = {one for one in classes if isinstance(one, type) and issubclass(one, RowRule) and one.judges_records}
    assert judging == {type(rule) for rule in SCHEMA.rules} - {Near}
