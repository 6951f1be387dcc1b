"""The work of moving one distribution onto another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maturekit.profile.distance import Distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Wasserstein"]


class Wasserstein(Distance):
    """Wasserstein-1 distance (earth mover's distance), in standard deviations of the reference.

    Computed over binned data: the rows of a bin lie at the mean of the reference's rows in it, and rows beyond the
    reference's range at its end, so that a move far beyond counts only up to there. When the reference is constant,
    any move to another value is infinite.

    Examples
    --------
    Half of the rows move from 0 to 1, by two standard deviations of the reference:

    >>> import pandas as pd
    >>> from maturekit.profile import NumericColumn
    >>> reference = NumericColumn.of(pd.Series([0, 0, 1, 1], name="late"), kind="int")
    >>> reference.moments.sd
    0.5
    >>> Wasserstein().between(reference, reference.count(pd.Series([1, 1, 1, 1], name="late")))
    1.0

    References
    ----------
    Villani (2009), *Optimal Transport: Old and New*, definition 6.1 and remark 6.5.
    """

    name = "wasserstein"
    unit = "reference standard deviations"
    ordered = True

    def _distance(
        self, p: NDArray[np.float64], q: NDArray[np.float64], positions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        moved = np.abs(np.cumsum(p - q, axis=-1))[..., :-1]
        work = np.multiply(moved, np.diff(positions), where=moved > 0, out=np.zeros_like(moved))  # not 0 times infinity
        return np.asarray(work.sum(axis=-1))
