"""Monitoring: realised performance over time, and losses as a column that a drift monitor can watch."""

from maturekit.monitoring.losses import losses
from maturekit.monitoring.performance import performance
from maturekit.monitoring.report import PerformanceReport

__all__ = ["PerformanceReport", "losses", "performance"]
