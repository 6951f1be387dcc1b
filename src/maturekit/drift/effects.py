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

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["BatchEffects", "deviation"]

_LAGS = 3
_MOST_MEMORY = 0.95
_RIDGE = 0.02  # keeps the equations of a nearly constant statistic solvable
_FAR = 3.0  # what rows alone reach now and then
_SIDE = np.concatenate([np.arange(0.25, 2.0, 0.25), 2.0 ** np.arange(1.0, 10.25, 0.5)])
_EDGES = np.concatenate([-_SIDE[::-1], [0.0], _SIDE])  # fixed for ever, so that a rank among bins is a fair rank


@dataclass(frozen=True, slots=True, eq=False)
class BatchEffects:
    """How much each statistic varies from batch to batch, learned from batches of the reference and all since.

    The batch is the unit of evidence. A fixed score of it is freed of what the three batches before predict, and the
    remainder is ranked among all earlier ones, ties broken by a random number. If batches are exchangeable that rank
    is uniform and independent of the past, whatever the distribution within and between them. Beyond the largest
    remainder so far the tail is taken to fall at least as fast as 1 / x. Memory of earlier batches is removed on the
    safe side, which is approximate.

    Parameters
    ----------
    memory : array of float64, shape (3, J)
        What the three scores before predict of the next, learned from the reference once: a score that adapted itself
        would explain a lasting change away.
    scale : array of float64, shape (J,)
        How many times larger the error of a long mean is than rows alone would make it; at least 1.
    batches : array of float64, shape (J,)
        How many batches each statistic has seen.
    last : array of float64, shape (3, J)
        The latest scores, newest first.
    low, high : array of float64, shape (J,)
        Extreme remainders so far, at least 3 from 0.
    counts : array of int64, shape (J, bins)
        Remainders in fixed bins.
    """

    memory: NDArray[np.float64]
    scale: NDArray[np.float64]
    batches: NDArray[np.float64]
    last: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def none(cls, statistics: int) -> Self:
        """Return the state before the first batch."""
        return cls(
            memory=np.zeros((_LAGS, statistics)),
            scale=np.ones(statistics),
            batches=np.zeros(statistics),
            last=np.zeros((_LAGS, statistics)),
            low=np.full(statistics, -_FAR),
            high=np.full(statistics, _FAR),
            counts=np.zeros((statistics, len(_EDGES) + 1), dtype=np.int64),
        )

    @classmethod
    def learn(cls, layout: Layout, batches: Sequence[tuple[Tally, Tally]]) -> Self:
        """Learn from the reference's own batches, in order, each with the origin of its season."""
        effects = cls.none(len(layout.statistics))
        if not batches:
            return effects
        scores = np.stack([deviation(layout, batch, origin, Tolerance())[0] for batch, origin in batches])
        memory, scale = _learned_memory(scores)
        effects = replace(effects, memory=memory, scale=scale)
        for batch, origin in batches:
            effects = effects.updated(layout, batch, origin)
        return effects

    def restarted(self) -> Self:
        """Return the state before the first batch of a new world that keeps the memory of the old one."""
        return replace(self.none(len(self.batches)), memory=self.memory, scale=self.scale)

    def judge(
        self, layout: Layout, batch: Tally, origin: Tally, *, uniform: NDArray[np.float64], tolerance: Tolerance
    ) -> Surprise:
        """Say how surprising a batch is among those before it; `uniform` has one number in [0, 1) a statistic."""
        score, slack, moved = deviation(layout, batch, origin, tolerance)
        remainder = score - (self.memory * self.last).sum(axis=0)
        return Surprise(
            up=self._rank(remainder - slack, uniform, layout.extreme),
            down=-self._rank(remainder + slack, uniform, layout.extreme),
            moved=moved,
        )

    def _rank(
        self, remainder: NDArray[np.float64], uniform: NDArray[np.float64], extreme: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        from scipy.special import ndtri  # noqa: PLC0415  # importing the package must not load scipy

        bins = np.searchsorted(_EDGES, remainder)[:, None]
        same = np.take_along_axis(self.counts, bins, axis=1)[:, 0]
        up_to = np.take_along_axis(np.cumsum(self.counts, axis=1), bins, axis=1)[:, 0]
        above = (self.batches - up_to + uniform * (1 + same)) / (self.batches + 1)
        below = (up_to - same + (1 - uniform) * (1 + same)) / (self.batches + 1)
        known = np.ones(len(remainder), dtype=bool)
        known[: len(extreme)] = ~extreme  # the reference has none outside its own range, so it knows no such tail
        above *= np.where(known, self.high / np.maximum(remainder, self.high), 1.0)
        below *= np.where(known, self.low / np.minimum(remainder, self.low), 1.0)
        z = np.where(above < below, -ndtri(np.maximum(above, 1e-300)), ndtri(np.maximum(below, 1e-300)))
        return np.asarray(z)

    def updated(self, layout: Layout, batch: Tally, origin: Tally) -> Self:
        """Return the state after one more batch; statistics without rows keep theirs."""
        score, _, moved = deviation(layout, batch, origin, Tolerance())
        remainder = score - (self.memory * self.last).sum(axis=0)
        counts = self.counts.copy()
        counts[moved.nonzero()[0], np.searchsorted(_EDGES, remainder)[moved]] += 1
        return replace(
            self,
            batches=self.batches + moved,
            last=np.where(moved, np.vstack([score, self.last[:-1]]), self.last),
            low=np.where(moved, np.minimum(self.low, remainder), self.low),
            high=np.where(moved, np.maximum(self.high, remainder), self.high),
            counts=counts,
        )


def _learned_memory(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return memory and scale of scores, shape (batches, J); the sum of the memory errs on the high side."""
    k, centred = len(scores), scores - scores.mean(axis=0)
    variance = np.maximum((centred**2).mean(axis=0), 1e-9)
    lags = np.stack([(centred[lag:] * centred[:-lag]).sum(axis=0) / k / variance for lag in range(1, 1 + _LAGS)])
    chain = np.concatenate([np.full((1, lags.shape[1]), 1.0 + _RIDGE), lags])
    matrix = np.stack([np.stack([chain[abs(i - j)] for j in range(_LAGS)], -1) for i in range(_LAGS)], -2)
    memory = np.linalg.solve(matrix, lags.T[..., None])[..., 0].T
    found = np.clip(memory.sum(axis=0), -1.0, 1.0)
    wanted = np.clip(found + (1 + 4 * found) / k + (1 - found**2) / np.sqrt(k), 0.0, _MOST_MEMORY)
    alone = np.sqrt(np.maximum(variance * (1 - (memory * lags).sum(axis=0)), 1.0))
    memory[0] += wanted - memory.sum(axis=0)
    return _short(memory), _short(alone / (1 - wanted))


def deviation(
    layout: Layout, batch: Tally, origin: Tally, tolerance: Tolerance
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return how far a batch lies from a fixed origin, in standard errors of its rows; the tolerance; what has rows."""
    one, two = layout.sums(batch), layout.sums(origin)
    moved = (one.rows > 0) & (two.rows > 0)
    n, m = np.maximum(one.rows, 1.0), np.maximum(two.rows, 1.0)
    mean, square = two.powers[0] / m, two.powers[1] / m
    variance = np.maximum(square - mean**2, 0.0)
    c = layout.counts
    smoothed = (two.powers[0, :c] + 0.5) / (m[:c] + 1)  # a value never seen so far has a spread nonetheless
    variance[:c] = np.maximum(smoothed * (1 - smoothed), 1e-12)
    sd = np.sqrt(np.maximum(variance, 1e-12))
    score = np.where(moved, np.sqrt(n) * (one.powers[0] / n - mean) / sd, 0.0)
    return _short(score), np.sqrt(n) * per_root_row(layout, sd, tolerance), moved


def _short(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Four decimals are enough for a rank, and keep the stored state small."""
    return np.round(values, 4)
