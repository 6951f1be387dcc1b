"""A folder as a store: whole or not at all, under crashes, full disks, other writers and other users."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maturekit.errors import KeyMissingError, KeyTakenError, StorageError
from maturekit.storage import LocalStore, open_store

KILLED = Path(__file__).with_name("killed.py")


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def leftovers(store):
    return [path for path in store.root.rglob("*") if path.name.startswith(".unfinished-")]


def test_opening_and_reading_create_nothing(store):
    assert list(store.list()) == []
    assert not store.exists("a")
    with pytest.raises(KeyMissingError, match="nothing is stored under 'a'"):
        store.get("a")
    assert not store.root.exists()


@pytest.mark.parametrize("what", ["store", "writer"])
def test_a_writer_killed_at_any_line_leaves_the_value_whole_or_absent(tmp_path, what):
    done = subprocess.run([sys.executable, KILLED, tmp_path, what], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40


def test_what_a_killed_writer_left_is_swept_and_nothing_else(store):
    store.put_new("a/b", b"one")
    unfinished = store.root / "a/.unfinished-0123"
    unfinished.write_bytes(b"half")
    assert list(store.list()) == ["a/b"]
    assert store.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0
    os.utime(unfinished, (0, 0))
    assert store.sweep(datetime.now(UTC) - timedelta(hours=1)) == 1
    assert leftovers(store) == []
    assert store.get("a/b") == b"one"


def test_eight_processes_claim_numbers_and_each_is_won_once(tmp_path, interpreter):
    code = """
    import os, sys
    from maturekit.errors import KeyTakenError
    from maturekit.storage import LocalStore
    children = []
    for me in range(8):
        child = os.fork()
        if child == 0:
            won = 0
            store = LocalStore(sys.argv[1])
            for number in range(200):
                try:
                    store.put_new(f"log/{number:03d}", bytes([me]) * 100)
                    won += 1
                except KeyTakenError:
                    assert len(store.get(f"log/{number:03d}")) == 100
            os._exit(won)
        children.append(child)
    print(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
    """
    done = interpreter(code, tmp_path / "store")
    assert done.stdout.strip() == "200", done.stderr
    store = LocalStore(tmp_path / "store")
    assert [len(set(store.get(key))) for key in store.list()] == [1] * 200
    assert leftovers(store) == []


def test_a_file_that_outgrows_its_limit_leaves_nothing(tmp_path, interpreter):
    code = """
    import resource, sys
    from maturekit.errors import StorageError
    from maturekit.storage import LocalStore
    store = LocalStore(sys.argv[1])
    store.put_new("a/small", b"x" * 1000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        store.put_new("a/large", b"x" * 5_000_000)
    except StorageError as error:
        print(error)
    store.put_new("a/other", b"y")
    """
    done = interpreter(code, tmp_path / "store")
    assert "could not write 'a/large'" in done.stdout, done.stderr
    assert "File too large" in done.stdout
    store = LocalStore(tmp_path / "store")
    assert list(store.list()) == ["a/other", "a/small"]
    assert leftovers(store) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failed_flush_throws_the_file_away_and_is_not_tried_again(store, monkeypatch, code):
    store.put_new("a/first", b"one")
    calls = []

    def fail(descriptor):
        calls.append(descriptor)
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match=os.strerror(code)):
            store.put_new("a/b", b"two")
    assert len(calls) == 1
    assert list(store.list()) == ["a/first"]
    assert leftovers(store) == []
    store.put_new("a/b", b"two")


def test_a_value_is_taken_only_when_its_name_is_durable_too(store, monkeypatch):
    """Whoever builds on another writer's value must find it after a power cut."""
    store.put_new("a/b", b"one")
    flushed = set()
    real = os.fsync

    def note(descriptor):
        flushed.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    with pytest.raises(KeyTakenError):
        LocalStore(store.root).put_new("a/b", b"two")
    assert (store.root / "a").stat().st_ino in flushed  # the file in its folder
    assert store.root.stat().st_ino in flushed  # the folder in its own


def test_a_link_whose_reply_was_lost_counts_as_ours(store, monkeypatch):
    real = os.link

    def lost(source, target):
        real(source, target)
        raise FileExistsError(errno.EEXIST, "File exists")

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", lost)
        store.put_new("a/b", b"one")
    assert store.get("a/b") == b"one"


def test_a_link_that_another_writer_got_first_is_not_ours(store, monkeypatch):
    def beaten(source, target):
        Path(target).write_bytes(b"other")
        raise FileExistsError(errno.EEXIST, "File exists")

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", beaten)
        with pytest.raises(KeyTakenError):
            store.put_new("a/b", b"one")
    assert store.get("a/b") == b"other"
    assert leftovers(store) == []


def test_a_file_system_without_links_is_named(store, monkeypatch):
    def refuse(source, target):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StorageError, match="no hard links"):
        store.put_new("a/b", b"one")
    assert list(store.list()) == []


def test_another_user_without_rights_gets_clear_errors_and_changes_nothing(interpreter):
    code = """
    import os, sys, tempfile
    from pathlib import Path
    from maturekit.errors import StorageError
    from maturekit.storage import LocalStore
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        store = LocalStore(Path(top) / "store")
        store.put_new("open/a", b"one")
        store.put_new("closed/b", b"two")
        os.chmod(Path(top) / "store/closed", 0o700)
        for path in (Path(top) / "store", Path(top) / "store/open"):
            os.chmod(path, 0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        other = LocalStore(Path(top) / "store")
        assert other.get("open/a") == b"one"
        calls = {
            "put": lambda: other.put_new("open/c", b"three"),
            "put in a new folder": lambda: other.put_new("new/c", b"three"),
            "delete": lambda: other.delete("open/a"),
        }
        if os.getuid() == 0:  # else the folder is our own
            calls |= {
                "read": lambda: other.get("closed/b"),
                "list": lambda: list(other.list()),
                "look": lambda: other.exists("closed/b"),
                "renew": lambda: other.renew("open/a"),
            }
        for name, call in calls.items():
            try:
                call()
            except StorageError as error:
                assert "ermi" in str(error), error
                continue
            raise AssertionError(name)
        os.seteuid(os.getuid())
        for path in (Path(top) / "store", Path(top) / "store/open"):
            os.chmod(path, 0o755)
        assert list(store.list()) == ["closed/b", "open/a"]
    """
    done = interpreter(code)
    assert done.returncode == 0, done.stderr


def test_a_file_where_a_folder_is_needed_is_named(tmp_path):
    (tmp_path / "file").write_text("a letter")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        LocalStore(tmp_path / "file").put_new("a/b", b"one")
    store = LocalStore(tmp_path / "store")
    store.put_new("a", b"one")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        store.put_new("a/b", b"two")


def test_hidden_files_and_folders_are_not_listed(store):
    store.put_new("a", b"one")
    (store.root / ".git").mkdir()
    (store.root / ".git/config").write_text("[core]")
    (store.root / ".DS_Store").write_text("")
    assert list(store.list()) == ["a"]


def test_a_folder_removed_while_the_store_is_open_comes_again(store):
    import shutil

    store.put_new("a/b", b"one")
    shutil.rmtree(store.root)
    store.put_new("a/b", b"two")
    assert store.get("a/b") == b"two"


def test_a_store_can_be_pickled(store):
    store.put_new("a", b"one")
    assert pickle.loads(pickle.dumps(store)).get("a") == b"one"


def test_a_place_is_a_folder_or_a_store(tmp_path):
    assert open_store(str(tmp_path)).root == open_store(tmp_path).root
    with pytest.raises(TypeError, match="a place is a folder or a Store, got int"):
        open_store(3)
    with pytest.raises(ValueError, match="the place is empty"):
        open_store("")
