"""A schema is an immutable value with one JSON text, and judges records."""

from __future__ import annotations

import copy
import json
import math
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentTypeError, FormatError, SchemaError
from maturekit.schema import Column, Compare, Schema

finite = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
common = {
    "nullable": st.booleans(),
    "role": st.sampled_from(["feature", "label", "key", "time", "group", "meta"]),
    "unique": st.booleans(),
    "severity": st.sampled_from(["error", "warning", "info"]),
    "mostly": st.floats(0, 1, exclude_min=True),
    "tags": st.lists(words, max_size=2),
}


def between(values):
    """Bounds, each of them present or not, in an order that leaves room."""
    pair = st.tuples(values, values).filter(lambda ends: ends[0] != ends[1]).map(sorted)
    sides = st.tuples(st.sampled_from(["ge", "gt", None]), st.sampled_from(["le", "lt", None]))
    return st.builds(lambda ends, names: {n: e for n, e in zip(names, ends, strict=True) if n}, pair, sides)


def of(kind, limits, **special):
    said = st.fixed_dictionaries({}, optional={**common, **special})
    return st.builds(lambda said, limits: Column(kind, **said, **limits), said, limits)


moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))
known = st.lists(words, min_size=1, max_size=4, unique=True) | st.lists(st.integers(0, 9), min_size=1, unique=True)
columns = st.one_of(
    of("float", between(finite), multiple_of=st.floats(1e-3, 1e3)),
    of("int", between(st.integers(-(2**62), 2**62).map(lambda whole: whole * 2)), multiple_of=st.integers(1, 9)),
    of("bool", st.just({})),
    of("string", st.just({}), min_length=st.integers(0, 3), max_length=st.integers(3, 9), pattern=st.just(r"[a-é]\d*")),
    of("category", st.just({}), categories=known, unknown=st.sampled_from(["reject", "flag", "allow"])),
    of("datetime", between(moments) | between(moments.map(lambda moment: moment.replace(tzinfo=UTC)))),
    of("timedelta", between(st.timedeltas())),
)
names = words.filter(bool)


@given(st.dictionaries(names, columns, max_size=5))
@settings(max_examples=60, deadline=None)
def test_json_reads_back_as_the_same_schema(drawn):
    numbers = [name for name, column in drawn.items() if column.kind in {"float", "int"}]
    rules = [Compare(numbers[0], "<=", numbers[1], severity="warning")] if len(numbers) > 1 else []
    schema = Schema(drawn, rules=rules)
    text = schema.to_json()
    again = Schema.from_json(text)
    assert again == schema
    assert list(again.columns) == list(schema.columns)
    assert (again.to_json(), again.digest, hash(again)) == (text, schema.digest, hash(schema))
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert json.loads(text)["format"] == 1


@given(st.dictionaries(names, columns, max_size=5))
@settings(max_examples=40, deadline=None)
def test_the_row_model_reads_back_as_the_same_schema(drawn):
    schema = Schema(drawn)
    assert Schema.from_model(schema.row_model()) == schema


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
