"""Batches differ although nothing changed: each is then ranked among the batches before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.drift.engine import Surprise, per_root_row
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.statistics import z_of_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["BatchEffects", "deviation"]

_LAGS = 3
_MOST_MEMORY = 0.95
_RIDGE = 0.02  # keeps the equations of a nearly constant statistic solvable
_CLIP = 2.5
_WAIT = 4
_FAR = 3.0  # what rows alone reach now and then
_SIDE = np.concatenate([np.arange(0.25, 2.0, 0.25), 2.0 ** np.arange(1.0, 10.25, 0.5)])
_EDGES = np.concatenate([-_SIDE[::-1], [0.0], _SIDE])  # fixed for ever, so that a rank among bins is a fair rank


@dataclass(frozen=True, slots=True, eq=False)
class BatchEffects:
    """How much each statistic varies from batch to batch, learned from batches of the reference and all since.

    The batch is the unit of evidence. A fixed score of it is freed of what the three batches before predict, and the
    remainder is ranked among all earlier ones, ties broken by a random number. If batches are exchangeable that rank
    is uniform, whatever the distribution within and between them. Approximate are three things: memory is itself
    learned, on the safe side; a batch joins the others only four batches later, or a large change would make itself
    normal before it is believed; and beyond the largest remainder the tail is taken to fall at least as fast as 1 / x.

    What differs from day to day does not average out within a day, so scores of larger batches vary more. How much is
    unknown where rows hide it, so a batch that is larger than those of the reference counts as one of their size.

    Parameters
    ----------
    spread : array of float64, shape (J,)
        Standard deviation of the scores of the reference's batches, at least 1.
    rows : array of float64, shape (J,)
        Mean number of rows of the reference's batches; 0 where they are unknown.
    batches : array of float64, shape (J,)
        How many batches each statistic has learned from.
    waiting : array of float64, shape (J,)
        How many later ones it has not learned from yet, at most 4.
    total : array of float64, shape (J,)
        Sum of the scores, each clipped to 2.5 spreads, so that a lasting change does not pass for memory.
    products : array of float64, shape (4, J)
        Sums of clipped score times clipped score, 0 to 3 batches apart.
    last : array of float64, shape (7, J)
        The latest scores, newest first.
    low, high : array of float64, shape (J,)
        Extreme remainders so far, at least 3 from 0.
    counts : array of int64, shape (J, bins)
        Remainders in fixed bins.
    """

    spread: Floats
    rows: Floats
    batches: Floats
    waiting: Floats
    total: Floats
    products: Floats
    last: Floats
    low: Floats
    high: Floats
    counts: NDArray[np.int64]

    @classmethod
    def none(cls, statistics: int) -> Self:
        """Return the state before the first batch."""
        return cls(
            spread=np.ones(statistics),
            rows=np.zeros(statistics),
            batches=np.zeros(statistics),
            waiting=np.zeros(statistics),
            total=np.zeros(statistics),
            products=np.zeros((1 + _LAGS, statistics)),
            last=np.zeros((_LAGS + _WAIT, statistics)),
            low=np.full(statistics, -_FAR),
            high=np.full(statistics, _FAR),
            counts=np.zeros((statistics, len(_EDGES) + 1), dtype=np.int64),
        )

    @classmethod
    def learn(cls, layout: Layout, batches: Sequence[tuple[Tally, Tally]]) -> Self:
        """Learn from the reference's own batches, in order, each with the origin of its season.

        Each is compared with the origin without it, since later batches are no part of the origin either.
        """
        judged = [deviation(layout, batch, origin + batch * -1, Tolerance()) for batch, origin in batches]
        return cls.none(layout.counted).taught([(score, rows) for score, _, rows in judged])

    def taught(self, scores: Sequence[tuple[Floats, Floats]]) -> Self:
        """Return the state after the scores and rows of a reference's batches: first their memory, then the rest."""
        if not scores:
            return self
        spread = np.maximum(np.std([score for score, _ in scores], axis=0), 1.0)
        start = replace(self, spread=_short(spread), rows=_short(np.mean([rows for _, rows in scores], axis=0)))
        first = second = start
        even = [(_short(score / start.growth(rows)), rows > 0) for score, rows in scores]
        for score, moved in even:
            first = first.learned(score, first.last, moved, start.memory).pushed(score, moved)  # for its memory only
        for score, moved in even:
            second = second.learned(score, second.last, moved, first.memory).pushed(score, moved)
        return second

    def restarted(self) -> Self:
        """Return the state before the first batch of a new world, in which scores spread as in the old one."""
        return replace(self.none(len(self.batches)), spread=self.spread, rows=self.rows)

    def growth(self, rows: Floats) -> Floats:
        """Return how many times more scores vary at most with so many rows a batch than in the reference; at least 1."""
        known = np.maximum(self.rows, 1.0)
        return np.where(self.rows > 0, np.sqrt(np.maximum(rows / known, 1.0)), 1.0)

    def _moments(self) -> tuple[Floats, Floats]:
        """Variance of the scores, shape (J,), and correlations 1 to 3 batches apart, shape (3, J)."""
        k = np.maximum(self.batches, 1.0)
        centred = self.products / k - (self.total / k) ** 2
        variance = np.maximum(centred[0], 1e-9)
        return variance, np.clip(centred[1:] / variance, -1.0, 1.0)

    @property
    def memory(self) -> Floats:
        """What the three scores before predict, shape (3, J); their sum is on the high side while batches are few."""
        _, lags = self._moments()
        chain = np.concatenate([np.full((1, lags.shape[1]), 1.0 + _RIDGE), lags])
        matrix = np.stack([np.stack([chain[abs(i - j)] for j in range(_LAGS)], -1) for i in range(_LAGS)], -2)
        memory = np.linalg.solve(matrix, lags.T[..., None])[..., 0].T
        k, found = np.maximum(self.batches, 1.0), np.clip(memory.sum(axis=0), -1.0, 1.0)
        wanted = np.clip(found + (1 + 4 * found) / k + (1 - found**2) / np.sqrt(k), 0.0, _MOST_MEMORY)
        memory[0] += wanted - memory.sum(axis=0)
        return np.asarray(memory)

    def scale(self, rows: Floats) -> Floats:
        """How many times larger the error of a long mean is than rows alone would make it, for so many rows a batch."""
        variance, lags = self._moments()
        memory = self.memory
        between = np.maximum(variance * (1 - (memory * lags).sum(axis=0)) - 1.0, 0.0) * self.growth(rows) ** 2
        return np.where(self.batches > 1, np.sqrt(1.0 + between) / (1 - memory.sum(axis=0)), 1.0)

    def judge(self, layout: Layout, batch: Tally, origin: Tally, *, uniform: Floats, tolerance: Tolerance) -> Surprise:
        """Say how surprising a batch is among those before it; `uniform` has one number in [0, 1) a statistic."""
        score, slack, rows = deviation(layout, batch, origin, tolerance)
        growth = self.growth(rows)
        score, slack = _short(score / growth), slack / growth
        remainder = score - (self.memory * self.last[:_LAGS]).sum(axis=0)
        up, outside = self._rank(remainder - slack, uniform, layout.extreme), layout.extreme.nonzero()[0]
        one, two = layout.sums(batch), layout.sums(origin)
        up[outside] = np.minimum(  # days without such rows are all alike, and say nothing of larger days
            up[outside],
            z_of_counts(
                one.powers[0, outside],
                one.rows[outside],
                two.powers[0, outside] + 1,
                two.rows[outside] + 1,
                uniform[outside],
            ),
        )
        return Surprise(
            up=up,
            down=-self._rank(remainder + slack, uniform, layout.extreme),
            moved=rows > 0,
        )

    def _rank(self, remainder: Floats, uniform: Floats, extreme: Flags) -> Floats:
        from scipy.special import ndtri  # noqa: PLC0415  # importing the package must not load scipy

        bins = np.searchsorted(_EDGES, remainder)[:, None]
        same = np.take_along_axis(self.counts, bins, axis=1)[:, 0]
        up_to = np.take_along_axis(np.cumsum(self.counts, axis=1), bins, axis=1)[:, 0]
        above = (self.batches - up_to + uniform * (1 + same)) / (self.batches + 1)
        below = (up_to - same + (1 - uniform) * (1 + same)) / (self.batches + 1)
        known = np.ones(len(remainder), dtype=np.bool_)
        known[: len(extreme)] = ~extreme  # the reference has none outside its own range, so it knows no such tail
        above *= np.where(known, self.high / np.maximum(remainder, self.high), 1.0)
        below *= np.where(known, self.low / np.minimum(remainder, self.low), 1.0)
        z = np.where(above < below, -ndtri(np.maximum(above, 1e-300)), ndtri(np.maximum(below, 1e-300)))
        return np.asarray(z)

    def updated(self, layout: Layout, batch: Tally, origin: Tally) -> Self:
        """Return the state after one more batch; statistics without rows keep theirs."""
        score, _, rows = deviation(layout, batch, origin, Tolerance())
        return self.followed(_short(score / self.growth(rows)), rows > 0)

    def followed(self, score: Floats, moved: Flags) -> Self:
        """Return the state after one more score: it waits, and the one that has waited longest is learned from."""
        line = np.vstack([score, self.last])
        grown = self.learned(line[_WAIT], line[_WAIT + 1 :], moved & (self.waiting == _WAIT), self.memory)
        return replace(grown.pushed(score, moved), waiting=np.minimum(self.waiting + moved, _WAIT))

    def pushed(self, score: Floats, moved: Flags) -> Self:
        """Return the state that remembers one more score."""
        return replace(self, last=np.where(moved, np.vstack([score, self.last[:-1]]), self.last))

    def learned(self, score: Floats, before: Floats, moved: Flags, memory: Floats) -> Self:
        """Return the state that has learned from one more score, which came after the scores `before`."""
        remainder = score - (memory * before[:_LAGS]).sum(axis=0)
        counts = self.counts.copy()
        counts[moved.nonzero()[0], np.searchsorted(_EDGES, remainder)[moved]] += 1
        most = _CLIP * self.spread
        clipped = np.clip(np.vstack([score, before[:_LAGS]]), -most, most)
        return replace(
            self,
            batches=self.batches + moved,
            total=_short(self.total + np.where(moved, clipped[0], 0.0)),
            products=_short(self.products + np.where(moved, clipped[0] * clipped, 0.0)),
            low=_short(np.where(moved, np.minimum(self.low, remainder), self.low)),
            high=_short(np.where(moved, np.maximum(self.high, remainder), self.high)),
            counts=counts,
        )


def deviation(layout: Layout, batch: Tally, origin: Tally, tolerance: Tolerance) -> tuple[Floats, Floats, Floats]:
    """Return how far a batch lies from a fixed origin, in standard errors of its rows; the tolerance; the rows."""
    one, two = layout.sums(batch), layout.sums(origin)
    moved = (one.rows > 0) & (two.rows > 0)
    n, m = np.maximum(one.rows, 1.0), np.maximum(two.rows, 1.0)
    mean, square = two.powers[0] / m, two.powers[1] / m
    variance = np.maximum(square - mean**2, 0.0)
    c = layout.counts
    smoothed = (two.powers[0, :c] + 0.5) / (m[:c] + 1)  # a value never seen so far has a spread nonetheless
    variance[:c] = smoothed * (1 - smoothed)
    sd = np.sqrt(np.maximum(variance, 1e-12))
    score = np.where(moved, np.sqrt(n) * (one.powers[0] / n - mean) / sd, 0.0)
    return _short(score), np.sqrt(n) * per_root_row(layout, sd, tolerance), np.where(moved, one.rows, 0.0)


def _short(values: Floats) -> Floats:
    """Four decimals are enough for a rank, and keep the stored state small."""
    return np.round(values, 4)
