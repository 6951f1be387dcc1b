"""Evidence of a change that may begin at any batch: Shiryaev-Roberts sums of bets on a standard normal number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["change_evidence", "change_sums", "leading_bet", "shiryaev_roberts"]

_BETS = (0.35, 0.7, 1.4, 2.8, 5.6)  # sizes of changes, in standard deviations of z; each is bet on in both directions
_SHARES = (0.10, 0.20, 0.30, 0.25, 0.15)  # how the stake is divided over them

_UNIT = 1e6  # levels are whole millionths: a resumed process has exactly the same ones
_CAP = int(200 * np.log(10) * _UNIT)  # evidence of 1e200 is enough, and far from overflow


def shiryaev_roberts(level: NDArray[np.int64], up: ArrayLike, down: ArrayLike) -> NDArray[np.int64]:
    """Return the levels after one more batch: each sum R becomes ``(1 + R) * exp(bet * z - bet**2 / 2)``.

    If z is standard normal, or smaller, given the past, then R minus the number of batches is a supermartingale: R
    reaches A at most once in A batches on average, wherever one starts and however often one starts again.

    Parameters
    ----------
    level : ndarray of int64, shape (..., 10)
        ``log(1 + R)`` in millionths, rounded down; first the five bets upwards, then downwards. Zeros at the start.
    up, down : array_like of float, shape (...)
        z for a change upwards and downwards: z and -z, both less a tolerance if there is one.

    Examples
    --------
    Two batches with z = 4; upwards the evidence grows, downwards there is none:

    >>> once = shiryaev_roberts(np.zeros((1, 10), dtype=np.int64), [4.0], [-4.0])
    >>> twice = shiryaev_roberts(once, [4.0], [-4.0])
    >>> change_evidence(once).round(), change_evidence(twice).round(-4)
    (array([260.]), array([320000.]))

    References
    ----------
    Shin, Ramdas, Rinaldo (2022), "E-detectors: a nonparametric framework for sequential change detection",
    arXiv:2203.03532.
    """
    bets = np.array(_BETS)
    z = np.stack([np.asarray(up, dtype=np.float64), np.asarray(down, dtype=np.float64)], axis=-1)[..., None]
    log_factor = z * bets - bets**2 / 2
    log_sum = level / _UNIT + log_factor.reshape(*log_factor.shape[:-2], -1)
    grown = np.logaddexp(0.0, np.minimum(log_sum, 1000.0)) * _UNIT
    return np.asarray(np.minimum(np.floor(grown), _CAP), dtype=np.int64)


def change_evidence(level: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of the ten sums R, weighted by their shares; its unit is batches between false alarms.

    Parameters
    ----------
    level : ndarray of int64, shape (..., 10)
        From `shiryaev_roberts`.

    Examples
    --------
    >>> change_evidence(np.zeros((1, 10), dtype=np.int64))
    array([0.])
    """
    shares = np.array(_SHARES + _SHARES) / 2
    return np.asarray(change_sums(level) @ shares)


def change_sums(level: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the ten sums R, shape (..., 10), five for a change upwards and five downwards.

    ``R / (1 + R)`` is how sure a bet may be, given that there is a change, that it began before the next batch.

    Parameters
    ----------
    level : ndarray of int64, shape (..., 10)
        From `shiryaev_roberts`.

    Examples
    --------
    After one batch with z = 4 the bet on 2.8 upwards has exp(2.8 * 4 - 2.8**2 / 2):

    >>> once = shiryaev_roberts(np.zeros((1, 10), dtype=np.int64), [4.0], [-4.0])
    >>> float(change_sums(once)[0, 3].round())
    1451.0
    """
    return np.asarray(np.expm1(level / _UNIT))


def leading_bet(level: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return which of the ten bets holds most of the evidence, shape (...): below 5 it is a change upwards.

    Parameters
    ----------
    level : ndarray of int64, shape (..., 10)
        From `shiryaev_roberts`.

    Examples
    --------
    >>> leading_bet(shiryaev_roberts(np.zeros((2, 10), dtype=np.int64), [4.0, -4.0], [-4.0, 4.0])).tolist()
    [3, 8]
    """
    weighted = change_sums(level) * np.array(_SHARES + _SHARES)
    full = np.where(
        level >= _CAP, np.array(_BETS + _BETS), 0.0
    )  # of those without room, the boldest began to grow last
    return np.asarray(np.argmax(np.where(full > 0, full * 1e201, weighted), axis=-1))
