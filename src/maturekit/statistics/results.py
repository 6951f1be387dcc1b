"""What a statistic returns: a number, its interval, and the verdict of a number against a bound."""

from __future__ import annotations

from dataclasses import dataclass

from maturekit.reports import Certainty, Finding, Severity, Status

__all__ = ["Interval", "PairedDifference"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the bounds that contain the true value with the stated confidence.

    Parameters
    ----------
    value : float
        The estimate.
    low, high : float
        The bounds, in the unit of `value`.
    confidence : float
        How often such bounds contain the true value, between 0 and 1.
    n : int
        Number of rows behind it.

    Examples
    --------
    >>> accuracy = Interval(0.80, 0.70, 0.87, confidence=0.95, n=80)
    >>> accuracy.above(0.65), accuracy.above(0.75), accuracy.above(0.90)
    ('passed', 'not_enough_evidence', 'failed')
    >>> accuracy.finding("accuracy", unit="share of rows").certainty
    Certainty(value=0.95, meaning='confidence')
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int

    def above(self, bound: float) -> Status:
        """Return whether the true value is above `bound`: *passed*, *failed*, or *not_enough_evidence*.

        *Passed* when the whole interval is above, *failed* when none of it is. If the true value is at the bound or
        below it, *passed* comes out at most in a share ``(1 - confidence) / 2`` of cases.
        """
        if self.low > bound:
            return "passed"
        return "failed" if self.high <= bound else "not_enough_evidence"

    def finding(
        self,
        rule: str,
        status: Status = "passed",
        *,
        columns: tuple[str, ...] = (),
        severity: Severity = "error",
        unit: str = "",
        message: str = "",
    ) -> Finding:
        """Return the number as a finding of a report: value, bounds, number of rows and confidence."""
        return Finding(
            rule,
            status,
            columns=columns,
            severity=severity,
            count=self.n,
            value=self.value,
            unit=unit,
            interval=(self.low, self.high),
            certainty=Certainty(self.confidence, "confidence"),
            message=message,
        )


@dataclass(frozen=True, slots=True)
class PairedDifference(Interval):
    """How much better the second of two models is than the first, on the same rows.

    Parameters
    ----------
    value, low, high, confidence, n
        As in `Interval`; `value` is ``second - first``.
    first, second : float
        The two values that are compared.

    Examples
    --------
    >>> gain = PairedDifference(0.02, 0.01, 0.03, confidence=0.95, n=1000, first=0.70, second=0.72)
    >>> gain.above(0.0)  # better
    'passed'
    >>> gain.above(0.02)  # better by two points?
    'not_enough_evidence'
    """

    first: float
    second: float
