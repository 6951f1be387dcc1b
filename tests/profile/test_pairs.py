"""Pair sums add, follow their formula, and do not count the rows that chose them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import NumericColumn, PairSums, Profile, bin_numbers
from maturekit.profile import pairs as pairs_module
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
    """Return the number of rows, and the sums in units of powers of 1/128**2."""
    scores = []
    for name in (first, second):
        bins = COLUMNS[name].bins
        where = bins.edges.searchsorted(frame[name].to_numpy(dtype=float), side="right")
        scores.append([round(128 * (2 * rank - 1)) for rank in bins.ranks[where].tolist()])
    both = np.isfinite(frame[[first, second]].to_numpy(dtype=float)).all(axis=1).tolist()
    products = [one * other for one, other, counts in zip(*scores, both, strict=True) if counts]
    return len(products), [sum(product**power for product in products) for power in (1, 2, 3)]


@settings(max_examples=40, deadline=None)
@given(FRAMES)
def test_sums_follow_their_formula(frame):
    pairs = PairSums.of(frame, COLUMNS, NAMES)
    for number, pair in enumerate(NAMES):
        rows, expected = by_hand(frame, *pair)
        assert pairs.rows[number] == rows
        assert pairs.totals[number].tolist() == expected
        assert pairs.sums[number].tolist() == [expected[k] / 128 ** (2 * k + 2) for k in range(3)]


@settings(max_examples=40, deadline=None)
@given(FRAMES, st.randoms(), st.integers(1, 9), st.integers(1, 5))
def test_sums_are_the_same_for_any_order_parts_and_blocks(frame, random, rows, block):
    whole = PairSums.of(frame, COLUMNS, NAMES)
    order = random.sample(range(len(frame)), len(frame))
    cut = random.randint(0, len(frame))
    parts = [PairSums.of(frame.iloc[part], COLUMNS, NAMES) for part in (order[:cut], order[cut:])]
    marks = np.array([random.random() < 0.5 for _ in range(len(frame))], dtype=bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs_module, "_ROWS", rows)
        patch.setattr(bin_numbers, "_BLOCK", block)
        blocks = PairSums.of(frame, COLUMNS, NAMES)
        halves = [PairSums.of(frame, COLUMNS, NAMES, counted=marked) for marked in (marks, ~marks)]
    for same in (parts[0] + parts[1], parts[1] + parts[0], blocks, halves[0] + halves[1]):
        assert same.rows.tolist() == whole.rows.tolist()
        assert same.totals.tolist() == whole.totals.tolist()


def test_sums_over_more_rows_than_a_table_can_have_are_exact_and_survive_storage():
    pairs = once = PairSums.of(REFERENCE, COLUMNS, NAMES)
    for _ in range(50):
        pairs = pairs + pairs
    assert pairs.totals.tolist() == [[total * 2**50 for total in sums] for sums in once.totals.tolist()]
    again = PairSums.from_dict(json.loads(json.dumps(pairs.to_dict())), names=NAMES)
    assert again.totals.tolist() == pairs.totals.tolist()
    assert again.sums.tolist() == (once.sums * 2.0**50).tolist()


def test_many_rows_of_the_outermost_bins_overflow_nowhere():
    lots = pd.DataFrame({"a": np.full(300_000, 9.0), "b": np.full(300_000, 9.0)})
    rows, expected = by_hand(lots.head(1), "a", "b")
    pairs = PairSums.of(lots, COLUMNS, [("a", "b")])
    assert pairs.rows.tolist() == [300_000 * rows]
    assert pairs.totals.tolist() == [[300_000 * total for total in expected]]


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
