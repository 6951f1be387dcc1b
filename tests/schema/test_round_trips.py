"""A schema comes back from JSON, from a pickle and from its row model as it was, whatever it says."""

from __future__ import annotations

import json
import math
import pickle
import string
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from maturekit.schema import Column, Compare, Schema
from maturekit.schema.value import ValueCheck

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
names = words.filter(bool)
common = {
    "nullable": st.booleans(),
    "role": st.sampled_from(["feature", "label", "key", "time", "group", "meta"]),
    "unique": st.booleans(),
    "environments": st.lists(names, max_size=2, unique=True),
    "severity": st.sampled_from(["error", "warning", "info"]),
    "mostly": st.floats(0, 1, exclude_min=True),
    "tags": st.lists(names, max_size=2, unique=True),
}
ORDERS = st.sampled_from(["increasing", "strictly_increasing", "decreasing", "strictly_decreasing"])


def between(values):
    """Bounds, each of them present or not, in an order that leaves room."""
    pair = st.tuples(values, values).filter(lambda ends: ends[0] != ends[1]).map(sorted)
    sides = st.tuples(st.sampled_from(["ge", "gt", None]), st.sampled_from(["le", "lt", None]))
    return st.builds(lambda ends, sides: {n: e for n, e in zip(sides, ends, strict=True) if n}, pair, sides)


def of(kind, limits, **special):
    said = st.fixed_dictionaries({}, optional={**common, **special})
    return st.builds(lambda said, limits: Column(kind, **said, **limits), said, limits)


def ordered(kind, limits, **special):
    return of(kind, limits, order=ORDERS, coerce=st.booleans(), **special)


finite = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))
aware = moments.map(lambda moment: moment.replace(tzinfo=UTC))
steps = st.decimals("0.001", "1000", allow_nan=False, places=3)
known = st.lists(words, min_size=1, max_size=4, unique=True) | st.lists(st.integers(0, 9), min_size=1, unique=True)
columns = st.one_of(
    ordered("float", between(finite), multiple_of=st.floats(1e-3, 1e3)),
    ordered("int", between(st.integers(-(2**61), 2**61).map(lambda whole: whole * 4)), multiple_of=st.integers(1, 3)),
    of("bool", st.just({}), coerce=st.booleans()),
    of("string", st.just({}), min_length=st.integers(0, 3), max_length=st.integers(3, 9), pattern=st.just(r"[a-é]\d*")),
    of("category", st.just({}), categories=known, unknown=st.sampled_from(["reject", "flag", "allow"])),
    ordered("datetime", between(moments), zone=st.just("naive"), unit=st.sampled_from(["s", "ms", "us"])),
    ordered("datetime", between(aware), zone=st.sampled_from(["aware", "UTC"])),
    of("datetime", st.just({}), zone=st.sampled_from(["Europe/Berlin", "naive", "aware"])),
    ordered("timedelta", between(st.timedeltas())),
    ordered("date", between(st.dates(date(1, 1, 1), date(9999, 12, 30)).map(lambda day: day.replace(day=1)))),
    ordered(
        "decimal",
        between(st.decimals(-1000, 1000, allow_nan=False)),
        multiple_of=steps,
        max_digits=st.integers(8, 12),
        decimal_places=st.integers(0, 4),
    ),
    of("object", st.just({"of": UUID}) | st.just({"of": "bytes"})),
)


@st.composite
def schemas(draw):
    drawn = draw(st.dictionaries(names, columns, max_size=5))
    free = draw(st.lists(names.filter(lambda name: name not in drawn), max_size=len(drawn), unique=True))
    for name, alias in zip(drawn, free, strict=False):
        drawn[name] = drawn[name].model_copy(update={"aliases": (alias,)})
    numbers = [name for name, column in drawn.items() if column.kind in {"float", "int"}]
    return Schema(drawn, rules=[Compare(numbers[0], "<=", numbers[1], severity="warning")] if numbers[1:] else [])


@given(schemas())
@settings(max_examples=50, deadline=None)
def test_json_and_pickle_read_back_as_the_same_schema(schema):
    text = schema.to_json()
    again = Schema.from_json(text)
    assert again == schema
    assert list(again.columns) == list(schema.columns)
    assert (again.to_json(), again.digest, hash(again)) == (text, schema.digest, hash(schema))
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert json.loads(text)["format"] == 1


@given(columns)
@settings(max_examples=50, deadline=None)
def test_a_column_is_written_as_it_is_made(column):
    scope = {"Column": Column, "Decimal": Decimal, "datetime": __import__("datetime"), "frozenset": frozenset}
    assert eval(repr(column), scope) == column


@given(schemas())
@settings(max_examples=40, deadline=None)
def test_the_row_model_reads_back_as_the_same_schema(schema):
    model = schema.row_model()
    assert Schema.from_model(model) == schema
    described = model.model_json_schema()
    assert list(described.get("properties", {})) == list(schema.columns)
    assert json.loads(json.dumps(described, allow_nan=False)) == described


VALUES = [None, True, False, 0, 1, -7, 3, 2**63, 2**64, -(2**63) - 1, 10**400, 0.0, 0.1, 2.0, -2.5, 1e300, math.inf]
VALUES += [2.0**53, 2.0**63, -(2.0**63), 2.0**64, 1.8e19, math.nextafter(-(2.0**63), -math.inf)]
VALUES += [math.nan, "", "a", "é1", "é١", "abc", "0", "1.0", "-7e0", "true", "TRUE", "2013-01-01", "a" * 65_537, "PT1S"]
VALUES += [Decimal(0), Decimal("0.50"), Decimal("1E+3"), Decimal("-999.9999"), Decimal("Infinity"), Decimal("NaN")]
VALUES += [date(2013, 1, 1), date(1, 1, 1), datetime(2013, 1, 1), datetime(2013, 1, 1, 12, 0, 0, 500), timedelta(0)]
VALUES += [datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=timezone(timedelta(hours=14)))]
VALUES += [
    datetime(9999, 12, 31, 23, 59, 59, 999_999),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    timedelta.max,
    timedelta.min,
]
VALUES += [UUID(int=7), b"", b"a", object(), 1j]
WILD = st.one_of(st.sampled_from(VALUES), finite, words, moments, st.text(string.digits + ".e-", max_size=6))
EXACT = {"float": float, "int": int, "category": int, "decimal": Decimal}


def near(column):
    """What a column speaks of, and its neighbours."""
    bounds = [bound for bound in (column.ge, column.gt, column.le, column.lt, column.multiple_of) if bound is not None]
    yield from bounds
    yield from column.categories or ()
    for bound in bounds:
        if isinstance(bound, float):
            yield from (math.nextafter(bound, math.inf), math.nextafter(bound, -math.inf), Decimal(bound))
        elif isinstance(bound, datetime):
            yield bound.replace(tzinfo=None)
            yield bound.replace(tzinfo=timezone(timedelta(hours=5, minutes=30, seconds=7)))
        else:
            if isinstance(bound, int):
                yield from (float(bound), bound + 0.5)
            small = {int: 1, Decimal: Decimal("0.01"), timedelta: timedelta.resolution, date: timedelta(1)}[type(bound)]
            with suppress(OverflowError):  # the last of its kind has one neighbour
                yield bound + small
                yield bound - small


@st.composite
def columns_and_values(draw):
    column = draw(columns)
    return column, draw(WILD | st.sampled_from([*near(column), None]))


@given(columns_and_values())
@settings(max_examples=200, deadline=None)
def test_the_compiled_core_and_one_value_give_one_verdict(drawn):
    column, value = drawn
    assert Schema({"x": column}).check_record({"x": value}) == ValueCheck("x", column)(value)


@given(columns_and_values())
@settings(max_examples=200, deadline=None)
def test_the_row_model_gives_the_verdict_of_the_contract_for_values_of_its_types(drawn):
    column, value = drawn
    if isinstance(value, (float, Decimal)) and math.isnan(value):
        value = None
    exact = EXACT.get(column.kind)
    if exact is not None and isinstance(value, (int, float, Decimal)) and type(value) not in {bool, exact}:
        return  # a whole number that is stored as a float is for tables, and so is a day that is stored as a moment
    if column.kind == "date" and isinstance(value, datetime):
        return
    if isinstance(value, datetime) and value.year < 1600:
        return  # pydantic 2.9 takes such moments for later ones
    found = [f for f in ValueCheck("x", column)(value) if f.rule != "categories" or column.unknown == "reject"]
    try:
        Schema({"x": column}).row_model().model_validate({"x": value})
    except ValidationError:
        assert found
    else:
        assert not found
