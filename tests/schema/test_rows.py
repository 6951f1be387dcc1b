"""A plain pydantic model as a contract, and a contract as a pydantic model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal, Optional

import pytest
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator

from maturekit.errors import SchemaError
from maturekit.schema import Column, Compare, Schema


class Carrier(Enum):
    UNITED = "UA"
    DELTA = "DL"


class Stars(IntEnum):
    ONE = 1
    TWO = 2


class Inner(BaseModel):
    x: int


class Row(BaseModel):
    distance: float = Field(gt=0, le=5000)
    seats: PositiveInt
    late: bool | None
    tail: str = Field(pattern=r"^N\d+[A-Z]*$", min_length=2, max_length=6)
    carrier: Carrier
    stars: Stars
    origin: Literal["EWR", "JFK"]
    left: datetime = Field(ge=datetime(2013, 1, 1, tzinfo=UTC))
    taxi: Annotated[timedelta, Field(ge=timedelta(0))] | None
    note: Optional[str] = None  # noqa: UP045  # the old spelling is read as well
    odd: Annotated[float | None, Column("float", nullable=True, role="meta", tags=["raw"])]
    score: Annotated[int, Field(multiple_of=5)] = Field(alias="the score")


def test_a_plain_row_model_is_a_contract():
    assert dict(Schema.from_model(Row).columns) == {
        "distance": Column("float", gt=0, le=5000),
        "seats": Column("int", gt=0),
        "late": Column("bool", nullable=True),
        "tail": Column("string", pattern=r"N\d+[A-Z]*", min_length=2, max_length=6),
        "carrier": Column("category", categories=["UA", "DL"]),
        "stars": Column("category", categories=[1, 2]),
        "origin": Column("category", categories=["EWR", "JFK"]),
        "left": Column("datetime", ge=datetime(2013, 1, 1, tzinfo=UTC)),
        "taxi": Column("timedelta", nullable=True, ge=timedelta(0)),
        "note": Column("string", nullable=True),
        "odd": Column("float", nullable=True, role="meta", tags=["raw"]),
        "the score": Column("int", multiple_of=5),
    }


def field(annotation, **said):
    return type("Row", (BaseModel,), {"__annotations__": {"x": annotation}, **({"x": Field(**said)} if said else {})})


class Checked(BaseModel):
    x: int

    @field_validator("x")
    @classmethod
    def even(cls, x):
        return x


class Stripping(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    x: str


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (field(Inner), "a column of its own"),
        (field(list[int]), "no kind of column"),
        (field(Decimal), "no kind of column"),
        (field(int | str), "no kind of column"),
        (field(int, default=3), "has a default"),
        (field(str, pattern="a"), r"\^\(\?:...\)\$"),
        (field(str, pattern="^a|b$"), "need not cover"),
        (field(str, pattern="^a\\$"), "need not cover"),
        (field(str, pattern="^(?i)a$"), "outside the dialect"),
        (field(Annotated[int, "seconds"]), "no meaning for a column"),
        (field(Literal["a", 1]), "all str or all int"),
        (Checked, "even"),
        (Stripping, "str_strip_whitespace"),
        (dict, "no pydantic model"),
    ],
)
def test_what_a_column_cannot_say_is_refused(model, message):
    with pytest.raises(SchemaError, match=message):
        Schema.from_model(model)


def test_alternatives_inside_a_group_or_a_class_cover_the_whole_value():
    for pattern in ("^(?:a|b)$", "^(a|b)c$", "^[|]$", r"^a\|b$"):
        assert Schema.from_model(field(str, pattern=pattern)).columns["x"].pattern == pattern[1:-1]


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
