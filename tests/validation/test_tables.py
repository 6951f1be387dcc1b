"""One table in whatever library and storage gets one verdict."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.schema import Column, Compare, Schema
from maturekit.validation import validate

DAY = date(2013, 1, 1)
SCHEMA = Schema(
    {
        "whole": Column("int", ge=0, unique=True),
        "gaps": Column("int", nullable=True, le=2**53),
        "number": Column("float", gt=0),
        "truth": Column("bool"),
        "id": Column("string", unique=True, pattern=r"[A-Z]\d{3}"),
        "free": Column("string", nullable=True, pattern="[a-z]+@[a-z.]+", max_length=8),
        "level": Column("category", categories=["a", "b"]),
        "moment": Column("datetime", ge=datetime(2013, 1, 1), unit="s"),
        "day": Column("date", le=DAY),
        "amount": Column("decimal", nullable=True, ge=Decimal("0.10"), decimal_places=1),
    },
    rules=[Compare("whole", "<=", "number")],
)
ROWS = {
    "whole": [3, 4, -5, 4, 7],
    "gaps": [2**53 + 1, None, 5, 6, None],
    "number": [3.5, 4.0, float("inf"), None, 6.0],
    "truth": [True, False, None, True, True],
    "id": ["A001", "A002", "A001", "B1", "B004"],
    "free": ["a@b.c", None, "a@bb.ccccc", "x", "é@b.c"],
    "level": ["a", "b", "c", None, "a"],
    "moment": [
        datetime(2013, 1, 1),
        datetime(2012, 1, 1),
        None,
        datetime(2013, 1, 1, 0, 0, 0, 5),
        datetime(9999, 1, 1),
    ],
    "day": [DAY, date(2013, 1, 2), None, DAY, date(1, 1, 1)],
    "amount": [Decimal("0.10"), Decimal("0.05"), None, Decimal("2.55"), Decimal("9.00")],
}
BROKEN = {
    ("ge", "whole"): [2],
    ("unique", "whole"): [1, 3],
    ("le", "gaps"): [0],
    ("nullable", "number"): [3],
    ("finite", "number"): [2],
    ("nullable", "truth"): [2],
    ("unique", "id"): [0, 2],
    ("pattern", "id"): [3],
    ("max_length", "free"): [2],
    ("pattern", "free"): [3, 4],
    ("nullable", "level"): [3],
    ("categories", "level"): [2],
    ("nullable", "moment"): [2],
    ("ge", "moment"): [1],
    ("unit", "moment"): [3],
    ("nullable", "day"): [2],
    ("le", "day"): [1],
    ("ge", "amount"): [1],
    ("decimal_places", "amount"): [1, 3],
    ("Compare", "whole", "number"): [4],
}


def by_objects():
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in ROWS.items()})


def by_nullable_types():
    stored = {"whole": "int16", "gaps": "Int64", "number": "Float64", "truth": "boolean", "id": "string[python]"}
    stored |= {"free": "string[python]", "level": "category", "moment": "datetime64[us]"}
    return by_objects().astype(stored)


def by_numpy_types():
    stored = {"whole": "uint64", "number": "float64", "id": "category", "free": "category", "moment": "datetime64[us]"}
    frame = by_objects().astype(stored | {"whole": "int64"})
    frame["day"] = np.array(["2013-01-01", "2013-01-02", "NaT", "2013-01-01", "0001-01-01"], dtype="M8[s]")
    return frame


def by_arrow():
    pa = pytest.importorskip("pyarrow")
    arrays = {name: pa.array(values) for name, values in ROWS.items()}
    return pa.table(arrays | {"level": arrays["level"].dictionary_encode(), "number": pa.array(ROWS["number"])})


def by_arrow_in_pieces():
    pa = pytest.importorskip("pyarrow")
    table = by_arrow()
    return pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1, 3), table.slice(4)])


def by_arrow_in_pandas():
    return by_arrow().to_pandas(types_mapper=pd.ArrowDtype)


def by_polars():
    return pytest.importorskip("polars").DataFrame(ROWS)


def by_polars_categories():
    polars = pytest.importorskip("polars")
    return by_polars().with_columns(
        polars.col("level").cast(polars.Categorical), polars.col("id").cast(polars.Categorical)
    )


TABLES = [by_objects, by_nullable_types, by_numpy_types, by_arrow, by_arrow_in_pieces, by_arrow_in_pandas, by_polars]
TABLES += [by_polars_categories]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_gets_the_same_verdict(table):
    if table in {by_arrow, by_arrow_in_pieces, by_polars, by_polars_categories}:
        pytest.importorskip("narwhals")
    report = validate(table(), SCHEMA)
    found = {(f.rule, *f.columns): f.positions.tolist() for f in report.findings if f.status == "failed"}
    assert found == BROKEN


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_a_large_table_of_another_library_becomes_no_python_objects(library, monkeypatch):
    module = pytest.importorskip(library)
    pytest.importorskip("narwhals")
    rows = 5000
    columns = {"id": [f"A{row:06d}" for row in range(rows)], "free": ["a@b.c"] * rows, "day": [DAY] * rows}
    table = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    schema = Schema(
        {
            "id": Column("string", unique=True, pattern=r"A\d{6}"),
            "free": Column("string", pattern="[a-z]@.*", min_length=2),
            "day": Column("date", ge=DAY),
        }
    )
    sizes = []
    for made in ("tolist", "to_list", "to_numpy"):
        whole = getattr(pd.Series, made)

        def watched(series, *args, whole=whole, **kwargs):
            made = whole(series, *args, **kwargs)
            if isinstance(made, list) or made.dtype == object:
                sizes.append(len(series))
            return made

        monkeypatch.setattr(pd.Series, made, watched)
    assert validate(table, schema).ok
    assert max(sizes, default=0) < rows // 10  # the mark of the data looks at a few rows
