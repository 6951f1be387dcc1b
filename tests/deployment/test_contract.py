"""What a schema says of names, texts, environments and whole tables, when a model is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from maturekit.deployment import Call, Guarded
from maturekit.deployment.contract import Contract, stored
from maturekit.deployment.source import Source
from maturekit.errors import ArgumentError, RejectedRecordError, SchemaError
from maturekit.schema import Column, RowCount, Schema

SCHEMA = Schema(
    {
        "area": Column("float", gt=0, coerce=True, aliases=["m2"], unique=True, order="increasing"),
        "rooms": Column("int", ge=0),
        "price": Column("float", role="label"),
    },
    rules=[RowCount(at_least=100)],
)
TRAINING = pd.DataFrame({"area": [1.0, 2.0, 4.0], "rooms": [1, 1, 2]})
MODEL = LinearRegression().fit(TRAINING, [2.0, 4.0, 8.0])


def test_an_alias_and_a_text_are_answered_as_the_value_they_mean():
    guarded = Guarded(MODEL, schema=SCHEMA)
    expected = MODEL.predict(TRAINING)
    frame = pd.DataFrame({"rooms": [1, 1, 2], "m2": ["1", "2.0", "4e0"], "extra": 0})
    assert guarded.predict(frame).tolist() == pytest.approx(expected.tolist())
    assert guarded.predict_one({"m2": "2.0", "rooms": 1, "extra": 0}) == pytest.approx(expected[1])
    with pytest.raises(RejectedRecordError, match="gt:area"):
        guarded.predict_one({"m2": "-2", "rooms": 1})


def test_a_text_that_cannot_be_read_refuses_its_row_alone():
    answer = Guarded(MODEL, schema=SCHEMA).handle(
        Call(frame=pd.DataFrame({"area": ["2", "two", "1"], "rooms": [1, 1, 1]}))
    )
    assert answer.status == ["ok", "rejected", "ok"]


def test_rows_are_judged_whatever_their_neighbours_are():
    frame = pd.DataFrame({"area": [4.0, 1.0, 4.0], "rooms": [2, 1, 2]})  # falling, repeated, and fewer than 100
    assert Guarded(MODEL, schema=SCHEMA).handle(Call(frame=frame)).status == ["ok"] * 3


def test_a_feature_that_serving_does_not_have_cannot_be_needed():
    schema = SCHEMA.updated({"rooms": Column("int", environments=["training"])})
    with pytest.raises(SchemaError, match="the model needs 'rooms'"):
        Guarded(MODEL, schema=schema).predict_one({"area": 2.0, "rooms": 1})


def test_days_and_decimals_are_stored_as_in_a_table():
    days = stored([date(2013, 1, 1), None], Column("date", nullable=True))
    assert (days.dtype, days[0]) == (np.dtype("datetime64[s]"), np.datetime64("2013-01-01"))
    assert pd.Series(stored([None], Column("decimal", nullable=True))).dtype == object
    assert stored([3], Column("decimal"))[0] == Decimal(3)


KINDS = {
    "distance": Column("float", nullable=True),
    "seats": Column("int"),
    "stops": Column("int", nullable=True),
    "late": Column("bool"),
    "carrier": Column("category", categories=["AA", "UA"], unknown="allow"),
    "tail": Column("string", nullable=True),
    "day": Column("date"),
    "moment": Column("datetime", zone="aware"),
    "delay": Column("timedelta"),
    "fare": Column("decimal"),
}
RECORD = {
    "distance": 700.5,
    "seats": 180,
    "stops": None,
    "late": False,
    "carrier": "UA",
    "tail": "N14228",
    "day": date(2013, 5, 3),
    "moment": datetime(2013, 5, 3, 7, tzinfo=UTC),
    "delay": timedelta(minutes=3),
    "fare": Decimal("99.50"),
}


class Reader:
    """A model that takes whatever comes."""

    def predict(self, X):
        return [0.0] * len(X)


def test_many_records_are_stored_as_each_would_be_alone():
    contract = Contract(Schema(KINDS), Source(Reader()))
    other = RECORD | {"distance": None, "seats": 90, "carrier": "B6", "tail": None, "fare": Decimal(1), "id": "x"}
    together = contract.table([RECORD, other, RECORD])
    assert list(together.columns) == list(KINDS)
    for place, record in enumerate([RECORD, other, RECORD]):
        alone = contract.row(record)
        same = together.iloc[[place]].reset_index(drop=True)
        pd.testing.assert_frame_equal(same.drop(columns="carrier"), alone.drop(columns="carrier"))
        assert same["carrier"].tolist() == alone["carrier"].tolist()
    assert together["carrier"].cat.categories.tolist() == ["AA", "UA", "B6"]


def test_many_records_are_an_array_for_a_model_that_was_fitted_on_one():
    model = LinearRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0])
    contract = Contract(Schema({"a": Column("float"), "b": Column("float")}), Source(model))
    assert contract.table([{"b": 1.0, "a": 0.0}, {"a": 2.0, "b": 3.0}]).tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (Column("int"), [2**63, -1]),
        (Column("int"), [2**63, 1]),
        (Column("datetime"), [RECORD["moment"], RECORD["moment"].astimezone(timezone(timedelta(hours=2)))]),
        (Column("datetime"), [RECORD["moment"], RECORD["moment"].replace(tzinfo=None)]),
    ],
)
def test_records_that_no_one_column_can_hold_are_not_put_together(column, values):
    contract = Contract(Schema({"a": column}), Source(Reader()))
    with pytest.raises(ArgumentError, match="the values of 'a' cannot be stored in one column"):
        contract.table([{"a": value} for value in values])


def test_categories_that_are_numbers_stay_numbers():
    column = Column("category", categories=[3, 4], nullable=True)
    assert stored([3, 4], column).tolist() == [3, 4]
    assert stored([3, None], column).dtype == np.float64
    assert stored([3, "x"], Column("category")).tolist() == [3, "x"]
    assert stored([None], column).dtype == np.float64  # alone as beside a number
    assert stored([None], Column("category", nullable=True)).isna().tolist() == [True]


def test_a_text_that_has_no_utf_8_is_stored_as_it_is():
    assert stored(["\ud800"], Column("string")).tolist() == ["\ud800"]
    assert stored(["\ud800", None], Column("category"), ("a",)).tolist()[0] == "\ud800"


def test_odd_nulls_in_a_column_of_objects_reach_the_model_as_nan():
    contract = Contract(Schema({"tail": Column("string", nullable=True)}), Source(Reader()))
    frame = pd.DataFrame({"tail": pd.Series(["a", Decimal("NaN"), None], dtype=object)})
    assert not contract.failures.of(frame)
    assert contract.rows(frame, None)["tail"].tolist()[0] == "a"
    assert not isinstance(contract.rows(frame, None)["tail"].iloc[1], Decimal)


def test_a_feature_that_is_absent_or_of_another_kind_is_refused_whatever_the_severity():
    schema = Schema({"area": Column("float", severity="warning"), "rooms": Column("int")})
    service = Guarded(MODEL, schema=schema)
    frame = pd.DataFrame({"area": pd.Series([1.0, "wide"], dtype=object), "rooms": [1, 1]})
    assert service.handle(Call(frame=frame)).reasons == [(), ("kind:area",)]
    assert service.handle(Call(frame=frame[["rooms"]])).reasons == [("present:area",)] * 2
    for record in ({"area": "wide", "rooms": 1}, {"rooms": 1}):
        assert service.handle(Call(record=record)).status == ["rejected"]


def test_a_column_of_nulls_alone_is_stored_as_beside_a_value():
    encoded = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["c"]))
    model = make_pipeline(encoded, LinearRegression()).fit(pd.DataFrame({"c": ["a", "b", "c"]}), [1.0, 2.0, 4.0])
    service = Guarded(model, schema=Schema({"c": Column("category", categories=["a", "b", "c"], nullable=True)}))
    beside = service.predict(pd.DataFrame({"c": ["a", None]}))[1]
    assert service.predict(pd.DataFrame({"c": [np.nan, np.nan]})).tolist() == pytest.approx([beside, beside])
    assert service.predict_one({"c": None}) == pytest.approx(beside)
