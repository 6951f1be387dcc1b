"""Whom a new contract breaks: the known cases of columns, one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from maturekit.schema import Column, Compare, Schema

AWARE = datetime(2013, 1, 1, tzinfo=UTC)
NAIVE = datetime(2013, 1, 1)
PRODUCERS, CONSUMERS, BOTH, NOBODY = "producers", "consumers", "both", "nobody"


def breaks(old, new):
    return {change.what: change.breaks for change in Schema({"x": new}).changes_from(Schema({"x": old}))}


def case(name, old, new, **expected):
    return pytest.param(old, new, expected, id=name)


C = Column
KINDS = [
    case("nothing", C("int"), C("int")),
    case("int to float", C("int"), C("float"), kind=CONSUMERS),
    case("int to float, bounds kept", C("int", ge=0, le=9), C("float", ge=0, le=9), kind=CONSUMERS),
    case("float to int", C("float"), C("int"), kind=PRODUCERS),
    case("unique int to float: large ones are rounded", C("int", unique=True), C("float", unique=True), kind=BOTH),
    case(
        "unique int to float, small ones",
        C("int", ge=0, le=2**53, unique=True),
        C("float", ge=0, le=2**53, unique=True),
        kind=CONSUMERS,
    ),
    case("rounded onto an excluded bound", C("int", gt=2**53), C("float", gt=2**53), kind=BOTH),
    case("int to decimal: 3.0 is no decimal", C("int"), C("decimal"), kind=BOTH),
    case("decimal to float: 1E+400 is infinite", C("decimal"), C("float"), kind=BOTH),
    case(
        "decimal of few digits to float", C("decimal", max_digits=9), C("float"), kind=CONSUMERS, max_digits=CONSUMERS
    ),
    case("float to string", C("float"), C("string"), kind=BOTH),
    case("string to category", C("string"), C("category"), kind=CONSUMERS),
    case("category to string", C("category"), C("string"), kind=PRODUCERS),
    case("category of texts to string", C("category", max_length=9), C("string", max_length=9), kind=NOBODY),
    case("int to category", C("int"), C("category"), kind=CONSUMERS),
    case("date to datetime: a date is no moment", C("date"), C("datetime"), kind=BOTH),
    case("one type for another", C("object", of="uuid.UUID"), C("object", of="builtins.bytes"), of=BOTH),
    case("coerce said", C("int"), C("int", coerce=True), coerce=CONSUMERS),
    case("coerce no longer said", C("int", coerce=True), C("int"), coerce=PRODUCERS),
]
BOUNDS = [
    case("a bound", C("int"), C("int", ge=0), ge=PRODUCERS),
    case("no bound", C("int", le=5), C("int"), le=CONSUMERS),
    case("a tighter bound", C("int", ge=0), C("int", ge=1), ge=PRODUCERS),
    case("a looser bound", C("float", lt=5), C("float", lt=6), lt=CONSUMERS),
    case("ge=3 is gt=2 of whole numbers", C("int", ge=3), C("int", gt=2), gt=NOBODY),
    case("and not of others", C("float", ge=3), C("float", gt=2), gt=CONSUMERS),
    case("the bound itself taken out", C("float", ge=3), C("float", gt=3), gt=PRODUCERS),
    case("le is lt of the next day", C("date", le=date(2013, 1, 1)), C("date", lt=date(2013, 1, 2)), lt=NOBODY),
    case("the smallest of 64 bits is no bound", C("int"), C("int", ge=-(2**63)), ge=NOBODY),
    case("from one side to the other", C("int", ge=0), C("int", le=9), ge=CONSUMERS, le=PRODUCERS),
    case("both ends", C("int", ge=0, le=9), C("int", ge=1, le=10), ge=PRODUCERS, le=CONSUMERS),
    case("a bound with a zone", C("datetime", ge=NAIVE), C("datetime", ge=AWARE), ge=BOTH),
    case("a longer span", C("timedelta", le=timedelta(1)), C("timedelta", le=timedelta(2)), le=CONSUMERS),
    case("a coarser step", C("int", multiple_of=2), C("int", multiple_of=4), multiple_of=PRODUCERS),
    case("another step", C("int", multiple_of=4), C("int", multiple_of=6), multiple_of=BOTH),
    case("every whole number is a multiple of 1", C("int"), C("int", multiple_of=1), multiple_of=NOBODY),
    case("a finer step", *(C("decimal", multiple_of=Decimal(s)) for s in ("0.1", "0.05")), multiple_of=CONSUMERS),
    case("steps of floats have a tolerance", C("float", multiple_of=2), C("float", multiple_of=1), multiple_of=BOTH),
    case("fewer digits", C("decimal", max_digits=9), C("decimal", max_digits=8), max_digits=PRODUCERS),
    case(
        "more digits behind the point, fewer before it",
        C("decimal", max_digits=5, decimal_places=2),
        C("decimal", max_digits=5, decimal_places=3),
        decimal_places=BOTH,
    ),
    case(
        "a step of cents has two places",
        C("decimal", multiple_of=Decimal("0.05")),
        C("decimal", multiple_of=Decimal("0.05"), decimal_places=2),
        decimal_places=NOBODY,
    ),
]
TEXTS = [
    case("the longest by default, said", C("string"), C("string", max_length=65_536), max_length=NOBODY),
    case("longer than by default", C("string"), C("string", max_length=70_000), max_length=CONSUMERS),
    case("a length", C("string"), C("string", max_length=9), max_length=PRODUCERS),
    case("no text is shorter than 0", C("string"), C("string", min_length=0), min_length=NOBODY),
    case("not empty", C("string"), C("string", min_length=1), min_length=PRODUCERS),
    case(
        "a length of a category: no more whole numbers",
        C("category"),
        C("category", min_length=0),
        min_length=PRODUCERS,
    ),
    case("two patterns", C("string", pattern="a"), C("string", pattern="[ab]"), pattern=BOTH),
    case("a pattern", C("string"), C("string", pattern="a"), pattern=PRODUCERS),
    case(
        "a pattern that all categories match",
        C("category", categories=["a"]),
        C("category", categories=["a"], pattern="[a-z]"),
        pattern=NOBODY,
    ),
    case("a category more", *(C("category", categories=[*names]) for names in ("a", "ab")), categories=CONSUMERS),
    case("a category less", *(C("category", categories=[*names]) for names in ("ab", "a")), categories=PRODUCERS),
    case("another category", *(C("category", categories=[*names]) for names in ("a", "b")), categories=BOTH),
    case("categories turned round", *(C("string", categories=[*n]) for n in ("ab", "ba")), categories=NOBODY),
    case("texts, then whole numbers", C("category", categories=["a"]), C("category", categories=[1]), categories=BOTH),
    case("closed", C("string"), C("string", categories=["a"]), categories=PRODUCERS),
    case(
        "unknown values flagged",
        C("string", categories=["a"]),
        C("string", categories=["a"], unknown="flag"),
        unknown=CONSUMERS,
    ),
    case(
        "a flag is no refusal",
        C("string", categories=["a"], unknown="flag"),
        C("string", categories=["a"], unknown="allow"),
        unknown=NOBODY,
    ),
]
MOMENTS = [
    case("a zone", C("datetime"), C("datetime", zone="UTC"), zone=PRODUCERS),
    case("any zone", C("datetime", zone="UTC"), C("datetime", zone="aware"), zone=CONSUMERS),
    case("a bound has said so", C("datetime", ge=AWARE), C("datetime", ge=AWARE, zone="aware"), zone=NOBODY),
    case("naive, then aware", C("datetime", zone="naive"), C("datetime", zone="aware"), zone=BOTH),
    case("a finer unit", C("datetime", unit="s"), C("datetime", unit="ms"), unit=CONSUMERS),
    case("microseconds: nanoseconds are finer", C("datetime"), C("datetime", unit="us"), unit=PRODUCERS),
]
TABLES = [
    case("nulls", C("int"), C("int", nullable=True), nullable=CONSUMERS),
    case("no nulls", C("int", nullable=True), C("int"), nullable=PRODUCERS),
    case("unique", C("int"), C("int", unique=True), unique=PRODUCERS),
    case("strictly", C("int", order="increasing"), C("int", order="strictly_increasing"), order=PRODUCERS),
    case("the other way", C("int", order="increasing"), C("int", order="decreasing"), order=BOTH),
    case(
        "strictly and unique",
        C("int", order="strictly_increasing"),
        C("int", order="increasing", unique=True),
        order=NOBODY,
        unique=NOBODY,
    ),
    case("an error now", C("int", severity="warning"), C("int"), severity=PRODUCERS),
    case("a warning now", C("int"), C("int", severity="warning"), severity=CONSUMERS),
    case("two warnings", C("int", severity="info"), C("int", severity="warning", ge=0), severity=NOBODY, ge=NOBODY),
    case("tolerance withdrawn", C("int", mostly=0.9), C("int"), mostly=PRODUCERS),
    case("tolerance", C("int"), C("int", mostly=0.9), mostly=CONSUMERS),
    case(
        "kinds with tolerance: more values are judged", *(C(k, ge=0, mostly=0.9) for k in ("int", "float")), kind=BOTH
    ),
    case("tags", C("int"), C("int", tags=["personal"]), tags=NOBODY),
    case("a role", C("int"), C("int", role="meta"), role=CONSUMERS),
    case("a label is needed when serving", C("int", role="label"), C("int"), role=BOTH),
    case("in training only", C("int"), C("int", environments=["training"]), environments=CONSUMERS),
    case("everywhere", C("int", environments=["training"]), C("int"), environments=PRODUCERS),
    case("what a label is anyway", *(C("int", role="label", tags=t) for t in ([], ["x"])), tags=NOBODY),
    case("another name", C("int"), C("int", aliases=["y"]), aliases=CONSUMERS),
    case("one name less", C("int", aliases=["y"]), C("int"), aliases=PRODUCERS),
]


@pytest.mark.parametrize(("old", "new", "expected"), [*KINDS, *BOUNDS, *TEXTS, *MOMENTS, *TABLES])
def test_who_breaks(old, new, expected):
    assert breaks(old, new) == expected


def listed(new, old):
    return [(change.place, change.what, change.breaks) for change in new.changes_from(old)]


def test_columns_come_go_and_move():
    old = Schema({"a": C("int"), "b": C("int"), "c": C("int")})
    new = Schema({"b": C("int"), "a": C("int"), "d": C("int", nullable=True), "e": C("int", severity="warning")})
    assert listed(new, old) == [
        ("c", "removed", CONSUMERS),
        ("d", "added", PRODUCERS),  # it may be empty, and still has to be there
        ("e", "added", NOBODY),
        ("columns", "column order", NOBODY),
    ]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ({"age": C("int")}, {"years": C("int", aliases=["age"])}, CONSUMERS),
        ({"age": C("int", aliases=["years"])}, {"years": C("int")}, PRODUCERS),
        ({"age": C("int", aliases=["x"])}, {"years": C("int", aliases=["x"])}, BOTH),
    ],
)
def test_a_rename_is_one_change_when_names_meet(old, new, word):
    assert listed(Schema(new), Schema(old)) == [("years", "renamed", word)]
    (change,) = Schema(new).changes_from(Schema(old))
    assert change.before.split(", ")[0] == "age"
    assert change.after.split(", ")[0] == "years"


def test_a_column_that_may_stand_for_another_one_breaks_producers():
    old = Schema({"a": C("int"), "b": C("int")})
    new = Schema({"c": C("int", aliases=["a", "b"])})
    assert listed(new, old) == [("b", "removed", CONSUMERS), ("c", "renamed", BOTH)]


def test_a_rule_makes_another_kind_another_comparison():
    columns = {"x": C("int"), "y": C("int")}
    rules = [Compare("x", "<", "y")]  # 2**53 and 2**53 + 1 are equal as floats
    old, new = Schema(columns, rules=rules), Schema(columns | {"x": C("float")}, rules=rules)
    assert listed(new, old) == [("x", "kind", BOTH)]


def test_values_that_a_warning_let_through_meet_rules_once_they_are_read():
    columns = {"x": C("int", severity="warning"), "y": C("int")}
    now_read = columns | {"x": C("int", severity="warning", coerce=True)}
    rules = [Compare("x", "<", "y")]
    assert listed(Schema(now_read), Schema(columns)) == [("x", "coerce", NOBODY)]
    assert listed(Schema(now_read, rules=rules), Schema(columns, rules=rules)) == [("x", "coerce", PRODUCERS)]


def test_a_change_reads_as_it_was_written():
    old, new = Schema({"x": C("int", ge=3, tags=["b", "a"])}), Schema({"x": C("int", gt=2)})
    assert [(change.what, change.before, change.after) for change in new.changes_from(old)] == [
        ("gt", ">= 3", "> 2"),
        ("tags", "'a', 'b'", ""),
    ]
