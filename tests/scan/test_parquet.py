"""Parquet files are read row group by row group, in the order of their paths."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from maturekit import scan
from maturekit.errors import FormatError, MissingExtraError, NotFoundError, SourceMissingError
from maturekit.profile import Profile

FRAME = pd.DataFrame({"a": np.arange(10.0), "b": list("xyxyxyxyxy"), "when": pd.Timestamp("2013-01-01")})


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "deep").mkdir()
    FRAME[:5].to_parquet(tmp_path / "deep" / "2.parquet", row_group_size=3)
    FRAME[5:].to_parquet(tmp_path / "1.parquet", row_group_size=4)
    (tmp_path / "readme.txt").write_text("no table")
    return tmp_path


def test_a_file_gives_its_row_groups(folder):
    frames = list(scan.frames(folder / "1.parquet"))
    assert [len(frame) for frame in frames] == [4, 1]
    assert frames[0]["a"].tolist() == [5.0, 6.0, 7.0, 8.0]
    assert [len(frame) for frame in scan.frames(str(folder / "1.parquet"))] == [4, 1]


def test_a_folder_gives_its_files_in_the_order_of_their_paths(folder):
    assert [frame["a"].tolist() for frame in scan.frames(folder)] == [[5, 6, 7, 8], [9], [0, 1, 2], [3, 4]]


def test_only_the_asked_columns_are_read(folder):
    assert {tuple(frame.columns) for frame in scan.frames(folder, columns=["b"])} == {("b",)}


def test_a_file_without_rows_is_one_chunk_with_its_columns(folder):
    FRAME[:0].to_parquet(folder / "none.parquet")
    frames = list(scan.frames(folder / "none.parquet"))
    assert [list(frame.columns) for frame in frames] == [["a", "b", "when"]]
    assert sum(len(frame) for frame in frames) == 0


def test_a_missing_column_is_found_before_anything_is_read(folder):
    with pytest.raises(NotFoundError, match=r"1.parquet named 'wen'; known: .*\n\nHint: did you mean 'when'"):
        next(scan.chunks(folder, columns=["wen"]))


def test_missing_files_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(SourceMissingError, match="there is no file or folder"):
        list(scan.frames(tmp_path / "no.parquet"))
    with pytest.raises(FileNotFoundError, match=r"holds no file \*.parquet"):
        list(scan.frames(tmp_path))


@pytest.mark.parametrize(
    "damage", [lambda raw: b"", lambda raw: b"no parquet at all", lambda raw: raw[: len(raw) // 2]]
)
def test_what_is_not_parquet_is_refused_by_name(folder, damage):
    path = folder / "1.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match=r"1\.parquet is not a parquet file, or is damaged"):
        list(scan.frames(folder))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "1.parquet").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingExtraError, match=r"reading parquet files needs .*\n\nHint: pip install 'maturekit\[parquet\]'"
    ):
        list(scan.frames(tmp_path))


def test_a_profile_of_files_is_the_profile_of_the_frame(folder):
    reference = Profile.of(FRAME)
    folded = scan.fold(folder, lambda frame: Profile.of(frame, like=reference))
    whole = Profile.of(FRAME, like=reference)
    assert folded.rows == 10
    for name, column in whole.columns.items():
        assert folded.columns[name].cells.tolist() == column.cells.tolist()


def test_whole_numbers_with_gaps_stay_exact(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    numbers = {
        "int64": [2**53 + 1, None, 2**53],
        "uint64": [2**64 - 1, None, 1],
        "int8": [1, None, -1],
        "float64": [0.5, None, 1],
    }
    table = pa.table({name: pa.array(values, type=getattr(pa, name)()) for name, values in numbers.items()})
    labels = pa.Table.from_pandas(pd.DataFrame({"label": ["c", "b", "a"]}).set_index("label")).schema.metadata
    table = table.append_column("label", [["c", "b", "a"]]).replace_schema_metadata(labels)
    pq.write_table(table, tmp_path / "f.parquet")
    (frame,) = scan.frames(tmp_path / "f.parquet")
    assert frame.index.tolist() == ["c", "b", "a"]
    assert frame.dtypes.astype(str).to_dict() == {
        "int64": "Int64",
        "uint64": "UInt64",
        "int8": "Int8",
        "float64": "float64",
    }
    assert [frame[name].dropna().tolist() for name in numbers] == [
        [2**53 + 1, 2**53],
        [2**64 - 1, 1],
        [1, -1],
        [0.5, 1.0],
    ]
