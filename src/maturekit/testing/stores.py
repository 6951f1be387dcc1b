"""What every `Store` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from maturekit.errors import ArgumentError, ArgumentTypeError, KeyMissingError, KeyTakenError
from maturekit.storage import Store

__all__ = ["STORE_CHECKS"]

_BAD_KEYS = ("", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", "a\\b", "ä", "a\n", "a" * 513)
_LARGE = bytes(range(256)) * 40_000  # more than what a writer keeps in memory, and no multiple of its parts


def check_what_was_put_is_read_back(store: Store) -> None:
    values = {"a/empty": b"", "a/text": b"one\r\n\x00", "b": bytes(range(256)) * 5000}
    for key, data in values.items():
        store.put_new(key, data)
    assert {key: store.get(key) for key in values} == values


def check_a_key_is_created_once(store: Store) -> None:
    store.put_new("a/b", b"one")
    for data in (b"two", b"one"):
        _refuses(KeyTakenError, store.put_new, "a/b", data)
    assert store.get("a/b") == b"one"


def check_what_is_read_belongs_to_the_reader(store: Store) -> None:
    for key, data in {"a/empty": b"", "a/small": b"one", "a/large": _LARGE}.items():
        store.put_new(key, data)
        read, digest = store.read(key)
        assert digest == _digest(data)
        assert read == data
        read[:] = bytes(len(data))  # as a model does that changes its arrays
        assert store.get(key) == data
        assert store.read(key)[1] == digest


def check_a_writer_creates_a_key_with_all_its_parts(store: Store) -> None:
    for key, data in {"a/empty": b"", "a/small": b"one", "a/large": _LARGE}.items():
        for part in (1, 1000, 5_000_000):
            with store.writer("a/") as writer:
                written = sum(writer.write(data[at : at + part]) for at in range(0, min(len(data), 20 * part), part))
                assert written == writer.tell()
                assert writer.finish() == _digest(data[:written])
                assert not store.exists(key)
                writer.put_new(key)
                _refuses(KeyTakenError, writer.put_new, key)
            assert store.get(key) == data[:written]
            store.delete(key)


def check_a_writer_can_bring_back_what_was_deleted(store: Store) -> None:
    for data in (b"one", _LARGE):
        with store.writer() as writer:
            writer.write(data)
            writer.put_new("a/b")
            store.delete("a/b")
            writer.put_new("a/b")
            assert store.get("a/b") == data
            store.delete("a/b")


def check_a_writer_that_is_closed_leaves_nothing(store: Store) -> None:
    store.put_new("a/b", b"one")
    for data in (b"two", _LARGE):
        for finished in (False, True):
            with store.writer("a/") as writer:
                writer.write(data)
                if finished:
                    writer.finish()
                    _refuses(ValueError, writer.write, b"more")
                    _refuses(KeyTakenError, writer.put_new, "a/b")
            _refuses(ValueError, writer.put_new, "a/c")
            assert list(store.list()) == ["a/b"]
    assert store.get("a/b") == b"one"
    assert store.sweep(datetime.now(UTC) + timedelta(days=1)) == 0


def check_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    store.put_new("a/b", b"one")
    for key in ("b", "a", "a/b/c", "a/c"):
        assert not store.exists(key), key
        for call in (store.get, store.read, store.modified, store.renew):
            _refuses(KeyMissingError, call, key)


def check_an_empty_store_lists_nothing(store: Store) -> None:
    assert store.is_empty()
    assert list(store.list()) == list(store.list("a/")) == []
    store.put_new("a", b"")
    assert not store.is_empty()


def check_keys_are_listed_sorted_and_by_prefix(store: Store) -> None:
    keys = ["logs/b/000000000010.json", "logs/b/000000000002.json", "logs/a/1", "logs-2", "root"]
    for key in keys:
        store.put_new(key, b"")
    assert list(store.list()) == sorted(keys)
    assert list(store.list("logs/")) == ["logs/a/1", "logs/b/000000000002.json", "logs/b/000000000010.json"]
    assert list(store.list("logs/b/00000000001")) == ["logs/b/000000000010.json"]
    assert list(store.list("nothing/")) == []


def check_children_are_named_once_and_sorted(store: Store) -> None:
    for key in ("logs/b/2", "logs/b/1", "logs/a/c/1", "logs-2", "root"):
        store.put_new(key, b"")
    assert list(store.children()) == ["logs", "logs-2", "root"]
    assert list(store.children("logs/")) == ["a", "b"]
    assert list(store.children("logs/b/")) == ["1", "2"]
    assert list(store.children("nothing/")) == []
    _refuses(ArgumentError, store.children, "logs")


def check_a_deleted_key_is_gone_and_may_come_again(store: Store) -> None:
    store.put_new("a/b", b"one")
    store.delete("a/b")
    store.delete("a/b")
    assert not store.exists("a/b")
    assert list(store.list()) == []
    store.put_new("a/b", b"two")
    assert store.get("a/b") == b"two"


def check_time_of_a_key_is_now_and_can_be_renewed(store: Store) -> None:
    store.put_new("a", b"one")
    created = store.modified("a")
    assert created.tzinfo == UTC
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=5)  # the clock of a server may be a little off
    store.renew("a")
    assert store.modified("a") >= created
    assert store.get("a") == b"one"


def check_bad_keys_are_refused(store: Store) -> None:
    for key in _BAD_KEYS:
        for call in (store.get, store.read, store.exists, store.delete, store.modified, store.renew):
            _refuses(ArgumentError, call, key)
        _refuses(ArgumentError, store.put_new, key, b"")
        for data in (b"", _LARGE):
            with store.writer() as writer:
                writer.write(data)
                _refuses(ArgumentError, writer.put_new, key)
    for prefix in ("../", "/", "a/../", "."):
        _refuses(ArgumentError, store.list, prefix)
        _refuses(ArgumentError, store.writer, prefix)
    with store.writer("a/") as writer:
        _refuses(ArgumentError, writer.put_new, "b/c")
    assert store.is_empty()


def check_only_bytes_under_texts_are_taken(store: Store) -> None:
    _refuses(ArgumentTypeError, store.put_new, "a", "text")
    _refuses(ArgumentTypeError, store.get, 1)
    assert store.is_empty()


def check_of_many_threads_one_wins_each_key(store: Store) -> None:
    won: list[tuple[str, bytes]] = []
    start = threading.Barrier(8)

    def write(me: bytes) -> None:
        start.wait()
        for number in range(5):
            try:
                store.put_new(f"log/{number}", me * 1000)
            except KeyTakenError:
                continue
            won.append((f"log/{number}", me))

    threads = [threading.Thread(target=write, args=(bytes([65 + me]),)) for me in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for key, _ in won) == [f"log/{number}" for number in range(5)]
    assert all(store.get(key) == me * 1000 for key, me in won)


def check_sweeping_removes_no_key(store: Store) -> None:
    store.put_new("a/b", b"one")
    assert store.sweep(datetime.now(UTC) + timedelta(days=1)) == 0
    assert store.get("a/b") == b"one"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _refuses(error: type[Exception], call: Callable[..., object], *arguments: object) -> None:
    try:
        call(*arguments)
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


STORE_CHECKS: tuple[Callable[[Store], None], ...] = (
    check_what_was_put_is_read_back,
    check_a_key_is_created_once,
    check_what_is_read_belongs_to_the_reader,
    check_a_writer_creates_a_key_with_all_its_parts,
    check_a_writer_can_bring_back_what_was_deleted,
    check_a_writer_that_is_closed_leaves_nothing,
    check_what_is_not_there_is_said_to_be_missing,
    check_an_empty_store_lists_nothing,
    check_keys_are_listed_sorted_and_by_prefix,
    check_children_are_named_once_and_sorted,
    check_a_deleted_key_is_gone_and_may_come_again,
    check_time_of_a_key_is_now_and_can_be_renewed,
    check_bad_keys_are_refused,
    check_only_bytes_under_texts_are_taken,
    check_of_many_threads_one_wins_each_key,
    check_sweeping_removes_no_key,
)
"""Run each on a fresh, empty store."""
