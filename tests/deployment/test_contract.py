"""What a schema says of names, texts, environments and whole tables, when a model is asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Call, Guarded
from maturekit.deployment.contract import stored
from maturekit.errors import RejectedRecordError, SchemaError
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
