"""Segments are written once, found again, and replaced without a moment of loss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import ForeignFolderError, FormatError, KeyTakenError, NotFoundError, StorageError
from maturekit.predictions import Entry
from maturekit.predictions.blocks import blocks_of
from maturekit.predictions.segments import Segment, Segments
from maturekit.storage import LocalStore, MemoryStore

START = datetime(2013, 5, 3, 12, tzinfo=UTC)


def blocks(*names, minute=0):
    time = START + timedelta(minutes=minute)
    return list(blocks_of(Entry({"x": 1}, key={"id": name}, time=time) for name in names))


def ids(segments):
    return [
        value
        for segment in segments.current("predictions")
        for block in segments.read(segment)
        for value in block["key"]["id"]["values"]
    ]


def test_a_name_reads_back_and_strangers_are_ignored():
    segment = Segment("labels", "w", 7, 2, "20130503T120000Z", "20130503T120001Z")
    assert Segment.of_key(segment.key) == segment
    assert Segment.of_key("labels/w/notes.txt") is None


def test_every_writer_has_its_own_names_and_order_is_kept():
    store = MemoryStore()
    one, two = Segments(store), Segments(store)
    one.add(blocks("a"))
    two.add(blocks("b", minute=1))
    one.add(blocks("c", minute=2))
    assert sorted(ids(two)) == ["a", "b", "c"]
    assert len({segment.writer for segment in one.current("predictions")}) == 2


def test_a_repeated_write_of_the_same_rows_counts_once():
    class LateNews(MemoryStore):
        """Stores the bytes, and then says that it could not."""

        failures = 1

        def _put_new(self, key, data):
            super()._put_new(key, data)
            if key.startswith("predictions/") and self.failures:
                self.failures -= 1
                raise StorageError("the reply was lost")

    segments = Segments(LateNews())
    with pytest.raises(StorageError):
        segments.add(blocks("a"))
    segments.add(blocks("a"))
    segments.add(blocks("b"))
    assert ids(segments) == ["a", "b"]


def test_spans_of_time_choose_segments_by_name_alone():
    segments = Segments(MemoryStore())
    for minute in range(3):
        segments.add(blocks(str(minute), minute=minute))

    def found(since, until):
        return [segment.number for segment in segments.current("predictions", since=since, until=until)]

    assert found(None, None) == [1, 2, 3]
    assert found(START + timedelta(minutes=1), None) == [2, 3]
    assert found(None, START + timedelta(seconds=59)) == [1]


def test_a_replaced_segment_is_read_in_its_new_form_only():
    segments = Segments(MemoryStore())
    segments.add(blocks("a", "b"))
    (old,) = segments.current("predictions")
    assert segments.replace(old, blocks("b"))
    assert ids(segments) == ["b"]
    assert segments.read(old)[0]["rows"] == 1, "who still holds the old name reads the new rows"
    (new,) = segments.current("predictions")
    assert segments.replace(new, [])
    assert ids(segments) == []
    assert segments.read(old) == []


def test_a_crash_between_the_new_and_the_old_file_neither_doubles_nor_revives_rows():
    class Dying(MemoryStore):
        def _delete(self, key):
            raise SystemExit(key)

    store = Dying()
    segments = Segments(store)
    segments.add(blocks("a", "b"))
    (old,) = segments.current("predictions")
    with pytest.raises(SystemExit):
        segments.replace(old, blocks("b"))
    assert ids(segments) == ["b"]
    assert store.exists(old.key)
    Dying._delete = MemoryStore._delete
    segments.sweep("predictions")
    assert not store.exists(old.key)
    assert ids(segments) == ["b"]


def test_of_two_replacements_the_slower_one_is_told():
    segments = Segments(MemoryStore())
    segments.add(blocks("a", "b", "c"))
    (old,) = segments.current("predictions")
    assert segments.replace(old, blocks("b", "c"))
    assert not segments.replace(old, blocks("a", "c"))
    assert ids(segments) == ["b", "c"]


def test_reading_where_nothing_was_written_raises(tmp_path):
    with pytest.raises(NotFoundError, match="there is no prediction log"):
        Segments(LocalStore(tmp_path / "nowhere")).must_exist()


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    segments = Segments(LocalStore(tmp_path))
    with pytest.raises(ForeignFolderError, match=r"such as 'thesis\.tex'"):
        segments.add(blocks("a"))
    with pytest.raises(ForeignFolderError):
        segments.must_exist()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_newer_format_is_refused():
    store = MemoryStore()
    store.put_new("predictions.json", b'{"format":2}')
    with pytest.raises(FormatError, match="newer"):
        Segments(store).add(blocks("a"))


def test_a_name_taken_by_other_bytes_is_an_error():
    class Taken(MemoryStore):
        def _put_new(self, key, data):
            super()._put_new(key, data + b"\n{}" if key.startswith("predictions/") else data)
            if key.startswith("predictions/"):
                raise KeyTakenError(key)

    with pytest.raises(KeyTakenError):
        Segments(Taken()).add(blocks("a"))
