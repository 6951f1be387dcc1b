"""Rules of ours and of a user's keep one contract, and are stored by name."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from maturekit.errors import ArgumentError, FormatError, SchemaError, UntrustedError
from maturekit.schema import Column, Compare, RowRule, Schema, UnknownRule
from maturekit.testing.rules import ROW_RULE_CHECKS
from maturekit.validation import validate


class Near(RowRule):
    left: str
    right: str
    within: float = 1.0

    def _holds(self, frame):
        return (frame[self.left] - frame[self.right]).abs() <= self.within


class Increasing(RowRule):
    steps: tuple[str, ...]

    def _holds(self, frame):
        return frame[list(self.steps)].diff(axis=1).iloc[:, 1:].ge(0).all(axis=1)


class NoRefundWithoutSale(RowRule):
    columns = ("sale", "refund")

    def _holds(self, frame):
        return (frame["refund"] == 0) | (frame["sale"] > 0)


RULES = [
    *Compare.examples(),
    *UnknownRule.examples(),
    Near("a", "b"),
    Near("a", "b", within=2.0, severity="warning", mostly=0.9),
    Increasing(("a", "b", "c")),
    NoRefundWithoutSale(),
]
NUMBERS = {name: Column("float", nullable=True) for name in "abc"}


@pytest.mark.parametrize("check", ROW_RULE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_every_rule_keeps_the_contract(rule, check):
    check(rule)


class Average(RowRule):
    column: str

    def _holds(self, frame):
        return frame[self.column] <= frame[self.column].mean()


class Mutating(RowRule):
    column: str

    def _holds(self, frame):
        frame[self.column] = 0
        return frame[self.column] == 0


class OtherForRecords(Compare):
    def _holds_one(self, record):
        return True


@pytest.mark.parametrize(
    ("rule", "claim"),
    [
        (Average("a"), "check_a_row_is_judged_by_itself"),
        (Mutating("a"), "check_the_frame_is_not_changed"),
        (OtherForRecords("a", "<", "b"), "check_a_record_gets_the_verdict_of_its_row"),
    ],
)
def test_a_rule_that_breaks_a_promise_is_found(rule, claim):
    check = next(check for check in ROW_RULE_CHECKS if check.__name__ == claim)
    with pytest.raises(AssertionError):
        check(rule)


def test_a_users_rule_runs_on_frames_and_records():
    schema = Schema(NUMBERS, rules=[Near("a", "b", within=1.0)])
    report = validate(pd.DataFrame({"a": [1.0, 5.0, None], "b": [2.0, 2.0, 2.0], "c": 0.0}, index=[9, 9, 9]), schema)
    (finding,) = [finding for finding in report.findings if finding.rule == "Near"]
    assert (finding.status, finding.columns, finding.positions.tolist()) == ("failed", ("a", "b"), [1])
    (finding,) = schema.check_record({"a": 5.0, "b": 2.0, "c": None})
    assert (finding.rule, finding.status, finding.message) == ("Near", "failed", "must keep Near('a', 'b', 1.0)")


def test_a_stored_rule_of_an_unknown_class_could_not_run_until_the_class_is_passed():
    schema = Schema(NUMBERS, rules=[Near("a", "b"), Compare("a", "<=", "c")])
    read = Schema.from_json(schema.to_json())
    assert isinstance(read.rules[0], UnknownRule)
    assert read.digest == schema.digest
    report = validate(pd.DataFrame({"a": [1.0], "b": [1.0], "c": [1.0]}), read)
    (finding,) = report.failed
    assert (finding.rule, finding.status, report.ok) == ("Near", "could_not_run", False)
    assert "'Near'" in finding.message
    assert report.rejected.tolist() == []  # that nobody could judge them is not the rows' fault
    (finding,) = read.check_record({"a": 1.0, "b": 1.0, "c": 1.0})
    assert finding.status == "could_not_run"
    assert read.resolved([Near]) == schema == Schema.from_json(schema.to_json(), rules=[Near])


def test_reading_a_schema_never_imports_or_calls_what_the_text_names():
    text = Schema(NUMBERS, rules=[Near("a", "b")]).to_json().replace('"Near"', '"os.system"')
    (rule,) = Schema.from_json(text).rules
    assert isinstance(rule, UnknownRule)
    with pytest.raises(UntrustedError, match=r"os\.system"):
        rule.breaking(pd.DataFrame({"a": [1.0], "b": [1.0]}))


class Judged(RowRule):
    column: str
    test: object

    def _holds(self, frame):
        return frame[self.column].map(self.test)


def test_a_lambda_runs_but_refuses_to_be_stored_and_says_what_to_do():
    rule = Judged("a", lambda value: value > 0)
    schema = Schema({"a": Column("float")}, rules=[rule])
    report = validate(pd.DataFrame({"a": [1.0, -1.0]}), schema)
    assert report.rejected.tolist() == [1]
    assert "schema" not in report.subjects
    with pytest.raises(SchemaError, match=r"parameter test=<function.*\n\nHint: a function belongs into a subclass"):
        schema.to_json()
    with pytest.raises(SchemaError, match="no plain value"):
        _ = schema.digest


@pytest.mark.parametrize("value", [[1], {"x": 1}, float("nan"), float("inf"), (1, [2]), Column("int"), b"x"])
def test_a_parameter_that_json_would_change_refuses_to_be_stored(value):
    with pytest.raises(SchemaError, match="no plain value"):
        Judged("a", value).to_dict()


class Fragile(RowRule):
    column: str

    def _holds(self, frame):
        return frame[self.column].map({1.0: True}).astype(bool) | frame["missing"]


def test_a_rule_that_raises_could_not_run_and_its_message_repeats_no_data(caplog):
    schema = Schema({"a": Column("float")}, rules=[Fragile("a")])
    report = validate(pd.DataFrame({"a": [1.0]}), schema)
    (finding,) = report.failed
    assert (finding.status, finding.message) == ("could_not_run", "Fragile('a') raised KeyError")
    assert report.split(pd.DataFrame({"a": [1.0]}))[0].shape == (1, 1)
    (finding,) = schema.check_record({"a": 1.0})
    assert (finding.status, finding.message) == ("could_not_run", "Fragile('a') raised KeyError")


class Wrong(RowRule):
    column: str

    def _holds(self, frame):
        return {"floats": frame["a"], "short": frame["a"][:1] > 0, "number": True}[self.column]

    @property
    def columns(self):
        return ("a",)


@pytest.mark.parametrize("answer", ["floats", "short", "number"])
def test_an_answer_that_is_not_one_truth_value_a_row_is_refused(answer):
    with pytest.raises(ArgumentError, match="return one bool a row"):
        Wrong(answer).breaking(pd.DataFrame({"a": [1.0, 2.0]}))


def test_a_rule_never_sees_what_is_broken_in_itself():
    seen = []

    class Watching(RowRule):
        left: str
        right: str

        def _holds(self, frame):
            seen.append(frame)
            return frame[self.left] <= frame[self.right]

    schema = Schema({"a": Column("float", ge=0), "b": Column("int")}, rules=[Watching("a", "b")])
    frame = pd.DataFrame({"a": [1, None, "x", float("inf"), -5.0, 9], "b": [2, 2, 2, 2, 2.0, 2]}, dtype=object)
    report = validate(frame, schema)
    (given,) = seen
    assert given["a"].tolist() == [1.0, -5.0, 9.0]  # out of range is sound: the value can be compared
    assert (given["a"].dtype, given["b"].dtype, given.index.tolist()) == ("float64", "int64", [0, 1, 2])
    assert [f.positions.tolist() for f in report.findings if f.rule == "Watching"] == [[5]]


def test_nulls_pass_a_rule_on_both_paths():
    schema = Schema(NUMBERS, rules=[Compare("a", "<", "b")])
    for record in ({"a": None, "b": 1.0, "c": 0.0}, {"a": 1.0, "b": float("nan"), "c": 0.0}):
        assert schema.check_record(record) == ()
        assert validate(pd.DataFrame([record]), schema).ok


def test_tolerance_of_a_rule_lets_the_table_pass():
    schema = Schema(NUMBERS, rules=[Compare("a", "<", "b", mostly=0.9)])
    frame = pd.DataFrame({"a": [0.0] * 9 + [5.0], "b": 1.0, "c": 0.0})
    report = validate(frame, schema)
    assert report.ok
    assert report.rejected.tolist() == [9]


def test_the_relation_of_columns_without_a_common_order_is_refused():
    columns = {"a": Column("float"), "b": Column("string"), "c": Column("category", categories=["x"])}
    Schema(columns, rules=[Compare("b", "!=", "c")])
    with pytest.raises(SchemaError, match="compares numbers with texts"):
        Schema(columns, rules=[Compare("a", "<", "b")])


def stored_with(part):
    """Return a stored schema of which one part of its only rule is another."""
    data = json.loads(Schema(NUMBERS, rules=[Compare("a", "<", "b")]).to_json())
    data["rules"][0] |= json.loads(f"{{{part}}}")
    return json.dumps(data)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Compare("a", "=<", "b"), "'=<' is no relation"),
        (lambda: Compare("a", "<", "a"), "two columns"),
        (lambda: Compare("a", "<", "b", severity="bad"), "severity 'bad'"),
        (lambda: Compare("a", "<", "b", mostly=0.0), "mostly=0.0"),
        (lambda: Compare("a", "<", "b", mostly="0.5"), "mostly='0.5'"),
        (lambda: Schema(NUMBERS, rules=[Compare("a", "<", "bb")]), r"no column named 'bb'(.|\n)*did you mean 'b'"),
        (lambda: Schema(NUMBERS, rules=[Near]), "instances of Rule"),
        (lambda: Schema.from_json(Schema(NUMBERS).to_json(), rules=[Near("a", "b")]), "pass the class"),
        (lambda: Schema.from_json("{}", rules=[]), "format number"),
        (lambda: Schema.from_json(stored_with('"columns":[["a"]]')), "names what is no text"),
        (
            lambda: Schema.from_json(stored_with('"parameters":{"left":{"os":"system"}}')),
            "a parameter that cannot be read",
        ),
        (lambda: Schema.from_json(stored_with('"parameters":{"left":"a","path":"b"}')), "malformed"),
        (lambda: Schema.from_json(stored_with('"parameters":[]')), "malformed"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(make, message):
    with pytest.raises((SchemaError, FormatError), match=message):
        make()


def test_a_rule_without_columns_is_refused():
    class Empty(RowRule):
        within: float = 1.0

        def _holds(self, frame):
            return frame.index >= 0

    with pytest.raises(SchemaError, match="names no column"):
        Empty()


def test_two_classes_of_one_name_are_refused():
    other = type("Near", (Near,), {})
    with pytest.raises(SchemaError, match="two classes of rules are named 'Near'"):
        Schema.from_json(Schema(NUMBERS).to_json(), rules=[Near, other])


def test_a_stored_rule_whose_class_reads_other_columns_is_refused():
    text = Schema(NUMBERS, rules=[Near("a", "b")]).to_json().replace('"columns":["a","b"]', '"columns":["a","c"]')
    with pytest.raises(FormatError, match="names the columns"):
        Schema.from_json(text, rules=[Near])
