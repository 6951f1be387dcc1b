"""A report: findings about named subjects at one time, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn, Self, final

from maturekit._core import html
from maturekit._core.clock import as_utc, iso, parse_iso, utc_now
from maturekit._core.digest import canonical_json, check_format, digest_of, parse_json
from maturekit.errors import ArgumentError, CheckFailedError, FormatError
from maturekit.reports.finding import Finding, Severity, Status

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report"]

_FORMAT = 1
_RANK: dict[Severity, int] = {"info": 0, "warning": 1, "error": 2}
_WORST_FIRST: tuple[Status, ...] = ("failed", "could_not_run", "not_enough_evidence")
_STYLE = (  # the page's own colours, so that it reads the same on any background
    ".maturekit-report{max-height:32em;overflow:auto;color:inherit}"
    ".maturekit-report table{border-collapse:collapse;margin:0;color:inherit;font-size:inherit}"
    ".maturekit-report caption{text-align:left;font-weight:bold;color:inherit;caption-side:top;padding:.3em .6em}"
    ".maturekit-report th,.maturekit-report td{text-align:left;vertical-align:top;padding:.2em .6em;"
    "border:0;border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}"
    ".maturekit-report td:first-child,.maturekit-report td:nth-child(5){white-space:nowrap}"
)
_MARK: dict[Status, str] = {
    "failed": "✗ failed",
    "could_not_run": "! could not run",
    "not_enough_evidence": "? not enough evidence",
    "passed": "✓ passed",
    "skipped": "- skipped",
}


@dataclass(frozen=True)
class Report:
    """What one check, comparison, gate or reading found.

    A special report adds methods over its findings, never fields, so that every report reads back as `Report`.

    Parameters
    ----------
    kind : str
        What made it, such as ``"validation"`` or ``"performance"``.
    findings : iterable of Finding
        In the order in which a person should read them.
    subjects : mapping of str to str
        What was judged: a role (``"data"``, ``"schema"``, ``"challenger"``) and its digest or id.
    time : datetime, optional
        When, aware; now by default.

    Examples
    --------
    >>> report = Report("validation", [Finding("nullable", "failed", columns=("age",), count=2)])
    >>> report.ok
    False
    >>> print(report.summary())
    validation: failed (1 failed)
      ✗ failed  nullable  age  2 rows
    >>> Report.from_json(report.to_json()) == report
    True
    >>> bool(report)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: a report has no truth value
    <BLANKLINE>
    Hint: ask `report.ok`, or call `report.raise_if_failed()`.
    """

    kind: str
    findings: tuple[Finding, ...]
    subjects: Mapping[str, str] = field(default_factory=dict)
    time: datetime = field(default_factory=utc_now)

    def __init__(
        self,
        kind: str,
        findings: Iterable[Finding],
        *,
        subjects: Mapping[str, str] | None = None,
        time: datetime | None = None,
    ) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "findings", tuple(findings))
        object.__setattr__(self, "subjects", MappingProxyType(dict(subjects or {})))
        object.__setattr__(self, "time", utc_now() if time is None else as_utc(time))

    @property
    def ok(self) -> bool:
        """Whether every finding of severity error is *passed* or *skipped*."""
        return all(finding.ok for finding in self.findings if finding.severity == "error")

    @property
    def verdict(self) -> Status:
        """The worst status among findings of severity error; *passed* when there is none to worry about."""
        seen = {finding.status for finding in self.findings if finding.severity == "error"}
        return next((status for status in _WORST_FIRST if status in seen), "passed")

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that are neither *passed* nor *skipped*, of any severity."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def raise_if_failed(self, *, at: Severity = "error") -> Self:
        """Return the report, or raise `CheckFailedError` if a finding of severity `at` or worse is not ok."""
        if at not in _RANK:
            raise ArgumentError(f"at={at!r} is none of {', '.join(_RANK)}")
        bad = [finding for finding in self.failed if _RANK[finding.severity] >= _RANK[at]]
        if bad:
            raise CheckFailedError(
                f"{self.kind} did not pass: " + "; ".join(f"{f.rule} {_place(f)} {f.found}".strip() for f in bad[:5]),
                report=self,
                hint="print `error.report.summary()` for all of it.",
            )
        return self

    @final
    def summary(self) -> str:
        """Return a compact text: the verdict, and one line for each finding that is not ok."""
        counts = Counter(finding.status for finding in self.findings)
        shown = ", ".join(f"{counts[status]} {status.replace('_', ' ')}" for status in _MARK if counts[status])
        lines = [f"{self.kind}: {self.verdict.replace('_', ' ')} ({shown or 'nothing was checked'})"]
        for finding in self.failed:
            parts = [_MARK[finding.status], finding.rule, _place(finding), finding.found, finding.message]
            lines.append("  " + "  ".join(part for part in parts if part))
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a finding.

        The columns: rule, columns, status, severity, count, share, value, unit, low, high, certainty, message.
        """
        import pandas as pd  # noqa: PLC0415  # reports are made where pandas is not

        rows = [
            {
                "rule": finding.rule,
                "columns": ", ".join(finding.columns),
                "status": finding.status,
                "severity": finding.severity,
                "count": finding.count,
                "share": finding.share,
                "value": finding.value,
                "unit": finding.unit,
                "low": finding.interval[0] if finding.interval else None,
                "high": finding.interval[1] if finding.interval else None,
                "certainty": finding.certainty.value if finding.certainty else None,
                "message": finding.message,
            }
            for finding in self.findings
        ]
        names = "rule columns status severity count share value unit low high certainty message".split()
        return pd.DataFrame(rows, columns=names)

    @final
    def to_json(self) -> str:
        """Return the report as canonical JSON, without any cell value of the data that was judged."""
        return canonical_json(
            {
                "format": _FORMAT,
                "kind": self.kind,
                "subjects": dict(self.subjects),
                "time": iso(self.time),
                "findings": [finding.to_dict() for finding in self.findings],
            }
        ).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read back what `to_json` wrote; raise `FormatError` for anything else or newer."""
        data = check_format(parse_json(text, what="a stored report"), what="a stored report", newest=_FORMAT)
        try:
            findings = [Finding.from_dict(finding) for finding in data["findings"]]
            return cls(data["kind"], findings, subjects=data["subjects"], time=parse_iso(data["time"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"a stored report is malformed: {error!r}") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_of(self.to_json().encode())

    def __eq__(self, other: object) -> bool:
        """Equal in every field, whatever the special methods."""
        return self.to_json() == other.to_json() if isinstance(other, Report) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the canonical JSON."""
        return hash(self.to_json())

    def __bool__(self) -> NoReturn:
        """Refuse: `if report` would be true for a failed report."""
        raise ArgumentError("a report has no truth value", hint="ask `report.ok`, or call `report.raise_if_failed()`.")

    def __repr__(self) -> str:
        """Return kind, verdict and number of findings."""
        return f"<{type(self).__name__} {self.kind}: {self.verdict}, {len(self.findings)} findings>"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by JSON, since a mapping proxy cannot be pickled."""
        return (type(self).from_json, (self.to_json(),))

    def _repr_html_(self) -> str:
        """Return a table of the findings for a notebook; readable in light and dark, never by colour alone."""
        rows = [
            [_MARK[f.status], f.severity, f.rule, ", ".join(f.columns), f.found, f.message]
            for f in sorted(self.findings, key=lambda f: (f.ok, -_RANK[f.severity]))
        ]
        caption = f"{self.kind}: {self.verdict.replace('_', ' ')}"
        return (
            f'<div lang="en" class="maturekit-report" tabindex="0"><style>{_STYLE}</style>'
            f"{html.table(['status', 'severity', 'rule', 'columns', 'found', 'message'], rows, caption=caption)}</div>"
        )


def _place(finding: Finding) -> str:
    return ", ".join(finding.columns)
