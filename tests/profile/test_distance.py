"""Distances agree with scipy where both know the same, and have a meaning everywhere else."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import distance as scipy_distance
from scipy.stats import ks_2samp, wasserstein_distance

from maturekit.errors import ArgumentError, ProfileMismatchError
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
from maturekit.testing.distances import DISTANCE_CHECKS

ALL = [JensenShannon(), KolmogorovSmirnov(), PopulationStability(), TotalVariation(), Wasserstein()]


class LargestShare(Distance):
    """The smallest extension a user can write."""

    name, unit = "largest-share", "share of rows"

    def _distance(self, p, q, positions):
        return np.abs(p - q).max(axis=-1)


def numeric(cells):
    return pd.Series(cells, dtype="float64", name="x")


def of(cells):
    return NumericColumn.of(numeric(cells), kind="float")


def name_of(thing):
    return getattr(thing, "__name__", type(thing).__name__)


@pytest.mark.parametrize("check", DISTANCE_CHECKS, ids=name_of)
@pytest.mark.parametrize("distance", [*ALL, PopulationStability(floor=0.01), LargestShare()], ids=name_of)
def test_a_distance_keeps_the_contract(distance, check):
    check(distance)


def test_few_whole_values_give_the_distances_of_the_raw_values():
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 9, size=500), rng.integers(0, 9, size=300) ** 2 // 9
    reference = of(before)
    today = reference.count(numeric(after))
    assert KolmogorovSmirnov().between(reference, today) == pytest.approx(ks_2samp(before, after).statistic)
    moved = wasserstein_distance(before, after) / before.std()
    assert Wasserstein().between(reference, today) == pytest.approx(moved)
    p, q = (np.bincount(sample, minlength=9) / len(sample) for sample in (before, after))
    expected = scipy_distance.jensenshannon(p, q, base=2)
    assert JensenShannon().between(reference, today) == pytest.approx(expected)
    assert TotalVariation().between(reference, today) == pytest.approx(np.abs(p - q).sum() / 2)
    p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    assert PopulationStability().between(reference, today) == pytest.approx(((q - p) * np.log(q / p)).sum())


@pytest.mark.parametrize("shift", [0.01, 0.1, 0.5])
def test_a_small_shift_of_a_normal_column_moves_it_by_as_much(shift):
    values = np.random.default_rng(0).normal(size=10_000)
    reference = of(values)
    today = reference.count(numeric(values + shift * values.std()))
    assert Wasserstein().between(reference, today) == pytest.approx(shift, rel=0.05)
    exact = ks_2samp(values, values + shift * values.std()).statistic
    assert exact - 1 / 33 < KolmogorovSmirnov().between(reference, today) <= exact + 1e-12


def test_the_stability_index_of_a_binary_column_moves_with_its_rate():
    reference = of([0] * 900 + [1] * 100)
    today = reference.count(numeric([0] * 800 + [1] * 200))
    expected = 0.1 * np.log(0.2 / 0.1) - 0.1 * np.log(0.8 / 0.9)
    assert PopulationStability().between(reference, today) == pytest.approx(expected)


def test_a_constant_that_moves_is_infinitely_many_deviations_away():
    reference = of([0.1] * 50)
    assert Wasserstein().between(reference, reference) == 0.0
    today = reference.count(numeric([0.1, 0.3]))
    assert Wasserstein().between(reference, today) == math.inf
    assert TotalVariation().between(reference, today) == 0.5


def test_values_near_the_end_of_float64_give_no_warning():
    reference = of([-1.7e308, 1.7e308] * 40)
    assert KolmogorovSmirnov().between(reference, reference.count(numeric([1.7e308]))) == 0.5
    assert math.isnan(Wasserstein().between(reference, reference.count(numeric([1.7e308]))))


def test_everything_new_is_the_largest_distance_of_categories():
    texts = pd.Series(["a"] * 50 + ["b"] * 50, name="x")
    reference = CategoryColumn.of(texts, kind="string", learnt=np.ones(100, dtype=bool))
    today = reference.count(pd.Series(["c"] * 10, name="x"))
    assert TotalVariation().between(reference, today) == 1.0
    assert JensenShannon().between(reference, today) == 1.0


def test_a_distance_of_order_refuses_categories():
    texts = CategoryColumn.of(pd.Series(["a", "b"], name="x"), kind="string", learnt=np.ones(2, dtype=bool))
    with pytest.raises(ArgumentError, match="wasserstein needs ordered values"):
        Wasserstein().between(texts, texts)


def test_counts_of_another_length_are_refused():
    with pytest.raises(ArgumentError, match=r"has 3 cells, got counts of \(2,\) and \(3,\)"):
        TotalVariation().over(of([1.0, 1.0]), [1, 2], [1, 2, 3])


def test_other_bins_are_refused_with_advice():
    with pytest.raises(ProfileMismatchError, match="Hint: count both with the same reference"):
        TotalVariation().between(of([1.0] * 30), of([2.0] * 30))


@pytest.mark.parametrize("floor", [0.0, 1.0, -1, math.nan])
def test_the_floor_of_the_stability_index_is_a_share(floor):
    with pytest.raises(ArgumentError, match="floor must lie between 0 and 1"):
        PopulationStability(floor=floor)
