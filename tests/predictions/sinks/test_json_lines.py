"""Lines that a shipper can follow: appended only, whole, told apart by id, in files that rotate."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import ArgumentError, ForeignFolderError, FormatError, NotFoundError, StorageError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of, key_matches
from maturekit.predictions.sinks import JsonLinesSink, ParquetSink

NOW = datetime(2013, 5, 3, 12, tzinfo=UTC)


def batch(*names, time=NOW):
    return list(blocks_of(Entry({"x": 1.5}, key={"id": name}, prediction=[1], time=time) for name in names))


def ids(sink, **span):
    return [value for blocks in sink.read(**span) for block in blocks for value in block["key"]["id"]["values"]]


def only(name):
    return lambda block: key_matches(block, {"id": name})


def files(folder):
    return sorted(path.name for path in folder.glob("*.jsonl"))


def test_a_line_says_all_about_its_row(tmp_path):
    entry = Entry(
        {"x": 1.5, "gap": None}, key={"flight": "a"}, prediction=[1], score=[0.75], request="r", version="late:1",
        digest="sha256:ab", arm="champion", seconds=0.5, time=NOW, marks={0: ("rejected", ("gt:x",))},
    )  # fmt: skip
    JsonLinesSink(tmp_path, clock=lambda: NOW).write(list(blocks_of([entry])))
    (line,) = (tmp_path / "predictions-000001-20130503T120000Z.jsonl").read_text().splitlines()
    row = json.loads(line)
    assert row.pop("id").endswith("-1-0")
    assert row == {
        "time": "2013-05-03T12:00:00.000000Z", "kind": "predictions", "method": "predict", "request": "r", "row": 0,
        "seconds": 0.5, "version": "late:1", "digest": "sha256:ab", "arm": "champion", "key": {"flight": "a"},
        "inputs": {"x": 1.5, "gap": None}, "prediction": 1, "score": 0.75, "status": "rejected", "reasons": ["gt:x"],
    }  # fmt: skip


def test_every_row_has_an_id_of_its_own(tmp_path):
    for _ in range(2):
        sink = JsonLinesSink(tmp_path)
        sink.write(batch("a", "b"))
        sink.write(batch("a"))
    lines = [json.loads(line)["id"] for path in tmp_path.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert len(set(lines)) == len(lines) == 6


def test_files_rotate_by_size_and_are_never_renamed(tmp_path):
    sink = JsonLinesSink(tmp_path, rotate_bytes=1000, clock=lambda: NOW)
    seen = []
    for number in range(8):
        sink.write(batch(str(number)))
        seen.append(files(tmp_path))
    assert all(set(earlier) <= set(later) for earlier, later in itertools.pairwise(seen))
    sizes = [path.stat().st_size for path in tmp_path.glob("*.jsonl")]
    assert len(sizes) > 1
    assert max(sizes) <= 1000
    assert ids(sink) == [str(number) for number in range(8)]


def test_a_list_larger_than_a_file_is_written_in_one_piece(tmp_path):
    sink = JsonLinesSink(tmp_path, rotate_bytes=10)
    sink.write(batch("a", "b"))
    sink.write(batch("c"))
    assert [len((tmp_path / name).read_text().splitlines()) for name in files(tmp_path)] == [2, 1]


def test_files_rotate_by_age(tmp_path):
    now = [NOW]
    sink = JsonLinesSink(tmp_path, rotate_seconds=60.0, clock=lambda: now[0])
    for seconds in (0, 59, 60, 61, 200):
        now[0] = NOW + timedelta(seconds=seconds)
        sink.write(batch(str(seconds)))
    assert files(tmp_path) == [
        "predictions-000001-20130503T120000Z.jsonl",
        "predictions-000002-20130503T120100Z.jsonl",
        "predictions-000003-20130503T120320Z.jsonl",
    ]


def test_torn_lines_are_skipped_and_counted_and_the_next_row_begins_a_line(tmp_path):
    sink = JsonLinesSink(tmp_path)
    sink.write(batch("a", "b"))
    (path,) = tmp_path.glob("*.jsonl")
    whole = path.read_bytes()
    for cut in range(whole.index(b"\n") + 1, len(whole) - 1):  # at every byte of the second line
        path.write_bytes(whole[:cut])
        assert ids(sink) == ["a"]
        assert sink.torn == (cut > whole.index(b"\n") + 1)
        sink.write(batch("c"))
        assert ids(sink) == ["a", "c"]
    path.write_bytes(whole[:-1])  # only the end of the line is missing
    sink.write(batch("c"))
    assert (ids(sink), sink.torn) == (["a", "b", "c"], 0)


@pytest.mark.parametrize(
    "line", [b"\x00" * 50, b"[]", b"{}", b'"text"', b'{"id":"x-1-0"}', b'{"id":7,"kind":"predictions"}', b""]
)
def test_what_is_no_row_is_skipped_and_counted(tmp_path, line):
    sink = JsonLinesSink(tmp_path)
    sink.write(batch("a"))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert (ids(sink), sink.torn) == (["a"], 1)


def test_a_row_without_its_columns_is_an_error_of_the_format(tmp_path):
    sink = JsonLinesSink(tmp_path)
    sink.write(batch("a"))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"status":"ok"', b'"status2":"ok"'))
    with pytest.raises(FormatError, match="malformed"):
        ids(sink)


def test_an_erasure_takes_torn_lines_along_since_they_may_hold_what_must_go(tmp_path):
    sink = JsonLinesSink(tmp_path)
    sink.write(batch("a", "secret"))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-40])
    (tmp_path / ".unfinished-0123").write_bytes(b"secret: left by an erasure that was killed")
    assert sink.erase("predictions", only("nobody")) == 0
    assert (sink.torn, ids(sink)) == (1, ["a"])
    assert not [path for path in tmp_path.iterdir() if b"secret" in path.read_bytes()]


def test_an_erasure_leaves_other_lines_as_they_were_and_removes_empty_files(tmp_path):
    sink = JsonLinesSink(tmp_path, rotate_bytes=10)
    sink.write(batch("a", "b", "c"))
    sink.write(batch("b"))
    lines = (tmp_path / files(tmp_path)[0]).read_bytes().splitlines(keepends=True)
    assert sink.erase("predictions", only("b")) == 2
    (name,) = files(tmp_path)
    assert (tmp_path / name).read_bytes() == lines[0] + lines[2]


def test_a_reader_goes_on_while_others_append_erase_and_expire(tmp_path):
    sink = JsonLinesSink(tmp_path, rotate_bytes=10)
    for name in "abcd":
        sink.write(batch(name))
    rows = sink.read()
    first = next(rows)
    JsonLinesSink(tmp_path).erase(
        "predictions", lambda block: key_matches(block, {"id": "a"}) | key_matches(block, {"id": "c"})
    )
    sink.write(batch("e"))
    assert [block["key"]["id"]["values"] for blocks in (first, *rows) for block in blocks] == [["a"], ["b"], ["d"]]


def test_a_span_of_time_is_read_without_the_rest(tmp_path):
    sink = JsonLinesSink(tmp_path)
    for minute in range(4):
        sink.write(batch(str(minute), time=NOW + timedelta(minutes=minute)))
    assert ids(sink, since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=3)) == ["1", "2"]


@pytest.mark.parametrize("other", ["thesis.tex", "predictions-000001-20130503T120000Z.jsonl", "predictions.json"])
def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path, other):
    (tmp_path / other).write_text("years of work")
    with pytest.raises(ForeignFolderError, match=other):
        JsonLinesSink(tmp_path).write(batch("a"))
    with pytest.raises(ForeignFolderError, match=other):
        JsonLinesSink(tmp_path).read()
    assert [path.name for path in tmp_path.iterdir()] == [other]


def test_sinks_of_two_kinds_do_not_share_a_folder(tmp_path):
    pytest.importorskip("pyarrow")
    JsonLinesSink(tmp_path).write(batch("a"))
    with pytest.raises(ForeignFolderError):
        ParquetSink(tmp_path).write(batch("a"))


def test_a_newer_format_is_refused(tmp_path):
    (tmp_path / "json_lines.json").write_text('{"format":2,"keys":[]}')
    for act in (lambda sink: sink.write(batch("a")), lambda sink: sink.read()):
        with pytest.raises(FormatError, match="upgrade maturekit"):
            act(JsonLinesSink(tmp_path))


def test_opening_and_reading_create_nothing(tmp_path):
    sink = JsonLinesSink(tmp_path / "log")
    with pytest.raises(NotFoundError, match="there is no prediction log"):
        sink.read()
    assert sink.key_sets() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_an_error_of_storage(tmp_path):
    (tmp_path / "log").write_text("a file")
    with pytest.raises(StorageError, match="could not write predictions"):
        JsonLinesSink(tmp_path / "log").write(batch("a"))


@pytest.mark.parametrize("wrong", [{"rotate_bytes": 0}, {"rotate_seconds": -1.0}])
def test_limits_must_be_positive(tmp_path, wrong):
    with pytest.raises(ArgumentError, match="must be positive"):
        JsonLinesSink(tmp_path, **wrong)


def test_a_file_that_cannot_be_read_is_an_error_of_storage(tmp_path):
    sink = JsonLinesSink(tmp_path)
    sink.write(batch("a"))
    (path,) = tmp_path.glob("*.jsonl")
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match="could not read predictions-000001"):
        sink.read()
