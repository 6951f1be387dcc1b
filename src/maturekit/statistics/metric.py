"""The one contract of every metric: a value with an interval, and a paired comparison of two models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Self, final

import numpy as np

from maturekit.errors import ArgumentError
from maturekit.statistics._inputs import classes, numbers, require_rows
from maturekit.statistics._quantiles import check_confidence
from maturekit.statistics.jackknife import jackknife
from maturekit.statistics.means import mean, mean_difference
from maturekit.statistics.results import Interval, PairedDifference

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Metric", "RowMetric"]


class Metric(ABC):
    """How good answers are, as a number with an interval; greater is always better.

    Write your own by subclassing `RowMetric` (one hook), or wrap a function in `BootstrapMetric`. A subclass of
    `Metric` itself defines `_interval` and `_difference`, and says what it reads.

    Examples
    --------
    >>> from maturekit.statistics import Accuracy
    >>> Accuracy().interval([1, 0, 1, 1], [1, 0, 0, 1]).value
    0.75
    >>> gain = Accuracy().difference([1, 0, 1, 1], [0, 0, 0, 1], [1, 0, 0, 1])
    >>> gain.value, gain.above(0.0)
    (0.25, 'not_enough_evidence')
    """

    name: str
    """As scikit-learn names its scorer, where there is one."""
    reads: Literal["score", "label", "number"]
    """What an answer is: a score of the positive class, a label, or a number."""
    binary: bool
    """Whether truth (and answers, if they are labels) are 0 and 1, 1 being the positive class."""

    @abstractmethod
    def _interval(self, truth: NDArray[Any], answers: NDArray[Any], confidence: float) -> Interval:
        """Return the metric of checked arrays; or raise `NotEnoughEvidenceError`."""

    @abstractmethod
    def _difference(
        self, truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], confidence: float
    ) -> PairedDifference:
        """Return how much better `second` is; or raise `NotEnoughEvidenceError`."""

    def _value(self, truth: NDArray[Any], answers: NDArray[Any]) -> float:
        """Return the metric alone; override it where that is cheaper than the interval."""
        return self._interval(truth, answers, 0.95).value

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield working instances, for the contract suite `maturekit.testing.METRIC_CHECKS`."""
        yield cls()

    @final
    def interval(
        self, truth: ArrayLike, answers: ArrayLike, *, units: ArrayLike | None = None, confidence: float = 0.95
    ) -> Interval:
        """Return how good the answers are.

        Parameters
        ----------
        truth, answers : array, shape (n,)
            What was right, and what a model said, row by row; no value is missing.
        units : array, shape (n,), optional
            What is independent, when rows are not: the date of each row, say. The interval is then that of `jackknife`.
        confidence : float, default 0.95
            How often the interval contains the true value.

        Raises
        ------
        NotEnoughEvidenceError
            There are too few rows, or rows too much alike, for an interval.
        """
        right = self._truth(truth)
        require_rows(len(right), 1, what=self.name)
        said = self._answers(answers, len(right))
        if units is None:
            return self._interval(right, said, check_confidence(confidence))
        return jackknife(
            lambda rows: self._value(right[rows], said[rows]), _per_row(units, right), confidence=confidence
        )

    @final
    def difference(
        self,
        truth: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        *,
        units: ArrayLike | None = None,
        confidence: float = 0.95,
    ) -> PairedDifference:
        """Return how much better the second of two models is, on the same rows.

        Parameters
        ----------
        truth, first, second : array, shape (n,)
            What was right, and what each model said, row by row; no value is missing.
        units : array, shape (n,), optional
            What is independent, when rows are not: the date of each row, say. The interval is then that of `jackknife`.
        confidence : float, default 0.95
            How often the interval contains the true difference.

        Raises
        ------
        NotEnoughEvidenceError
            There are too few rows, or the models answer too much alike, for an interval.
        """
        right = self._truth(truth)
        require_rows(len(right), 1, what=self.name)
        one, two = (self._answers(answers, len(right)) for answers in (first, second))
        if units is None:
            return self._difference(right, one, two, check_confidence(confidence))
        gain = jackknife(
            lambda rows: self._value(right[rows], two[rows]) - self._value(right[rows], one[rows]),
            _per_row(units, right),
            confidence=confidence,
        )
        return PairedDifference(
            gain.value,
            gain.low,
            gain.high,
            gain.confidence,
            gain.n,
            first=self._value(right, one),
            second=self._value(right, two),
        )

    def _truth(self, truth: ArrayLike) -> NDArray[Any]:
        if self.binary:
            array: NDArray[Any] = classes(truth, what="truth")
        elif self.reads == "label":
            array = np.asarray(truth)
        else:
            array = numbers(truth, what="truth")
        if array.ndim != 1:
            raise ArgumentError(f"truth must be one value a row, got an array of shape {array.shape}")
        return array

    def _answers(self, answers: ArrayLike, rows: int) -> NDArray[Any]:
        if self.reads != "label":
            return numbers(answers, what=f"{self.reads}s", rows=rows)
        if self.binary:
            return classes(answers, what="labels", rows=rows)
        array = np.asarray(answers)
        if array.shape != (rows,):
            raise ArgumentError(f"labels must be one for each of {rows} rows, got an array of shape {array.shape}")
        return array

    def __repr__(self) -> str:
        """Return the name of the class."""
        return f"{type(self).__name__}()"


def _per_row(units: ArrayLike, truth: NDArray[Any]) -> ArrayLike:
    if np.shape(units) != np.shape(truth):
        raise ArgumentError(f"units must be one for each of {len(truth)} rows, got shape {np.shape(units)}")
    return units


class RowMetric(Metric):
    """A metric that is the mean of one number a row, compared by the paired t interval.

    Write your own with one hook, `_rows`.

    Examples
    --------
    >>> class WithinTenMinutes(RowMetric):
    ...     name, reads, binary = "within_ten_minutes", "number", False
    ...
    ...     def _rows(self, truth, answers):
    ...         return abs(truth - answers) <= 10
    >>> round(WithinTenMinutes().interval([0, 5, 30, 60], [4, 9, 90, 58]).value, 2)
    0.75
    """

    @abstractmethod
    def _rows(self, truth: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
        """Return one number a row, greater for a better answer."""

    @final
    def rows(self, truth: ArrayLike, answers: ArrayLike) -> NDArray[np.float64]:
        """Return one number a row, float64 of shape (n,), greater for a better answer."""
        right = self._truth(truth)
        return np.asarray(self._rows(right, self._answers(answers, len(right))), dtype=np.float64)

    def _value(self, truth: NDArray[Any], answers: NDArray[Any]) -> float:
        return float(np.mean(self._rows(truth, answers)))

    def _interval(self, truth: NDArray[Any], answers: NDArray[Any], confidence: float) -> Interval:
        return mean(self._rows(truth, answers), confidence=confidence)

    def _difference(
        self, truth: NDArray[Any], first: NDArray[Any], second: NDArray[Any], confidence: float
    ) -> PairedDifference:
        return mean_difference(self._rows(truth, first), self._rows(truth, second), confidence=confidence)
