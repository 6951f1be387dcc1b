"""Which of many findings to believe: the false discovery rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["benjamini_hochberg"]


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return adjusted p-values: those up to q hold false ones in a share of at most q, on average.

    Holds for independent p-values and for those that are positively dependent.

    Parameters
    ----------
    p_values : array_like of float, shape (n,)
        One a finding, between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        In the order of `p_values`.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.02, 0.9]).round(3)
    array([0.04 , 0.053, 0.04 , 0.9  ])

    References
    ----------
    Benjamini and Hochberg (1995), "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)[::-1]
    adjusted = np.minimum(np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1)), 1.0)
    result = np.empty(len(p))
    result[order] = adjusted
    return result
