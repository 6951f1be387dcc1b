"""Which statistics changed, since when, and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.bag import Bag
from maturekit.drift.layout import Layout
from maturekit.drift.places import Statistic
from maturekit.drift.reading import CAUSE
from maturekit.drift.sizes import Size, size_of
from maturekit.drift.state import State
from maturekit.reports import Certainty, Finding
from maturekit.statistics import benjamini_hochberg, change_evidence, leading_bet

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["causes_of", "since_of"]

_FALSE_SHARE = 0.1
_TAIL = 3.2  # a statistic without change is above x in at most a share 3.2 / x of all batches (measured)


@dataclass(frozen=True, slots=True)
class _Cause:
    statistic: Statistic
    size: Size
    years: float
    since: str
    rank: float


def causes_of(
    layout: Layout, state: State, *, threshold: float, batches_per_year: float, importance: Mapping[str, float]
) -> list[Finding]:
    """Return one finding for each column, or pair of columns, that changed; the most important one first.

    Of these a share of at most 0.1 is false on average. A pair is named only if neither of its columns is.
    """
    raw = change_evidence(state.level)
    found = benjamini_hochberg(np.minimum(1.0, _TAIL / np.maximum(raw, 1e-300))) <= _FALSE_SHARE
    found |= layout.weights * raw >= threshold
    found[np.argmax(layout.weights * raw)] = True
    sums = _Sums.of(layout, state)
    best: dict[tuple[str, ...], _Cause] = {}
    others: dict[tuple[str, ...], list[str]] = {}
    for j in found.nonzero()[0].tolist():
        statistic = layout.statistics[j]
        size = sums.size(statistic, j)
        weight = max(importance.get(name, 1.0) for name in statistic.columns)
        years = float(layout.weights[j] * raw[j] / batches_per_year)
        cause = _Cause(statistic, size, years, since_of(layout, state, j), weight * size.certain)
        others.setdefault(statistic.columns, []).append(statistic.name)
        known = best.get(statistic.columns)
        if known is None or (cause.rank, cause.years) > (known.rank, known.years):
            best[statistic.columns] = cause
    single = {columns[0] for columns in best if len(columns) == 1}
    kept = [cause for columns, cause in best.items() if len(columns) == 1 or not single & set(columns)]
    kept.sort(key=lambda cause: (cause.rank, cause.years), reverse=True)
    return [_finding(cause, others[cause.statistic.columns]) for cause in kept]


def since_of(layout: Layout, state: State, j: int) -> str:
    """Return the id of the batch where the change of a statistic seems to have begun."""
    bet = int(leading_bet(state.level[j]))
    group = layout.statistics[j].group
    recent = state.recent["data" if group == "dependence" else group]
    back = min(max(round(float(state.span[0, j, bet])), 1), len(recent))
    return recent[-back]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over all batches, and over those since the change, of every statistic; the first `counts` are counts."""

    counts: int
    rows: NDArray[np.float64]
    powers: NDArray[np.float64]
    span: NDArray[np.float64]
    scale: NDArray[np.float64]
    bags: Sequence[Mapping[str, Bag]]
    known: Sequence[Mapping[str, Bag]]

    @classmethod
    def of(cls, layout: Layout, state: State) -> _Sums:
        total = layout.sums(state.grown.total)
        bets = leading_bet(state.level)
        span = np.take_along_axis(state.span, bets[None, :, None], axis=2)[..., 0]
        effects = state.known.effects
        each = (span[1] / np.maximum(span[0], 1.0))[: layout.counted]
        scale = effects.scale(each) if effects else np.ones(layout.counted)
        return cls(
            layout.counts,
            total.rows,
            total.powers,
            span,
            scale,
            tuple(state.grown.bags.values()),
            tuple(state.known.bags.values()),
        )

    def size(self, statistic: Statistic, j: int) -> Size:
        if j >= len(self.rows):
            return self._own_size(statistic, j)
        batches, rows, values = self.span[:, j].tolist()
        mean, square = (self.powers[:2, j] / max(self.rows[j], 1.0)).tolist()
        rows, past = max(rows, 1.0), max(self.rows[j] - rows, 1.0)
        after, before = values / rows, float(self.powers[0, j] - values) / past
        variance = now = max(square - mean**2, 0.0)
        if j < self.counts:  # a share that grew varies more than it did; half a row keeps 0 % from being certain
            share = min(max((values + 0.5) / (rows + 1), 0.0), 1.0)
            now = share * (1 - share)
        error = float(self.scale[j]) * math.sqrt(now / rows + variance / past)
        return size_of(statistic, before=before, after=after, sd=math.sqrt(variance), error=error, batches=batches)

    def _own_size(self, statistic: Statistic, j: int) -> Size:
        """Return how far the numbers of batches moved; for p-values, how far z did from 0.

        Each number was compared with the mean of all before it, which follows a change until the alarm is raised: after
        n batches as before and i since, only n / (n + i) of it is left to see.
        """
        batches, _, moved = self.span[:, j].tolist()
        batches = max(batches, 1.0)
        bags, known = (
            [bag for bags in seasons if (bag := bags.get(statistic.columns[0])) and bag.total]
            for seasons in (self.bags, self.known)
        )
        total, held = (sum(bag.total for bag in each) for each in (bags, known))
        past = max(total - batches, 1.0)
        left = sum(past / max(min(past + i, held), past) for i in range(round(batches))) if bags else batches
        move = moved / left
        before = sum(bag.total * bag.mean for bag in bags) / total - move * batches / (past + batches) if bags else 0.0
        sd = math.sqrt(sum(bag.total * bag.sd**2 for bag in bags) / total) if bags else 1.0
        error = sd * math.sqrt(1 / batches + (1 / past if bags else 0.0))
        return size_of(statistic, before=before, after=before + move, sd=sd, error=error, batches=batches)


def _finding(cause: _Cause, names: list[str]) -> Finding:
    also = [name for name in dict.fromkeys(names) if name != cause.statistic.name]
    more = f" (and {', '.join(also)})" if also else ""
    return Finding(
        f"{CAUSE}{cause.statistic.name}",
        "failed",
        columns=cause.statistic.columns,
        severity="warning",
        value=cause.size.value,
        unit=cause.size.unit,
        interval=(cause.size.low, cause.size.high),
        certainty=Certainty(cause.years, "years between false alarms"),
        message=f"{cause.size.words}{more}, since about {cause.since}",
    )
