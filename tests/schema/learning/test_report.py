"""The report says of each constraint what supports it and what it risks."""

from __future__ import annotations

import pandas as pd
import pytest

from maturekit.errors import ArgumentError
from maturekit.reports import Report
from maturekit.schema import Schema
from maturekit.validation import learn


def test_the_schema_is_that_of_the_short_way(orders):
    assert learn(orders(0)).schema == Schema.learn(orders(0))


def test_every_constraint_of_the_schema_is_in_the_report(orders):
    schema, report = learn(orders(0))
    said = {(finding.rule, finding.columns) for finding in report.findings if finding.status == "passed"}
    for rule in schema.rules:
        assert (rule.stored_as, rule.columns) in said or ("Constant", ("zip", "city")) in said
    for name, column in schema.columns.items():
        for parameter in {"ge", "le", "pattern", "max_length", "unique"} & column.parameters().keys():
            assert (parameter, (name,)) in said or column.kind == "datetime"


def test_the_stated_chances_add_up(orders):
    report = learn(orders(0)).report
    total, *findings = report.findings
    assert total.rule == "false_alarms"
    chances = [f.certainty.value for f in findings if f.certainty and f.status == "passed" and f.rule != "nullable"]
    assert sum(chances) <= total.value * 1.01 <= 0.0505


def test_what_could_not_be_afforded_is_named(orders):
    report = learn(orders(0).sort_values("start")).report
    (order,) = [finding for finding in report.findings if finding.rule == "order"]
    assert order.status == "not_enough_evidence"
    assert order.certainty.value > 0.05  # one table is one observation
    assert report.ok


def test_an_order_is_learned_when_more_false_alarms_are_allowed(orders):
    frame = orders(0).sort_values("start")[["start"]]
    assert Schema.learn(frame).columns["start"].order is None
    assert Schema.learn(frame, false_alarms=0.2).columns["start"].order == "increasing"


def test_nulls_in_few_rows_of_other_columns_make_the_next_ones_likely():
    full = pd.DataFrame({name: range(1000) for name in "abcd"}, dtype="float64")
    holes = full.copy()
    holes.loc[0, "a"] = holes.loc[[1, 2], "b"] = None
    before, after = (
        next(finding for finding in learn(frame).report.findings if finding.rule == "nullable")
        for frame in (full, holes)
    )
    assert before.columns == ("a", "b", "c", "d")
    assert after.columns == ("c", "d")
    assert before.certainty.value < 0.02
    assert after.certainty.value > 0.2


def test_the_report_reads_back_and_holds_no_cell(orders):
    report = learn(orders(0)).report
    assert Report.from_json(report.to_json()) == report
    assert not any(text in report.to_json() for text in ("Mainz", "80001"))


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_that_is_no_chance_is_refused(rate):
    with pytest.raises(ArgumentError, match="no chance"):
        Schema.learn(pd.DataFrame({"x": [1]}), false_alarms=rate)
