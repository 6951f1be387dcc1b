"""The log shows that somebody asked and what came of it, whatever he asked with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from maturekit.deployment import Answer, Call, Guarded, Recorded, Wrapper
from maturekit.deployment.wrapper import example_model
from maturekit.errors import ArgumentTypeError, RejectedRowsError, TableError
from maturekit.predictions import Log, Sample
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

SCHEMA = Schema({"a": Column("float", ge=0, le=1), "b": Column("float", ge=0, le=1, aliases=["b_old"])})
ROW = pd.DataFrame([[0.25, 0.5, "x"]], columns=["a", "b", "id"])


class Zeros:
    """Answers whatever is asked."""

    def predict(self, X):
        return np.zeros(X.shape[0] if hasattr(X, "shape") else len(X))


class Named(Zeros):
    feature_names_in_ = np.array(["a", "b"], dtype=object)


def recorded(model, **settings):
    return Recorded(model, log=Log(MemoryStore()), **settings)


def rows_of(service):
    """Return what the log holds, in which nothing may be lost."""
    frame = service.log.frame()
    assert service.dropped == service.log.dropped == 0
    return frame


def inputs(frame):
    return {name.removeprefix("input."): frame[name].tolist() for name in frame if name.startswith("input.")}


def row(*cells):
    """Return a frame of one row."""
    return pd.DataFrame([[value for _, value in cells]], columns=[name for name, _ in cells])


@pytest.mark.parametrize(
    ("table", "said", "ids"),
    [
        (row(("a", 0.25), ("b", 0.5), ("a", 9.0)), {"b": [0.5]}, [None]),
        (row(("b_old", 0.25), ("b_old", 0.5), ("a", 0.75), ("id", "x")), {"a": [0.75]}, ["x"]),
        (row(("a", 0.25), ("b", 0.5), ("id", "x"), ("id", "y")), {"a": [0.25], "b": [0.5]}, [None]),
        (row(("n", 1), ("n", 2), ("a", 0.25), ("b", 0.5), ("id", "x")), {"a": [0.25], "b": [0.5]}, ["x"]),
        (row((1, 0.5), ("1", 0.5), ("a", 0.25), ("id", "x")), {"a": [0.25]}, ["x"]),
    ],
    ids=["input", "alias", "key", "stranger", "spelling"],
)
@pytest.mark.parametrize("columns", [None, ["a", "b"]])
def test_a_refused_table_whose_names_repeat_is_recorded_without_them(table, said, ids, columns):
    service = recorded(Guarded(example_model(), schema=SCHEMA), key="id", columns=columns)
    with pytest.raises(TableError, match="has column names that"):
        service.handle(Call("predict_proba", frame=table, request="r"))
    frame = rows_of(service)
    assert frame[["request", "method", "status", "reasons", "row"]].to_numpy().tolist() == [
        ["r", "predict_proba", "failed", "TableError", 0]
    ]
    assert [None if pd.isna(value) else value for value in frame["id"]] == ids
    assert inputs(frame) == said


def test_without_a_contract_an_answer_to_such_a_table_is_recorded_too():
    service = recorded(Zeros(), key="id")
    service.predict(row(("c", 1), ("c", 2), ("a", 0.25), ("id", "x")))
    service.predict(row(("id", "y"), ("a", 0.5), ("id", "x"), ("b", 0.5)))
    service.predict(row((1, 0.5), ("1", 0.5), ("a", 0.25), ("id", "z")))
    frame = rows_of(service)
    assert (frame["prediction"].tolist(), frame["status"].tolist()) == ([0.0] * 3, ["ok"] * 3)
    assert [None if pd.isna(value) else value for value in frame["id"]] == ["x", None, "z"]
    assert list(inputs(frame)) == ["a", "b"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (np.array([[0.25, 0.5], [None, "x"]], dtype=object), {"a": [0.25, None], "b": [0.5, "x"]}),
        ([[0.25, 0.5], [0.75, 1.0]], {"a": [0.25, 0.75], "b": [0.5, 1.0]}),
        (((1, 2), (3, 4)), {"a": [1, 3], "b": [2, 4]}),
        (np.zeros((2, 3)), {"x0": [0.0, 0.0], "x1": [0.0, 0.0], "x2": [0.0, 0.0]}),
        (np.zeros(2), {"x0": [0.0, 0.0]}),
        (np.array([(1.0, "u"), (2.0, "v")], dtype=[("a", "f8"), ("word", "U1")]), {"a": [1.0, 2.0], "word": ["u", "v"]}),
        (np.asmatrix([[1.0, 2.0], [3.0, 4.0]]), {"a": [1.0, 3.0], "b": [2.0, 4.0]}),
        (np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[True, False], [False, False]]), {"a": [None, 3.0], "b": [2.0, 4.0]}),
        ([[1, 2], [3]], {}),
        (np.zeros((2, 3, 4)), {}),
        (np.zeros((2, 0)), {}),
        (csr_matrix(np.eye(2)), {}),
        ([{"a": 1}, {"b": 2}], {"x0": ["{'a': 1}", "{'b': 2}"]}),
        (range(2), {"x0": [0, 1]}),
        (pd.DataFrame([[1, 2]] * 2, columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")])),
         {"('a', 'x')": [1, 1], "('b', 'y')": [2, 2]}),
        (pd.DataFrame({"a": [[1], {"x": 1}], "b": pd.period_range("2020", periods=2, freq="D")}),
         {"a": ["[1]", "{'x': 1}"], "b": ["2020-01-01", "2020-01-02"]}),
    ],
    ids=["objects", "lists", "tuples", "too-wide", "flat", "records", "matrix", "masked", "ragged", "cube", "no-columns", "sparse",
         "dicts", "range", "levels", "cells"],
)  # fmt: skip
def test_whatever_it_is_that_was_asked_about_the_rows_are_recorded(table, said):
    answered = recorded(Named())
    answered.handle(Call(frame=table))
    frame = rows_of(answered)
    assert (frame["row"].tolist(), frame["status"].tolist()) == ([0, 1], ["ok", "ok"])
    assert {
        name: [None if value is None or value != value else value for value in column]  # noqa: PLR0124  # true of NaN
        for name, column in inputs(frame).items()
    } == said
    guarded = recorded(Guarded(example_model(), schema=SCHEMA), key="id", sample=0.999999)
    if isinstance(table, pd.DataFrame):
        guarded.handle(Call(frame=table.set_axis(["a", "b"], axis=1)))
        assert rows_of(guarded)["status"].tolist() == ["rejected", "rejected"]
    else:
        with pytest.raises(ArgumentTypeError, match="must be a table"):
            guarded.handle(Call(frame=table))
        frame = rows_of(guarded)
        assert frame["reasons"].tolist() == ["ArgumentTypeError"] * 2
        assert set(inputs(frame)) <= set(SCHEMA.columns)


def test_an_arrow_table_whose_names_repeat_is_recorded_without_them():
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("narwhals")
    table = pyarrow.table([[0.25], [0.5], [0.75], ["x"]], names=["a", "b", "a", "id"])
    service = recorded(Guarded(example_model(), schema=SCHEMA), key="id")
    with pytest.raises(Exception, match="'a'"):
        service.predict(table)
    frame = rows_of(service)
    assert frame["status"].tolist() == ["failed"]
    assert inputs(frame) == {"b": [0.5]}


def test_a_sample_by_a_key_that_repeats_goes_by_the_request():
    service = recorded(Guarded(example_model(), schema=SCHEMA), key="id", sample=0.5)
    table = ROW.iloc[:, [0, 1, 2, 2]]
    for number in range(40):
        with pytest.raises(TableError):
            service.handle(Call(frame=table, request=f"r{number}"))
    expected = [f"r{number}" for number in range(40) if Sample(0.5).holds([None], otherwise=f"r{number}/0")]
    assert 5 < len(expected) < 35
    assert rows_of(service)["request"].tolist() == expected


def test_a_question_about_no_rows_leaves_nothing():
    service = recorded(Zeros())
    for table in ([], np.zeros((0, 2)), ROW[:0]):
        service.predict(table)
    service.predict(ROW)
    assert len(rows_of(service)) == 1


def test_an_answer_that_has_not_one_value_for_each_row_is_recorded_as_what_it_is():
    class Short:
        feature_names_in_ = np.array(["a", "b"], dtype=object)

        def predict(self, X):
            return np.zeros(len(X) + 1)

    service = recorded(Short())
    service.predict(ROW[["a", "b"]])
    with pytest.raises(RejectedRowsError, match="returned 2 rows"):
        service.predict_one({"a": 0.25, "b": 0.5})
    frame = rows_of(service)
    assert frame[["status", "reasons"]].to_numpy().tolist() == [["invalid", "output:length"]] * 2
    assert frame["prediction"].isna().all()
    assert inputs(frame) == {"a": [0.25] * 2, "b": [0.5] * 2}


def test_rows_that_were_refused_stay_so_where_the_others_got_too_few_values():
    class Partial(Wrapper):
        def _handle(self, call, inward):
            refused = {1: ("rejected", ("le:a",))}
            return Answer(np.zeros(1), rows=3, places=np.array([0, 2]), marks=refused, request=call.request)

    service = recorded(Partial(Zeros()))
    service.handle(Call(frame=np.zeros((3, 1))))
    assert rows_of(service)["reasons"].tolist() == ["output:length", "le:a", "output:length"]


def test_probabilities_of_other_classes_tell_no_prediction():
    class Three:
        classes_ = np.array(["no", "yes"])
        feature_names_in_ = np.array(["a", "b"], dtype=object)

        def predict_proba(self, X):
            return np.full((len(X), 3), [0.25, 0.25, 0.5])

    service = recorded(Three())
    service.predict_proba(ROW[["a", "b"]])
    service.handle(Call("predict_proba", record={"a": 0.25, "b": 0.5}))
    frame = rows_of(service)
    assert frame["status"].tolist() == ["ok", "ok"]
    assert frame["prediction"].isna().all() and frame["score"].isna().all()


def test_later_changes_to_a_row_of_a_list_do_not_reach_the_log():
    service, asked = recorded(Zeros()), [[1.0, 2.0], [3.0, 4.0]]
    service.predict(asked)
    asked[0][0] = 9.0
    assert inputs(rows_of(service)) == {"x0": [1.0, 3.0], "x1": [2.0, 4.0]}
