"""Intervals by units: right where rows of a unit are alike, and equal to Student's where each unit is one row."""

from __future__ import annotations

import numpy as np
import pytest

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics import BrierScore, RocAuc, jackknife, mean

ROUNDS, UNITS, ROWS = 400, 20, 15


def _clustered(seed):
    """Rows whose unit explains half of their variance; the true mean is 0."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(UNITS), ROWS)
    return rng.normal(size=UNITS)[units] + rng.normal(size=UNITS * ROWS), units


def test_one_row_a_unit_is_students_interval():
    values = np.array([1.0, 4.0, 2.0, 8.0])
    by_unit = jackknife(lambda rows: values[rows].mean(), range(4))
    plain = mean(values)
    assert (by_unit.low, by_unit.high) == (pytest.approx(plain.low), pytest.approx(plain.high))


def test_coverage_holds_by_units_and_fails_by_rows():
    by_unit = by_row = 0
    for seed in range(ROUNDS):
        values, units = _clustered(seed)
        one, other = jackknife(lambda rows, v=values: v[rows].mean(), units), mean(values)
        by_unit += one.low <= 0 <= one.high
        by_row += other.low <= 0 <= other.high
    se = np.sqrt(0.95 * 0.05 / ROUNDS)  # 0.011
    assert by_unit / ROUNDS == pytest.approx(0.95, abs=3 * se)
    assert by_row / ROUNDS < 0.75  # rows taken for independent promise 0.95


def _two_models(seed):
    """Scores of two equally good models; which one does better depends on the day."""
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(UNITS), ROWS)
    truth = rng.random(UNITS * ROWS) < 0.4
    day = rng.normal(scale=1.0, size=(2, UNITS))[:, units]
    signal = truth + rng.normal(size=UNITS * ROWS)
    return truth, signal + day[0], signal + day[1], units


def test_equally_good_models_are_called_better_at_the_stated_rate():
    better = 0
    for seed in range(ROUNDS):
        truth, first, second, units = _two_models(seed)
        better += RocAuc().difference(truth, first, second, units=units).above(0.0) == "passed"
    assert better / ROUNDS <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / ROUNDS)  # 0.025 + 3 x 0.008


def test_a_model_that_is_better_every_day_passes():
    truth, _, _, units = _two_models(0)
    gain = BrierScore().difference(truth, np.full(len(truth), 0.4), np.where(truth, 0.6, 0.3), units=units)
    assert gain.above(0.0) == "passed"
    assert gain.second - gain.first == pytest.approx(gain.value)


@pytest.mark.parametrize("units", [["a"] * 4, ["a", "a", "a", "b"]])
def test_what_cannot_be_measured_is_said(units):
    with pytest.raises(NotEnoughEvidenceError, match="units"):
        jackknife(lambda rows: 1.0, units)


def test_missing_units_are_refused():
    with pytest.raises(ArgumentError, match="none missing"):
        jackknife(lambda rows: 1.0, ["a", None, "b"])


def test_units_must_fit_the_rows():
    with pytest.raises(ArgumentError, match="one for each of 3 rows"):
        RocAuc().interval([0, 1, 1], [0.1, 0.2, 0.3], units=["a", "b"])
