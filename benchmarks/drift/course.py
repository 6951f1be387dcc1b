"""A watcher, and batches of one size that are drawn for it from whatever law holds today."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drift.population import Counter
from drift.watching import Watcher

Letters = list[np.ndarray]
"""A population, coded: one array a column."""


@dataclass(frozen=True)
class Course:
    """Goes on day by day; `copy` goes on in another way."""

    watcher: Watcher
    counter: Counter
    rng: np.random.Generator
    rows: int

    def copy(self) -> Course:
        """The same state."""
        return replace(self, watcher=self.watcher.copy())

    def days(self, letters: Letters, many: int) -> np.ndarray:
        """Watch days of one law; return where there was an alarm, shape (tolerances, promises, days)."""
        if not many:
            return np.zeros((*self.watcher.terms.shape, 0), dtype=bool)
        counts = self.counter.days(letters, self.rng, [self.rows] * many)
        uniform = self.rng.random((many, self.watcher.layout.counts))
        return self.watcher.watch(counts, [""] * many, uniform) >= self.watcher.thresholds[:, None]
