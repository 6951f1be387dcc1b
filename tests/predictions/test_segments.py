"""Segments are written once, found again, and replaced without a moment of loss."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from maturekit._core.clock import utc_now
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


def added(*parts, store=None):
    segments = Segments(store or MemoryStore())
    for minute, names in enumerate(parts):
        segments.add(blocks(*names, minute=minute))
    return segments, segments.current("predictions")


def test_a_name_reads_back_and_strangers_are_ignored():
    segment = Segment("labels", "w", 7, "0", "20130503T120000Z", "20130503T120001Z", 12)
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


class LateNews(MemoryStore):
    """Stores the bytes, and then says that it could not, as often as told."""

    failures = 1

    def _put_new(self, key, data):
        super()._put_new(key, data)
        if key.startswith("predictions/") and self.failures:
            self.failures -= 1
            raise StorageError("the reply was lost")


def test_a_repeated_write_of_the_very_same_list_counts_once():
    segments = Segments(LateNews())
    first = blocks("a")
    with pytest.raises(StorageError):
        segments.add(first)
    segments.add(first)
    segments.add(blocks("b"))
    assert ids(segments) == ["a", "b"]


def test_an_attempt_that_nobody_repeats_does_not_block_the_next_rows():
    segments = Segments(LateNews())
    with pytest.raises(StorageError):
        segments.add(blocks("a"))
    segments.add(blocks("b"))
    assert ids(segments) == ["a", "b"]


def test_spans_of_time_choose_segments_by_name_alone():
    segments, _ = added("0", "1", "2")

    def found(since, until):
        return [segment.number for segment in segments.current("predictions", since=since, until=until)]

    assert found(None, None) == [1, 2, 3]
    assert found(START + timedelta(minutes=1), None) == [2, 3]
    assert found(None, START + timedelta(seconds=59)) == [1]


def test_a_replaced_segment_is_read_in_its_new_form_only():
    segments, (old,) = added("ab")
    assert segments.replace([([old], blocks("b"))])
    assert ids(segments) == ["b"]
    (new,) = segments.current("predictions")
    segments.sweep()
    assert segments.read(old)[0]["rows"] == 1, "who still holds the old name reads the new rows"
    assert segments.replace([([new], [])])
    segments.sweep()
    assert ids(segments) == []
    assert segments.read(old) == segments.read(new) == []


def test_merged_segments_keep_the_order_and_who_reads_the_old_ones_can_finish():
    segments, old = added("ab", "c", "d", "e")
    assert segments.replace([(old[1:3], blocks("c", "d"))])
    assert ids(segments) == list("abcde")
    assert segments.read(old[1])[0]["key"]["id"]["values"] == ["c"]
    segments.sweep(before=utc_now() - timedelta(hours=1))
    assert segments.read(old[1])[0]["key"]["id"]["values"] == ["c"]
    segments.sweep()
    with pytest.raises(StorageError, match="was rewritten while it was read"):
        segments.read(old[1])
    assert ids(segments) == list("abcde")


@pytest.mark.parametrize("last", ["predictions/", "changes/"])
def test_a_crash_at_any_step_of_a_replacement_neither_doubles_nor_loses_nor_revives_rows(last):
    class Dying(MemoryStore):
        """Is killed before it writes to a folder."""

        deadly = None

        def _put_new(self, key, data):
            if self.deadly and key.startswith(self.deadly):
                raise SystemExit(key)
            super()._put_new(key, data)

    store = Dying()
    segments, old = added("ab", "c", store=store)
    store.deadly = last
    with pytest.raises(SystemExit):
        segments.replace([(old, blocks("b", "c"))])
    store.deadly = None
    assert ids(segments) == ["a", "b", "c"]
    segments.sweep()
    assert ids(segments) == ["a", "b", "c"]
    assert len(list(store.list("predictions/"))) == 2
    assert segments.replace([(old, blocks("b", "c"))])  # then it is killed before it deletes the old ones
    assert ids(segments) == ["b", "c"]
    assert len(list(store.list("predictions/"))) == 3
    Segments(store).sweep()
    assert ids(segments) == ["b", "c"]
    assert len(list(store.list("predictions/"))) == 1


def test_of_two_replacements_the_slower_one_is_told_and_nothing_comes_back():
    segments, (old,) = added("abc")
    assert segments.replace([([old], blocks("b", "c"))])
    assert not segments.replace([([old], blocks("a", "c"))])
    assert ids(segments) == ["b", "c"]


def test_replacements_at_the_same_moment_are_done_one_after_another():
    class Meddled(MemoryStore):
        """Another process replaces another segment at the worst moment."""

        meddle = None

        def _put_new(self, key, data):
            if key.startswith("changes/") and self.meddle:
                meddle, self.meddle = self.meddle, None
                meddle()
            super()._put_new(key, data)

    store = Meddled()
    segments, (first, second) = added("ab", "cd", store=store)
    store.meddle = lambda: Segments(store).replace([([second], blocks("d"))])
    assert segments.replace([([first], blocks("b"))])
    assert ids(segments) == ["b", "d"]
    store.meddle = lambda: Segments(store).sweep()  # it finds what is not named yet, and deletes it
    (first, _) = segments.current("predictions")
    assert segments.replace([([first], blocks("x"))])
    assert ids(segments) == ["x", "d"]


def test_an_old_state_cannot_be_committed_again_where_its_number_is_free():
    segments, (first, second) = added("a", "b")
    old = segments.changes.newest()
    assert segments.replace([([first], [])])
    assert segments.replace([([second], blocks("c"))])
    assert list(segments.store.list("changes/")) == ["changes/000000000002.json"]
    assert not segments.changes.commit(old, [])
    assert ids(segments) == ["c"]


def test_what_was_replaced_a_day_ago_is_forgotten_by_the_list_too(monkeypatch):
    segments, (first, second) = added("a", "b")
    assert segments.replace([([first], [])])
    assert segments.replace([([second], blocks("c"))])
    monkeypatch.setattr("maturekit.predictions.segments.utc_now", lambda: utc_now() + timedelta(days=2))
    segments.sweep()
    (change,) = segments.changes.newest().changes
    assert change.of == ()
    assert ids(segments) == ["c"]
    assert not segments.replace([([second], blocks("b"))]), "it is not there any more"


def test_readers_see_every_row_once_while_segments_are_replaced():
    segments, _ = added(*"abcdefghij")
    stop = threading.Event()

    def rewrite():
        turn = 0
        while not stop.is_set():
            turn += 1
            current = segments.current("predictions")
            at = turn % len(current)
            chosen = current[at : at + 1 + (turn % 50 == 0)]  # now and then two become one
            rows = [block for segment in chosen for block in segments.read(segment)]
            segments.replace([(chosen, rows)])

    thread = threading.Thread(target=rewrite)
    thread.start()
    try:
        for _ in range(100):
            assert ids(segments) == list("abcdefghij")
    finally:
        stop.set()
        thread.join()


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
    segments, _ = added("a")
    segments.store.put_new("changes/000000000001.json", b'{"format":2}')
    with pytest.raises(FormatError, match="upgrade maturekit"):
        ids(segments)


def test_a_malformed_list_of_changes_is_refused():
    segments, _ = added("a")
    segments.store.put_new("changes/000000000001.json", b'{"format":1,"changes":[{}]}')
    with pytest.raises(FormatError, match=r"changes/000000000001.json is malformed"):
        ids(segments)


def test_a_name_taken_by_other_bytes_is_an_error():
    class Taken(MemoryStore):
        def _put_new(self, key, data):
            super()._put_new(key, data + b"\n{}" if key.startswith("predictions/") else data)
            if key.startswith("predictions/"):
                raise KeyTakenError(key)

    with pytest.raises(KeyTakenError):
        Segments(Taken()).add(blocks("a"))
