"""One batch against one pool: from counts to one standard normal number for each statistic."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.layout import Layout, Sums
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.statistics import z_of_counts, z_of_means

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Surprise", "judge", "per_root_row", "uniforms"]

_EFFECTIVE_ROWS = 2.0  # below, tails beyond 3.5 are twice as heavy as a normal number's and more (measured); 18 rows of continuous columns
_CORRELATION_PER_PRODUCT = 3.0  # the mean product of two ranks, each from -1 to 1, is a third of their correlation


@dataclass(frozen=True, slots=True, eq=False)
class Surprise:
    """How a batch differs from what came before; the last axis is the statistic.

    Parameters
    ----------
    up, down : array of float64
        z for a change upwards and downwards, less the tolerance: N(0, 1), or smaller, if nothing changed.
    moved : array of bool
        Whether the statistic could be compared at all; what has not moved proves nothing.
    """

    up: NDArray[np.float64]
    down: NDArray[np.float64]
    moved: NDArray[np.bool_]


def judge(layout: Layout, batch: Tally, pool: Tally, *, uniform: NDArray[np.float64], tolerance: Tolerance) -> Surprise:
    """Compare the rows of a batch with those of a pool, all statistics at once.

    Parameters
    ----------
    layout : Layout
        The statistics.
    batch, pool : Tally
        Counts of both; simulations pass many at once along the first axes.
    uniform : array of float64, shape (..., layout.counts)
        Random numbers in [0, 1) that make the p-values of counts continuous.
    tolerance : Tolerance
        The change that is no news.
    """
    one, two = layout.sums(batch), layout.sums(pool)
    n, m, c = one.rows, two.rows, layout.counts
    moved = (n > 0) & (m > 0)
    up, down, share = _counts(layout, one, two, uniform, tolerance)
    mean_z, sd = z_of_means(n[..., c:], one.powers[..., c:], m[..., c:], two.powers[..., c:])
    mean_z[..., : layout.scores][layout.dominated(batch.cells + pool.cells)] = 0.0
    mean_z[..., layout.scores :][_sparse(layout, one, two)] = 0.0
    sd = np.concatenate([np.sqrt(share * (1 - share)), sd], axis=-1)
    slack = (np.sqrt(n * m / np.maximum(n + m, 1.0)) * per_root_row(layout, sd, tolerance))[..., c:]
    return Surprise(
        up=np.concatenate([up, mean_z - slack], axis=-1),
        down=np.concatenate([down, -mean_z - slack], axis=-1),
        moved=moved,
    )


def _counts(
    layout: Layout, batch: Sums, pool: Sums, uniform: NDArray[np.float64], tolerance: Tolerance
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return z of counts upwards and downwards, and shares of the bag.

    The tolerance is put into the pool: upwards its share counts as so much larger, downwards as so much smaller. Taking it
    off z in standard deviations instead is the same for large counts, and wrong for small ones, which are not normal:
    0.2 points tolerated would hide 0.5 % of rows that have no like in the pool for ever.
    """
    c = layout.counts
    count, rows, pool_count, pool_rows = (
        batch.powers[0, ..., :c],
        batch.rows[..., :c],
        pool.powers[0, ..., :c],
        pool.rows[..., :c],
    )
    more = np.ceil(_changes(layout, tolerance)[:c] * pool_rows)
    one = layout.extreme * 1.0  # the most extreme row of the reference is itself one that lies outside
    up = z_of_counts(count, rows, np.minimum(pool_count + more, pool_rows) + one, pool_rows + one, uniform)
    down = -z_of_counts(count, rows, np.maximum(pool_count - more, 0.0), pool_rows, uniform)
    with np.errstate(invalid="ignore"):
        share = np.where((rows > 0) & (pool_rows > 0), (count + pool_count) / (rows + pool_rows), 0.0)
    return up, down, share


def _sparse(layout: Layout, batch: Sums, pool: Sums) -> NDArray[np.bool_]:
    """Whether so few rows of a pair have a product that is not near 0 that its mean is not normal.

    Products are at most 1, so their kurtosis is at most one over their mean square: what counts is the number of rows
    times that. It depends on the bag only, so leaving a pair out for it keeps the test valid.
    """
    first = layout.counts + layout.scores
    n, m = batch.rows[..., first:], pool.rows[..., first:]
    squares = (batch.powers[1] + pool.powers[1])[..., first:]
    return np.asarray(n * m * squares < _EFFECTIVE_ROWS * (n + m) ** 2)


def per_root_row(layout: Layout, sd: NDArray[np.float64], tolerance: Tolerance) -> NDArray[np.float64]:
    """Return the tolerance of each statistic in its own standard deviations `sd`; 0 where these are 0."""
    scores = slice(layout.counts, layout.counts + layout.scores)
    per = np.where(sd > 0, 1.0 / np.where(sd > 0, sd, 1.0), 0.0)
    per[..., scores] = sd[..., scores] > 0  # ranks are in their own sd already
    return np.asarray(_changes(layout, tolerance) * per)


def _changes(layout: Layout, tolerance: Tolerance) -> NDArray[np.float64]:
    """Return the tolerated change of each counted statistic: of a share, in sd of a score, of a mean product."""
    scored = layout.counts + layout.scores
    each = (
        [tolerance.of(*statistic.columns) for statistic in layout.statistics[: layout.counted]]
        if tolerance.columns
        else [tolerance]
    )
    change = np.empty(layout.counted)
    for part, values in (
        (slice(layout.counts), [own.share for own in each]),
        (slice(layout.counts, scored), [own.sd for own in each]),
        (slice(scored, None), [own.correlation / _CORRELATION_PER_PRODUCT for own in each]),
    ):
        change[part] = values[part] if tolerance.columns else values[0]
    return change


def uniforms(count: int, *names: str) -> NDArray[np.float64]:
    """Return random numbers in [0, 1) that depend on names only: the same in every process, for ever.

    >>> bool((uniforms(3, "profile", "batch") == uniforms(3, "profile", "batch")).all())
    True
    """
    seed = "\0".join(names).encode()
    words = np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, dtype=np.float64)
