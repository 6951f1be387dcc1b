"""The share of rows that would have to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maturekit.profile.distance import Distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TotalVariation"]


class TotalVariation(Distance):
    """Total variation distance: half the sum of the absolute differences of the shares.

    From 0 (equal) to 1 (nothing in common). It is the least share of rows that must change for the two to be equal.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.profile import NumericColumn
    >>> reference = NumericColumn.of(pd.Series([0, 0, 1, 1], name="late"), kind="int")
    >>> TotalVariation().between(reference, reference.count(pd.Series([0, 1, 1, 1], name="late")))
    0.25

    References
    ----------
    Levin, Peres, Wilmer (2009), *Markov Chains and Mixing Times*, proposition 4.2.
    """

    name = "total-variation"
    unit = "share of rows"

    def _distance(
        self,
        p: NDArray[np.float64],
        q: NDArray[np.float64],
        positions: NDArray[np.float64],  # noqa: ARG002  # the hook is the same for all distances
    ) -> NDArray[np.float64]:
        return np.asarray(np.abs(p - q).sum(axis=-1) / 2)
