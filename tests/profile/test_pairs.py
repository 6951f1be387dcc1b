"""Pair sums add, follow their formula, and do not count the rows that chose them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import NumericColumn, PairSums, Profile
from maturekit.profile.pairs import MOST_PAIRS

RNG = np.random.default_rng(7)
REFERENCE = pd.DataFrame(RNG.normal(size=(200, 3)), columns=["a", "b", "c"])
COLUMNS = {name: NumericColumn.of(REFERENCE[name], kind="float") for name in REFERENCE}
NAMES = [("a", "b"), ("a", "c"), ("b", "c")]
CELL = st.one_of(st.floats(-3, 3), st.sampled_from([np.nan, np.inf]))
FRAMES = st.lists(st.tuples(CELL, CELL, CELL), max_size=40).map(
    lambda rows: pd.DataFrame(rows, columns=["a", "b", "c"])
)


def by_hand(frame, first, second):
    u, v = (
        COLUMNS[name].ranks[COLUMNS[name].bins.where(frame[name].to_numpy(dtype=float))] for name in (first, second)
    )
    both = np.isfinite(frame[first].to_numpy(dtype=float)) & np.isfinite(frame[second].to_numpy(dtype=float))
    f = ((2 * u - 1) * (2 * v - 1))[both]
    return both.sum(), [f.sum(), (f**2).sum(), (f**3).sum()]


@settings(max_examples=40, deadline=None)
@given(FRAMES)
def test_sums_follow_their_formula(frame):
    sums = PairSums.of(frame, COLUMNS, NAMES)
    for number, pair in enumerate(NAMES):
        rows, expected = by_hand(frame, *pair)
        assert sums.rows[number] == rows
        assert sums.sums[number] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(FRAMES, FRAMES)
def test_sums_of_two_parts_are_those_of_the_whole(left, right):
    whole = pd.concat([left, right], ignore_index=True) if len(left) and len(right) else left if len(left) else right
    merged = PairSums.of(left, COLUMNS, NAMES) + PairSums.of(right, COLUMNS, NAMES)
    assert merged.rows.tolist() == PairSums.of(whole, COLUMNS, NAMES).rows.tolist()
    np.testing.assert_allclose(merged.sums, PairSums.of(whole, COLUMNS, NAMES).sums, rtol=1e-12, atol=1e-12)


def test_blocks_of_rows_make_no_difference():
    many = pd.DataFrame(RNG.normal(size=(9000, 3)), columns=["a", "b", "c"])
    parts = [PairSums.of(many.iloc[at : at + 100], COLUMNS, NAMES) for at in range(0, 9000, 100)]
    whole = PairSums.of(many, COLUMNS, NAMES)
    np.testing.assert_allclose(sum(parts[1:], parts[0]).sums, whole.sums, rtol=1e-12)


def test_a_pair_with_a_missing_column_has_no_rows():
    sums = PairSums.of(REFERENCE[["a", "c"]], COLUMNS, NAMES)
    assert sums.rows.tolist() == [0, 200, 0]
    assert PairSums.of(REFERENCE[["a"]], COLUMNS, NAMES).rows.tolist() == [0, 0, 0]


def test_all_pairs_are_kept_while_they_are_few():
    assert Profile.of(REFERENCE).pairs.names == tuple(NAMES)
    assert Profile.of(REFERENCE[["a"]]).pairs is None


def test_of_many_pairs_the_most_correlated_are_kept():
    frame = pd.DataFrame(RNG.normal(size=(2000, 20)), columns=[f"x{number:02}" for number in range(20)])
    frame["x07"] = -frame["x19"] + RNG.normal(scale=0.1, size=2000)
    pairs = Profile.of(frame).pairs
    assert len(pairs.names) == MOST_PAIRS
    assert pairs.names[0] == ("x07", "x19")
    assert set(pairs.rows) == {1600}  # the other fifth has chosen


def test_chosen_pairs_are_no_more_correlated_than_they_will_be():
    # 40 independent columns: 100 of 780 pairs are chosen for correlations that are only noise
    frame = pd.DataFrame(RNG.normal(size=(1000, 40)), columns=[f"x{number:02}" for number in range(40)])
    pairs = Profile.of(frame, random_state=1).pairs
    means = pairs.sums[:, 0] / pairs.rows
    z = means / (1 / 3 / np.sqrt(pairs.rows))  # f is a product of two scores of variance 1/3
    assert np.abs(z).max() < 4.5
    assert 0.7 < z.std() < 1.3
    wrongly = pd.DataFrame(frame).rank(pct=True).corr().to_numpy()[np.triu_indices(40, 1)]
    assert np.sort(np.abs(wrongly))[-100:].mean() * np.sqrt(1000) > 1.8  # what counting the same rows would have shown


def test_times_and_constants_are_in_no_pair():
    frame = REFERENCE.assign(when=pd.date_range("2020", periods=200), same=1.0)
    assert Profile.of(frame).pairs.names == tuple(NAMES)


def test_other_pairs_do_not_add():
    with pytest.raises(ProfileMismatchError, match="different pairs"):
        PairSums.of(REFERENCE, COLUMNS, NAMES) + PairSums.of(REFERENCE, COLUMNS, NAMES[:2])
    with pytest.raises(ArgumentError, match="as many numbers of rows"):
        PairSums((("a", "b"),), [1, 2], np.zeros((1, 3)))
