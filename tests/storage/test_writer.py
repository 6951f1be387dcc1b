"""Large values: written part by part under no name, read into memory of one's own, hashed on the way."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import threading
import time
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from maturekit._core import hashing
from maturekit._core.hashing import AHEAD, LARGE, PART, Digester
from maturekit.errors import KeyTakenError, StorageError
from maturekit.storage import LocalStore, MemoryStore

BIG = bytes(range(256)) * (3 * LARGE // 256) + b"end"


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def unfinished(store):
    return [path for path in store.root.rglob("*") if path.name.startswith(".unfinished-")]


@pytest.mark.parametrize("part", [1000, LARGE - 1, LARGE, LARGE + 1, len(BIG)])
def test_the_digest_does_not_depend_on_the_parts(part):
    digester = Digester()
    for at in range(0, len(BIG), part):
        digester.update(BIG[at : at + part])
    assert digester.digest() == f"sha256:{hashlib.sha256(BIG).hexdigest()}"


class SlowSha:
    """A SHA-256 that is always behind, so that what is changed too early shows."""

    def __init__(self):
        self.real = hashlib.sha256()

    def update(self, part):
        time.sleep(0.005)
        self.real.update(part)

    def hexdigest(self):
        return self.real.hexdigest()


def changing(size):
    """Return numbers that do not repeat from one part of a writer to the next."""
    return np.arange(size // 8, dtype=np.int64)


@pytest.mark.parametrize("step", [100_000, PART - 8, PART, PART + 8, 2 * LARGE + 8])
def test_memory_is_used_again_only_when_it_has_been_hashed(store, monkeypatch, step):
    numbers = changing(12 * LARGE)
    data = numbers.tobytes()
    monkeypatch.setattr(hashing, "hashlib", SimpleNamespace(sha256=SlowSha))
    with store.writer() as writer:
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
        digest = writer.finish()
        writer.put_new("a")
    monkeypatch.undo()
    assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert store.get("a") == data


def test_what_was_written_may_be_changed_afterwards(store):
    numbers = changing(3 * LARGE)
    whole = numbers.tobytes()
    with store.writer() as writer:
        assert writer.write(numbers) == len(whole)
        numbers[:] = 0
        assert writer.write(numbers[:0]) == 0
        digest = writer.finish()
        writer.put_new("a")
    assert digest == f"sha256:{hashlib.sha256(whole).hexdigest()}"
    assert store.get("a") == whole


def test_a_writer_holds_a_few_parts_however_much_is_written(store):
    part = bytes(10**6)
    tracemalloc.start()
    try:
        with store.writer() as writer:
            for _ in range(64):
                writer.write(part)
            writer.finish()
            assert writer.tell() == 64 * 10**6
            assert tracemalloc.get_traced_memory()[1] < 2 * LARGE + (AHEAD + 2) * PART
    finally:
        tracemalloc.stop()


def test_a_system_that_takes_no_hint_stores_all_the_same(store, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "posix_fadvise", refuse, raising=False)
    with store.writer() as writer:
        writer.write(BIG)
        writer.put_new("a")
    monkeypatch.delattr(os, "posix_fadvise")
    with store.writer() as writer:
        writer.write(BIG)
        writer.put_new("b")
    assert store.get("a") == store.get("b") == BIG


def test_a_process_that_may_start_no_thread_hashes_all_the_same(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    digester = Digester()
    for part in (b"a", BIG, b"b", BIG, b"c"):
        digester.update(part)
    assert digester.digest() == f"sha256:{hashlib.sha256(b'a' + BIG + b'b' + BIG + b'c').hexdigest()}"


def test_a_digester_that_is_forgotten_leaves_no_thread():
    before = set(threading.enumerate())
    digester = Digester()
    digester.update(BIG)
    (thread,) = (one for one in set(threading.enumerate()) - before if one.name.startswith("ThreadPoolExecutor"))
    del digester
    gc.collect()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_small_value_touches_nothing_before_it_has_a_key(store):
    with store.writer("a/") as writer:
        writer.write(b"one")
        writer.finish()
        assert not store.root.exists()
        writer.put_new("a/b")
    assert store.get("a/b") == b"one"


def test_a_large_value_is_hidden_until_it_has_a_key_and_is_written_once(store):
    with store.writer("a/") as writer:
        writer.write(BIG)
        assert [path.parent.name for path in unfinished(store)] == ["a"]
        assert list(store.list()) == []
        assert store.is_empty()
        inode = unfinished(store)[0].stat().st_ino
        writer.put_new("a/b/c")
        assert (store.root / "a/b/c").stat().st_ino == inode
    assert unfinished(store) == []
    assert store.get("a/b/c") == BIG


def test_a_writer_that_is_forgotten_leaves_nothing(store):
    writer = store.writer()
    writer.write(BIG)
    assert unfinished(store)
    del writer
    gc.collect()
    assert unfinished(store) == []


def test_a_file_that_failed_is_thrown_away_and_cannot_be_finished(tmp_path, interpreter):
    code = """
    import resource, sys
    from maturekit.errors import StorageError
    from maturekit.storage import LocalStore
    store = LocalStore(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))
    writer = store.writer()
    writer.write(b"x" * 5_000_000)
    try:
        writer.write(b"x" * 5_000_000)
    except StorageError as error:
        print(error)
    for call in (lambda: writer.write(b"y"), lambda: writer.finish(), lambda: writer.put_new("a")):
        try:
            call()
        except ValueError:
            continue
        raise AssertionError("a file with a hole was finished")
    """
    done = interpreter(code, tmp_path / "store")
    assert done.returncode == 0, done.stderr
    assert "File too large" in done.stdout
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failed_flush_of_a_large_value_is_not_tried_again(store, monkeypatch, code):
    calls = []
    writer = store.writer()
    writer.write(BIG)

    def fail(descriptor):
        calls.append(descriptor)
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match=os.strerror(code)):
            writer.finish()
        with pytest.raises(ValueError, match="closed"):
            writer.put_new("a")
    assert len(calls) == 1
    assert unfinished(store) == []
    assert list(store.list()) == []


def test_a_large_value_is_on_the_disk_before_it_has_a_name(store, monkeypatch):
    flushed, named = [], []
    fsync, link = os.fsync, os.link

    def note(descriptor):
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def check(source, target):
        named.append(source.stat().st_ino in flushed)
        link(source, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "link", check)
    with store.writer() as writer:
        writer.write(BIG)
        writer.put_new("a/b")
    assert named == [True]
    assert (store.root / "a").stat().st_ino in flushed


def test_a_link_whose_reply_was_lost_counts_as_ours_each_time(store, monkeypatch):
    real = os.link

    def lost(source, target):
        real(source, target)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", lost)
    with store.writer() as writer:
        writer.write(BIG)
        writer.put_new("a")
        store.delete("a")
        writer.put_new("a")
        assert store.get("a") == BIG


def test_a_link_that_another_writer_got_first_is_not_ours_even_if_an_earlier_one_was(store, monkeypatch):
    def beaten(source, target):
        target.write_bytes(b"other")
        raise FileExistsError(errno.EEXIST, "File exists")

    with store.writer() as writer:
        writer.write(BIG)
        writer.put_new("a")
        with monkeypatch.context() as patched:
            patched.setattr(os, "link", beaten)
            with pytest.raises(KeyTakenError):
                writer.put_new("b")
    assert store.get("b") == b"other"


def test_of_many_large_writers_one_wins(store):
    won = []
    start = threading.Barrier(4)

    def write(me):
        with store.writer() as writer:
            writer.write(me * LARGE)
            start.wait()
            try:
                writer.put_new("a")
            except KeyTakenError:
                return
            won.append(me)

    threads = [threading.Thread(target=write, args=(bytes([65 + me]),)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.get("a") == won[0] * LARGE
    assert unfinished(store) == []


def test_a_writer_takes_bytes_only():
    with MemoryStore().writer() as writer:
        for wrong in (5, "text", None):
            with pytest.raises(TypeError):
                writer.write(wrong)
        assert writer.write(bytearray(b"ab")) + writer.write(memoryview(b"cd")) == 4


def test_what_a_forked_child_changes_in_what_it_read_stays_its_own(store, interpreter):
    store.put_new("a", BIG)
    code = """
    import os, sys
    from maturekit.storage import LocalStore
    read, _ = LocalStore(sys.argv[1]).read("a")
    kept = bytes(read)
    child = os.fork()
    if child == 0:
        read[:] = bytes(len(read))
        os._exit(0)
    os.waitpid(child, 0)
    assert read == kept
    """
    done = interpreter(code, store.root)
    assert done.returncode == 0, done.stderr
