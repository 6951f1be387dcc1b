"""Aliases, environments and coerced columns: one contract for tables that do not all look the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentTypeError, SchemaError
from maturekit.schema import Column, Compare, RowCount, Schema

AGE = Schema({"age": Column("int", coerce=True, aliases=["years", "y"]), "x": Column("float")})


def broken(schema, record):
    return [(finding.rule, *finding.columns) for finding in schema.check_record(record)]


def test_one_alias_stands_for_a_column_that_is_absent():
    assert AGE.located(["id", "y", "x"]) == {"age": "y", "x": "x"}
    assert AGE.located(["age", "y"]) == {"age": "age"}  # its own name comes first
    assert AGE.located(["years", "y", "x"]) == {"x": "x"}  # nobody knows which
    assert broken(AGE, {"y": "31", "x": 1.0}) == []
    assert broken(AGE, {"age": 31, "y": "not read", "x": 1.0}) == []
    assert broken(AGE, {"y": 31, "years": 31, "x": 1.0}) == [("present", "age")]
    assert broken(AGE, {"y": -1.5, "x": 1.0}) == [("kind", "age")]


def test_an_alias_has_one_owner():
    with pytest.raises(SchemaError, match="'a' of the column 'b' is the name of a column"):
        Schema({"a": Column("int"), "b": Column("int", aliases=["a"])})
    with pytest.raises(SchemaError, match="'z' of the column 'b' is also an alias of the column 'a'"):
        Schema({"a": Column("int", aliases=["z"]), "b": Column("int", aliases=["z"])})
    with pytest.raises(SchemaError, match="is the name of a column"):
        Schema({"a": Column("int", aliases=["a"])})


def test_rules_read_a_record_by_the_names_of_the_contract():
    schema = Schema(
        {"low": Column("int", aliases=["min"]), "high": Column("int", coerce=True)},
        rules=[Compare("low", "<=", "high")],
    )
    assert broken(schema, {"min": 3, "high": "5"}) == []
    assert broken(schema, {"min": 3, "high": "1"}) == [("Compare", "low", "high")]


def test_a_record_conforms_as_its_table_does():
    record = {"y": "31", "x": 1.5, "id": "A"}
    assert AGE.conform_record(record) == {"age": 31, "x": 1.5, "id": "A"}
    assert list(AGE.conform_record(record)) == ["age", "x", "id"]
    assert AGE.conform_record({"age": "old", "x": None}) == {"age": "old", "x": None}
    assert AGE.conform(pd.DataFrame([record])).to_dict("records") == [AGE.conform_record(record)]
    assert record == {"y": "31", "x": 1.5, "id": "A"}


COERCED = Schema(
    {
        "f": Column("float", nullable=True, coerce=True),
        "i": Column("int", coerce=True),
        "n": Column("int", nullable=True, coerce=True),
        "u": Column("int", coerce=True),
        "b": Column("bool", coerce=True),
        "t": Column("datetime", coerce=True, nullable=True),
        "z": Column("datetime", zone="aware", coerce=True),
        "s": Column("timedelta", coerce=True),
        "d": Column("date", coerce=True),
        "m": Column("decimal", coerce=True),
        "r": Column("category", categories=[1, 2], coerce=True),
        "text": Column("string"),
    }
)
TEXTS = pd.DataFrame(
    {
        "f": ["1e3", None, "0.5"],
        "i": ["1", "2.0", "3"],
        "n": ["1", None, "3"],
        "u": ["1", "2", str(2**64 - 1)],
        "b": ["true", "False", "TRUE"],
        "t": ["2013-01-01", None, "9999-12-31T00:00:01"],
        "z": ["2013-01-01T00:00Z", "2013-01-01T00:00+02:00", "2013-01-01T00:00:00.5Z"],
        "s": ["PT1S", "-PT1S", "P1D"],
        "d": ["2013-01-01", "9999-12-31", "0001-01-01"],
        "m": ["1.50", "2", "1e-9"],
        "r": ["1", "2", "1"],
        "text": ["1", "2", "3"],
    }
)


@pytest.mark.parametrize("storage", ["object", "string", "category"])
def test_coerced_columns_are_stored_as_their_kind(storage):
    frame = COERCED.conform(TEXTS.astype(storage))
    assert {name: str(dtype) for name, dtype in frame.drop(columns="text").dtypes.items()} == {
        "f": "float64",
        "i": "int64",
        "n": "Int64",
        "u": "uint64",
        "b": "bool",
        "t": "datetime64[us]",
        "z": "datetime64[us, UTC]",
        "s": "timedelta64[us]",
        "d": "datetime64[s]",
        "m": "object",
        "r": "int64",
    }
    assert frame["text"].dtype == TEXTS["text"].astype(storage).dtype
    read = [COERCED.conform_record(row) for row in TEXTS.to_dict("records")]
    for name, column in COERCED.columns.items():
        expected = [None if pd.isna(row[name]) else row[name] for row in read]
        assert [None if pd.isna(value) else column.reader(value) for value in frame[name].tolist()] == expected


def test_a_column_with_a_value_that_cannot_be_read_stays_as_it_is():
    frame = pd.DataFrame({"i": pd.Series(["1", "one", 2], dtype=object), "f": ["1", "2", "3"]})
    conformed = Schema({"i": Column("int", coerce=True), "f": Column("float", coerce=True)}).conform(frame)
    assert conformed["i"] is not frame["i"] and conformed["i"].tolist() == ["1", "one", 2]
    assert conformed["f"].tolist() == [1.0, 2.0, 3.0]
    assert frame["f"].tolist() == ["1", "2", "3"]


def test_values_of_different_types_are_read_one_by_one():
    cells = pd.Series([1, "1", True, 2.0], dtype=object)
    assert Schema({"i": Column("int", coerce=True)}).conform(pd.DataFrame({"i": cells}))["i"].tolist() == cells.tolist()
    wholes = pd.Series([1, "2", 3.0], dtype=object)
    assert Schema({"i": Column("int", coerce=True)}).conform(pd.DataFrame({"i": wholes}))["i"].dtype == np.int64
    moments = pd.Series(["2013-01-01", datetime(2013, 1, 1, tzinfo=UTC)], dtype=object)
    mixed = Schema({"t": Column("datetime", coerce=True)}).conform(pd.DataFrame({"t": moments}))
    assert mixed["t"].dtype == object


def test_nanoseconds_are_not_lost():
    stamp = pd.Timestamp("2013-01-01 00:00:00.000000001")
    cells = pd.Series([stamp, "2013-01-01"], dtype=object)
    conformed = Schema({"t": Column("datetime", coerce=True)}).conform(pd.DataFrame({"t": cells}))
    assert conformed["t"].tolist() == [stamp, pd.Timestamp("2013-01-01")]


def test_what_no_storage_holds_stays_as_it_is():
    early = pd.Series([pd.Timestamp("2013-01-01 00:00:00.000000001"), "0001-01-01"], dtype=object)
    last = pd.Series(["9999-12-31T23:00:00-02:00"], dtype=object)
    for cells in (early, last):
        assert Schema({"t": Column("datetime", coerce=True)}).conform(pd.DataFrame({"t": cells}))["t"].dtype == object


def test_what_needs_no_change_is_not_copied():
    frame = pd.DataFrame({"age": [31], "x": [1.0]}, index=[7])
    assert AGE.conform(frame) is frame
    renamed = AGE.conform(pd.DataFrame({"x": [1.0, 2.0], "y": ["31", "4e1"]}, index=[7, 7]))
    assert (list(renamed.columns), renamed.index.tolist(), renamed["age"].tolist()) == (["x", "age"], [7, 7], [31, 40])
    with pytest.raises(ArgumentTypeError):
        AGE.conform([{"age": 1}])


def test_a_table_without_rows_conforms_too():
    frame = AGE.conform(pd.DataFrame({"y": pd.Series([], dtype=object), "x": []}))
    assert (list(frame.columns), frame["age"].dtype) == (["age", "x"], np.int64)


PLACES = Schema(
    {
        "x": Column("float"),
        "paid": Column("bool", role="label"),
        "score": Column("float", role="label", environments=["training", "serving"]),
        "judge": Column("string", environments=["backtest"]),
    },
    rules=[Compare("x", "<", "score"), RowCount(at_least=1)],
)


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ("training", ["x", "paid", "score"]),
        ("serving", ["x", "score"]),
        ("backtest", ["x", "paid", "judge"]),
    ],
)
def test_an_environment_has_its_columns_and_the_rules_about_them(environment, names):
    within = PLACES.within(environment)
    assert list(within.columns) == names
    assert within.rules == (PLACES.rules if "score" in names else PLACES.rules[1:])
    assert within.within(environment) == within
    assert PLACES.serving() == PLACES.within("serving")


def test_a_mistyped_environment_drops_nothing():
    with pytest.raises(SchemaError, match=r"no environment named 'servin'(.|\n)*did you mean 'serving'"):
        PLACES.within("servin")
    with pytest.raises(SchemaError, match="known: 'serving', 'training'"):
        AGE.within("backtest")


def test_midnights_and_offsets_conform_as_they_are_read():
    schema = Schema({"z": Column("datetime", coerce=True, zone="aware"), "d": Column("date", coerce=True)})
    offset = timezone(timedelta(hours=2))
    cells = {"z": [datetime(2013, 1, 1, tzinfo=offset), "2013-01-01T00:00Z"], "d": [date(2013, 1, 1), "2013-01-02"]}
    frame = schema.conform(pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in cells.items()}))
    assert frame["z"].tolist() == [pd.Timestamp("2012-12-31T22:00Z"), pd.Timestamp("2013-01-01T00:00Z")]
    assert frame["d"].tolist() == [pd.Timestamp("2013-01-01"), pd.Timestamp("2013-01-02")]


def test_decimals_stay_decimals():
    frame = Schema({"m": Column("decimal", coerce=True)}).conform(pd.DataFrame({"m": ["0.10", "0.20"]}))
    assert frame["m"].sum() == Decimal("0.30")
