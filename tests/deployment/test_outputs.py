"""What a model says is judged like what it is told: row by row, with a reason."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from maturekit.deployment import Call, Guarded
from maturekit.deployment.outputs import OutputCheck, Outputs
from maturekit.errors import ArgumentError, ArgumentTypeError, RejectedRecordError
from maturekit.schema import Column, Schema

LABELS = np.array(["no", "yes"])


def faults(values, *, outputs=None, method="predict", classes=None, rows=None):
    check = OutputCheck(outputs or Outputs(), classes)
    return check.faults(values, rows=len(values) if rows is None else rows, method=method)


@pytest.mark.parametrize(
    ("values", "outputs", "expected"),
    [
        (np.array([0.0, 5.0, -1.0]), Outputs(ge=0.0), {2: ("output:ge",)}),
        (np.array([0.0, 5.0, -1.0]), Outputs(gt=0.0, lt=5), {0: ("output:gt",), 1: ("output:lt",), 2: ("output:gt",)}),
        (np.array([1, 2, 3]), Outputs(le=2), {2: ("output:le",)}),
        (np.array([np.inf, 1.0]), Outputs(le=2), {0: ("output:finite", "output:le")}),
        (np.array([np.nan, np.inf, 1.0]), Outputs(), {0: ("output:finite",), 1: ("output:finite",)}),
        (np.array([np.nan, np.inf, 1.0]), Outputs(finite=False), {}),
        (np.array([[1.0, 2.0], [3.0, -4.0]]), Outputs(ge=0), {1: ("output:ge",)}),
        (np.array(["a", None], dtype=object), Outputs(), {1: ("output:missing",)}),
        (np.array(["2013-05-03", "NaT"], dtype="M8[D]"), Outputs(), {1: ("output:missing",)}),
        (np.array(["a", "b"]), Outputs(ge=0), {0: ("output:kind",), 1: ("output:kind",)}),
        (pd.Series([1.0, np.nan], index=[7, 7]), Outputs(), {1: ("output:finite",)}),
    ],
)
def test_predictions_keep_their_contract(values, outputs, expected):
    assert faults(values, outputs=outputs) == expected


@pytest.mark.parametrize(
    ("values", "classes", "expected"),
    [
        (np.array(["yes", "maybe"]), LABELS, {1: ("output:classes",)}),
        (np.array(["yes", "no"], dtype=object), LABELS, {}),
        (np.array([1, 0, 2]), np.array([0, 1]), {2: ("output:classes",)}),
        (np.array([1.0, 0.0]), np.array([0, 1]), {}),
        (np.array([[1, 0], [0, 1]]), np.array([0, 1]), {}),  # indicators of several labels
        (np.array([[0, 7], [1, 8]]), [np.array([0, 1]), np.array([7, 9])], {1: ("output:classes",)}),
        (np.array([["a"], [["b"]]], dtype=object), np.array(["a"]), {1: ("output:classes",)}),
    ],
)
def test_labels_are_those_that_the_model_knows(values, classes, expected):
    assert faults(values, classes=classes) == expected


def test_labels_may_be_fewer_than_the_model_knows():
    assert faults(np.array(["yes", "no"]), classes=LABELS, outputs=Outputs(classes=["no"])) == {0: ("output:classes",)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.5, 0.5], [0.2, 0.9]], {1: ("output:sum",)}),
        ([[0.5, 0.5], [1.5, -0.5]], {1: ("output:range",)}),
        ([[0.5, 0.50009]], {}),  # single precision
        ([[math.nan, 1.0]], {0: ("output:finite",)}),
        ([[0.2, 0.3, 0.5]], {0: ("output:shape",)}),
        ([[1, 0]], {0: ("output:shape",)}),  # whole numbers are labels, not probabilities
    ],
)
def test_probabilities_are_probabilities(values, expected):
    assert faults(np.array(values), method="predict_proba", classes=LABELS) == expected


def test_logarithms_of_probabilities_may_be_minus_infinity_and_nothing_else():
    values = np.array([[0.0, -np.inf], [np.log(0.5), np.log(0.5)], [0.5, -1.0], [np.nan, 0.0], [np.inf, 0.0]])
    found = faults(values, method="predict_log_proba", classes=LABELS)
    assert sorted(found) == [2, 3, 4]
    assert found[2] == ("output:range", "output:sum")


def test_several_outputs_are_each_judged():
    good, bad = np.array([[0.5, 0.5], [0.1, 0.9]]), np.array([[0.5, 0.5], [0.6, 0.9]])
    assert faults([good, bad], rows=2, method="predict_proba", classes=[LABELS, LABELS]) == {1: ("output:sum",)}


def test_features_are_counted_only():
    assert faults(np.array([[np.nan], [1.0]]), method="transform") == {}
    assert faults(np.array([[1.0]]), rows=2, method="transform") == dict.fromkeys(range(2), ("output:length",))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize("outputs", [Outputs(), Outputs(ge=0.0, lt=2), Outputs(classes=["yes"]), Outputs(finite=False)])
@pytest.mark.parametrize("classes", [None, LABELS, np.array([0, 1]), [LABELS, LABELS]])
def test_what_is_sound_for_one_record_is_sound_in_a_table(method, outputs, classes):
    check = OutputCheck(outputs, classes)
    plain = [0, 1, 2, 0.5, -1.0, math.nan, math.inf, "yes", "no", "maybe", True, None, object()]
    plain += [[0.5, 0.5], [0.4, 0.5], [1.5, -0.5], [math.nan, 1.0], [1.0], [], ["yes", "no"]]
    for value in plain:
        if check.is_sound(value, method):
            assert check.faults(np.array([value]), rows=1, method=method) == {}, value


@pytest.mark.parametrize(
    ("value", "method", "classes"),
    [
        (0.5, "predict", None),
        ("yes", "predict", LABELS),
        (1, "predict", np.array([0, 1])),
        ([0.25, 0.75], "predict_proba", LABELS),
        (-3.5, "decision_function", LABELS),
    ],
)
def test_a_usual_output_of_a_record_needs_no_table(value, method, classes):
    assert OutputCheck(Outputs(), classes).is_sound(value, method)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"ge": "0"}, ArgumentTypeError, "ge must be a number, got str"),
        ({"le": math.inf}, ArgumentError, "le must be finite"),
        ({"ge": 2, "lt": 1.0}, ArgumentError, r"no output can be between 2 and 1\.0"),
        ({"classes": "yes"}, ArgumentTypeError, "classes must be several labels, got str"),
        ({"classes": []}, ArgumentError, "classes is empty"),
        ({"finite": 1}, ArgumentTypeError, "finite must be a bool"),
    ],
)
def test_a_contract_that_cannot_be_meant_is_refused(said, error, words):
    with pytest.raises(error, match=words):
        Outputs(**said)


def test_a_contract_is_a_value():
    outputs = Outputs(ge=0, classes=np.array([0, 1]))
    assert pickle.loads(pickle.dumps(outputs)) == outputs == Outputs(ge=0, classes=(0, 1))
    assert repr(outputs) == "Outputs(ge=0, classes=(0, 1))"


FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
NUMBERS = Schema({"a": Column("float")})


def test_a_record_and_a_row_break_the_contract_alike():
    service = Guarded(LinearRegression().fit(FRAME, FRAME["a"]), schema=NUMBERS, outputs=Outputs(ge=-0.5, le=2.5))
    answer = service.handle(Call(frame=FRAME))
    assert answer.status == ["ok", "ok", "ok", "invalid"]
    assert answer.reasons[3] == ("output:le",)
    assert service.predict_one({"a": 2.0}) == pytest.approx(2.0)
    with pytest.raises(RejectedRecordError, match="the record was not answered: output:le"):
        service.predict_one({"a": 3.0})


def test_guards_inside_one_another_each_keep_their_own_contract():
    inner = Guarded(LinearRegression().fit(FRAME, FRAME["a"]), schema=NUMBERS, outputs=Outputs(le=2.5))
    answer = Guarded(inner, outputs=Outputs(ge=0.5), schema=NUMBERS).handle(Call(frame=FRAME))
    assert answer.status == ["invalid", "ok", "ok", "invalid"]
    assert answer.values.tolist() == pytest.approx([1.0, 2.0])


def test_a_classifier_of_several_outputs_is_answered_row_by_row():
    target = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    model = MultiOutputClassifier(LogisticRegression()).fit(FRAME, target)
    service = Guarded(model, schema=NUMBERS)
    np.testing.assert_array_equal(service.predict(FRAME), model.predict(FRAME))
    answer = service.handle(Call("predict_proba", frame=FRAME.assign(a=[0.0, np.nan, 2.0, 3.0])))
    assert answer.status == ["ok", "rejected", "ok", "ok"]
    np.testing.assert_allclose(answer.values[1], model.predict_proba(FRAME.iloc[[0, 2, 3]])[1])


def test_outputs_must_be_outputs():
    with pytest.raises(ArgumentTypeError, match="outputs must be an Outputs, got dict"):
        Guarded(LinearRegression().fit(FRAME, FRAME["a"]), schema=NUMBERS, outputs={"ge": 0})
