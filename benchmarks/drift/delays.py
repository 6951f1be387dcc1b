"""Days from a change to the alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drift.changes import Change
from drift.course import Course, Letters
from drift.population import Counter, Population
from drift.watching import Terms, Watcher
from drift.worlds import World, plain
from maturekit.profile import Profile

MOST = 60
_BLOCKS = (2, 6, 12, 20, 20)  # days judged at once; most changes are found in the first two


@dataclass(frozen=True)
class Delay:
    """Median and 90 % quantile of days; infinite when not found within `MOST`."""

    median: float
    late: float
    never: float

    @classmethod
    def of(cls, days: np.ndarray) -> Delay:
        return cls(float(np.median(days)), float(np.quantile(days, 0.9, method="higher")), float(np.isinf(days).mean()))

    def __str__(self) -> str:
        return f"{_days(self.median)} ({_days(self.late)})"


def _days(days: float) -> str:
    return "-" if np.isinf(days) else f"{days:g}"


class Story:
    """A large table of the plain world before a change, and after each of several changes, day by day if it grows."""

    def __init__(self, changes: Sequence[Change], rng: np.random.Generator, *, rows: int = 1 << 17) -> None:
        self.changes = changes
        self.world = World("plain", plain, {"performance": ["loss"]})
        self.before = Population(plain(rng, rows))
        self.after = [
            [
                self.before.changed(change.columns(rng, self.before.frame, day))
                for day in range(MOST if change.grows else 1)
            ]
            for change in changes
        ]

    def delays(
        self, sizes: Sequence[int], *, reference: int, runs: int, start: int, terms: Terms, rng: np.random.Generator
    ) -> np.ndarray:
        """Days to the first alarm; shape (changes, sizes, tolerances, promises, runs), infinite if there was none."""
        found = np.full((len(self.changes), len(sizes), *terms.shape, runs), np.inf)
        for run in range(runs):
            frame = self.before.frame.take(rng.integers(0, len(self.before.frame), reference))
            profile = Profile.of(frame, random_state=rng)
            counter, codes = Counter(profile), self.before.coded(profile)
            changed = [[after.coded(profile, like=self.before, known=codes) for after in days] for days in self.after]
            for number, rows in enumerate(sizes):
                calm = Course(Watcher(profile, terms, self.world.groups), counter, rng, rows)
                calm.days(codes, start)
                for change, letters in enumerate(changed):
                    found[change, number, ..., run] = _first(calm.copy(), letters)
        return found


def _first(course: Course, letters: list[Letters]) -> np.ndarray:
    """Days to the first alarm of each kind, under one changed law, or one for each day."""
    found, gone = np.full(course.watcher.terms.shape, np.inf), 0
    for block in _BLOCKS:
        if len(letters) == 1:
            alarm = course.days(letters[0], block)
        else:
            alarm = np.concatenate([course.days(day, 1) for day in letters[gone : gone + block]], axis=-1)
        first = np.where(alarm.any(axis=-1), gone + alarm.argmax(axis=-1) + 1.0, np.inf)
        found, gone = np.minimum(found, first), gone + block
        if np.isfinite(found).all():
            break
    return found
