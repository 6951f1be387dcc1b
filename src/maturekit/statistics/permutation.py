"""A mean in a batch against a mean in a pool, as one nearly standard normal number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["z_of_means"]

_SKEWNESS_CUT = 0.1
_FAR = 8.0


def z_of_means(
    rows: ArrayLike, sums: ArrayLike, pool_rows: ArrayLike, pool_sums: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return z, nearly N(0, 1) if batch and pool are exchangeable, and the standard deviation of the score.

    Batch and pool are put into one bag, and the mean of the batch is compared with the means that batches drawn from
    the bag without replacement would have. Meant for bounded scores; the skewness of the bag is corrected for to first
    order, and where that is not enough (a correction coefficient above 0.1) z is 0. Both depend on the bag only.

    Parameters
    ----------
    rows, pool_rows : array_like, shape (...)
        Number of scores on either side.
    sums, pool_sums : array_like, shape (3, ...)
        Sums of the scores, of their squares and of their cubes.

    Returns
    -------
    z : ndarray of float64, shape (...)
        Positive when the batch has the larger mean; 0 where one side is empty or all scores are equal.
    sd : ndarray of float64, shape (...)
        Standard deviation of the scores in the bag, in their own unit; 0 where z is.

    Examples
    --------
    Scores 0 and 1: 8 ones in a batch of 10, 17 in a pool of 40. The bag has mean 1/2 and variance 1/4, so batches of 10
    from these 50 have a mean of 1/2 with the standard error sqrt(1/4 * 50/49 * 40/500) = 1/7:

    >>> z, sd = z_of_means([10], [[8], [8], [8]], [40], [[17], [17], [17]])
    >>> z.round(3), sd
    (array([2.1]), array([0.5]))
    """
    n, m = np.asarray(rows, dtype=np.float64), np.asarray(pool_rows, dtype=np.float64)
    own, bag = (
        np.asarray(sums, dtype=np.float64),
        np.asarray(sums, dtype=np.float64) + np.asarray(pool_sums, dtype=np.float64),
    )
    total = n + m
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, square, cube = bag / total
        variance = square - mean**2
        third = cube - 3 * mean * square + 2 * mean**3
        z = (own[0] / n - mean) / np.sqrt(variance * total / (total - 1) * m / (total * n))
        cut = third / variance**1.5 * (m - n) / total / np.sqrt(n * m / total)
        usable = (n > 0) & (m > 0) & (variance > 1e-12) & (np.abs(cut) <= _SKEWNESS_CUT)
        z = np.where(usable, z - cut * (np.minimum(np.abs(z), _FAR) ** 2 - 1) / 6, 0.0)
        sd = np.where(usable, np.sqrt(np.maximum(variance, 0.0)), 0.0)
    return z, sd
