"""What `drift.Monitor` does with batches, for many days at once and several promises and tolerances side by side.

The pool of a day is the reference and all days before, whether or not there was an alarm (each is acknowledged at once),
so all days are judged in one call; only the evidence goes on day by day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maturekit.drift.engine import judge
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import Profile
from maturekit.statistics import change_evidence, shiryaev_roberts

DAYS = 365
NONE = Tolerance(0.0, 0.0, 0.0)
_CELLS_AT_ONCE = 400_000


@dataclass(frozen=True)
class Terms:
    """What is asked of a monitor; every tolerance is watched at every promise (false alarms a year)."""

    tolerances: Sequence[Tolerance] = (NONE, Tolerance())
    promises: Sequence[float] = (1.0, 0.1)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.tolerances), len(self.promises)


class Watcher:
    """One reference, watched on several terms; `levels` has the shape (tolerances, promises, statistics, 10)."""

    def __init__(self, profile: Profile, terms: Terms, groups: Mapping[str, Sequence[str]]) -> None:
        self.terms = terms
        self.layout = Layout.of(profile, groups)
        self.pools = {season: Tally.of(part) for season, part in (profile.classes or {"": profile}).items()}
        self.levels = np.zeros((*terms.shape, len(self.layout.statistics), 10), dtype=np.int64)
        self.thresholds = DAYS / np.array(terms.promises)

    def copy(self) -> Watcher:
        """The same state, to go on in another way."""
        twin = object.__new__(Watcher)
        twin.__dict__.update(self.__dict__, pools=dict(self.pools))
        return twin

    def rebase(self, pool: Tally) -> None:
        """Start from these counts, without evidence."""
        self.pools = {"": pool}
        self.levels = np.zeros_like(self.levels)

    def watch(self, days: Tally, seasons: Sequence[str], uniform: np.ndarray) -> np.ndarray:
        """Judge days in order; return the strongest evidence, shape (tolerances, promises, days)."""
        block = max(1, _CELLS_AT_ONCE // max(days.cells.shape[1], 1))
        found = [
            self._block(
                _days(days, slice(start, start + block)), seasons[start : start + block], uniform[start : start + block]
            )
            for start in range(0, len(days.cells), block)
        ]
        return np.concatenate(found, axis=-1)

    def _block(self, days: Tally, seasons: Sequence[str], uniform: np.ndarray) -> np.ndarray:
        shape = (len(self.terms.tolerances), len(days.cells), len(self.layout.statistics))
        up, down, moved = np.zeros(shape), np.zeros(shape), np.zeros(shape[1:], dtype=bool)
        for season in dict.fromkeys(seasons):
            those = np.flatnonzero(np.array(seasons) == season)
            batch, pool = _days(days, those), self._grow(season, _days(days, those))
            for number, tolerance in enumerate(self.terms.tolerances):
                surprise = judge(self.layout, batch, pool, uniform=uniform[those], tolerance=tolerance)
                up[number, those], down[number, those], moved[those] = surprise.up, surprise.down, surprise.moved
        strongest = np.empty((*self.terms.shape, shape[1]))
        for day in range(shape[1]):
            stepped = shiryaev_roberts(self.levels, up[:, None, day], down[:, None, day])
            self.levels = stepped if moved[day].all() else np.where(moved[day, :, None], stepped, self.levels)
            strongest[..., day] = (self.layout.weights * change_evidence(self.levels)).max(axis=-1)
            alarm = strongest[..., day] >= self.thresholds
            if alarm.any():
                self.levels = np.where(alarm[..., None, None], 0, self.levels)
        return strongest

    def _grow(self, season: str, days: Tally) -> Tally:
        """What each of these days is compared with; the pool of the season has grown by all of them afterwards."""
        pool, fields = self.pools[season], ("cells", "pair_rows", "pair_sums")
        grown = [np.cumsum([getattr(pool, f), *getattr(days, f)], axis=0) for f in fields]
        self.pools[season] = Tally(*(part[-1] for part in grown))
        return Tally(*(part[:-1] for part in grown))


def _days(tally: Tally, those: slice | np.ndarray) -> Tally:
    return Tally(tally.cells[those], tally.pair_rows[those], tally.pair_sums[those])
