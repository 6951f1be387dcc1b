"""Whole columns and a slow, obvious reading of the contract give one verdict."""

from __future__ import annotations

import math
import re
import runpy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.schema import Schema
from maturekit.validation import validate
from maturekit.validation.failures import Failures
from maturekit.validation.screen import Screen

PATTERNS = {  # in the dialect of a column, and as Python's own engine has to be told to mean the same
    r"[A-Z]{2}\d+": r"[A-Z]{2}[0-9]+",
    r"\w*": r"[0-9A-Za-z_]*",
    r"a|b.*": r"(?:a|b[^\n]*)",
    r"[^\d]+": r"[^0-9]+",
}


# the slow reading: one cell at a time, every rule written out


def is_null(value):
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def takes_wholes(column):
    if column.kind != "category":
        return column.kind == "int"
    if column.categories is not None:
        return isinstance(column.categories[0], int)
    return column.min_length is None and column.max_length is None and column.pattern is None


def takes_texts(column):
    if column.kind != "category" or column.categories is None:
        return column.kind in {"string", "category"}
    return isinstance(column.categories[0], str)


def spelled(column, text):
    """What a text spells for a coerced column; the text itself when nothing."""
    if column.kind == "bool":
        return {"true": True, "FALSE": False}.get(text, text)
    if column.kind == "datetime":
        return datetime.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", text, re.ASCII) else text
    number = re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", text, re.ASCII)
    return Decimal(text) if number else text


def is_truth(value):
    return isinstance(value, (bool, np.bool_))


def is_number(value, among=(Real, Decimal)):
    return isinstance(value, among) and not is_truth(value) and not isinstance(value, np.timedelta64)


def as_float(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf


def as_moment(column, value):
    if not isinstance(value, datetime):
        return None
    zone = "naive" if value.tzinfo is None else str(value.tzinfo)
    if column.zone is not None and column.zone not in (zone, "aware" if zone != "naive" else "naive"):
        return None
    bounds = [b for b in (column.ge, column.gt, column.le, column.lt) if b is not None]
    return value if all((b.tzinfo is None) == (value.tzinfo is None) for b in bounds) else None


def as_day(value):
    midnight = isinstance(value, datetime) and value.tzinfo is None and value == pd.Timestamp(value).normalize()
    return value.date() if midnight else value if type(value) is date else None


def as_decimal(value):
    if is_number(value, Integral):
        return Decimal(int(value))
    return value if isinstance(value, Decimal) and value.is_finite() else None


def as_whole(value):
    exact = float(value) if isinstance(value, np.floating) else value
    if exact in (math.inf, -math.inf) or Fraction(exact).denominator != 1:
        return None
    return int(exact) if -(2**63) <= exact < 2**64 else None


def meaning(column, value):
    """What a value that is not null means for a column; None when it is of another kind."""
    if column.coerce and isinstance(value, str):
        value = spelled(column, value)
    meanings = {
        "float": lambda: as_float(value) if is_number(value) else None,
        "bool": lambda: bool(value) if is_truth(value) else None,
        "datetime": lambda: as_moment(column, value),
        "date": lambda: as_day(value),
        "timedelta": lambda: value if isinstance(value, timedelta) else None,
        "decimal": lambda: as_decimal(value),
        "object": lambda: value if f"{type(value).__module__}.{type(value).__qualname__}" == column.of else None,
    }
    if column.kind in meanings:
        return meanings[column.kind]()
    if takes_texts(column) and isinstance(value, str):
        return value
    return as_whole(value) if takes_wholes(column) and is_number(value) else None


def broken(column, value):
    """The names of the rules that one value breaks."""
    if is_null(value):
        return [] if column.nullable else ["nullable"]
    meant = meaning(column, value)
    if meant is None:
        return ["kind"]
    if column.kind == "float" and math.isinf(meant):
        return ["finite"]
    closed = column.categories is not None and column.unknown == "reject"
    longest = column.max_length or (math.inf if closed else 65_536)
    a_unit = {"s": 10**9, "ms": 10**6, "us": 10**3, None: 1}[column.unit]
    whole, _, part = format(meant, "f").lstrip("-").partition(".") if column.kind == "decimal" else ("", "", "")
    before, after = len(whole.lstrip("0")), len(part.rstrip("0"))
    if column.kind == "decimal" and not before + after:
        before = 1  # the one digit of zero
    kept = {
        "unit": (column.unit is None) or (meant.microsecond * 1000 + getattr(meant, "nanosecond", 0)) % a_unit == 0,
        "max_digits": column.max_digits is None
        or (before + after <= column.max_digits and before <= column.max_digits - (column.decimal_places or 0)),
        "decimal_places": column.decimal_places is None or after <= column.decimal_places,
        "ge": column.ge is None or meant >= column.ge,
        "gt": column.gt is None or meant > column.gt,
        "le": column.le is None or meant <= column.le,
        "lt": column.lt is None or meant < column.lt,
        "multiple_of": column.multiple_of is None or meant % column.multiple_of == 0,
        "min_length": column.min_length is None or len(meant) >= column.min_length,
        "max_length": not isinstance(meant, str) or len(meant) <= longest,
        "pattern": column.pattern is None or re.fullmatch(PATTERNS[column.pattern], meant) is not None,
        "categories": column.categories is None or column.unknown == "allow" or meant in column.categories,
    }
    return [rule for rule, holds in kept.items() if not holds]


def by_reference(frame, schema):
    """Every broken rule with its positions: {(rule, column): [positions]}."""
    found = {}
    for name, column in schema.columns.items():
        values = [frame[name].iloc[row] for row in range(len(frame))]
        for row, value in enumerate(values):
            for rule in broken(column, value):
                found.setdefault((rule, name), []).append(row)
        sound = {row: meaning(column, value) for row, value in enumerate(values) if not is_null(value)}
        sound = {row: meant for row, meant in sound.items() if meant not in (None, math.inf, -math.inf)}
        twins = [row for row, meant in sound.items() if list(sound.values()).count(meant) > 1]
        if column.unique and twins:
            found["unique", name] = twins
    return found


def by_frame(frame, schema):
    """The same, by `validate`; whoever looks for failures only finds the same ones."""
    findings = validate(frame, schema).findings
    wrong = [finding for finding in findings if not finding.ok or len(finding.positions)]
    assert Failures(schema).of(frame) == wrong
    doubted = Screen(schema.columns).doubtful(frame)
    assert all(finding.columns[0] in doubted for finding in wrong if finding.rule != "unique")
    return {
        (finding.rule, *finding.columns): finding.positions.tolist()
        for finding in findings
        if finding.status == "failed"
    }


# what is drawn

CELLS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("cells.py"))))
drawn_values = st.sampled_from(CELLS.ANYTHING)
drawn_columns = st.sampled_from(CELLS.COLUMNS)


@given(column=drawn_columns, values=st.lists(drawn_values, min_size=1, max_size=6))
@settings(max_examples=120, deadline=None)
def test_mixed_storage_means_what_its_cells_mean(column, values):
    schema = Schema({"x": column})
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    assert by_frame(frame, schema) == by_reference(frame, schema)


STORED = {
    "float64": [0.0, 0.1, -1.0, 2.0, 2.5, 3.0, math.inf, -math.inf, math.nan, 2.0**63, -(2.0**63), 2.0**64, 1e300],
    "float32": [0.0, 0.1, 0.5, 2.5, math.inf, math.nan, 2.0**63],
    "float16": [0.0, 0.1, 2.5, math.inf, math.nan],
    "int64": [0, 1, -1, 2, 3, 199, 200, 2**53 + 1, 2**63 - 1, -(2**63)],
    "int8": [0, 1, -1, 2, 3, 127],
    "uint8": [0, 1, 2, 199, 200, 255],
    "uint64": [0, 1, 2, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1],
    "Int64": [0, 1, -1, 2, 199, 2**53 + 1, None],
    "UInt64": [0, 2, 2**63, None],
    "Float64": [0.0, 0.1, 2.0, 2.5, math.inf, None],
    "bool": [True, False],
    "boolean": [True, False, None],
    **dict.fromkeys(["string", "str", "string[python]", "object"], ("", "a", "b", "AB12", "AB١٢", "3", "b\n", None)),
    "object of ints": [0, 1, -1, 2**63, 2**64, None],
    "object of floats": [0.0, 2.5, 3, math.inf, math.nan, 10**400, None],
    "object of truths": [True, False, None],
    "category": ["", "a", "b", "AB12", "AB١٢", None],
    "category-int": [0, 1, 7, 200, None],
    "category-float": [0.5, 1.0, math.inf, None],
    "category-bool": [True, False, None],
    "category-moment": [datetime(2013, 1, 1), datetime(2013, 6, 1), None],
    "datetime64[ns]": ["2013-01-01", "2013-01-01T00:00:00.000000001", "2013-06-01", "2012-12-31T23:59:59", None],
    "datetime64[us]": ["2013-01-01", "2013-05-31T23:59:59.999999", "2013-06-01", "1500-01-01", "9999-12-31", None],
    "datetime64[s]": ["2013-01-01", "2013-06-01", "2012-12-31T23:59:59", "0001-01-01", None],
    "datetime64[ns, UTC]": ["2013-01-01", "2013-01-01T00:00:00.000000001", "2013-12-01", None],
    "datetime64[us, America/New_York]": ["2012-12-31T19:00:00-05:00", "2013-12-01", None],
    "timedelta64[ns]": [0, 1, 3_600_000_000_000, -1, None],
    "timedelta64[s]": [0, 1, 3600, -1, None],
    "complex128": [1j, 0j],
    "Sparse[float64]": [0.0, 0.1, math.nan],
    "period[D]": ["2013-01-01", None],
}


def stored(storage, values):
    if storage.startswith("category"):
        return pd.Series(values, dtype="category")
    if storage.startswith("object") or (storage == "str" and pd.__version__ < "3"):
        return pd.Series(values, dtype=object)
    if ", " in storage:
        moments = [pd.NaT if value is None else pd.Timestamp(value) for value in values]
        moments = [m if m is pd.NaT or m.tzinfo else m.tz_localize("UTC") for m in moments]
        return pd.Series(moments, dtype=storage)
    if storage.startswith(("datetime64", "timedelta64")):
        return pd.Series(np.array(["NaT" if v is None else v for v in values], dtype=storage))
    return pd.Series(values, dtype=storage)


@given(column=drawn_columns, storage=st.sampled_from(sorted(STORED)), data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_storage_means_what_its_cells_mean(column, storage, data):
    values = data.draw(st.lists(st.sampled_from(STORED[storage]), min_size=1, max_size=6))
    frame = pd.DataFrame({"x": stored(storage, values)})
    frame.index = [0] * len(frame)  # labels say nothing
    schema = Schema({"x": column})
    assert by_frame(frame, schema) == by_reference(frame, schema)


ARROW = {
    "float": [0.1, 2.5, math.inf, None],
    "double": [0.1, 2.0, -math.inf, None, 2.0, math.nan],
    "int16": [0, 2, 199, None, 2],
    "int64": [0, 2**53 + 1, None],
    "uint64": [0, 2**63, 2**64 - 1],
    "bool": [True, False, None, True],
    "string": [*CELLS.TEXTS[:10], None, "a", *CELLS.TEXTS[11:]],
    "large_string": [*CELLS.TEXTS[:10], None],
    "decimal128(5, 2)": [Decimal("0.10"), Decimal("2.00"), None, Decimal("-12.50"), Decimal("0.00"), Decimal("2.00")],
    "decimal128(38, 6)": [Decimal("0.000001"), Decimal(2**63), None, Decimal("-9.99"), Decimal("2.5"), Decimal(-1000)],
    "decimal128(38, 30)": [Decimal("5E-30"), Decimal("-1E-12"), None, Decimal(0)],
    "date32[day]": [date(2013, 1, 1), None],
    "timestamp[us]": [datetime(2013, 1, 1), datetime(2013, 6, 1), datetime(1500, 1, 1), None],
    "timestamp[ns, tz=UTC]": [datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 6, 1, tzinfo=UTC), None],
    "timestamp[s, tz=Europe/Berlin]": [datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 6, 1, tzinfo=UTC), None],
    "duration[ms]": [timedelta(0), timedelta(hours=1), None],
    "dictionary": ["a", "b", None, "a"],
}


@pytest.mark.parametrize("storage", ARROW)
def test_arrow_storage_means_what_its_cells_mean(storage):
    pa = pytest.importorskip("pyarrow")
    unaliased = {
        "decimal128(5, 2)": pa.decimal128(5, 2),
        "decimal128(38, 6)": pa.decimal128(38, 6),
        "decimal128(38, 30)": pa.decimal128(38, 30),
        "timestamp[ns, tz=UTC]": pa.timestamp("ns", tz="UTC"),
        "timestamp[s, tz=Europe/Berlin]": pa.timestamp("s", tz="Europe/Berlin"),
        "dictionary": pa.dictionary(pa.int32(), pa.string()),
    }
    cells = pa.array(ARROW[storage], type=unaliased.get(storage) or pa.type_for_alias(storage))
    frame = pd.DataFrame({"x": pd.Series(pd.arrays.ArrowExtensionArray(cells))})
    for column in CELLS.COLUMNS:
        schema = Schema({"x": column})
        assert by_frame(frame, schema) == by_reference(frame, schema), column


def many(series, draw):
    """A column of as many rows as kernels for large tables need, and which of the old rows each one is."""
    origins = np.random.default_rng(draw).integers(0, len(series), 5000)
    return series.iloc[origins], origins


@given(column=drawn_columns, storage=st.sampled_from(sorted(STORED)), data=st.data())
@settings(max_examples=60, deadline=None)
def test_many_rows_mean_what_each_one_means(column, storage, data):
    values = data.draw(st.lists(st.sampled_from(STORED[storage]), min_size=1, max_size=6))
    series, origins = many(stored(storage, values), len(values))
    found = by_frame(pd.DataFrame({"x": series}), Schema({"x": column}))
    found.pop(("unique", "x"), None)  # judged by all rows together, which repeat here
    few = by_reference(pd.DataFrame({"x": stored(storage, values)}), Schema({"x": column}))
    few.pop(("unique", "x"), None)
    expected = {rule: np.flatnonzero(np.isin(origins, rows)).tolist() for rule, rows in few.items()}
    assert found == {rule: rows for rule, rows in expected.items() if rows}
