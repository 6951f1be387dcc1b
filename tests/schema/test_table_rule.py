"""Rules about the table as a whole: summarised in parts, merged, judged once, and no row is to blame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, SchemaError
from maturekit.schema import Column, RowCount, RowRule, Rule, Schema, TableRule, Verdict
from maturekit.testing.rules import TABLE_RULE_CHECKS
from maturekit.validation import validate


class MeanBelow(TableRule):
    column: str
    most: float

    def _summarise(self, frame):
        return np.array([frame[self.column].sum(), len(frame)])

    def _judge(self, summary):
        return summary[0] <= self.most * summary[1]


class Spans(TableRule):
    column: str

    def _summarise(self, frame):
        return {} if frame.empty else {"low": frame[self.column].min(), "high": frame[self.column].max()}

    def _merge(self, left, right):
        if not left or not right:
            return left or right
        return {"low": min(left["low"], right["low"]), "high": max(left["high"], right["high"])}

    def _judge(self, summary):
        if not summary:
            return Verdict(False, message="there are no values")
        return Verdict(summary["high"] > summary["low"], value=summary["high"] - summary["low"], unit="minutes")


@pytest.mark.parametrize("check", TABLE_RULE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("rule", [MeanBelow("a", 2.0), MeanBelow("a", -1.0), Spans("a")], ids=repr)
def test_a_users_table_rule_keeps_the_contract(rule, check):
    check(rule)


class Appending(TableRule):
    column: str

    def _summarise(self, frame):
        return frame[self.column].tolist()

    def _merge(self, left, right):
        left.extend(right)
        return left

    def _judge(self, summary):
        return len(summary) <= 5


class LastPart(TableRule):
    column: str

    def _summarise(self, frame):
        return len(frame)

    def _merge(self, left, right):
        return right

    def _judge(self, summary):
        return summary > 3


class Difference(LastPart):
    def _merge(self, left, right):
        return left - right


@pytest.mark.parametrize(
    ("rule", "claim"),
    [
        (Appending("a"), "check_a_summary_is_kept_by_merging_and_pickling"),
        (LastPart("a"), "check_parts_merge_to_the_whole"),
        (Difference("a"), "check_parts_merge_to_the_whole"),
    ],
)
def test_a_table_rule_that_breaks_a_promise_is_found(rule, claim):
    check = next(check for check in TABLE_RULE_CHECKS if check.__name__ == claim)
    with pytest.raises(AssertionError):
        check(rule)


def test_no_row_is_to_blame_for_the_table():
    schema = Schema({"a": Column("float", nullable=True)}, rules=[MeanBelow("a", 2.0)])
    frame = pd.DataFrame({"a": [1.0, 9.0, None]})
    report = validate(frame, schema)
    (finding,) = report.failed
    assert (finding.rule, finding.columns, finding.positions.tolist()) == ("MeanBelow", ("a",), [])
    assert finding.message == "must keep MeanBelow('a', 2.0)"  # (1 + 9) / 2 is above 2; a null is left out
    assert report.rejected.tolist() == []
    assert schema.check_record({"a": 9.0}) == ()


def test_the_number_a_table_was_judged_by_is_in_the_report():
    report = validate(pd.DataFrame({"a": [5, 5]}), Schema({"a": Column("int")}, rules=[Spans("a")]))
    (finding,) = report.failed
    assert (finding.value, finding.unit) == (0, "minutes")


def test_a_table_without_rows_is_judged():
    schema = Schema({"a": Column("float")}, rules=[RowCount(at_least=1), Spans("a")])
    report = validate(pd.DataFrame({"a": np.empty(0)}), schema)
    found = {finding.rule: (finding.status, finding.message) for finding in report.findings}
    assert found["RowCount"] == ("failed", "the table must have at least 1 rows")
    assert found["Spans"] == ("failed", "there are no values")


def test_a_table_is_judged_alike_in_one_piece_and_in_many():
    schema = Schema({"a": Column("float")}, rules=[MeanBelow("a", 2.0), Spans("a"), RowCount(3, 3)])
    frame = pd.DataFrame({"a": [1.0, 9.0, 2.0]})
    parts = (frame[start : start + 1].reset_index(drop=True) for start in range(3))
    assert validate(parts, schema).findings == validate(frame, schema).findings


@pytest.mark.parametrize("answer", [None, 1, "yes", np.array([True])])
def test_an_answer_that_is_no_verdict_is_refused(answer):
    class Wrong(TableRule):
        def _summarise(self, frame):
            return len(frame)

        def _judge(self, summary):
            return answer

    with pytest.raises(ArgumentError, match=r"Wrong\._judge returned .*\n\nHint: return True, False or a `Verdict`"):
        Wrong().judge(3)


@pytest.mark.parametrize("answer", [True, np.True_])
def test_a_truth_value_is_a_verdict(answer):
    class Right(Spans):
        def _judge(self, summary):
            return answer

    assert Right("a").judge({}) == Verdict(True)


def test_a_share_of_rows_means_nothing_for_a_table():
    with pytest.raises(SchemaError, match=r"mostly=0\.9 has no meaning"):
        MeanBelow("a", 2.0, mostly=0.9)


def test_a_rule_that_does_not_say_what_it_judges_is_refused():
    class Old(Rule):
        column: str

        def _holds(self, frame):
            return frame[self.column] > 0

    with pytest.raises(
        SchemaError, match=r"Old does not say what it judges(.|\n)*extend RowRule, GroupRule or TableRule"
    ):
        Old("a")


class Known(RowRule):
    column: str
    judges_records = False

    def _given(self, references, now):
        return self._carrying(known=references["shops"])

    def _holds(self, frame):
        return frame[self.column].isin(self.known)


def test_a_rule_of_ones_own_may_need_something_from_elsewhere():
    schema = Schema({"shop": Column("string")}, rules=[Known("shop")])
    frame = pd.DataFrame({"shop": ["a", "b", "c"]})
    assert validate(frame, schema, references={"shops": ["a", "c"]}).rejected.tolist() == [1]
    assert schema.check_record({"shop": "b"}) == ()
    (finding,) = validate(frame, schema).failed
    assert finding.status == "could_not_run"
    assert finding.message == "Known('shop') raised KeyError on what it was given"
    rule = schema.rules[0]
    assert rule.given({"shops": ["a"]}, now=None) == rule  # what it carries is no part of what it equals
