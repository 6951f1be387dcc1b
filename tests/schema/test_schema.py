"""A schema is an immutable value with one JSON text, and judges records."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentTypeError, FormatError, SchemaError
from maturekit.schema import Column, Compare, GroupRule, RowCount, Schema


def test_the_order_of_columns_is_part_of_the_contract():
    one = Schema({"a": Column("int"), "b": Column("int")})
    other = Schema({"b": Column("int"), "a": Column("int")})
    assert one != other
    assert one.digest != other.digest
    assert other.features == ("b", "a")


def test_the_digest_is_pinned():
    schema = Schema({"a": Column("float", ge=0, le=1.5), "t": Column("timedelta", ge=timedelta(seconds=-1))})
    assert schema.to_json() == (
        '{"columns":[{"ge":0.0,"kind":"float","le":1.5,"name":"a"},'
        '{"ge":"-PT1.000000S","kind":"timedelta","name":"t"}],"format":1,"rules":[]}'
    )


def test_every_parameter_has_its_one_spelling_in_json():
    schema = Schema(
        {
            "d": Column("date", lt=date(2014, 1, 1), order="increasing", aliases=["day", "tag"]),
            "m": Column("decimal", ge=Decimal("0.50"), max_digits=8, decimal_places=2, coerce=True),
            "o": Column("object", of=UUID, environments={"training", "backtest"}, tags={"owner:ops", "personal"}),
            "t": Column("datetime", ge=datetime(2013, 1, 1, tzinfo=UTC), zone="Europe/Berlin", unit="ms"),
        }
    )
    assert schema.to_json() == (
        '{"columns":[{"aliases":["day","tag"],"kind":"date","lt":"2014-01-01","name":"d","order":"increasing"},'
        '{"coerce":true,"decimal_places":2,"ge":"0.5","kind":"decimal","max_digits":8,"name":"m"},'
        '{"environments":["backtest","training"],"kind":"object","name":"o","of":"uuid.UUID",'
        '"tags":["owner:ops","personal"]},'
        '{"ge":"2013-01-01T00:00:00.000000Z","kind":"datetime","name":"t","unit":"ms","zone":"Europe/Berlin"}],'
        '"format":1,"rules":[]}'
    )
    assert Schema.from_json(schema.to_json()) == schema


def test_updated_replaces_whole_columns_and_adds_unknown_names():
    schema = Schema({"a": Column("int", ge=0), "b": Column("int")}, rules=[Compare("a", "<", "b")])
    updated = schema.updated({"a": Column("int", le=9), "c": Column("bool")})
    assert updated.columns["a"] == Column("int", le=9)
    assert list(updated.columns) == ["a", "b", "c"]
    assert updated.rules == schema.rules
    assert schema.updated({}, rules=[]).rules == ()


def test_serving_asks_for_everything_but_labels():
    schema = Schema(
        {"x": Column("float"), "id": Column("int", role="key"), "y": Column("float", role="label")},
        rules=[Compare("x", "<", "y"), Compare("id", "!=", "x")],
    )
    serving = schema.serving()
    assert list(serving.columns) == ["x", "id"]
    assert serving.rules == (Compare("id", "!=", "x"),)
    assert schema.features == ("x",)
    assert schema.names("label") == ("y",)


def test_a_schema_cannot_change():
    schema = Schema({"a": Column("int")})
    with pytest.raises(TypeError):
        schema.columns["b"] = Column("int")
    with pytest.raises(ValueError, match="frozen"):
        schema.rules = ()
    assert copy.deepcopy(schema) is schema is copy.copy(schema)
    changed = schema.model_copy(update={"columns": {"b": Column("int")}})
    assert changed == Schema({"b": Column("int")})
    assert changed.digest != schema.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schema([Column("int")]), "mapping of names to Column"),
        (lambda: Schema({"a": "int"}), r"cannot hold 'int' \(columns a\)"),
        (lambda: Schema({1: Column("int")}), "names that are str"),
        (lambda: Schema({"": Column("int")}), "empty name"),
        (lambda: Schema({"\ud800": Column("int")}), "no valid text"),
        (lambda: Schema({"a": Column("int")}).without(["b"]), "no column named 'b'"),
        (lambda: Schema({"a": Column("int")}).names("featur"), "did you mean 'feature'"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(make, message):
    with pytest.raises(SchemaError, match=message):
        make()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format":1}',
        '{"format":2,"columns":[],"rules":[]}',
        '{"format":1,"columns":[{"name":"a"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"int","new":1}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"int","ge":"0"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"datetime","ge":"soon"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"timedelta","ge":"1h"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"date","ge":"soon"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"decimal","ge":"much"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"decimal","ge":0.5}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"object"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"int","aliases":["a"]}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"int","order":"up"}],"rules":[]}',
        '{"format":1,"columns":[{"name":"a","kind":"int"},{"name":"a","kind":"int"}],"rules":[]}',
        '{"format":1,"columns":[],"rules":[{"rule":"Compare","columns":[],"parameters":{"left":1}}]}',
        '{"format":1,"columns":[],"rules":[{"rule":"Near"}]}',
        '{"format":1,"columns":5,"rules":[]}',
    ],
)
def test_a_malformed_text_is_refused(text):
    with pytest.raises(FormatError):
        Schema.from_json(text)


def test_a_record_is_told_everything_that_is_wrong_at_once():
    schema = Schema(
        {"a": Column("float", ge=0, le=1), "b": Column("string", max_length=2), "c": Column("int")},
    )
    found = [(f.rule, f.columns) for f in schema.check_record({"a": 5.0, "b": "long", "d": 1})]
    assert found == [("le", ("a",)), ("max_length", ("b",)), ("present", ("c",))]


def test_what_counts_as_a_value_in_a_record():
    schema = Schema({"x": Column("float", nullable=True), "n": Column("int", nullable=True)})
    for x, n in [(1, 1), (1.5, 2.0), (np.float32(1), np.int8(1)), (math.nan, None), (pd.NA, math.nan)]:
        assert schema.check_record({"x": x, "n": n}) == ()
    for x, rule in [(math.inf, "finite"), (-math.inf, "finite"), ("1", "kind"), (True, "kind")]:
        assert [f.rule for f in schema.check_record({"x": x, "n": 1})] == [rule]
    for n in (2.5, "2", True, math.inf):
        assert [f.rule for f in schema.check_record({"x": 1.0, "n": n})] == ["kind"]


class Alone(GroupRule):
    column: str

    def _holds(self, groups):
        return groups[self.column].transform("size") == 1


def test_a_record_says_nothing_about_groups_and_tables():
    schema = Schema(
        {"a": Column("int", unique=True, order="increasing")}, rules=[Alone("a", by="a"), RowCount(at_least=10)]
    )
    assert schema.check_record({"a": 1}) == ()


def test_no_message_repeats_a_value_of_the_record():
    schema = Schema({"x": Column("category", categories=["a"]), "n": Column("int", le=5)})
    findings = schema.check_record({"x": "Ada Lovelace", "n": 4711})
    assert len(findings) == 2
    assert not any("Ada" in str(f.to_dict()) or "4711" in str(f.to_dict()) for f in findings)


def test_an_undeclared_field_is_ignored_and_any_mapping_is_a_record():
    schema = Schema({"x": Column("int")})
    assert schema.check_record({"x": 1, "other": object()}) == ()
    from types import MappingProxyType

    assert schema.check_record(MappingProxyType({"x": 1})) == ()
    with pytest.raises(ArgumentTypeError, match=r"validation\.validate"):
        schema.check_record(pd.DataFrame({"x": [1]}))


def test_every_cell_of_the_html_is_escaped():
    hostile = "<script>alert(1)</script>"
    schema = Schema(
        {hostile: Column("category", categories=[hostile], tags=[hostile]), "b": Column("string")},
        rules=[Compare(hostile, "!=", "b")],
    )
    page = schema._repr_html_()
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 3
    assert 'lang="en"' in page and '<th scope="col">' in page


def test_importing_schemas_loads_neither_pandas_nor_numpy():
    code = (
        "import sys, maturekit.schema as s\n"
        "schema = s.Schema({'a': s.Column('float', ge=0)}, rules=[])\n"
        "assert s.Schema.from_json(schema.to_json()) == schema\n"
        "assert schema.check_record({'a': 1.0}) == () != schema.check_record({'a': -1.0})\n"
        "print([name for name in ('numpy', 'pandas', 'scipy', 'sklearn', 'narwhals') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
