"""A column says what its values are, and refuses to contradict itself."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import SchemaError
from maturekit.schema import Column, Schema

NAIVE, AWARE = datetime(2013, 1, 1), datetime(2013, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Column("flaot"), r"no kind named 'flaot'(.|\n)*did you mean 'float'"),
        (lambda: Column("int", role="fature"), r"no role named(.|\n)*did you mean 'feature'"),
        (lambda: Column("int", severity="fatal"), "no severity named 'fatal'"),
        (lambda: Column("category", unknown="ignore"), "no unknown named 'ignore'; known: 'allow', 'flag', 'reject'"),
        (lambda: Column("string", ge=0), "no order"),
        (lambda: Column("bool", multiple_of=2), "no order"),
        (lambda: Column("float", ge="0"), "ge='0' cannot bound"),
        (lambda: Column("float", ge=True), "ge=True cannot bound"),
        (lambda: Column("float", le=float("nan")), "finite"),
        (lambda: Column("float", le=float("inf")), "finite"),
        (lambda: Column("int", gt=0.5), "whole number of 64 bits"),
        (lambda: Column("int", le=2**64), "whole number of 64 bits"),
        (lambda: Column("datetime", ge=date(2013, 1, 1)), "a datetime"),
        (lambda: Column("datetime", ge="2013-01-01"), "a datetime"),
        (lambda: Column("datetime", ge=pd.NaT), "a datetime"),
        (lambda: Column("datetime", ge=pd.Timestamp(1)), "to the microsecond"),
        (lambda: Column("timedelta", le=3600), "a timedelta"),
        (lambda: Column("datetime", ge=NAIVE, le=AWARE), "do not agree on a time zone"),
        (lambda: Column("float", ge=0, gt=0), "both ge and gt"),
        (lambda: Column("float", ge=2, le=1), "no value is >= 2.0 and <= 1.0"),
        (lambda: Column("float", ge=1, lt=1), "no value is"),
        (lambda: Column("int", gt=1, lt=2), "no value is > 1 and < 2"),
        (lambda: Column("int", multiple_of=0), "above 0"),
        (lambda: Column("timedelta", multiple_of=timedelta(1)), "cannot be kept"),
        (lambda: Column("float", pattern="a"), "pattern is for texts"),
        (lambda: Column("int", max_length=3), "max_length is for texts"),
        (lambda: Column("float", categories=[1]), "categories is for texts"),
        (lambda: Column("string", min_length=3, max_length=2), "at least 3 and at most 2"),
        (lambda: Column("string", min_length=-1), "at least -1"),
        (lambda: Column("category", categories=[]), "nothing"),
        (lambda: Column("category", categories=["a", 1]), "int, str"),
        (lambda: Column("category", categories=["a", None]), "nullable=True"),
        (lambda: Column("category", categories=[True, False]), "bool"),
        (lambda: Column("category", categories=["a", "a"]), "repeat: 'a'"),
        (lambda: Column("category", categories="ab"), "not a collection"),
        (lambda: Column("category", categories=["ab"], max_length=1), "'ab' breaks the column's own max_length"),
        (lambda: Column("category", categories=[1], max_length=1), "no length"),
        (lambda: Column("string", categories=[1]), "no place in a string"),
        (lambda: Column("category", categories=["\ud800"]), "no valid text"),
        (lambda: Column("int", ge=1, le=4, multiple_of=5), "no multiple of 5 lies between"),
        (lambda: Column("date", ge=NAIVE), "a datetime.date"),
        (lambda: Column("date", gt=date(2013, 1, 1), lt=date(2013, 1, 2)), "no value is > 2013-01-01"),
        (lambda: Column("date", gt=date.max, le=date.max), "no value is"),
        (lambda: Column("date", multiple_of=date(2013, 1, 1)), "cannot be kept"),
        (lambda: Column("decimal", ge=0.5), "a Decimal or an int"),
        (lambda: Column("decimal", ge=Decimal("NaN")), "a Decimal or an int"),
        (lambda: Column("decimal", ge=Decimal("1e7000")), "a Decimal or an int"),
        (lambda: Column("decimal", max_digits=0), "from 1"),
        (lambda: Column("decimal", decimal_places=-1), "from 0"),
        (lambda: Column("decimal", max_digits=2, decimal_places=3), "2 digits, and 3 of them"),
        (lambda: Column("decimal", max_digits=5, decimal_places=2, ge=1000), "so few digits before the point"),
        (lambda: Column("decimal", max_digits=2, lt=-100), "so few digits before the point"),
        (lambda: Column("float", decimal_places=1), "for the kind 'decimal'"),
        (lambda: Column("object"), "needs a type"),
        (lambda: Column("int", of="uuid.UUID"), "no other kind has one"),
        (lambda: Column("object", of=int), r"Column\('int'\)"),
        (lambda: Column("object", of="str"), r"Column\('string'\)"),
        (lambda: Column("object", of="a b"), "names no type"),
        (lambda: Column("object", of=7), "names no type"),
        (lambda: Column("object", of=type("Local", (), {"__qualname__": "f.<locals>.Local"})), "names no type"),
        (lambda: Column("object", of="uuid.UUID", ge=1), "no order"),
        (lambda: Column("object", of="uuid.UUID", max_length=1), "for texts"),
        (lambda: Column("int", zone="UTC"), "for moments"),
        (lambda: Column("timedelta", unit="s"), "for moments"),
        (lambda: Column("datetime", unit="ns"), "no unit named 'ns'"),
        (lambda: Column("datetime", zone=""), "zone is empty"),
        (lambda: Column("datetime", zone="naive", ge=AWARE), "do not agree on a time zone"),
        (lambda: Column("datetime", zone="Europe/Berlin", lt=NAIVE), "do not agree on a time zone"),
        (lambda: Column("int", order="rising"), "no order named 'rising'"),
        (lambda: Column("string", order="increasing"), "cannot be increasing"),
        (lambda: Column("string", coerce=True), "a text is one of its values already"),
        (lambda: Column("category", coerce=True), "a text is one of its values already"),
        (lambda: Column("object", of="uuid.UUID", coerce=True), "no text spells its values"),
        (lambda: Column("datetime", zone="Europe/Berlin", coerce=True), "ISO 8601 has offsets"),
        (lambda: Column("int", coerce=1), "coerce=1"),
        (lambda: Column("int", aliases=["a", "a"]), "aliases repeat"),
        (lambda: Column("int", aliases=[""]), "which is no name"),
        (lambda: Column("int", environments=[1]), "which is no name"),
        (lambda: Column("string", min_length=70_000), "state max_length"),
        (lambda: Column("int", mostly=0), "mostly=0"),
        (lambda: Column("int", mostly=1.5), "mostly=1.5"),
        (lambda: Column("int", nullable="yes"), "nullable='yes'"),
        (lambda: Column("int", tags=[1]), "tags"),
    ],
)
def test_a_contradiction_is_refused_and_named(make, message):
    with pytest.raises(SchemaError, match=message):
        make()


def test_bounds_take_the_one_form_of_their_kind():
    assert repr(Column("float", ge=0, le=np.float64(2))) == "Column('float', ge=0.0, le=2.0)"
    assert repr(Column("int", ge=0.0, le=np.int64(2))) == "Column('int', ge=0, le=2)"
    zone = timezone(timedelta(hours=2))
    assert Column("datetime", ge=datetime(2013, 1, 1, 2, tzinfo=zone)) == Column("datetime", ge=AWARE)
    assert type(Column("datetime", ge=pd.Timestamp("2013-01-01")).ge) is datetime
    assert type(Column("timedelta", ge=pd.Timedelta("1h")).ge) is timedelta


def test_decimals_that_are_equal_are_stored_as_one_text():
    column = Column("decimal", ge=Decimal("1.500"), le=10**3)
    assert repr(column) == "Column('decimal', ge=Decimal('1.5'), le=Decimal('1E+3'))"
    assert Schema({"x": column}).digest == Schema({"x": Column("decimal", ge=Decimal("1.5"), le=1000)}).digest
    assert Column("decimal", ge=Decimal("-0.00")).ge.as_tuple() == Decimal(0).as_tuple()
    precise = Decimal("1." + "0" * 40 + "1")  # beyond the 28 digits that arithmetic would keep
    assert Column("decimal", ge=precise).ge == precise


def test_a_type_is_known_by_its_name():
    assert Column("object", of=UUID) == Column("object", of="uuid.UUID")
    assert Column("object", of="bytes").of == "builtins.bytes"


def test_one_name_may_stand_for_itself():
    column = Column("int", aliases="years", environments="training", tags="personal")
    assert (column.aliases, column.environments, column.tags) == (("years",), {"training"}, {"personal"})


def test_every_open_text_has_a_longest():
    assert [Column(kind).longest for kind in ("string", "category")] == [65_536, 65_536]
    assert Column("string", categories=["a"], unknown="flag").longest == 65_536
    for column in (Column("string", categories=["a"]), Column("category", categories=[1]), Column("float")):
        assert column.longest is None
    long = "a" * 65_537
    assert [f.rule for f in Schema({"x": Column("category")}).check_record({"x": long})] == ["max_length"]
    assert Schema({"x": Column("string", max_length=70_000)}).check_record({"x": long}) == ()


def test_categories_keep_their_order_and_a_set_gets_one():
    assert Column("category", categories=iter("ba")).categories == ("b", "a")
    assert Column("category", categories={"b", "a", "c"}).categories == ("a", "b", "c")
    assert Column("category", categories=np.array([2, 1])).categories == (2, 1)


def test_a_column_cannot_change_and_copies_are_checked():
    column = Column("float", ge=0, tags="personal")
    with pytest.raises(ValueError, match="frozen"):
        column.ge = 1
    assert column.tags == {"personal"}
    assert column.model_copy(update={"le": 5}) == Column("float", ge=0, le=5, tags=["personal"])
    with pytest.raises(SchemaError, match="no value is"):
        column.model_copy(update={"le": -5})
    assert pickle.loads(pickle.dumps(column)) == column == copy.deepcopy(column)
    assert hash(pickle.loads(pickle.dumps(column))) == hash(column)


def test_repr_is_the_column_as_it_is_written():
    column = Column("category", nullable=True, categories=["a"], unknown="flag", mostly=0.9, tags=["y", "x"])
    assert repr(column).endswith("tags=['x', 'y'])")
    assert eval(repr(column)) == column
