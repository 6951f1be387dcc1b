"""Shiryaev-Roberts sums: they grow by one a batch on average, and reach A at most once in A batches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maturekit.statistics import change_evidence, change_sums, leading_bet, shiryaev_roberts

EMPTY = np.zeros((1, 10), dtype=np.int64)


def test_one_step_is_the_formula():
    level = shiryaev_roberts(EMPTY, [1.5], [-2.0])
    bets, shares = np.array([0.35, 0.7, 1.4, 2.8, 5.6]), np.array([0.10, 0.20, 0.30, 0.25, 0.15])
    sums = np.r_[np.exp(bets * 1.5 - bets**2 / 2), np.exp(bets * -2.0 - bets**2 / 2)]
    np.testing.assert_allclose(np.expm1(level[0] / 1e6), sums, atol=2e-5)
    assert change_evidence(level)[0] == pytest.approx(np.r_[shares, shares] @ sums / 2, abs=1e-5)


def test_levels_are_rounded_down_so_that_rounding_never_makes_an_alarm():
    level = shiryaev_roberts(EMPTY, [0.1], [-0.1])
    exact = np.log1p(np.exp(0.35 * 0.1 - 0.35**2 / 2)) * 1e6
    assert 0 <= exact - level[0, 0] < 1


def test_alarms_of_normal_numbers_come_at_most_once_in_the_threshold():
    rng = np.random.default_rng(5)
    threshold, worlds, batches, alarms = 100.0, 400, 500, 0
    level = np.zeros((worlds, 10), dtype=np.int64)
    for _ in range(batches):
        z = rng.standard_normal(worlds)
        level = shiryaev_roberts(level, z, -z)
        reached = change_evidence(level) >= threshold
        alarms += reached.sum()
        level[reached] = 0
    promised = worlds * batches / threshold
    assert alarms + 3 * math.sqrt(alarms) < promised  # measured: about 0.4 of the promise
    assert alarms > 0.2 * promised  # and it is not idle


def test_a_shift_of_three_is_found_in_a_few_batches():
    level = EMPTY
    for _ in range(4):
        level = shiryaev_roberts(level, [3.0], [-3.0])
    assert change_evidence(level)[0] > 1e5


def test_evidence_is_capped_and_stays_finite():
    level = EMPTY
    for _ in range(3):
        level = shiryaev_roberts(level, [1e6], [-1e6])
    assert np.isfinite(change_evidence(level)).all()
    assert change_evidence(level)[0] > 1e198


def test_the_leading_bet_tells_direction_and_size():
    up, down = (leading_bet(shiryaev_roberts(EMPTY, [z], [-z]))[0] for z in (4.0, -4.0))
    assert (up, down) == (3, 8)


def test_sums_are_what_levels_stand_for():
    level = np.full((1, 10), round(np.log1p(3.0) * 1e6), dtype=np.int64)
    np.testing.assert_allclose(change_sums(level), 3.0, atol=1e-5)
