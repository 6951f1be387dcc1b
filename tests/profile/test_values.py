"""Any storage of a column gives the same numbers or texts."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import TableError
from maturekit.profile.values import kind_of, numbers, values

NAN = pytest.approx(float("nan"), nan_ok=True)
NEW_YEAR = 1577836800.0  # 2020-01-01 in UTC
MOMENT = pd.Timestamp("2020-01-01")


def arrow(cells, name):
    pytest.importorskip("pyarrow")
    return pd.Series(cells, dtype=f"{name}[pyarrow]")


NUMERIC = {
    "int64": (lambda: pd.Series([1, 3]), "int", [1.0, 3.0]),
    "uint8": (lambda: pd.Series([1, 3], dtype="uint8"), "int", [1.0, 3.0]),
    "Int64": (lambda: pd.Series([1, None], dtype="Int64"), "int", [1.0, NAN]),
    "Int64 arrow": (lambda: arrow([1, None], "int64"), "int", [1.0, NAN]),
    "float32": (lambda: pd.Series([1.5, np.inf, np.nan], dtype="float32"), "float", [1.5, np.inf, NAN]),
    "Float64": (lambda: pd.Series([1.5, None], dtype="Float64"), "float", [1.5, NAN]),
    "double arrow": (lambda: arrow([1.5, None], "double"), "float", [1.5, NAN]),
    "sparse": (lambda: pd.Series(pd.arrays.SparseArray([0.0, 2.0])), "float", [0.0, 2.0]),
    "object ints and NA": (lambda: pd.Series([1, pd.NA], dtype=object), "int", [1.0, NAN]),
    "object floats and None": (lambda: pd.Series([1.5, None], dtype=object), "float", [1.5, NAN]),
    "object decimals": (lambda: pd.Series([decimal.Decimal("1.5"), None], dtype=object), "float", [1.5, NAN]),
    "ints beyond 64 bits": (lambda: pd.Series([2**70, 1], dtype=object), "int", [2.0**70, 1.0]),
    "datetime64[s]": (lambda: pd.Series([MOMENT, pd.NaT]).astype("datetime64[s]"), "datetime", [NEW_YEAR, NAN]),
    "datetime64[us]": (lambda: pd.Series([MOMENT, pd.NaT]).astype("datetime64[us]"), "datetime", [NEW_YEAR, NAN]),
    "datetime64[ns]": (lambda: pd.Series([MOMENT, pd.NaT]).astype("datetime64[ns]"), "datetime", [NEW_YEAR, NAN]),
    "zoned": (lambda: pd.Series([MOMENT]).dt.tz_localize("Asia/Tokyo"), "datetime", [NEW_YEAR - 9 * 3600]),
    "timestamp arrow": (lambda: arrow([MOMENT, None], "timestamp[us]"), "datetime", [NEW_YEAR, NAN]),
    "object dates": (lambda: pd.Series([dt.date(2020, 1, 1), None], dtype=object), "datetime", [NEW_YEAR, NAN]),
    "object zoned": (
        lambda: pd.Series([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None], dtype=object),
        "datetime",
        [NEW_YEAR, NAN],
    ),
    "timedelta64": (lambda: pd.Series(pd.to_timedelta([1.5, None], unit="s")), "timedelta", [1.5, NAN]),
    "object timedelta": (lambda: pd.Series([dt.timedelta(1), None], dtype=object), "timedelta", [86400.0, NAN]),
    "duration arrow": (lambda: arrow([dt.timedelta(1), None], "duration[us]"), "timedelta", [86400.0, NAN]),
}

TEXTS = {
    "str": (lambda: pd.Series(["b", None, "a", "b"]), "string"),
    "string": (lambda: pd.Series(["b", None, "a", "b"], dtype="string"), "string"),
    "string arrow": (lambda: arrow(["b", None, "a", "b"], "string"), "string"),
    "object": (lambda: pd.Series(["b", None, "a", "b"], dtype=object), "string"),
    "category": (lambda: pd.Series(pd.Categorical(["b", None, "a", "b"], categories=["b", "a", "unused"])), "category"),
}


@pytest.mark.parametrize("storage", NUMERIC)
def test_numbers_are_the_same_in_any_storage(storage):
    make, kind, expected = NUMERIC[storage]
    series = make()
    assert kind_of(series) == kind
    assert numbers(series, kind).tolist() == expected


@pytest.mark.parametrize("storage", TEXTS)
def test_texts_are_the_same_in_any_storage(storage):
    make, kind = TEXTS[storage]
    series = make()
    assert kind_of(series) == kind
    codes, texts = values(series)
    assert [texts[code] if code >= 0 else None for code in codes] == ["b", None, "a", "b"]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([True, None, False], dtype=object),
        pd.Series([True, None, False], dtype="category"),
    ],
    ids=["boolean", "object", "category"],
)
def test_booleans_are_spelled_as_python_does(series):
    codes, texts = values(series)
    assert [texts[code] if code >= 0 else None for code in codes] == ["True", None, "False"]


def test_equal_numbers_have_one_text_however_they_are_stored():
    assert values(pd.Series([1, 2]))[1] == values(pd.Series([1.0, 2.0]))[1] == values(pd.Series(["1", "2"]))[1]


def test_a_day_has_one_text_however_it_is_stored():
    assert values(pd.Series([MOMENT]))[1] == values(pd.Series([dt.date(2020, 1, 1)]))[1] == ["2020-01-01"]
    assert values(pd.Series([MOMENT + pd.Timedelta("1h")]))[1] == ["2020-01-01 01:00:00"]


def test_values_that_cannot_be_hashed_or_encoded_are_spelled_out():
    assert values(pd.Series([[1], {"a": 2}, None], dtype=object))[1] == ["[1]", "{'a': 2}"]
    assert values(pd.Series(["\ud800"], dtype=object))[1] == ["\\ud800"]


@pytest.mark.parametrize(
    "series", [pd.Series([None, None]), pd.Series([], dtype=object)], ids=["only null", "without rows"]
)
def test_an_object_column_without_values_is_a_string_column_and_may_be_read_as_any(series):
    assert kind_of(series) == "string"
    for kind in ("float", "int", "datetime", "timedelta"):
        assert np.isnan(numbers(series, kind)).all()


@pytest.mark.parametrize(
    ("series", "kind", "holds"),
    [
        (pd.Series(["1", "2"], dtype=object), "float", "string objects"),
        (pd.Series(["1", "2"], dtype="string"), "int", "values of dtype string"),
        (pd.Series([1, "x"], dtype=object), "int", "mixed-integer objects"),
        (pd.Series([1j]), "float", "values of dtype complex128"),
        (pd.Series([MOMENT]), "float", "values of dtype datetime64"),
        (pd.Series([1.0]), "datetime", "values of dtype float64"),
        (pd.Series(["2020-01-01"], dtype=object), "datetime", "string objects"),
        (pd.Series([MOMENT]), "timedelta", "values of dtype datetime64"),
    ],
)
def test_what_cannot_be_read_as_its_kind_is_refused_by_name(series, kind, holds):
    with pytest.raises(TableError, match=f"column 'age' cannot be read as {kind}: it holds {holds}"):
        numbers(series.rename("age"), kind)


def test_numbers_in_a_categorical_column_are_read():
    assert numbers(pd.Series([3, 1, 3]).astype("category"), "int").tolist() == [3.0, 1.0, 3.0]
