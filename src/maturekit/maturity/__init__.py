"""Maturity: the five stages from exploration to continuous optimisation, proven by the events of a registry."""

from maturekit.maturity.assessment import Assessment, assess
from maturekit.maturity.criterion import Criterion, Judgement, Proof
from maturekit.maturity.evidence import Evidence
from maturekit.maturity.exploration import MetricRecorded, VersionRegistered
from maturekit.maturity.operation import ChallengerCompared, PromotedByPolicy
from maturekit.maturity.optimisation import AlarmAnswered, AnswerBetter
from maturekit.maturity.pilot import ActorsNamed, ContractAttached, DataChecked, OriginKnown, ProfileAttached
from maturekit.maturity.rubric import CRITERIA
from maturekit.maturity.scale import DriftWatched, PerformanceWatched, ReleasesRepeated, RollbackShown
from maturekit.maturity.stage import STAGES, Stage

__all__ = [
    "CRITERIA",
    "STAGES",
    "ActorsNamed",
    "AlarmAnswered",
    "AnswerBetter",
    "Assessment",
    "ChallengerCompared",
    "ContractAttached",
    "Criterion",
    "DataChecked",
    "DriftWatched",
    "Evidence",
    "Judgement",
    "MetricRecorded",
    "OriginKnown",
    "PerformanceWatched",
    "ProfileAttached",
    "PromotedByPolicy",
    "Proof",
    "ReleasesRepeated",
    "RollbackShown",
    "Stage",
    "VersionRegistered",
    "assess",
]
