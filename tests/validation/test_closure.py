"""What is left once the rejected rows are out keeps every rule, also those about rows that go together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Column, GroupRule, Schema
from maturekit.schema.rules import Constant, GroupSize, Key
from maturekit.validation import spill, validate


class HasLeader(GroupRule):
    """Each group has exactly one row marked as its leader."""

    leads: str

    def _holds(self, groups):
        return groups[self.leads].sum() == 1


class AtMost(GroupRule):
    """Each group's amounts add up to at most a hundred."""

    amount: str

    def _holds(self, groups):
        return groups[self.amount].sum() <= 100


SCHEMA = Schema(
    {
        "id": Column("int", unique=True, nullable=True),
        "team": Column("category", categories=["a", "b", "c"], nullable=True),
        "day": Column("int", ge=0, order="increasing"),
        "leads": Column("bool"),
        "amount": Column("float", le=90, mostly=0.2),
    },
    rules=[
        HasLeader("leads", by="team"),
        GroupSize(("day",), at_least=2),
        AtMost("amount", by=("team", "day"), mostly=0.5),
        Constant("leads", by=("day", "amount")),
        Key("team", "amount"),
        GroupSize(("leads",), at_least=3, severity="warning"),
    ],
)
rows = st.tuples(
    st.sampled_from([*range(12), None]),
    st.sampled_from(["a", "b", "c", "c", "z", None]),
    st.sampled_from([0, 1, 2, -1]),
    st.booleans(),
    st.sampled_from([10.0, 20.0, 30.0, 60.0, 95.0, np.nan]),
)


@given(st.lists(st.tuples(rows, st.sampled_from([0, 1])), max_size=14))
@settings(max_examples=60, deadline=None)
def test_the_valid_part_validates_clean(drawn):
    frame = pd.DataFrame([row for row, _ in drawn], columns=list(SCHEMA.columns), dtype=object)
    frame.index = pd.Index([label for _, label in drawn])
    report = validate(frame, SCHEMA)
    good, bad = report.split(frame)
    assert len(good) + len(bad) == len(frame)
    again = validate(good, SCHEMA)
    assert again.rejected.tolist() == []
    assert again.ok or not len(good)


def test_a_group_that_lost_a_row_falls_with_what_it_held_up():
    frame = pd.DataFrame(
        {
            "team": ["a", "a", "a", "b", "b", "c", "c"],
            "day": [1, 1, 2, 2, 3, 3, 4],
            "size": [-1, 1, 1, 1, 1, 1, 1],
        }
    )
    schema = Schema(
        {"team": Column("string"), "day": Column("int"), "size": Column("int", ge=0)},
        rules=[GroupSize("team", at_least=2), GroupSize("day", at_least=2, severity="warning")],
    )
    report = validate(frame, schema)
    assert report.rejected.tolist() == [0]
    chain = schema.updated({}, rules=[GroupSize("day", at_least=2), GroupSize("team", at_least=2)])
    report = validate(frame, chain)
    # row 0 is out for its size and row 6 as the only one of its day, so 1 is alone in its day, and 2 and 5 in their
    # teams; without these, 3 and 4 are alone in their days
    assert report.rejected.tolist() == [0, 1, 2, 3, 4, 5, 6]
    found = [(f.rule, f.columns, f.positions.tolist(), f.message) for f in report.findings if f.count and not f.ok]
    assert found == [
        ("ge", ("size",), [0], "must be >= 0"),
        ("GroupSize", ("day",), [6], "each day must have at least 2 rows"),
        ("GroupSize", ("day",), [1, 3, 4], "each day must have at least 2 rows, once the rejected rows are out"),
        ("GroupSize", ("team",), [2, 5], "each team must have at least 2 rows, once the rejected rows are out"),
    ]


def test_a_warning_about_groups_rejects_nobody_and_is_not_said_twice():
    frame = pd.DataFrame({"team": ["a", "a", "b"], "size": [1, -1, 1]})
    rule = GroupSize("team", at_least=2, severity="warning")
    report = validate(frame, Schema({"team": Column("string"), "size": Column("int", ge=0)}, rules=[rule]))
    assert [finding.positions.tolist() for finding in report.findings if finding.rule == "GroupSize"] == [[2]]
    assert report.rejected.tolist() == [1]


def test_nothing_rejected_means_nothing_judged_again():
    frame = pd.DataFrame({"team": ["a", "a", "b"]})
    schema = Schema({"team": Column("string")}, rules=[GroupSize("team", at_least=1)])
    assert [finding.rule for finding in validate(frame, schema).findings].count("GroupSize") == 1


class OnceOnly(GroupRule):
    """Raises when it is given less than three rows."""

    column: str

    def _holds(self, groups):
        if groups.size().sum() < 3:
            raise ValueError("too few")
        return groups.size() > 0


def test_a_rule_that_raises_on_what_is_left_could_not_run():
    frame = pd.DataFrame({"team": ["a", "a", "b"], "size": [1, -1, 1]})
    schema = Schema({"team": Column("string"), "size": Column("int", ge=0)}, rules=[OnceOnly("size", by="team")])
    report = validate(frame, schema)
    first, second = [finding for finding in report.findings if finding.rule == "OnceOnly"]
    assert (first.status, second.status) == ("passed", "could_not_run")
    assert second.message == "OnceOnly('size', by=('team',)) raised ValueError, once the rejected rows are out"


@pytest.mark.parametrize("limit", [0, spill.LIMIT])
def test_the_same_falls_when_groups_are_spread_over_chunks(limit, monkeypatch):
    monkeypatch.setattr(spill, "LIMIT", limit)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "id": np.arange(400),
            "team": rng.choice(["a", "b", "c"], 400),
            "day": np.sort(rng.integers(0, 150, 400)),
            "leads": rng.random(400) < 0.01,
            "amount": rng.choice([10.0, 20.0, 95.0], 400),
        }
    )
    schema = SCHEMA.updated({}, rules=[rule for rule in SCHEMA.rules if not isinstance(rule, (HasLeader, Key))])
    report = validate(frame, schema)
    assert any("once the rejected rows are out" in finding.message for finding in report.findings)
    assert validate(frame, schema, rows=130, clock=lambda: report.time) == report
