"""Governance: gates and policies that decide a promotion, and the honest comparison they ask for."""

from maturekit.governance.champion import BetterThanChampion
from maturekit.governance.comparison import compare
from maturekit.governance.facts import MetricFloor, SchemaAttached
from maturekit.governance.gate import Gate
from maturekit.governance.policy import Policy

__all__ = ["BetterThanChampion", "Gate", "MetricFloor", "Policy", "SchemaAttached", "compare"]
