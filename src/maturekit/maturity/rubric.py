"""Which criteria each stage asks for: those that the history of a model can prove today."""

from __future__ import annotations

from maturekit.maturity.criterion import Criterion
from maturekit.maturity.exploration import MetricRecorded, VersionRegistered
from maturekit.maturity.operation import ChallengerCompared, PromotedByPolicy
from maturekit.maturity.optimisation import AlarmAnswered, AnswerBetter
from maturekit.maturity.pilot import ActorsNamed, ContractAttached, DataChecked, OriginKnown, ProfileAttached
from maturekit.maturity.scale import DriftWatched, PerformanceWatched, ReleasesRepeated, RollbackShown

__all__ = ["CRITERIA"]

CRITERIA: tuple[Criterion, ...] = (
    VersionRegistered(),
    MetricRecorded(),
    ContractAttached(),
    ProfileAttached(),
    OriginKnown(),
    DataChecked(),
    ActorsNamed(),
    PromotedByPolicy(),
    ChallengerCompared(),
    PerformanceWatched(),
    DriftWatched(),
    ReleasesRepeated(),
    RollbackShown(),
    AlarmAnswered(),
    AnswerBetter(),
)
"""Pass ``[*CRITERIA, MyCriterion()]`` to `assess` to ask for more."""
