"""Rules about groups: a few lines of a user's own, judged group by group, in one piece or in parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, SchemaError
from maturekit.schema import Column, GroupRule, Key, Schema
from maturekit.testing.rules import GROUP_RULE_CHECKS
from maturekit.validation import validate


class SharesAddUp(GroupRule):
    share: str

    def _holds(self, groups):
        return (groups[self.share].sum() - 1).abs() < 1e-9


class Spread(GroupRule):
    low: str
    high: str
    most: int = 10

    def _holds(self, groups):
        return groups[self.high].max() - groups[self.low].min() <= self.most


RULES = [SharesAddUp("b", by="a"), Spread("b", "c", by=("a",), most=1), Spread("c", "d", by=("a", "b"), mostly=0.5)]
FRAME = pd.DataFrame({"region": ["n", "s", "n", "s", "w"], "share": [0.5, 0.5, 0.5, 0.4, 1.0]})


@pytest.mark.parametrize("check", GROUP_RULE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_users_group_rule_keeps_the_contract(rule, check):
    check(rule)


def test_all_rows_of_a_group_that_fails_break_the_rule():
    rule = SharesAddUp("share", by=("region",))
    assert rule.breaking(FRAME).tolist() == [False, True, False, True, False]
    schema = Schema({"region": Column("string"), "share": Column("float")}, rules=[rule])
    report = validate(FRAME.set_index(pd.Index([7] * 5)), schema)
    (finding,) = [finding for finding in report.findings if finding.rule == "SharesAddUp"]
    assert (finding.status, finding.columns, finding.positions.tolist()) == ("failed", ("region", "share"), [1, 3])
    assert schema.check_record({"region": "s", "share": 0.4}) == ()  # a record is no group


def test_the_columns_of_the_groups_come_first_and_a_single_one_may_be_given_by_itself():
    rule = Spread("low", "high", by="day")
    assert rule.columns == ("day", "low", "high")
    assert rule == Spread("low", "high", by=("day",)) == Spread("low", "high", by=["day"])
    assert not rule.judges_records


def test_a_row_with_a_null_belongs_to_no_group():
    frame = pd.DataFrame({"region": ["n", "n", None, "s"], "share": [0.5, None, 0.1, 1.0]})
    columns = {"region": Column("string", nullable=True), "share": Column("float", nullable=True)}
    report = validate(frame, Schema(columns, rules=[SharesAddUp("share", by=("region",))]))
    assert report.rejected.tolist() == [0]  # the only one of its group that is left, and 0.5 is not 1


def test_groups_may_be_answered_in_any_order():
    class Sorted(GroupRule):
        share: str

        def _holds(self, groups):
            return groups[self.share].max().sort_values() < 1

    assert Sorted("share", by=("region",)).breaking(FRAME).tolist() == [False] * 4 + [True]


def test_arrows_truth_values_are_truth_values():
    class Big(GroupRule):
        share: str

        def _holds(self, groups):
            return (groups[self.share].max() < 1).astype("boolean")

    assert Big("share", by=("region",)).breaking(FRAME).tolist() == [False] * 4 + [True]


def test_no_rows_are_no_groups():
    assert SharesAddUp("share", by=("region",)).breaking(FRAME[:0]).tolist() == []


class Wrong(GroupRule):
    share: str
    answer: int

    def _holds(self, groups):
        return [
            groups[self.share].sum,  # no truth values
            lambda: groups[self.share].transform("sum") > 0,  # one a row
            lambda: groups.max() == 1,  # a frame
            lambda: True,
            lambda: (groups[self.share].sum() > 0).rename(index={"n": "x"}),  # of other groups
            lambda: (groups[self.share].sum() > 0).astype("boolean").where(lambda kept: kept.index != "n"),
        ][self.answer]()


@pytest.mark.parametrize("answer", range(6))
def test_an_answer_that_is_not_one_truth_value_a_group_is_refused(answer):
    with pytest.raises(ArgumentError, match=r"Wrong\._holds returned .* for 3 groups(.|\n)*one bool a group"):
        Wrong("share", answer, by=("region",)).breaking(FRAME)


def test_a_faster_way_that_answers_by_group_is_refused():
    class Fast(SharesAddUp):
        def _breaks(self, frame):
            return np.array([True, False, True])

    with pytest.raises(ArgumentError, match=r"Fast\._breaks returned bool of shape \(3,\) for 5 rows"):
        Fast("share", by=("region",)).breaking(FRAME)


def test_a_group_rule_that_raises_could_not_run():
    class Fragile(GroupRule):
        def _holds(self, groups):
            return groups["missing"].sum() > 0

    report = validate(FRAME[["region"]], Schema({"region": Column("string")}, rules=[Fragile(by=("region",))]))
    (finding,) = report.failed
    assert (finding.status, finding.message) == ("could_not_run", "Fragile(by=('region',)) raised KeyError")
    assert report.rejected.tolist() == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SharesAddUp("share", by=()), r"needs the columns in which the rows of a group agree(.|\n)*TableRule"),
        (lambda: SharesAddUp("share", by=3), r"by=3, which is no name of a column"),
        (lambda: SharesAddUp("share", by=("a", "a")), r"names a column twice"),
        (lambda: SharesAddUp("share", by=("a", 3)), r"by=\('a', 3\), which is no name of a column"),
        (lambda: SharesAddUp("", by=("a",)), r"share='', which is no name of a column"),
        (lambda: Spread("a", "b", most=[3], by=("c",)), r"most=\[3\], which is no plain value(.|\n)*write a tuple"),
    ],
)
def test_a_group_rule_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()


def test_a_group_rule_is_stored_by_name_and_judges_no_record_even_unknown():
    schema = Schema({"a": Column("float"), "b": Column("float")}, rules=[SharesAddUp("b", by=("a",)), Key("a", "b")])
    read = Schema.from_json(schema.to_json())
    assert read.rules[1] == Key("a", "b")
    assert read.check_record({"a": 1.0, "b": 0.5}) == ()
    assert read.resolved([SharesAddUp]) == schema


class AtMost(GroupRule):
    value: str
    most: int

    def _holds(self, groups):
        return groups[self.value].sum() <= self.most


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xy"), st.integers(-3, 3)), max_size=20))
def test_a_group_is_judged_as_if_written_out_in_plain_python(rows):
    frame = pd.DataFrame(rows, columns=["a", "b", "value"]).astype({"a": "int64", "b": "str", "value": "int64"})
    sums = {}
    for a, b, value in rows:
        sums[a, b] = sums.get((a, b), 0) + value
    assert AtMost("value", 2, by=("a", "b")).breaking(frame).tolist() == [sums[a, b] > 2 for a, b, _ in rows]
