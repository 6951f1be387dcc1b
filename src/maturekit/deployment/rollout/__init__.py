"""Rollouts: a challenger that gets a growing share of the keys, until the evidence promotes it or rolls it back."""

from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.deployment.rollout.release import Release
from maturekit.deployment.rollout.rollout import Rollout

__all__ = ["Release", "Rollout", "RolloutPlan"]
