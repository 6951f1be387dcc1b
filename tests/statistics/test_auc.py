"""The area under the ROC curve: equal to the definition, with intervals that keep their confidence."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from sklearn.metrics import roc_auc_score

from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.statistics import auc, auc_difference
from maturekit.statistics._quantiles import student_quantile


def delong_by_definition(truth, first, second):
    """The areas and the variance of their difference, over all pairs of rows: O(n^2)."""
    truth = np.asarray(truth, dtype=bool)
    kernels = []
    for scores in (first, second):
        ups, downs = np.asarray(scores, float)[truth], np.asarray(scores, float)[~truth]
        kernels.append((ups[:, None] > downs).astype(float) + 0.5 * (ups[:, None] == downs))
    gain = kernels[1] - kernels[0]
    parts = [np.var(gain.mean(axis=1 - axis), ddof=1) / gain.shape[axis] for axis in (0, 1)]
    variance = sum(parts)
    spread = sum(part**2 / (rows - 1) for part, rows in zip(parts, gain.shape, strict=True))
    degrees = variance**2 / spread if spread else np.inf
    return kernels[0].mean(), kernels[1].mean(), variance, degrees


def normal_scores(n, *, area, size, seed, positives):
    """Truth, and normal scores whose true area is `area`."""
    numbers = np.random.default_rng(seed)
    grid = np.linspace(0, 5, 5001)
    shift = grid[np.argmin(abs(ndtr(grid / np.sqrt(2)) - area))]
    truth = np.arange(n) < positives
    return truth, numbers.normal(size=(size, n)) + shift * truth


@given(
    rows=st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=40),
)
@settings(max_examples=50, deadline=None)
def test_fast_form_equals_the_definition_ties_included(rows):
    truth, first, second = (np.array(column) for column in zip(*rows, strict=True))
    if min(truth.sum(), (~truth).sum()) < 2:
        return
    one, two, variance, degrees = delong_by_definition(truth, first, second)
    assert auc(truth, first).value == pytest.approx(one, abs=1e-12)
    assert auc(truth, first).value == pytest.approx(roc_auc_score(truth, first), abs=1e-12)
    if variance < 1e-12:
        with pytest.raises(NotEnoughEvidenceError, match="order the"):
            auc_difference(truth, first, second)
        return
    found = auc_difference(truth, first, second)
    assert (found.first, found.second) == pytest.approx((one, two), abs=1e-12)
    half = student_quantile(0.95, degrees) * np.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((max(-1, two - one - half), min(1, two - one + half)), abs=1e-9)


@pytest.mark.parametrize(
    ("n", "area", "positives", "least"),
    [(40, 0.7, 20, 0.95), (100, 0.8, 50, 0.95), (100, 0.95, 50, 0.95), (400, 0.65, 200, 0.95), (200, 0.8, 6, 0.93)],
)
def test_interval_covers_the_true_area_as_often_as_it_says(n, area, positives, least):
    truth, scores = normal_scores(n, area=area, size=2000, seed=n, positives=positives)
    covered = np.mean([interval.low <= area <= interval.high for interval in (auc(truth, row) for row in scores)])
    assert least - 3 * 0.0049 <= covered <= 0.975  # Monte-Carlo standard error .0049


def test_perfect_separation_covers_as_often_as_it_says():
    # an area of .97 with 8 rows of each class separates perfectly in a third of the samples
    truth, scores = normal_scores(16, area=0.97, size=2000, seed=5, positives=8)
    found = [auc(truth, row) for row in scores]
    assert np.mean([interval.value == 1.0 for interval in found]) > 0.2
    assert np.mean([interval.low <= 0.97 <= interval.high for interval in found]) > 0.93


@pytest.mark.parametrize(("positives", "negatives", "own"), [(100, 100, 0.5), (20, 500, 0.5), (5, 300, 2.0)])
def test_a_pair_without_true_gain_is_called_better_at_the_stated_rate(positives, negatives, own):
    numbers = np.random.default_rng(7)
    n, size = positives + negatives, 2000
    truth = np.arange(n) < positives
    common = numbers.normal(size=(size, n)) + 1.0 * truth  # both models see the same signal, each adds its own noise
    first, second = (common + own * numbers.normal(size=(size, n)) for _ in range(2))
    found = [auc_difference(truth, one, two) for one, two in zip(first, second, strict=True)]
    better = np.mean([interval.above(0.0) == "passed" for interval in found])
    assert better <= 0.025 + 3 * 0.0035  # Monte-Carlo standard error sqrt(.025 * .975 / 2000)
    assert better > 0.012


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_scores_without_spread_still_have_an_interval(value):
    truth = np.array([0, 1] * 10)
    scores = {0.0: 1 - truth, 0.5: np.ones(20), 1.0: truth}[value]
    found = auc(truth, scores)
    assert found.value == value
    assert 0.0 <= found.low <= value <= found.high <= 1.0
    assert 0.05 < found.high - found.low < 0.6


def test_one_class_is_not_enough_evidence():
    with pytest.raises(NotEnoughEvidenceError, match="at least 2 rows of each class, got 3 positive and 0 negative"):
        auc([1, 1, 1], [0.1, 0.2, 0.3])
    with pytest.raises(NotEnoughEvidenceError, match="got 0 positive and 0 negative"):
        auc([], [])


@pytest.mark.parametrize(
    ("truth", "scores"),
    [([0, 1, 2, 1], [1, 2, 3, 4]), (["a", "b"], [1, 2]), ([0, 0, 1, 1], [1, 2, 3]), ([0, 0, 1, 1], [1, 2, 3, np.nan])],
)
def test_bad_input_is_refused(truth, scores):
    with pytest.raises(ArgumentError):
        auc(truth, scores)


def test_many_rows_are_a_matter_of_sorting():
    numbers = np.random.default_rng(8)
    scores, truth = numbers.normal(size=300_000), numbers.random(300_000) < 0.2
    start = time.process_time()
    np.sort(scores)
    one_sort = time.process_time() - start
    start = time.process_time()
    auc(truth, scores)
    assert time.process_time() - start < 100 * one_sort + 0.5  # pairs of rows would cost some thousand sorts
