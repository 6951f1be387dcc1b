"""Days differ although nothing changed: how much they do, learned from the reference's own batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchEffects"]

_MOST_MEMORY = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class BatchEffects:
    """Variation of z between batches, beyond that of rows, and its correlation from one batch to the next.

    The batch becomes the unit of evidence: a z is freed of what the z before it predicts, divided by the root mean
    square of all such remainders so far, and read from Student's law. Approximate: batch effects are taken as normal,
    with a memory of one batch.

    Parameters
    ----------
    batches : array of float64, shape (J,)
        How many batches each statistic has seen.
    energy : array of float64
        Sum of the squared remainders.
    products, squares : array of float64
        Sums of z times the z before, and of z squared: their ratio is the memory.
    last : array of float64
        z of the batch before.
    """

    batches: NDArray[np.float64]
    energy: NDArray[np.float64]
    products: NDArray[np.float64]
    squares: NDArray[np.float64]
    last: NDArray[np.float64]

    @classmethod
    def none(cls, statistics: int) -> Self:
        """Return the state before the first batch."""
        return cls(*(np.zeros(statistics) for _ in range(5)))

    @property
    def memory(self) -> NDArray[np.float64]:
        """Share of a z that is taken as known from the z before; on the high side while batches are few."""
        k = np.maximum(self.batches, 1.0)
        lag = np.clip(self.products / np.where(self.squares > 0, self.squares, 1.0), -1.0, 1.0)
        return np.clip(lag + (1 + 4 * lag) / k + (1 - lag**2) / np.sqrt(k), 0.0, _MOST_MEMORY)

    @property
    def scale(self) -> NDArray[np.float64]:
        """Root mean square of the remainders, at least the 1 that rows alone would give."""
        return np.sqrt(np.maximum(self.energy / np.maximum(self.batches, 1.0), 1.0))

    def standardise(self, z: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what stays surprising of `z`, less `slack`, given how batches vary: N(0, 1) if nothing changed."""
        from scipy.special import ndtri, stdtr  # noqa: PLC0415  # importing the package must not load scipy

        t = (z - slack) / self.scale
        p = np.clip(stdtr(np.maximum(self.batches, 1.0), -np.abs(t)), 1e-300, 0.5)
        return np.asarray(-np.sign(t) * ndtri(p))

    def updated(self, z: NDArray[np.float64], moved: NDArray[np.bool_]) -> Self:
        """Return the state after one more batch; statistics that have not moved keep theirs."""
        remainder = z - self.memory * self.last
        return type(self)(
            self.batches + moved,
            self.energy + np.where(moved, remainder**2, 0.0),
            self.products + np.where(moved, z * self.last, 0.0),
            self.squares + np.where(moved, z**2, 0.0),
            np.where(moved, z, self.last),
        )
