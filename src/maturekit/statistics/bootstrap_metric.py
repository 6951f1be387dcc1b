"""Any function of truth and answers as a metric, by the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from maturekit.errors import ArgumentError, ArgumentTypeError, NotEnoughEvidenceError
from maturekit.statistics.bootstrap import bootstrap
from maturekit.statistics.metric import Metric
from maturekit.statistics.results import Interval, PairedDifference

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BootstrapMetric"]


class BootstrapMetric(Metric):
    """A function of truth and answers, such as those in `sklearn.metrics`, made a metric by the bootstrap.

    Costs some hundred calls of the function; rows must be independent, and greater must be better.

    Parameters
    ----------
    function : callable
        Takes truth and answers, arrays of shape (n,), and returns a number; greater is better.
    reads : {"label", "score", "number"}, default "label"
        What the function takes as answers: labels, scores of the positive class (truth is 0 and 1 then), or numbers.
    name : str, optional
        The name of the function by default.
    resamples : int, default 500
        How often rows are drawn.

    Examples
    --------
    >>> from sklearn.metrics import cohen_kappa_score
    >>> kappa = BootstrapMetric(cohen_kappa_score)
    >>> kappa.name
    'cohen_kappa_score'
    >>> kappa.interval(["a", "b"] * 20, ["a", "b", "a", "a"] * 10).value
    0.5
    """

    def __init__(
        self,
        function: Callable[[NDArray[Any], NDArray[Any]], float],
        *,
        reads: Literal["label", "score", "number"] = "label",
        name: str = "",
        resamples: int = 500,
    ) -> None:
        if not callable(function):
            raise ArgumentTypeError(f"a metric's function must be callable, got {type(function).__name__}")
        if reads not in {"label", "score", "number"}:
            raise ArgumentError(f"reads={reads!r} is none of 'label', 'score', 'number'")
        self.function = function
        self.reads = reads
        self.binary = reads == "score"
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.resamples = resamples

    def _interval(self, truth: NDArray[Any], answers: NDArray[Any], confidence: float) -> Interval:
        value = self._value(truth, answers)
        low, high = bootstrap(
            lambda rows: self.function(truth[rows], answers[rows]),
            len(truth),
            confidence=confidence,
            resamples=self.resamples,
        )
        return Interval(value, min(low, value), max(high, value), confidence, len(truth))

    def _difference(
        self, truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], confidence: float
    ) -> PairedDifference:
        one, two = self._value(truth, first), self._value(truth, second)
        low, high = bootstrap(
            lambda rows: self.function(truth[rows], second[rows]) - self.function(truth[rows], first[rows]),
            len(truth),
            confidence=confidence,
            resamples=self.resamples,
        )
        low, high = min(low, two - one), max(high, two - one)
        return PairedDifference(two - one, low, high, confidence, len(truth), first=one, second=two)

    def _value(self, truth: NDArray[Any], answers: NDArray[Any]) -> float:
        try:
            value = float(self.function(truth, answers))
        except (ValueError, ZeroDivisionError) as error:
            raise NotEnoughEvidenceError(f"{self.name} is undefined on these {len(truth)} rows: {error}") from error
        if np.isnan(value):
            raise NotEnoughEvidenceError(f"{self.name} is undefined on these {len(truth)} rows")
        return value

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a metric of labels and one of scores."""
        yield cls(_agreement, resamples=100)
        yield cls(_slope, reads="score", resamples=100)

    def __repr__(self) -> str:
        """Return the name of the function."""
        return f"BootstrapMetric({self.name})"


def _agreement(truth: NDArray[Any], answers: NDArray[Any]) -> float:
    """Return the share of rows that are right."""
    return float((truth == answers).mean())


def _slope(truth: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return by how much scores of positive rows are higher: the discrimination slope."""
    return float(scores[truth].mean() - scores[~truth].mean())
