"""Counts of numbers add up, and add exactly."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import Bins, NumericColumn, PopulationStability

CELLS = st.lists(st.one_of(st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf]), st.floats(-9, 9)), max_size=120)


def column(cells):
    return pd.Series(cells, dtype="float64", name="x")


def of(cells):
    return NumericColumn.of(column(cells), kind="float")


@settings(max_examples=50, deadline=None)
@given(CELLS, CELLS, CELLS)
def test_counts_of_two_parts_are_the_counts_of_the_whole(reference, left, right):
    fixed = of(reference)
    merged, whole = fixed.count(column(left)) + fixed.count(column(right)), fixed.count(column(left + right))
    for name in ("rows", "nulls", "infinities", "below", "above"):
        assert getattr(merged, name) == getattr(whole, name)
    assert merged.counts.tolist() == whole.counts.tolist()
    assert merged.cells.tolist() == whole.cells.tolist()
    assert merged.moments.m2 == pytest.approx(whole.moments.m2, rel=1e-12, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(CELLS, CELLS)
def test_every_row_is_null_infinite_or_in_one_cell(reference, cells):
    counted = of(reference).count(column(cells))
    values = np.array(cells, dtype=np.float64)
    assert counted.nulls == np.isnan(values).sum()
    assert counted.infinities == np.isinf(values).sum()
    assert counted.cells.sum() == counted.counts.sum() == counted.finite == np.isfinite(values).sum()
    assert (counted.cells >= 0).all()
    assert len(counted.cells) == len(counted.positions)


@settings(max_examples=30, deadline=None)
@given(CELLS)
def test_a_column_survives_storage(cells):
    counted = of(cells)
    again = NumericColumn.from_dict(counted.to_dict(), name="x", kind="float", bins=counted.bins)
    assert again.to_dict() == counted.to_dict()


def test_atom_counts_are_exact_where_values_are_whole_and_where_they_are_not():
    whole = of([0] * 60 + [5] * 30 + [9] * 10)
    assert whole.atoms.tolist() == [0.0, 5.0]
    assert whole.count(column([-1, 0, 5, 5, 9, 10])).atom_counts.tolist() == [1, 2]
    halves = of([0.5] * 60 + list(np.linspace(1.25, 2, 40)))
    assert halves.count(column([0.25, 0.5, 0.5, 0.75])).atom_counts.tolist() == [2]


def test_rows_outside_the_range_are_in_the_outer_bins_as_well():
    today = of([0, 1] * 50).count(column([-7, 0, 1, 1, 8, 9]))
    assert (today.below, today.above) == (1, 2)
    assert today.counts.tolist() == [2, 4]
    assert today.cells.tolist() == [1, 1, 2, 2]


def test_a_constant_column_notices_every_other_value():
    constant = of([5.0] * 40)
    assert constant.counts.tolist() == [40]
    assert constant.atoms.tolist() == [5.0]
    today = constant.count(column([4.0, 5.0, 6.0, 7.0]))
    assert today.cells.tolist() == [1, 1, 2]
    assert today.atom_counts.tolist() == [1]


def test_a_column_without_values_has_one_bin_and_accepts_any_later():
    nothing = of([np.nan] * 3)
    assert (nothing.rows, nothing.nulls, nothing.finite) == (3, 3, 0)
    assert nothing.count(column([1.0])).cells.tolist() == [0, 1, 0]


def test_an_infinite_value_is_counted_apart_and_moves_nothing():
    counted = of([1.0, np.inf, -np.inf, np.nan])
    assert (counted.nulls, counted.infinities, counted.finite) == (1, 2, 1)
    assert (counted.low, counted.high, counted.moments.mean) == (1.0, 1.0, 1.0)


def test_emptied_counts_nothing_and_adds_nothing():
    counted = of([1.0, 2.0, np.nan])
    assert (counted + counted.emptied()).to_dict() == counted.to_dict()
    assert counted.emptied().rows == 0


def test_other_bins_and_other_columns_do_not_add():
    with pytest.raises(ProfileMismatchError, match="column 'x' was counted over different bins\n\nHint: count both"):
        of([1.0] * 30) + of([2.0] * 30)
    with pytest.raises(ProfileMismatchError, match="are not the same column"):
        of([1.0]) + dataclasses.replace(of([1.0]), name="y")


def test_counts_that_do_not_add_up_are_refused():
    good = of([1.0, 2.0])
    with pytest.raises(ArgumentError, match="do not add up to its 3 finite rows"):
        dataclasses.replace(good, rows=3)
    with pytest.raises(ArgumentError, match="1 counts for 2 bins"):
        dataclasses.replace(good, counts=[2])


def test_a_later_column_is_found_under_the_name_of_the_first():
    assert of([1.0, 2.0]).count(column([1.0]).rename("other")).name == "x"


def test_counts_cannot_be_changed():
    counted = of([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        counted.counts[0] = 7
    assert isinstance(counted.bins, Bins)


WIDE = np.random.default_rng(1).normal(size=100_000)


@pytest.mark.parametrize("cells", [WIDE * 1e-300, WIDE * 1e300, np.resize([0.1, 0.2, 0.3, 0.4], 100_000), [1 / 3]])
def test_a_column_takes_at_most_ten_kilobytes_of_json(cells):
    counted = of(cells)
    assert len(json.dumps([counted.bins.to_dict(), counted.to_dict()])) <= 10_000


@pytest.mark.parametrize("rows", [1_000, 100_000])  # sorted, and not
@pytest.mark.parametrize("ones", [0.001, 0.02, 0.3, 0.999])
def test_a_column_of_zeros_and_ones_has_a_bin_for_each_and_follows_its_rate(rows, ones):
    count = round(rows * ones)
    counted = of(np.repeat([0.0, 1.0], [rows - count, count]))
    assert counted.edges.tolist() == [1.0]
    assert counted.counts.tolist() == [rows - count, count]
    today = counted.count(column(np.repeat([0.0, 1.0], [rows // 2, rows // 2])))
    assert PopulationStability().between(counted, today) > 0.1
    assert PopulationStability().between(counted, counted) == 0.0


@pytest.mark.parametrize("rows", [3_300, 330_000])
@pytest.mark.parametrize("zeros", [0.1, 0.5, 0.9])
def test_zeros_leave_edges_for_the_other_values(rows, zeros):
    count = round(rows * zeros)
    counted = of(np.append(np.zeros(count), np.linspace(1, 2, rows - count)))
    assert counted.counts[0] == count
    assert len(counted.edges) >= 33 * (1 - zeros) - 2  # one a quantile among the others


def test_unknown_counts_stay_unknown_when_added_and_stored():
    counted = dataclasses.replace(of([1.0, 2.0]), unknown=frozenset({"nulls"}))
    both = of([1.0, 2.0]) + counted
    assert both.unknown == {"nulls"}
    assert both.to_dict()["nulls"] is None
    assert both.to_dict()["infinities"] == 0
    assert NumericColumn.from_dict(both.to_dict(), name="x", kind="float", bins=both.bins).unknown == {"nulls"}
