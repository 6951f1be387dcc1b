"""A guard answers good rows, refuses bad ones, and lets neither touch the other."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from maturekit.deployment import Call, Guarded, Wrapper
from maturekit.errors import (
    ArgumentTypeError,
    RejectedRecordError,
    RejectedRowsError,
    SchemaError,
    TableError,
)
from maturekit.schema import Column, Compare, RowRule, Schema

CARRIERS = ["AA", "UA", "B6"]
SCHEMA = Schema(
    {
        "flight": Column("string", role="key"),
        "distance": Column("float", gt=0, le=5000),
        "seats": Column("int", ge=0, le=500, nullable=True),
        "carrier": Column("category", categories=CARRIERS),
        "international": Column("bool"),
        "late": Column("bool", role="label"),
    },
    rules=[Compare("seats", "<=", "distance")],
)
FEATURES = ["distance", "seats", "carrier", "international"]
GOOD = {"distance": 700.0, "seats": 180, "carrier": "UA", "international": False}
RUBBISH = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.decimals(),
    st.complex_numbers(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=1),
    st.sampled_from(
        [pd.NA, pd.NaT, np.float32(3), np.int8(3), np.bool_(1), np.datetime64("NaT", "s"), object(), {1}, b""]
    ),
)
VALUES = {
    "distance": st.floats(500.5, 5000.0),
    "seats": st.one_of(st.none(), st.integers(0, 500)),
    "carrier": st.sampled_from(CARRIERS),
    "international": st.booleans(),
}
RECORDS = st.fixed_dictionaries(VALUES)
ODD_RECORDS = st.fixed_dictionaries({name: st.one_of(good, RUBBISH) for name, good in VALUES.items()})


def training():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "carrier": pd.Categorical(rng.choice(CARRIERS, 200)),
            "distance": rng.uniform(500, 5000, 200),
            "seats": rng.integers(0, 500, 200).astype(float),
            "international": rng.random(200) > 0.5,
        }
    )
    frame.loc[::7, "seats"] = np.nan
    return frame, (frame["distance"] + 900 * (frame["carrier"] == "UA") > 3000).astype(int)


def boosting():
    """Needs categorical storage, and knows its columns by name in an order of its own."""
    frame, target = training()
    return HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=5).fit(frame, target)


def linear():
    """Takes any storage of texts."""
    frame, target = training()
    numbers = make_column_transformer(
        (StandardScaler(), ["distance"]),
        (OneHotEncoder(handle_unknown="error"), ["carrier"]),
        (StandardScaler(), ["international"]),
    )
    return make_pipeline(numbers, LogisticRegression()).fit(frame, target)


MODELS = {"boosting": boosting(), "linear": linear()}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    with threadpool_limits(1):  # boosting on single rows spends its time waking threads
        yield


@pytest.fixture(scope="module", params=MODELS)
def service(request):
    return Guarded(MODELS[request.param], schema=SCHEMA)


def frame_of(*records):
    """Return records in the storage that a whole table of them has."""
    frame = pd.DataFrame(records, columns=list(records[0]))
    return frame.assign(
        carrier=pd.Categorical(frame["carrier"], categories=CARRIERS), seats=frame["seats"].astype(float)
    )


@settings(max_examples=25, deadline=None)
@given(records=st.lists(RECORDS, min_size=1, max_size=3))
def test_one_record_gets_what_its_row_gets(service, records):
    together = service.predict_proba(frame_of(*records))
    assert service.predict_one(records[0]) == service.predict(frame_of(records[0]))[0]
    for record, expected in zip(records, together, strict=True):
        one = service.handle(Call("predict_proba", record=record)).all()
        np.testing.assert_allclose(one[0], expected, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    record=ODD_RECORDS,
    gone=st.sets(st.sampled_from(FEATURES), max_size=1),
    more=st.dictionaries(st.text(), RUBBISH, max_size=2),
)
def test_any_record_gets_an_answer_or_a_clear_refusal(service, record, gone, more):
    record = {**more, **{name: value for name, value in record.items() if name not in gone}}
    try:
        value = service.predict_one(record)
    except RejectedRecordError as error:
        assert error.answer.status == ["rejected"]
        assert error.answer.findings
        assert all(finding.rule in str(error) for finding in error.answer.findings if finding.severity == "error")
    else:
        assert value in {0, 1}
        assert not SCHEMA.check_record({"flight": "x", "late": True, **record})


@settings(max_examples=40, deadline=None)
@given(
    records=st.lists(st.one_of(RECORDS, ODD_RECORDS), min_size=1, max_size=6),
    labels=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_any_frame_gets_answers_or_refusals_row_by_row_and_no_row_changes_another(service, records, labels):
    columns = {name: pd.Series([record[name] for record in records], dtype=object) for name in FEATURES}
    frame = pd.DataFrame(columns).set_axis(labels[: len(records)])  # labels may repeat
    if service.model is MODELS["boosting"]:
        frame["carrier"] = frame["carrier"].astype("category") if frame["carrier"].map(type).eq(str).all() else None
    answer = service.handle(Call("predict_proba", frame=frame))
    alone = [bool(SCHEMA.check_record({"flight": "x", "late": True, **dict(row)})) for row in frame.to_dict("records")]
    assert [status == "rejected" for status in answer.status] == alone
    places = range(len(frame)) if answer.places is None else answer.places
    for place, value in zip(places, answer.values, strict=True):
        one = service.handle(Call("predict_proba", record=frame.iloc[place].to_dict())).all()
        np.testing.assert_allclose(one[0], value, rtol=1e-12)


def test_bad_rows_are_refused_and_the_others_answered(service):
    frame = frame_of(GOOD, {**GOOD, "distance": -1.0}, {**GOOD, "carrier": None}, {**GOOD, "distance": 900.0})
    answer = service.handle(Call("predict", frame=frame))
    assert answer.status == ["ok", "rejected", "rejected", "ok"]
    assert answer.places.tolist() == [0, 3]
    assert answer.reasons[1] == ("gt:distance", "Compare:seats, distance")
    assert answer.reasons[2] == ("nullable:carrier",)
    np.testing.assert_array_equal(answer.values, service.predict(frame.iloc[[0, 3]]))
    with pytest.raises(RejectedRowsError, match=r"2 of 4 rows got no answer: .*gt:distance \(1 row\)") as caught:
        service.predict(frame)
    assert caught.value.answer.places.tolist() == [0, 3]


def test_every_fault_of_a_record_is_named_at_once_and_no_value_is(service):
    with pytest.raises(RejectedRecordError) as caught:
        service.predict_one({"distance": math.inf, "seats": -3, "carrier": "secret"})
    words = str(caught.value)
    assert "finite:distance, ge:seats, categories:carrier, present:international" in words
    assert "secret" not in words
    assert "-3" not in words


def test_an_absent_column_refuses_every_row_and_says_which(service):
    answer = service.handle(Call(frame=frame_of(GOOD, GOOD).drop(columns="distance")))
    assert answer.status == ["rejected"] * 2
    assert all("distance" in reasons[0] for reasons in answer.reasons)
    assert len(answer.values) == 0


class Spy(Wrapper):
    """Remembers what reaches the model."""

    def _handle(self, call, inward):
        self.seen = call.table()
        return inward(call)


def test_only_features_reach_the_model_in_its_order_and_nothing_is_cast():
    spy = Spy(MODELS["boosting"])
    service = Guarded(spy, schema=SCHEMA)
    frame = frame_of(GOOD, GOOD).assign(flight="x", late=True, stranger=1, seats=np.array([180, 90], dtype="int16"))
    service.predict(frame)
    assert list(spy.seen.columns) == ["carrier", "distance", "seats", "international"]
    pd.testing.assert_frame_equal(spy.seen, frame[spy.seen.columns])
    service.predict_one({**GOOD, "late": True, "stranger": 1})
    assert list(spy.seen.columns) == ["carrier", "distance", "seats", "international"]
    assert [str(dtype) for dtype in spy.seen.dtypes] == ["category", "float64", "int64", "bool"]


def test_labels_keys_and_other_columns_need_not_be_there_nor_valid(service):
    frame = frame_of(GOOD, GOOD)
    expected = service.predict(frame)
    np.testing.assert_array_equal(service.predict(frame.assign(late="?", flight=None)), expected)


def test_values_in_odd_but_valid_forms_count_as_what_they_mean(service):
    odd = {"distance": Decimal(700), "seats": 180.0, "carrier": np.str_("UA"), "international": np.bool_(0)}
    assert service.predict_one(odd) == service.predict_one(GOOD)


def test_a_column_of_mixed_objects_is_stored_by_kind_once_its_bad_rows_are_gone():
    spy = Spy(MODELS["boosting"])
    frame = pd.DataFrame([GOOD, {**GOOD, "distance": "far"}])
    frame["carrier"] = frame["carrier"].astype("category")
    answer = Guarded(spy, schema=SCHEMA).handle(Call(frame=frame))
    assert answer.status == ["ok", "rejected"]
    assert spy.seen["distance"].dtype == np.float64


def test_times_reach_the_model_as_times():
    class Hour:
        def predict(self, X):
            return X["x"].to_numpy() + X["when"].dt.hour.to_numpy()

    frame = pd.DataFrame({"x": [0.0, 1.0], "when": pd.to_datetime(["2013-05-03 07:00", "2013-05-03 08:00"], utc=True)})
    model = Hour()
    service = Guarded(model, schema=Schema({"x": Column("float"), "when": Column("datetime")}))
    assert service.predict(frame).tolist() == [7.0, 9.0]
    assert service.predict_one({"x": 0.0, "when": datetime(2013, 5, 3, 9, tzinfo=UTC)}) == 9.0


def test_a_model_that_was_fitted_on_arrays_gets_arrays():
    model = LinearRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0])
    service = Guarded(model, schema=Schema({"a": Column("float"), "b": Column("float")}))
    assert service.predict(pd.DataFrame({"b": [1.0], "a": [0.0]})) == pytest.approx([0.0])
    assert service.predict_one({"b": 0.0, "a": 1.0}) == pytest.approx(1.0)


def test_other_tables_are_accepted():
    polars = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    pytest.importorskip("pyarrow")
    service = Guarded(MODELS["linear"], schema=SCHEMA)
    table = frame_of(GOOD, GOOD)
    expected = service.predict(table)
    np.testing.assert_array_equal(service.predict(polars.from_pandas(table.astype({"carrier": object}))), expected)


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (frame_of(GOOD).iloc[:0], TableError, "the frame has no rows"),
        (pd.DataFrame([[1, 2]], columns=["distance", "distance"]), TableError, "column names that repeat: 'distance'"),
        (np.zeros((2, 4)), ArgumentTypeError, "frame must be a table"),
        ("flights.csv", ArgumentTypeError, "frame must be a table"),
    ],
)
def test_what_is_no_table_of_rows_is_a_clear_error(service, frame, error, words):
    with pytest.raises(error, match=words):
        service.predict(frame)


def test_all_null_and_infinite_columns_are_refused_row_by_row(service):
    frame = frame_of(GOOD, GOOD)
    assert service.handle(Call(frame=frame.assign(distance=np.nan))).status == ["rejected"] * 2
    assert service.handle(Call(frame=frame.assign(distance=[np.inf, 700.0]))).status == ["rejected", "ok"]


def test_uniqueness_is_for_tables_and_not_for_predictions():
    model = LinearRegression().fit(pd.DataFrame({"a": [0.0, 1.0]}), [0.0, 1.0])
    service = Guarded(model, schema=Schema({"a": Column("float", unique=True)}))
    assert service.predict(pd.DataFrame({"a": [0.5, 0.5]})) == pytest.approx([0.5, 0.5])


def test_a_flagged_value_is_answered_and_named():
    schema = SCHEMA.updated({"carrier": Column("category", categories=CARRIERS, unknown="flag")})
    service = Guarded(MODELS["boosting"], schema=schema)
    answer = service.handle(Call(record={**GOOD, "carrier": "ZZ"}))
    assert answer.ok
    assert [(finding.rule, finding.severity) for finding in answer.findings] == [(answer.findings[0].rule, "warning")]


def test_a_rule_that_nobody_brought_refuses_everything():
    class Even(RowRule):
        column: str

        def _holds(self, frame):
            return frame[self.column] % 2 == 0

    stored = Schema(dict(SCHEMA.columns), rules=[Even("seats")]).to_json()
    unknown = Guarded(MODELS["boosting"], schema=Schema.from_json(stored))
    frame = frame_of(GOOD, {**GOOD, "seats": 3})
    for answer in (unknown.handle(Call(frame=frame)), unknown.handle(Call(record=GOOD))):
        assert set(answer.status) == {"rejected"}
        assert "could not run" in answer.reasons[0][0]
    known = Guarded(MODELS["boosting"], schema=Schema.from_json(stored, rules=[Even]))
    assert known.handle(Call(frame=frame)).status == ["ok", "rejected"]


class Fixed:
    """A model that says what it was told to say."""

    def __init__(self, outputs):
        self.outputs = outputs
        if outputs.ndim == 2:
            self.classes_ = np.array([0, 1])

    def predict(self, X):
        return self.outputs[: len(X)]

    predict_proba = predict


A_NUMBER = Schema({"a": Column("float")})


def test_outputs_that_are_not_finite_are_taken_out():
    service = Guarded(Fixed(np.array([1.0, np.nan, 3.0])), schema=A_NUMBER)
    answer = service.handle(Call(frame=pd.DataFrame({"a": [0.0, 0.0, 0.0]})))
    assert answer.status == ["ok", "invalid", "ok"]
    assert answer.values.tolist() == [1.0, 3.0]
    with pytest.raises(RejectedRowsError, match="output:finite"):
        service.predict(pd.DataFrame({"a": [0.0, 0.0, 0.0]}))


def test_outputs_of_rows_behind_refused_ones_are_marked_where_they_belong():
    service = Guarded(Fixed(np.array([np.nan, 2.0])), schema=A_NUMBER)
    answer = service.handle(Call(frame=pd.DataFrame({"a": [np.nan, 0.0, 0.0]})))
    assert answer.status == ["rejected", "invalid", "ok"]
    assert answer.places.tolist() == [2]


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        (np.array([[0.5, 0.6]]), "output:sum"),
        (np.array([[1.5, -0.5]]), "output:range"),
        (np.array([[0.2, 0.3, 0.5]]), "output:shape"),
        (np.array([[np.nan, 1.0]]), "output:finite"),
        (np.empty((0, 2)), "output:length"),
    ],
)
def test_probabilities_must_be_probabilities(outputs, reason):
    answer = Guarded(Fixed(outputs), schema=A_NUMBER).handle(Call("predict_proba", frame=pd.DataFrame({"a": [0.0]})))
    assert answer.status == ["invalid"]
    assert reason in answer.reasons[0]


def test_an_unusable_output_for_a_record_is_no_answer():
    with pytest.raises(RejectedRecordError, match="the record was not answered: output:finite"):
        Guarded(Fixed(np.array([np.inf])), schema=A_NUMBER).predict_one({"a": 1.0})


def test_without_any_contract_nothing_is_answered():
    with pytest.raises(SchemaError, match="there is no contract"):
        Guarded(MODELS["linear"]).predict(frame_of(GOOD))


def test_a_contract_must_declare_what_the_model_needs():
    with pytest.raises(SchemaError, match="the model needs 'carrier', 'seats', 'international', which the schema"):
        Guarded(MODELS["boosting"], schema=Schema({"distance": Column("float")})).predict(frame_of(GOOD))


def test_a_schema_must_be_a_schema():
    with pytest.raises(ArgumentTypeError, match="schema must be a Schema, got dict"):
        Guarded(MODELS["linear"], schema={"distance": "float"})
