"""Batches that come late, twice, in another order, in groups of columns or never."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, Watch
from maturekit.errors import BatchTakenError
from maturekit.profile import Profile
from maturekit.storage import MemoryStore


def table(seed, rows=200, shift=0.0, loss=1.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"x": rng.normal(shift, 1, rows), "y": rng.normal(size=rows), "loss": rng.exponential(loss, rows)}
    )


PROFILE = Profile.of(table(0, 4_000))


def watching(**settings):
    settings = {"false_alarms_per_year": 1, "batches_per_year": 365, "groups": {"performance": ["loss"]}, **settings}
    return Monitor(PROFILE, **settings)


def levels(monitor, group):
    """Evidence of the statistics of one group."""
    mine = [statistic.group == group for statistic in monitor._layout.statistics]
    return monitor._state.level[mine].tolist()


def test_what_is_known_in_the_end_does_not_depend_on_the_order():
    pools = []
    for order in itertools.permutations(range(4)):
        monitor = watching()
        for number in order:
            monitor.update(table(1 + number), batch=str(number))
        pool = monitor._state.known.pools[""]
        pools.append((pool.cells.tolist(), pool.pair_rows.tolist(), pool.pair_sums.round(6).tolist()))
    assert all(pool == pools[0] for pool in pools)


def test_labels_that_come_days_later_are_judged_as_if_they_had_come_at_once():
    together, apart = watching(), watching()
    for day in range(6):
        together.update(table(1 + day), batch=str(day))
        apart.update(table(1 + day)[["x", "y"]], batch=str(day))
        if day >= 3:
            apart.update(table(1 + day - 3)[["loss"]], batch=str(day - 3))
    for day in (3, 4, 5):
        apart.update(table(1 + day)[["loss"]], batch=str(day))
    for group in ("data", "dependence", "performance"):
        assert levels(apart, group) == levels(together, group)
    assert apart._state.known.pools[""].cells.tolist() == together._state.known.pools[""].cells.tolist()


def test_a_batch_that_never_comes_moves_nothing():
    whole, gap = watching(), watching()
    for day in range(5):
        whole.update(table(1 + day), batch=str(day))
        if day != 2:
            gap.update(table(1 + day), batch=str(day))
        if day == 1:
            before = gap.state()
        if day == 2:
            assert gap.state() == before
    assert whole.state()["state"]["updates"] == 5
    assert gap.state()["state"]["updates"] == 4


def test_a_group_that_does_not_come_stands_still_while_the_others_move():
    monitor = watching()
    monitor.update(table(1), batch="a")
    loss = levels(monitor, "performance")
    reading = monitor.update(table(2)[["x", "y"]], batch="b")
    assert levels(monitor, "performance") == loss
    assert [finding.value for finding in reading.findings if finding.rule == "group"] == ["performance"]
    assert reading.ok  # late labels are no failure


def test_since_names_the_batch_in_the_order_of_arrival():
    monitor = watching()
    days = [f"day-{number}" for number in range(8)]
    for day in days[:5]:
        monitor.update(table(1, shift=0.0) if day == "day-0" else table(int(day[-1]) + 20), batch=day)
    late = monitor.update(table(50, shift=1.5), batch="a day of last year")
    assert late.alarm and late.since == "a day of last year"
    follow = monitor.update(table(51, shift=1.5), batch=days[5])
    assert follow.since == "a day of last year"  # it came first


def test_since_of_labels_is_one_of_their_own_batches():
    monitor = watching()
    for day in range(6):
        monitor.update(table(60 + day)[["x", "y"]], batch=f"day-{day}")
    for day in range(4):
        reading = monitor.update(table(60 + day, loss=3.0 if day >= 2 else 1.0)[["loss"]], batch=f"day-{day}")
    assert reading.alarm and reading.since == "day-2"
    assert reading.causes[0].columns == ("loss",)


def test_an_id_is_taken_for_each_group_separately_and_for_64_batches():
    monitor, watch = watching(), Watch(MemoryStore(), "flights", watching())
    for place in (monitor, watch):
        place.update(table(1, 5)[["loss"]], batch="0")
        for number in range(65):
            place.update(table(1 + number, 5)[["x", "y"]], batch=str(number))
    for place in (monitor, watch):
        with pytest.raises(BatchTakenError):
            place.update(table(99, 5)[["loss"]], batch="0")  # the only one of its group
        with pytest.raises(BatchTakenError):
            place.update(table(99, 5)[["x", "y"]], batch="1")  # 64 back
    with pytest.raises(BatchTakenError):
        watch.update(table(99, 5)[["x", "y"]], batch="0")
    monitor.update(table(99, 5)[["x", "y"]], batch="0")  # 65 back: a monitor alone has forgotten it


def test_the_same_batch_in_the_same_state_gives_the_same_reading():
    one, two = (watching(clock=lambda: TIME) for _ in range(2))
    for number in range(3):
        assert one.update(table(number), batch=str(number)) == two.update(table(number), batch=str(number))
    other = watching(clock=lambda: TIME)
    other.update(table(0), batch="another id")
    other.update(table(1), batch="1")
    assert levels(other, "data") != levels(watching_two(), "data")  # the id seeds what breaks ties


TIME = pd.Timestamp("2013-05-01", tz="UTC").to_pydatetime()


def watching_two():
    monitor = watching()
    for number in range(2):
        monitor.update(table(number), batch=str(number))
    return monitor


def test_a_count_that_the_profile_hides_starts_with_the_first_batch_and_not_with_none_at_all():
    def rows(seed):
        frame = table(seed, 10_000)[["x"]].assign(city="Rome")
        return frame.mask(np.random.default_rng(seed).random(10_000)[:, None].repeat(2, axis=1) < 0.002)  # 20 nulls

    monitor = Monitor(Profile.of(rows(0), least_count=50), false_alarms_per_year=1, batches_per_year=365)
    hidden = [j for j, statistic in enumerate(monitor._layout.statistics) if statistic.name == "nulls"]
    assert monitor.profile.columns["x"].unknown == monitor.profile.columns["city"].unknown == {"nulls"}
    monitor.update(rows(1), batch="first")
    assert len(hidden) == 2 and not monitor._state.level[hidden].any()
    monitor.update(rows(2), batch="second")
    assert monitor._state.level[hidden].any(axis=1).all()
    assert not monitor.alarm
