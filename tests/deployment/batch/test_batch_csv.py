"""A CSV file is cut between rows, and read as the contract means it, cell by cell where it must be."""

from __future__ import annotations

import io
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from maturekit import Column, Schema
from maturekit.deployment import Guarded
from maturekit.deployment.batch import Batch, CsvFile, csv_file
from maturekit.deployment.batch.csv_file import CsvReader
from maturekit.errors import ArgumentError, FormatError, SourceMissingError, StorageError, TableError

HOSTILE = 'id,note,x\r\n1,"two\nlines, and a ""word""",1.5\n\n2,,\n3,"\n\n",2\n4,"a""",3\n5,"",4\n6,plain,5'


def frames(path, reader=None, *, rows=2, delimiter=","):
    return [read() for read in (reader or CsvReader()).reads(path, delimiter=delimiter, rows=rows)]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("rows", [1, 2, 5, 100])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_rows_are_cut_where_they_end_however_the_file_is_read(tmp_path, monkeypatch, block, rows, mark):
    monkeypatch.setattr(csv_file, "_BLOCK", block)
    (tmp_path / "rows.csv").write_bytes(mark + HOSTILE.encode())
    found = pd.concat(frames(tmp_path / "rows.csv", rows=rows), ignore_index=True)
    assert found.fillna("-").values.tolist() == [
        ["1", 'two\nlines, and a "word"', "1.5"],
        ["2", "-", "-"],
        ["3", "\n\n", "2"],
        ["4", 'a"', "3"],
        ["5", "-", "4"],
        ["6", "plain", "5"],
    ]


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    (tmp_path / "rows.csv").write_text("id,x\n")
    (only,) = frames(tmp_path / "rows.csv", CsvReader({"x": Column("float")}))
    assert (list(only.columns), len(only), only["x"].dtype) == (["id", "x"], 0, "float64")


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("", FormatError, "has no header"),
        ("\n1,2\n", FormatError, "has no header"),
        ("a,a\n1,2\n", TableError, "repeat: 'a'"),
        ("a,b\n1,2,3\n", FormatError, "chunk 1: a row has more fields than the header has names"),
        ("a,b\n1,2\n1,2,3\n", FormatError, "chunk 1: not a CSV file of 2 columns"),
        ('a,b\n1,5" pipe\n', FormatError, "a quote stands inside a field"),
        ('a,b\n1,"open\n', FormatError, "opened and never closed"),
        ("a,b\n1,\xff\n", FormatError, "chunk 1: not a CSV file of 2 columns"),
    ],
)
def test_what_is_no_csv_file_is_said_to_be_none(tmp_path, text, error, match):
    (tmp_path / "rows.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match=match):
        frames(tmp_path / "rows.csv")


def test_columns_of_the_contract_are_read_as_their_kinds(tmp_path):
    text = (
        "f,i,b,s,c,n,d,t\n"
        "0.1,12345678901234567,true,007,NA,1,2024-02-03,2024-02-03T04:05\n"
        ",,,,,,,\n"
        "NaN,NA,null,NA,,3,NA,\n"
    )
    (tmp_path / "rows.csv").write_text(text)
    columns = {
        "f": Column("float"),
        "i": Column("int"),
        "b": Column("bool"),
        "s": Column("string"),
        "c": Column("category"),
        "n": Column("category", categories=[1, 2, 3]),
        "d": Column("date"),
        "t": Column("datetime"),
    }
    (frame,) = frames(tmp_path / "rows.csv", CsvReader(columns), rows=10)
    rows = frame.astype(object).where(frame.notna(), None).values.tolist()
    assert rows[0] == [0.1, 12345678901234567, True, "007", "NA", 1, datetime(2024, 2, 3), datetime(2024, 2, 3, 4, 5)]
    assert rows[1] == [None] * 8
    assert rows[2] == [None, None, None, "NA", None, 3, None, None]
    assert frame["d"].iloc[0].date() == date(2024, 2, 3)


def test_a_cell_that_spells_no_value_does_not_touch_its_neighbours(doubling, tmp_path):
    schema = Schema({"a": Column("float", ge=0), "b": Column("int"), "on": Column("bool", role="key")})
    (tmp_path / "rows.csv").write_text("a,b,on\n0.1,1,true\nmuch,2,false\n0.3,2.5,true\n0.5,4,maybe\n0.7,5,true\n")
    done = Batch(Guarded(doubling, schema=schema), keep=["on"]).run(
        tmp_path / "rows.csv", tmp_path / "scores.csv", rejected=tmp_path / "bad.csv"
    )
    assert done.reasons == {"kind:a": 1, "kind:b": 1}
    scored = pd.read_csv(tmp_path / "scores.csv")
    assert scored["prediction"].tolist() == [0.2, 1.0, 1.4]
    assert scored["on"].tolist() == ["True", "maybe", "True"]
    assert pd.read_csv(tmp_path / "bad.csv")["a"].tolist() == ["much", "0.3"]


def test_without_a_contract_features_are_guessed_and_all_else_is_kept_as_it_is_spelled(doubling, tmp_path):
    (tmp_path / "rows.csv").write_text("id,a,b,day\n007,0.25,1,NA\n1e3,0.5,NA,\n")
    reader = CsvReader(features=["a", "b"])
    (frame,) = frames(tmp_path / "rows.csv", reader)
    assert frame["id"].tolist() == ["007", "1e3"]
    assert frame["day"].isna().tolist() == [False, True]
    assert np.array_equal(frame[["a", "b"]].to_numpy(), [[0.25, 1], [0.5, np.nan]], equal_nan=True)


def test_aliases_are_read_as_their_columns(tmp_path):
    (tmp_path / "rows.csv").write_text("years,x\n31,01\n")
    (frame,) = frames(tmp_path / "rows.csv", CsvReader({"age": Column("int", aliases=["years"])}))
    assert frame.iloc[0].tolist() == [31, "01"]


def test_floats_are_read_as_python_reads_them(tmp_path):
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.random.default_rng(1).integers(-300, 300, 1000)
    (tmp_path / "rows.csv").write_text("x\n" + "\n".join(map(repr, values.tolist())))
    (frame,) = frames(tmp_path / "rows.csv", CsvReader({"x": Column("float")}), rows=1000)
    assert np.array_equal(frame["x"].to_numpy(), values)


def test_another_delimiter_is_said_by_csv_file(guarded, table, tmp_path):
    table.to_csv(tmp_path / "rows.txt", index=False, sep=";")
    table.to_csv(tmp_path / "rows.csv", index=False)
    Batch(guarded, rows=30).run(CsvFile(tmp_path / "rows.txt", delimiter=";"), tmp_path / "one.csv")
    Batch(guarded, rows=30).run(tmp_path / "rows.csv", tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    with pytest.raises(ArgumentError, match="one ASCII character"):
        CsvFile("rows.csv", delimiter="||")


def test_files_that_cannot_be_read_are_storage_errors(guarded, tmp_path):
    with pytest.raises(SourceMissingError):
        Batch(guarded).run(tmp_path / "no.csv", tmp_path / "scores.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(StorageError, match="cannot be read"):
        frames(tmp_path / "folder.csv")


def test_a_folder_of_both_kinds_is_refused(guarded, tmp_path):
    (tmp_path / "rows").mkdir()
    for name in ("a.csv", "b.parquet"):
        (tmp_path / "rows" / name).write_bytes(b"")
    with pytest.raises(ArgumentError, match=r"both \*.csv and \*.parquet"):
        Batch(guarded).run(tmp_path / "rows", tmp_path / "scores.csv")


def test_what_is_written_is_read_back(guarded, table, tmp_path):
    odd = table.assign(id=["a,b", 'say "no"', "two\nlines", "", *table["id"][4:]])
    Batch(guarded, keep=["id"], rows=30).run(odd, tmp_path / "scores.csv")
    text = (tmp_path / "scores.csv").read_text()
    assert pd.read_csv(io.StringIO(text), keep_default_na=False)["id"].tolist()[:4] == odd["id"].tolist()[:4]
