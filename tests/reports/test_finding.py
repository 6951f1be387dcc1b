"""A finding is data: checked when made, frozen afterwards, and read back equal from JSON and from a pickle."""

from __future__ import annotations

import copy
import json
import math
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, FormatError
from maturekit.reports import Certainty, Finding

TEXT = st.text(st.characters(), max_size=8)
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
CERTAINTIES = st.builds(Certainty, FLOATS | st.integers(0, 1000), TEXT)
FINDINGS = st.builds(
    Finding,
    rule=TEXT,
    status=st.sampled_from(["passed", "failed", "could_not_run", "not_enough_evidence", "skipped"]),
    columns=st.lists(TEXT, max_size=3).map(tuple),
    severity=st.sampled_from(["info", "warning", "error"]),
    count=st.none() | st.integers(0, 10**12),
    share=st.none() | st.floats(0, 1),
    positions=st.none() | st.lists(st.integers(0, 2**62), max_size=4),
    value=st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FLOATS | TEXT,
    unit=TEXT,
    interval=st.none() | st.tuples(FLOATS, FLOATS),
    certainty=st.none() | CERTAINTIES,
    message=TEXT,
)


@settings(deadline=None)
@given(FINDINGS)
def test_json_reads_back_equal(finding):
    text = json.dumps(finding.to_dict(), allow_nan=False)
    copied = Finding.from_dict(json.loads(text))
    assert copied == finding
    assert hash(copied) == hash(finding)
    assert type(copied.value) is type(finding.value)


@settings(deadline=None, max_examples=25)
@given(FINDINGS)
def test_a_pickle_and_a_copy_are_equal(finding):
    assert pickle.loads(pickle.dumps(finding)) == finding
    assert copy.deepcopy(finding) == finding
    assert copy.copy(finding) == finding


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_infinity_and_nan_survive_json(number):
    finding = Finding(
        "drift", "passed", value=number, interval=(-math.inf, number), certainty=Certainty(number, "years")
    )
    copied = Finding.from_dict(json.loads(json.dumps(finding.to_dict(), allow_nan=False)))
    assert repr(copied.value) == repr(number)
    assert repr(copied.interval) == repr((-math.inf, number))
    assert repr(copied.certainty) == repr(finding.certainty)


def test_numbers_of_numpy_become_plain_ones():
    finding = Finding(
        "mean", "passed", value=np.float64(1.5), count=np.int64(3), share=np.float32(0.5), interval=np.array([1, 2])
    )
    text = json.dumps(finding.to_dict())
    assert json.loads(text) == {
        "rule": "mean", "status": "passed", "severity": "error", "value": 1.5, "count": 3, "share": 0.5, "interval": [1.0, 2.0],
    }  # fmt: skip


def test_positions_are_a_frozen_copy_of_what_was_passed():
    rows = np.array([1, 4])
    finding = Finding("range", "failed", positions=rows)
    rows[0] = 9
    assert finding.positions.tolist() == [1, 4]
    assert finding.positions.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        finding.positions[0] = 2


def test_no_positions_are_an_empty_array():
    assert Finding("range", "passed").positions.shape == (0,)
    assert Finding("range", "passed").positions.dtype == np.int64


def test_reading_the_positions_changes_nothing():
    finding = Finding("range", "passed")
    before = finding.to_dict()
    _ = finding.positions
    assert finding.to_dict() == before
    assert finding == Finding("range", "passed", positions=[])


def test_a_finding_without_rows_does_not_load_numpy():
    code = """
import pickle, sys
from maturekit.reports import Finding, Report
report = Report("x", [Finding("nullable", "passed", value=1.5)])
assert Report.from_json(report.to_json()) == report and pickle.loads(pickle.dumps(report)) == report
report.summary(), report._repr_html_(), repr(report.findings[0])
sys.exit("numpy" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_finding_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Finding("range", "passed").status = "failed"


def test_findings_differ_in_any_field():
    base = {"rule": "range", "status": "failed", "count": 2, "positions": [0, 1]}
    one = Finding(**base)
    for change in ({"count": 3}, {"positions": [0, 2]}, {"columns": ("a",)}, {"severity": "info"}, {"message": "x"}):
        assert one != Finding(**{**base, **change})
    assert one != "range"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"status": "ok"}, "status 'ok' is none of passed, failed"),
        ({"status": "passed", "severity": "bad"}, "severity 'bad'"),
    ],
)
def test_words_outside_the_closed_vocabularies_are_refused(fields, fault):
    with pytest.raises(ArgumentError, match=fault):
        Finding("range", **fields)


@pytest.mark.parametrize(
    ("status", "ok"),
    [("passed", True), ("skipped", True), ("failed", False), ("could_not_run", False), ("not_enough_evidence", False)],
)
def test_only_passed_and_skipped_are_ok(status, ok):
    assert Finding("range", status).ok is ok


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"rule": "x"},
        {"rule": "x", "status": "nonsense"},
        {"rule": "x", "status": "passed", "unknown": 1},
        {"rule": "x", "status": "passed", "interval": [1]},
        {"rule": "x", "status": "passed", "interval": 3},
        {"rule": "x", "status": "passed", "certainty": {"value": 1}},
        {"rule": "x", "status": "passed", "value": {"float": "many"}},
        {"rule": "x", "status": "passed", "positions": ["a"]},
        {"rule": "x", "status": "passed", "columns": 5},
    ],
)
def test_malformed_data_is_a_format_error(data):
    with pytest.raises(FormatError, match="a stored finding is malformed"):
        Finding.from_dict(data)


def test_the_repr_says_rule_status_and_place():
    assert (
        repr(Finding("range", "failed", columns=("a", "b"), count=2)) == "Finding('range' failed in 'a', 'b': 2 rows)"
    )
    assert repr(Finding("auc", "passed", value=0.77512, unit="AUC")) == "Finding('auc' passed: 0.7751 AUC)"
    assert repr(Finding("order", "skipped")) == "Finding('order' skipped)"
