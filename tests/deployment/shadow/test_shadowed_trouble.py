"""Whatever a challenger does, the champion answers, and what was lost is counted."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment import Call
from maturekit.deployment.shadow.shadowed import Shadowed

FRAME = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})


class Says:
    """Does something, then says the column ``x``."""

    def __init__(self, *, first=lambda: None):
        self.first = first
        self.threads = []

    def predict(self, X):
        self.threads.append(threading.current_thread())
        self.first()
        return X["x"].to_numpy(dtype=float)


def raising(error):
    def do():
        raise error

    return Says(first=do)


def found(service):
    return {finding.rule: finding for finding in service.report().findings}


def answers(service, times=1):
    for _ in range(times):
        assert service.predict_one({"x": 5.0}) == 5.0
        assert service.predict(FRAME).tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("error", [ValueError("no"), MemoryError(), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_a_challenger_that_raises_is_counted_and_goes_on_being_asked(error):
    service = Shadowed(Says(), raising(error), seconds=60, duty=1.0)
    answers(service, 3)
    service.close()
    assert (found(service)["raised"].value, found(service)["raised"].message) == (6, f"{type(error).__name__} (6)")
    assert found(service)["agreement"].status == "not_enough_evidence"


def test_calls_that_hang_are_given_up_and_in_the_end_no_more_are_made(caplog, monkeypatch, until):
    monkeypatch.setattr("maturekit.deployment.shadow.workers._ALONE", 0.0)
    gate = threading.Event()
    challenger = Says(first=gate.wait)
    service = Shadowed(Says(), challenger, seconds=0.05, hung=2, duty=1.0)
    answers(service, 3)
    until(lambda: service._aside.stuck)
    dropped = found(service)["dropped"].value
    answers(service, 5)
    findings = found(service)
    assert (findings["late"].value, findings["late"].status) == (2, "failed")
    assert "no more are made" in findings["late"].message
    assert findings["dropped"].value == dropped + 5 * (1 + 4)
    assert len(challenger.threads) == 2
    assert [record.message for record in caplog.records] == [
        "2 calls of a challenger hang: it is left alone for a while"
    ]
    gate.set()
    until(lambda: not service._aside.stuck)
    before = len(challenger.threads)
    answers(service)
    service.close()
    assert len(challenger.threads) > before
    until(lambda: not any(thread.is_alive() for thread in challenger.threads))


def test_a_challenger_that_loops_for_ever_is_stopped(until):
    def loop():
        while True:
            pass

    challenger = Says(first=loop)
    service = Shadowed(Says(), challenger, seconds=0.02, hung=1, duty=1.0)
    answers(service)
    until(lambda: found(service)["late"].value >= 1)
    until(lambda: not challenger.threads[0].is_alive())
    assert found(service)["late"].value >= 1
    service.close()


def test_after_hanging_in_a_row_a_challenger_is_left_alone_although_nothing_hangs_any_more(monkeypatch, until):
    monkeypatch.setattr("maturekit.deployment.shadow.workers._ALONE", 3600.0)

    def loop():
        while True:
            pass

    challenger = Says(first=loop)
    service = Shadowed(Says(), challenger, seconds=0.02, hung=3, duty=1.0)
    while not service._aside.stuck:
        answers(service)
    until(lambda: not any(thread.is_alive() for thread in challenger.threads))
    assert len(challenger.threads) == 3
    service._aside._look()
    assert service._aside.stuck
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + 3601.0)
    service._aside._look()
    assert not service._aside.stuck
    monkeypatch.undo()
    service.close()


def test_a_worker_that_takes_the_place_of_a_lost_one_rests_first(until):
    gate = threading.Event()
    challenger = Says(first=gate.wait)
    service = Shadowed(Says(), challenger, seconds=0.5, duty=0.0001)  # 5,000 seconds of rest
    answers(service, 3)
    until(lambda: found(service)["late"].value == 1)
    until(lambda: service._aside._turns)
    assert len(challenger.threads) == 1
    gate.set()
    service.close()  # hurries
    assert found(service)["agreement"].message == "0 of 14 rows differ"


def test_what_a_challenger_says_too_late_does_not_count(until):
    gate, turn = threading.Event(), []

    def slow_once():
        turn.append(1)
        if len(turn) == 1:
            gate.wait()

    service = Shadowed(Says(), Says(first=slow_once), seconds=1.0, duty=1.0)
    assert service.predict_one({"x": 5.0}) == 5.0
    until(lambda: found(service)["late"].value == 1)
    gate.set()
    assert service.predict(FRAME).tolist() == [0.0, 1.0, 2.0, 3.0]
    service.close()
    assert found(service)["agreement"].message == "0 of 4 rows differ"


def test_what_does_not_fit_is_dropped_and_counted_exactly():
    gate, busy = threading.Event(), threading.Event()

    def wait():
        busy.set()
        gate.wait()

    service = Shadowed(Says(), Says(first=wait), seconds=60, waiting=10, duty=1.0)
    assert service.predict_one({"x": 5.0}) == 5.0
    assert busy.wait(20)  # the one is taken, nothing waits
    answers(service, 4)  # 1 + 4 + 1 + 4 rows wait, 10 more are dropped
    service.predict(pd.concat([FRAME] * 10))  # 40 never fit
    assert found(service)["dropped"].value == 10 + 40
    gate.set()
    service.close()
    assert found(service)["agreement"].message == "0 of 11 rows differ"
    answers(service, 1)  # it begins anew
    service.close()
    assert found(service)["agreement"].message == "0 of 16 rows differ"
    assert found(service)["dropped"].value == 50


def test_under_load_every_call_is_compared_or_dropped():
    service = Shadowed(Says(), Says(), waiting=50, workers=3, seconds=60, duty=1.0)

    def call(number):
        return service.predict_one({"x": float(number)}) == float(number)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(call, range(2000)))
    service.close()
    findings = found(service)
    agreement = findings["agreement"]
    assert agreement.value == 1.0
    compared = int(agreement.message.split()[2].replace(",", ""))
    assert compared + findings["dropped"].value == 2000


def test_a_table_that_cannot_be_copied_harms_nobody():
    class Odd(pd.DataFrame):
        def copy(self, deep=True):
            raise RuntimeError("no copies")

    service = Shadowed(Says(), Says(), seconds=60)
    assert service.predict(Odd({"x": [4.0]})).tolist() == [4.0]
    service.close()
    assert found(service)["raised"].message == "RuntimeError (1)"


def test_where_the_system_gives_no_threads_the_champion_answers(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    service = Shadowed(Says(), Says(), seconds=60)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        answers(service)
    answers(service)
    service.close()
    assert found(service)["agreement"].message == "0 of 10 rows differ"


def test_threads_end_with_the_wrapper(until):
    challenger = Says()
    service = Shadowed(Says(), challenger, seconds=60, duty=1.0)
    answers(service)
    until(lambda: len(challenger.threads) == 2)
    gone = weakref.ref(service._aside)
    del service
    gc.collect()
    until(lambda: gone() is None)
    until(lambda: not any(thread.is_alive() for thread in challenger.threads))


def test_new_parameters_leave_no_old_threads_behind(until):
    challenger = Says()
    service = Shadowed(Says(), challenger, seconds=60, duty=1.0)
    answers(service)
    until(lambda: len(challenger.threads) == 2)
    service.set_params(share=0.5)
    gc.collect()
    until(lambda: not any(thread.is_alive() for thread in challenger.threads))


def test_an_idle_worker_sleeps_and_wakes(monkeypatch, until):
    monkeypatch.setattr("maturekit.deployment.shadow.workers._NAP", 0.001)
    monkeypatch.setattr("maturekit.deployment.shadow.workers._NAPS", 2)
    challenger = Says()
    service = Shadowed(Says(), challenger, seconds=60, duty=1.0)
    for call in range(1, 4):
        service.predict(FRAME)
        until(lambda call=call: len(challenger.threads) == call)
        until(lambda: service._aside._bell.asleep)
    service.close()


def test_a_forked_child_shadows_with_threads_of_its_own(forked):
    gate = threading.Event()
    service = Shadowed(Says(), Says(first=gate.wait), seconds=60)
    answers(service)  # the parent's worker is busy, and its queue is not empty

    def go_on():
        gate.set()
        answers(service)
        service.close()
        assert found(service)["agreement"].message == "0 of 5 rows differ"

    assert forked(go_on).ended() == 0
    gate.set()
    service.close()
    assert found(service)["agreement"].message == "0 of 5 rows differ"


@pytest.mark.parametrize("hang", ["while True: pass", pytest.param("threading.Event().wait()", marks=pytest.mark.long)])
def test_the_interpreter_ends_although_a_challenger_hangs(hang, interpreter):
    code = f"""
import threading, numpy, pandas
from maturekit.deployment.shadow.shadowed import Shadowed

class Champion:
    def predict(self, X):
        return numpy.ones(len(X))

busy = threading.Event()

class Challenger:
    def predict(self, X):
        busy.set()
        {hang}

service = Shadowed(Champion(), Challenger(), seconds=60.0)
for _ in range(100):
    assert service.predict_one({{"x": 1.0}}) == 1.0
assert busy.wait(30)
print("answered")
"""
    ran = interpreter(code)
    assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, ["answered"], "")


def test_an_answer_is_there_before_the_challenger_is_asked():
    gate = threading.Event()
    service = Shadowed(Says(), Says(first=gate.wait), seconds=60)
    answer = service.handle(Call(frame=FRAME))
    assert answer.values.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert found(service)["agreement"].status == "not_enough_evidence"
    gate.set()
    service.close()
    assert np.isclose(found(service)["agreement"].value, 1.0)
