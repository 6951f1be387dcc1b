"""Where the first model has no answer there is a second one, and everybody can see which it was."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from maturekit.deployment import Answer, Call, Guarded, Wrapper
from maturekit.deployment.breaker import Breaker
from maturekit.deployment.fallback import Fallback
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    CircuitOpenError,
    DeadlineError,
    OverloadedError,
    RejectedRowsError,
)
from maturekit.reports import Finding
from maturekit.schema import Column, Schema

FRAME = pd.DataFrame({"x": [1.0, 2.0, -1.0, 4.0]})
SCHEMA = Schema({"x": Column("float", ge=0)})
LOOSE = Schema({"x": Column("float")})


class Weak:
    """A model that raises, or has no number for some rows."""

    feature_names_in_ = np.array(["x"], dtype=object)

    def __init__(self, error=None, holes=()):
        self.error, self.holes = error, holes

    def predict(self, X):
        if self.error is not None:
            raise self.error
        return np.array([np.nan if value in self.holes else 10.0 * value for value in X["x"]])


class Noting:
    """A second model that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def predict(self, X):
        self.asked.append(np.asarray(X).ravel().tolist())
        return -np.asarray(X, dtype=float).ravel()


@pytest.mark.parametrize("error", [OSError("x"), DeadlineError("x"), OverloadedError("x"), CircuitOpenError("x")])
def test_whatever_the_model_raises_the_other_one_answers(error):
    fallback = Fallback(Weak(error), Noting())
    answer = fallback.handle(Call(frame=FRAME, request="r"))
    assert answer.values.tolist() == [-1.0, -2.0, 1.0, -4.0]
    assert answer.status == ["filled"] * 4
    assert answer.reasons[0] == (f"error:{type(error).__name__}",)
    assert (answer.arm, answer.request, answer.ok, fallback.filled) == ("fallback", "r", True, 4)
    assert fallback.predict_one({"x": 3.0}) == -3.0


def test_a_model_that_answers_is_left_alone():
    other = Noting()
    fallback = Fallback(Weak(), other)
    answer = fallback.handle(Call(frame=FRAME))
    assert (answer.status, answer.arm, fallback.filled, other.asked) == (["ok"] * 4, "", 0, [])
    assert fallback.predict_one({"x": 3.0}) == 30.0


@pytest.mark.parametrize("error", [ArgumentError("x"), ArgumentTypeError("x"), RejectedRowsError("x", answer=None)])
def test_a_question_that_cannot_be_asked_raises(error):
    other = Noting()
    with pytest.raises(type(error)):
        Fallback(Weak(error), other).predict(FRAME)
    with pytest.raises(KeyboardInterrupt):
        Fallback(Weak(KeyboardInterrupt()), other).predict(FRAME)
    assert other.asked == []


def test_rows_whose_output_is_unusable_are_filled_and_no_others():
    other = Noting()
    fallback = Fallback(Guarded(Weak(holes=(1.0, 4.0)), schema=SCHEMA), other)
    answer = fallback.handle(Call(frame=FRAME))
    assert answer.status == ["filled", "ok", "rejected", "filled"]
    assert answer.reasons[0] == answer.reasons[3] == ("output:finite",)
    assert answer.places.tolist() == [0, 1, 3]
    assert answer.values.tolist() == [-1.0, 20.0, -4.0]
    assert other.asked == [[1.0, 4.0]]
    assert fallback.filled == 2
    shares = [(share.places.tolist(), share.arm) for share in answer.shares]
    assert shares == [([1, 2], ""), ([0, 3], "fallback")]


def test_rejected_rows_are_filled_only_where_that_was_asked_for():
    other = Noting()
    guarded = Guarded(Weak(holes=(4.0,)), schema=SCHEMA)
    answer = Fallback(guarded, other, on=["rejected"]).handle(Call(frame=FRAME))
    assert answer.status == ["ok", "ok", "filled", "invalid"]
    assert answer.reasons[2] == ("ge:x",)
    assert answer.values.tolist() == [10.0, 20.0, 1.0]
    assert other.asked == [[-1.0]]
    assert Fallback(guarded, 7.5, on=("error", "invalid", "rejected")).predict(FRAME).tolist() == [10.0, 20.0, 7.5, 7.5]
    assert Fallback(guarded, 7.5, on=("rejected",)).predict_one({"x": -2.0}) == 7.5


def test_only_what_on_names_is_filled():
    with pytest.raises(OSError, match="down"):
        Fallback(Weak(OSError("down")), 0.0, on=("invalid", "rejected")).predict(FRAME)
    answer = Fallback(Guarded(Weak(holes=(1.0,)), schema=LOOSE), 0.0, on=("error",)).handle(Call(frame=FRAME))
    assert answer.status == ["invalid", "ok", "ok", "ok"]


def test_what_the_other_refuses_stays_as_it_was():
    guarded = Guarded(Weak(holes=(1.0, 4.0)), schema=SCHEMA)
    picky = Guarded(Weak(), schema=Schema({"x": Column("float", ge=0, le=3)}))
    answer = Fallback(guarded, picky).handle(Call(frame=FRAME))
    assert answer.status == ["filled", "ok", "rejected", "invalid"]
    assert answer.reasons == [("output:finite",), (), ("ge:x",), ("output:finite",)]
    assert answer.values.tolist() == [10.0, 20.0]
    answer = Fallback(guarded, picky).handle(Call(record={"x": 4.0}))
    assert (answer.status, answer.reasons, answer.arm) == (["invalid"], [("output:finite",)], "")
    assert answer.shares == ()


def test_of_a_call_that_raised_the_other_says_what_is_wrong_with_rows():
    answer = Fallback(Weak(OSError("down")), Guarded(Weak(), schema=SCHEMA)).handle(Call(frame=FRAME))
    assert answer.status == ["filled", "filled", "rejected", "filled"]
    assert answer.reasons[2] == ("ge:x",)
    assert answer.values.tolist() == [10.0, 20.0, 40.0]


def test_if_both_fail_the_first_error_says_so():
    fallback = Fallback(Weak(OSError("first")), Weak(ValueError("second")))
    for _ in range(3):
        with pytest.raises(OSError, match="first") as caught:
            fallback.predict(FRAME)
    assert caught.value.__notes__ == ["The fallback had no answer either: ValueError: second"]
    answer = Fallback(Guarded(Weak(holes=(1.0,)), schema=LOOSE), Weak(ValueError())).handle(Call(frame=FRAME))
    assert answer.status == ["invalid", "ok", "ok", "ok"]
    assert answer.values.tolist() == [20.0, -10.0, 40.0]


def test_the_version_that_filled_is_told():
    class Versioned(Wrapper):
        def _handle(self, call, inward):
            answer = inward(call)
            answer.version = "small:3"
            return answer

    answer = Fallback(Weak(OSError()), Versioned(Noting())).handle(Call(frame=FRAME))
    assert (answer.version, answer.arm) == ("small:3", "fallback")
    guarded = Guarded(Weak(holes=(1.0,)), schema=LOOSE)
    answer = Fallback(guarded, Versioned(Noting())).handle(Call(frame=FRAME))
    assert answer.version is None
    assert [(share.version, share.places.tolist()) for share in answer.shares] == [(None, [1, 2, 3]), ("small:3", [0])]


def test_what_was_found_of_the_whole_is_told_and_the_other_chooses_its_own_versions():
    class Marking(Wrapper):
        def _handle(self, call, inward):
            call.pin("version", type(self).__name__)
            if type(self) is Marking and call.record["x"] < 0:
                raise OSError
            if type(self) is Marking:
                found = (Finding("nullable", "passed", severity="warning"),)
                return Answer(
                    np.empty(0), rows=1, places=np.array([], dtype=int), marks={0: ("failed", ("x",))}, findings=found
                )
            return inward(call)

    class Choosing(Marking):
        pass

    fallback = Fallback(Marking(Weak()), Choosing(Weak()))
    for x in (1.0, -1.0):
        call = Call(record={"x": x})
        answer = fallback.handle(call)
        assert answer.one() == 10.0 * x
        assert len(answer.findings) == (x > 0)
        assert call.pins == (("version", "Marking"),)


def test_fallbacks_nest_and_keep_who_answered():
    guarded = Guarded(Weak(holes=(1.0, 2.0, 4.0)), schema=LOOSE)
    first = Fallback(guarded, Guarded(Weak(holes=(2.0, 4.0)), schema=LOOSE))
    answer = Fallback(first, -7.0).handle(Call(frame=FRAME))
    assert answer.values.tolist() == [10.0, -7.0, -10.0, -7.0]
    assert answer.status == ["filled", "filled", "ok", "filled"]
    shares = sorted((share.places.tolist(), share.arm) for share in answer.shares)
    assert shares == [([0], "fallback"), ([1, 3], "fallback"), ([2], "")]


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "numpy", "list"])
def test_rows_of_any_table_are_passed_to_the_other(kind):
    class Marking(Wrapper):
        def _handle(self, call, inward):
            return Answer(np.array([5.0, 6.0]), rows=4, places=np.array([0, 2]), marks=holes, request=call.request)

    holes = {1: ("invalid", ("output:finite",)), 3: ("failed", ())}
    if kind in {"polars", "pyarrow"}:
        pytest.importorskip("narwhals")
        module = pytest.importorskip(kind)
        table = module.DataFrame(FRAME) if kind == "polars" else module.Table.from_pandas(FRAME)
    else:
        table = FRAME.to_numpy() if kind == "numpy" else FRAME.to_numpy().tolist()
    other = Noting()
    answer = Fallback(Marking(Weak()), other).handle(Call(frame=table))
    assert answer.values.tolist() == [5.0, -2.0, 6.0, -4.0]
    assert other.asked == [[2.0, 4.0]]


def test_the_log_tells_once_that_it_began_and_once_that_it_ended(caplog):
    model = Weak(OSError("secret"))
    fallback = Fallback(model, 0.0)
    with caplog.at_level(logging.INFO, logger="maturekit"):
        for _ in range(3):
            fallback.predict(FRAME)
        model.error = None
        for _ in range(3):
            fallback.predict(FRAME)
    assert [record.getMessage() for record in caplog.records] == [
        "Weak raised OSError, the fallback answers", "Weak answers again",
    ]  # fmt: skip


def test_without_a_source_the_guard_outside_goes_by_the_other_model():
    class Unloaded(Wrapper):
        def _source(self, call):
            raise OSError("no registry")

        def _handle(self, call, inward):
            raise OSError("no registry")

    frame = pd.DataFrame({"x": [0.0, 1.0]})
    small = DummyRegressor(strategy="constant", constant=2.5).fit(frame, [0.0, 1.0])
    service = Guarded(Fallback(Unloaded(Weak()), small), schema=SCHEMA)
    assert service.handle(Call(frame=frame)).values.tolist() == [2.5, 2.5]
    service = Guarded(Fallback(Unloaded(Weak()), 3.5), schema=SCHEMA)
    assert service.handle(Call(frame=FRAME)).status == ["filled", "filled", "rejected", "filled"]
    assert service.predict_one({"x": 1.0}) == 3.5
    with pytest.raises(OSError, match="no registry"):
        Guarded(Fallback(Unloaded(Weak()), 3.5, on=["invalid"]), schema=SCHEMA).predict(frame)


def test_a_breaker_inside_spares_the_model():
    model = Weak(OSError("down"))
    fallback = Fallback(Breaker(model, failures=2, window=2), 1.5)
    assert [fallback.predict_one({"x": 1.0}) for _ in range(5)] == [1.5] * 5
    assert fallback.model.refused == 3


def test_a_copy_has_the_arguments_only():
    fallback = Fallback(Weak(OSError()), DummyRegressor(strategy="constant", constant=1.0).fit([[0]], [1.0]))
    fallback.predict(FRAME)
    copy = pickle.loads(pickle.dumps(fallback))
    assert (copy.filled, copy.on) == (0, ("error", "invalid"))
    assert copy.predict(FRAME).tolist() == [1.0] * 4


@pytest.mark.parametrize("on", ["error", (), ("errors",), ("error", "open")])
def test_reasons_are_checked(on):
    with pytest.raises(ArgumentError, match="on must hold some of 'error', 'invalid', 'rejected', got"):
        Fallback(Weak(), 0.0, on=on)


def test_a_model_whose_answer_does_not_fit_is_no_fallback():
    class Wide(Noting):
        def predict(self, X):
            return np.zeros((len(X), 2))

    class Short(Noting):
        def predict(self, X):
            return np.zeros(len(X) + 1)

    for other in (Wide(), Short()):
        fallback = Fallback(Guarded(Weak(holes=(1.0,)), schema=LOOSE), other)
        answer = fallback.handle(Call(frame=FRAME))
        assert answer.status == ["invalid", "ok", "ok", "ok"]
        assert (answer.values.tolist(), fallback.filled) == ([20.0, -10.0, 40.0], 0)


@pytest.mark.parametrize("other", [None, object(), DummyRegressor])
def test_what_cannot_answer_is_refused(other):
    with pytest.raises(ArgumentTypeError, match=r"a fallback is another model|a wrapper goes around a fitted model"):
        Fallback(Weak(), other)
