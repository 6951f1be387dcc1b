"""What a monitor says about one batch."""

from __future__ import annotations

from maturekit.reports import Certainty, Finding, Report

__all__ = ["CAUSE", "Reading"]

CAUSE = "drift:"
"""Rules of findings that name a cause begin with this."""


class Reading(Report):
    """A report about one batch, with the questions a person asks of it.

    Findings: *alarm* (failed while an alarm is open; its value is the evidence in batches between false alarms),
    while one is open *since* (id of the batch where the change seems to have begun), *opened* or *open* (id of the batch
    that raised it: this one, or one before) and one ``drift:...`` for each cause, worst first; further *column* (one
    that did not come), *new-column* and *group* (columns that come another time).

    Examples
    --------
    >>> quiet = Reading("drift-reading", [Finding("alarm", "passed", value=1.7)], subjects={"batch": "2013-05-01"})
    >>> quiet.alarm, quiet.since, quiet.causes
    (False, None, ())
    """

    @property
    def alarm(self) -> bool:
        """Whether an alarm is open: raised by this batch, or by an earlier one and not acknowledged."""
        return any(finding.rule == "alarm" and finding.status == "failed" for finding in self.findings)

    @property
    def opened(self) -> bool:
        """Whether this very update raised the alarm."""
        return any(finding.rule == "opened" for finding in self.findings)

    @property
    def since(self) -> str | None:
        """Id of the batch where the change seems to have begun; None without an alarm."""
        value = self._value("since")
        return None if value is None else str(value)

    @property
    def causes(self) -> tuple[Finding, ...]:
        """What changed, worst first: one finding for each column, with its size; empty without an alarm."""
        return tuple(finding for finding in self.findings if finding.rule.startswith(CAUSE))

    @property
    def certainty(self) -> Certainty | None:
        """In how many years evidence like this comes about once when nothing changed; None when nothing was judged."""
        return next((finding.certainty for finding in self.findings if finding.rule == "alarm"), None)

    def _value(self, rule: str) -> object:
        return next((finding.value for finding in self.findings if finding.rule == rule), None)
