"""A wrapper is the model inside, with something around it."""

from __future__ import annotations

import asyncio
import contextvars
import pickle
import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import StandardScaler

from maturekit.deployment import Answer, Call, Wrapper
from maturekit.deployment.wrapper import example_model
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.testing.wrappers import WRAPPER_CHECKS


class Tagged(Wrapper):
    """The smallest extension: one hook."""

    def _handle(self, call, inward):
        answer = inward(call)
        answer.version = "tagged"
        return answer


class Offset(Wrapper):
    """An extension with an argument of its own."""

    def __init__(self, model, *, by=0.0):
        super().__init__(model)
        self.by = by

    def _handle(self, call, inward):
        answer = inward(call)
        if call.method == "predict":
            answer.values = answer.values + self.by  # of an answer, not of a frame
        return answer

    @classmethod
    def examples(cls) -> Iterator[Offset]:
        frame = pd.DataFrame({"a": [0.0, 1.0, 0.5], "b": [0.0, 0.5, 1.0]})
        yield cls(LinearRegression().fit(frame, [0.0, 1.0, 2.0]), by=1.0)
        yield cls(cls(LinearRegression().fit(frame, [0.0, 1.0, 2.0])), by=-1.0)


@pytest.fixture(scope="module", params=[Tagged, Offset], ids=lambda kind: kind.__name__)
def examples(request):
    return request.param.examples


@pytest.mark.parametrize("check", WRAPPER_CHECKS, ids=lambda check: check.__name__)
def test_a_wrapper_of_ones_own_keeps_the_contract(examples, check):
    count = 0
    for wrapper in examples():
        check(wrapper)
        count += 1
    assert count


def test_methods_are_there_exactly_when_the_model_has_them():
    frame = pd.DataFrame({"a": [0.0, 1.0]})
    scaler = Tagged(StandardScaler().fit(frame))
    assert [name for name in ("predict", "transform", "score") if hasattr(scaler, name)] == ["transform"]
    assert scaler.transform(frame).tolist() == [[-1.0], [1.0]]
    with pytest.raises(AttributeError, match="'Tagged' object has no attribute 'predict', since the StandardScaler"):
        _ = scaler.predict
    with pytest.raises(
        ArgumentError, match=r"StandardScaler cannot be asked to 'predict'\n\nHint: it offers transform"
    ):
        scaler.handle(Call("predict", frame=frame))
    with pytest.raises(ArgumentError, match="cannot be asked to '__class__'"):
        scaler.handle(Call("__class__", frame=frame))


@pytest.mark.parametrize("stranger", [None, 3, LogisticRegression, "models"])
def test_what_is_no_model_is_refused_at_once(stranger):
    with pytest.raises(ArgumentTypeError, match="a wrapper goes around a fitted model, got"):
        Tagged(stranger)


def test_a_hook_that_forgets_to_answer_is_told():
    class Silent(Wrapper):
        def _handle(self, call, inward):
            inward(call)

    with pytest.raises(ArgumentTypeError, match=r"Silent\._handle must return an Answer, got NoneType"):
        Silent(example_model()).predict(pd.DataFrame({"a": [0.0], "b": [0.0]}))


def test_a_constructor_that_forgets_its_model_is_told():
    class Forgetful(Tagged):
        def __init__(self, model):
            self.model = model

    with pytest.raises(ArgumentError, match=r"no step inside this wrapper\n\nHint: call `super\(\).__init__\(model\)`"):
        Forgetful(example_model()).handle(Call(record={"a": 0.0, "b": 0.0}))


def test_handle_takes_a_call_and_says_so():
    with pytest.raises(ArgumentTypeError, match=r"handle takes a Call, got DataFrame\n\nHint: write `handle\(Call"):
        Tagged(example_model()).handle(pd.DataFrame({"a": [0.0], "b": [0.0]}))


def test_parameters_of_the_model_inside_cannot_be_set():
    wrapper = Offset(DummyRegressor(strategy="constant", constant=1.0).fit([[0]], [1.0]), by=2.0)
    with pytest.raises(ArgumentError, match="Offset has no parameter 'strategy'; it has 'model', 'by'"):
        wrapper.set_params(strategy="mean")
    assert wrapper.set_params(by=3.0).predict([[0]]).tolist() == [4.0]


def test_an_unfitted_model_shows_as_unfitted():
    assert not Tagged(LogisticRegression()).__sklearn_is_fitted__()


def test_a_model_that_is_no_scikit_learn_estimator_will_do():
    class Own:
        def predict(self, X):
            return np.ones(len(X))

    wrapper = Tagged(Own())
    assert wrapper.predict_one({"a": 1}) == 1.0
    assert wrapper.__sklearn_is_fitted__()
    assert not is_classifier(wrapper)
    with pytest.raises(AttributeError):
        _ = wrapper.classes_


def test_a_record_may_say_more_and_in_any_order_but_not_less():
    wrapper = Tagged(example_model())
    frame = pd.DataFrame({"a": [0.25], "b": [0.75]})
    assert wrapper.predict_one({"stranger": "x", "b": 0.75, "a": 0.25}) == wrapper.predict(frame)[0]
    with pytest.raises(ArgumentError, match="the record lacks 'b'"):
        wrapper.predict_one({"a": 0.25})


def test_calibration_and_cross_validation_take_a_wrapper_as_a_fitted_model():
    wrapper = Tagged(example_model())
    frame = pd.DataFrame(np.random.default_rng(3).random((40, 2)), columns=["a", "b"])
    target = (frame["a"] > frame["b"]).astype(int)
    np.testing.assert_array_equal(cross_val_predict(wrapper, frame, target, cv=2), wrapper.predict(frame))
    assert CalibratedClassifierCV(wrapper, cv=2).fit(frame, target).predict(frame).shape == (40,)


def test_an_answer_carries_the_time_of_the_model_on_its_way_out_and_that_of_the_whole_in_the_end():
    class Slow(Wrapper):
        def _handle(self, call, inward):
            answer = inward(call)
            self.inner_seconds = answer.seconds
            return answer

    slow = Slow(example_model())
    answer = slow.handle(Call(record={"a": 0.0, "b": 0.0}))
    assert isinstance(answer, Answer)
    assert 0.0 < slow.inner_seconds < answer.seconds


def test_pickling_keeps_the_arguments_and_nothing_else():
    wrapper = Offset(example_model(), by=1.0)
    wrapper.scratch = "of this process"
    copy = pickle.loads(pickle.dumps(wrapper))
    assert copy.by == 1.0
    assert not hasattr(copy, "scratch")


def test_a_caller_of_an_event_loop_is_answered_beside_it():
    threads = set()

    class Slow(Wrapper):
        def _handle(self, call, inward):
            threads.add(threading.current_thread().name)
            return inward(call)

    async def both():
        with Slow(example_model()) as slow:
            return await asyncio.gather(*(slow.apredict_one({"a": 0.9, "b": share}) for share in (0.1, 1.0)))

    assert asyncio.run(both()) == [1, 0]
    assert threads
    assert threading.main_thread().name not in threads


def test_a_wrapper_that_never_waits_answers_in_the_event_loop_itself():
    threads = []

    class Quick(Tagged):
        def _handle(self, call, inward):
            threads.append(threading.current_thread())
            return inward(call)

        def _waits(self, call, contract):
            return False

    assert asyncio.run(Quick(example_model()).apredict_one({"a": 0.9, "b": 0.1})) == 1
    assert threads == [threading.main_thread()]


def test_an_event_loop_answers_what_is_compiled_and_leaves_other_records_to_a_thread():
    threads = []

    class Watching(Tagged):
        def _handle(self, call, inward):
            threads.append(threading.current_thread() is threading.main_thread())
            return inward(call)

        def _waits(self, call, contract):
            return self._step._waits(call, contract)

    service = Watching(example_model())
    service.predict_one({"a": 0.9, "b": 0.1})
    assert asyncio.run(service.apredict_one({"a": 0.8, "b": 0.1})) == 1
    assert asyncio.run(service.apredict_one({"a": 1, "b": 0.1})) == 1  # these types have yet to be proven
    assert asyncio.run(service.apredict_one({"a": 1, "b": 0.1})) == 1
    with pytest.raises(ValueError, match="infinity"):
        asyncio.run(service.apredict_one({"a": float("inf"), "b": 0.1}))
    assert threads == [True, True, False, True, False]


def test_context_variables_reach_the_model_and_errors_reach_the_caller():
    user = contextvars.ContextVar("user")

    class Personal(Wrapper):
        def _handle(self, call, inward):
            raise LookupError(user.get())

    async def ask():
        user.set("ada")
        return await Personal(example_model()).apredict_one({})

    with pytest.raises(LookupError, match="ada"):
        asyncio.run(ask())


def test_asking_again_after_closing_begins_anew():
    wrapper = Tagged(example_model())
    for _ in range(2):
        assert asyncio.run(wrapper.apredict_one({"a": 0.9, "b": 0.1})) == 1
        wrapper.close()


def test_closing_goes_inward():
    closed = []

    class Closing(Tagged):
        def _close(self):
            closed.append(self.by)

        def __init__(self, model, by=0):
            super().__init__(model)
            self.by = by

    with Closing(Tagged(Closing(example_model(), by=2)), by=1):
        pass
    assert closed == [1, 2]


def test_warming_is_idempotent_and_says_which_way_records_go():
    wrapper = Tagged(Tagged(example_model()))
    assert wrapper.warm() is wrapper
    paths = wrapper.warm().explain_path()
    assert paths["method"].tolist() == ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    assert set(paths["model"]) == {"LogisticRegression"}
