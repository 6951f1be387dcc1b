"""A bounded, symmetric distance from information theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maturekit.profile.distance import Distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JensenShannon"]

_LEAST = 1e-300  # keeps the logarithm of 0 finite, and changes no other share


class JensenShannon(Distance):
    """Jensen-Shannon distance: the square root of the Jensen-Shannon divergence in bits.

    From 0 (equal) to 1 (nothing in common); it obeys the triangle inequality.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.profile import NumericColumn
    >>> reference = NumericColumn.of(pd.Series([0, 0, 0, 0], name="late"), kind="int")
    >>> JensenShannon().between(reference, reference.count(pd.Series([1, 1], name="late")))
    1.0

    References
    ----------
    Lin (1991), *Divergence measures based on the Shannon entropy*; Endres, Schindelin (2003), *A new metric for
    probability distributions*.
    """

    name = "jensen-shannon"
    unit = "square root of bits"

    def _distance(
        self,
        p: NDArray[np.float64],
        q: NDArray[np.float64],
        positions: NDArray[np.float64],  # noqa: ARG002  # the hook is the same for all distances
    ) -> NDArray[np.float64]:
        divergence = _bits((p + q) / 2) - (_bits(p) + _bits(q)) / 2
        return np.sqrt(np.clip(divergence, 0.0, 1.0))


def _bits(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.einsum("...i,...i->...", p, np.log2(p + _LEAST)))
