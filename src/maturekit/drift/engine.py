"""One batch against one pool: from counts to one standard normal number for each statistic."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.statistics import z_of_counts, z_of_means

__all__ = ["Surprise", "judge", "uniforms"]

_CORRELATION_PER_SCORE = 3.0  # the mean product of two ranks, each on [-1, 1], is a third of their correlation


@dataclass(frozen=True, slots=True)
class Surprise:
    """How a batch differs from a pool; the last axis is the statistic.

    Parameters
    ----------
    up, down : array of float64
        N(0, 1) if batch and pool are exchangeable; large for a change upwards, and downwards.
    slack : array of float64
        The tolerance in the same unit.
    moved : array of bool
        Whether batch and pool both have rows for the statistic; what has not moved proves nothing.
    """

    up: NDArray[np.float64]
    down: NDArray[np.float64]
    slack: NDArray[np.float64]
    moved: NDArray[np.bool_]


def judge(
    layout: Layout, batch: Tally, pool: Tally, *, uniform: NDArray[np.float64], tolerance: Tolerance
) -> Surprise:
    """Compare a batch with a pool, all statistics at once.

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
    n, m = one.rows, two.rows
    c, s = layout.counts, layout.counts + layout.scores
    moved = (n > 0) & (m > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(moved, np.sqrt(n * m / (n + m)), 0.0)  # square root of the effective number of rows

    count, rows, pool_count, pool_rows = one.powers[0, ..., :c], n[..., :c], two.powers[0, ..., :c], m[..., :c]
    z = z_of_counts(count, rows, pool_count, pool_rows, uniform)
    up = z.copy()
    extreme = layout.extreme  # the most extreme row of the reference is itself one that lies outside
    up[..., extreme] = z_of_counts(
        count[..., extreme], rows[..., extreme], pool_count[..., extreme] + 1, pool_rows[..., extreme] + 1, uniform[..., extreme]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (count + pool_count) / (rows + pool_rows)
        share_slack = np.where(share * (1 - share) > 0, tolerance.share / np.sqrt(share * (1 - share)), 0.0)

    mean_z, sd = z_of_means(n[..., c:], one.powers[..., c:], m[..., c:], two.powers[..., c:])
    mean_z[..., : layout.scores][layout.dominated(Tally(batch.cells + pool.cells, batch.pair_rows, batch.pair_sums))] = 0.0
    pair_sd = sd[..., layout.scores :]
    pair_slack = np.where(pair_sd > 0, tolerance.correlation / _CORRELATION_PER_SCORE / np.where(pair_sd > 0, pair_sd, 1.0), 0.0)

    score_slack = np.full(n[..., c:s].shape, tolerance.sd)
    return Surprise(
        up=np.concatenate([up, mean_z], axis=-1),
        down=np.concatenate([-z, -mean_z], axis=-1),
        slack=np.concatenate([share_slack, score_slack, pair_slack], axis=-1) * size,
        moved=moved,
    )


def uniforms(count: int, *names: str) -> NDArray[np.float64]:
    """Return random numbers in [0, 1) that depend on names only: the same in every process, for ever.

    >>> bool((uniforms(3, "profile", "batch") == uniforms(3, "profile", "batch")).all())
    True
    """
    seed = "\0".join(names).encode()
    words = np.frombuffer(hashlib.shake_256(seed).digest(8 * count), dtype="<u8")
    return (words >> np.uint64(11)) * 2.0**-53
