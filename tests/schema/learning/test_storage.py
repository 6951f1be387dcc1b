"""The same table teaches the same, in whatever storage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.schema import Schema


def test_objects_teach_what_plain_storage_teaches(orders):
    frame = orders(0)
    assert Schema.learn(frame.astype(object)) == Schema.learn(frame)


def test_nullable_storage_teaches_the_same(orders):
    frame = orders(0)
    assert Schema.learn(frame.convert_dtypes()) == Schema.learn(frame)


def test_arrow_teaches_the_same(orders):
    pytest.importorskip("pyarrow")
    frame = orders(0)
    frame.loc[::9, "count"] = None
    assert Schema.learn(frame.convert_dtypes(dtype_backend="pyarrow")) == Schema.learn(frame.convert_dtypes())


def test_polars_and_arrow_tables_teach_the_same(orders):
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    frame = orders(0)
    assert Schema.learn(pyarrow.Table.from_pandas(frame)) == Schema.learn(frame)
    assert Schema.learn(polars.DataFrame(frame.to_dict("list"))) == Schema.learn(frame)


def test_days_and_decimals_of_arrow_are_days_and_decimals():
    pyarrow = pytest.importorskip("pyarrow")
    from datetime import date
    from decimal import Decimal

    plain = pd.DataFrame(
        {"day": [date(2024, 1, 1 + i % 28) for i in range(200)], "price": [Decimal(i) / 4 for i in range(200)]}
    )
    table = pyarrow.table({name: plain[name].tolist() for name in plain})
    arrow = table.to_pandas(types_mapper=pd.ArrowDtype)
    assert Schema.learn(arrow) == Schema.learn(plain)


def test_categories_of_many_numbers_are_numbers():
    values = np.arange(300).repeat(2)
    assert Schema.learn(pd.DataFrame({"x": pd.Categorical(values)})) == Schema.learn(pd.DataFrame({"x": values}))


def test_rows_in_another_order_teach_the_same_of_small_tables(orders):
    frame = orders(0)
    assert Schema.learn(frame.sample(frac=1.0, random_state=0)) == Schema.learn(frame)
