"""A caller is let go in time, what is too much is shed, and no thread is left."""

from __future__ import annotations

import pickle
import threading
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from maturekit.deployment import Call, Guarded, Live, Wrapper
from maturekit.deployment.limited import Limited
from maturekit.deployment.wrapper import example_model
from maturekit.errors import ArgumentError, DeadlineError, OverloadedError
from maturekit.registry import Registry
from maturekit.schema import Column, Schema

pytestmark = pytest.mark.usefixtures("no_thread_is_left")
SOON = 10.0


class Held:
    """A model that answers when its gate is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.asked = []
        self.threads = set()
        self.error = None

    def predict(self, X):
        self.asked.append(len(X))
        self.threads.add(threading.get_ident())
        assert self.gate.wait(SOON)
        if self.error is not None:
            raise self.error
        return np.arange(len(X))


class Quick(Wrapper):
    """Answers without making anybody wait."""

    def _handle(self, call, inward):
        return inward(call)

    def _waits(self, call, contract):
        return False


@pytest.fixture
def model():
    held = Held()
    yield held
    held.gate.set()


def ask_aside(limited, results, **options):
    def ask():
        try:
            results.append(limited.handle(Call(frame=[[0.0]], **options)).values.tolist())
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            results.append(type(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def test_the_caller_is_free_at_the_deadline_and_the_late_answer_is_dropped(model, until):
    limited = Limited(model, seconds=0.05)
    with pytest.raises(DeadlineError, match=r"no answer before the deadline\n\nHint: allow more `seconds`"):
        limited.predict([[0.0]])
    assert (limited.running, limited.late) == (1, 0)
    model.gate.set()
    until(lambda: limited.running == 0)
    assert limited.late == 1
    assert limited.predict([[0.0], [0.0]]).tolist() == [0, 1]


def test_an_answer_in_time_and_an_error_in_time_come_as_they_are(model):
    limited = Limited(model, seconds=SOON)
    model.gate.set()
    assert limited.predict([[0.0]] * 3).tolist() == [0, 1, 2]
    model.error = ZeroDivisionError("mine")
    with pytest.raises(ZeroDivisionError, match="mine"):
        limited.predict([[0.0]])
    assert (limited.running, limited.late, limited.shed) == (0, 0, 0)


def test_without_a_deadline_the_caller_asks_itself(model):
    model.gate.set()
    Limited(model, concurrency=1).predict([[0.0]])
    assert model.threads == {threading.get_ident()}


def test_what_takes_no_time_is_asked_in_the_thread_of_the_caller_whatever_the_limits(model):
    model.gate.set()
    limited = Limited(Quick(model), seconds=SOON, concurrency=1)
    limited.predict([[0.0]])  # the first call may have to load something
    assert threading.get_ident() not in model.threads
    model.threads.clear()
    assert limited.handle(Call(frame=[[0.0]], deadline=0.0)).values.tolist() == [0]
    assert model.threads == {threading.get_ident()}


def test_so_many_run_so_many_wait_and_the_next_is_shed(model, until):
    limited = Limited(model, concurrency=2, queue=1)
    results = []
    threads = [ask_aside(limited, results) for _ in range(2)]
    until(lambda: len(model.asked) == 2)
    threads.append(ask_aside(limited, results))
    until(lambda: len(limited._crew._waiting) == 1)
    with pytest.raises(OverloadedError, match="2 calls run and 1 wait, which is the limit"):
        limited.predict([[0.0]])
    assert (limited.shed, len(model.asked)) == (1, 2)
    model.gate.set()
    for thread in threads:
        thread.join(SOON)
    assert results == [[0], [0], [0]]
    assert limited.running == 0


def test_who_waits_for_a_turn_is_free_at_the_deadline(model, until):
    limited = Limited(model, seconds=0.3, concurrency=1, queue=1)
    results = []
    ask_aside(limited, results)
    until(lambda: len(model.asked) == 1)
    with pytest.raises(DeadlineError, match="the deadline passed before the model was asked"):
        limited.predict([[0.0]])
    assert len(model.asked) == 1
    until(lambda: results == [DeadlineError])
    with pytest.raises(DeadlineError):
        limited.predict([[0.0]])  # the late call keeps its place
    model.gate.set()
    until(lambda: limited.running == 0)
    assert limited.predict([[0.0]]).tolist() == [0]


def test_a_model_that_hangs_takes_so_many_threads_and_no_more(model, monkeypatch, until):
    monkeypatch.setattr("maturekit.deployment.limited._LOST", 3)
    limited = Limited(model, seconds=0.01)
    for _ in range(3):
        with pytest.raises(DeadlineError):
            limited.predict([[0.0]])
    for _ in range(5):
        with pytest.raises(OverloadedError, match="3 calls that outran their deadline are still running"):
            limited.predict([[0.0]])
    assert (limited.running, limited.shed) == (3, 5)
    until(lambda: len(model.asked) == 3)
    model.gate.set()
    until(lambda: limited.running == 0)
    assert limited.late == 3
    model.error = ValueError("asked again")
    limited.set_params(seconds=SOON)
    with pytest.raises(ValueError, match="asked again"):
        limited.predict([[0.0]])


@pytest.mark.parametrize(("outer", "inner"), [(0.05, SOON), (SOON, 0.05)])
def test_the_sooner_of_nested_deadlines_counts(model, outer, inner):
    limited = Limited(Limited(model, seconds=inner), seconds=outer)
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        limited.predict([[0.0]])
    assert time.monotonic() - started < SOON / 2
    model.gate.set()


def test_the_deadline_of_a_call_counts_too_and_reaches_what_is_inside(model, until):
    class Seeing(Wrapper):
        def _handle(self, call, inward):
            seen.append(call.deadline)
            return inward(call)

    seen = []
    limited = Limited(Seeing(model), seconds=SOON)
    call = Call(frame=[[0.0]], deadline=time.monotonic() + 0.05)
    with pytest.raises(DeadlineError):
        limited.handle(call)
    until(lambda: seen == [call.deadline])
    before = time.monotonic()
    with pytest.raises(DeadlineError):
        Limited(Seeing(model), seconds=0.05).handle(Call(frame=[[0.0]]))
    until(lambda: len(seen) == 2)
    assert before + 0.05 <= seen[1] <= time.monotonic()
    with pytest.raises(DeadlineError, match="before the model was asked"):
        limited.handle(Call(frame=[[0.0]], deadline=time.monotonic() - 1.0))
    assert len(seen) == 2


def test_closing_closes_what_is_inside_too_and_a_closed_one_begins_anew(model, crew_threads):
    model.gate.set()
    before = crew_threads()
    with Limited(Limited(model, seconds=SOON), seconds=SOON) as limited:
        limited.predict([[0.0]])
        assert len(crew_threads() - before) == 2
    assert crew_threads() <= before
    assert limited.predict([[0.0]]).tolist() == [0]


def test_a_deadline_further_away_than_a_clock_can_count_is_none_too_many(model):
    model.gate.set()
    assert Limited(model, seconds=float("inf")).predict([[0.0]]).tolist() == [0]


class Slow(Registry):
    """A registry that finds a version when its gate is open."""

    gate = threading.Event()

    def __getitem__(self, reference):
        assert self.gate.wait(SOON)
        return super().__getitem__(reference)


@pytest.fixture
def registry(tmp_path):
    Slow.gate.set()
    registry = Slow(tmp_path, actor="ada")
    for value in (1.0, 2.0):
        registry.register("m", DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [value]))
    registry.promote(registry["m:1"], to="production", actor="ada", reason="first")
    yield registry
    Slow.gate.set()


def test_a_deadline_that_passes_while_the_first_version_is_loaded_frees_the_caller(registry, until):
    with Limited(Live(registry, "m@production"), seconds=0.05) as limited:
        Slow.gate.clear()
        for _ in range(3):
            with pytest.raises(DeadlineError):
                limited.handle(Call(frame=[[0.0]]))
        Slow.gate.set()
        until(lambda: limited.running == 0)
        answer = limited.handle(Call(frame=[[0.0]], deadline=time.monotonic() + SOON))
        assert (answer.values.tolist(), answer.version) == ([1.0], "m:1")


def test_a_guard_between_that_asks_for_the_version_frees_the_caller_too(registry, until):
    guarded = Guarded(Live(registry, "m@production"), schema=Schema({"x": Column("float")}))
    with Limited(guarded, seconds=0.05) as limited:
        Slow.gate.clear()
        for _ in range(2):
            with pytest.raises(DeadlineError):
                limited.handle(Call(record={"x": 0.0}))
        Slow.gate.set()
        until(lambda: limited.running == 0)
        assert limited.handle(Call(record={"x": 0.0}, deadline=time.monotonic() + SOON)).one() == 1.0


def test_a_deadline_that_passes_during_a_swap_frees_the_caller_and_the_swap_goes_on(registry, until):
    with Limited(Live(registry, "m@production", refresh_seconds=0), seconds=SOON) as limited:
        assert limited.handle(Call(frame=[[0.0]])).version == "m:1"
        registry.promote(registry["m:2"], to="production", actor="ada", reason="better")
        Slow.gate.clear()
        with pytest.raises(DeadlineError):
            limited.handle(Call(frame=[[0.0]], deadline=time.monotonic() + 0.05))
        assert limited.handle(Call(frame=[[0.0]])).version == "m:1"  # who comes during the swap
        Slow.gate.set()
        until(lambda: limited.running == 0)
        answer = limited.handle(Call(frame=[[0.0]]))
        assert (answer.values.tolist(), answer.version, limited.late) == ([2.0], "m:2", 1)


def test_only_arguments_are_pickled(model):
    limited = Limited(example_model(), seconds=2.0, concurrency=3, queue=4)
    frame = pd.DataFrame({"a": [0.1], "b": [0.9]})
    expected = limited.predict(frame)
    copy = pickle.loads(pickle.dumps(limited))
    assert (copy.seconds, copy.concurrency, copy.queue, copy.running) == (2.0, 3, 4, 0)
    assert copy.predict(frame).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0.0}, "seconds must be positive, got 0.0"),
        ({"seconds": float("nan")}, "seconds must be positive"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"concurrency": 1, "queue": -1}, "queue must not be negative, got -1"),
        ({"queue": 1}, "queue says how many wait"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(model, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Limited(model, **arguments)


def test_a_guard_inside_judges_in_the_same_thread(model):
    guarded = Guarded(example_model(), schema=Schema({name: Column("float", ge=0, le=1) for name in "ab"}))
    answer = Limited(guarded, seconds=SOON).handle(Call(frame=pd.DataFrame({"a": [0.1, 2.0], "b": [0.9, 0.5]})))
    assert answer.status == ["ok", "rejected"]
