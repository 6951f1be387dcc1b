"""The buffer writes by number and by time, keeps what fails, and never fails its caller."""

from __future__ import annotations

import gc
import os
import threading
import time

import pytest

from maturekit.errors import StorageError
from maturekit.predictions.buffer import Buffer


class Sink:
    """Remembers batches; fails while `broken`."""

    def __init__(self):
        self.batches = []
        self.attempts = []
        self.broken = None

    def __call__(self, items):
        self.attempts.append(list(items))
        if self.broken is not None:
            raise self.broken
        self.batches.append(items)

    @property
    def items(self):
        return [item for batch in self.batches for item in batch]


def buffer(sink, *, rows=3, seconds=60.0, keep=10):
    return Buffer(sink, rows=rows, seconds=seconds, keep=keep)


def test_enough_rows_are_written_at_once():
    sink = Sink()
    waiting = buffer(sink)
    for item in "abcd":
        waiting.add(item, rows=1)
    assert sink.batches == [["a", "b", "c"]]


def test_a_waiting_row_is_written_after_the_stated_seconds():
    sink = Sink()
    waiting = buffer(sink, seconds=0.05)
    waiting.add("a", rows=1)
    deadline = time.monotonic() + 5
    while not sink.batches and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sink.batches == [["a"]]


def test_a_failure_keeps_the_rows_and_repeats_exactly_them(caplog):
    sink = Sink()
    sink.broken = StorageError("disk full")
    waiting = buffer(sink)
    for item in "abcd":
        waiting.add(item, rows=1)
    with pytest.raises(StorageError, match="disk full"):
        waiting.flush()
    sink.broken = None
    waiting.flush()
    assert sink.attempts == [["a", "b", "c"], ["a", "b", "c"], ["a", "b", "c"], ["d"]]
    assert sink.items == list("abcd")
    assert [record.message for record in caplog.records] == ["records wait, since they cannot be written: disk full"]


def test_rows_beyond_the_limit_are_dropped_and_counted():
    sink = Sink()
    sink.broken = StorageError("disk full")
    waiting = buffer(sink, keep=4)
    for number in range(10):
        waiting.add(number, rows=1)
    assert waiting.dropped == 6
    sink.broken = None
    waiting.flush()
    assert sink.items == [0, 1, 2, 3]


def test_items_that_cannot_be_written_at_all_are_dropped_and_do_not_block_the_others(caplog):
    sink = Sink()
    sink.broken = RuntimeError("a fault")
    waiting = buffer(sink)
    for item in "abc":
        waiting.add(item, rows=1)
    sink.broken = None
    waiting.add("d", rows=3)
    assert waiting.dropped == 3
    assert sink.items == ["d"]
    assert "dropped: RuntimeError('a fault')" in caplog.text


def test_while_one_thread_writes_the_others_go_on():
    begun, release = threading.Event(), threading.Event()

    def slow(items):
        begun.set()
        assert release.wait(10)
        sink(items)

    sink = Sink()
    waiting = buffer(slow)
    writer = threading.Thread(target=waiting.add, args=("a",), kwargs={"rows": 3})
    writer.start()
    assert begun.wait(10)
    for item in "bcd":
        waiting.add(item, rows=1)  # would hang if it waited for the slow write
    assert sink.items == []
    release.set()
    writer.join()
    waiting.flush()
    assert sink.items == list("abcd")


def test_threads_lose_and_double_nothing():
    sink = Sink()
    waiting = buffer(sink, rows=7, keep=10**6)

    def add(first):
        for number in range(first, first + 500):
            waiting.add(number, rows=1)

    threads = [threading.Thread(target=add, args=(500 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waiting.flush()
    assert sorted(sink.items) == list(range(2000))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 warns where threads run
def test_a_forked_child_begins_with_nothing_waiting():
    sink = Sink()
    waiting = buffer(sink)
    waiting.add("of the parent", rows=1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        waiting.add("of the child", rows=1)
        waiting.flush()
        os.write(writer, repr(sink.items).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100) == b"['of the child']"
    waiting.flush()
    assert sink.items == ["of the parent"]
    os.close(reader)
    os.close(writer)
    del waiting
    gc.collect()
