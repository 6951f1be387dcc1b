"""z of a mean of bounded scores, given the bag."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maturekit.statistics import z_of_means

DRAWS = 20_000


def _sums(scores):
    return np.stack([(scores**power).sum(axis=-1) for power in (1, 2, 3)])


@pytest.mark.parametrize(("rows", "pool"), [(5, 300), (200, 1_000)])
@pytest.mark.parametrize("score", ["location", "spread", "shape"])
def test_z_of_rank_scores_is_standard_normal_even_for_five_rows(rows, pool, score):
    rng = np.random.default_rng(1)
    tents = {
        "location": lambda u: u,
        "spread": lambda u: np.abs(2 * u - 1),
        "shape": lambda u: np.abs(2 * np.abs(2 * u - 1) - 1),
    }
    batch, rest = (tents[score](rng.random((DRAWS // 4, n))) for n in (rows, pool))
    z, sd = z_of_means(rows, _sums(batch), pool, _sums(rest))
    assert abs(z.mean()) < 4 / math.sqrt(len(z))
    assert abs(z.std() - 1) < 4 / math.sqrt(2 * len(z))
    assert (np.abs(z) > 3).mean() < 0.0027 + 4 * math.sqrt(0.0027 / len(z))
    assert sd.mean() == pytest.approx(math.sqrt(1 / 12), rel=0.01)


def test_scores_that_are_too_skewed_for_the_sample_say_nothing():
    batch, rest = np.zeros(10), np.r_[np.zeros(990), np.ones(10)]
    z, sd = z_of_means(10, _sums(batch), 1_000, _sums(rest))
    assert (z.tolist(), sd.tolist()) == (0.0, 0.0)


@pytest.mark.parametrize(("rows", "pool"), [(0, 10), (10, 0), (10, 10)])
def test_empty_sides_and_equal_scores_give_zero(rows, pool):
    z, _ = z_of_means(rows, _sums(np.ones(rows)), pool, _sums(np.ones(pool)))
    assert z.tolist() == 0.0
