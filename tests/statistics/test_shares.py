"""Intervals of shares keep their confidence, computed exactly; the paired difference by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics import share, share_difference


def binomial(n, p):
    k = np.arange(n + 1)
    return np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + k * np.log(p) + (n - k) * np.log1p(-p))


@pytest.mark.parametrize("n", [20, 100, 500])
def test_wilson_covers_the_true_share_as_often_as_it_says(n):
    found = [share(k, n) for k in range(n + 1)]
    low, high = (np.array([getattr(interval, end) for interval in found]) for end in ("low", "high"))
    grid = np.linspace(0.05, 0.95, 181)
    coverage = np.array([binomial(n, p)[(low <= p) & (p <= high)].sum() for p in grid])  # exact, no simulation
    assert coverage.mean() == pytest.approx(0.95, abs=0.006)
    assert coverage.min() > 0.90


def test_wilson_of_half_of_four_rows_is_the_textbook_value():
    found = share(2, 4)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.1500, 0.8500), abs=5e-5)


@given(n=st.integers(1, 10_000), data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_share_lies_in_its_interval_and_the_complement_mirrors_it(n, data):
    count = data.draw(st.integers(0, n))
    found, other = share(count, n), share(n - count, n)
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.low == pytest.approx(1 - other.high, abs=1e-12)


def test_no_rows_are_not_enough_evidence():
    with pytest.raises(NotEnoughEvidenceError, match="a share needs at least 1 row, got 0"):
        share(0, 0)
    with pytest.raises(NotEnoughEvidenceError):
        share_difference(0, 0, 0, 0)


@pytest.mark.parametrize(("count", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(count, n):
    with pytest.raises(ArgumentError, match="cannot be"):
        share(count, n)
    with pytest.raises(ArgumentError, match="do not fit"):
        share_difference(count, 0, 0, n)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, True, "high", float("nan")])
def test_a_confidence_lies_between_zero_and_one(confidence):
    with pytest.raises(ArgumentError, match="confidence must lie between 0 and 1"):
        share(1, 2, confidence=confidence)


def test_equal_models_on_equal_rows_are_still_uncertain():
    found = share_difference(both=90, first=0, second=0, n=100)
    assert found.value == 0.0
    assert found.low == -found.high < 0.0


def test_paired_difference_covers_the_truth_as_often_as_it_says():
    # both right .70, only the first .06, only the second .10: a true gain of .04
    cells = np.random.default_rng(1).multinomial(300, [0.70, 0.06, 0.10, 0.14], size=4000)
    found = [share_difference(*row[:3], n=300) for row in cells.tolist()]
    covered = np.mean([interval.low <= 0.04 <= interval.high for interval in found])
    assert covered == pytest.approx(0.95, abs=3 * 0.0034)  # Monte-Carlo standard error sqrt(.95 * .05 / 4000)
