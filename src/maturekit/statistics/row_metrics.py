"""Metrics that are means over rows: accuracy, log loss, Brier score, absolute and squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import ArgumentError
from maturekit.statistics.metric import RowMetric
from maturekit.statistics.results import Interval, PairedDifference
from maturekit.statistics.shares import share, share_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Accuracy", "BrierScore", "LogLoss", "MeanAbsoluteError", "MeanSquaredError"]


class Accuracy(RowMetric):
    """Share of rows whose label is right, of any number of classes; Wilson and Bonett-Price intervals.

    Examples
    --------
    >>> Accuracy().interval(["a", "b", "c", "a"], ["a", "b", "a", "a"]).value
    0.75
    """

    name = "accuracy"
    reads = "label"
    binary = False

    def _rows(self, truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(truth == answers)

    def _interval(self, truth: NDArray[Any], answers: NDArray[Any], confidence: float) -> Interval:
        return share(int((truth == answers).sum()), len(truth), confidence=confidence)

    def _difference(
        self, truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], confidence: float
    ) -> PairedDifference:
        one, two = truth == first, truth == second
        both, only_one, only_two = (int(rows.sum()) for rows in (one & two, one & ~two, two & ~one))
        return share_difference(both, only_one, only_two, len(truth), confidence=confidence)


class LogLoss(RowMetric):
    """Mean log probability of what happened (the negative log loss), for probabilities of the positive class.

    As in scikit-learn, probabilities are kept a machine epsilon away from 0 and 1.

    Examples
    --------
    Saying one half costs the logarithm of 2 whatever happens:

    >>> LogLoss().rows([0, 1], [0.5, 0.5]).round(3).tolist()
    [-0.693, -0.693]
    """

    name = "neg_log_loss"
    reads = "score"
    binary = True

    def _rows(self, truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
        epsilon = np.finfo(np.float64).eps
        probability = np.clip(_probabilities(answers), epsilon, 1 - epsilon)
        return np.asarray(np.log(np.where(truth, probability, 1 - probability)))


class BrierScore(RowMetric):
    """Mean squared error of probabilities of the positive class, negative so that greater is better.

    Examples
    --------
    >>> BrierScore().rows([0, 1], [0.5, 1.0]).tolist()
    [-0.25, -0.0]
    """

    name = "neg_brier_score"
    reads = "score"
    binary = True

    def _rows(self, truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(-((truth - _probabilities(answers)) ** 2))


class MeanAbsoluteError(RowMetric):
    """Mean absolute error, negative so that greater is better.

    Examples
    --------
    >>> MeanAbsoluteError().interval([1.0, 2.0, 6.0], [2.0, 2.0, 4.0]).value
    -1.0
    """

    name = "neg_mean_absolute_error"
    reads = "number"
    binary = False

    def _rows(self, truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(-abs(truth - answers))


class MeanSquaredError(RowMetric):
    """Mean squared error, negative so that greater is better.

    Examples
    --------
    >>> MeanSquaredError().interval([1.0, 2.0, 6.0], [2.0, 2.0, 5.0]).value.__round__(2)
    -0.67
    """

    name = "neg_mean_squared_error"
    reads = "number"
    binary = False

    def _rows(self, truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(-((truth - answers) ** 2))


def _probabilities(scores: NDArray[Any]) -> NDArray[Any]:
    if len(scores) and (scores.min() < 0 or scores.max() > 1):
        raise ArgumentError(
            f"probabilities lie between 0 and 1, got {scores.min():.4g} to {scores.max():.4g}",
            hint="a decision function can be judged by 'roc_auc' only.",
        )
    return scores
