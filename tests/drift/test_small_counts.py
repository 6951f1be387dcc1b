"""Where few rows say anything: products that are nearly all 0, and values that the pool hardly has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, Tolerance
from maturekit.drift.engine import judge
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.profile import Profile

NONE = Tolerance(0.0, 0.0, 0.0)


@pytest.mark.parametrize(("rows", "judged"), [(5, False), (400, True)])
def test_a_pair_is_judged_only_where_enough_rows_have_a_product(rows, judged):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"zeros": np.where(rng.random(1_000) < 0.9, 0.0, rng.normal(size=1_000)), "x": rng.normal(size=1_000)}
    )
    profile = Profile.of(frame)
    layout = Layout.of(profile, {})
    batch = Tally.of(Profile.of(frame.sample(rows, random_state=2), like=profile))
    surprise = judge(layout, batch, Tally.of(profile), uniform=np.full(layout.counts, 0.5), tolerance=NONE)
    pair = [statistic.name for statistic in layout.statistics].index("pair")
    assert (surprise.up[pair] != 0) == judged


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.02])
@pytest.mark.parametrize(("rows", "pool"), [(200, 1_000), (1_000, 100_000), (10_000, 10_000)])
def test_a_change_within_the_tolerance_is_no_news_for_counts_of_any_size(share, rows, pool):
    rng, many, tolerance = np.random.default_rng(3), 20_000, Tolerance()
    profile = Profile.of(pd.DataFrame({"x": [0] * 50 + [1] * 50}))
    layout = Layout.of(profile, {})
    atom = [statistic.name for statistic in layout.statistics].index("atom")
    batch, before = (
        Tally(
            np.zeros((many, len(Tally.of(profile).cells)), dtype=np.int64),
            np.zeros((many, 0), int),
            np.zeros((many, 0, 3)),
        )
        for _ in range(2)
    )
    for tally, size, true in ((batch, rows, share + tolerance.share), (before, pool, share)):
        tally.cells[:, layout.row_slots] = size
        tally.cells[:, layout.count_slots[atom]] = rng.binomial(size, true, many)
    z = judge(layout, batch, before, uniform=rng.random((many, layout.counts)), tolerance=tolerance).up[:, atom]
    for bet in (0.35, 0.7, 1.4):
        assert np.exp(bet * z - bet**2 / 2).mean() < 1.05  # standard error at most 0.02


def test_hiding_a_small_rest_raises_no_alarm():
    """Without its 2 % of rare values, a column that is constant otherwise looked like one that never varies."""
    rng = np.random.default_rng(4)
    names = np.array(["usual", *(f"rare {number}" for number in range(40))])

    def rows(n):
        return pd.DataFrame({"kind": names[np.where(rng.random(n) < 0.98, 0, rng.integers(1, 41, n))]})

    monitor = Monitor(Profile.of(rows(1_000), least_count=30), false_alarms_per_year=1, batches_per_year=365)
    assert not any(monitor.update(rows(200), batch=str(day)).alarm for day in range(20))
