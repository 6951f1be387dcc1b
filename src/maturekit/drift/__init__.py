"""Drift: one comparison of two tables, and a monitor whose false alarms a year are stated and kept."""

from maturekit.drift.batch import Batch
from maturekit.drift.batch_statistic import BatchStatistic, BatchValue, PValue, RowCount
from maturekit.drift.compare import compare
from maturekit.drift.comparison import Comparison
from maturekit.drift.displays import ColumnsDisplay, DistributionDisplay, EvidenceDisplay, HeatmapDisplay
from maturekit.drift.history import History
from maturekit.drift.joint_score import JointScore
from maturekit.drift.monitor import Monitor
from maturekit.drift.reading import Reading
from maturekit.drift.seasons import Seasons
from maturekit.drift.tolerance import Tolerance
from maturekit.drift.watch import Watch

__all__ = [
    "Batch",
    "BatchStatistic",
    "BatchValue",
    "ColumnsDisplay",
    "Comparison",
    "DistributionDisplay",
    "EvidenceDisplay",
    "HeatmapDisplay",
    "History",
    "JointScore",
    "Monitor",
    "PValue",
    "Reading",
    "RowCount",
    "Seasons",
    "Tolerance",
    "Watch",
    "compare",
]
