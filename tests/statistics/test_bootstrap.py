"""The bootstrap: near its confidence, repeatable, and honest where the statistic is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics import bootstrap


def test_bootstrap_of_a_mean_covers_about_as_often_as_it_says():
    draws = np.random.default_rng(4).normal(5.0, 1.0, size=(300, 60))
    found = [bootstrap(lambda rows, values=values: values[rows].mean(), 60, resamples=200) for values in draws]
    covered = np.mean([low <= 5.0 <= high for low, high in found])
    assert covered == pytest.approx(0.94, abs=3 * 0.013)  # percentiles fall short by a point; standard error .013


def test_an_int_gives_the_same_interval_every_time():
    values = np.arange(50.0)
    first, second = (bootstrap(lambda rows: np.median(values[rows]), 50, random_state=3) for _ in range(2))
    assert first == second
    assert first != bootstrap(lambda rows: np.median(values[rows]), 50, random_state=4)


def test_few_rows_are_not_enough_evidence():
    with pytest.raises(NotEnoughEvidenceError, match="a bootstrap needs at least 10 rows, got 9"):
        bootstrap(lambda rows: rows.mean(), 9)


def test_a_statistic_that_is_often_undefined_is_not_enough_evidence():
    values = np.arange(20) == 0  # one positive row of twenty: a third of the draws has none

    def statistic(rows):
        return 1 / int(values[rows].sum())

    with pytest.raises(NotEnoughEvidenceError, match=r"undefined in \d+% of the bootstrap's draws"):
        bootstrap(statistic, 20)


def test_an_error_of_another_kind_is_the_caller_s():
    def statistic(rows):
        raise KeyError("typo")

    with pytest.raises(KeyError, match="typo"):
        bootstrap(statistic, 20)


def test_too_few_resamples_are_refused():
    with pytest.raises(ArgumentError, match="at least 100 resamples, got 10"):
        bootstrap(lambda rows: rows.mean(), 20, resamples=10)
