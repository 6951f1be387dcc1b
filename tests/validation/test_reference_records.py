"""A single record and a table of one row get one verdict, whatever is in them."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column, Compare, Schema
from maturekit.validation import validate

CELLS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("cells.py"))))


def verdicts(findings):
    return {(f.rule, f.columns, f.status, f.severity) for f in findings if f.status in {"failed", "could_not_run"}}


@given(
    first=st.sampled_from(CELLS.COLUMNS),
    second=st.sampled_from(CELLS.COLUMNS),
    values=st.lists(st.sampled_from(CELLS.ANYTHING), min_size=2, max_size=2),
)
@settings(max_examples=120, deadline=None)
def test_a_record_gets_the_verdict_of_a_table_of_one_row(first, second, values):
    schema = Schema({"x": first, "y": second})
    record = dict(zip("xy", values, strict=True))
    cells = {name: pd.Series([None], dtype=object) for name in record}
    for name, value in record.items():
        cells[name].iloc[0] = value
    found = verdicts(schema.check_record(record))
    assert found == verdicts(validate(pd.DataFrame(cells), schema).findings)
    if not any(
        type(value) is tuple or (type(value) is int and value > 2**64) for value in values
    ):  # pandas fails at them
        assert found == verdicts(validate(pd.DataFrame([record]), schema).findings)


@given(
    columns=st.tuples(*[st.sampled_from([Column("float", nullable=True), Column("int"), Column("float", ge=0)])] * 2),
    values=st.lists(st.sampled_from([*CELLS.NULLS, *CELLS.NUMBERS, "a", True]), min_size=2, max_size=2),
    sign=st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
    absent=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_record_gets_the_verdict_of_a_table_of_one_row_from_rules_too(columns, values, sign, absent):
    schema = Schema(dict(zip("xy", columns, strict=True)), rules=[Compare("x", sign, "y")])
    record = dict(zip("xy", values, strict=True))
    if absent:
        del record["x"]
    frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in record.items()})
    assert verdicts(schema.check_record(record)) == verdicts(validate(frame, schema).findings)
