"""z of a count is standard normal whatever the share, the batch and the pool."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import hypergeom

from maturekit.statistics import z_of_counts

DRAWS = 40_000


@pytest.mark.parametrize("p", [0.002, 0.02, 0.4])
@pytest.mark.parametrize("rows", [50, 1_000, 10_000])
@pytest.mark.parametrize("pool", [1_000, 100_000])
def test_z_is_standard_normal_in_mean_spread_and_tails(p, rows, pool):
    rng = np.random.default_rng(20130501)
    z = z_of_counts(rng.binomial(rows, p, DRAWS), rows, rng.binomial(pool, p, DRAWS), pool, rng.random(DRAWS))
    assert abs(z.mean()) < 4 / math.sqrt(DRAWS)
    assert z.std() < 1 + 4 / math.sqrt(2 * DRAWS)  # below 1 where often nobody has the property
    for bound in (2.0, 3.0):
        expected = DRAWS * ndtr(-bound)
        for tail in ((z > bound).sum(), (z < -bound).sum()):
            assert tail < expected + 4 * math.sqrt(expected)
    if p * (rows + pool) > 100:
        assert z.std() > 1 - 4 / math.sqrt(2 * DRAWS)


@pytest.mark.parametrize(
    ("count", "rows", "pool_count", "pool_rows"), [(3, 50, 2, 100), (0, 40, 5, 60), (30, 30, 2, 90)]
)
def test_small_counts_have_the_exact_tail_of_the_hypergeometric_law(count, rows, pool_count, pool_rows):
    law = hypergeom(rows + pool_rows, count + pool_count, rows)
    above = law.sf(count) + 0.3 * law.pmf(count)
    below = law.cdf(count - 1) + 0.3 * law.pmf(count)
    z = float(z_of_counts([count], [rows], [pool_count], [pool_rows], [0.3])[0])
    expected = above if z > 0 else below
    assert float(ndtr(-abs(z))) == pytest.approx(expected, rel=1e-9)


def test_large_counts_agree_with_the_exact_law():
    rows, pool, pool_count = 2_000, 20_000, 2_000
    counts = np.arange(120, 290, 10)
    z = z_of_counts(counts, rows, pool_count, pool, 0.5)
    law = hypergeom(rows + pool, counts + pool_count, rows)
    middle = law.sf(counts) + 0.5 * law.pmf(counts)
    np.testing.assert_allclose(ndtr(-z), middle, rtol=0.02)  # over 16 orders of magnitude


def test_more_in_the_batch_is_positive_and_both_sides_mirror_each_other():
    up = z_of_counts([60], [1_000], [400], [10_000], [0.5])
    down = z_of_counts([940], [1_000], [9_600], [10_000], [0.5])
    assert up[0] > 0
    assert down[0] == pytest.approx(-up[0])


@pytest.mark.parametrize("case", [(0, 0, 5, 10), (3, 10, 0, 0), (0, 10, 0, 10), (10, 10, 20, 20)])
def test_nothing_to_compare_gives_zero(case):
    assert z_of_counts(*case, 0.5).tolist() == 0.0


def test_extreme_counts_stay_finite():
    z = z_of_counts([10_000_000, 0], [10_000_000, 10_000_000], [0, 10_000_000], [10_000_000, 10_000_000], [0.5, 0.5])
    assert np.isfinite(z).all()
    assert z[0] > 30 and z[1] < -30


def test_shapes_broadcast():
    assert z_of_counts(np.ones((2, 3)), 10, np.ones(3), 20, 0.5).shape == (2, 3)
