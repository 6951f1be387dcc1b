"""A count in a batch against a count in a pool, as one standard normal number that needs no true share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["z_of_counts"]

_EXACT_BELOW = 25.0  # variance of the count; above it the closed form is as good
_TERMS = 48  # of the hypergeometric tail: over nine standard deviations where the variance is below 25


def z_of_counts(
    count: ArrayLike, rows: ArrayLike, pool_count: ArrayLike, pool_rows: ArrayLike, uniform: ArrayLike
) -> NDArray[np.float64]:
    """Return z, which is N(0, 1) if batch and pool are exchangeable; positive when the batch has more.

    Given the sum of both counts, the count of the batch is hypergeometric whatever the true share is. Small counts get
    their exact p-value, made continuous by one uniform random number; large counts the closed form r*.

    Parameters
    ----------
    count, rows : array_like of int
        Rows of the batch that have the property, and all rows of the batch.
    pool_count, pool_rows : array_like of int
        The same of the pool. All arguments broadcast.
    uniform : array_like of float
        Random numbers in [0, 1), independent of the data.

    Returns
    -------
    ndarray of float64
        0 where one side has no rows, or where all rows or none have the property.

    Examples
    --------
    With 1 row of 2 in all, chance alone gives the batch of 1 row the property half the time:

    >>> z = z_of_counts(count=[1], rows=[1], pool_count=[0], pool_rows=[1], uniform=[0.05])  # p = 0.05 / 2
    >>> z.round(2)
    array([1.96])

    A share that doubles from 2 % to 4 %, and one that halves:

    >>> z_of_counts([40, 20], [1_000, 1_000], [200, 400], [10_000, 10_000], uniform=[0.5, 0.5]).round(1)
    array([ 3.8, -3.4])

    References
    ----------
    Barndorff-Nielsen (1986), "Inference on full or partial parameters based on the standardized signed log likelihood
    ratio", Biometrika 73, for r*.
    """
    s, n, a, m, u = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (count, rows, pool_count, pool_rows, uniform))
    )
    shape = s.shape
    s, n, a, m, u = (x.ravel() for x in (s, n, a, m, u))
    z = np.zeros(s.shape)
    both, total = s + a, n + m
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n * m * both * (total - both) / (total**2 * (total - 1))
    varies = (n > 0) & (m > 0) & (variance > 0)
    empty_cell = (s == 0) | (s == n) | (a == 0) | (a == m)
    exact = varies & ((variance < _EXACT_BELOW) | empty_cell)
    closed = varies & ~exact
    z[exact] = _exact(s[exact], n[exact], both[exact], total[exact], u[exact])
    z[closed] = _closed(s[closed], n[closed], a[closed], m[closed])
    return z.reshape(shape)


def _exact(s: Floats, n: Floats, both: Floats, total: Floats, u: Floats) -> Floats:
    """Randomised p-value of the tail away from the mean, turned into z."""
    from scipy.special import gammaln, ndtri  # noqa: PLC0415  # importing the package must not load scipy

    low = s * total < n * both
    sign = np.where(low, -1.0, 1.0)
    s = np.where(low, n - s, s)  # below the mean: count the rows without the property, and walk up as well
    both = np.where(low, total - both, both)

    def log_choose(x: Floats, y: Floats) -> Floats:
        return np.asarray(gammaln(x + 1) - gammaln(y + 1) - gammaln(x - y + 1))

    here = np.exp(log_choose(both, s) + log_choose(total - both, n - s) - log_choose(total, n))
    i = s + np.arange(_TERMS)[:, None]
    ratio = (both - i) * (n - i) / ((i + 1) * (total - both - n + i + 1))
    beyond = np.cumprod(np.maximum(ratio, 0.0), axis=0).sum(axis=0)  # a term of 0 ends the support
    p = np.clip(here * (beyond + u), 1e-300, 1 - 1e-16)
    return np.asarray(-sign * ndtri(p))


def _closed(s: Floats, n: Floats, a: Floats, m: Floats) -> Floats:
    """Return the signed root of the likelihood ratio, corrected to third order (r*)."""
    q1, q2, p = s / n, a / m, (s + a) / (n + m)
    gain = (
        s * np.log(q1 / p)
        + (n - s) * np.log((1 - q1) / (1 - p))
        + a * np.log(q2 / p)
        + (m - a) * np.log((1 - q2) / (1 - p))
    )
    r = np.sign(q1 - q2) * np.sqrt(2 * np.maximum(gain, 0.0))
    odds = np.log(q1 / (1 - q1)) - np.log(q2 / (1 - q2))
    v = odds * np.sqrt(n * q1 * (1 - q1) * m * q2 * (1 - q2) / ((n + m) * p * (1 - p)))
    near = np.abs(r) < 0.05  # there the correction is 0 divided by 0, and negligible
    r_safe, v_safe = np.where(near, 1.0, r), np.where(near, 1.0, v)
    return np.asarray(np.where(near, r, r_safe + np.log(v_safe / r_safe) / r_safe))
