"""A contract as a pydantic model of one row, with the same verdict."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import ValidationError

from maturekit.schema import Column, Compare, RowCount, Schema


def test_names_that_python_cannot_spell_never_collide():
    names = ["column_1", "a b", "column_0", "_x", "class", "json", "größe", "model_x"]
    schema = Schema({name: Column("int", ge=place) for place, name in enumerate(names)})
    model = schema.row_model()
    assert model.model_validate({name: place for place, name in enumerate(names)})
    assert Schema.from_model(model) == schema


def test_the_row_model_judges_as_the_contract_does():
    schema = Schema(
        {
            "low": Column("float", ge=0),
            "high": Column("float", nullable=True),
            "class": Column("category", categories=["a"]),
            "copy": Column("string", pattern=r"\d+"),
            "at": Column("datetime", ge=datetime(2013, 1, 1)),
            "any": Column("category"),
        },
        rules=[Compare("low", "<=", "high")],
    )
    model = schema.row_model()
    assert model is schema.row_model()
    good = {"low": 1.0, "high": 2.0, "class": "a", "copy": "12", "at": datetime(2013, 1, 2), "any": 3}
    for change, valid in [
        ({}, True),
        ({"high": None}, True),
        ({"low": 5.0}, False),
        ({"low": -1.0}, False),
        ({"low": "1"}, False),
        ({"class": "b"}, False),
        ({"copy": "١"}, False),
        ({"at": datetime(2013, 1, 2, tzinfo=UTC)}, False),
        ({"any": 1.5}, False),
        ({"extra": 1}, True),
    ]:
        record = {**good, **change}
        assert (schema.check_record(record) == ()) is valid
        try:
            model.model_validate(record)
        except ValidationError:
            assert not valid
        else:
            assert valid
    assert Schema.from_model(model) == schema
    properties = model.model_json_schema()["properties"]
    assert properties["low"] == {"minimum": 0.0, "title": "Low", "type": "number"}
    assert list(properties) == ["low", "high", "class", "copy", "at", "any"]


def accepts(model, record):
    try:
        model.model_validate(record)
    except ValidationError:
        return False
    return True


def test_aliases_and_texts_are_read_by_the_row_model_too():
    schema = Schema(
        {"age": Column("int", ge=0, coerce=True, aliases=["years", "y"]), "a b": Column("int", aliases=["c"])}
    )
    model = schema.row_model()
    assert Schema.from_model(model) == schema
    for record in (
        {"age": 3, "a b": 1},
        {"age": "3", "c": 1},
        {"years": "3e0", "c": 1},
        {"age": "-3", "c": 1},
        {"age": "three", "c": 1},
        {"years": 3, "y": 3, "c": 1},
        {"age": 3, "years": "x", "a b": 1},
        {"age": 3},
        {"age": 3, "c": "1"},
    ):
        assert accepts(model, record) is (schema.check_record(record) == ())
    assert model.model_validate({"y": "3", "c": 1}).model_dump(by_alias=True) == {"age": 3, "a b": 1}


def test_rules_about_more_than_one_row_are_kept_and_not_judged():
    schema = Schema({"a": Column("int", unique=True, order="increasing")}, rules=[RowCount(at_least=10)])
    model = schema.row_model()
    assert accepts(model, {"a": 1})
    assert Schema.from_model(model) == schema


def test_json_schema_says_what_it_can():
    schema = Schema(
        {
            "price": Column("decimal", ge=0, max_digits=5, decimal_places=2),
            "day": Column("date", nullable=True),
            "at": Column("datetime", zone="aware"),
            "who": Column("object", of=UUID),
            "what": Column("object", of="shop.Basket"),
            "rank": Column("category", categories=[1, 2]),
            "note": Column("string", max_length=80, pattern="[a-z]*"),
            "free": Column("string"),
            "whole": Column("int", gt=0, lt=10, multiple_of=3),
        }
    )
    described = schema.row_model().model_json_schema()
    assert described["required"] == list(schema.columns)
    said = described["properties"]
    assert said["day"] == {"anyOf": [{"format": "date", "type": "string"}, {"type": "null"}], "title": "Day"}
    assert said["at"] == {"format": "date-time", "title": "At", "type": "string"}
    assert said["who"] == {"format": "uuid", "title": "Who", "type": "string"}
    assert said["what"] == {"title": "What"}
    assert said["rank"] == {"enum": [1, 2], "title": "Rank", "type": "integer"}
    assert said["note"] == {"maxLength": 80, "pattern": "^(?:[a-z]*)$", "title": "Note", "type": "string"}
    assert said["free"]["maxLength"] == 65_536
    assert {"exclusiveMinimum": 0, "exclusiveMaximum": 10, "multipleOf": 3}.items() <= said["whole"].items()
    assert said["price"]["anyOf"][0]["minimum"] == 0


def test_a_record_in_json_is_read_by_the_types_of_its_columns():
    schema = Schema(
        {
            "price": Column("decimal", max_digits=4, decimal_places=2),
            "day": Column("date"),
            "at": Column("datetime", zone="aware"),
            "who": Column("object", of=UUID),
        }
    )
    values = {
        "price": Decimal("1.50"),
        "day": date(2013, 1, 1),
        "at": datetime(2013, 1, 1, tzinfo=UTC),
        "who": UUID(int=7),
    }
    model = schema.row_model()
    text = model(**values).model_dump_json()
    assert model.model_validate_json(text).model_dump() == values
    assert not accepts(model, {**values, "price": Decimal("100.5")})
    with pytest.raises(ValidationError, match="at most 4 digits"):
        model.model_validate_json(json.dumps({**json.loads(text), "price": "123.45"}))


def test_a_whole_number_of_a_closed_set_is_no_truth_value():
    model = Schema({"rank": Column("category", categories=[0, 1])}).row_model()
    assert [accepts(model, {"rank": value}) for value in (1, True, 1.0, 2)] == [True, False, False, False]
