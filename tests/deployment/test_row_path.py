"""One record is answered by compiled code only where that was proven to say what the model says."""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections import OrderedDict, defaultdict
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from maturekit.deployment import row_path
from maturekit.deployment.call import Call
from maturekit.deployment.compiled import Cell, Compiler
from maturekit.deployment.row_path import RowPath
from maturekit.deployment.source import Source
from maturekit.errors import ArgumentError
from maturekit.schema import Column, Compare, Schema

FRAME = pd.DataFrame({"area": [1.0, 2.0, 3.0, 4.0], "rooms": [1, 2, 2, 1], "town": ["a", "b", "a", "b"]})
PRICE = [10.0, 25.0, 35.0, 43.0]
SCHEMA = Schema(
    {
        "area": Column("float", ge=0, le=1e6, nullable=True),
        "rooms": Column("int", ge=0, le=100),
        "town": Column("category", categories=["a", "b"], unknown="allow"),
    }
)
RECORD = {"area": 2.5, "rooms": 2, "town": "a"}


def pipeline(model=None, **encoding):
    chosen = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["area", "rooms"]),
            ("t", OneHotEncoder(**encoding or {"handle_unknown": "ignore"}), ["town"]),
        ]
    )
    return make_pipeline(chosen, LinearRegression() if model is None else model).fit(FRAME, PRICE)


def path_of(model, *, schema=SCHEMA, examples=FRAME, method="predict"):
    source = Source(model, schema, examples=examples)
    names = getattr(model, "feature_names_in_", None)
    return RowPath(model, method, source.contract, examples, None if names is None else list(names))


def asked(path, record):
    return path.ask(Call(path.explained()[1], record=record).narrowed(contract=path._arguments[2]))


def test_the_first_record_compiles_and_is_answered_by_it():
    model = pipeline()
    path = path_of(model)
    assert path.explained() == ("Pipeline", "predict", "ordinary", "not tried yet", 0)
    value, dtype = asked(path, RECORD)
    assert (type(value), dtype) == (float, np.dtype("float64"))
    assert value == pytest.approx(model.predict(pd.DataFrame([RECORD]))[0], rel=1e-12)
    assert path.is_compiled
    assert path.explained()[2:4] == ("compiled", "")
    assert path.explained()[4] > len(FRAME)


@pytest.mark.parametrize("schema", [SCHEMA, None])
@pytest.mark.parametrize("examples", [FRAME, None])
def test_it_is_proven_without_a_record_where_there_is_something_to_try(schema, examples):
    path = path_of(pipeline(), schema=schema, examples=examples)
    path.prove()
    assert path.is_compiled == (schema is not None or examples is not None)
    assert asked(path, RECORD)[1] == np.dtype("float64")
    assert path.is_compiled


def test_what_a_pipeline_has_no_compiler_for_goes_the_ordinary_way_and_says_why():
    model = KNeighborsRegressor(1).fit(FRAME[["area", "rooms"]], PRICE)
    path = path_of(model)
    value, dtype = asked(path, RECORD)
    assert (value.tolist(), dtype) == ([25.0], None)
    assert path.explained() == (
        "KNeighborsRegressor",
        "predict",
        "ordinary",
        "sklearn.KNeighborsRegressor has no compiler",
        0,
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"area": Decimal("2.5")},
        {"area": np.float32(2.5)},
        {"rooms": 2**60},
        {"town": np.str_("b")},
        {"area": np.float64(2.5), "rooms": np.int64(2)},
    ],
)
def test_values_of_other_types_get_the_models_own_answer(odd):
    schema = Schema({**SCHEMA.columns, "rooms": Column("int")})
    model = pipeline()
    path = path_of(model, schema=schema)
    path.prove()
    record = RECORD | odd
    value, _ = asked(path, record)
    wanted = model.predict(Source(model, schema).contract.row(record))[0]
    assert np.ravel(value)[0] == pytest.approx(wanted, rel=1e-12)


def test_numpy_scalars_are_read_as_the_contract_reads_them():
    path = path_of(pipeline())
    asked(path, RECORD)
    value, dtype = asked(path, {"area": np.float64(2.5), "rooms": np.int64(2), "town": "a"})
    assert (value, dtype) == asked(path, RECORD)


def test_an_unseen_category_that_the_model_refuses_raises_the_models_error():
    path = path_of(pipeline(handle_unknown="error"))
    asked(path, RECORD)
    assert path.is_compiled
    with pytest.raises(ValueError, match="unknown categories"):
        asked(path, RECORD | {"town": "z"})
    assert path.explained()[2:4] == ("compiled", "1 record was left to the model")


def test_without_a_contract_infinity_and_null_get_the_models_own_error():
    model = LinearRegression().fit(FRAME[["area", "rooms"]], PRICE)
    path = path_of(model, schema=None)
    assert asked(path, {"area": 1.0, "rooms": 1})[1] is not None
    for value in (np.inf, -np.inf, np.nan):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            asked(path, {"area": value, "rooms": 1})


def test_without_a_contract_each_combination_of_types_is_proven_when_it_comes():
    path = path_of(pipeline(), schema=None, examples=None)
    assert asked(path, RECORD)[1] is not None
    first = path.explained()[4]
    assert asked(path, RECORD | {"rooms": 2.0})[1] is not None
    assert path.explained()[4] > first
    assert asked(path, RECORD)[1] is not None


def test_a_record_that_lacks_a_value_gets_the_ordinary_error():
    path = path_of(pipeline(), schema=None)
    path.prove()
    with pytest.raises(ArgumentError, match="the record lacks 'town'"):
        asked(path, {"area": 1.0, "rooms": 1})


def test_no_default_of_a_mapping_stands_in_for_a_value():
    path = path_of(LinearRegression().fit(FRAME[["area", "rooms"]], PRICE), schema=None)
    path.prove()
    record = defaultdict(float, {"area": 1.0})
    with pytest.raises(ArgumentError, match="the record lacks 'rooms'"):
        asked(path, record)
    assert dict(record) == {"area": 1.0}


def test_any_mapping_is_a_record():
    path = path_of(pipeline())
    assert asked(path, OrderedDict(RECORD))[0] == pytest.approx(np.ravel(asked(path, RECORD)[0])[0], rel=1e-12)


def test_further_values_and_another_order_change_nothing():
    path = path_of(pipeline())
    record = {"id": "x", "town": "a", "area": 2.5, "rooms": 2}
    assert asked(path, record)[0] == asked(path, RECORD)[0]


class Drifting(LinearRegression):
    """Says something else than its weights do."""

    __module__ = "acme.models"

    def predict(self, X):
        return super().predict(X) + (np.asarray(X)[:, 0] > 500)


class OfDrifting(Compiler):
    handles = ("acme.Drifting",)

    def _emit(self, estimator, cells, code, method):
        terms = [
            f"{weight} * {code.finite(cell)}" for weight, cell in zip(estimator.coef_.tolist(), cells, strict=True)
        ]
        return [Cell(code.sum([repr(float(estimator.intercept_)), *terms]))]

    def sample(self):
        return Drifting().fit([[0.0], [1.0]], [0.0, 1.0]), [[0.5]]


def test_code_that_differs_at_an_edge_is_never_used():
    model = Drifting().fit(FRAME[["area", "rooms"]], PRICE)
    path = path_of(model)
    path.prove()
    assert not path.is_compiled
    assert "answered" in path.explained()[3]
    assert "differently" in path.explained()[3]
    assert asked(path, RECORD)[1] is None


def test_code_that_is_wrong_for_usual_records_is_not_excused_by_extreme_ones():
    model = Drifting().fit(FRAME[["area", "rooms"]], PRICE)
    model.coef_ = model.coef_ + 0.0
    model.predict = lambda X: LinearRegression.predict(model, X) + 1e-3
    path = path_of(model, schema=None, examples=None)
    assert asked(path, {"area": 2.5, "rooms": 2.0})[1] is None
    assert "differently" in path.explained()[3]


def test_labels_that_are_moments_are_those_of_the_model():
    moments = np.array(["2020-01-01", "2021-01-01"], dtype="M8[ns]")[[0, 0, 1, 1]]
    model = LogisticRegression().fit(FRAME[["area"]], moments)
    value, dtype = asked(path_of(model, schema=None, examples=None), {"area": 1.0})
    assert dtype is None
    assert value.tolist() == model.predict(FRAME[["area"]].iloc[:1]).tolist()


def test_without_a_contract_a_text_that_no_frame_can_hold_is_left_to_the_model():
    path = path_of(pipeline(), schema=None, examples=None)
    assert asked(path, RECORD)[1] is not None
    left = path._left
    with contextlib.suppress(UnicodeEncodeError):  # what Arrow says to it; objects of Python say nothing
        asked(path, {**RECORD, "town": "\ud800"})
    assert path._left == left + 1


def test_an_infinity_that_a_contract_only_warns_of_gets_the_models_own_error():
    frame = FRAME.assign(rooms=[1.0, 2.0, 2.0, 1.0])
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LinearRegression()).fit(frame[["rooms"]], PRICE)
    path = path_of(model, schema=Schema({"rooms": Column("float", severity="warning")}), examples=None)
    assert asked(path, {"rooms": 2.0})[1] is not None
    with pytest.raises(ValueError, match="infinity"):
        asked(path, {"rooms": float("inf")})


def test_an_interrupted_proof_is_taken_up_again(monkeypatch):
    path = path_of(pipeline())
    with monkeypatch.context() as patch:
        patch.setattr("maturekit.deployment.compiled.trial.Trial.run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            asked(path, RECORD)
    assert asked(path, RECORD)[1] is not None


def interrupted(trial, values):
    raise KeyboardInterrupt


def test_it_says_of_each_record_whether_compiled_code_answers():
    path = path_of(pipeline())
    assert not path.answers(RECORD)
    path.prove()
    assert path.answers(RECORD)
    assert path.answers({**RECORD, "area": None})
    assert not path.answers({**RECORD, "area": Decimal(2)})
    assert not path.answers({**RECORD, "area": float("inf")})
    assert not path.answers({"town": "a"})


def test_thresholds_of_trees_are_among_what_is_tried():
    model = DecisionTreeRegressor().fit(FRAME[["area", "rooms"]], PRICE)
    path = path_of(model)
    path.prove()
    for threshold in model.tree_.threshold[model.tree_.feature == 0]:
        for area in (threshold, np.nextafter(threshold, 0), np.nextafter(threshold, 9)):
            value, dtype = asked(path, {"area": float(area), "rooms": 1, "town": "a"})
            assert dtype is not None
            assert value == model.predict(pd.DataFrame({"area": [area], "rooms": [1]}))[0]


def test_records_that_break_a_rule_among_columns_are_not_tried():
    schema = Schema(SCHEMA.columns | {"least": Column("float", ge=0)}, rules=[Compare("least", "<=", "area")])
    frame = FRAME.assign(least=FRAME["area"] / 2)
    model = LinearRegression().fit(frame[["area", "least"]], PRICE)
    tried = []
    predict = model.predict
    model.predict = lambda rows: [tried.append(rows), predict(rows)][1]
    path = path_of(model, schema=schema, examples=frame)
    path.prove()
    table = pd.concat(tried)
    assert len(table) > len(frame)
    assert not (table["least"] > table["area"]).any()


def test_a_model_fitted_on_an_array_takes_the_contracts_columns():
    model = LinearRegression().fit(FRAME[["area", "rooms"]].to_numpy(), PRICE)
    schema = Schema({"area": Column("float"), "rooms": Column("int")})
    path = path_of(model, schema=schema)
    value, dtype = asked(path, {"rooms": 2, "area": 2.5})
    assert dtype is not None
    assert value == pytest.approx(model.predict([[2.5, 2.0]])[0], rel=1e-12)


def test_a_model_that_knows_no_names_and_has_no_contract_goes_the_ordinary_way():
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    path = path_of(model, schema=None, examples=None)
    with pytest.warns(UserWarning, match="feature names"):
        assert asked(path, {"x": 0.5})[1] is None
    assert path.explained()[3] == "only what a model answers about named columns is compiled"


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_every_method_of_a_classifier_has_its_own_path(method):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        FRAME[["area", "rooms"]], ["no", "no", "yes", "yes"]
    )
    path = path_of(model, method=method)
    record = RECORD | {"area": 3.0}
    value, dtype = asked(path, record)
    wanted = getattr(model, method)(pd.DataFrame([record])[["area", "rooms"]])
    given = np.array([value], dtype=dtype)
    assert (given.dtype, given.shape) == (wanted.dtype, wanted.shape)
    if method == "predict":
        assert given.tolist() == wanted.tolist()
    else:
        np.testing.assert_allclose(given, wanted, rtol=1e-12)


def test_other_threads_are_answered_the_ordinary_way_while_one_compiles(monkeypatch):
    path, entered, finish = path_of(pipeline()), threading.Event(), threading.Event()
    from maturekit.deployment.compiled import trial

    run = trial.Trial.run

    def slow(self, values):
        entered.set()
        finish.wait(30)
        run(self, values)

    monkeypatch.setattr(trial.Trial, "run", slow)
    first = threading.Thread(target=path.prove)
    first.start()
    entered.wait(30)
    assert asked(path, RECORD)[1] is None
    finish.set()
    first.join(30)
    assert asked(path, RECORD)[1] is not None


def test_the_copy_of_a_pickle_compiles_anew():
    path = path_of(pipeline())
    value, _ = asked(path, RECORD)
    copy = pickle.loads(pickle.dumps(path))
    assert not copy.is_compiled
    assert asked(copy, RECORD)[0] == value


@pytest.mark.parametrize("when", ["before", "while", "after"])
def test_a_fork_before_while_or_after_compiling_answers_too(when, forked):
    path = path_of(LinearRegression().fit(FRAME[["area", "rooms"]], PRICE))
    if when == "while":
        path._claim("all")  # a thread of the parent, which the child does not have
    elif when == "after":
        path.prove()

    def ask():
        assert asked(path, RECORD)[1] is not None

    assert forked(ask).ended() == 0


def test_combinations_of_types_are_remembered_up_to_a_number(monkeypatch):
    monkeypatch.setattr(row_path, "_MOST", 2)
    path = path_of(pipeline())
    records = [RECORD | {"area": area, "rooms": rooms} for area in (1.0, 1, None) for rooms in (2, 2.0)]
    for record in records * 2:
        assert asked(path, record)[1] is not None
        assert len(path._ready) <= 2
