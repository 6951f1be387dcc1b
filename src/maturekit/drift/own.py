"""What the statistics of whole batches say about one batch."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.bag import Bag
from maturekit.drift.batch import Batch
from maturekit.drift.batch_statistic import BatchStatistic, BatchValue, PValue
from maturekit.drift.engine import Surprise
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.profile import Profile
from maturekit.reports import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Own", "checked", "judge_own", "learned_bags", "measure"]

Bags = Mapping[str, Bag]
_SMALL, _LARGE = 1e-300, 1 - 1e-16
_FARTHEST = 1e100


@dataclass(frozen=True, slots=True)
class Own:
    """The numbers that the statistics of a batch gave, NaN where one has none, and why some could not be run."""

    values: tuple[float, ...]
    findings: tuple[Finding, ...]

    def plus(self, statistics: Sequence[BatchStatistic], bags: Bags) -> Bags:
        """Return the bags of a season with the numbers of this batch."""
        grown = dict(bags)
        for statistic, value in zip(statistics, self.values, strict=True):
            if isinstance(statistic, BatchValue) and not math.isnan(value):
                grown[statistic.name] = grown.get(statistic.name, Bag()).plus(value)
        return grown


def checked(statistics: Sequence[BatchStatistic]) -> tuple[BatchStatistic, ...]:
    """Return the statistics as a tuple; raise `ArgumentTypeError` for what is none."""
    if not isinstance(statistics, Iterable):
        raise ArgumentTypeError(
            f"statistics must be a list of BatchValue or PValue, got {statistics!r}",
            hint="pass `statistics=[drift.RowCount()]`, for instance.",
        )
    several = tuple(statistics)
    for statistic in several:
        if not isinstance(statistic, (BatchValue, PValue)):
            raise ArgumentTypeError(
                f"statistics must be instances of BatchValue or PValue, got {statistic!r}",
                hint="pass `statistics=[drift.RowCount()]`, for instance.",
            )
        if not isinstance(getattr(statistic, "name", None), str):
            raise ArgumentTypeError(
                f"the statistic {type(statistic).__name__} has no name",
                hint='set it in the class: `name = "share of duplicates"`.',
            )
    return several


def measure(statistics: Sequence[BatchStatistic], batch: Batch, groups: Collection[str]) -> Own:
    """Run the statistics whose group came with this batch; one that fails says so, and stops no other."""
    values, findings = [], []
    for statistic in statistics:
        value = math.nan
        if statistic.group in groups:
            try:
                value = _within(statistic.value(batch))
            except Exception as error:  # noqa: BLE001  # code of the user: whatever it raises, the others go on
                said = str(error).split("\n", maxsplit=1)[0]  # without the hint
                message = f"{type(error).__name__}: {said}; its evidence stands still"
                findings.append(Finding("statistic", "could_not_run", columns=(statistic.name,), message=message))
        values.append(value)
    return Own(tuple(values), tuple(findings))


def learned_bags(statistics: Sequence[BatchStatistic], batches: Mapping[str, Profile]) -> Bags:
    """Return the numbers of the reference's own batches, for statistics that need no rows."""
    bags: Bags = {}
    for name, counts in batches.items():
        bags = measure(statistics, Batch(name, counts), {s.group for s in statistics}).plus(statistics, bags)
    return bags


def judge_own(
    statistics: Sequence[BatchStatistic], own: Own, bags: Bags, uniform: NDArray[np.float64]
) -> tuple[Surprise, NDArray[np.float64]]:
    """Return how surprising the numbers are, and what a size is computed from.

    That is the distance from the mean of the season's earlier batches, or z for a p-value.
    """
    from scipy.special import ndtri  # noqa: PLC0415  # importing the package must not load scipy

    up, down, values = (np.zeros(len(statistics)) for _ in range(3))
    moved = np.array([not math.isnan(value) for value in own.values], dtype=np.bool_)
    for j in moved.nonzero()[0].tolist():
        statistic, value = statistics[j], own.values[j]
        if isinstance(statistic, BatchValue):
            bag = bags.get(statistic.name, Bag())
            above, below = bag.rank(value, uniform=float(uniform[j]))
            up[j], down[j] = -ndtri(_clipped(above)), -ndtri(_clipped(below))
            moved[j] = bool(bag.counts)
            values[j] = value - bag.mean if moved[j] else 0.0
        else:
            up[j], down[j] = -ndtri(_clipped(value)), -np.inf  # a large p-value proves nothing
            values[j] = up[j]
    return Surprise(up, down, moved), values


def _within(value: float) -> float:
    if abs(value) > _FARTHEST:
        raise ArgumentError(f"{value:.3g} is too large for sums", hint="return it in a larger unit, or its logarithm.")
    return value


def _clipped(p: float) -> float:
    return min(max(p, _SMALL), _LARGE)
