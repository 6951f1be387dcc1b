"""False alarms in clean years."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from drift.population import Counter, Population
from drift.watching import DAYS, Terms, Watcher
from drift.worlds import World
from maturekit.profile import Profile

Sizes = Callable[[np.random.Generator, int], np.ndarray]
"""Rows of each of so many days."""


@dataclass(frozen=True)
class Rate:
    """Alarms a year, with the Monte-Carlo standard error, and in which share of references the first year had one."""

    alarms: float
    error: float
    first_year: float

    @classmethod
    def of(cls, alarms: np.ndarray, first: np.ndarray, years: float) -> Rate:
        """From the alarms of each reference in so many years; an error is at least that of one alarm."""
        error = max(float(np.std(alarms, ddof=1)), float(len(alarms) ** -0.5)) / np.sqrt(len(alarms)) / years
        return cls(float(alarms.mean()) / years, error, float((first > 0).mean()))

    def __str__(self) -> str:
        return f"{self.alarms:.3f} ({self.error:.3f})"


class Place:
    """A world with a large table of each of its seasons, from which references and batches are drawn."""

    def __init__(self, world: World, rng: np.random.Generator, *, rows: int) -> None:
        self.world = world
        self.populations = {season: Population(world.frame(rng, rows, season)) for season in world.seasons}

    def reference(self, rng: np.random.Generator, rows: int) -> Profile:
        """Draw rows, and learn bins, dictionaries and pairs from them."""
        parts, labels = [], []
        for season, share in self.world.seasons.items():
            frame = self.populations[season].frame
            parts.append(frame.take(rng.integers(0, len(frame), round(rows * share))))
            labels += [season] * len(parts[-1])
        classes = labels if len(self.world.seasons) > 1 else None
        return Profile.of(pd.concat(parts, ignore_index=True), classes=classes, random_state=rng)


def steady(rows: int) -> Sizes:
    """The same number of rows every day."""
    return lambda _, days: np.full(days, rows)


def changing(low: int, high: int) -> Sizes:
    """Any number of rows between two, log-uniformly."""
    return lambda rng, days: np.exp(rng.uniform(np.log(low), np.log(high + 1), days)).astype(int)


def false_alarms(
    place: Place, sizes: Sizes, *, reference: int, references: int, years: int, terms: Terms, rng: np.random.Generator
) -> list[list[Rate]]:
    """Alarms a year for each tolerance and promise, over several references that are watched some years each."""
    found = np.array(
        [
            watched(place, place.reference(rng, reference), sizes(rng, years * DAYS), terms=terms, rng=rng)
            for _ in range(references)
        ]
    )
    sums, first = found.sum(axis=-1), found[..., :DAYS].sum(axis=-1)
    return [
        [Rate.of(sums[:, t, p], first[:, t, p], years) for p in range(terms.shape[1])] for t in range(terms.shape[0])
    ]


def watched(place: Place, profile: Profile, sizes: np.ndarray, *, terms: Terms, rng: np.random.Generator) -> np.ndarray:
    """Whether there was an alarm, by tolerance, promise and day, in one stretch of clean days."""
    watcher, counter = Watcher(profile, terms, place.world.groups), Counter(profile)
    codes = {season: population.coded(profile) for season, population in place.populations.items()}
    seasons = np.array([place.world.season(day) for day in range(len(sizes))])
    alarms = [
        watcher.watch(days, those, rng.random((len(those), watcher.layout.counts))) >= watcher.thresholds[:, None]
        for days, those in _drawn(counter, codes, seasons, sizes, rng)
    ]
    return np.concatenate(alarms, axis=-1)


def _drawn(
    counter: Counter,
    codes: dict[str, list[np.ndarray]],
    seasons: np.ndarray,
    sizes: np.ndarray,
    rng: np.random.Generator,
) -> Iterator[tuple[object, list[str]]]:
    """Counts of the days, in stretches of days of one season or, without seasons, of half a year."""
    step = len(sizes) if len(codes) > 1 else 183
    cuts = np.flatnonzero(seasons[1:] != seasons[:-1]) + 1 if len(codes) > 1 else np.arange(step, len(sizes), step)
    for start, stop in zip([0, *cuts], [*cuts, len(sizes)], strict=True):
        season = str(seasons[start])
        yield counter.days(codes[season], rng, sizes[start:stop]), [season] * int(stop - start)
