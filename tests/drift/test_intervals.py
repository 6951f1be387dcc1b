"""Bounds of distances contain the true one, from no change to a large one, with few rows and with many cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

from maturekit.drift.intervals import Noise, bounds, share_bounds
from maturekit.profile import (
    CategoryColumn,
    Distance,
    JensenShannon,
    KolmogorovSmirnov,
    NumericColumn,
    PopulationStability,
    TotalVariation,
    Wasserstein,
)


class LargestShare(Distance):
    name, unit = "largest-share", "share of rows"

    def _distance(self, p, q, positions):
        return np.abs(p - q).max(axis=-1)


DISTANCES = (
    JensenShannon(),
    TotalVariation(),
    KolmogorovSmirnov(),
    Wasserstein(),
    PopulationStability(),
    LargestShare(),
)


def normal(shift):
    """A normal column in 32 bins, its true shares before, and after a shift in standard deviations."""
    column = NumericColumn.of(pd.Series(np.linspace(0.0005, 0.9995, 20_000), name="rank"), kind="float")
    edges = np.array([0.0, *column.edges, 1.0])
    moved = ndtr(ndtri(np.clip(edges, 1e-12, 1 - 1e-12)) - shift)
    moved[[0, -1]] = 0.0, 1.0
    return column, np.pad(np.diff(edges), 1), np.pad(np.diff(moved), 1)


def categories(steep, change):
    """Fifty values and the rest, of which one gains a share `change` of the rows."""
    p = np.arange(1, 51.0) ** -float(steep)
    p /= p.sum()
    values = pd.Series(np.repeat([f"v{i:02}" for i in range(50)], np.rint(10_000 * p).astype(int)), name="value")
    column = CategoryColumn.of(values, kind="string", learnt=np.ones(len(values), dtype=np.bool_))
    return column, np.append(p, 0.0), np.append((1 - change) * p + change * (np.arange(50) == 3), 0.0)


def flag(share):
    column = NumericColumn.of(pd.Series([0] * 700 + [1] * 300, name="flag"), kind="int")
    return column, np.array([0.0, 0.7, 0.3, 0.0]), np.array([0.0, 1 - share, share, 0.0])


CELLS = {
    "equal": lambda: normal(0.0),
    "0.1 sd": lambda: normal(0.1),
    "1 sd": lambda: normal(1.0),
    "50 equal values": lambda: categories(0, 0.0),
    "50 values, one up by 5 points": lambda: categories(0, 0.05),
    "50 values, many rare, equal": lambda: categories(1, 0.0),
    "50 values, many rare, one up by 20 points": lambda: categories(1, 0.2),
    "flag from 30 to 36 %": lambda: flag(0.36),
    "flag from 30 to 50 %": lambda: flag(0.5),
}


def missed(cell, rows, runs):
    """Return for each distance how many of the intervals do not contain the true distance."""
    column, p, q = CELLS[cell]()
    rng = np.random.default_rng(list(rows))
    before, after = rng.multinomial(rows[0], p, runs), rng.multinomial(rows[1], q, runs)
    measures = [distance for distance in DISTANCES if distance.applies_to(column)]
    misses = dict.fromkeys((distance.name for distance in measures), 0)
    for counts in zip(before, after, strict=True):
        draws = Noise.of(len(p), rng).drawn(*counts)
        for distance in measures:
            _, low, high = bounds(distance, column, draws)
            misses[distance.name] += not low - 1e-12 <= distance.over(column, p, q) <= high + 1e-12
    return misses


@pytest.mark.parametrize("rows", [(300, 300), (10_000, 1_000)])
@pytest.mark.parametrize("cell", CELLS)
def test_intervals_contain_the_true_distance_in_nearly_95_percent_or_more(cell, rows):
    misses = missed(cell, rows, runs=40)
    assert max(misses.values()) <= 9, misses  # at a true rate of 0.06: above 9 in 1 of 5,000


@pytest.mark.long
@pytest.mark.parametrize("rows", [(300, 300), (300, 10_000), (1_000, 1_000), (10_000, 300), (10_000, 10_000)])
@pytest.mark.parametrize("cell", CELLS)
def test_no_interval_misses_more_than_eight_percent(cell, rows):
    misses = missed(cell, rows, runs=1_500)
    assert max(misses.values()) <= 0.085 * 1_500, misses  # standard error 0.006 at 0.06


def test_bounds_are_not_wide_where_much_is_known():
    column, p, q = normal(0.25)
    rng = np.random.default_rng(0)
    draws = Noise.of(len(p), rng).drawn(rng.multinomial(10_000, p), rng.multinomial(10_000, q))
    _, low, high = bounds(Wasserstein(), column, draws)
    truth = float(Wasserstein().over(column, p, q))
    mean = 2 * 1.96 * np.sqrt(2 / 10_000)  # the width for a difference of means, in sd
    assert high - low < 1.5 * mean
    assert low < truth < high


def test_a_distance_that_is_infinite_has_no_upper_bound():
    constant = NumericColumn.of(pd.Series([1.0] * 50, name="x"), kind="float")
    draws = Noise.of(3, np.random.default_rng(0)).drawn(constant.cells, np.array([0, 10, 10]))
    assert bounds(Wasserstein(), constant, draws) == (np.inf, 0.0, np.inf)


def test_counts_drawn_again_have_the_mean_and_the_zeros_of_poisson_numbers():
    counts = np.array([0, 1, 3, 1_000])
    drawn = np.concatenate(
        [Noise.of(4, np.random.default_rng(seed)).drawn(counts, counts)[0][1:] for seed in range(80)]
    )
    assert (drawn[:, 0] == 0).mean() > 0.9
    np.testing.assert_allclose(drawn.mean(axis=0)[1:], [1, 3, 1_000], rtol=0.05)
    np.testing.assert_allclose((drawn[:, 1:3] == 0).mean(axis=0), np.exp([-1, -3]), atol=0.04)
    assert drawn[:, 3].std() == pytest.approx(np.sqrt(1_000), rel=0.05)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.01, 0.01), (0.01, 0.03), (0.3, 0.5)])
def test_differences_of_shares_hold_their_level_down_to_rare_ones(before, after):
    rng = np.random.default_rng(1)
    misses = 0
    for a, s in zip(rng.binomial(300, before, 1_000), rng.binomial(500, after, 1_000), strict=True):
        _, low, high = share_bounds((int(a), 300), (int(s), 500))
        misses += not low <= after - before <= high
    assert misses <= 75  # at 0.05: above 75 in 1 of 3,000
