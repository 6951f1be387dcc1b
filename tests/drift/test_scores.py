"""Scores of ranks: uniform again, and sensitive to what they are named after."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from maturekit.drift.scores import SCORES, scores_of

RANKS = (np.arange(100_000) + 0.5) / 100_000


@pytest.mark.parametrize("score", range(len(SCORES)))
def test_scores_of_an_unchanged_continuous_column_are_uniform(score):
    counts, _ = np.histogram(scores_of(RANKS)[score], bins=20, range=(0, 1))
    assert (abs(counts - 5_000) <= 2).all()


def seen(values, score):
    """How far the mean of a score moves, in standard errors of 1,000 rows of a standardised sample."""
    standard = (values - values.mean()) / values.std()
    return (scores_of(stats.norm.cdf(standard))[SCORES.index(score)].mean() - 0.5) / np.sqrt(1 / 12 / 1_000)


@pytest.mark.parametrize(
    ("score", "values", "least"),
    [
        ("skewness", stats.gamma(8).ppf(RANKS), 6.0),
        ("kurtosis", stats.t(5).ppf(RANKS), 4.5),
        ("kurtosis", -1, 1.4),
    ],
)
def test_changes_that_leave_mean_and_variance_alone_are_seen(score, values, least):
    if np.isscalar(values):  # two humps at +-.6 sd
        halves = [stats.norm.ppf(RANKS[::2]) * 0.8 + hump for hump in (-0.6, 0.6)]
        assert seen(np.concatenate(halves), score) < -least
    else:
        assert seen(values, score) > least
