"""Moments merge as if all numbers had been seen at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.profile import Moments

NUMBERS = st.lists(st.floats(-1e6, 1e6), max_size=40)


@settings(max_examples=50, deadline=None)
@given(NUMBERS, NUMBERS)
def test_the_sum_of_two_parts_is_the_whole(left, right):
    merged, whole = Moments.of(left) + Moments.of(right), Moments.of(left + right)
    scale = max((abs(number) for number in left + right), default=0.0)
    assert merged.n == whole.n
    for power, (one, other) in enumerate(((merged.mean, whole.mean), (merged.m2, whole.m2), (merged.m3, whole.m3)), 1):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12 * max(whole.n, 1) * scale**power)


@settings(max_examples=30, deadline=None)
@given(NUMBERS)
def test_moments_survive_json(numbers):
    moments = Moments.of(numbers)
    assert Moments.from_list(moments.to_list()) == moments


def test_moments_are_those_of_the_textbook():
    moments = Moments.of([0.0, 0.0, 3.0])  # mean 1, deviations -1, -1, 2: squares 6, cubes 6
    assert moments == Moments(n=3, mean=1.0, m2=6.0, m3=6.0)
    assert moments.variance == 2.0
    assert moments.skewness == pytest.approx(2.0 / 2.0**1.5)


def test_no_numbers_have_no_spread_and_add_nothing():
    nothing = Moments.of([])
    assert math.isnan(nothing.variance) and math.isnan(nothing.sd) and math.isnan(nothing.skewness)
    some = Moments.of([1.0, 2.0])
    assert nothing + some == some == some + nothing
    assert nothing + nothing == nothing


def test_a_constant_has_no_spread_even_where_its_mean_rounds():
    moments = Moments.of(np.full(50, 0.1))  # the sum of fifty 0.1, divided by fifty, is not 0.1
    assert (moments.mean, moments.sd, moments.skewness) == (0.1, 0.0, 0.0)


def test_what_overflows_is_nan_and_stored_as_null():
    huge = Moments.of([1e300, -1e300])
    assert huge.mean == 0.0
    assert huge.to_list() == [2, 0.0, None, None]
    assert math.isnan((huge + Moments.of([1.0])).m2)
    assert math.isnan(Moments.from_list(huge.to_list()).m3)
