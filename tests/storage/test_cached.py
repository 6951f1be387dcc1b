"""Copies in a folder: never asked twice, never trusted when damaged, enough to start without the server."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap

import pytest

from maturekit.errors import (
    ArgumentError,
    ForeignFolderError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
    StorageError,
)
from maturekit.storage import CachedStore, LocalStore, MemoryStore
from maturekit.testing.stores import STORE_CHECKS

KEY = "logs/model/late/events/000000000001.json"


class Counted(MemoryStore):
    """Remembers what it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def _get(self, key):
        self.asked.append(f"get {key}")
        return super()._get(key)

    def _exists(self, key):
        self.asked.append(f"exists {key}")
        return super()._exists(key)


@pytest.fixture
def behind():
    return Counted()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
def test_a_cache_in_front_of_a_bucket_keeps_the_contract_of_stores(store, folder, check):
    check(CachedStore(store, folder))


def test_a_value_is_asked_for_once_also_by_other_objects(behind, folder):
    behind.put_new(KEY, b"one")
    for _ in range(3):
        assert CachedStore(behind, folder).get(KEY) == b"one"
        assert bytes(CachedStore(behind, folder).read(KEY)[0]) == b"one"
    assert behind.asked == [f"get {KEY}"]


def test_what_was_written_here_needs_no_asking(behind, folder):
    CachedStore(behind, folder).put_new(KEY, b"one")
    assert CachedStore(behind, folder).get(KEY) == b"one"
    assert behind.asked == []


def test_absence_is_asked_for_again_and_again(behind, folder):
    store = CachedStore(behind, folder)
    for _ in range(2):
        assert not store.exists(KEY)
        with pytest.raises(KeyMissingError):
            store.get(KEY)
    assert len(behind.asked) == 4
    behind.put_new(KEY, b"one")
    assert store.exists(KEY)
    assert store.get(KEY) == b"one"


def test_a_value_that_was_refused_is_not_kept(behind, folder):
    store = CachedStore(behind, folder)
    behind.put_new(KEY, b"theirs")
    with pytest.raises(KeyTakenError):
        store.put_new(KEY, b"ours")
    assert store.get(KEY) == b"theirs"


def test_deleting_reaches_the_store_and_the_copy(behind, folder):
    store = CachedStore(behind, folder)
    store.put_new(KEY, b"one")
    store.delete(KEY)
    assert not behind.exists(KEY)
    with pytest.raises(KeyMissingError):
        store.get(KEY)
    with pytest.raises(KeyMissingError):
        CachedStore(behind, folder, offline=True).get(KEY)


def empty(store):
    for key in list(store.list()):
        store.delete(key)


@pytest.mark.parametrize("made_through_the_cache", [True, False])
def test_a_registry_made_anew_in_the_same_place_is_not_mixed_with_the_old_one(behind, folder, made_through_the_cache):
    store = CachedStore(behind, folder)
    for key in ("registry.json", KEY, "a/b"):
        store.put_new(key, b"old")
    empty(behind)
    maker = store if made_through_the_cache else behind
    for key in ("registry.json", KEY, "a/b"):
        maker.put_new(key, b"new")
    assert [store.get(key) for key in ("registry.json", KEY, "a/b")] == [b"new"] * 3


def test_a_share_that_is_not_mounted_costs_no_copy(behind, folder):
    store = CachedStore(behind, folder)
    for key in ("registry.json", KEY):
        store.put_new(key, b"one")
    empty(behind)
    with pytest.raises(KeyMissingError):
        store.get("registry.json")
    offline = CachedStore(behind, folder, offline=True)
    assert [offline.get(key) for key in ("registry.json", KEY)] == [b"one"] * 2


@pytest.mark.parametrize("bit", [0, 300, 519, 520, 525, 543])
def test_a_flipped_bit_is_noticed_and_the_value_read_again(behind, folder, bit):
    store = CachedStore(behind, folder)
    store.put_new(KEY, b"one")
    path = folder / "values" / KEY
    damaged = bytearray(path.read_bytes())
    damaged[bit // 8] ^= 1 << bit % 8
    path.write_bytes(damaged)
    with pytest.raises(IntegrityError, match=r"the copy of .* is damaged"):
        CachedStore(behind, folder, offline=True).get(KEY)
    assert store.get(KEY) == b"one"
    assert behind.asked == [f"get {KEY}"]
    assert CachedStore(behind, folder, offline=True).get(KEY) == b"one"


@pytest.mark.parametrize("content", [b"", b"short", b"0" * 64 + b"\n"])
def test_what_is_no_copy_at_all_is_noticed(behind, folder, content):
    store = CachedStore(behind, folder)
    store.put_new(KEY, b"")
    (folder / "values" / KEY).write_bytes(content)
    assert store.get(KEY) == b""
    assert behind.asked == [f"get {KEY}"]


def test_a_copy_moved_to_another_key_is_noticed(behind, folder):
    store = CachedStore(behind, folder)
    for key, data in {"a/one": b"1", "a/two": b"2"}.items():
        store.put_new(key, data)
    (folder / "values/a/one").replace(folder / "values/a/two")
    assert store.get("a/two") == b"2"


def used(folder):
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in (folder / "values").rglob("*") if path.is_file())


def test_the_copies_stay_within_their_room_and_the_oldest_go_first(behind, folder):
    store = CachedStore(behind, folder, max_bytes=2**20)
    for number in range(30):
        store.put_new(f"a/{number:02d}", b"x" * 100_000)
        os.utime(folder / f"values/a/{number:02d}", (number, number))
        assert used(folder) <= 2**20
    there = list(CachedStore(behind, folder, offline=True).list())
    assert there == [f"a/{number:02d}" for number in range(30 - len(there), 30)]
    assert len(there) >= 8


def test_reading_makes_a_copy_young_again(behind, folder):
    store = CachedStore(behind, folder, max_bytes=2**20)
    for name in "ab":
        store.put_new(f"x/{name}", b"x" * 300_000)
        os.utime(folder / f"values/x/{name}", (1000, 1000))
    store.get("x/a")
    store.put_new("x/c", b"x" * 500_000)
    assert list(CachedStore(behind, folder, offline=True).list()) == ["x/a", "x/c"]


def test_histories_stay_when_large_values_go(behind, folder):
    store = CachedStore(behind, folder, max_bytes=2**20)
    for number in range(20):
        store.put_new(f"logs/{number:02d}.json", b"an event")
    for number in range(30):
        store.put_new(f"blobs/{number:02d}", b"x" * 200_000)
    assert len(list(CachedStore(behind, folder, offline=True).list("logs/"))) == 20


def test_what_is_larger_than_all_the_room_is_not_kept(behind, folder):
    store = CachedStore(behind, folder, max_bytes=100_000)
    store.put_new("a/b", b"x" * 100_000)
    assert store.get("a/b") == b"x" * 100_000
    assert behind.asked == ["get a/b"]


def test_a_folder_that_cannot_be_written_makes_nothing_fail(behind, folder, monkeypatch, caplog):
    def full(self, key, data):
        raise StorageError("could not write: No space left on device")

    monkeypatch.setattr(LocalStore, "_put_new", full)
    store = CachedStore(behind, folder)
    for key in ("a/b", "a/c"):
        store.put_new(key, b"one")
        assert store.get(key) == b"one"
    assert [record.message for record in caplog.records] == [
        f"nothing is kept in {folder}: could not write: No space left on device"
    ]


def test_many_processes_share_a_folder(tmp_path):
    behind = LocalStore(tmp_path / "store")
    values = {f"a/{number}": bytes([number]) * 50_000 for number in range(40)}
    for key, data in values.items():
        behind.put_new(key, data)
    code = """
    import random, sys
    from maturekit.storage import CachedStore, LocalStore
    store = CachedStore(LocalStore(sys.argv[1]), sys.argv[2], max_bytes=1_000_000)
    numbers = random.Random(sys.argv[3])
    for _ in range(100):
        number = numbers.randrange(40)
        assert store.get(f"a/{number}") == bytes([number]) * 50_000
    """
    script = [sys.executable, "-c", textwrap.dedent(code), behind.root, tmp_path / "cache"]
    readers = [subprocess.Popen([*script, str(me)]) for me in range(3)]
    assert [reader.wait() for reader in readers] == [0, 0, 0]
    assert used(tmp_path / "cache") <= 1_000_000 * (1 + 2 / 16)


def test_a_folder_with_something_else_is_refused_before_anything_is_written(behind, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    store = CachedStore(behind, tmp_path)
    for call in (lambda: store.get(KEY), lambda: store.put_new(KEY, b"one")):
        with pytest.raises(ForeignFolderError, match="holds files that are not of a cache"):
            call()
    assert behind.is_empty()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_of_another_store_is_refused(tmp_path):
    one, two = LocalStore(tmp_path / "one"), LocalStore(tmp_path / "two")
    CachedStore(one, tmp_path / "cache").put_new(KEY, b"one")
    for offline in (False, True):
        with pytest.raises(ForeignFolderError, match=r"is no cache of .*two, but of .*one"):
            CachedStore(two, tmp_path / "cache", offline=offline).get(KEY)
    assert CachedStore(CachedStore(one, tmp_path / "far"), tmp_path / "near").get(KEY) == b"one"


def test_buckets_of_one_name_on_two_servers_are_two_stores(server, folder):
    store = server.store()
    CachedStore(store, folder).put_new(KEY, b"one")
    other = server.store(options={**store.options, "endpoint": "http://elsewhere:9000"})
    with pytest.raises(
        ForeignFolderError, match="s3://bucket/models at http://elsewhere:9000, but of s3://bucket/models"
    ):
        CachedStore(other, folder, offline=True).get(KEY)


def test_a_cleared_cache_is_empty_and_usable(behind, folder):
    store = CachedStore(behind, folder)
    store.put_new(KEY, b"one")
    store.clear()
    assert list(CachedStore(behind, folder, offline=True).list()) == []
    assert store.get(KEY) == b"one"
    assert list(CachedStore(behind, folder, offline=True).list()) == [KEY]


# Offline.


def test_offline_nothing_is_asked_and_nothing_changes(behind, folder):
    CachedStore(behind, folder).put_new("a/b", b"one")
    behind.put_new("a/c", b"never read here")
    store = CachedStore(behind, folder, offline=True)
    assert store.get("a/b") == bytes(store.read("a/b")[0]) == b"one"
    assert store.exists("a/b")
    assert not store.exists("a/c")
    assert list(store.list()) == ["a/b"]
    assert list(store.children("a/")) == ["b"]
    assert not store.is_empty()
    with pytest.raises(KeyMissingError, match=r"there is no copy of 'a/c' in .*, and Counted is offline"):
        store.get("a/c")
    for call in (
        lambda: store.put_new("a/d", b"two"),
        lambda: store.delete("a/b"),
        lambda: store.renew("a/b"),
        lambda: store.modified("a/b"),
    ):
        with pytest.raises(StorageError, match="Counted is offline"):
            call()
    assert behind.asked == []
    assert list(behind.list()) == ["a/b", "a/c"]


def test_offline_a_folder_that_is_not_there_is_empty_and_stays_away(behind, folder):
    store = CachedStore(behind, folder, offline=True)
    assert store.is_empty()
    with pytest.raises(KeyMissingError):
        store.get(KEY)
    assert not folder.exists()


def test_a_cache_can_be_pickled(tmp_path):
    store = CachedStore(LocalStore(tmp_path / "store"), tmp_path / "cache")
    store.put_new(KEY, b"one")
    assert pickle.loads(pickle.dumps(store)).get(KEY) == b"one"


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(TypeError, match="a cache stands in front of a Store, got str"):
        CachedStore("s3://bucket", tmp_path)
    for wrong in (0, -1, 1.5):
        with pytest.raises(ArgumentError, match="max_bytes must be a whole number of bytes, more than 0"):
            CachedStore(MemoryStore(), tmp_path, max_bytes=wrong)
