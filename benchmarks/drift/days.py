"""Days that differ although nothing changed: false alarms and delays of a monitor with batch effects.

Many monitors go side by side as columns of one profile, which the engine judges in one call.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from drift.watching import DAYS
from drift.years import Rate
from maturekit.drift import Tolerance
from maturekit.drift.effects import BatchEffects
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.profile import NumericColumn, Profile
from maturekit.statistics import change_evidence, shiryaev_roberts

COLUMNS = 6  # of each monitor: 4 numeric, 2 categorical
_SWING = 3.0  # by how much the log odds of a category move with a day effect in standard deviations


@dataclass(frozen=True)
class Days:
    """A law of day effects: standard deviation, correlation of neighbouring days, and whether it is Student's t(3)."""

    sd: float
    lag: float = 0.0
    heavy: bool = False

    def effects(self, rng: np.random.Generator, days: int, columns: int) -> np.ndarray:
        """Draw the effect of each day on each column, as an autoregressive process that has run for long."""
        level = np.zeros(columns)
        found = np.empty((days, columns))
        for day in range(-50, days):
            news = rng.standard_t(3, columns) / np.sqrt(3) if self.heavy else rng.normal(size=columns)
            level = self.lag * level + np.sqrt(1 - self.lag**2) * news
            found[day] = level if day >= 0 else 0.0
        return self.sd * found


class Months:
    """Monitors with references of so many days, and the batches after."""

    def __init__(self, law: Days, rng: np.random.Generator, *, rows: int, monitors: int, reference: int = 90) -> None:
        self.law, self.rng, self.rows, self.monitors = law, rng, rows, monitors
        few = min(rows, 1_000)  # bins are learned from this many rows a day
        self.effects = law.effects(rng, reference + 3 * DAYS, monitors * COLUMNS)
        data = {}
        for column in range(monitors * COLUMNS):
            effect = np.repeat(self.effects[:reference, column], few)
            name = f"{column // COLUMNS}:{column % COLUMNS}"
            data[name] = (
                effect + rng.normal(size=len(effect))
                if column % COLUMNS < 4
                else pd.Categorical.from_codes(
                    (rng.random(len(effect)) > 1 / (1 + np.exp(_SWING * effect))) * 1, ["a", "b"]
                )
            )
        learned = Profile.of(pd.DataFrame(data))
        self.profile = dataclasses.replace(learned, pairs=None)
        self.layout = Layout.of(self.profile, {})
        self.weights = self.layout.weights * monitors
        owner = np.array([int(statistic.columns[0].split(":")[0]) for statistic in self.layout.statistics])
        self.order = np.argsort(owner, kind="stable")
        self.starts = np.searchsorted(owner[self.order], np.arange(monitors))
        self.past = self._tally(self.effects[:reference])
        self.future = self.effects[reference:]

    def _tally(self, effects: np.ndarray, shift: float = 0.0) -> Tally:
        """Counts of days with these effects; the first column of each monitor is moved by `shift`."""
        parts, many = [], len(effects)
        for number, column in enumerate(self.profile.columns.values()):
            effect = effects[:, number] + (shift if number % COLUMNS == 0 else 0.0)
            whole = np.full(many, self.rows)
            if isinstance(column, NumericColumn):
                edges = np.array([column.low, *column.edges, column.high])
                cdf = ndtr(edges - effect[:, None])
                p = np.diff(cdf, axis=1, prepend=0.0, append=1.0)
                counts = self.rng.multinomial(self.rows, np.clip(p, 0, 1))
                below, above, inside = counts[:, 0], counts[:, -1], counts[:, 1:-1].copy()
                inside[:, 0] += below
                inside[:, -1] += above
                zero = np.zeros(many, dtype=int)
                parts.append(np.column_stack([whole, whole, whole, zero, zero, below, above, inside]))
            else:
                zero = np.zeros(many, dtype=int)
                p = 1 / (1 + np.exp(-_SWING * effect))
                ones = self.rng.binomial(self.rows, p)
                kept = [ones if value == "b" else self.rows - ones for value in column.values]
                parts.append(np.column_stack([whole, whole, zero, whole, zero, zero, *kept]))
        none = np.zeros((many, 0), dtype=int)
        return Tally(np.concatenate(parts, axis=1), none, np.zeros((many, 0, 3)))

    def watch(
        self, days: int, tolerance: Tolerance, *, threshold: float, change: int | None = None, shift: float = 0.0
    ):
        """Return where each monitor raised an alarm, shape (days, monitors); each is acknowledged at once."""
        one = _each(self.past)
        origin = Tally(*(np.asarray(getattr(self.past, f)).sum(axis=0) for f in ("cells", "pair_rows", "pair_sums")))
        effects = BatchEffects.learn(self.layout, [(batch, origin) for batch in one])
        calm = days if change is None else change
        batches = [*_each(self._tally(self.future[:calm])), *_each(self._tally(self.future[calm:days], shift))]
        level = np.zeros((len(self.weights), 10), dtype=np.int64)
        alarms = np.zeros((days, self.monitors), dtype=bool)
        for day, batch in enumerate(batches):
            uniform = self.rng.random(len(self.weights))
            surprise = effects.judge(self.layout, batch, origin, uniform=uniform, tolerance=tolerance)
            stepped = shiryaev_roberts(level, surprise.up, surprise.down)
            level = np.where(surprise.moved[:, None], stepped, level)
            evidence = (self.weights * change_evidence(level))[self.order]
            alarms[day] = np.maximum.reduceat(evidence, self.starts) >= threshold
            level[self.order] = np.where(
                np.repeat(alarms[day], np.diff([*self.starts, len(level)]))[:, None], 0, level[self.order]
            )
            effects = effects.updated(self.layout, batch, origin)
        return alarms

    def false_alarms(self, tolerance: Tolerance, *, promise: float, years: int) -> Rate:
        """Alarms a year of monitors that nothing happens to."""
        alarms = self.watch(years * DAYS, tolerance, threshold=DAYS / promise)
        return Rate.of(alarms.sum(axis=0), alarms[:DAYS].sum(axis=0), years)

    def delays(
        self, tolerance: Tolerance, *, promise: float, shift: float, start: int = 100, most: int = 60
    ) -> np.ndarray:
        """Days from a move of the first column to the first alarm; infinite when there was none."""
        alarms = self.watch(start + most, tolerance, threshold=DAYS / promise, change=start, shift=shift)[start:]
        return np.where(alarms.any(axis=0), alarms.argmax(axis=0) + 1.0, np.inf)


def _each(days: Tally) -> list[Tally]:
    return [Tally(*parts) for parts in zip(days.cells, days.pair_rows, days.pair_sums, strict=True)]
