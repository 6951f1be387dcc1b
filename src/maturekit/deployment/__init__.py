"""Deployment: wrappers around a fitted model that are still fitted models, and judge, record and follow."""

from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.guarded import Guarded
from maturekit.deployment.live import Live
from maturekit.deployment.recorded import Recorded
from maturekit.deployment.wrapper import Wrapper

__all__ = ["Answer", "Call", "Guarded", "Live", "Recorded", "Wrapper"]
