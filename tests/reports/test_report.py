"""A report is data about named subjects at one time: judged alike, read back equal, and shown safely."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, CheckFailedError, FormatError
from maturekit.reports import Certainty, Finding, Report

TIME = datetime(2013, 5, 3, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
TEXT = st.text(st.characters(), max_size=8)
STATUSES = ["passed", "failed", "could_not_run", "not_enough_evidence", "skipped"]
FINDINGS = st.builds(
    Finding,
    TEXT,
    st.sampled_from(STATUSES),
    severity=st.sampled_from(["info", "warning", "error"]),
    value=st.none() | st.floats(),
)
REPORTS = st.builds(
    Report,
    TEXT,
    st.lists(FINDINGS, max_size=4),
    subjects=st.none() | st.dictionaries(TEXT, TEXT, max_size=3),
    time=st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=5)))),
)


def report(*findings, **rest):
    return Report("validation", findings, time=TIME, **rest)


@settings(deadline=None, max_examples=50)
@given(REPORTS)
def test_json_and_pickles_read_back_equal(made):
    for copied in (Report.from_json(made.to_json()), pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert copied == made
        assert hash(copied) == hash(made)
        assert copied.digest == made.digest
        assert (copied.kind, dict(copied.subjects), copied.time) == (made.kind, dict(made.subjects), made.time)


@settings(deadline=None, max_examples=50)
@given(REPORTS)
def test_the_verdict_and_ok_agree(made):
    assert made.ok == (made.verdict == "passed")
    assert made.ok == (
        not [f for f in made.findings if f.severity == "error" and f.status not in {"passed", "skipped"}]
    )


class Special(Report):
    """A report with a method of its own, as every special report is."""

    @property
    def alarm(self):
        return any(finding.rule == "alarm" for finding in self.findings)


def test_a_special_report_reads_back_as_a_plain_one_and_as_itself():
    made = Special("drift-reading", [Finding("alarm", "failed")], time=TIME)
    assert type(Report.from_json(made.to_json())) is Report
    assert Report.from_json(made.to_json()) == made
    assert Special.from_json(made.to_json()).alarm
    assert type(pickle.loads(pickle.dumps(made))) is Special


def test_every_time_becomes_utc_and_a_naive_one_is_refused():
    eastern = timezone(timedelta(hours=-4))
    assert Report("x", [], time=datetime(2013, 5, 2, 20, tzinfo=eastern)).time == TIME
    assert Report("x", [], time=datetime(2013, 5, 2, 20, tzinfo=eastern)).time.tzinfo is UTC
    assert Report("x", []).time.tzinfo is UTC
    with pytest.raises(ArgumentError, match="no time zone"):
        Report("x", [], time=datetime(2013, 5, 3))


def test_subjects_cannot_be_changed_from_outside():
    subjects = {"data": "sha256:ab"}
    made = report(subjects=subjects)
    subjects["data"] = "sha256:cd"
    assert made.subjects["data"] == "sha256:ab"
    with pytest.raises(TypeError):
        made.subjects["data"] = "x"


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([], "passed"),
        (["passed", "skipped"], "passed"),
        (["passed", "not_enough_evidence"], "not_enough_evidence"),
        (["not_enough_evidence", "could_not_run"], "could_not_run"),
        (["could_not_run", "failed", "passed"], "failed"),
    ],
)
def test_the_verdict_is_the_worst_status(statuses, verdict):
    made = report(*(Finding("rule", status) for status in statuses))
    assert made.verdict == verdict
    assert made.ok is (verdict == "passed")


def test_warnings_are_shown_but_do_not_fail_a_report():
    made = report(Finding("range", "failed", severity="warning", count=2), Finding("nullable", "passed"))
    assert made.ok
    assert [finding.rule for finding in made.failed] == ["range"]
    assert made.raise_if_failed() is made
    with pytest.raises(CheckFailedError) as caught:
        made.raise_if_failed(at="warning")
    assert caught.value.report is made


def test_raising_names_what_failed_and_carries_the_report():
    made = report(Finding("range", "failed", columns=("age",), count=1234))
    with pytest.raises(CheckFailedError, match=r"validation did not pass: range age 1,234 rows\n\nHint: print"):
        made.raise_if_failed()


def test_an_unknown_level_is_refused():
    with pytest.raises(ArgumentError, match="at='fatal' is none of info, warning, error"):
        report().raise_if_failed(at="fatal")


@pytest.mark.parametrize("made", [report(), report(Finding("x", "failed"))])
def test_a_report_has_no_truth_value(made):
    with pytest.raises(ArgumentError, match=r"ask `report\.ok`"):
        bool(made)


def test_the_summary_lists_only_what_is_not_ok():
    made = report(
        Finding("nullable", "passed"),
        Finding("range", "failed", columns=("age",), count=2, share=0.25, message="below 0"),
        Finding("auc", "not_enough_evidence", value=0.5, unit="AUC", interval=(0.25, 0.75)),
    )
    assert made.summary().splitlines() == [
        "validation: failed (1 failed, 1 not enough evidence, 1 passed)",
        "  ✗ failed  range  age  2 rows (25.00%)  below 0",
        "  ? not enough evidence  auc  0.5 AUC [0.25, 0.75]",
    ]


def test_an_empty_report_says_that_nothing_was_checked():
    assert report().summary() == "validation: passed (nothing was checked)"


def test_the_frame_has_one_row_a_finding_and_names_its_columns():
    frame = report(
        Finding("auc", "passed", value=0.5, interval=(0.25, 0.75), certainty=Certainty(0.95, "confidence"))
    ).to_frame()
    assert frame.loc[0, ["rule", "value", "low", "high", "certainty"]].tolist() == ["auc", 0.5, 0.25, 0.75, 0.95]
    assert list(report().to_frame().columns) == list(frame.columns)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not valid JSON"),
        ("[]", "no format number"),
        ('{"kind":"x"}', "no format number"),
        ('{"format":"1"}', "no format number"),
        ('{"format":2,"kind":"x"}', "reads up to 1"),
        ('{"format":1,"kind":"x"}', "malformed"),
        ('{"format":1,"kind":"x","findings":[3],"subjects":{},"time":"2013-05-03T00:00:00Z"}', "malformed"),
        ('{"format":1,"kind":"x","findings":3,"subjects":{},"time":"2013-05-03T00:00:00Z"}', "malformed"),
        ('{"format":1,"kind":"x","findings":[],"subjects":{},"time":"now"}', "not a time"),
    ],
)
def test_text_that_is_no_report_is_a_format_error(text, fault):
    with pytest.raises(FormatError, match=fault):
        Report.from_json(text)


def test_json_is_canonical_and_versioned():
    text = report(Finding("b", "passed"), subjects={"z": "1", "a": "2"}).to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert json.loads(text)["format"] == 1


class Reader(HTMLParser):
    """Collect tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_html_escapes_hostile_names_everywhere():
    made = Report(
        HOSTILE,
        [Finding(HOSTILE, "failed", columns=(HOSTILE,), value=HOSTILE, unit=HOSTILE, message=HOSTILE)],
        subjects={HOSTILE: HOSTILE},
    )
    page = Reader(made._repr_html_())
    assert not {"script", "img"} & set(page.tags)
    assert page.text.count(HOSTILE) == 6
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_html_has_language_caption_headers_with_scope_and_words_for_every_status():
    page = Reader(report(*(Finding("rule", status) for status in STATUSES))._repr_html_())
    assert ("lang", "en") in page.attributes
    assert page.tags.count("caption") == 1
    assert page.attributes.count(("scope", "col")) == page.tags.count("th") == 6
    for status in STATUSES:
        assert status.replace("_", " ") in page.text
