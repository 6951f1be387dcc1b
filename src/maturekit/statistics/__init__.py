"""Statistics: numbers with intervals, and paired comparisons of two models on the same rows."""

from maturekit.statistics.arms import TwoArms, arm_bets
from maturekit.statistics.auc import auc, auc_difference
from maturekit.statistics.bootstrap import bootstrap, percentiles
from maturekit.statistics.bootstrap_metric import BootstrapMetric
from maturekit.statistics.class_metrics import F1, ClassMetric, Precision, Recall, RocAuc
from maturekit.statistics.eprocess import change_evidence, change_sums, leading_bet, shiryaev_roberts
from maturekit.statistics.fdr import benjamini_hochberg
from maturekit.statistics.hypergeometric import z_of_counts
from maturekit.statistics.jackknife import jackknife
from maturekit.statistics.labels import is_positive
from maturekit.statistics.means import mean, mean_difference
from maturekit.statistics.metric import Metric, RowMetric
from maturekit.statistics.names import MetricLike, as_metric
from maturekit.statistics.permutation import z_of_means
from maturekit.statistics.results import Interval, PairedDifference
from maturekit.statistics.row_metrics import Accuracy, BrierScore, LogLoss, MeanAbsoluteError, MeanSquaredError
from maturekit.statistics.shares import share, share_difference

__all__ = [
    "F1",
    "Accuracy",
    "BootstrapMetric",
    "BrierScore",
    "ClassMetric",
    "Interval",
    "LogLoss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "MetricLike",
    "PairedDifference",
    "Precision",
    "Recall",
    "RocAuc",
    "RowMetric",
    "TwoArms",
    "arm_bets",
    "as_metric",
    "auc",
    "auc_difference",
    "benjamini_hochberg",
    "bootstrap",
    "change_evidence",
    "change_sums",
    "is_positive",
    "jackknife",
    "leading_bet",
    "mean",
    "mean_difference",
    "percentiles",
    "share",
    "share_difference",
    "shiryaev_roberts",
    "z_of_counts",
    "z_of_means",
]
