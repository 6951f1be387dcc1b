"""Gates that read what was registered with a version: its contract, its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from maturekit.errors import NotFoundError
from maturekit.governance.gate import Gate
from maturekit.reports import Case, Finding

__all__ = ["MetricFloor", "SchemaAttached"]


class SchemaAttached(Gate):
    """The candidate says what its input must look like.

    Examples
    --------
    >>> from maturekit.reports import VersionFacts
    >>> bare = VersionFacts("late-flights", 1, "sha256:ab")
    >>> SchemaAttached().judge(Case("production", bare)).message
    'late-flights:1 has no contract; register it with schema=.'
    """

    def _judge(self, case: Case) -> Finding:
        if "schema" in case.candidate.has:
            return self.finding("passed")
        return self.finding("failed", message=f"{_reference(case)} has no contract; register it with schema=.")


class MetricFloor(Gate):
    """A metric recorded with the candidate is at least `floor`; greater is better, as in scikit-learn's scorers.

    The number is the one that was registered; a floor knows nothing of its uncertainty. `BetterThanChampion` does.

    Parameters
    ----------
    metric : str
        Name under which the metric was registered, such as ``"roc_auc"``.
    floor : float
        The least value that passes, in the unit of the metric.

    Examples
    --------
    >>> from maturekit.reports import VersionFacts
    >>> candidate = VersionFacts("late-flights", 1, "sha256:ab", metrics={"roc_auc": 0.68})
    >>> MetricFloor("roc_auc", 0.7).judge(Case("production", candidate))
    Finding('metric-floor:roc_auc' failed: 0.68 roc_auc)
    """

    def __init__(self, metric: str, floor: float) -> None:
        self.metric = metric
        self.floor = floor

    @property
    def name(self) -> str:
        """The rule of its finding, with the metric."""
        return f"metric-floor:{self.metric}"

    def _judge(self, case: Case) -> Finding:
        if self.metric not in case.candidate.metrics:
            raise NotFoundError.named("metric", self.metric, known=case.candidate.metrics)
        value = case.candidate.metrics[self.metric]
        passed = value >= self.floor
        return self.finding(
            "passed" if passed else "failed",
            value=value,
            unit=self.metric,
            message=f"{_reference(case)} has {value:.4g}, the floor is {self.floor:.4g}",
        )

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a floor of an area under the ROC curve."""
        yield cls("roc_auc", 0.7)


def _reference(case: Case) -> str:
    return f"{case.candidate.name}:{case.candidate.number}"
