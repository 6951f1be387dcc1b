"""The mark of a table is the same whole and in chunks, in every storage, and another for another table."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import pickle
import struct
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.validation.fingerprint import Fingerprint, fingerprint


def one(values, dtype=object):
    return fingerprint(pd.DataFrame({"a": pd.Series(values, dtype=dtype)}))


@given(st.integers(0, 3_000), st.lists(st.integers(0, 3_000), max_size=8))
@settings(max_examples=80, deadline=None)
def test_the_pieces_of_chunks_add_up_to_the_whole(rows, borders):
    frame = pd.DataFrame({"n": np.arange(rows), "t": [str(row) for row in range(rows)]})
    edges = [0, *sorted(min(border, rows) for border in borders), rows]
    pieces = [Fingerprint.of(frame[low:high]) for low, high in itertools.pairwise(edges)]
    total = sum(pieces, Fingerprint())
    assert total.digest() == fingerprint(frame)
    assert total.rows == rows


def test_pieces_add_up_in_any_bracketing_and_after_pickling():
    frame = pd.DataFrame({"n": np.arange(2_000.0)})
    first, second, third = (pickle.loads(pickle.dumps(Fingerprint.of(frame[at : at + 700]))) for at in (0, 700, 1400))
    assert (first + second + third).digest() == (first + (second + third)).digest() == fingerprint(frame)


def test_a_piece_stays_small_however_many_chunks_it_stands_for():
    frame = pd.DataFrame({"n": np.arange(100)})
    total = sum([Fingerprint.of(frame)] * 100, Fingerprint())
    assert sum(map(len, total.heads)) == sum(map(len, total.tails)) == 600  # whole chunks until there are 513 rows


@pytest.mark.parametrize(
    ("values", "dtypes"),
    [
        ([1, 2, 0], ["int8", "int64", "uint32", "float32", "float64", "Int64", "Float64", "category", object]),
        ([1.5, None, -0.0], ["float64", "Float64", "category", object]),
        ([True, False], ["bool", "boolean", "category", object]),
        (["x", None, "ü"], ["str", "string", "category", object]),
    ],
)
def test_storage_does_not_count(values, dtypes):
    assert len({one(values, dtype) for dtype in dtypes}) == 1


def test_storage_of_time_does_not_count():
    moment = dt.datetime(2013, 1, 2, 3, 4, 5, 600, tzinfo=dt.UTC)
    zoned = pd.Series([moment, None], dtype="datetime64[us, UTC]")
    others = [zoned.dt.tz_convert("America/New_York"), zoned.astype("datetime64[ns, UTC]"), zoned.astype(object)]
    assert {one(series.array, series.dtype) for series in others} == {one(zoned.array, zoned.dtype)}
    naive = pd.Series(["2013-01-02"], dtype="datetime64[s]")
    assert one(naive, naive.dtype) == one([dt.date(2013, 1, 2)]) == one([np.datetime64("2013-01-02", "D")])
    assert one(naive, naive.dtype) != one(naive.dt.tz_localize("UTC"), "datetime64[s, UTC]")
    span = dt.timedelta(days=-1, microseconds=7)
    assert one([span]) == one([span], "timedelta64[us]") == one([np.timedelta64(span)])


def test_times_beyond_what_pandas_holds_have_a_mark_too():
    first = dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))  # in UTC that is before the year 1
    assert one([first]) == one([first]) != one([first + dt.timedelta(seconds=1)])
    assert one([np.datetime64(2**62, "s")]) != one([np.datetime64(2**62 + 1, "s")])
    assert one([np.timedelta64(1, "Y")]) != one([np.timedelta64(2, "Y")])


def test_arrow_and_polars_columns_have_the_mark_of_pandas_ones():
    pa = pytest.importorskip("pyarrow")
    values = {"n": [1, None], "x": [0.5, 1.5], "t": ["a", None], "b": [True, None]}
    table = pa.table(values)
    plain = pd.DataFrame(values)
    assert fingerprint(table.to_pandas(types_mapper=pd.ArrowDtype)) == fingerprint(plain)
    days = pa.table({"d": [dt.date(2013, 1, 2)]})
    assert fingerprint(days.to_pandas(types_mapper=pd.ArrowDtype)) == fingerprint(days.to_pandas())


@pytest.mark.parametrize(
    ("first", "second"),
    [(1, True), (1, "1"), (None, ""), (None, 0), ("x", "y"), (1.0, 1.5), (b"x", 1), (np.nan, np.inf)],
)
def test_values_that_differ_have_other_marks(first, second):
    assert one([first]) != one([second])


def test_numbers_of_any_type_are_numbers_and_strange_cells_are_their_type():
    assert one([Decimal("1.5")]) == one([1.5])
    assert one([10**400]) == one([np.inf])
    assert one([{}]) == one([{1: 2}]) != one([[]])


def test_all_rows_of_a_small_table_and_the_ends_of_a_large_one_count():
    small = np.arange(16.0)
    marks = {one(np.where(small == row, -1.0, small), "float64") for row in range(16)}
    assert len(marks | {one(small, "float64")}) == 17
    large = np.arange(10_000.0)
    for row in (0, 7, 512, 9_487, 9_999):  # 512 rows from either end
        assert one(np.where(large == row, -1.0, large), "float64") != one(large, "float64")


def test_index_labels_and_the_order_of_columns_do_not_count_but_names_do():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert fingerprint(frame[["b", "a"]].set_index(pd.Index([5, 5]))) == fingerprint(frame)
    assert len({fingerprint(other) for other in (frame, frame.rename(columns={"b": "c"}), frame[["a"]])}) == 3
    assert fingerprint(frame[:0]) != fingerprint(frame[["a"]][:0])


def test_a_mark_stays_what_it_is_since_stored_reports_hold_it():
    """Spelled out by hand: the rows, and per column its name and cells, each with its tag and length."""
    numbers = b"f" + struct.pack("<d", 1.5) + bytes(9)
    texts = b"t\x01\0\0\0x" + b"t\x02\0\0\0" + "ü".encode()
    spelled = b"\x02" + bytes(7) + b"t\x01\0\0\0a" + numbers + b"t\x01\0\0\0b" + texts + b"t\x01\0\0\0c" + b"b\x01b\0"
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", "ü"], "c": [True, False]})
    assert fingerprint(frame) == f"sha256:{hashlib.sha256(spelled).hexdigest()}"
