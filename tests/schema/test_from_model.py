"""A plain pydantic model of a row as a contract: what it says is kept, or refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from typing import Annotated, Literal, NewType, Optional
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AllowInfNan,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NaiveDatetime,
    PositiveInt,
    RootModel,
    StrictStr,
    StringConstraints,
    ValidationError,
    condecimal,
    conint,
    create_model,
    field_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from maturekit.errors import SchemaError
from maturekit.schema import Column, Schema


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


Age = TypeAliasType("Age", Annotated[int, Field(ge=0)])
Customer = NewType("Customer", str)


class Wide(BaseModel):
    model_config = ConfigDict(populate_by_name=True, title="not about data")
    price: Decimal = Field(ge=0, max_digits=8, decimal_places=2, description="not about data")
    cost: condecimal(gt=Decimal("0.5"), multiple_of=Decimal("0.01"))
    day: date = Field(ge=date(2013, 1, 1))
    sent: AwareDatetime | None
    seen: NaiveDatetime
    who: UUID
    raw: bytes
    at: time
    host: IPv4Address
    age: Age
    customer: Customer
    size: Literal["S", "M", None]  # noqa: PYI061  # one of two spellings
    stars: Literal[Stars.ONE, Stars.TWO]
    ratio: FiniteFloat
    code: Annotated[StrictStr, StringConstraints(min_length=2, pattern=r"^[A-Z]*$")]
    part: conint(ge=1, le=9)
    left: int = Field(validation_alias=AliasChoices("left", "l", "start"))
    right: int = Field(alias="the right")
    flag: Annotated[Carrier, Column("category", categories=["UA", "DL"], unknown="flag")]


def test_everything_a_row_model_can_say_is_kept():
    assert dict(Schema.from_model(Wide).columns) == {
        "price": Column("decimal", ge=0, max_digits=8, decimal_places=2),
        "cost": Column("decimal", gt=Decimal("0.5"), multiple_of=Decimal("0.01")),
        "day": Column("date", ge=date(2013, 1, 1)),
        "sent": Column("datetime", nullable=True, zone="aware"),
        "seen": Column("datetime", zone="naive"),
        "who": Column("object", of="uuid.UUID"),
        "raw": Column("object", of="builtins.bytes"),
        "at": Column("object", of="datetime.time"),
        "host": Column("object", of="ipaddress.IPv4Address"),
        "age": Column("int", ge=0),
        "customer": Column("string"),
        "size": Column("category", nullable=True, categories=["S", "M"]),
        "stars": Column("category", categories=[1, 2]),
        "ratio": Column("float"),
        "code": Column("string", min_length=2, pattern="[A-Z]*"),
        "part": Column("int", ge=1, le=9),
        "left": Column("int", aliases=["l", "start"]),
        "the right": Column("int", aliases=["right"]),
        "flag": Column("category", categories=["UA", "DL"], unknown="flag"),
    }
    schema = Schema.from_model(Wide)
    assert Schema.from_model(schema.row_model()) == schema


@dataclass
class Point:
    x: int


class Named(TypedDict):
    x: int


def field(annotation, **said):
    return type("Row", (BaseModel,), {"__annotations__": {"x": annotation}, **({"x": Field(**said)} if said else {})})


class Checked(BaseModel):
    x: int

    @field_validator("x")
    @classmethod
    def even(cls, x):
        return x


class Rewriting(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    x: str


class Stripping(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    x: str


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (field(Inner), "a column of its own"),
        (field(list[int]), "no kind of column"),
        (field(complex), "no kind of column"),
        (field(Point), "a column of its own"),
        (field(Named), "a column of its own"),
        (field(dict), "a column of its own"),
        (field(Annotated[float, AllowInfNan(allow_inf_nan=True)]), "no meaning for a column"),
        (field(Annotated[str, StringConstraints(to_upper=True)]), "no meaning for a column"),
        (field(Annotated[int, AfterValidator(abs)]), "no meaning for a column"),
        (field(str, pattern=re.compile("^a$", re.IGNORECASE)), "with flags"),
        (field(int, validation_alias=AliasPath("a", 0)), "read from a path"),
        (field(int, validation_alias=AliasChoices("a", AliasPath("b", 0))), "read from a path"),
        (field(Annotated[int, Column("int", le=5)], ge=0), "says ge=0, and its column does not"),
        (field(Annotated[int | None, Column("int")]), "says nullable=True"),
        (field(Annotated[str, Column("int")]), "says the type str"),
        (field(Annotated[int, Column("int")], validation_alias=AliasChoices("a", "b")), r"says aliases=\('b',\)"),
        (RootModel[int], "no pydantic model of a row"),
        (Inner(x=1), "pass the class"),
        (field(int | str), "no kind of column"),
        (field(int, default=3), "has a default"),
        (field(str, pattern="a"), r"\^\(\?:...\)\$"),
        (field(str, pattern="^a|b$"), "need not cover"),
        (field(str, pattern="^a\\$"), "need not cover"),
        (field(str, pattern="^(?i)a$"), "outside the dialect"),
        (field(Annotated[int, "seconds"]), "no meaning for a column"),
        (field(Literal["a", 1]), "all str or all int"),
        (Checked, "even"),
        (Rewriting, "coerce_numbers_to_str"),
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


LIMITS = st.fixed_dictionaries({}, optional={"ge": st.integers(-3, 0), "lt": st.integers(1, 3)})
LENGTHS = st.fixed_dictionaries({}, optional={"min_length": st.integers(0, 1), "max_length": st.integers(1, 3)})
DIGITS = st.fixed_dictionaries({}, optional={"max_digits": st.integers(2, 4), "decimal_places": st.integers(0, 2)})
FIELDS = st.one_of(
    st.tuples(st.sampled_from([int, float, Decimal]), LIMITS),
    st.tuples(st.just(int), st.fixed_dictionaries({"multiple_of": st.integers(1, 3)})),
    st.tuples(st.just(Decimal), DIGITS),
    st.tuples(st.just(str), LENGTHS),
    st.tuples(st.just(str), st.fixed_dictionaries({"pattern": st.sampled_from(["^[a-z]$", "^(?:a|b)*$", r"^\\.?$"])})),
    st.tuples(
        st.sampled_from([bool, datetime, AwareDatetime, NaiveDatetime, date, timedelta, UUID, bytes]), st.just({})
    ),
    st.tuples(st.sampled_from([Literal["a", "b"], Literal[1, 2]]), st.just({})),
)
VALUES = [None, True, 0, 1, -3, 3, 0.5, -0.0, 2.99, Decimal("0.50"), Decimal("2.990"), Decimal("99.9"), Decimal("1E+2")]
VALUES += ["", "a", "b", "ab", "abcd", "é", "\\", "\\.", date(2013, 1, 1), datetime(2013, 1, 1, 12), timedelta(1)]
VALUES += [datetime(2013, 1, 1, tzinfo=UTC), UUID(int=1), b"a", math.inf]


@given(FIELDS, st.booleans(), st.sampled_from(VALUES))
@settings(max_examples=150, deadline=None)
def test_a_contract_gives_the_verdict_of_the_strict_model_it_came_from(drawn, optional, value):
    kind, said = drawn
    model = create_model("Drawn", x=(Optional[kind] if optional else kind, Field(**said)))  # noqa: UP045  # drawn
    columns = Schema.from_model(model).columns
    try:
        model.model_validate({"x": value}, strict=True)
    except ValidationError:
        valid = False
    else:
        valid = value != math.inf  # a plain float takes infinity, and no column does
    if type(value) in {int, float, Decimal} and kind in {Decimal, int, float} and type(value) is not kind:
        return  # a column takes a whole number in any storage
    if kind is Literal[1, 2] and value is True:
        return  # pydantic takes True for 1
    assert (Schema(columns).check_record({"x": value}) == ()) is valid
