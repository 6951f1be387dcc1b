"""One file that any tool can query, and that never holds half a list."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import ArgumentError, ForeignFolderError, FormatError, NotFoundError, StorageError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of, key_matches
from maturekit.predictions.labels import label_blocks
from maturekit.predictions.sinks import SqliteSink

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.db"


def batch(*names, time=NOW):
    return list(blocks_of(Entry({"x": 1.5}, key={"id": name}, prediction=[1], time=time) for name in names))


def ids(sink, **span):
    return [value for blocks in sink.read(**span) for block in blocks for value in block["key"]["id"]["values"]]


def query(path, text):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


def test_predictions_can_be_queried(path):
    rows = [
        Entry({"distance": number}, key={"id": number}, prediction=[number > 1], score=[number / 4], time=NOW, arm="a")
        for number in range(4)
    ]
    SqliteSink(path).write(list(blocks_of(rows)))
    found = query(
        path, "select prediction, count(*), sum(inputs ->> 'distance'), avg(score) from predictions group by 1"
    )
    assert found == [(0, 2, 1, 0.125), (1, 2, 5, 0.625)]
    assert query(path, "select distinct time, method, status, arm from predictions") == [
        ("2013-05-03T12:00:00.000000Z", "predict", "ok", "a")
    ]


def test_labels_can_be_joined_by_key_in_sql(path):
    import pandas as pd

    sink = SqliteSink(path)
    sink.write(batch("a", "b"))
    sink.write(
        label_blocks(
            pd.DataFrame({"id": ["b"], "late": [True]}),
            column="late",
            keys=[("id",)],
            time="2013-05-04T00:00:00.000000Z",
        )
    )
    text = "select p.key ->> 'id', l.\"column\", l.label from predictions p join labels l on p.key = l.key"
    assert query(path, text) == [("b", "late", 1)]


def test_what_is_erased_stands_nowhere_in_the_files(path):
    sink = SqliteSink(path)
    sink.write(batch("secret-name", *map(str, range(200))))
    with closing(sqlite3.connect(path)) as reader:  # keeps the write-ahead log from being removed
        reader.execute("select 1 from predictions").fetchall()
        assert sink.erase("predictions", lambda block: key_matches(block, {"id": "secret-name"})) == 1
        held = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"secret-name" not in held
    assert len(ids(sink)) == 200


def test_pages_of_expired_rows_are_given_back(path):
    sink = SqliteSink(path)
    sink.write(batch(*(str(number) * 100 for number in range(300))))
    before = path.stat().st_size
    assert sink.expire("predictions", NOW + timedelta(seconds=1)) == 300
    assert path.stat().st_size < before / 2


def test_a_reader_sees_rows_once_while_others_write_and_erase(path, monkeypatch):
    monkeypatch.setattr("maturekit.predictions.sinks.sqlite._CHUNK", 1)
    sink = SqliteSink(path)
    sink.write(batch("a", "b", "c"))
    rows = sink.read()
    next(rows)
    sink.erase("predictions", lambda block: key_matches(block, {"id": "b"}))
    sink.write(batch("d"))
    assert [block["key"]["id"]["values"] for blocks in rows for block in blocks] == [["c"], ["d"]]


def test_a_span_of_time_is_read_alone(path):
    sink = SqliteSink(path)
    for minute in range(4):
        sink.write(batch(str(minute), time=NOW + timedelta(minutes=minute)))
    assert ids(sink, since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=3)) == ["1", "2"]


def test_a_file_that_somebody_else_locks_is_an_error_of_storage_and_the_list_can_come_again(path):
    sink = SqliteSink(path, busy_seconds=0.05)
    sink.write(batch("a"))
    more = batch("b")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StorageError, match="database is locked"):
            sink.write(more)
    sink.write(more)
    assert ids(sink) == ["a", "b"]


def test_another_database_is_refused_and_left_alone(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table thesis (text)")
    before = path.read_bytes()
    for act in (lambda sink: sink.write(batch("a")), lambda sink: sink.read()):
        with pytest.raises(ForeignFolderError, match="something else"):
            act(SqliteSink(path))
    assert path.read_bytes() == before


def test_another_file_is_refused_and_left_alone(path):
    path.write_text("years of work " * 100)
    with pytest.raises(ForeignFolderError, match="something else"):
        SqliteSink(path).write(batch("a"))
    assert path.read_text() == "years of work " * 100


@pytest.mark.parametrize("text", ["x", "S", "SQLite format 3\0", "note", "x" * 99, "x" * 511, "x" * 512])
def test_the_smallest_file_of_somebody_else_is_refused_and_left_alone(path, text):
    path.write_text(text)
    sink = SqliteSink(path)
    acts = (
        lambda: sink.write(batch("a")),
        lambda: list(sink.read()),
        sink.key_sets,
        lambda: sink.expire("predictions", NOW),
        lambda: sink.erase("predictions", lambda block: key_matches(block, {"id": "a"})),
    )
    for act in acts:
        with pytest.raises(ForeignFolderError, match="something else"):
            act()
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_is_begun(path):
    path.touch()
    SqliteSink(path).write(batch("a"))
    assert ids(SqliteSink(path)) == ["a"]


@pytest.mark.parametrize("name", ["we ird?mode=memory#1%20.db", "ü';--.db", "new/folder/log.db"])
def test_any_path_will_do(tmp_path, name):
    SqliteSink(tmp_path / name).write(batch("a"))
    assert (tmp_path / name).exists()
    assert ids(SqliteSink(str(tmp_path / name))) == ["a"]


def test_a_folder_in_its_place_is_an_error_of_storage(path):
    path.mkdir()
    with pytest.raises(StorageError, match="unable to open"):
        SqliteSink(path).write(batch("a"))


def test_eight_processes_begin_a_file_at_once(path):
    code = """
    import os, sys
    from maturekit.predictions import Entry
    from maturekit.predictions.blocks import blocks_of
    from maturekit.predictions.sinks import SqliteSink
    from datetime import UTC, datetime
    blocks = list(blocks_of([Entry({"x": 1}, key={"id": "a"}, time=datetime.now(UTC))]))
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            SqliteSink(sys.argv[1]).write(blocks)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(path)], check=True)
    assert ids(SqliteSink(path)) == ["a"] * 8


def test_a_newer_format_is_refused(path):
    SqliteSink(path).write(batch("a"))
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma user_version = 2")
    with pytest.raises(FormatError, match="upgrade maturekit"):
        SqliteSink(path).read()


@pytest.mark.parametrize("column", ["inputs", "key", "rest"])
def test_a_row_that_was_tampered_with_is_an_error_of_the_format(path, column):
    SqliteSink(path).write(batch("a"))
    with closing(sqlite3.connect(path)) as database:
        database.execute(f'update predictions set "{column}" = \'{{"broken\'')
        database.commit()
    with pytest.raises(FormatError, match="not valid JSON"):
        SqliteSink(path).read()


def test_rows_that_can_never_be_stored_do_not_come_again_for_ever(path, monkeypatch):
    monkeypatch.setattr("maturekit.predictions.sinks.sqlite._PLAIN", (int, float, type(None), list))
    blocks = batch("a")
    blocks[0]["request"] = [[]]
    with pytest.raises(ArgumentError, match="cannot hold these rows"):
        SqliteSink(path).write(blocks)
    SqliteSink(path).write(batch("b"))
    assert ids(SqliteSink(path)) == ["b"]


def test_reading_creates_nothing(path):
    with pytest.raises(NotFoundError, match="there is no prediction log"):
        SqliteSink(path).read()
    assert SqliteSink(path).key_sets() == []
    assert list(path.parent.iterdir()) == []


def test_waiting_must_be_positive(path):
    with pytest.raises(ArgumentError, match="must be positive"):
        SqliteSink(path, busy_seconds=0)
