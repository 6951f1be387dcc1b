"""What a report of a frame tells beyond its findings: samples, rules that fail together, and nothing of the frame kept."""

from __future__ import annotations

import gc
import pickle
import weakref
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, CheckFailedError
from maturekit.reports import Finding, Report
from maturekit.schema import Column, Compare, RowRule, Schema
from maturekit.validation import FrameReport, validate

SCHEMA = Schema(
    {"a": Column("int", ge=0, coerce=True), "b": Column("int", lt=5, severity="warning"), "c": Column("string")},
    rules=[Compare("a", "<=", "b")],
)


def frame_of(*rows):
    return pd.DataFrame(rows, columns=["a", "b", "c"], dtype=object)


FRAME = frame_of(("1", 2, "x"), ("-1", 2, "x"), ("many", 9, None), ("3", 1, "x"), ("7", 6, "x"), ("-2", 1, None))


class Breaking(RowRule):
    """Fails to run."""

    column: str

    @property
    def columns(self):
        return (self.column,)

    @property
    def words(self):
        return "must run"

    def _holds(self, frame):
        raise ZeroDivisionError("no data here")


def test_a_sample_shows_the_values_as_they_were_before_coercion():
    shown = validate(FRAME, SCHEMA).sample(FRAME)
    assert shown.columns.tolist() == ["rule", "column", "position", "value"]
    assert list(shown.itertuples(index=False, name=None)) == [
        ("kind", "a", 2, "many"),
        ("ge", "a", 1, "-1"),
        ("ge", "a", 5, "-2"),
        ("lt", "b", 2, 9),
        ("lt", "b", 4, 6),
        ("nullable", "c", 2, None),
        ("nullable", "c", 5, None),
        ("Compare", "a", 3, "3"),
        ("Compare", "a", 4, "7"),
        ("Compare", "b", 3, 1),
        ("Compare", "b", 4, 6),
    ]


def test_a_sample_is_bounded_by_rows_a_finding():
    frame = pd.DataFrame({"a": np.full(10_000, -1), "b": 1, "c": "x"})
    assert validate(frame, SCHEMA).sample(frame, 3)["position"].tolist() == [0, 1, 2]
    with pytest.raises(ArgumentError, match="n must be at least 1, got 0"):
        validate(frame, SCHEMA).sample(frame, 0)


def test_a_sample_of_chunks_and_of_a_report_read_back_is_the_same():
    whole = validate(FRAME, SCHEMA)
    chunks = [FRAME[:2], FRAME[2:5], FRAME[5:]]
    expected = whole.sample(FRAME)
    pd.testing.assert_frame_equal(validate(iter(chunks), SCHEMA).sample(chunks), expected)
    pd.testing.assert_frame_equal(FrameReport.from_json(whole.to_json()).sample(chunks), expected)


def test_a_sample_finds_a_column_under_its_alias_and_shows_nothing_of_an_absent_one():
    schema = Schema({"a": Column("int", ge=0, aliases=["old's", "x, y"]), "gone": Column("int")})
    parts = [pd.DataFrame({"old's": [1, -1]}), pd.DataFrame({"x, y": [-2]}), pd.DataFrame({"a": [-3]})]
    shown = validate(parts, schema).sample(parts)
    assert shown[shown["column"] == "a"]["value"].tolist() == [-1, -2, -3]
    assert "gone" not in set(shown["column"])


def test_a_sample_of_a_clean_frame_is_an_empty_table():
    frame = FRAME[:1]
    shown = validate(frame, SCHEMA).sample(frame)
    assert (len(shown), shown.columns.tolist()) == (0, ["rule", "column", "position", "value"])
    assert validate(frame, SCHEMA).together().to_dict("list") == {"rules": [], "count": [], "share": [], "first": []}


def test_rules_that_fail_on_the_same_rows_are_counted_as_one_set():
    assert list(validate(FRAME, SCHEMA).together().itertuples(index=False, name=None)) == [
        ("a: ge", 1, 1 / 6, 1),
        ("a: kind; b: lt; c: nullable", 1, 1 / 6, 2),
        ("a, b: Compare", 1, 1 / 6, 3),
        ("b: lt; a, b: Compare", 1, 1 / 6, 4),
        ("a: ge; c: nullable", 1, 1 / 6, 5),
    ]
    assert len(validate(FRAME, SCHEMA).together(2)) == 2
    with pytest.raises(ArgumentError, match="n must be"):
        validate(FRAME, SCHEMA).together(-1)


@given(st.lists(st.lists(st.sampled_from("pqrs"), unique=True), max_size=12))
@settings(max_examples=80, deadline=None)
def test_sets_are_those_that_a_loop_over_rows_counts(broken):
    named = [(name, [row for row, rules in enumerate(broken) if name in rules]) for name in "pqrs"]
    findings = [Finding("rows", "passed", value=len(broken), unit="rows")]
    findings += [Finding(name, "failed", ("x",), count=len(rows), positions=rows) for name, rows in named if rows]
    counted = {}
    for rules in broken:
        text = "; ".join(f"x: {name}" for name in sorted(rules))
        counted[text] = counted.get(text, 0) + 1
    counted.pop("", None)
    table = FrameReport("validation", findings).together()
    assert dict(zip(table["rules"], table["count"], strict=True)) == counted
    assert table["count"].tolist() == sorted(counted.values(), reverse=True)


def test_a_rule_that_found_more_once_rejected_rows_were_out_is_one_reason():
    findings = [
        Finding("rows", "passed", value=3, unit="rows"),
        Finding("GroupSize", "failed", ("g",), positions=[0]),
        Finding("GroupSize", "failed", ("g",), positions=[2], message="..., once the rejected rows are out"),
    ]
    assert FrameReport("validation", findings).together()["rules"].tolist() == ["g: GroupSize"]


def test_a_report_never_keeps_the_frame_alive():
    frame = FRAME.copy()
    alive = weakref.ref(frame)
    column = weakref.ref(frame["b"].array)
    report = validate(frame, SCHEMA)
    report.split(frame), report.sample(frame), report.together(), report.summary(), list(report.splits(frame))
    del frame
    gc.collect()
    assert alive() is None
    assert column() is None
    assert len(report.rejected) == 5


def test_the_size_of_a_report_does_not_grow_with_the_cells():
    small = pd.DataFrame({"a": [1, 2], "b": [2, 3], "c": ["x", "y"]})
    large = pd.concat([small.assign(c=["x" * 1_000, "y" * 1_000])] * 500, ignore_index=True)
    sizes = [len(pickle.dumps(validate(frame, SCHEMA))) for frame in (small, large)]
    assert sizes[1] - sizes[0] < 20


def test_json_summary_and_html_hold_no_cell():
    frame = frame_of(("secret-4711", 4712, "4713"), ("-4714", 4715, "4716"))
    noon = datetime(2013, 5, 1, 12, tzinfo=UTC)  # the time of now may have any digits
    report = validate(frame, SCHEMA, clock=lambda: noon)
    texts = report.to_json() + report.summary() + report._repr_html_() + repr(report) + report.to_frame().to_string()
    assert not [cell for cell in ("4711", "4712", "4713", "4714", "4715", "4716") if cell in texts]


def test_a_crash_inside_a_rule_is_not_bad_data():
    schema = Schema({"a": Column("int")}, rules=[Breaking("a")])
    frame = pd.DataFrame({"a": [1, 2]})
    report = validate(frame, schema)
    assert report.verdict == "could_not_run"
    assert report.rejected.tolist() == []
    good, bad = report.split(frame)
    assert (len(good), len(bad)) == (2, 0)


def test_no_cell_is_listed_twice_when_it_cannot_be_read():
    frame = frame_of(("many", 5, "x"))
    report = validate(frame, SCHEMA)
    assert [(found.rule, found.columns) for found in report.failed if "a" in found.columns] == [("kind", ("a",))]


def test_raise_if_failed_stops_at_the_severity_that_is_asked_for():
    report = validate(frame_of((1, 5, "x")), SCHEMA)
    assert report.raise_if_failed() is report
    assert report.raise_if_failed(at="error") is report
    with pytest.raises(CheckFailedError, match="lt b 1 rows"):
        report.raise_if_failed(at="warning")


def test_a_report_of_another_kind_does_not_know_its_rows():
    with pytest.raises(ArgumentError, match="does not say how many rows"):
        FrameReport("drift", []).rows  # noqa: B018  # the property is what is tested


def test_html_takes_its_colours_from_the_page_and_stays_small():
    page = validate(FRAME, SCHEMA)._repr_html_()
    style = page[page.index("<style>") : page.index("</style>")]
    assert "currentcolor" in style.lower()
    assert "#" not in style
    assert isinstance(Report("validation", [])._repr_html_(), str)
