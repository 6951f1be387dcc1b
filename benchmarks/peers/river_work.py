"""River: a detector a column, row by row; a day has an alarm if any detector said so on any of its rows.

Numbers are scaled to [0, 1] by the reference, since the guarantee of ADWIN is about such values and the thresholds of
Page-Hinkley are absolute; every category of at least 1 % of the reference is a column of zeros and ones. The detectors
see the reference first, and start anew by themselves after an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from peers.drift_tool import Detector
from river import drift

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RiverAdwin", "RiverKswin", "RiverPageHinkley"]


class RiverAdwin(Detector):
    """ADWIN, which starts anew by itself after an alarm."""

    methods: ClassVar = ("ADWIN, a detector a column",)
    memory = True
    _categories: ClassVar = True

    def watch(self, days: Sequence[pd.DataFrame]) -> Iterator[set[str]]:
        """Feed all detectors, row by row."""
        scaled = _Scaled(self.reference, categories=self._categories)
        watched = [self._detector() for _ in scaled.names]
        _feed(watched, scaled(self.reference))
        for day in days:
            yield set(self.methods) if _feed(watched, scaled(day)) else set()

    def _detector(self) -> Any:
        return drift.ADWIN()


class RiverPageHinkley(RiverAdwin):
    """Page-Hinkley, for twenty days: it speaks up on most of them."""

    methods = ("Page-Hinkley, a detector a column",)
    most_days = 20

    def _detector(self) -> Any:
        return drift.PageHinkley()


class RiverKswin(RiverAdwin):
    """KSWIN on the numeric columns, for three days: it tests at every row, so that a year would take hours."""

    methods = ("KSWIN, a detector a numeric column",)
    most_days = 3
    _categories = False

    def __init__(self, reference: pd.DataFrame, rows: int) -> None:
        super().__init__(reference.tail(rows), rows)  # its window is 100 rows

    def _detector(self) -> Any:
        return drift.KSWIN(seed=0)


def _feed(watched: list[Any], columns: list[list[float]]) -> bool:
    alarm = False
    for one, values in zip(watched, columns, strict=True):
        for value in values:
            one.update(value)
            alarm = alarm or one.drift_detected
    return alarm


class _Scaled:
    """Turns a frame into lists of numbers between 0 and 1."""

    def __init__(self, reference: pd.DataFrame, *, categories: bool) -> None:
        numeric = reference.select_dtypes("number")
        self.ranges = {name: (column.min(), column.max() - column.min()) for name, column in numeric.items()}
        self.values = [
            (name, value)
            for name in reference
            if categories and name not in self.ranges
            for value, share in reference[name].value_counts(normalize=True).items()
            if share >= 0.01
        ]
        self.names = [*self.ranges, *self.values]

    def __call__(self, frame: pd.DataFrame) -> list[list[float]]:
        """Return a list for each detector."""
        numbers = [((frame[name] - low) / size).clip(0, 1).tolist() for name, (low, size) in self.ranges.items()]
        return numbers + [(frame[name] == value).astype(float).tolist() for name, value in self.values]
