"""Every rule of the library says the same of a table in one piece and in parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from maturekit.profile import Profile
from maturekit.schema import (
    Column,
    Compare,
    Constant,
    ForeignKey,
    Fresh,
    GroupSize,
    Implies,
    Key,
    NearProfile,
    Present,
    RowCount,
    Schema,
    SumsTo,
)
from maturekit.schema.rules.built_in import BUILT_IN
from maturekit.validation import validate

RNG = np.random.default_rng(7)
FRAME = pd.DataFrame(
    {
        "a": RNG.integers(0, 9, 60).astype(float),
        "b": RNG.integers(0, 3, 60),
        "c": RNG.choice(["x", "y", None], 60, p=[0.6, 0.3, 0.1]),
        "t": pd.Timestamp("2013-01-01") + pd.to_timedelta(RNG.integers(0, 500, 60), unit="h"),
    }
)
FRAME.loc[RNG.integers(0, 60, 8), "a"] = np.nan
COLUMNS = {
    "a": Column("float", nullable=True),
    "b": Column("int"),
    "c": Column("string", nullable=True),
    "t": Column("datetime"),
}
NOW = datetime(2013, 2, 1, tzinfo=UTC)
RULES = [
    Compare("a", ">=", "b"),
    Constant("c", by=("a", "b")),
    ForeignKey(("b", "c"), "pairs"),
    Fresh("t", within=timedelta(days=1)),
    GroupSize(("a", "c"), at_least=2, at_most=4),
    Implies("c", "x", "a", lt=7),
    Key("a", "c", severity="warning", mostly=0.05),
    NearProfile("c", "profile", within=0.001),
    Present("a", "c", ("y",)),
    RowCount(at_most=59),
    SumsTo("a", ("b",), within=5),
]
REFERENCES = {
    "pairs": pd.DataFrame({"b": [0, 1, 2], "c": ["x", "y", "x"]}),
    "profile": Profile.of(FRAME[["a", "c"]][:20]),
}


def test_every_rule_of_the_library_is_here():
    assert {type(rule).__name__ for rule in RULES} == set(BUILT_IN)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("rows", [1, 7, 59])
def test_parts_are_judged_as_the_whole(rule, rows):
    schema = Schema(COLUMNS, rules=[rule])
    parts = (FRAME[start : start + rows].reset_index(drop=True) for start in range(0, 60, rows))
    whole = validate(FRAME, schema, references=REFERENCES, clock=lambda: NOW)
    again = validate(parts, schema, references=REFERENCES, clock=lambda: NOW)
    assert again == whole
    (finding,) = [finding for finding in whole.findings if finding.rule == rule.stored_as]
    assert finding.status == ("passed" if rule.mostly < 1 else "failed")
