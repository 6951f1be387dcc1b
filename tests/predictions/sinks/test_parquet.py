"""Flat files that others read, merged without a row lost or doubled."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from maturekit.errors import ArgumentError, FormatError, MissingExtraError, StorageError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of, key_matches
from maturekit.predictions.labels import label_blocks
from maturekit.predictions.sinks import ParquetSink

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def arrow():
    return pytest.importorskip("pyarrow")


def batch(*names, time=NOW, x=1.5):
    return list(blocks_of(Entry({"x": x}, key={"id": name}, prediction=[1], time=time) for name in names))


def ids(sink, **span):
    return [value for blocks in sink.read(**span) for block in blocks for value in block["key"]["id"]["values"]]


def files(folder):
    return sorted((folder / "predictions").iterdir())


@pytest.mark.usefixtures("arrow")
class TestFiles:
    """What stands in the files."""

    def test_columns_are_flat_and_typed(self, tmp_path):
        frame = pd.DataFrame({"whole": [1, 2], "number": [0.5, None], "word": ["a", None], "truth": [True, False]})
        entry = Entry(
            frame, key={"id": [1, 2]}, prediction=[0, 1], score=[0.25, 0.75], time=NOW, marks={1: ("failed", ("E",))}
        )
        ParquetSink(tmp_path).write(list(blocks_of([entry])))
        table = pd.read_parquet(tmp_path / "predictions")
        assert {name: str(dtype) for name, dtype in table.dtypes.items() if name.startswith(("input", "key", "pred"))} == {
            "key.id": "int64", "input.whole": "int64", "input.number": "float64", "prediction": "int64",
            "input.word": str(pd.Series(["a", None]).dtype), "input.truth": "bool",
        }  # fmt: skip
        assert table["time"].tolist() == [pd.Timestamp(NOW)] * 2
        assert table["status"].tolist() == ["ok", "failed"]
        assert table["reasons"].tolist()[1] == '["E"]'
        assert table["score"].tolist() == [0.25, 0.75]
        assert table["method"].tolist() == ["predict"] * 2

    def test_a_column_of_several_types_is_text_in_json(self, tmp_path):
        ParquetSink(tmp_path).write([*batch("a", x=1), *batch("b", x="one"), *batch("c", x=None)])
        assert pd.read_parquet(tmp_path / "predictions")["input.x"].tolist()[:2] == ["1", '"one"']

    def test_whole_numbers_among_others_need_no_word_beside_them(self, tmp_path):
        numbers = [1, 2, 0.5, 2**53 + 1, 3]
        blocks = [block for number in numbers for block in batch("a", x=number)]
        ParquetSink(tmp_path).write(blocks)
        table = pd.read_parquet(tmp_path / "predictions")
        assert table["input.x"].tolist() == [1.0, 2.0, 0.5, 2.0**53, 3.0]
        assert table["rest"].dropna().tolist() == ['{"input.x":9007199254740993}']
        found = [
            value
            for blocks in ParquetSink(tmp_path).read()
            for block in blocks
            for value in block["inputs"]["x"]["values"]
        ]
        assert [(type(value), value) for value in found] == [(type(number), number) for number in numbers]

    def test_labels_say_what_they_are(self, tmp_path):
        late = pd.DataFrame({"id": ["b"], "late": [True]})
        ParquetSink(tmp_path).write(
            label_blocks(late, column="late", keys=[("id",)], time="2013-05-04T00:00:00.000000Z")
        )
        table = pd.read_parquet(tmp_path / "labels")
        assert table[["column", "key.id", "label"]].values.tolist() == [["late", "b", True]]

    def test_other_readers_agree(self, tmp_path):
        polars = pytest.importorskip("polars")
        sink = ParquetSink(tmp_path)
        for name in "abc":
            sink.write(batch(name))
        table = polars.read_parquet(tmp_path / "predictions" / "*.parquet")
        assert table["key.id"].to_list() == ["a", "b", "c"]

    def test_a_span_of_time_opens_only_its_files(self, tmp_path):
        sink = ParquetSink(tmp_path)
        for hour in range(3):
            sink.write(batch(str(hour), time=NOW + timedelta(hours=hour)))
        files(tmp_path)[0].write_bytes(b"not even parquet")
        assert ids(sink, since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=1, minutes=1)) == ["1"]

    @pytest.mark.parametrize("content", [b"", b"not even parquet"])
    def test_a_broken_file_is_an_error_of_the_format(self, tmp_path, content):
        sink = ParquetSink(tmp_path)
        sink.write(batch("a"))
        files(tmp_path)[0].write_bytes(content)
        with pytest.raises(FormatError, match="is no parquet file"):
            sink.read()

    def test_a_file_that_cannot_be_read_is_an_error_of_storage(self, tmp_path):
        sink = ParquetSink(tmp_path)
        sink.write(batch("a"))
        (path,) = files(tmp_path)
        path.unlink()
        path.mkdir()
        with pytest.raises(StorageError, match="could not read predictions/000000001"):
            sink.read()

    def test_a_file_of_somebody_else_under_our_name_is_an_error_of_the_format(self, tmp_path):
        sink = ParquetSink(tmp_path)
        sink.write(batch("a"))
        pd.DataFrame({"x": [1]}).to_parquet(files(tmp_path)[0])
        with pytest.raises(FormatError):
            sink.read()


@pytest.mark.usefixtures("arrow")
class TestCompacting:
    """Small files become large ones."""

    def test_small_neighbours_are_merged_and_large_files_left_alone(self, tmp_path):
        sink = ParquetSink(tmp_path, large_rows=4)
        for names in ("a", "b", "cdef", "g", "h", "i", "j", "k"):
            sink.write(batch(*names))
        large = files(tmp_path)[2].read_bytes()
        assert sink.compact() == 6
        assert [file.read_bytes() for file in files(tmp_path)].index(large) == 1
        assert len(files(tmp_path)) == 4
        assert ids(sink) == list("abcdefghijk")
        assert sink.compact() == 0

    def test_a_crash_between_the_new_and_the_old_files_doubles_no_row_and_hides_none_that_must_go(
        self, tmp_path, monkeypatch
    ):
        sink = ParquetSink(tmp_path)
        for name in "abc":
            sink.write(batch(name))

        def die(_):
            raise SystemExit

        with monkeypatch.context() as patched:
            patched.setattr(sink._folder, "remove", die)
            with pytest.raises(SystemExit):
                sink.compact()
        assert len(files(tmp_path)) == 4
        assert ids(ParquetSink(tmp_path)) == ["a", "b", "c"]
        assert ParquetSink(tmp_path).erase("predictions", lambda block: key_matches(block, {"id": "b"})) == 1
        assert len(files(tmp_path)) == 1
        assert ids(ParquetSink(tmp_path)) == ["a", "c"]

    def test_who_reads_while_files_are_merged_is_told_or_reads_on(self, tmp_path):
        sink = ParquetSink(tmp_path)
        for name in "abc":
            sink.write(batch(name))
        halfway, fresh = sink.read(), ParquetSink(tmp_path)._read("predictions", None, None)
        next(halfway)
        sink.compact()
        with pytest.raises(StorageError, match="read the log again"):
            list(halfway)
        assert [block["key"]["id"]["values"] for blocks in fresh for block in blocks] == [["a", "b", "c"]]

    def test_who_reads_while_rows_are_erased_reads_on(self, tmp_path):
        sink = ParquetSink(tmp_path)
        for name in "abc":
            sink.write(batch(name))
        rows = sink.read()
        next(rows)
        sink.erase("predictions", lambda block: key_matches(block, {"id": "b"}))
        assert [block["key"]["id"]["values"] for blocks in rows for block in blocks] == [["c"]]


@pytest.mark.usefixtures("arrow")
def test_a_large_file_must_have_rows(tmp_path):
    with pytest.raises(ArgumentError, match="large_rows must be positive"):
        ParquetSink(tmp_path, large_rows=0)


def test_without_pyarrow_the_sink_says_so_before_a_row_is_lost(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"maturekit\[parquet\]"):
        ParquetSink(tmp_path)
