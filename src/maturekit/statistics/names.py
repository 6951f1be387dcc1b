"""From what a user writes as a metric to the metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from numpy.typing import NDArray

from maturekit.errors import ArgumentTypeError, NotFoundError
from maturekit.statistics.bootstrap_metric import BootstrapMetric
from maturekit.statistics.class_metrics import F1, Precision, Recall, RocAuc
from maturekit.statistics.metric import Metric
from maturekit.statistics.row_metrics import Accuracy, BrierScore, LogLoss, MeanAbsoluteError, MeanSquaredError

__all__ = ["MetricLike", "as_metric"]

MetricName = Literal[
    "accuracy",
    "f1",
    "neg_brier_score",
    "neg_log_loss",
    "neg_mean_absolute_error",
    "neg_mean_squared_error",
    "precision",
    "recall",
    "roc_auc",
]

MetricLike = Metric | MetricName | Callable[[NDArray[Any], NDArray[Any]], float]
"""A metric, the name of a scikit-learn scorer that has one here, or a function of true and predicted labels."""

_NAMED: dict[str, type[Metric]] = {
    kind.name: kind
    for kind in (
        Accuracy, BrierScore, F1, LogLoss, MeanAbsoluteError, MeanSquaredError, Precision, Recall, RocAuc,
    )
}  # fmt: skip


def as_metric(metric: MetricLike) -> Metric:
    """Return the metric that is meant: by itself, by a scikit-learn scorer's name, or as a function.

    >>> as_metric("roc_auc")
    RocAuc()
    >>> as_metric("roc-auc")
    Traceback (most recent call last):
    maturekit.errors.NotFoundError: no metric named 'roc-auc'; known: 'accuracy', 'f1', 'neg_brier_score', 'neg_log_loss', 'neg_mean_absolute_error', 'neg_mean_squared_error', 'precision', 'recall', 'roc_auc'
    <BLANKLINE>
    Hint: did you mean 'roc_auc'?
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        if metric not in _NAMED:
            raise NotFoundError.named("metric", metric, known=_NAMED)
        return _NAMED[metric]()
    if callable(metric):
        return BootstrapMetric(metric)
    raise ArgumentTypeError(
        f"a metric is a Metric, a scorer's name or a function, got {type(metric).__name__}",
        hint="such as 'roc_auc', or `BootstrapMetric(average_precision_score, reads='score')`.",
    )
