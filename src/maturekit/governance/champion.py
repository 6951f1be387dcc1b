"""The gate that asks for a proof: better than the version in production, on the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from maturekit.governance.gate import Gate
from maturekit.reports import Case, Finding, Report, VersionFacts
from maturekit.statistics import Interval

__all__ = ["BetterThanChampion"]


class BetterThanChampion(Gate):
    """The candidate beats the version in production by more than `margin`, shown by a paired comparison.

    Reads the newest report of `governance.compare` that is attached to the candidate and bound to exactly these two
    versions. *Passed* when the whole interval of the difference lies above the margin, *failed* when none of it does,
    *not enough evidence* between. Nobody holds the alias yet: *skipped*, which does not block. No comparison, or one
    with another champion: *could not run*.

    A candidate that is truly no better than the margin passes a comparison at most in a share
    ``(1 - confidence) / 2`` of cases. Comparing again on new rows until one passes is another chance each time; the
    message says how many comparisons of the pair are attached.

    Parameters
    ----------
    metric : str
        Name of the metric that was compared, such as ``"roc_auc"``.
    margin : float, default 0.0
        By how much the candidate must be better, in the unit of the metric. Negative: how much worse it may be
        (non-inferiority), such as ``-0.005`` for a retrained model that shall replace an old one.
    confidence : float, default 0.95
        The least confidence the comparison must have been made with.

    Examples
    --------
    >>> from maturekit.reports import Certainty
    >>> champion = VersionFacts("late-flights", 1, "sha256:aa")
    >>> gain = Finding("difference:roc_auc", "passed", value=0.02, interval=(0.01, 0.03), certainty=Certainty(0.95, "confidence"))
    >>> report = Report("comparison", [gain], subjects={"champion": "sha256:aa", "challenger": "sha256:bb"})
    >>> candidate = VersionFacts("late-flights", 2, "sha256:bb", reports=(report,))
    >>> BetterThanChampion("roc_auc").judge(Case("production", candidate, champion)).status
    'passed'
    >>> BetterThanChampion("roc_auc", margin=0.02).judge(Case("production", candidate, champion)).status
    'not_enough_evidence'
    """

    def __init__(self, metric: str, margin: float = 0.0, *, confidence: float = 0.95) -> None:
        self.metric = metric
        self.margin = margin
        self.confidence = confidence

    @property
    def name(self) -> str:
        """The rule of its finding, with the metric."""
        return f"better-than-champion:{self.metric}"

    def _judge(self, case: Case) -> Finding:
        candidate, champion = case.candidate, case.champion
        if champion is None:
            return self.finding("skipped", message=f"nobody holds {case.alias!r} yet")
        if champion.digest == candidate.digest:
            return self.finding("skipped", message=f"the candidate holds {case.alias!r} already")
        rule = f"difference:{self.metric}"
        bound = [
            finding for report in _between(candidate, champion) for finding in report.findings if finding.rule == rule
        ]
        if not bound:
            return self.finding("could_not_run", message=self._absence(candidate, champion))
        return self._verdict(bound[-1], attempts=len(bound))

    def _verdict(self, found: Finding, *, attempts: int) -> Finding:
        if found.interval is None or found.certainty is None or not isinstance(found.value, (int, float)):
            return self.finding("not_enough_evidence", message=found.message)
        if found.certainty.value < self.confidence:
            return self.finding(
                "could_not_run",
                message=f"it was compared with confidence {found.certainty.value:g}, asked are {self.confidence:g}",
            )
        low, high = found.interval
        status = Interval(found.value, low, high, found.certainty.value, found.count or 0).above(self.margin)
        again = f" ({attempts} comparisons of the pair are attached)" if attempts > 1 else ""
        return self.finding(
            status,
            value=found.value,
            unit=f"{self.metric}, candidate - champion",
            interval=found.interval,
            certainty=found.certainty,
            message=f"the difference must be above {self.margin:g}{again}",
        )

    def _absence(self, candidate: VersionFacts, champion: VersionFacts) -> str:
        others = any(report.kind == "comparison" for report in candidate.reports)
        what = f"no comparison of {self.metric} with {champion.name}:{champion.number} is attached"
        known = "; what is attached compares another pair or metric" if others else ""
        return f"{what}{known}. Make one with `governance.compare` and attach it to the candidate."

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a gate that asks for better, and one that allows a little worse."""
        yield cls("roc_auc")
        yield cls("roc_auc", margin=-0.01)


def _between(candidate: VersionFacts, champion: VersionFacts) -> Iterator[Report]:
    for report in candidate.reports:
        pair = report.subjects.get("champion"), report.subjects.get("challenger")
        if report.kind == "comparison" and pair == (champion.digest, candidate.digest):
            yield report
