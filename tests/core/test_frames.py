"""Every accepted table arrives as the same pandas frame; everything else is refused with what to do."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit._core.frames import as_frame
from maturekit.errors import ArgumentTypeError, MissingExtraError, TableError


def test_a_pandas_frame_is_passed_through_uncopied():
    frame = pd.DataFrame({"a": [1]}, index=["x"])
    assert as_frame(frame) is frame


def test_polars_and_pyarrow_tables_become_pandas_frames():
    polars = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    pyarrow = pytest.importorskip("pyarrow")
    want = {"a": [1, 2], "b": ["x", "y"]}
    for table in (polars.DataFrame(want), pyarrow.table(want)):
        frame = as_frame(table)
        assert frame.to_dict("list") == want


def test_no_value_of_another_table_changes_on_the_way():
    polars = pytest.importorskip("polars")
    pytest.importorskip("narwhals")
    want = {
        "whole": [2**53 + 1, None],
        "truth": [True, None],
        "text": ["é", None],
        "day": [date(2013, 1, 1), None],
        "decimal": [Decimal("0.10"), None],
        "moment": [datetime(1500, 1, 1), datetime(9999, 12, 31)],
        "object": [(1, 2), "x"],
    }
    table = polars.DataFrame(
        {
            name: polars.Series(values, dtype=polars.Object) if name == "object" else values
            for name, values in want.items()
        }
    )
    for found in (as_frame(table), as_frame(table.drop("object").to_arrow())):
        assert list(found) == list(want)[: len(found.columns)]
        for name in found:
            cells = [None if pd.isna(cell) is True else cell for cell in found[name].tolist()]
            assert cells == want[name]
            assert name == "object" or found[name].dtype != object


def test_a_polars_table_without_the_extra_says_how_to_get_it(monkeypatch):
    polars = pytest.importorskip("polars")
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'maturekit\[frames\]'"):
        as_frame(polars.DataFrame({"a": [1]}))


@pytest.mark.parametrize("wrong", [None, [1, 2], {"a": [1]}, "table", np.zeros((2, 2)), pd.Series([1])])
def test_what_is_no_table_is_a_type_error(wrong):
    with pytest.raises(ArgumentTypeError, match=r"batch must be a table .* got"):
        as_frame(wrong, what="batch")


def test_names_that_repeat_are_named():
    with pytest.raises(TableError, match="batch has column names that repeat: 'a'"):
        as_frame(pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), what="batch")


@pytest.mark.parametrize("name", [0, None, ("a", "b"), 1.5])
def test_names_that_are_not_text_are_refused(name):
    frame = pd.DataFrame({"x": [1]})
    frame.columns = pd.Index([name], dtype=object)
    with pytest.raises(TableError, match="column names that are not str"):
        as_frame(frame)


def test_an_empty_frame_is_a_frame():
    assert as_frame(pd.DataFrame()).shape == (0, 0)


def test_an_arrow_table_whose_names_repeat_is_refused_as_a_frame_is():
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("narwhals")
    table = pyarrow.table([[1], [2], [3]], names=["a", "b", "a"])
    with pytest.raises(TableError, match="batch has column names that repeat: 'a'"):
        as_frame(table, what="batch")
