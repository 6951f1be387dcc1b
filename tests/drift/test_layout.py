"""Which statistics are watched, and that the budget adds up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.drift.layout import Layout
from maturekit.drift.places import BUDGET
from maturekit.drift.scores import scores_of
from maturekit.drift.tally import Tally
from maturekit.profile import Profile

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(size=1_000),
        "y": RNG.normal(size=1_000),
        "flag": RNG.integers(0, 2, 1_000),
        "same": 7,
        "empty": np.nan,
        "mostly": np.where(RNG.random(1_000) < 0.9, 0.0, RNG.normal(size=1_000)),
        "city": RNG.choice(np.array(["a", "b", "c"]), 1_000),
        "at": pd.date_range("2013-01-01", periods=1_000, freq="h"),
        "loss": RNG.exponential(size=1_000),
    }
)
PROFILE = Profile.of(FRAME)


def names(layout, column):
    return [s.name for s in layout.statistics if s.columns == (column,)]


def test_every_kind_of_column_has_the_statistics_that_can_move():
    layout = Layout.of(PROFILE, {})
    assert names(layout, "x") == [
        *("nulls", "infinities", "below", "above", "low", "high"),
        *("location", "spread", "skewness", "kurtosis"),
    ]
    assert names(layout, "flag") == ["nulls", "below", "above", "atom"]
    assert names(layout, "same") == ["nulls", "below", "above", "atom"]
    assert names(layout, "empty") == ["nulls", "infinities"]
    assert "location" not in names(layout, "mostly") and "atom" in names(layout, "mostly")
    assert names(layout, "city") == ["value", "value", "value", "rest", "unseen", "nulls"]
    assert names(layout, "at") == ["nulls"]


@pytest.mark.parametrize("groups", [{}, {"performance": ["loss"]}, {"operations": ["loss"], "prediction": ["x"]}])
def test_weights_add_up_to_one_and_groups_get_their_share(groups):
    layout = Layout.of(PROFILE, groups)
    assert layout.weights.sum() == pytest.approx(1.0)
    assert (layout.weights > 0).all()
    present = {"data", "dependence", *groups}
    for group in present:
        share = sum(s.weight for s in layout.statistics if s.group == group)
        assert share == pytest.approx(BUDGET[group] / sum(BUDGET[name] for name in present))


def test_pairs_with_late_columns_are_not_watched():
    layout = Layout.of(PROFILE, {"performance": ["loss"]})
    pairs = [s.columns for s in layout.statistics if s.name == "pair"]
    assert pairs and not any("loss" in pair for pair in pairs)


def test_sums_are_those_of_the_rows():
    layout = Layout.of(PROFILE, {})
    batch = FRAME.tail(200)
    sums = layout.sums(Tally.of(Profile.of(batch, like=PROFILE)))
    where = {(s.name, s.columns): j for j, s in enumerate(layout.statistics)}
    column = PROFILE.columns["x"]
    u = column.ranks[column.bins.where(batch["x"].to_numpy())]
    scores = {
        "location": u,
        "spread": abs(2 * u - 1),
        **dict(zip(("skewness", "kurtosis"), scores_of(u)[2:], strict=True)),
    }
    for name, values in scores.items():
        j = where[name, ("x",)]
        assert sums.rows[j] == 200
        np.testing.assert_allclose(sums.powers[:, j], [(values**k).sum() for k in (1, 2, 3)])
    assert sums.powers[0, where["atom", ("flag",)]] == batch["flag"].sum()


@given(cut=st.integers(0, 1_000))
@settings(max_examples=25, deadline=None)
def test_tallies_of_two_parts_add_up_to_that_of_the_whole(cut):
    parts = [
        Tally.of(Profile.of(part, like=PROFILE)) for part in (FRAME.head(cut), FRAME.tail(1_000 - cut)) if len(part)
    ]
    whole = Tally.of(Profile.of(FRAME, like=PROFILE))
    total = sum(parts[1:], start=parts[0])
    assert (total.cells == whole.cells).all()
    np.testing.assert_allclose(total.pair_sums, whole.pair_sums, atol=1e-9)


def test_a_text_and_its_views_share_the_budget_of_one_column_and_ids_are_not_watched_for_new_values():
    rng = np.random.default_rng(1)
    notes = [f"note {number:06d}" for number in rng.permutation(600)]
    profile = Profile.of(pd.DataFrame({"note": notes, "x": rng.normal(size=600)}))
    layout = Layout.of(profile, {})
    assert names(layout, "note") == ["nulls"]
    views = [name for name in profile.columns if name.startswith("note:")]
    assert views and not any("nulls" in names(layout, view) for view in views)
    share = {c: sum(s.weight for s in layout.statistics if s.columns == (c,)) for c in ("x", "note", *views)}
    assert share["note"] + sum(share[view] for view in views) == pytest.approx(share["x"])
    moved = Layout.of(profile, {"operations": ["note"]})
    assert {moved.group_of[view] for view in views} == {"operations"}
