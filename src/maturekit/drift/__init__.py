"""Drift: one comparison of two tables, and a monitor whose false alarms a year are stated and kept."""

from maturekit.drift.batch import Batch
from maturekit.drift.batch_statistic import BatchStatistic, BatchValue, PValue, RowCount
from maturekit.drift.compare import compare
from maturekit.drift.joint_score import JointScore
from maturekit.drift.monitor import Monitor
from maturekit.drift.reading import Reading
from maturekit.drift.tolerance import Tolerance
from maturekit.drift.watch import Watch

__all__ = [
    "Batch",
    "BatchStatistic",
    "BatchValue",
    "JointScore",
    "Monitor",
    "PValue",
    "Reading",
    "RowCount",
    "Tolerance",
    "Watch",
    "compare",
]
