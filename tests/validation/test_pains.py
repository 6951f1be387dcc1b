"""What users of other validators complain of, and what was seen to go wrong there: each is one claim."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import SchemaError
from maturekit.schema import Column, Compare, GroupRule, GroupSize, RowRule, Schema
from maturekit.validation import validate


class Near(RowRule):
    """A rule of a user's own."""

    left: str
    right: str
    within: float

    def _holds(self, frame):
        return (frame[self.left] - frame[self.right]).abs() <= self.within


class Crashing(RowRule):
    """A rule that has an error itself."""

    column: str

    def _holds(self, frame):
        return frame["no such column"] > 0


class HasPositive(GroupRule):
    """Each group has a positive value."""

    column: str

    def _holds(self, groups):
        return groups[self.column].max() > 0


def failures(report):
    return {(f.rule, *f.columns): f.positions.tolist() for f in report.findings if f.status == "failed"}


def test_all_failures_are_found_at_once_and_none_hides_another():
    frame = pd.DataFrame(
        {
            "kind": ["x", 5, -5],
            "text": ["no", "ok1", None],
            "twice": [1, 1, 2],
            "low": [2.0, 0.0, 0.0],
            "high": [1.0] * 3,
        },
        dtype=object,
    )
    schema = Schema(
        {
            "kind": Column("int", ge=0),
            "text": Column("string", min_length=3, pattern="[a-z]+[0-9]"),
            "twice": Column("int", unique=True),
            "low": Column("float"),
            "high": Column("float"),
            "absent": Column("int"),
        },
        rules=[Compare("low", "<=", "high"), Near("high", "twice", 0.5)],
    )
    assert failures(validate(frame, schema)) == {
        ("kind", "kind"): [0],
        ("ge", "kind"): [2],
        ("nullable", "text"): [2],
        ("min_length", "text"): [0],
        ("pattern", "text"): [0],
        ("unique", "twice"): [0, 1],
        ("present", "absent"): [0, 1, 2],
        ("Compare", "low", "high"): [0],
        ("Near", "high", "twice"): [2],
    }


def steps(frame, schema):
    """Python functions that are called while a frame is judged."""
    counted = 0

    def count(_, event, __):
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        validate(frame, schema)
    finally:
        sys.setprofile(None)
    return counted


def test_the_handling_of_failures_takes_no_step_a_null_and_none_at_all_where_nothing_failed():
    schema = Schema({"x": Column("float", ge=0), "t": Column("string", max_length=3), "b": Column("int")})

    def table(rows, share):
        x = np.where(np.arange(rows) < rows * share, np.nan, 1.0)
        return pd.DataFrame({"x": x, "t": pd.Series(["abc"] * rows).mask(np.isnan(x)), "b": x})

    for frame in (table(1_000, 0.0), table(1_000, 0.9)):
        validate(frame, schema)  # what is imported and compiled once is no step of the next call
    few, many = steps(table(1_000, 0.9), schema), steps(table(100_000, 0.9), schema)
    assert many < 1.5 * few
    assert steps(table(100_000, 0.0), schema) < many


def test_a_frame_is_split_into_good_and_bad_rows_with_reasons():
    frame = pd.DataFrame({"a": [1, -1, None], "b": [1, 2, 3]})
    good, bad = validate(frame, Schema({"a": Column("int", ge=0), "b": Column("int", lt=3)})).split(frame)
    assert good.to_dict("list") == {"a": [1], "b": [1]}
    assert bad["reasons"].tolist() == ["a: ge", "a: nullable; b: lt"]


def test_a_share_of_bad_rows_may_be_tolerated():
    frame = pd.DataFrame({"a": [-1] + [1] * 9})
    report = validate(frame, Schema({"a": Column("int", ge=0, mostly=0.9)}))
    assert (report.ok, report.rejected.tolist()) == (True, [0])
    assert not validate(frame, Schema({"a": Column("int", ge=0, mostly=0.91)})).ok


def test_a_warning_is_reported_and_rejects_nothing():
    report = validate(pd.DataFrame({"a": [-1, 1]}), Schema({"a": Column("int", ge=0, severity="warning")}))
    assert (report.ok, report.rejected.tolist()) == (True, [])
    assert failures(report) == {("ge", "a"): [0]}


def test_rules_of_ones_own_are_never_lost_in_json():
    columns = {"a": Column("float"), "b": Column("float")}
    schema = Schema(columns, rules=[Near("a", "b", 1.0)])
    frame = pd.DataFrame({"a": [0.0, 0.0], "b": [1.0, 2.0]})
    assert Schema.from_json(schema.to_json(), rules=[Near]) == schema
    unread = validate(frame, Schema.from_json(schema.to_json()))
    assert [(f.rule, f.status) for f in unread.failed] == [("Near", "could_not_run")]
    assert not unread.ok  # a rule that nobody can run has not passed
    with pytest.raises(SchemaError, match="cannot be stored"):
        Schema(columns, rules=[Near("a", "b", abs)]).to_json()


def test_a_crash_inside_a_rule_is_no_bad_data():
    report = validate(pd.DataFrame({"a": [1, 2]}), Schema({"a": Column("int")}, rules=[Crashing("a")]))
    (found,) = report.failed
    assert (found.status, found.count, report.verdict) == ("could_not_run", None, "could_not_run")
    assert report.rejected.tolist() == []


def test_failing_rows_are_positions_where_labels_repeat():
    frame = pd.DataFrame({"a": [1, -1, 2, -2]}, index=["x", "x", "y", "y"])
    report = validate(frame, Schema({"a": Column("int", ge=0)}))
    assert failures(report) == {("ge", "a"): [1, 3]}
    assert report.sample(frame)["value"].tolist() == [-1, -2]


def test_dropping_bad_rows_keeps_good_ones_of_the_same_label():
    frame = pd.DataFrame({"a": [1, -1, 2]}, index=[7, 7, 7])
    good, bad = validate(frame, Schema({"a": Column("int", ge=0)})).split(frame)
    assert (good["a"].tolist(), bad["a"].tolist()) == ([1, 2], [-1])


def test_a_group_that_a_rejected_row_broke_is_rejected_too():
    frame = pd.DataFrame({"g": ["p", "p", "q", "q"], "a": [3, -1, 4, 5]})
    schema = Schema({"g": Column("category"), "a": Column("int", ge=0)}, rules=[GroupSize("g", at_least=2)])
    good, bad = validate(frame, schema).split(frame)
    assert (good["a"].tolist(), bad["reasons"].tolist()) == ([4, 5], ["g: GroupSize", "a: ge"])


def test_the_good_part_keeps_its_schema_however_far_rules_about_groups_reach():
    """The first row falls by itself, so that its group has no positive value, so that its shelf is too small."""
    frame = pd.DataFrame(
        {"g": list("ppqrr"), "shelf": list("ssstt"), "a": [3, 0, 4, 5, 0], "b": [-1, 1, 1, 1, 1]}, index=[7] * 5
    )
    schema = Schema(
        {"g": Column("category"), "shelf": Column("category"), "a": Column("int"), "b": Column("int", ge=0)},
        rules=[GroupSize("shelf", at_least=2), HasPositive("a", by="g")],
    )
    good, bad = validate(frame, schema).split(frame)
    assert bad["reasons"].tolist() == ["b: ge", "g, a: HasPositive", "shelf: GroupSize"]
    assert good["g"].tolist() == ["r", "r"]
    assert validate(good, schema).ok


def test_what_could_not_be_cast_is_shown_as_it_was():
    frame = pd.DataFrame({"a": ["1", "ten", "-3"]})
    schema = Schema({"a": Column("int", ge=0, coerce=True)})
    report = validate(frame, schema)
    assert report.sample(frame)["value"].tolist() == ["ten", "-3"]
    assert report.split(frame, schema=schema)[1]["a"].tolist() == ["ten", "-3"]


def test_what_could_not_be_cast_is_counted_once():
    report = validate(pd.DataFrame({"a": ["1", "ten", "-3"]}), Schema({"a": Column("int", ge=0, le=5, coerce=True)}))
    assert failures(report) == {("kind", "a"): [1], ("ge", "a"): [2]}
    assert sum(f.count for f in report.failed) == 2


def test_a_report_keeps_no_data_alive():
    frame = pd.DataFrame({"a": [1, -1]})
    watched = weakref.ref(frame), weakref.ref(frame["a"].array)
    report = validate(frame, Schema({"a": Column("int", ge=0)}))
    del frame
    gc.collect()
    assert [one() for one in watched] == [None, None]
    assert len(report.failed) == 1


def test_a_rule_about_rows_lists_each_row_once_and_no_cells():
    frame = pd.DataFrame({"a": [1.0, 5.0, 9.0], "b": [2.0] * 3, "other": [0] * 3})
    columns = {"a": Column("float"), "b": Column("float"), "other": Column("int")}
    (found,) = validate(frame, Schema(columns, rules=[Compare("a", "<=", "b")])).failed
    assert (found.columns, found.count, found.positions.tolist()) == (("a", "b"), 2, [1, 2])


@pytest.mark.parametrize("dtype", ["float64", "object", "string", "datetime64[ns]", "Int64"])
def test_empty_columns_and_columns_of_nulls_never_pass_silently(dtype):
    schema = Schema({"a": Column("float", nullable=True)})
    empty, nulls = (pd.DataFrame({"a": pd.Series([None] * rows, dtype=dtype)}) for rows in (0, 3))
    assert validate(empty, schema).verdict == "not_enough_evidence"
    assert [(f.rule, f.status) for f in validate(nulls, schema).failed] == [("kind", "not_enough_evidence")]
    refused = validate(nulls, Schema({"a": Column("float")}))
    assert failures(refused) == {("nullable", "a"): [0, 1, 2]}
    assert not refused.ok


def test_bounds_of_numbers_on_texts_fail_with_counts_and_positions():
    (found,) = validate(pd.DataFrame({"a": ["1", "2"]}), Schema({"a": Column("float", ge=0, le=9)})).failed
    assert (found.rule, found.count, found.share, found.positions.tolist()) == ("kind", 2, 1.0, [0, 1])


def test_nulls_that_count_as_failed_are_not_in_the_good_part():
    frame = pd.DataFrame({"a": [1.0, None, -1.0]})
    report = validate(frame, Schema({"a": Column("float", ge=0)}))
    assert failures(report) == {("nullable", "a"): [1], ("ge", "a"): [2]}
    assert report.split(frame)[0]["a"].tolist() == [1.0]
    allowed = validate(frame, Schema({"a": Column("float", ge=0, nullable=True)}))
    assert failures(allowed) == {("ge", "a"): [2]}
    assert len(allowed.split(frame)[0]) == 2


def test_not_null_needs_pandas_and_pydantic_and_little_else():
    code = """if True:
        import json, sys, pandas as pd
        from pydantic import BaseModel, Field
        Field(ge=0)
        before = {name.partition(".")[0] for name in sys.modules}
        from maturekit.schema import Column, Schema
        from maturekit.validation import validate
        assert not validate(pd.DataFrame({"a": [1.0, None]}), Schema({"a": Column("float")})).ok
        after = {name.partition(".")[0] for name in sys.modules} - before - set(sys.stdlib_module_names)
        print(json.dumps(sorted(name for name in after if not name.startswith("_"))))"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == ["maturekit"]
