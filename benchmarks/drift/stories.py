"""Changes that come and go, and what happens after `rebase`."""

from __future__ import annotations

import numpy as np

from drift.changes import Change
from drift.course import Course
from drift.delays import Story
from drift.population import Counter
from drift.watching import DAYS, NONE, Terms, Watcher
from drift.years import Place, Rate
from maturekit.profile import Profile

Rng = np.random.Generator
_ONE = Terms((NONE,), (1.0,))


def returning(change: Change, rng: Rng, *, rows: int, lasts: int, apart: int, times: int, runs: int) -> np.ndarray:
    """Whether each visit of a change is found while it lasts; shape (runs, times).

    It comes on day 100, stays some days, goes, and comes again; every alarm is acknowledged, so its days join the pool.
    """
    story = Story([change], rng)
    found = np.zeros((runs, times), dtype=bool)
    for run in range(runs):
        frame = story.before.frame
        profile = Profile.of(frame.take(rng.integers(0, len(frame), 10_000)), random_state=rng)
        course = Course(Watcher(profile, _ONE, story.world.groups), Counter(profile), rng, rows)
        calm = story.before.coded(profile)
        strange = story.after[0][0].coded(profile, like=story.before, known=calm)
        course.days(calm, 100)
        for visit in range(times):
            found[run, visit] = course.days(strange, lasts).any()
            course.days(calm, apart)
    return found


def rebased_on_change(change: Change, rng: Rng, *, rows: int, held: int, runs: int) -> Rate:
    """False alarms in the year after a real change was accepted with the batches of so many days since its alarm.

    The alarm comes on some day after day 100; its batch and those of the days after it, all changed, are the new pool.
    """
    story, alarms = Story([change], rng), []
    for _ in range(runs):
        frame = story.before.frame
        profile = Profile.of(frame.take(rng.integers(0, len(frame), 10_000)), random_state=rng)
        course = Course(Watcher(profile, _ONE, story.world.groups), Counter(profile), rng, rows)
        calm = story.before.coded(profile)
        strange = story.after[0][0].coded(profile, like=story.before, known=calm)
        course.days(calm, 100)
        since = None
        while since is None:
            before = course.watcher.pools[""]
            if course.days(strange, 1).any():
                since = before
        course.days(strange, held - 1)
        course.watcher.rebase(course.watcher.pools[""] + since * -1)
        alarms.append(course.days(strange, DAYS).sum())
    counts = np.array(alarms)
    return Rate.of(counts, counts, 1)


def rebased_on_nothing(
    place: Place, rng: Rng, *, rows: int, promise: float, years: int, references: int
) -> tuple[Rate, Rate]:
    """False alarms of a careless user, who rebases after every one on the batch that raised it; and if acknowledged."""
    counts: tuple[list[int], list[int]] = ([], [])
    for _ in range(references):
        profile = place.reference(rng, 10_000)
        counter, codes = Counter(profile), place.populations[""].coded(profile)
        for number, careless in enumerate((True, False)):
            course = Course(Watcher(profile, Terms((NONE,), (promise,)), place.world.groups), counter, rng, rows)
            alarms = 0
            for _ in range(years * DAYS):
                before = course.watcher.pools[""]
                if course.days(codes, 1).any():
                    alarms += 1
                    if careless:
                        course.watcher.rebase(course.watcher.pools[""] + before * -1)
            counts[number].append(alarms)
    one, two = (np.array(found) for found in counts)
    return Rate.of(one, one, years), Rate.of(two, two, years)
