"""Numbers of whole batches, watched by the same budget as columns."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from maturekit.drift import BatchValue, Monitor, PValue, RowCount
from maturekit.drift.own import Own, judge_own
from maturekit.errors import ArgumentError, ArgumentTypeError, TableError
from maturekit.profile import Profile
from maturekit.statistics import change_evidence, shiryaev_roberts
from maturekit.testing import check

RNG = np.random.default_rng(0)
PROFILE = Profile.of(pd.DataFrame({"x": RNG.normal(size=5_000)}))


class Failures(PValue):
    name = "failed calls"

    def _value(self, batch):
        return stats.binom.sf((batch.frame["x"] > 2.33).sum() - 1, batch.rows, 0.01)


class Largest(BatchValue):
    name = "largest x"

    def _value(self, batch):
        return batch.frame["x"].max()


class Broken(BatchValue):
    name = "broken"

    def _value(self, batch):
        raise ZeroDivisionError("no")


def watching(*statistics, profile=PROFILE, **settings):
    asked = {"false_alarms_per_year": 1, "batches_per_year": 365, **settings}
    return Monitor(profile, statistics=statistics, **asked)


def batch(rng, rows=200, shift=0.0):
    return pd.DataFrame({"x": rng.normal(shift, 1, rows)})


def test_a_fall_of_the_number_of_rows_is_found_and_named():
    rng, monitor = np.random.default_rng(1), watching(RowCount())
    for day in range(120):
        reading = monitor.update(batch(rng, int(rng.poisson(200))), batch=f"day {day}")
        assert not reading.alarm
    for day in range(10):
        reading = monitor.update(batch(rng, int(rng.poisson(120))), batch=f"short {day}")
        if reading.alarm:
            break
    assert reading.alarm
    cause = reading.causes[0]
    assert (cause.rule, cause.columns) == ("drift:batch-value", ("rows of a batch",))
    assert cause.value == pytest.approx(-80, abs=15)
    assert cause.interval[0] < -80 < cause.interval[1]


def test_the_reference_s_own_batches_are_known_from_the_start():
    frame = pd.DataFrame({"x": np.random.default_rng(2).normal(size=4_000)})
    profile = Profile.of(frame, batches=np.arange(4_000) // 200)
    monitor = watching(RowCount(), profile=profile, batch_effects=False)
    monitor.update(batch(np.random.default_rng(3), 50), batch="a")
    assert monitor.evidence["rows of a batch"] > 1.0  # ranked among 20, not the first of its kind


def test_a_valid_p_value_raises_an_alarm_when_it_stays_small():
    rng, monitor = np.random.default_rng(4), watching(Failures())
    assert not any(monitor.update(batch(rng), batch=f"day {day}").alarm for day in range(60))
    pool = [
        monitor.update(pd.DataFrame({"x": np.r_[np.full(8, 2.5), rng.normal(size=192)]}), batch=f"bad {d}")
        for d in range(6)
    ]
    assert pool[-1].alarm
    assert "failed calls" in [column for cause in pool[-1].causes for column in cause.columns]


def test_a_statistic_that_fails_says_so_and_stops_no_other():
    monitor = watching(Broken(), RowCount())
    reading = monitor.update(batch(np.random.default_rng(5)), batch="a")
    failed = [f for f in reading.findings if f.status == "could_not_run"]
    assert [f.columns for f in failed] == [("broken",)]
    assert "ZeroDivisionError: no" in failed[0].message


def test_counts_alone_suffice_for_the_number_of_rows_and_not_for_what_needs_rows():
    monitor = watching(RowCount(), Largest())
    reading = monitor.update(Profile.of(batch(np.random.default_rng(6)), like=PROFILE), batch="a")
    (failed,) = (f for f in reading.findings if f.status == "could_not_run")
    assert failed.columns == ("largest x",) and TableError.__name__ in failed.message


def test_a_resumed_monitor_goes_on_identically():
    one, rng = watching(RowCount(), Largest(), Failures()), np.random.default_rng(7)
    for day in range(20):
        today = batch(rng, int(rng.poisson(200)))
        if day == 10:
            state = json.loads(json.dumps(one.state()))
            with pytest.raises(ArgumentError, match="statistics"):
                Monitor.from_state(PROFILE, state)
            two = Monitor.from_state(PROFILE, state, statistics=[RowCount(), Largest(), Failures()])
        one.update(today, batch=f"day {day}")
        if day >= 10:
            two.update(today, batch=f"day {day}")
    assert one.state() == two.state()


def test_names_groups_and_types_are_checked():
    with pytest.raises(ArgumentTypeError, match="BatchValue or PValue"):
        watching("rows")
    with pytest.raises(ArgumentError, match="two things"):
        watching(RowCount(), RowCount())

    class Late(RowCount):
        group = "performance"

    with pytest.raises(ArgumentError, match="no columns"):
        watching(Late())


def test_a_group_with_more_weight_is_found_sooner():
    def evidence(budget):
        monitor = watching(RowCount(), budget=budget, groups={"operations": ["x"]}, profile=both)
        rng = np.random.default_rng(8)
        monitor.update(pd.DataFrame({"x": rng.normal(1, 1, 100), "y": rng.normal(size=100)}), batch="a")
        return monitor.evidence["x"]

    both = Profile.of(pd.DataFrame({"x": RNG.normal(size=5_000), "y": RNG.normal(size=5_000)}))
    assert evidence({"operations": 10}) > 5 * evidence({})


class Frozen(PValue):
    """Each batch against the same 200 rows: every test is valid alone, and their sequence is not."""

    name = "against a frozen sample"

    def __init__(self, seed):
        self.sample = np.random.default_rng(seed).normal(size=200)

    @classmethod
    def examples(cls):
        yield from map(cls, range(3))

    def _value(self, batch):
        return stats.ks_2samp(self.sample, batch.frame["x"]).pvalue

    def null(self, rng):
        return pd.DataFrame({"x": rng.normal(size=1_000)})


def test_the_suite_accepts_what_is_valid_and_refuses_a_frozen_reference():
    check(Failures)
    check(Largest)
    with pytest.raises(AssertionError, match="is there a fixed sample"):
        check(Frozen)


def test_ranked_numbers_keep_the_promise_whatever_their_law():
    """100 worlds of 200 batches with a heavy-tailed, rounded number; promise: one false alarm in 20 batches."""
    alarms = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        bags, level, count = {}, np.zeros((1, 10), dtype=np.int64), 0
        for value in np.round(rng.standard_t(1.5, 200)):
            own = Own((float(value),), ())
            surprise, _ = judge_own([Largest()], own, bags, rng.random(1))
            bags = own.plus([Largest()], bags)
            if surprise.moved[0]:
                level = shiryaev_roberts(level, surprise.up, surprise.down)
            if change_evidence(level)[0] >= 20:
                level, count = np.zeros_like(level), count + 1
        alarms.append(count)
    error = np.std(alarms) / np.sqrt(len(alarms))
    assert 0 < np.mean(alarms) <= 200 / 20 + 3 * error


def test_the_size_of_a_step_is_what_it_was_although_the_mean_of_earlier_batches_follows_it():
    """30 batches of about 1,000 rows, then 20 of 300: compared with a mean that follows, the move looked like 600."""
    rows = [1_000 + day % 7 for day in range(30)] + [300] * 20
    profile = Profile.of(pd.DataFrame({"late": [0, 1] * 1_000}))
    monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365, statistics=[RowCount()])
    for day, count in enumerate(rows):
        reading = monitor.update(pd.DataFrame({"late": np.arange(count) % 2}), batch=f"{day}")
    (cause,) = reading.causes
    assert cause.value == pytest.approx(-700, abs=50)
