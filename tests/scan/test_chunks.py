"""Chunks come in a fixed order, whatever a source is made of, and bad sources say so."""

from __future__ import annotations

import pandas as pd
import pytest

from maturekit import scan
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, TableError

FRAME = pd.DataFrame({"a": range(7), "b": list("xyxyxyx")})


def sizes(source, **options):
    return [len(frame) for frame in scan.frames(source, **options)]


@pytest.mark.parametrize(("rows", "expected"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (100, [7])])
def test_a_table_is_cut_into_pieces_that_make_it_up(rows, expected):
    assert sizes(FRAME, rows=rows) == expected
    pd.testing.assert_frame_equal(pd.concat(scan.frames(FRAME, rows=rows)), FRAME)


def test_rows_are_cut_by_position_whatever_the_index():
    assert [frame["a"].tolist() for frame in scan.frames(FRAME.set_axis(["same"] * 7), rows=4)] == [
        [0, 1, 2, 3],
        [4, 5, 6],
    ]


def test_a_table_without_rows_is_one_chunk_with_its_columns():
    (only,) = scan.frames(FRAME.head(0))
    assert list(only.columns) == ["a", "b"]


def test_parts_of_parts_come_one_after_the_other():
    assert sizes([FRAME, (lambda: FRAME.head(2)), [FRAME.head(1), FRAME.head(3)]], rows=5) == [5, 2, 2, 1, 3]


def test_an_iterator_is_read_only_as_far_as_asked():
    read = []

    def days():
        for day in range(9):
            read.append(day)
            yield FRAME

    chunks = scan.chunks(days())
    assert len(next(chunks)()) == 7
    assert read == [0]


def test_a_function_runs_only_when_its_chunk_is_read():
    calls = []
    (chunk,) = scan.chunks(lambda: calls.append(1) or FRAME)
    assert calls == []
    chunk()
    assert calls == [1]


def test_only_the_asked_columns_are_handed_out():
    assert [list(frame.columns) for frame in scan.frames([FRAME, lambda: FRAME], columns=["b"])] == [["b"], ["b"]]


@pytest.mark.parametrize("source", [FRAME, [FRAME], lambda: FRAME], ids=["frame", "list", "function"])
def test_a_missing_column_is_named_with_the_nearest(source):
    with pytest.raises(
        NotFoundError, match="no column in the source named 'aa'; known: 'a', 'b'\n\nHint: did you mean 'a'"
    ):
        list(scan.frames(source, columns=["aa"]))


@pytest.mark.parametrize("source", [{"a": [1]}, 7, [1, 2], None, lambda: 7, FRAME["a"]])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(ArgumentTypeError, match="source must be a table"):
        list(scan.frames(source))


def test_names_that_repeat_are_refused_in_every_chunk():
    twins = FRAME.set_axis(["a", "a"], axis=1)
    with pytest.raises(TableError, match="names that repeat"):
        list(scan.frames([FRAME, lambda: twins]))


@pytest.mark.parametrize("rows", [0, -1])
def test_pieces_have_at_least_one_row(rows):
    with pytest.raises(ArgumentError, match="rows must be at least 1"):
        list(scan.frames(FRAME, rows=rows))


def test_polars_and_arrow_tables_are_read():
    pytest.importorskip("narwhals")
    for package, make in (("polars", "DataFrame"), ("pyarrow", "table")):
        table = getattr(pytest.importorskip(package), make)({"a": [1, 2, 3]})
        assert [frame["a"].tolist() for frame in scan.frames([table, lambda table=table: table], rows=2)] == [
            [1, 2],
            [3],
            [1, 2, 3],
        ]
