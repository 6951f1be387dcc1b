"""Sizes in units a person knows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from maturekit.drift.places import Statistic
from maturekit.drift.sizes import size_of


def size(name, before, after, **kwargs):
    statistic = Statistic(name, ("x",), "data", 1.0, "UA")
    return size_of(statistic, **{"before": before, "after": after, "sd": 0.3, "error": 0.01, "batches": 1, **kwargs})


@pytest.mark.parametrize("shift", [-1.0, 0.1, 0.5, 2.0])
def test_location_of_a_normal_column_comes_back_in_its_standard_deviations(shift):
    assert size("location", 0.5, float(ndtr(shift / math.sqrt(2)))).value == pytest.approx(shift)


@pytest.mark.parametrize("ratio", [0.5, 1.25, 3.0])
def test_spread_of_a_normal_column_comes_back_as_the_ratio_of_its_standard_deviations(ratio):
    x = np.random.default_rng(0).normal(0, ratio, 400_000)
    found = size("spread", 0.5, float(np.abs(2 * ndtr(x) - 1).mean()))
    assert 1 + found.value / 100 == pytest.approx(ratio, rel=0.01)


def test_bounds_stay_within_what_is_possible():
    found = size("value", 0.5, 0.55, error=10.0)
    assert (found.low, found.high) == (-50.0, 50.0)
    assert size("pair", 0.1, 0.2, error=10.0).high < 3.0


def test_a_rank_correlation_never_passes_one():
    assert size("pair", 0.1, 0.2).words == "rank correlation from 0.30 to 0.60"
    assert size("pair", 0.1, 0.6).value == pytest.approx(0.7)


def test_the_interval_grows_with_the_number_of_looks():
    widths = [(found := size("value", 0.5, 0.55, batches=b)).high - found.low for b in (1, 30)]
    assert widths[1] > widths[0] > 2 * 1.96  # in percentage points, against an interval for one look


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("value", "value 'UA' from 50.0 % to 60.0 % of rows"),
        ("unseen", "values never seen before from 50.0 % to 60.0 % of rows"),
        ("low", "values at the low end from 50.0 % to 60.0 % of rows"),
        ("spread", "values are more spread out (sd x 1.4)"),
        ("skewness", "the upper tail has grown against the other"),
        ("kurtosis", "values gather in the middle and far out"),
    ],
)
def test_words(name, words):
    assert size(name, 0.5, 0.6).words == words
