"""A circuit opens after failures, tries once, and nobody slips through between."""

from __future__ import annotations

import logging
import pickle
import threading
import time

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment import Answer, Call, Guarded, Wrapper
from maturekit.deployment.breaker import Breaker
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    CircuitOpenError,
    DeadlineError,
    MaturekitError,
    OverloadedError,
    RejectedRecordError,
)
from maturekit.schema import Column, Schema

SOON = 10.0
SCHEMA = Schema({"x": Column("float", ge=0)})


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Weak:
    """A model that raises, or gives up numbers, as it is told."""

    feature_names_in_ = np.array(["x"], dtype=object)

    def __init__(self):
        self.error = None
        self.values = None
        self.calls = 0

    def predict(self, X):
        self.calls += 1
        if self.error is not None:
            raise self.error
        return X["x"].to_numpy() if self.values is None else np.asarray(self.values)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def model():
    return Weak()


def failing(breaker, times, *, kind=OSError):
    for _ in range(times):
        with pytest.raises(kind):
            breaker.predict_one({"x": 1.0})


def test_the_circuit_opens_at_the_last_of_so_many_failures_and_closes_after_one_good_trial(model, clock, caplog):
    breaker = Breaker(model, failures=3, window=5, open_seconds=30.0, clock=clock)
    model.error = OSError("down")
    failing(breaker, 2)
    assert breaker.state == "closed"
    failing(breaker, 1)
    assert (breaker.state, breaker.opened, model.calls) == ("open", 1, 3)
    clock.now += 29.0
    with pytest.raises(
        CircuitOpenError, match=r"3 of the last 5 calls failed, the last one with OSError; .* another 1 s"
    ):
        breaker.predict_one({"x": 1.0})
    assert (model.calls, breaker.refused) == (3, 1)
    clock.now += 1.0
    assert breaker.state == "half-open"
    model.error = None
    with caplog.at_level(logging.INFO, logger="maturekit"):
        assert breaker.predict_one({"x": 2.0}) == 2.0
    assert "the circuit around Weak is closed" in caplog.text
    assert breaker.state == "closed"
    model.error = OSError("down")
    failing(breaker, 2)
    assert breaker.state == "closed"  # what failed before it closed is forgotten


def test_a_failed_trial_opens_it_for_as_long_again(model, clock):
    breaker = Breaker(model, failures=1, window=1, open_seconds=10.0, clock=clock)
    model.error = OSError("down")
    failing(breaker, 1)
    for turn in range(3):
        clock.now += 10.0
        failing(breaker, 1)
        failing(breaker, 1, kind=CircuitOpenError)
        assert breaker.opened == turn + 2
    assert model.calls == 4


@pytest.mark.parametrize(("good", "state"), [(2, "open"), (3, "closed")])
def test_only_failures_within_the_window_count(model, good, state):
    breaker = Breaker(model, failures=2, window=4)
    model.error = OSError("down")
    failing(breaker, 1)
    model.error = None
    for _ in range(good):
        breaker.predict_one({"x": 1.0})
    model.error = OSError("down")
    failing(breaker, 1)
    assert breaker.state == state


@pytest.mark.parametrize(
    "error", [ArgumentError("no"), ArgumentTypeError("no"), OverloadedError("no"), CircuitOpenError("no")]
)
def test_what_says_nothing_about_the_model_does_not_count(model, clock, error):
    breaker = Breaker(model, failures=1, window=1, open_seconds=1.0, clock=clock)
    model.error = error
    failing(breaker, 3, kind=MaturekitError)
    assert breaker.state == "closed"
    model.error = OSError("down")
    failing(breaker, 1)
    clock.now += 1.0
    model.error = error
    failing(breaker, 1, kind=type(error))
    assert breaker.state == "half-open"  # the trial told nothing, so the next call is one
    model.error = None
    breaker.predict_one({"x": 1.0})
    assert breaker.state == "closed"


def test_a_missed_deadline_counts(model):
    breaker = Breaker(model, failures=1, window=1)
    model.error = DeadlineError("late")
    failing(breaker, 1, kind=DeadlineError)
    assert breaker.state == "open"


def test_refused_input_is_no_failure_and_no_success(model, clock):
    breaker = Breaker(Guarded(model, schema=SCHEMA), failures=1, window=1, open_seconds=1.0, clock=clock)
    with pytest.raises(RejectedRecordError):
        breaker.predict_one({"x": -1.0})
    assert breaker.state == "closed"
    model.error = OSError("down")
    failing(breaker, 1)
    clock.now += 1.0
    with pytest.raises(RejectedRecordError):
        breaker.predict_one({"x": -1.0})
    assert breaker.state == "half-open"


@pytest.mark.parametrize(
    ("values", "state"),
    [([np.nan, np.nan, 3.0, 4.0], "open"), ([np.nan, 2.0, 3.0, 4.0], "closed")],
    ids=["half of the outputs", "less than half"],
)
def test_unusable_outputs_count_where_they_are_half_of_those_asked_for(model, values, state):
    breaker = Breaker(Guarded(model, schema=SCHEMA), failures=1, window=1)
    model.values = values
    breaker.handle(Call(frame=pd.DataFrame({"x": [1.0, 2.0, 3.0, -1.0, 4.0, -1.0]})))
    assert breaker.state == state


def test_an_unusable_trial_is_a_failed_trial(model, clock):
    breaker = Breaker(Guarded(model, schema=SCHEMA), failures=1, window=1, open_seconds=1.0, clock=clock)
    model.values = [np.nan]
    with pytest.raises(RejectedRecordError, match="not answered: output:finite"):
        breaker.predict_one({"x": 1.0})
    clock.now += 1.0
    assert breaker.handle(Call(record={"x": 1.0})).status == ["invalid"]
    with pytest.raises(CircuitOpenError, match="a trial failed with output:finite"):
        breaker.predict_one({"x": 1.0})


class Held(Wrapper):
    """Answers when it is told to, with what it is told."""

    def __init__(self, model):
        super().__init__(model)
        self.waiting = {}

    def _handle(self, call, inward):
        held = self.waiting[call.request] = threading.Event(), []
        assert held[0].wait(SOON)
        if held[1]:
            raise held[1][0]
        return Answer(np.zeros(1), rows=1, request=call.request)

    def let(self, request, *error):
        self.waiting[request][1].extend(error)
        self.waiting.pop(request)[0].set()


class Asking:
    """Threads that ask a breaker around `Held`."""

    def __init__(self, breaker, held):
        self.breaker, self.held, self.results, self.threads = breaker, held, {}, {}

    def begin(self, request):
        thread = self.threads[request] = threading.Thread(target=self._ask, args=(request,), daemon=True)
        thread.start()
        stop = time.monotonic() + SOON
        while request not in self.held.waiting and thread.is_alive():
            assert time.monotonic() < stop
            time.sleep(0.001)

    def _ask(self, request):
        try:
            self.results[request] = self.breaker.handle(Call(record={"x": 1.0}, request=request)).ok
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            self.results[request] = type(error)

    def end(self, request, *error):
        self.held.let(request, *error)
        self.threads[request].join(SOON)


@pytest.fixture
def asking(model, clock):
    held = Held(model)
    return Asking(Breaker(held, failures=1, window=1, open_seconds=10.0, clock=clock), held)


def test_one_trial_at_a_time(asking, clock):
    asking.begin("first")
    asking.end("first", OSError("down"))
    clock.now += 10.0
    asking.begin("trial")
    for name in ("second", "third"):
        asking.begin(name)
        assert asking.results[name] is CircuitOpenError
    asking.end("trial")
    assert asking.results["trial"] is True
    asking.begin("next")
    asking.end("next")
    assert asking.results["next"] is True


def test_a_trial_that_hangs_makes_way_for_another_whose_word_counts(asking, clock):
    asking.begin("first")
    asking.end("first", OSError("down"))
    clock.now += 10.0
    asking.begin("hung")
    clock.now += 10.0
    asking.begin("second")
    asking.end("hung")  # a good answer, though of a trial that was given up
    assert asking.breaker.state == "open"
    asking.end("second")
    assert asking.breaker.state == "closed"


def test_what_began_before_neither_opens_nor_closes(asking, clock):
    for name in ("good", "bad", "worse", "first"):
        asking.begin(name)
    asking.end("first", OSError("down"))
    asking.end("good")
    asking.end("bad", OSError("down"))
    assert (asking.breaker.state, asking.breaker.opened) == ("open", 1)
    clock.now += 10.0
    asking.begin("trial")
    asking.end("trial")
    asking.end("worse", OSError("down"))  # it began before the circuit closed again
    assert (asking.breaker.state, asking.breaker.opened) == ("closed", 1)


def test_calls_count_in_the_order_in_which_they_end(model, clock):
    held = Held(model)
    asking = Asking(Breaker(held, failures=2, window=2, open_seconds=10.0, clock=clock), held)
    names = [str(number) for number in range(6)]
    for name in names:
        asking.begin(name)
    for name in ("0", "5"):  # four calls began between them, and none ended
        asking.end(name, OSError("down"))
    assert asking.breaker.state == "open"
    for name in names[1:5]:
        asking.end(name)


def test_an_interrupted_trial_makes_way(model, clock):
    breaker = Breaker(model, failures=1, window=1, open_seconds=10.0, clock=clock)
    model.error = OSError("down")
    failing(breaker, 1)
    clock.now += 10.0
    model.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        breaker.predict_one({"x": 1.0})
    assert breaker.state == "half-open"


def test_64_threads_ask_a_model_that_fails_and_recovers_no_more_than_they_may(clock):
    class Counting:
        calls, down = 0, True

        def predict(self, X):
            with lock:
                self.calls += 1
            time.sleep(0.0005)
            if self.down:
                raise OSError("down")
            return np.zeros(1)

    lock = threading.Lock()
    model = Counting()
    breaker = Breaker(model, failures=5, window=5, open_seconds=10.0, clock=clock)
    results = []

    def ask():
        for _ in range(10):
            try:
                breaker.handle(Call(frame=[[0.0]]))
                results.append("answered")
            except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
                results.append(type(error).__name__)

    def all_ask():
        results.clear()
        threads = [threading.Thread(target=ask) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60.0)

    all_ask()
    assert breaker.opened == 1
    assert 5 <= model.calls <= 5 + 64  # the five, and those that were on their way when it opened
    assert results.count("CircuitOpenError") == breaker.refused == 640 - model.calls
    for turn in range(1, 4):
        before = model.calls
        clock.now += 10.0
        all_ask()
        assert (model.calls - before, breaker.opened) == (1, 1 + turn)
    model.down = False
    clock.now += 10.0
    all_ask()
    assert breaker.state == "closed"
    assert breaker.opened == 4
    all_ask()
    assert results == ["answered"] * 640


def test_a_copy_begins_closed(model):
    breaker = Breaker(model, failures=1, window=1)
    model.error = OSError("down")
    failing(breaker, 1)
    copy = pickle.loads(pickle.dumps(breaker))
    assert (breaker.state, copy.state, copy.opened) == ("open", "closed", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"failures": 0}, "failures must be at least 1 and at most window, got 0 of 20"),
        ({"failures": 3, "window": 2}, "got 3 of 2"),
        ({"open_seconds": 0.0}, "open_seconds must be positive"),
        ({"open_seconds": float("nan")}, "open_seconds must be positive"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(model, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Breaker(model, **arguments)
    with pytest.raises(ArgumentTypeError, match="clock must be callable, got float"):
        Breaker(model, clock=1.0)
