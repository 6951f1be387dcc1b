"""p-values and bounds of the differences of two rank correlations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.drift.changes import changes_of_pairs
from maturekit.profile import Profile


def rows(rng, n, correlation):
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x, "y": correlation * x + np.sqrt(1 - correlation**2) * rng.normal(size=n)})


def changes(correlation, *, later, batch, runs):
    rng, found = np.random.default_rng(0), []
    for run in range(runs):
        if run % 20 == 0:
            reference = Profile.of(rows(rng, 5_000, correlation))
        found += [
            change for _, change in changes_of_pairs(reference, Profile.of(rows(rng, batch, later), like=reference))
        ]
    assert len(found) == runs
    return found


@pytest.mark.parametrize("correlation", [0.0, 0.7, 0.95])
def test_few_rows_of_an_unchanged_pair_are_rarely_called_changed(correlation):
    found = changes(correlation, later=correlation, batch=100, runs=200)
    small = np.mean([change.p < 0.01 for change in found])
    assert small <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 200)  # 0.075 at .95 when each side stood for its own variance
    assert np.mean([change.correlation[1] <= 0 <= change.correlation[2] for change in found]) >= 0.9


def test_few_rows_of_a_pair_that_came_apart_are_called_changed():
    found = changes(0.95, later=0.8, batch=100, runs=40)
    assert np.mean([change.p < 0.01 for change in found]) >= 0.85  # 0.97 of 500 when measured
