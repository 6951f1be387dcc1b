"""A score that sees three columns stop belonging together while every pair stays as it is."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import JointScore, Monitor
from maturekit.errors import NotEnoughEvidenceError
from maturekit.profile import Profile


def rows(rng, n, *, together=True):
    x = rng.normal(size=(n, 4))
    if together:
        x[:, 2] = abs(x[:, 2]) * np.sign(x[:, 0] * x[:, 1])
    city = np.where(x[:, 3] > 0, "Rome", "Oslo").astype(object)
    city[::50] = None
    return pd.DataFrame(x[:, :3], columns=["a", "b", "c"]).assign(city=city)


@pytest.fixture(scope="module")
def score():
    return JointScore.fit(rows(np.random.default_rng(0), 3_000), trees=60)


@pytest.mark.parametrize("with_score", [False, True])
def test_a_three_way_dependence_that_breaks_is_found_by_the_score_only(score, with_score):
    views = [score] if with_score else []
    rng = np.random.default_rng(1)
    profile = Profile.of(rows(rng, 5_000), views=views)
    monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    for day in range(6):
        today = rows(rng, 300, together=day < 3)
        reading = monitor.update(Profile.of(today, like=profile, views=views), batch=f"{day}")
        assert reading.alarm == (with_score and day >= 3), day
    if with_score:
        assert reading.causes[0].columns == ("joint score",)


def test_unchanged_rows_score_alike_whatever_they_are_stored_in(score):
    frame = rows(np.random.default_rng(2), 100)
    stored = frame.assign(city=frame["city"].astype("category"), a=frame["a"].astype("float32").astype("float64"))
    np.testing.assert_allclose(score.of(frame), score.of(stored), atol=0.1)
    frame.loc[0, "a"], frame.loc[1, "a"] = np.inf, np.nan
    assert np.isfinite(score.of(frame)).all()
    assert len(score.of(frame.head(0))) == 0


def test_it_survives_pickling_and_needs_rows_to_learn_from(score):
    frame = rows(np.random.default_rng(3), 10)
    pd.testing.assert_series_equal(pickle.loads(pickle.dumps(score)).of(frame), score.of(frame))
    with pytest.raises(NotEnoughEvidenceError, match="at least 100 rows"):
        JointScore.fit(frame)
