"""A frame is judged completely, by position, and whatever cannot be judged says so."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import weakref
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentTypeError, TableError
from maturekit.reports import Report
from maturekit.schema import Column, Compare, Schema
from maturekit.validation import FrameReport, validate

SCHEMA = Schema(
    {
        "id": Column("string", unique=True, pattern=r"[A-Z]\d+", role="key"),
        "age": Column("int", ge=0, le=120),
        "sort": Column("category", categories=["a", "b"]),
        "low": Column("float", nullable=True),
        "high": Column("float"),
    },
    rules=[Compare("low", "<=", "high")],
)


def clean(rows=5):
    return pd.DataFrame(
        {
            "id": [f"A{row}" for row in range(rows)],
            "age": np.arange(rows) % 100,
            "sort": np.array(["a", "b"])[np.arange(rows) % 2],
            "low": np.arange(rows) * 1.0,
            "high": np.arange(rows) + 1.0,
        }
    )


def broken(report):
    return {(f.rule, *f.columns): f.positions.tolist() for f in report.findings if f.status == "failed"}


def test_a_clean_frame_shows_what_was_checked():
    report = validate(clean(), SCHEMA)
    assert report.ok
    assert {finding.status for finding in report.findings} == {"passed"}
    assert [finding.rule for finding in report.findings if "age" in finding.columns] == ["nullable", "kind", "ge", "le"]
    assert report.subjects["schema"] == SCHEMA.digest
    assert report.subjects["data"].startswith("sha256:")
    assert report.rejected.tolist() == []


def test_every_failure_is_collected_at_once():
    frame = clean(6).astype(object)
    frame.loc[0, "id"] = frame.loc[1, "id"]
    frame.loc[2, "id"] = "AA"
    frame.loc[1, "age"] = -1
    frame.loc[2, "age"] = 121
    frame.loc[3, "age"] = 1.5
    frame.loc[4, "age"] = None
    frame.loc[3, "sort"] = "B"
    frame.loc[4, "high"] = np.inf
    frame.loc[5, "low"] = 99.0
    frame.loc[0, "low"] = None
    report = validate(frame, SCHEMA)
    assert broken(report) == {
        ("unique", "id"): [0, 1],
        ("pattern", "id"): [2],
        ("ge", "age"): [1],
        ("le", "age"): [2],
        ("kind", "age"): [3],
        ("nullable", "age"): [4],
        ("categories", "sort"): [3],
        ("finite", "high"): [4],
        ("Compare", "low", "high"): [5],
    }
    assert report.rejected.tolist() == [0, 1, 2, 3, 4, 5]
    nulls = next(f for f in report.findings if f.rule == "nullable" and f.columns == ("low",))
    assert (nulls.status, nulls.count, nulls.share) == ("passed", 1, 1 / 6)


@pytest.mark.parametrize(
    "index",
    [[0, 0, 0, 0, 0], list("edcba"), [np.nan] * 5, pd.MultiIndex.from_product([[1], range(5)]), [5, 4, 3, 2, 1]],
    ids=["repeated", "texts", "missing", "levels", "reversed"],
)
def test_labels_say_nothing(index):
    frame = clean()
    frame.loc[[1, 3], "age"] = -1
    frame.index = index
    report = validate(frame, SCHEMA)
    assert broken(report) == {("ge", "age"): [1, 3]}
    good, bad = report.split(frame)
    assert good["id"].tolist() == ["A0", "A2", "A4"]
    assert bad["id"].tolist() == ["A1", "A3"]
    assert bad.index.equals(frame.index[[1, 3]])


def test_an_absent_column_fails_in_every_row_and_an_undeclared_one_is_information():
    frame = clean().drop(columns="low").assign(more=1, extra=2)
    report = validate(frame, SCHEMA)
    absent = next(finding for finding in report.findings if finding.rule == "present")
    assert (absent.status, absent.columns, absent.positions.tolist()) == ("failed", ("low",), [0, 1, 2, 3, 4])
    undeclared = report.findings[-1]
    assert (undeclared.rule, undeclared.columns, undeclared.severity) == ("undeclared", ("more", "extra"), "info")
    assert undeclared.ok
    rule = next(finding for finding in report.findings if finding.rule == "Compare")
    assert (rule.status, rule.message) == ("could_not_run", "the column 'low' is absent")
    assert not report.ok


def test_a_frame_without_rows_is_not_enough_evidence():
    for frame in (clean(0), clean()[:0], pd.DataFrame(columns=list(SCHEMA.columns))):
        report = validate(frame, SCHEMA)
        assert not report.ok
        assert report.verdict == "not_enough_evidence"
        assert report.rejected.tolist() == []
        assert [len(part) for part in report.split(frame)] == [0, 0]
    assert validate(pd.DataFrame(), SCHEMA).verdict == "failed"  # nor are there columns


def test_a_column_without_values_never_passes_silently():
    frame = clean().assign(age=np.nan, low=None)
    report = validate(frame, SCHEMA)
    assert broken(report) == {("nullable", "age"): [0, 1, 2, 3, 4]}
    unjudged = next(f for f in report.findings if f.columns == ("low",) and f.status == "not_enough_evidence")
    assert (unjudged.rule, unjudged.severity) == ("kind", "info")
    rule = report.findings[-1]
    assert (rule.rule, rule.status) == ("Compare", "skipped")


def test_wrong_types_are_refused_clearly():
    with pytest.raises(TableError, match="repeat: 'x'"):
        validate(pd.DataFrame([[1, 2]], columns=["x", "x"]), SCHEMA)
    with pytest.raises(TableError, match="not str: 0"):
        validate(pd.DataFrame([[1]]), SCHEMA)
    for table in ([1, 2], {"x": [1]}, np.zeros((2, 2)), None, clean()["age"]):
        with pytest.raises(ArgumentTypeError, match="must be a table"):
            validate(table, SCHEMA)
    with pytest.raises(ArgumentTypeError, match="schema must be a Schema, got dict"):
        validate(clean(), {"x": Column("int")})


def test_a_storage_of_another_kind_fails_in_every_row_and_nothing_is_cast():
    frame = clean()
    frame["age"] = ["1", "2", None, "4", "5"]
    assert broken(validate(frame, SCHEMA)) == {("kind", "age"): [0, 1, 3, 4], ("nullable", "age"): [2]}
    frame["age"] = [True, False, True, False, True]
    assert broken(validate(frame, SCHEMA)) == {("kind", "age"): [0, 1, 2, 3, 4]}


def test_severity_decides_what_is_rejected_and_tolerance_what_fails():
    frame = pd.DataFrame({"x": [-1.0] + [1.0] * 19})
    warned = validate(frame, Schema({"x": Column("float", ge=0, severity="warning")}))
    assert (warned.ok, warned.rejected.tolist(), len(warned.failed)) == (True, [], 1)
    tolerant = validate(frame, Schema({"x": Column("float", ge=0, mostly=0.95)}))
    assert (tolerant.ok, tolerant.rejected.tolist(), len(tolerant.failed)) == (True, [0], 0)
    strict = validate(frame, Schema({"x": Column("float", ge=0, mostly=0.96)}))
    assert (strict.ok, strict.rejected.tolist()) == (False, [0])
    eleven = pd.DataFrame({"x": [1.0] * 11 + [-1.0] * 9})
    assert validate(eleven, Schema({"x": Column("float", ge=0, mostly=0.55)})).ok  # 0.55 * 20 > 11 as floats


def test_the_policy_for_unknown_values():
    frame = pd.DataFrame({"x": ["a", "b", "c"]})
    reports = {
        policy: validate(frame, Schema({"x": Column("category", categories=["a", "b"], unknown=policy)}))
        for policy in ("reject", "flag", "allow")
    }
    assert [reports[policy].ok for policy in reports] == [False, True, True]
    assert [reports[policy].rejected.tolist() for policy in reports] == [[2], [], []]
    (flagged,) = reports["flag"].failed
    assert (flagged.rule, flagged.severity, flagged.positions.tolist()) == ("categories", "warning", [2])
    assert not reports["allow"].failed


def test_the_report_is_a_report_and_reads_back_as_one():
    frame = clean()
    frame.loc[1, "age"] = 4711
    report = validate(frame, SCHEMA, clock=lambda: datetime(2013, 5, 1, tzinfo=UTC))
    assert report.time == datetime(2013, 5, 1, tzinfo=UTC)
    assert isinstance(report, Report)
    again = FrameReport.from_json(report.to_json())
    assert Report.from_json(report.to_json()) == report == again
    assert again.rejected.tolist() == [1]
    assert again.split(frame)[0].equals(report.split(frame)[0])
    assert "4711" not in report.to_json() + report.summary() + report._repr_html_()  # no cell value


def test_the_report_never_keeps_the_frame_alive():
    frame = clean(100)
    frame.loc[3, "age"] = -1
    watched = weakref.ref(frame)
    report = validate(frame, SCHEMA)
    del frame
    gc.collect()
    assert watched() is None
    assert report.rejected.base is None or report.rejected.base.nbytes <= 800


def test_the_frame_is_not_changed():
    frame = clean(50)
    frame.loc[3, "age"] = -1
    before = frame.copy(deep=True)
    report = validate(frame, SCHEMA)
    good, bad = report.split(frame)
    good.loc[:, "high"] = 0.0
    bad.loc[:, "high"] = 0.0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_tables_get_the_same_verdict(library):
    pytest.importorskip("narwhals")
    module = pytest.importorskip(library)
    frame = clean()
    frame.loc[1, "age"] = -1
    frame.loc[2, "low"] = None
    table = module.from_pandas(frame) if library == "polars" else module.Table.from_pandas(frame)
    report = validate(table, SCHEMA)
    assert broken(report) == broken(validate(frame, SCHEMA)) == {("ge", "age"): [1]}
    good, bad = report.split(table)
    assert list(good["id"]) == list(frame["id"].drop(1)) or good["id"].to_pylist() == ["A0", "A2", "A3", "A4"]
    assert len(bad["reasons"]) == 1


def test_validation_loads_neither_scipy_nor_scikit_learn():
    code = (
        "import sys, pandas as pd\n"
        "from maturekit.schema import Schema\n"
        "from maturekit.validation import validate\n"
        "frame = pd.DataFrame({'a': range(200), 'b': ['x', 'y'] * 100})\n"
        "assert validate(frame, Schema.learn(frame)).ok\n"
        "print([name for name in ('scipy', 'sklearn', 'narwhals', 'joblib') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_clean_frame_of_300_000_rows_takes_a_fraction_of_a_second():
    frame = clean(300_000)
    schema = SCHEMA.updated({"low": Column("float")}, rules=[Compare("low", "<=", "high")])
    validate(frame[:10], schema)
    start = time.process_time()
    assert validate(frame, schema).ok
    assert time.process_time() - start < 2.0  # about 0.2 on a quiet machine


def test_a_time_that_is_a_number_has_no_newest_moment():
    report = validate(pd.DataFrame({"year": [2013, 2014]}), Schema({"year": Column("int", role="time")}))
    assert report.ok
    assert "newest" not in {finding.rule for finding in report.findings}
