"""Numbers of bins are those of a binary search, whatever the values and however many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.profile import bin_numbers as module
from maturekit.profile.bin_numbers import bin_numbers, totals

ODD = [0.0, -0.0, 5e-324, -5e-324, 2.2e-308, 1.7e308, -1.7e308, 1.0, np.nextafter(1.0, 2.0), 2.0**53]
NUMBERS = st.one_of(st.sampled_from(ODD), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=100, deadline=None)
@given(st.lists(NUMBERS, max_size=80), st.lists(NUMBERS, max_size=60))
def test_a_value_is_behind_the_edges_that_it_reaches(edges, values):
    edges = np.unique(np.array(edges, dtype=np.float64))  # up to 80: those searched, and those compared
    values = np.concatenate([np.array(values, dtype=np.float64), edges])
    expected = [int((edges <= value).sum()) for value in values]
    assert bin_numbers(edges, values).tolist() == expected


@pytest.mark.parametrize("edges", [1, 32, 64, 65, 300])
def test_blocks_meet_without_a_gap(edges, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 7)
    marks = np.arange(float(edges))
    values = np.random.default_rng(0).integers(-1, edges + 1, size=50).astype(np.float64)
    found = bin_numbers(marks, values)
    assert found.tolist() == (np.clip(values, -1, edges - 1) + 1).tolist()
    assert found.dtype == np.min_scalar_type(edges)
    assert totals(found, edges + 1).tolist() == np.bincount(found, minlength=edges + 1).tolist()
    sums = totals(found, edges + 1, values)
    assert sums.tolist() == [values[found == number].sum() for number in range(edges + 1)]


def test_what_is_not_finite_gets_some_number_and_no_warning():
    found = bin_numbers(np.array([0.0, 1.0]), np.array([np.nan, np.inf, -np.inf]))
    assert set(found.tolist()) <= {0, 1, 2}


def test_no_values_have_no_numbers():
    assert bin_numbers(np.array([0.0]), np.array([])).tolist() == []
    assert totals(np.array([], dtype=np.uint8), 3).tolist() == [0, 0, 0]
