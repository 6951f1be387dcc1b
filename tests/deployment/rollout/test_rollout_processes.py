"""A rollout in several processes: they count together, survive each other's end, and look by themselves."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
import time
import weakref

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.deployment.rollout.rollout import Rollout
from maturekit.storage import MemoryStore

FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")


class Says:
    """Says one number, or raises."""

    def __init__(self, value, error=None):
        self.value, self.error = value, error

    def predict(self, X):
        if self.error is not None:
            raise self.error
        return np.full(len(X), self.value)


def rollout(place, *, error=None, look_seconds=float("inf"), **plan):
    plan = RolloutPlan(**{"shares": (0.5,), **plan})
    return Rollout(
        Says(1.0), Says(2.0, error), key="customer", place=place, name="new", plan=plan, look_seconds=look_seconds
    )


def customers(*numbers):
    return pd.DataFrame({"customer": list(range(*numbers))})


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_it_rolls_back_by_itself():
    one = rollout(MemoryStore(), error=ZeroDivisionError(), look_seconds=0.05)
    for number in range(100):
        with contextlib.suppress(ZeroDivisionError):
            one.predict_one({"customer": number})
    assert until(lambda: one.share == 0.0)
    assert set(one.predict(customers(100))) == {1.0}
    one.close()


def test_its_thread_ends_with_it():
    one = rollout(MemoryStore(), look_seconds=0.05)
    one.predict(customers(3))
    thread = one._watch._thread
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    thread.join(10.0)
    assert not thread.is_alive()


def test_close_counts_what_waits_and_the_next_call_begins_anew():
    place = MemoryStore()
    with rollout(place, look_seconds=1000.0) as one:
        one.predict(customers(100))
        thread = one._watch._thread
    assert not thread.is_alive()
    assert rollout(place).step().measures["failed"].rows[0] > 0
    one.predict(customers(100, 200))
    assert one._watch._thread.is_alive()
    one.close()
    assert sum(rollout(place).step().measures["failed"].rows) == 200


def test_threads_that_call_observe_and_step_at_once_count_everything_once():
    one = rollout(MemoryStore())

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


def count_in_another_process(place, number, gate):
    one = rollout(place, patience=10**9)
    mine = customers(100 * number, 100 * number + 150)  # 50 of them are also the next one's
    said = one.predict(mine)
    gate.wait()
    one.observe(mine["customer"], np.zeros(len(said)))
    one.step()


@FORK
def test_processes_count_together_and_each_key_once(tmp_path):
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(4)
    workers = [context.Process(target=count_in_another_process, args=(tmp_path, number, gate)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60.0)
        assert worker.exitcode == 0
    standing = rollout(tmp_path, patience=10**9).step()
    assert sum(standing.measures["loss"].rows) == 450
    assert sum(standing.measures["failed"].rows) == 600  # guard rails count a key once a process


def observe_and_die(place):
    one = rollout(place)
    one.observe(range(40), np.ones(40))
    os.kill(os.getpid(), signal.SIGKILL)


@FORK
def test_outcomes_are_safe_once_observe_has_returned(tmp_path):
    worker = multiprocessing.get_context("fork").Process(target=observe_and_die, args=(tmp_path,))
    worker.start()
    worker.join(60.0)
    assert worker.exitcode == -signal.SIGKILL
    one = rollout(tmp_path)
    assert one.observe(range(50), np.ones(50)) == 10


@FORK
def test_a_forked_child_begins_with_nothing_waiting_and_a_thread_of_its_own(tmp_path):
    one = rollout(tmp_path, look_seconds=0.05)
    one.predict(customers(1))
    one.close()
    one.predict(customers(1))
    one._watch.notes.take((b"00000000", False, 0.5, "ok", 0.0))
    child = os.fork()
    if not child:  # pragma: no cover  # the child is not measured
        fine = not one._watch.running and not one._watch.notes.records
        one.predict(customers(10, 20))
        os._exit(0 if fine and until(lambda: sum(one.step().measures["failed"].rows) >= 10) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    one.close()
