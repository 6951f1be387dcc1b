"""A watch counts each batch once, for ever, and keeps readings and the latest state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import BatchValue, Monitor, Watch
from maturekit.errors import ArgumentError, BatchTakenError, IntegrityError, NameRuleError, ProfileMismatchError
from maturekit.profile import Profile, View
from maturekit.storage import MemoryStore

PROFILE = Profile.of(pd.DataFrame({"x": np.arange(1_000.0) % 97, "loss": np.arange(1_000.0) % 31}))


def day(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.integers(0, 97, 200) + shift, "loss": rng.integers(0, 31, 200) * 1.0})


def monitor(**settings):
    return Monitor(PROFILE, false_alarms_per_year=1, batches_per_year=365, **settings)


def test_a_batch_sent_again_gives_its_first_reading_and_other_rows_are_refused():
    watch = Watch(MemoryStore(), "flights", monitor())
    first = watch.update(day(1, shift=60), batch="a")
    watch.update(day(2), batch="b")
    again = watch.update(day(1, shift=60), batch="a")
    assert again == first and again.alarm and again.causes
    with pytest.raises(BatchTakenError, match="with other rows"):
        watch.update(day(3), batch="a")
    assert watch.number == 2


def test_late_columns_claim_the_same_batch_separately():
    watch = Watch(MemoryStore(), "flights", monitor(groups={"performance": ["loss"]}))
    watch.update(day(1)[["x"]], batch="a")
    watch.update(day(1)[["loss"]], batch="a")
    watch.update(day(1)[["loss"]], batch="a")
    assert watch.number == 2


def test_acknowledge_and_rebase_are_steps_of_their_own():
    watch = Watch(MemoryStore(), "flights", monitor())
    assert watch.update(day(1, shift=60), batch="a").alarm
    watch.acknowledge()
    assert watch.monitor.alarm is None
    assert watch.update(day(2, shift=60), batch="b").alarm
    watch.rebase()
    assert (watch.number, watch.monitor.alarm) == (4, None)
    with pytest.raises(ArgumentError, match="no alarm is open"):
        watch.rebase()
    assert watch.number == 4


def test_after_rebase_on_a_profile_the_old_one_is_refused():
    store = MemoryStore()
    watch = Watch(store, "flights", monitor())
    watch.update(day(1), batch="a")
    watch.rebase(Profile.of(pd.concat([day(seed, shift=60) for seed in range(5)])))
    assert not watch.update(day(2, shift=60), batch="b").alarm
    with pytest.raises(ProfileMismatchError, match="rebased on"):
        Watch(store, "flights", monitor()).update(day(3), batch="c")


def test_an_empty_batch_leaves_no_state():
    watch = Watch(MemoryStore(), "flights", monitor())
    assert watch.update(day(1).head(0), batch="a").verdict == "not_enough_evidence"
    assert watch.number == 0


def test_opening_writes_nothing_and_names_are_checked(tmp_path):
    assert Watch(tmp_path / "new", "flights", monitor()).number == 0
    assert not (tmp_path / "new").exists()
    with pytest.raises(NameRuleError):
        Watch(tmp_path, "../x", monitor())


class Largest(BatchValue):
    name = "largest x"

    def _value(self, batch):
        return batch.frame["x"].max()


def test_own_statistics_are_resumed_and_part_of_what_must_be_the_same():
    watch = Watch(MemoryStore(), "flights", monitor(statistics=[Largest()]))
    frame = day(1).assign(x=day(1)["x"].replace(96, 95))
    beyond = pd.DataFrame({"x": [200.0, 300.0], "loss": [1.0, 1.0]})
    watch.update(frame, batch="a")
    watch.update(beyond, batch="b")
    assert watch.update(frame, batch="a").ok
    other = beyond.assign(x=[200.0, 400.0])  # the same counts, since both lie above the known range
    with pytest.raises(BatchTakenError, match="with other rows"):
        watch.update(other, batch="b")
    with pytest.raises(ArgumentError, match=r"with the statistics \['largest x'\]"):
        Watch(watch.store, "flights", monitor()).update(frame, batch="c")


class Sum(View):
    name, columns = "sum", ("x", "loss")

    def _values(self, frame):
        return frame["x"] + frame["loss"]


def test_views_are_made_of_each_batch_and_resumed():
    frame = pd.DataFrame({"x": np.arange(1_000.0) % 97, "loss": np.arange(1_000.0) % 31})
    profile = Profile.of(frame, views=[Sum()])

    def start(**settings):
        return Monitor(profile, false_alarms_per_year=1, batches_per_year=365, **settings)

    watch = Watch(MemoryStore(), "flights", start(views=[Sum()]))
    assert not any(finding.rule == "column" for finding in watch.update(day(1), batch="a").findings)
    watch.update(day(2), batch="b")
    assert watch.monitor._state.known.pools[""].cells.sum() > 0
    assert watch.monitor.views[0].name == "sum"
    with pytest.raises(ArgumentError, match=r"with the views \['sum'\]"):
        Watch(watch.store, "flights", start()).update(day(3), batch="c")
    absent = start().update(day(1), batch="a")
    assert [f.columns for f in absent.findings if f.rule == "column"] == [("sum",)]


def test_readings_are_kept_in_order_and_states_only_as_long_as_wanted():
    watch = Watch(MemoryStore(), "flights", monitor())
    given = [watch.update(day(seed), batch=str(seed)) for seed in range(6)]
    before = watch.monitor.state()
    assert watch.prune(keep=3) == 3
    assert watch.prune(keep=3) == 0
    assert watch.prune() == 2
    assert len(list(watch.store.list("flights/states/"))) == 1
    assert list(watch.readings()) == given
    assert watch.update(day(0), batch="0") == given[0]  # still counted once
    assert watch.monitor.state() == before
    assert not watch.update(day(7), batch="7").alarm
    with pytest.raises(ArgumentError, match="whole number from 1"):
        watch.prune(keep=0)


def test_a_batch_too_far_back_for_a_monitor_is_still_known_to_a_watch():
    alone, watch = monitor(), Watch(MemoryStore(), "flights", monitor())
    small = [day(seed).head(5) for seed in range(66)]
    for number, frame in enumerate(small):
        alone.update(frame, batch=str(number))
        watch.update(frame, batch=str(number))
    with pytest.raises(BatchTakenError):
        alone.update(small[2], batch="2")
    alone.update(small[1], batch="1")  # the latest 64 are remembered, and this is the 65th back
    assert alone.state()["state"]["updates"] == 67
    watch.update(small[1], batch="1")
    assert watch.number == 66


def test_a_lost_or_damaged_latest_state_is_said_and_nothing_is_guessed():
    watch = Watch(MemoryStore(), "flights", monitor())
    for name in "ab":
        watch.update(day(ord(name)), batch=name)
    *_, key = watch.store.list("flights/states/")
    data = watch.store.get(key)
    watch.store.delete(key)
    with pytest.raises(IntegrityError, match="state of step 2 of 'flights' is gone"):
        watch.update(day(3), batch="c")
    watch.store.put_new(key, data[:-1] + b" ")
    with pytest.raises(IntegrityError, match="not what was stored"):
        watch.acknowledge()
    assert (watch.number, len(list(watch.readings()))) == (2, 2)
    watch.store.delete(key)
    watch.store.put_new(key, data)
    assert not watch.update(day(3), batch="c").alarm


def test_columns_that_come_again_with_new_ones_are_refused_as_a_whole():
    watch = Watch(MemoryStore(), "flights", monitor(groups={"performance": ["loss"]}))
    watch.update(day(1)[["x"]], batch="a")
    with pytest.raises(BatchTakenError):
        watch.update(day(1), batch="a")
    assert watch.update(day(1)[["loss"]], batch="a").ok
    assert watch.number == 2


def test_settings_are_those_of_the_first_monitor_whoever_comes_later():
    store = MemoryStore()
    Watch(store, "flights", monitor(groups={"performance": ["loss"]})).update(day(1)[["x"]], batch="a")
    later = Watch(store, "flights", monitor())
    later.update(day(1)[["loss"]], batch="a")  # a group of its own, as was asked at first
    assert later.number == 2
    assert later.monitor.settings.groups == {"performance": ["loss"]}
