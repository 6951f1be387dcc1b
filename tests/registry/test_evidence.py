"""Reports are evidence: attached, listed, read back."""

from __future__ import annotations

from maturekit.reports import Certainty, Finding, Report


def reading(*, alarm, evidence=40.0, years=2.0):
    """Return a report as a drift monitor makes it."""
    status = "failed" if alarm else "passed"
    return Report(
        "drift-reading",
        [
            Finding("alarm", status, value=evidence, certainty=Certainty(years, "years between false alarms")),
            Finding("since", "passed", severity="info", value="2013-06-03"),
            Finding("drift:location", "passed", severity="info", columns=("hour",), value=0.4, unit="rank"),
        ],
        subjects={"batch": "2013-06-09"},
    )


def test_an_attached_report_is_an_event_and_reads_back(registry):
    version = registry.register("late", "a")
    report = Report("validation", [Finding("nullable", "failed", count=2, positions=[0, 3]), Finding("type", "passed")])
    event = registry.attach(version, report, actor="bob")
    assert (event.kind, event.actor, event.subject) == ("report", "bob", version.digest)
    assert event.body == {
        "version": 1, "kind": "validation", "verdict": "failed", "report": report.digest,
        "findings": {"failed": 1, "passed": 1},
    }  # fmt: skip
    assert version.reports() == (report,)


def test_a_reading_that_alarms_becomes_an_alarm(registry):
    version = registry.register("late", "a")
    calm, alarmed = reading(alarm=False), reading(alarm=True)
    assert registry.attach(version, calm).kind == "report"
    event = registry.attach(version, alarmed)
    assert (event.kind, event.body["since"], event.body["verdict"]) == ("alarm", "2013-06-03", "failed")
    assert event.body["certainty"] == {"value": 2.0, "meaning": "years between false alarms"}
    assert event.body["causes"] == [{"rule": "drift:location", "columns": ["hour"], "value": 0.4, "unit": "rank"}]
    assert version.reports() == (calm, alarmed)


def test_an_endless_certainty_is_stored_as_unknown(registry):
    version = registry.register("late", "a")
    event = registry.attach(version, reading(alarm=True, years=float("inf")))
    assert event.body["certainty"]["value"] is None
    assert registry.verify().ok


def test_reports_belong_to_their_version(registry):
    first, second = registry.register("late", "a"), registry.register("late", "b")
    registry.attach(first, Report("review", []))
    assert [report.kind for report in first.reports()] == ["review"]
    assert second.reports() == ()
