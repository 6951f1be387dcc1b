"""The largest gap between two cumulative distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maturekit.profile.distance import Distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KolmogorovSmirnov"]


class KolmogorovSmirnov(Distance):
    """Kolmogorov-Smirnov distance: the largest difference in the share of rows at or below any value.

    From 0 (equal) to 1 (nothing in common). Only the gaps at the edges of the bins are seen, so that it is less than the
    distance of the raw values by at most the share of rows in one bin.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.profile import NumericColumn
    >>> reference = NumericColumn.of(pd.Series([0, 0, 1, 1], name="late"), kind="int")
    >>> KolmogorovSmirnov().between(reference, reference.count(pd.Series([0, 1, 1, 1], name="late")))
    0.25

    References
    ----------
    Kolmogorov (1933); Smirnov (1939). See Conover (1999), *Practical Nonparametric Statistics*, section 6.1.
    """

    name = "kolmogorov-smirnov"
    unit = "share of rows"
    ordered = True

    def _distance(
        self,
        p: NDArray[np.float64],
        q: NDArray[np.float64],
        positions: NDArray[np.float64],  # noqa: ARG002  # the hook is the same for all distances
    ) -> NDArray[np.float64]:
        return np.asarray(np.abs(np.cumsum(p - q, axis=-1)).max(axis=-1))
