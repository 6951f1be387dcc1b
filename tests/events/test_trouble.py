"""A history whose end is in trouble, and one that is read while its process is forked."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from maturekit.errors import FormatError, IntegrityError, StorageError
from maturekit.events import Draft, EventLog
from maturekit.storage import MemoryStore


@pytest.mark.parametrize("damage", ["newer", "unreadable", "none"])
def test_who_has_written_an_event_hears_of_no_trouble_behind_it(damage):
    """The event is there: an error would be an invitation to write it again."""

    class Followed(MemoryStore):
        def _put_new(self, key, data):
            super()._put_new(key, data)
            if key == log.key(5):
                super()._put_new(log.key(6), {"newer": b'{"format":2}', "unreadable": b"!", "none": b"{}"}[damage])

        def _get(self, key):
            if damage == "unreadable" and key == log.key(6):
                raise StorageError("could not read")
            return super()._get(key)

    log = EventLog(Followed(), "model/late")
    for _ in range(4):
        log.append(Draft("note"))
    assert log.append(Draft("note")).number == 5
    with pytest.raises((FormatError, IntegrityError, StorageError)):
        log.head()


def test_a_history_that_cannot_be_read_on_is_asked_again_and_again_at_no_cost():
    log = EventLog(MemoryStore(), "model/late")
    for _ in range(9):
        log.append(Draft("note"))
    reader = EventLog(log.store, log.name)
    reader.head()
    log.append(Draft("note"))
    log.store.put_new(log.key(11), b"{}")
    for _ in range(3):
        with pytest.raises(IntegrityError):
            reader.head()
    assert len(reader._owed) == 1


def test_a_forked_child_reads_although_a_thread_of_its_parent_was_reading(tmp_path):
    code = """
        import os, signal, sys, threading
        from maturekit.events import Draft, EventLog
        from maturekit.storage import LocalStore

        class Slow(LocalStore):
            def _get(self, key):
                if threading.current_thread() is not threading.main_thread():
                    reading.set()
                    done.wait(20)
                return super()._get(key)

        reading, done = threading.Event(), threading.Event()
        EventLog(LocalStore(sys.argv[1]), "model/late").append(Draft("note"))
        log = EventLog(Slow(sys.argv[1]), "model/late")
        thread = threading.Thread(target=log.head)
        thread.start()
        reading.wait(20)
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            os._exit(log.append(Draft("note")).number)
        _, status = os.waitpid(child, 0)
        done.set()
        thread.join()
        print(status, log.head().number)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == [str(2 << 8), "2"], done.stderr


@pytest.mark.parametrize(
    "error", [StorageError("could not read: Input/output error"), IntegrityError("a damaged copy")]
)
def test_heads_and_packs_that_cannot_be_read_are_done_without(error, caplog):
    class Scratched(MemoryStore):
        def _get(self, key):
            if key.endswith((".head.json", ".pack.jsonl")):
                raise error
            return super()._get(key)

    log = EventLog(Scratched(), "model/late")
    for number in range(102):
        log.append(Draft("note", body={"number": number}))
    reader = EventLog(log.store, log.name)
    assert reader.head().number == 102
    assert [event.body["number"] for event in reader.events()] == list(range(102))
    assert reader.append(Draft("note")).number == 103
    assert error.message in caplog.text
