"""Wrappers and calls that are held wrong say so in maturekit's own words, and are not broken by it."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from maturekit.deployment import (
    Batch,
    Breaker,
    Call,
    Canary,
    Fallback,
    Limited,
    Live,
    Recorded,
    Rollout,
    RolloutPlan,
    Shadowed,
    Wrapper,
)
from maturekit.errors import ArgumentError, ArgumentTypeError, MaturekitError, RejectedRowsError
from maturekit.predictions import Log
from maturekit.registry import Registry
from maturekit.storage import MemoryStore

NO_NUMBERS = (True, "1", b"1", [], ["a"], {}, object(), 1j, pd.NA, np.array([1.0, 2.0]), pd.DataFrame(), int)


def model(value=2.5):
    return DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [1.0])


def rollout(**arguments):
    return Rollout(model(), model(), **{"key": "id", "place": MemoryStore(), "name": "new", **arguments})


def live(**arguments):
    return Live(Registry(MemoryStore(), actor="ada"), "steady:1", **arguments)


def recorded(**arguments):
    return Recorded(model(), log=Log(MemoryStore()), **arguments)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        *((lambda **given: Breaker(model(), **given), name) for name in ("failures", "window", "open_seconds")),
        *((lambda **given: Limited(model(), **given), name) for name in ("seconds", "concurrency", "queue")),
        *(
            (lambda **given: Shadowed(model(), model(), **given), name)
            for name in ("share", "tolerance", "seconds", "duty", "workers", "waiting", "hung")
        ),
        *((RolloutPlan, name) for name in ("margin", "confidence", "step_rows", "step_seconds", "failed", "rejected")),
        *((RolloutPlan, name) for name in ("slow_seconds", "slow", "patience")),
        (live, "refresh_seconds"),
        (rollout, "look_seconds"),
        (recorded, "sample"),
        (lambda **given: Call(record={}, **given), "deadline"),
        (lambda **given: Batch(model(), **given), "n_jobs"),
    ],
)
@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number_is_refused_where_one_belongs(make, name, value):
    with pytest.raises(MaturekitError):
        make(**{name: value})


@pytest.mark.parametrize("value", [None, 1.0, "01", [], [0.5], ["a", "b"], [None, 1.0], {0.0: 1.0}])
@pytest.mark.parametrize("name", ["losses", "shares"])
def test_the_numbers_of_a_plan_are_several(name, value):
    if (name, value) == ("shares", [0.5]):
        assert RolloutPlan(shares=value).shares == (0.5,)
        return
    with pytest.raises(MaturekitError):
        RolloutPlan(**{name: value})


@pytest.mark.parametrize("value", [7, [7], None, {"error": 1}, "error", pd.NA, np.array(["error"])])
def test_a_fallback_says_what_its_reasons_may_be(value):
    with pytest.raises(ArgumentError, match="on must hold some of 'error', 'invalid', 'rejected'"):
        Fallback(model(), 0.0, on=value)


@pytest.mark.parametrize("value", [7, [7], b"id", {"id": 1}])
@pytest.mark.parametrize("name", ["key", "columns"])
def test_what_is_recorded_is_named(name, value):
    with pytest.raises(ArgumentTypeError, match=f"{name} must be names of columns"):
        recorded(**{name: value})


@pytest.mark.parametrize("value", ["acme.Scaler", 7])
def test_what_is_trusted_is_a_list_of_names(value):
    with pytest.raises(ArgumentTypeError, match="trust must be several names"):
        live(trust=value)


@pytest.mark.parametrize("method", [None, 3, ["predict"]])
def test_the_method_of_a_call_is_a_name(method):
    with pytest.raises(ArgumentTypeError, match="method must be a name such as 'predict'"):
        Call(method, record={})


def test_a_call_without_a_request_id_gets_one_also_if_that_is_said_with_none():
    assert Call(record={}, request=None).request
    with pytest.raises(ArgumentTypeError, match="request must be a text, got int"):
        Call(record={}, request=7)


def test_a_wrapper_is_as_before_when_its_parameters_are_refused():
    service = Limited(model(), seconds=5.0)
    with pytest.raises(ArgumentError, match="seconds must be positive"):
        service.set_params(seconds=-1.0)
    with pytest.raises(ArgumentTypeError, match="a wrapper goes around a fitted model"):
        service.set_params(model=None)
    assert service.seconds == 5.0
    assert service.predict([[0.0]]).tolist() == [2.5]
    service.close()


class Odd:
    """A model that returns what it was made with."""

    def __init__(self, value):
        self.value = value

    def predict(self, X):
        return self.value


@pytest.mark.parametrize("value", [3.0, None, "late", [], [1.0, 2.0], np.zeros(0), np.float64(2.0)])
def test_what_is_not_one_output_is_no_answer_about_one_record(value):
    service = Limited(Odd(value))
    with pytest.raises(RejectedRowsError, match="the model was asked about 1 row and returned"):
        service.predict_one({"x": 1.0})
    service.close()


def test_the_answer_about_several_rows_is_not_that_of_the_first():
    answer = Limited(model()).handle(Call(frame=[[0.0], [1.0]]))
    with pytest.raises(ArgumentError, match="this answer is about 2 rows, not one"):
        answer.one()


def test_an_answer_with_a_row_too_few_is_no_table():
    answer = Limited(Odd(np.zeros(1))).handle(Call(frame=[[0.0], [1.0]]))
    with pytest.raises(RejectedRowsError, match="the model was asked about 2 rows and returned 1 rows"):
        answer.to_frame()


def test_two_models_answer_together_only_if_each_has_one_output_a_row():
    customers = pd.DataFrame({"customer": [f"c{number}" for number in range(100)]})
    settings = {"share": 0.5, "key": "customer", "salt": "s"}
    with pytest.raises(RejectedRowsError, match="rows and returned 1 rows"):
        Canary(Odd(np.zeros(1)), model(), **settings).predict(customers)
    with pytest.raises(RejectedRowsError, match="of 100 rows got no answer: RejectedRowsError"):
        Canary(model(), Odd(np.zeros(1)), **settings).predict(customers)


@pytest.mark.parametrize(
    ("keys", "losses", "times"),
    [
        (None, [1.0], None),
        ("a", [1.0], None),
        (["a"], ["bad"], None),
        (["a"], [1.0], datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_outcomes_are_told_one_by_one(keys, losses, times):
    service = rollout(look_seconds=float("inf"))
    with pytest.raises(ArgumentTypeError, match="must be"):
        service.observe(keys, losses, times=times)
    service.close()


def test_a_rollout_learns_from_a_log_since_a_moment():
    service = rollout(look_seconds=float("inf"))
    with pytest.raises(ArgumentTypeError, match=r"log must be a predictions\.Log, got str"):
        service.learn("log", "accuracy")
    with pytest.raises(ArgumentError, match="has no time zone"):
        service.learn(Log(MemoryStore()), "accuracy", since=datetime(2026, 1, 1))
    service.close()


class Forgetful(Wrapper):
    """Does not keep what it was made with."""

    def __init__(self, model, limit):
        super().__init__(model)

    def _handle(self, call, inward):
        return inward(call)


@pytest.mark.parametrize("use", [repr, pickle.dumps, lambda wrapper: wrapper.get_params()])
def test_a_wrapper_that_does_not_keep_an_argument_is_told_so(use):
    with pytest.raises(ArgumentError, match="Forgetful does not keep its argument 'limit'"):
        use(Forgetful(model(), 3))
