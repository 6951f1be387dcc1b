"""Stage 1, exploration: what was tried can be found again, with a number to beat."""

from __future__ import annotations

from maturekit.maturity.criterion import Criterion, Proof
from maturekit.maturity.evidence import Evidence

__all__ = ["MetricRecorded", "VersionRegistered"]


class VersionRegistered(Criterion):
    """A model is kept as a version, not as a file in somebody's folder.

    Examples
    --------
    >>> VersionRegistered().judge(Evidence("late")).status
    'missing'
    """

    stage = 1
    asks = "a model is kept as a version that can be loaded again"
    step = "register the model: `registry.register(name, model)`"
    effort = 0.5

    def _look(self, evidence: Evidence) -> Proof:
        return Proof(evidence.of("version")[:1])


class MetricRecorded(Criterion):
    """The version that counts carries a number that says how good it was.

    Examples
    --------
    >>> MetricRecorded().step
    'register with metrics: `metrics={"roc_auc": ...}`'
    """

    stage = 1
    asks = "the version that counts carries a metric: a number to beat"
    step = 'register with metrics: `metrics={"roc_auc": ...}`'
    effort = 1.0

    def _look(self, evidence: Evidence) -> Proof:
        current = evidence.current
        return Proof((current,) if current and current.body.get("metrics") else ())
