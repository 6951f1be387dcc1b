"""Student's intervals of means and of paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics import mean, mean_difference


def test_t_interval_covers_the_true_mean_as_often_as_it_says():
    draws = np.random.default_rng(2).exponential(1.0, size=(3000, 100))
    covered = np.mean([interval.low <= 1.0 <= interval.high for interval in map(mean, draws)])
    assert covered == pytest.approx(0.945, abs=3 * 0.004)  # skewness costs half a point; standard error .004


def test_pairing_removes_what_both_models_share():
    numbers = np.random.default_rng(3)
    hard = numbers.normal(0, 10, size=400)  # the same rows are hard for both
    first, second = hard + numbers.normal(0, 1, size=400), hard + 0.5 + numbers.normal(0, 1, size=400)
    paired = mean_difference(first, second)
    assert paired.above(0.0) == "passed"
    assert paired.high - paired.low < 0.2 * (mean(second).high - mean(second).low)


def test_a_mean_of_one_row_has_no_interval():
    with pytest.raises(NotEnoughEvidenceError, match="needs at least 2 rows, got 1"):
        mean([1.0])


def test_equal_values_say_nothing_of_their_spread():
    with pytest.raises(NotEnoughEvidenceError, match="all 3 values are equal"):
        mean([0.1, 0.1, 0.1])
    with pytest.raises(NotEnoughEvidenceError, match="all 3 values are equal"):
        mean_difference([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("values", [[1.0, np.nan], [1.0, np.inf], [[1.0, 2.0]], ["a", "b"], None])
def test_what_is_not_one_number_a_row_is_refused(values):
    with pytest.raises(ArgumentError):
        mean(values)


def test_pairs_of_different_length_are_refused():
    with pytest.raises(ArgumentError, match="one number for each of 2 rows"):
        mean_difference([1.0, 2.0], [1.0, 2.0, 3.0])
