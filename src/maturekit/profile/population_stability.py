"""The population stability index, the measure of credit scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maturekit.errors import ArgumentError
from maturekit.profile.distance import Distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PopulationStability"]


class PopulationStability(Distance):
    """Population stability index (PSI): sum of (q - p) log(q / p) over the cells.

    From 0 (equal) without an upper limit; by custom, over 0.1 is a moderate and over 0.25 a large change. With k cells
    and n rows compared with m it is about (k - 1)(1/n + 1/m) when nothing changed, so small tables look far apart.

    Parameters
    ----------
    floor : float, default 1e-4
        Shares below it count as this, since a cell without rows would make the index infinite.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.profile import NumericColumn
    >>> reference = NumericColumn.of(pd.Series([0, 0, 1, 1], name="late"), kind="int")
    >>> today = reference.count(pd.Series([0, 1, 1, 1], name="late"))

    Here it is -1/4 log(1/2) + 1/4 log(3/2) = 1/4 log 3:

    >>> round(PopulationStability().between(reference, today), 4), round(float(np.log(3) / 4), 4)
    (0.2747, 0.2747)

    References
    ----------
    Siddiqi (2006), *Credit Risk Scorecards*, chapter 8. It is the divergence J of Kullback and Leibler (1951).
    """

    name = "population-stability"
    unit = "nats"

    def __init__(self, *, floor: float = 1e-4) -> None:
        if not 0.0 < floor < 1.0:
            raise ArgumentError(f"floor must lie between 0 and 1, got {floor!r}")
        self.floor = floor

    def _distance(
        self,
        p: NDArray[np.float64],
        q: NDArray[np.float64],
        positions: NDArray[np.float64],  # noqa: ARG002  # the hook is the same for all distances
    ) -> NDArray[np.float64]:
        p, q = np.maximum(p, self.floor), np.maximum(q, self.floor)
        return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))
