"""Tables from the strategies keep their contract, and what was planted in them is what is found."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, ArgumentTypeError, SchemaError
from maturekit.schema import Column, Compare, Constant, ForeignKey, GroupSize, Key, RowCount, Schema
from maturekit.testing.strategies import faulty_frames, frames, records, values
from maturekit.validation import validate

FULL = Schema(
    {
        "id": Column("int", unique=True, role="key"),
        "low": Column("float", ge=-5, lt=5),
        "high": Column("float", nullable=True),
        "step": Column("int", multiple_of=3, gt=0, le=30, nullable=True),
        "code": Column("string", pattern=r"[A-Z]{2}\d{3}"),
        "text": Column("string", min_length=1, max_length=4, nullable=True),
        "kind": Column("category", categories=["a", "b"]),
        "level": Column("category", categories=[1, 2, 3], unknown="flag"),
        "open": Column("category"),
        "at": Column("datetime", ge=datetime(2013, 1, 1, tzinfo=UTC), unit="ms", order="increasing"),
        "local": Column("datetime", zone="Europe/Berlin", nullable=True),
        "naive": Column("datetime", lt=datetime(2020, 1, 1)),
        "took": Column("timedelta", ge=timedelta(0)),
        "day": Column("date", ge=date(2000, 1, 1), nullable=True),
        "price": Column("decimal", ge=0, max_digits=6, decimal_places=2),
        "true": Column("bool", nullable=True),
        "spelt": Column("int", coerce=True),
    },
    rules=[Compare("low", "<=", "high")],
)
GROUPED = Schema(
    {
        "order": Column("int", ge=0, le=5),
        "line": Column("int", ge=0, le=5),
        "currency": Column("category", categories=["EUR", "USD"]),
        "city": Column("category", categories=["BOS", "LAX", "XXX"]),
        "note": Column("string", max_length=3),
    },
    rules=[
        Key("order", "line"),
        Constant("currency", by="order"),
        GroupSize(by="order", at_most=3),
        ForeignKey("city", "cities"),
        RowCount(at_least=1),
    ],
)
CITIES = pd.DataFrame({"city": ["BOS", "LAX"]})
few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


unshrunk = settings(phases=[Phase.generate], max_examples=300, database=None, deadline=None)


def positions(report):
    return {(f.columns, f.rule): tuple(f.positions.tolist()) for f in report.findings if len(f.positions)}


@few
@given(frames(FULL, min_rows=1))
def test_a_table_keeps_every_rule_of_its_columns(frame):
    assert len(frame) >= 1
    report = validate(frame, FULL)
    assert positions(report) == {}, report.summary()
    assert list(frame.columns) == list(FULL.columns)


@few
@given(frames(GROUPED, min_rows=2, references={"cities": CITIES}))
def test_a_table_keeps_rules_over_rows_groups_and_tables(frame):
    assert len(frame) >= 2
    assert validate(frame, GROUPED, references={"cities": CITIES}).ok
    assert not frame.duplicated(["order", "line"]).any()
    assert frame.groupby("order")["currency"].nunique().max() == 1
    assert set(frame["city"]) <= {"BOS", "LAX"}


@few
@given(records(FULL))
def test_a_record_is_valid(record):
    assert FULL.check_record(record) == ()
    assert record["high"] is None or record["low"] <= record["high"]


@few
@given(faulty_frames(FULL))
def test_what_was_planted_is_what_is_found(case):
    frame, faults = case
    assert faults or frame["id"].is_unique
    assert positions(validate(frame, FULL)) == faults


@few
@given(faulty_frames(GROUPED, references={"cities": CITIES}))
def test_faults_beside_groups_are_planted_where_they_reach_no_other_row(case):
    frame, faults = case
    assert positions(validate(frame, GROUPED, references={"cities": CITIES})) == faults


def test_every_kind_of_fault_is_planted():
    schema = Schema(
        {
            "id": Column("string", unique=True, pattern=r"[a-z]+"),
            "low": Column("float", ge=0, lt=9),
            "high": Column("float"),
            "kind": Column("category", categories=["a", "b"]),
        },
        rules=[Compare("low", "<=", "high")],
    )
    planted = set()

    cases = faulty_frames(schema, min_rows=2, max_rows=3)

    def collect(case):
        planted.update(rule for _, rule in case[1])

    rules = {"nullable", "kind", "finite", "ge", "lt", "pattern", "max_length", "unique", "categories", "Compare"}
    for number in range(20):  # one run of hypothesis dwells on few examples; most often three are enough
        seed(number)(settings(unshrunk, max_examples=50)(given(cases)(collect)))()
        if planted == rules:
            break
    assert planted == rules, planted ^ rules


def test_a_fault_outside_a_bound_that_is_excluded_may_be_the_bound_itself():
    cases = faulty_frames(Schema({"a": Column("int", gt=3)}), max_rows=2)
    found = find(cases, lambda case: case[0]["a"].tolist().count(3) == 1, settings=unshrunk)
    assert found[0]["a"].tolist().index(3) in found[1][("a",), "gt"]


def test_objects_come_from_the_strategy_that_is_passed():
    column = Column("object", of=uuid.UUID)
    with pytest.raises(ArgumentError, match=r"no strategy for objects of type uuid\.UUID"):
        values(column)
    found = find(values(column, objects={"uuid.UUID": st.uuids()}), lambda _: True)
    assert type(found) is uuid.UUID


def test_a_decimal_stays_within_its_digits():
    column = Column("decimal", max_digits=4, decimal_places=2)
    assert find(values(column), lambda value: value > 99) < Decimal(100)


def test_a_schema_without_rules_to_break_is_refused():
    with pytest.raises(SchemaError, match="no column of this schema has a rule"):
        faulty_frames(Schema({"at": Column("datetime", order="increasing")}))


def test_too_few_rows_at_most_are_refused():
    with pytest.raises(ArgumentError, match="from 3 to 2"):
        frames(FULL, min_rows=3, max_rows=2)


@pytest.mark.parametrize("make", [frames, records, faulty_frames])
def test_what_is_no_schema_is_refused(make):
    with pytest.raises(ArgumentTypeError, match="must be a Schema"):
        make({"a": Column("int")})


OBJECTS = Column("object", of="uuid.UUID")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: values("int"), "column must be a Column, got str"),
        (lambda: values(OBJECTS, objects=["uuid.UUID"]), "objects must be a mapping, got list"),
        (lambda: values(OBJECTS, objects={"uuid.UUID": uuid.uuid4}), r"objects\['uuid.UUID'\] must be a strategy, got"),
        (lambda: records(FULL, objects=3), "objects must be a mapping, got int"),
        (lambda: frames(FULL, objects="x"), "objects must be a mapping, got str"),
        (lambda: frames(FULL, references=3), "references must be a mapping, got int"),
        (lambda: frames(FULL, min_rows=True), "a number of rows must be a whole number, got True"),
        (lambda: faulty_frames(FULL, references=[]), "references must be a mapping, got list"),
        (lambda: faulty_frames(FULL, objects=3), "objects must be a mapping, got int"),
    ],
)
def test_arguments_of_another_type_are_refused_at_once(make, why):
    with pytest.raises(ArgumentTypeError, match=why):
        make()


@few
@given(frames(Schema({"id": Column("int", unique=True, ge=1, le=3), "a": Column("bool")}), min_rows=2, max_rows=9))
def test_few_values_that_differ_make_few_rows(frame):
    assert 2 <= len(frame) <= 3
    assert frame["id"].is_unique
