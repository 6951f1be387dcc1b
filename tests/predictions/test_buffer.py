"""The buffer writes by number, time and request in its own thread, keeps what fails, and never holds up its caller."""

from __future__ import annotations

import logging
import threading

import pytest

from maturekit.errors import StorageError
from maturekit.predictions import buffer as module
from maturekit.predictions.buffer import Buffer


class Sink:
    """Remembers batches; fails while `broken`, hangs until `free`."""

    def __init__(self):
        self.batches = []
        self.attempts = []
        self.broken = None
        self.free = threading.Event()
        self.free.set()
        self.begun = threading.Event()
        self.threads = set()

    def __call__(self, items):
        self.attempts.append(items)
        self.threads.add(threading.current_thread())
        self.begun.set()
        assert self.free.wait(20)
        if self.broken is not None:
            raise self.broken
        self.batches.append(items)

    @property
    def items(self):
        return [item for batch in self.batches for item in batch]


@pytest.fixture
def made():
    """Make buffers whose threads end with the test."""
    buffers, sinks = [], []

    def make(sink, *, rows=3, seconds=60.0, keep=10, exit_seconds=5.0, turn=lambda items: (list(items), 0)):
        buffer = Buffer(turn, sink, rows=rows, seconds=seconds, keep=keep, exit_seconds=exit_seconds)
        buffers.append(buffer)
        sinks.append(sink)
        return buffer

    yield make
    for sink in sinks:
        sink.free.set()
        sink.broken = None
    for buffer in buffers:
        buffer.close()


def test_enough_rows_are_written_soon_and_fewer_wait(made, until):
    sink = Sink()
    waiting = made(sink)
    for item in "abcd":
        waiting.add(item, rows=1)
    until(lambda: sink.batches == [["a", "b", "c"]])
    until(lambda: waiting.held == 1)


def test_it_is_never_the_caller_who_writes(made):
    sink = Sink()
    waiting = made(sink, rows=1)
    waiting.add("a", rows=1)
    waiting.flush()
    assert threading.current_thread() not in sink.threads
    assert sink.items == ["a"]


def test_a_waiting_row_is_written_after_the_stated_seconds(made, until):
    sink = Sink()
    waiting = made(sink, seconds=0.05)
    waiting.add("a", rows=1)
    until(lambda: sink.batches == [["a"]])


def test_a_batch_has_no_more_rows_than_stated_unless_it_is_one_item(made):
    sink = Sink()
    sink.free.clear()
    waiting = made(sink, keep=100)
    for item, rows in (("a", 2), ("b", 2), ("c", 1), ("large", 7), ("d", 1)):
        waiting.add(item, rows=rows)
    sink.free.set()
    waiting.flush()
    assert sink.batches == [["a"], ["b", "c"], ["large"], ["d"]]


def test_a_failure_keeps_the_rows_and_repeats_exactly_them(made, caplog):
    sink = Sink()
    sink.broken = StorageError("disk full")
    waiting = made(sink)
    for item in "abcd":
        waiting.add(item, rows=1)
    with pytest.raises(StorageError, match="disk full"):
        waiting.flush()
    with pytest.raises(StorageError, match="disk full"):
        waiting.flush()
    assert waiting.held == 4
    sink.broken = None
    waiting.flush()
    assert sink.items == list("abcd")
    assert len({id(attempt) for attempt in sink.attempts}) == 2, "the very same list came again"
    assert [record.message for record in caplog.records] == ["records wait, since they cannot be written: disk full"]


def test_after_a_failure_it_pauses_and_then_tries_again_by_itself(made, until):
    sink = Sink()
    sink.broken = StorageError("disk full")
    waiting = made(sink, rows=1, seconds=0.02)
    waiting.add("a", rows=1)
    until(lambda: len(sink.attempts) >= 2)
    sink.broken = None
    until(lambda: sink.items == ["a"])


def test_rows_beyond_the_limit_are_dropped_and_counted(made):
    sink = Sink()
    sink.broken = StorageError("disk full")
    waiting = made(sink, keep=4)
    for number in range(10):
        waiting.add(number, rows=1)
    assert waiting.dropped == 6
    with pytest.raises(StorageError):
        waiting.flush()  # or the attempt that the third row began might still be under way
    sink.broken = None
    waiting.flush()
    assert sink.items == [0, 1, 2, 3]


def test_a_batch_larger_than_the_limit_is_taken_while_nothing_waits(made):
    sink = Sink()
    waiting = made(sink, keep=4)
    waiting.add("large", rows=100)
    waiting.flush()
    assert sink.items == ["large"]
    assert waiting.dropped == waiting.held == 0


@pytest.mark.parametrize("fault", [RuntimeError("a fault"), SystemExit("a fault")])
def test_items_that_cannot_be_written_at_all_are_dropped_and_do_not_block_the_others(made, caplog, fault):
    sink = Sink()
    sink.broken = fault
    waiting = made(sink)
    waiting.add("ab", rows=2)
    with pytest.raises(type(fault), match="a fault"):
        waiting.flush()
    sink.broken = None
    waiting.add("d", rows=3)
    waiting.flush()
    assert waiting.dropped == 2
    assert sink.items == ["d"]
    assert f"dropped: {fault!r}" in caplog.text


def test_rows_that_cannot_be_put_into_words_are_counted(made):
    sink = Sink()
    waiting = made(sink, turn=lambda items: ([item for item in items if item != "b"], items.count("b")))
    for item in "abc":
        waiting.add(item, rows=1)
    waiting.flush()
    assert sink.items == ["a", "c"]
    assert waiting.dropped == 1
    assert waiting.held == 0


def test_while_the_store_hangs_nobody_waits_and_the_limit_holds(made):
    sink = Sink()
    sink.free.clear()
    waiting = made(sink, rows=1, keep=5)
    waiting.add(0, rows=1)
    assert sink.begun.wait(20)
    for number in range(1, 50):
        waiting.add(number, rows=1)  # would hang if it waited for the write
    assert waiting.held == 5
    assert waiting.dropped == 45
    with pytest.raises(StorageError, match=r"5 rows are still not written after 0\.01 seconds"):
        waiting.flush(0.01)
    sink.free.set()
    waiting.flush()
    assert sink.items == [0, 1, 2, 3, 4]


def test_the_end_waits_for_a_hanging_store_no_longer_than_stated_and_says_what_is_lost(made, caplog):
    sink = Sink()
    sink.free.clear()
    waiting = made(sink, rows=1, exit_seconds=0.02)
    for number in range(3):
        waiting.add(number, rows=1)
    with caplog.at_level(logging.WARNING):
        waiting.close()
    assert "the end came before 3 records were written" in caplog.text


def test_closing_writes_what_waits_and_ends_the_thread_which_begins_anew(made):
    sink = Sink()
    waiting = made(sink)
    for turn in range(2):
        waiting.add(turn, rows=1)
        (thread,) = [thread for thread in threading.enumerate() if thread is waiting._thread]
        waiting.close()
        thread.join(20)
        assert not thread.is_alive()
    assert sink.items == [0, 1]
    assert len(sink.threads) == 2
    assert waiting not in module._running


def test_a_sink_that_flushes_its_own_log_does_not_wait_for_itself(made):
    sink = Sink()

    def write(items):
        waiting.flush()
        sink(items)

    waiting = Buffer(lambda items: (items, 0), write, rows=1, seconds=60.0, keep=10, exit_seconds=5.0)
    waiting.add("a", rows=1)
    waiting.flush()
    assert sink.items == ["a"]
    waiting.close()


def test_threads_lose_and_double_nothing(made):
    sink = Sink()
    waiting = made(sink, rows=7, keep=10**6)

    def add(first):
        for number in range(first, first + 500):
            waiting.add(number, rows=1)
            if number % 100 == 0:
                waiting.flush()

    threads = [threading.Thread(target=add, args=(500 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waiting.flush()
    assert sorted(sink.items) == list(range(2000))
    for place in range(4):
        mine = [number for number in sink.items if number // 500 == place]
        assert mine == sorted(mine)


def test_where_no_thread_can_begin_what_waits_is_written_all_the_same(made, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread at interpreter shutdown")

    sink = Sink()
    waiting = made(sink)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    waiting.add("a", rows=1)
    assert sink.items == ["a"]
    sink.broken = StorageError("disk full")
    waiting.add("b", rows=1)
    with pytest.raises(StorageError, match="disk full"):
        waiting.flush()
    sink.broken = None
    waiting.flush()
    assert sink.items == ["a", "b"]


def test_a_forked_child_begins_with_nothing_waiting_and_a_thread_of_its_own(made, forked):
    sink = Sink()
    waiting = made(sink, keep=2)
    for word in ("of the parent", "too", "too many"):
        waiting.add(word, rows=1)

    def begin_with_nothing():
        assert (waiting.held, waiting.dropped) == (0, 0)
        waiting.add("of the child", rows=1)
        waiting.flush()
        assert sink.items == ["of the child"]

    assert forked(begin_with_nothing).ended() == 0
    waiting.flush()
    assert sink.items == ["of the parent", "too"]


def test_where_many_rows_wait_they_are_written_in_larger_batches(made):
    sink = Sink()
    sink.free.clear()
    waiting = made(sink, rows=2, keep=1000)
    waiting.add(0, rows=2)
    assert sink.begun.wait(20)
    for number in range(1, 36):
        waiting.add(number, rows=1)
    sink.free.set()
    waiting.flush()
    assert [len(batch) for batch in sink.batches] == [1, 32, 2, 1]
