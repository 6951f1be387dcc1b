"""Merging, expiring and forgetting change exactly what they should, and nothing that others read or write meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maturekit.errors import ArgumentError, NotFoundError
from maturekit.predictions import Entry, Log, SegmentSink
from maturekit.predictions.blocks import blocks_of
from maturekit.predictions.joining import joined
from maturekit.predictions.tables import table_of
from maturekit.storage import MemoryStore

START = datetime(2013, 5, 3, tzinfo=UTC)


def later(days):
    return START + timedelta(days=days)


def log_of(days, *, store=None, large_rows=20_000):
    """Return a log with one record in each segment, made so many days after the start."""
    log = Log(SegmentSink(MemoryStore() if store is None else store, large_rows=large_rows), flush_rows=1)
    for day in days:
        log.write(Entry({"day": day}, key={"id": day}, time=later(day), request=str(day), prediction=[day % 2]))
        log.flush()
    return log


def segments(log):
    return [(segment.number, segment.rows) for segment in log.sink._segments.current("predictions")]


def test_compacting_merges_small_segments_and_leaves_every_row():
    log = log_of(range(7))
    log.label(pd.DataFrame({"id": [3], "late": [True]}), column="late")
    before = log.frame()
    assert log.compact() == 7
    assert segments(log) == [(1, 7)]
    pd.testing.assert_frame_equal(log.frame(), before)
    assert log.compact() == 0
    assert log.frame(since=later(2), until=later(4))["id"].tolist() == [2, 3]
    assert len(list(log.frames())) == 1


def test_compacted_segments_are_no_larger_than_stated_and_half_of_it_is_large_enough():
    log = log_of(range(7), large_rows=4)
    assert log.compact() == 7
    assert segments(log) == [(1, 4), (5, 3)]
    log.write(Entry({"day": 7}, key={"id": 7}, time=later(7)))
    assert log.compact() == 0, "three is more than half of four"
    assert log.frame()["id"].tolist() == list(range(8))


def test_segments_of_many_short_processes_are_merged_too():
    store = MemoryStore()
    for day in range(3):
        log_of([day], store=store)
    log = Log(store)
    assert log.compact() == 3
    assert log.frame()["id"].tolist() == [0, 1, 2]


def test_who_was_merged_can_be_forgotten_and_leaves_no_byte():
    store = MemoryStore()
    log = Log(store, flush_rows=1)
    for name in ("zoe", "bob", "zoe"):
        log.write(Entry({"x": 1}, key={"person": name}, time=START))
        log.flush()
    log.compact()
    assert any(b"zoe" in store.get(key) for key in store.list("predictions/"))
    assert log.forget("zoe") == 2
    assert log.frame()["person"].tolist() == ["bob"]
    assert not any(b"zoe" in store.get(key) for key in store.list())


def test_old_rows_expire_with_their_labels_and_whole_segments_without_being_read():
    class Counting(MemoryStore):
        """Counts what is read of predictions."""

        read = 0

        def _get(self, key):
            self.read += key.startswith("predictions/")
            return super()._get(key)

    store = Counting()
    moment = START
    log = Log(store, flush_rows=2, clock=lambda: moment)
    for day in range(6):
        moment = later(day)
        log.write(Entry({"day": day}, key={"id": day}))
        log.flush()
        log.label(pd.DataFrame({"id": [day], "late": [True]}), column="late")
    store.read = 0
    assert log.expire(later(4)) == 8
    assert store.read == 0
    assert log.frame()["id"].tolist() == [4, 5]
    assert log.labels()["id"].tolist() == [4, 5]
    assert log.expire(later(4)) == 0


def test_a_segment_that_is_partly_old_loses_only_its_old_rows():
    log = log_of(range(5))
    log.compact()
    assert log.expire(later(3) - timedelta(microseconds=1)) == 3
    assert log.frame()["id"].tolist() == [3, 4]


@pytest.mark.parametrize("call", [Log.compact, lambda log: log.expire(START)])
def test_where_no_log_is_there_is_nothing_to_keep(tmp_path, call):
    with pytest.raises(NotFoundError, match="there is no prediction log"):
        call(Log(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_a_large_segment_has_rows():
    with pytest.raises(ArgumentError, match="large_rows must be positive, got 0"):
        SegmentSink(MemoryStore(), large_rows=0)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ArgumentError, match=r"before .* has no time zone"):
        log_of([1]).expire(START.replace(tzinfo=None))


def test_processes_that_merge_expire_forget_and_write_at_once_disturb_nobody():
    store = MemoryStore()
    log_of(range(30), store=store)

    def forget():
        log = Log(store)
        return sum(log.forget(number) for number in range(10, 20))

    def expire():
        return sum(Log(store).expire(later(day)) for day in range(1, 6))

    def write():
        log_of(range(30, 40), store=store)

    def merge():
        for _ in range(5):
            Log(SegmentSink(store, large_rows=8)).compact()

    gone = []
    work = [merge, merge, write, lambda: gone.append(forget()), lambda: gone.append(expire())]
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(gone) == [5, 10]
    assert sorted(Log(store).frame()["id"]) == [*range(5, 10), *range(20, 40)]


def frames(names):
    return st.builds(
        lambda rows, version: Entry(
            pd.DataFrame({name: range(rows) for name in names}),
            key={"id": list(range(rows))},
            marks={0: ("failed", ("E",))},
            version=version,
            prediction=[1.5] * rows,
            time=START,
        ),
        st.integers(1, 3),
        st.sampled_from(["m:1", "m:2", None]),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            frames(["x"]),
            frames(["y"]),
            st.builds(
                lambda x, arm: Entry({"x": x}, key={"id": 1}, arm=arm, time=START, request="r"),
                st.sampled_from([1, 1.5, "a", None]),
                st.sampled_from(["champion", "challenger"]),
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_joined_blocks_hold_the_same_rows_in_the_same_order(entries):
    blocks = [block for entry in entries for block in blocks_of([entry])]
    few = list(joined(blocks))
    assert len(few) <= len(blocks)
    pd.testing.assert_frame_equal(table_of(few), table_of(blocks), check_dtype=False)
