"""Example rows read back equal, types included, and say nothing about anybody."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, FormatError, TableError
from maturekit.registry.examples import examples_from_json, examples_to_json

FRAME = pd.DataFrame(
    {
        "int": [1, -2, 3],
        "small": np.array([1, 2, 3], dtype="uint8"),
        "float": [1.5, np.nan, np.inf],
        "half": np.array([1, 2, np.nan], dtype="float16"),
        "bool": [True, False, True],
        "text": ["a", None, "é\u0000"],
        "mixed": np.array([1, "x", None], dtype=object),
        "holes": np.array([np.nan, "x", None], dtype=object),
        "string": pd.array(["a", None, "b"], dtype="string"),
        "Int64": pd.array([1, None, 2**62], dtype="Int64"),
        "boolean": pd.array([True, None, False], dtype="boolean"),
        "Float64": pd.array([1.5, None, 2], dtype="Float64"),
        "category": pd.Categorical(["x", None, "y"], categories=["y", "x", "z"], ordered=True),
        "numbers": pd.Categorical([10, 20, 10]),
        "day": np.array(["2013-01-01", "NaT", "9999-12-31"], dtype="M8[s]"),
        "moment": pd.to_datetime(["2013-01-01", None, "2013-07-02"]).tz_localize("America/New_York"),
        "utc": pd.to_datetime(["2013-01-01", None, "2013-07-02"]).tz_localize("UTC"),
        "nanoseconds": np.array([1, 2, 3], dtype="M8[ns]"),
        "duration": pd.to_timedelta([1, None, 3], unit="s"),
    },
)


@pytest.mark.parametrize("name", FRAME.columns)
def test_every_kind_of_column_reads_back_equal(name):
    frame = FRAME[[name]]
    pd.testing.assert_frame_equal(examples_from_json(examples_to_json(frame)), frame)
    pd.testing.assert_frame_equal(examples_from_json(examples_to_json(frame[:0])), frame[:0])


def test_the_index_is_not_kept_and_rows_end_at_a_hundred():
    frame = pd.DataFrame({"x": range(1000)}, index=[7] * 1000)
    again = examples_from_json(examples_to_json(frame))
    pd.testing.assert_frame_equal(again, pd.DataFrame({"x": range(100)}))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.none() | st.text(max_size=5), max_size=5),
    st.lists(st.floats() | st.none(), max_size=5),
    st.lists(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3), max_size=5),
)
def test_any_values_read_back_equal(texts, numbers, anything):
    for frame in (
        pd.DataFrame({"x": pd.Series(texts, dtype="string")}),
        pd.DataFrame({"x": pd.Series(numbers, dtype="float64")}),
        pd.DataFrame({"x": pd.Series(anything, dtype=object)}),
    ):
        pd.testing.assert_frame_equal(examples_from_json(examples_to_json(frame)), frame)


@pytest.mark.parametrize("name", FRAME.columns)
def test_personal_values_are_replaced_and_the_type_is_kept(name):
    again = examples_from_json(examples_to_json(FRAME[[name]], personal=[name]))[name]
    assert len(again) == 3
    assert not again.isna().any()
    if name != "category":
        assert isinstance(again.dtype, type(FRAME[name].dtype))
    kept = set(again.astype(str)) & set(FRAME[name].dropna().astype(str))
    assert not kept - {"False"}


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([[1]], "a value of type list"),
        ([1j], "type complex128"),
        ([pd.Timestamp("2013-01-01"), "x"], "a value of type Timestamp"),
        (pd.period_range("2013", periods=1), r"type period\[Y-DEC\]|type period\[D\]"),
    ],
)
def test_what_json_cannot_hold_is_named_with_its_column(column, words):
    with pytest.raises(ArgumentError, match=f"column 'x' has ({words})"):
        examples_to_json(pd.DataFrame({"x": column}))


def test_tables_with_twin_columns_are_refused():
    with pytest.raises(TableError, match="repeat: 'x'"):
        examples_to_json(pd.DataFrame([[1, 2]], columns=["x", "x"]))


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[]",
        b"Dear",
        b'{"format": 1}',
        b'{"format": 1, "rows": 1, "columns": [{"name": "x"}]}',
        b'{"format": 1, "rows": 1, "columns": [{"name": "x", "kind": "pickle", "values": []}]}',
        b'{"format": 1, "rows": 1, "columns": [{"name": "x", "kind": "int64", "values": ["y"]}]}',
        b'{"format": 1, "rows": 1, "columns": [{"name": "x", "kind": "int64", "values": [1, 2]}]}',
    ],
)
def test_malformed_texts_are_refused(text):
    with pytest.raises(FormatError, match="a stored table of examples"):
        examples_from_json(text)


def test_a_newer_format_is_refused():
    text = json.loads(examples_to_json(FRAME[["int"]])) | {"format": 2}
    with pytest.raises(FormatError, match="has format 2; this maturekit reads up to 1"):
        examples_from_json(json.dumps(text).encode())
