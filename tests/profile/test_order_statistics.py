"""Numbers at given ranks are those of a sort, although hardly anything is sorted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.profile import Bins, order_statistics
from maturekit.profile.order_statistics import Run, runs_at

ROWS = 70_000  # enough for the cells
RNG = np.random.default_rng(5)
NORMAL = RNG.normal(size=ROWS)
CASES = {
    "normal": NORMAL,
    "heavy tails": RNG.standard_cauchy(ROWS),
    "many orders of magnitude": np.exp(20 * NORMAL),
    "a few orders of magnitude": np.exp(3 * NORMAL),
    "far from zero": 1e9 + NORMAL,
    "steps of float64": 1e15 + NORMAL,
    "near the end of float64": 1e307 * NORMAL,
    "beyond the span of float64": np.where(NORMAL > 0, 1.7e308, -1.7e308),
    "denormal": 1e-310 * NORMAL,
    "whole": RNG.poisson(100, ROWS).astype(np.float64),
    "zero and one": (NORMAL > 2).astype(np.float64),
    "both zeros": np.where(NORMAL > 0, 0.0, -0.0),
    "halves": RNG.integers(0, 9, ROWS) / 2,
    "whole, but for one": np.append(RNG.integers(0, 9, ROWS), 0.5),
    "constant": np.full(ROWS, 0.1),
    "half zero": np.where(NORMAL > 0, NORMAL, 0.0),
    "a heavy value": np.where(RNG.random(ROWS) < 0.1, 7.0, NORMAL),
    "sorted": np.sort(NORMAL),
    "a sample that misleads": np.where(np.arange(ROWS) % (ROWS // 4096) == 0, 0.5, NORMAL),
    "one far away": np.append(NORMAL, 1e300),
}


def by_sorting(values, ranks):
    ordered = np.sort(values)
    marks = np.unique(ordered[ranks])
    return [Run(mark, int((values < mark).sum()), int((values <= mark).sum())) for mark in marks.tolist()]


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_runs_are_those_of_a_sort(values):
    ranks = np.array([0, 1, *(np.arange(1, 33) * len(values) // 33), len(values) - 1])
    assert runs_at(values, ranks) == by_sorting(values, ranks)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40), st.randoms())
def test_runs_of_any_few_values_are_those_of_a_sort(cells, random):
    values = np.resize(np.array(cells), ROWS)
    ranks = np.unique([random.randrange(ROWS) for _ in range(9)])
    assert runs_at(values, ranks) == by_sorting(values, ranks)


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_bins_do_not_depend_on_how_they_were_found(values, monkeypatch):
    bins, counts = Bins.learn(values)
    monkeypatch.setattr(order_statistics, "_FEW", 10**9)
    again, same = Bins.learn(np.random.default_rng(0).permutation(values))
    for name in ("edges", "ranks", "atoms"):
        assert getattr(bins, name).tolist() == getattr(again, name).tolist()
    assert counts.tolist() == same.tolist() == bins.count(values).tolist()
    assert (bins.low, bins.high) == (again.low, again.high) == (values.min(), values.max())
    np.testing.assert_allclose(bins.centres, again.centres, rtol=1e-9, atol=1e-9 * (bins.high / 2 - bins.low / 2))
    assert not np.signbit(bins.edges[bins.edges == 0]).any()  # one zero, so that the order of rows shows nowhere


def test_most_of_what_can_be_told_apart_is_not_sorted(monkeypatch):
    lengths = []
    sort = np.sort
    monkeypatch.setattr(order_statistics.np, "sort", lambda values: lengths.append(len(values)) or sort(values))
    runs_at(NORMAL, np.arange(1, 33) * ROWS // 33)
    runs_at(CASES["whole"], np.arange(1, 33) * ROWS // 33)
    assert sum(lengths) < ROWS / 5
