"""Metrics of two classes: the area under the ROC curve, precision, recall and F1."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.statistics.auc import auc, auc_difference
from maturekit.statistics.bootstrap import percentiles
from maturekit.statistics.metric import Metric
from maturekit.statistics.results import Interval, PairedDifference
from maturekit.statistics.shares import share

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["F1", "ClassMetric", "Precision", "Recall", "RocAuc"]

_RESAMPLES = 2000


class RocAuc(Metric):
    """Area under the ROC curve: how often a positive row gets the higher score; intervals by DeLong.

    Examples
    --------
    >>> RocAuc().interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """

    name = "roc_auc"
    reads = "score"
    binary = True

    def _interval(self, truth: NDArray[Any], answers: NDArray[Any], confidence: float) -> Interval:
        return auc(truth, answers, confidence=confidence)

    def _difference(
        self, truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], confidence: float
    ) -> PairedDifference:
        return auc_difference(truth, first, second, confidence=confidence)


class ClassMetric(Metric):
    """A metric that is a function of a share of rows: how many of the chosen rows are hits.

    The interval is Wilson's for that share; two models are compared by a bootstrap over the eight kinds of rows (right
    class, first answer, second answer), since their chosen rows differ.

    Examples
    --------
    Three of five rows that are positive or called so are both:

    >>> class Jaccard(ClassMetric):
    ...     name = "jaccard"
    ...
    ...     def _chosen(self, truth, answers):
    ...         return truth | answers
    >>> Jaccard().interval([1, 1, 0, 0, 1, 1], [1, 1, 1, 0, 0, 1]).value
    0.6
    """

    reads = "label"
    binary = True

    @abstractmethod
    def _chosen(self, truth: NDArray[np.bool_], answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the rows of which the share is taken; rows where both are positive are the hits."""

    def _shown(self, hits: Any) -> Any:
        """Return the metric of a share of hits; a monotone function."""
        return hits

    def _interval(self, truth: NDArray[Any], answers: NDArray[Any], confidence: float) -> Interval:
        hits = share(int((truth & answers).sum()), int(self._chosen(truth, answers).sum()), confidence=confidence)
        value, low, high = (float(self._shown(number)) for number in (hits.value, hits.low, hits.high))
        return Interval(value, low, high, confidence, len(truth))

    def _difference(
        self, truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], confidence: float
    ) -> PairedDifference:
        kinds = np.array(np.meshgrid([False, True], [False, True], [False, True], indexing="ij")).reshape(3, 8)
        right, *both = kinds
        rows = np.bincount(4 * truth + 2 * first + 1 * second, minlength=8)
        draws = np.random.default_rng(0).multinomial(len(truth), rows / len(truth), size=_RESAMPLES)
        one, two = (self._of(np.vstack([rows, draws]), right, answer) for answer in both)
        low, high = percentiles((two - one)[1:], confidence)
        return PairedDifference(
            float(two[0] - one[0]), low, high, confidence, len(truth), first=float(one[0]), second=float(two[0])
        )

    def _of(self, rows: NDArray[Any], right: NDArray[np.bool_], answer: NDArray[np.bool_]) -> NDArray[np.float64]:
        hits, chosen = rows[:, right & answer].sum(axis=1), rows[:, self._chosen(right, answer)].sum(axis=1)
        return np.asarray(self._shown(np.where(chosen > 0, hits / np.maximum(chosen, 1), np.nan)))


class Precision(ClassMetric):
    """Share of the rows called positive that are positive.

    Examples
    --------
    >>> Precision().interval([1, 1, 0, 0, 1], [1, 1, 1, 0, 0]).value.__round__(2)
    0.67
    """

    name = "precision"

    def _chosen(self, truth: NDArray[np.bool_], answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
        del truth
        return answers


class Recall(ClassMetric):
    """Share of the positive rows that are called positive.

    Examples
    --------
    >>> Recall().interval([1, 1, 0, 0, 1, 1], [1, 1, 1, 0, 0, 1]).value
    0.75
    """

    name = "recall"

    def _chosen(self, truth: NDArray[np.bool_], answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
        del answers
        return truth


class F1(ClassMetric):
    """Harmonic mean of precision and recall.

    F1 is ``2 J / (1 + J)``, where J is the share of hits among the rows that are positive or called so; its interval
    is that of J.

    Examples
    --------
    Three hits among five rows that are positive or called so:

    >>> F1().interval([1, 1, 0, 0, 1, 1], [1, 1, 1, 0, 0, 1]).value.__round__(2)
    0.75

    References
    ----------
    Hand, Christen and Kirielle (2021), "F*: an interpretable transformation of the F-measure", Machine Learning 110.
    """

    name = "f1"

    def _chosen(self, truth: NDArray[np.bool_], answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return truth | answers

    def _shown(self, hits: Any) -> Any:
        return 2 * hits / (1 + hits)
