"""A rollout in several processes: they count together, survive each other's end, and look by themselves."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
import weakref
from functools import partial

import numpy as np
import pytest

from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.storage import MemoryStore

FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
PLAN = RolloutPlan(shares=(0.5,))


@pytest.fixture
def rollout(rollout):
    """Return a function that begins a rollout at one half, by the clock of the system."""
    return partial(rollout, plan=PLAN, clock=None)


def test_it_rolls_back_by_itself(rollout, says, customers, until):
    one = rollout(second=says(2.0, ZeroDivisionError()), look_seconds=0.05)
    for number in range(100):
        with contextlib.suppress(ZeroDivisionError):
            one.predict_one({"customer": number})
    until(lambda: one.share == 0.0)
    assert set(one.predict(customers(100))) == {1.0}
    one.close()


def test_its_thread_ends_with_it(rollout, customers):
    one = rollout(look_seconds=0.05)
    one.predict(customers(3))
    thread = one._watch._thread
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    thread.join(10.0)
    assert not thread.is_alive()


def test_close_counts_what_waits_and_the_next_call_begins_anew(rollout, customers):
    place = MemoryStore()
    with rollout(place=place, look_seconds=1000.0) as one:
        one.predict(customers(100))
        thread = one._watch._thread
    assert not thread.is_alive()
    assert rollout(place=place).step().measures["failed"].rows[0] > 0
    one.predict(customers(100, 200))
    assert one._watch._thread.is_alive()
    one.close()
    assert sum(rollout(place=place).step().measures["failed"].rows) == 200


def test_threads_that_call_observe_and_step_at_once_count_everything_once(rollout, customers):
    one = rollout()

    def work(number):
        mine = customers(100 * number, 100 * number + 100)
        said = one.predict(mine)
        assert one.observe(mine["customer"], said == 2.0) <= 100
        one.observe(mine["customer"], said == 2.0)
        one.step()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    standing = one.step()
    assert standing.decision == "rolled back"
    assert sum(standing.measures["loss"].rows) <= 800


def count_in_another_process(begin, mine, gate):
    one = begin()
    said = one.predict(mine)
    gate.wait()
    one.observe(mine["customer"], np.zeros(len(said)))
    one.step()


@FORK
def test_processes_count_together_and_each_key_once(tmp_path, rollout, customers):
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(4)
    plan = RolloutPlan(shares=(0.5,), patience=10**9)
    workers = []
    for number in range(4):
        mine = customers(100 * number, 100 * number + 150)  # 50 of them are also the next one's
        begin = partial(rollout, place=tmp_path, plan=plan)
        workers.append(context.Process(target=count_in_another_process, args=(begin, mine, gate)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60.0)
        assert worker.exitcode == 0
    standing = rollout(place=tmp_path, plan=plan).step()
    assert sum(standing.measures["loss"].rows) == 450
    assert sum(standing.measures["failed"].rows) == 600  # guard rails count a key once a process


def observe_and_die(one):
    one.observe(range(40), np.ones(40))
    os.kill(os.getpid(), signal.SIGKILL)


def test_outcomes_are_safe_once_observe_has_returned(tmp_path, rollout, forked):
    assert forked(lambda: observe_and_die(rollout(place=tmp_path))).ended() == -signal.SIGKILL
    one = rollout(place=tmp_path)
    assert one.observe(range(50), np.ones(50)) == 10


def test_a_forked_child_begins_with_nothing_waiting_and_a_thread_of_its_own(
    tmp_path, rollout, customers, until, forked
):
    one = rollout(place=tmp_path, look_seconds=0.05)
    one.predict(customers(1))
    one.close()
    one.predict(customers(1))
    one._watch.notes.take((b"00000000", False, 0.5, "ok", 0.0))

    def begin_anew():
        assert not one._watch.running
        assert not one._watch.notes.records
        one.predict(customers(10, 20))
        until(lambda: sum(one.step().measures["failed"].rows) >= 10)

    assert forked(begin_anew).ended() == 0
    one.close()
