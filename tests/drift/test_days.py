"""Monitors whose unit is the day: what the reference's own days teach, and what one day can say by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from maturekit.drift import Monitor, RowCount
from maturekit.drift.effects import BatchEffects, deviation
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import Profile


def rows(rng, n):
    return pd.DataFrame({"x": rng.normal(size=n), "y": rng.normal(size=n), "kind": rng.choice(np.array(["a", "b"]), n)})


def test_days_of_small_season_classes_vary_as_much_in_the_reference_as_later():
    """Seven classes of four days: a day that were compared with itself among them would vary by a quarter too little."""
    rng = np.random.default_rng(0)
    days = np.repeat(np.arange(28), 100)
    profile = Profile.of(rows(rng, 2_800), batches=days, classes=days % 7)
    layout = Layout.of(profile, {})
    pairs = [(Tally.of(day), Tally.of(whole)) for whole in profile.classes.values() for day in whole.batches.values()]
    learned = BatchEffects.learn(layout, pairs)
    origin = pairs[0][1]
    later = [
        deviation(layout, Tally.of(Profile.of(rows(rng, 100), like=profile)), origin, Tolerance())[0]
        for _ in range(300)
    ]
    scores = slice(layout.counts, layout.counts + layout.scores)
    spread = (learned.products[0] / learned.batches)[scores].mean() / np.square(later).mean(axis=0)[scores].mean()
    assert 0.9 < spread < 1.4  # (1 + 1/3) against (1 + 1/4) for the best guess; with the day itself it was 3/4 to 5/4


def test_own_statistics_and_day_effects_go_together():
    rng = np.random.default_rng(1)
    profile = Profile.of(rows(rng, 4_000), batches=np.arange(4_000) // 200)
    monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365, statistics=[RowCount()])
    for day in range(15):
        assert not monitor.update(rows(rng, int(rng.poisson(200))), batch=f"{day}").alarm
    assert monitor.evidence["rows of a batch"] > 0


def test_a_column_that_lost_all_its_values_is_named_on_the_first_day():
    rng = np.random.default_rng(2)
    profile = Profile.of(rows(rng, 4_000), batches=np.arange(4_000) // 200)
    monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    reading = monitor.update(rows(rng, 200).assign(x=np.nan), batch="monday")
    (found,) = (finding for finding in reading.findings if finding.rule == "empty-column")
    assert found.columns == ("x",) and found.severity == "warning" and "in the reference 0.0%" in found.message
    assert reading.ok == (not reading.alarm)


def test_batches_that_were_wrong_can_be_forgotten():
    rng = np.random.default_rng(3)
    profile = Profile.of(rows(rng, 2_000))
    one, two = (Monitor(profile, false_alarms_per_year=1, batches_per_year=365) for _ in range(2))
    for monitor in (one, two):
        rng = np.random.default_rng(4)
        assert monitor.update(rows(rng, 500).assign(x=5.0), batch="bad").alarm
    one.acknowledge(keep=False)
    two.acknowledge()
    good = rows(rng, 500)
    one.update(good, batch="good")
    two.update(good, batch="good")
    assert max(one.evidence.values()) < 100 < max(two.evidence.values())
    assert not one.alarm


def test_days_may_become_much_larger_than_those_of_the_reference():
    """Day effects of a tenth of a standard deviation: 1.7 standard errors of 300 rows, 7.7 of 6,000."""
    rng = np.random.default_rng(5)

    def day(n):
        return pd.DataFrame({name: rng.normal(0.1 * rng.normal(), 1, n) for name in "xy"})

    profile = Profile.of(pd.concat([day(300) for _ in range(30)]), batches=np.arange(9_000) // 300)
    monitor, alarms = Monitor(profile, false_alarms_per_year=1, batches_per_year=365), 0
    for number in range(40):
        alarms += monitor.update(day(6_000), batch=str(number)).opened
        monitor.acknowledge()
    assert alarms == 0  # promised: 0.1 on average; 1 or 2 when a large day counted as so many rows


def test_a_change_of_larger_days_is_found():
    rng = np.random.default_rng(6)
    profile = Profile.of(rows(rng, 6_000), batches=np.arange(6_000) // 200)
    monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    found = [monitor.update(rows(rng, 2_000).assign(x=rng.normal(0.5, 1, 2_000)), batch=str(day)) for day in range(5)]
    assert found[-1].alarm and found[-1].causes[0].columns == ("x",)
