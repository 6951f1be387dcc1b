"""Reports as events: a reading that raised an alarm becomes an alarm."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from maturekit.registry.bodies import AlarmBody, ReportBody
from maturekit.reports import Finding, Report

__all__ = ["evidence_body"]

_READING = "drift-reading"


def evidence_body(report: Report, *, version: int, digest: str) -> tuple[str, ReportBody]:
    """Return the kind of event that attaches a report, and its body.

    >>> report = Report("validation", [Finding("nullable", "failed")])
    >>> kind, body = evidence_body(report, version=1, digest=report.digest)
    >>> kind, body.verdict, body.findings
    ('report', 'failed', {'failed': 1})
    """
    common: dict[str, Any] = {
        "version": version,
        "kind": report.kind,
        "verdict": report.verdict,
        "report": digest,
        "findings": dict(Counter(finding.status for finding in report.findings)),
    }
    alarm = next((finding for finding in report.findings if finding.rule == "alarm"), None)
    if report.kind != _READING or alarm is None or alarm.status != "failed":
        return "report", ReportBody(**common)
    since = next((finding.value for finding in report.findings if finding.rule == "since"), None)
    certainty = alarm.certainty
    return "alarm", AlarmBody(
        **common,
        since=_finite(since),
        causes=tuple(_cause(finding) for finding in report.findings if finding.rule.startswith("drift:")),
        certainty=None if certainty is None else {"value": _finite(certainty.value), "meaning": certainty.meaning},
    )


def _cause(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "columns": list(finding.columns),
        "value": _finite(finding.value),
        "unit": finding.unit,
    }


def _finite(value: Any) -> Any:
    """Return a number as JSON has it: infinity is None."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
