"""Counts of numbers add up, and add exactly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import Bins, NumericColumn

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
