"""States in a store: no batch counts twice, and a crash between any two steps is repeated harmlessly."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, Watch
from maturekit.errors import ArgumentError, BatchTakenError, NameRuleError, ProfileMismatchError, StorageError
from maturekit.profile import Profile
from maturekit.storage import LocalStore, MemoryStore

PROFILE = Profile.of(pd.DataFrame({"x": np.arange(1_000.0) % 97, "loss": np.arange(1_000.0) % 31}))


def day(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.integers(0, 97, 200) + shift, "loss": rng.integers(0, 31, 200) * 1.0})


def monitor(**settings):
    return Monitor(PROFILE, false_alarms_per_year=1, batches_per_year=365, **settings)


class Failing(MemoryStore):
    """A store whose process dies before the n-th value is written."""

    def __init__(self, die_before):
        super().__init__()
        self.die_before = die_before

    def _put_new(self, key, data):
        if self.die_before == 0:
            raise StorageError("power cut")
        self.die_before -= 1
        super()._put_new(key, data)


@pytest.mark.parametrize("crash", [0, 1, 2, 3])
def test_a_crash_between_any_two_steps_is_repeated_harmlessly(crash):
    store, straight = Failing(crash), monitor()
    try:
        for name in ("a", "b"):
            Watch(store, "flights", monitor()).update(day(ord(name)), batch=name)
    except StorageError:
        store.die_before = -1
    store.die_before = -1
    for name in ("a", "b", "c"):  # the job starts again from the beginning
        Watch(store, "flights", monitor()).update(day(ord(name)), batch=name)
        straight.update(day(ord(name)), batch=name)
    watch = Watch(store, "flights", monitor())
    assert watch.number == 3
    assert watch.monitor.state() == straight.state()


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


def test_several_writers_count_every_batch_once(tmp_path):
    store, errors = LocalStore(tmp_path / "store"), []

    def work(names):
        try:
            for name in names:
                Watch(store, "flights", monitor()).update(day(int(name)), batch=name)
        except Exception as error:  # noqa: BLE001  # a thread has no other way to tell
            errors.append(error)

    jobs = [threading.Thread(target=work, args=(names,)) for names in ("123", "321", "234")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    watch = Watch(store, "flights", monitor())
    assert not errors
    assert watch.number == 4
    assert watch.monitor.state()["state"]["known"]["pools"][""]["cells"][0] == 1_000 + 4 * 200


def test_an_empty_batch_leaves_no_state():
    watch = Watch(MemoryStore(), "flights", monitor())
    assert watch.update(day(1).head(0), batch="a").verdict == "not_enough_evidence"
    assert watch.number == 0


def test_opening_writes_nothing_and_names_are_checked(tmp_path):
    assert Watch(tmp_path / "new", "flights", monitor()).number == 0
    assert not (tmp_path / "new").exists()
    with pytest.raises(NameRuleError):
        Watch(tmp_path, "../x", monitor())
