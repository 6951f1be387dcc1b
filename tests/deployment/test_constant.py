"""A constant answers what the model could have said, or any label, and what it could not have said is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from maturekit.deployment import Guarded, Live
from maturekit.deployment.breaker import Breaker
from maturekit.deployment.fallback import Fallback
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.registry import Registry
from maturekit.schema import Column, Schema

SCHEMA = Schema({"x": Column("float")})


class Weak:
    """A model that knows no classes."""

    def predict(self, X):
        raise OSError("down")


def test_constants_are_per_method():
    model = DummyClassifier(strategy="prior").fit([[0.0], [1.0]], ["no", "yes"])
    model.predict = model.predict_proba = model.decision = _down
    fallback = Fallback(model, {"predict": "no", "predict_proba": [0.9, 0.1]})
    assert fallback.predict([[0.0], [1.0]]).tolist() == ["no", "no"]
    assert fallback.predict_proba([[0.0], [1.0]]).tolist() == [[0.9, 0.1], [0.9, 0.1]]
    assert fallback.predict_one({"x": 0.0}) == "no"
    with pytest.raises(OSError, match="down") as caught:
        Fallback(model, "no").predict_proba([[0.0]])
    assert "there is no constant for 'predict_proba'" in caught.value.__notes__[0]


def _down(X):
    raise OSError("down")


@pytest.mark.parametrize("other", [{}, {"fit": 1}])
def test_constants_are_checked(other):
    with pytest.raises(ArgumentError, match="a fallback of constants is a mapping of methods to values"):
        Fallback(Weak(), other)


def prior(*classes):
    """A classifier of three classes (or others), each as probable as the other."""
    labels = classes or ("a", "b", "c")
    return DummyClassifier(strategy="prior").fit([[0.0]] * len(labels), labels)


def outputs():
    """A classifier of two outputs, with two and three classes."""
    return DummyClassifier(strategy="prior").fit([[0.0]] * 3, [["a", "x"], ["b", "y"], ["a", "z"]])


@pytest.mark.parametrize(
    ("method", "value", "why"),
    [
        ("predict_proba", [0.5, 0.5], "has 2 numbers, and the model has 3 classes"),
        ("predict_proba", [0.5, 0.25, 0.24], "does not sum to 1"),
        ("predict_proba", [1.5, -0.25, -0.25], "does not lie between 0 and 1"),
        ("predict_proba", [np.nan, 0.5, 0.5], "is not finite"),
        ("predict_proba", 1.0, "is not one number for each class"),
        ("predict_proba", "a", "must be numbers, one for each class, got 'a'"),
        ("predict_proba", ["0.5", "0.25", "0.25"], "must be numbers"),
        ("predict_proba", [[0.5, 0.5], [1.0]], "has a list for each of several outputs"),
        ("predict_proba", [[0.5, 0.25, 0.25]], "has a list for each of several outputs"),
        ("predict_proba", [0.5, [0.25, 0.25]], "must be numbers"),
        ("predict_log_proba", [0.5, 0.25, 0.25], "does not lie between 0 and 1 and does not sum to 1"),
        ("predict_log_proba", [0.0, -np.inf], "has 2 numbers, and the model has 3 classes"),
        ("decision_function", [0.0, 1.0], "has 2 numbers, and the model has 3 classes"),
        ("decision_function", 0.0, "has 1 numbers, and the model has 3 classes"),
        ("decision_function", [0.0, 1.0, np.inf], "is not finite"),
        ("decision_function", None, "must be a value, got None"),
    ],
)
def test_a_constant_that_the_model_could_not_have_said_is_refused(method, value, why):
    for model in (prior(), Breaker(Guarded(prior(), schema=SCHEMA))):
        with pytest.raises((ArgumentError, ArgumentTypeError), match=f"the constant for '{method}' {why}"):
            Fallback(model, {"predict": "a", method: value})


@pytest.mark.parametrize(
    ("model", "constants"),
    [
        (prior(), {"predict": "unknown"}),
        (prior(), {"predict_proba": [1, 0, 0], "predict_log_proba": [0.0, -np.inf, -np.inf]}),
        (prior(), {"predict_proba": np.full(3, 1 / 3, dtype=np.float32), "decision_function": [0.0, 1.0, 2]}),
        (prior("a", "b", "c", "d"), {"decision_function": np.zeros(6)}),
        (prior("no", "yes"), {"predict_proba": (0.5, 0.5), "decision_function": -1.5}),
        (outputs(), {"predict": ["a", "z"], "predict_proba": [[0.5, 0.5], [0.25, 0.25, 0.5]]}),
        (Weak(), {"predict": np.nan, "predict_proba": [0.5, 0.5], "transform": [1.0, 2.0, 3.0]}),
    ],
)
def test_any_other_constant_is_taken(model, constants):
    assert Fallback(model, constants).filled == 0


@pytest.mark.parametrize(
    ("model", "constants", "why"),
    [
        (prior("no", "yes"), {"decision_function": [0.5, 0.5]}, "must be one number"),
        (outputs(), {"predict_proba": [0.5, 0.5]}, "is for 1 output, and the model has 2"),
        (outputs(), {"predict_proba": [[0.5, 0.5], [0.5, 0.5]]}, "has 2 numbers, and the model has 3 classes"),
        (outputs(), {"predict_proba": [[0.5, 0.5], [0.5, 0.25, 0.5]]}, "does not sum to 1"),
        (Weak(), {"predict_proba": [0.5, 0.4]}, "does not sum to 1"),
        (Weak(), {"predict": [[1], [2, 3]]}, "is no row of values"),
    ],
)
def test_what_a_constant_must_be_depends_on_the_model(model, constants, why):
    with pytest.raises(ArgumentError, match=why):
        Fallback(model, constants)


def test_a_label_that_the_model_does_not_know_may_be_the_answer():
    model = prior()
    model.predict = _down
    assert Fallback(model, "unknown").predict([[0.0], [1.0]]).tolist() == ["unknown", "unknown"]


def test_constants_of_several_outputs_come_as_the_model_would_give_them():
    model = outputs()
    model.predict_proba = _down
    first, second = Fallback(model, {"predict_proba": [[0.5, 0.5], [0.25, 0.25, 0.5]]}).predict_proba([[0.0], [1.0]])
    assert (first.tolist(), second.tolist()) == ([[0.5, 0.5]] * 2, [[0.25, 0.25, 0.5]] * 2)


def test_behind_a_live_model_a_constant_is_checked_when_the_model_is_there(tmp_path):
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0]})
    registry = Registry(tmp_path, actor="ada")
    registry.register("three", DummyClassifier(strategy="prior").fit(frame, ["a", "b", "c"]))
    live = Live(registry, "three:1")
    fallback = Fallback(live, {"predict_proba": [0.5, 0.5]})
    assert live._following.serving is None  # constructing has loaded nothing
    with pytest.raises(ArgumentError, match="has 2 numbers, and the model has 3 classes"):
        fallback.warm()
    live.version.reference  # noqa: B018  # loads it, if warming has not
    model = live._inner()
    model.predict_proba = _down
    with pytest.raises(OSError, match="down") as caught:
        fallback.predict_proba(frame)
    assert "ArgumentError: the constant for 'predict_proba' has 2 numbers, and" in caught.value.__notes__[0]
    assert Fallback(live, {"predict_proba": [0.5, 0.25, 0.25]}).warm().predict_proba(frame)[0].tolist() == [
        0.5, 0.25, 0.25
    ]  # fmt: skip
