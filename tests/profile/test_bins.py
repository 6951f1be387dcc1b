"""Bins neither collapse nor end in order statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError
from maturekit.profile import Bins

SAMPLES = st.one_of(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=300),
    st.lists(st.integers(-3, 9), max_size=300),
    st.lists(st.sampled_from([0.0, 0.0, 0.5, 2.25]), max_size=300),
)


def learned(values):
    values = np.sort(np.asarray(values, dtype=np.float64))
    return Bins.learn(values)[0], values


@settings(max_examples=50, deadline=None)
@given(SAMPLES)
def test_every_value_is_in_one_bin_and_the_number_of_bins_is_bounded(sample):
    bins, values = learned(sample)
    assert len(bins.edges) <= 40  # 32 quantiles, and two edges for each of at most four atoms
    assert bins.count(values).sum() == len(values)
    assert (bins.count(values) == np.bincount(bins.where(values), minlength=len(bins.ranks))).all()
    assert bins.outside(values) == (0, 0)


@settings(max_examples=50, deadline=None)
@given(SAMPLES)
def test_ranks_and_centres_ascend_within_their_range(sample):
    bins, values = learned(sample)
    assert bins.ranks.tolist() == sorted(bins.ranks)
    assert ((bins.ranks >= 0) & (bins.ranks <= 1)).all()
    if len(values):
        ordered = [bins.low, *bins.centres, bins.high]
        assert ordered == sorted(ordered)
        assert (bins.low, bins.high) == (values[0], values[-1])
        assert np.average(bins.ranks, weights=bins.count(values)) == pytest.approx(0.5)  # as mid-ranks must


@settings(max_examples=50, deadline=None)
@given(SAMPLES)
def test_an_atom_has_a_bin_of_its_own_in_the_reference(sample):
    bins, values = learned(sample)
    heavy = [value for value in np.unique(values) if (values == value).mean() > 0.2]
    assert bins.atoms.tolist() == heavy
    counts = bins.count(values)
    assert counts[bins.where(bins.atoms)].tolist() == [(values == value).sum() for value in heavy]


@settings(max_examples=50, deadline=None)
@given(SAMPLES)
def test_bins_survive_json(sample):
    bins, _ = learned(sample)
    again = Bins.from_dict(bins.to_dict())
    assert again == bins
    assert hash(again) == hash(bins)


def test_continuous_values_have_32_edges_and_tails_of_30_rows():
    bins, values = learned(np.arange(3300.0))
    assert bins.edges.tolist() == [100.0 * k for k in range(1, 33)]
    assert set(bins.count(values)) == {100}
    small, values = learned(np.arange(330.0))  # ten rows a bin, but for the tails
    assert small.count(values)[[0, 1, -1]].tolist() == [30, 10, 30]


@pytest.mark.parametrize(
    ("rows", "counts"), [(0, [0]), (1, [1]), (19, [19]), (20, [10, 10]), (59, [30, 29]), (60, [30, 30])]
)
def test_a_tiny_reference_is_cut_at_its_median_or_not_at_all(rows, counts):
    bins, values = learned(np.arange(float(rows)))
    assert bins.count(values).tolist() == counts


def test_a_rare_one_among_zeros_has_its_own_bin():
    bins, values = learned([0] * 990 + [1] * 10)  # ten rows beyond: allowed, since the edge belongs to the atom 0
    assert bins.edges.tolist() == [1.0]
    assert bins.count(values).tolist() == [990, 10]
    assert bins.ranks.tolist() == [0.495, 0.995]


def test_each_frequent_whole_number_has_its_own_bin():
    bins, _ = learned(list(range(10)) * 50)
    assert bins.edges.tolist() == [float(k) for k in range(1, 10)]
    assert bins.centres.tolist() == [float(k) for k in range(10)]


def test_zero_inflation_leaves_edges_for_the_rest():
    rest = np.linspace(0.5, 1.5, 400)
    bins, values = learned(np.concatenate([np.zeros(600), rest]))
    assert bins.atoms.tolist() == [0.0]
    assert bins.edges[0] == math.nextafter(0.0, 1.0)  # values are not whole, so that nothing else is in the atom's bin
    assert len(bins.edges) > 10
    assert bins.count(values)[0] == 600


def test_an_atom_inside_is_cut_on_both_sides():
    bins, _ = learned(np.concatenate([np.linspace(-1.0, -0.1, 50), np.zeros(50), np.linspace(0.1, 1.0, 50)]))
    assert bins.atoms.tolist() == [0.0]
    assert bins.count(np.array([-1e-9, 0.0, 1e-9])).tolist().count(1) == 3


def test_a_heavy_value_that_is_no_atom_is_alone():
    bins, values = learned(np.concatenate([np.full(100, 7.0), np.linspace(8.0, 9.0, 900)]))
    assert bins.atoms.tolist() == []
    assert bins.count(values)[0] == 100  # a tenth of the rows, over two quantiles wide


def test_extreme_values_do_not_overflow():
    bins, values = learned([-1.7e308, 1.7e308] * 40)
    assert np.isfinite(bins.centres).all()
    assert bins.count(values).sum() == 80
    assert 2.0**53 in learned([2.0**53] * 10 + [2.0**60] * 10)[0].atoms


def test_no_values_have_one_bin_without_a_range():
    bins, _ = learned([])
    assert bins.ranks.tolist() == [0.5]
    assert math.isnan(bins.low)
    assert bins.outside(np.array([1.0])) == (0, 0)
    assert bins.count(np.array([1.0])).tolist() == [1]


def test_outside_counts_both_sides():
    bins, _ = learned([0.0, 1.0] * 50)
    assert bins.outside(np.array([-2.0, -1.0, 0.0, 1.0, 5.0])) == (2, 1)


@pytest.mark.parametrize("edges", [[2.0, 1.0], [1.0, 1.0], [1.0]])
def test_bins_that_contradict_themselves_are_refused(edges):
    with pytest.raises(ArgumentError, match="bins need"):
        Bins(edges, [0.2, 0.5, 0.9], [0.0, 1.0, 2.0], [], 0.0, 2.0)
