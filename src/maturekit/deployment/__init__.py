"""Deployment: wrappers around a fitted model that are still fitted models, and judge, record, limit and replace it."""

from maturekit.deployment.answer import Answer, Share
from maturekit.deployment.batch import Batch, BatchProgress, CsvFile, SqlQuery, SqlTable
from maturekit.deployment.breaker import Breaker
from maturekit.deployment.call import Call
from maturekit.deployment.canary import Canary
from maturekit.deployment.fallback import Fallback
from maturekit.deployment.guarded import Guarded
from maturekit.deployment.limited import Limited
from maturekit.deployment.live import Live
from maturekit.deployment.outputs import Outputs
from maturekit.deployment.recorded import Recorded
from maturekit.deployment.rollout import Release, Rollout, RolloutPlan
from maturekit.deployment.shadow import Shadowed
from maturekit.deployment.wrapper import Wrapper

__all__ = [
    "Answer",
    "Batch",
    "BatchProgress",
    "Breaker",
    "Call",
    "Canary",
    "CsvFile",
    "Fallback",
    "Guarded",
    "Limited",
    "Live",
    "Outputs",
    "Recorded",
    "Release",
    "Rollout",
    "RolloutPlan",
    "Shadowed",
    "Share",
    "SqlQuery",
    "SqlTable",
    "Wrapper",
]
