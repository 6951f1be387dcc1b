"""A folder on a network share: replies are lost, and what other machines wrote shows late, but nothing is lost."""

from __future__ import annotations

import errno
import os

import pytest

from maturekit.errors import KeyMissingError, KeyTakenError, StorageError
from maturekit.events import Draft, EventLog
from maturekit.storage import LocalStore


class Share(LocalStore):
    """A client that does not see some keys the first few times it looks, and whose listings are old."""

    def __init__(self, root):
        super().__init__(root)
        self.late = {}  # key: how many looks it will miss
        self.unlisted = set()

    def _exists(self, key):
        return not self._is_late(key) and super()._exists(key)

    def _get(self, key):
        if self._is_late(key):
            raise KeyMissingError(f"nothing is stored under {key!r}")
        return super()._get(key)

    def _list(self, prefix):
        return (key for key in super()._list(prefix) if key not in self.unlisted)

    def _children(self, prefix):
        return (name for name in super()._children(prefix) if f"{prefix}{name}" not in self.unlisted)

    def _is_late(self, key):
        self.late[key] = self.late.get(key, 0) - 1
        return self.late[key] >= 0


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


@pytest.fixture
def share(tmp_path):
    return Share(tmp_path / "store")


def names(store):
    return [path.name for path in (store.root / "a").iterdir()]


def failing_after(real, error, *, done):
    """Return a stand-in for a call whose reply is an error, after the server has done it or not."""

    def call(*arguments, **more):
        if done:
            real(*arguments, **more)
        raise error

    return call


def test_a_link_that_was_made_although_the_reply_says_it_was_there_is_ours(store, monkeypatch):
    taken = FileExistsError(errno.EEXIST, "File exists")
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", failing_after(os.link, taken, done=True))  # the repeated request met the first one
        store.put_new("a/b", b"one")
    assert store.get("a/b") == b"one"
    assert names(store) == ["b"]
    with pytest.raises(KeyTakenError):
        store.put_new("a/b", b"one")


def test_a_link_that_was_not_made_because_the_name_was_there_is_not_ours(store, monkeypatch):
    store.put_new("a/b", b"theirs")
    monkeypatch.setattr("pathlib.Path.exists", lambda path: False)  # this client has not seen the name yet
    with pytest.raises(KeyTakenError):
        store.put_new("a/b", b"ours")
    assert store.get("a/b") == b"theirs"
    assert names(store) == ["b"]


@pytest.mark.parametrize("code", [errno.EIO, errno.ETIMEDOUT])
@pytest.mark.parametrize("done", [True, False])
def test_a_link_without_any_reply_leaves_the_value_whole_or_absent(store, monkeypatch, code, done):
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", failing_after(os.link, OSError(code, os.strerror(code)), done=done))
        try:
            store.put_new("a/b", b"one")
            assert done
        except StorageError as error:
            assert os.strerror(code) in str(error)  # with the reply lost, either outcome is right
    assert store.exists("a/b") == done
    if done:
        assert store.get("a/b") == b"one"
    assert names(store) == ["b"] * done


def test_a_folder_that_another_machine_makes_at_the_same_time_is_used(store, monkeypatch):
    real = os.mkdir

    def beaten(path, *arguments, **more):
        real(path, *arguments, **more)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "mkdir", beaten)
    store.put_new("a/b/c", b"one")
    assert store.get("a/b/c") == b"one"


def test_files_that_a_share_keeps_for_those_who_still_read_are_no_keys(store):
    store.put_new("a/b", b"one")
    (store.root / "a/.nfs00000001").write_bytes(b"removed and still open elsewhere")
    assert list(store.list()) == ["a/b"]
    assert list(store.children("a/")) == ["b"]


def test_a_writer_who_cannot_see_the_newest_event_yet_comes_behind_it(store, share):
    here, there = EventLog(store, "model/late"), EventLog(share, "model/late")
    here.append(Draft("version", actor="ada"))
    there.head()
    share.late[here.key(2)] = 5
    here.append(Draft("alias", actor="ada"))
    assert there.append(Draft("alias", actor="bob")).number == 3
    assert [event.actor for event in here.events()] == ["ada", "ada", "bob"]


def test_an_event_that_shows_late_is_late_and_not_lost(store, share):
    here, there = EventLog(store, "model/late"), EventLog(share, "model/late")
    here.append(Draft("version", actor="ada"))
    there.head()
    share.late[here.key(2)] = 2
    for _ in range(2):
        here.append(Draft("alias", actor="ada"))
    assert [there.head().number for _ in range(3)] == [1, 1, 3]


def test_a_listing_that_misses_what_is_new_hides_nothing(store, share):
    here = EventLog(store, "model/late")
    for _ in range(12):
        here.append(Draft("version", actor="ada"))
    share.unlisted = {here.key(number) for number in (2, 11, 12)} | {here.heads.key(10)}
    there = EventLog(share, "model/late")
    assert there.head().number == 12
    assert len(there.events()) == 12
    assert there.append(Draft("version", actor="bob")).number == 13


def test_an_event_that_shows_after_a_later_one_is_no_gap(store, share):
    here = EventLog(store, "model/late")
    for _ in range(3):
        here.append(Draft("version", actor="ada"))
    share.late[here.key(1)] = 1
    assert EventLog(share, "model/late").head().number == 3
