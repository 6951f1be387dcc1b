"""Seasons are learned when they are there, and not when they are not."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, Seasons
from maturekit.errors import ArgumentError, NotEnoughEvidenceError, NotFoundError, TableError
from maturekit.profile import Profile


def table(rng, weeks=12, per_hour=4, *, weekend=0.0, night=0.0, trend=0.0):
    at = pd.date_range("2024-01-01", periods=weeks * 7 * 24, freq="h").repeat(per_hour)
    n = len(at)
    x = (
        rng.normal(size=n)
        + weekend * (at.day_of_week >= 5)
        + night * ((at.hour < 6) | (at.hour >= 22))
        + trend * np.arange(n) / n
    )
    return pd.DataFrame({"at": at, "x": x, "y": rng.normal(size=n), "kind": rng.choice(np.array(["a", "b"]), n)})


@pytest.mark.parametrize(
    ("effects", "batches", "classes"),
    [
        ({"weekend": 0.4}, "day", {"working day", "weekend"}),
        ({"night": 0.5}, "hour", {"day", "night"}),
        (
            {"weekend": 0.8, "night": 0.8},
            "hour",
            {"working day day", "working day night", "weekend day", "weekend night"},
        ),
        ({}, "day", {"all"}),
        ({"night": 0.5}, "day", {"all"}),
    ],
)
def test_the_classes_that_are_there_are_found(effects, batches, classes):
    frame = table(np.random.default_rng(0), **effects)
    found = Seasons.learn(frame, time="at", batches=batches)
    assert set(found.labels(frame["at"])) == classes


@pytest.mark.parametrize("batches", ["day", "hour"])
def test_where_there_is_no_season_one_is_seldom_learned(batches):
    """50 tables without seasons; a finer class than "all" in at most a quarter (observed: under a tenth)."""
    found = Counter()
    for seed in range(50):
        frame = table(np.random.default_rng(seed), weeks=5, per_hour=2, trend=0.2)
        found[repr(Seasons.learn(frame, time="at", batches=batches))] += 1
    assert found["Seasons('all')"] >= 38, found


def test_a_monitor_with_learned_seasons_is_quiet_in_weeks_like_the_reference():
    rng = np.random.default_rng(2)
    frame = table(rng, weekend=0.5)
    seasons = Seasons.learn(frame, time="at", batches="day")
    profile = Profile.of(frame[["x", "y", "kind"]], classes=seasons.labels(frame["at"]))
    monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    later = table(rng, weeks=3, weekend=0.5)
    for day, rows in later.groupby(later["at"].dt.date):
        assert not monitor.update(rows[["x", "y", "kind"]], batch=str(day), season=seasons.of(day)).alarm


def test_what_cannot_be_learned_is_said():
    frame = table(np.random.default_rng(2), weeks=1)
    with pytest.raises(NotEnoughEvidenceError, match="14 batches, got 7"):
        Seasons.learn(frame, time="at", batches="day")
    with pytest.raises(NotFoundError, match="when"):
        Seasons.learn(frame, time="when", batches="day")
    with pytest.raises(TableError, match="as moments"):
        Seasons.learn(frame, time="kind", batches="day")
    with pytest.raises(ArgumentError, match="'day' or 'hour'"):
        Seasons.learn(frame, time="at", batches="week")
    with pytest.raises(TableError, match="1 moments are missing"):
        Seasons().labels(pd.Series([pd.NaT, pd.Timestamp("2024-01-01")]))
    with pytest.raises(ArgumentError, match="7 weekdays"):
        Seasons(weekdays=("all",))
