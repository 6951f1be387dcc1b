"""The one contract of every store."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Self, final

from maturekit._core.clock import as_utc
from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["Store"]

_KEY = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*")


class Store(ABC):
    """Bytes under keys; a key is created exactly once or not at all.

    A key is a relative path of letters, digits and ``. _ = -``, its parts separated by ``/`` and none beginning with
    a dot. Write a store by defining the hooks `_put_new`, `_get`, `_list`, `_delete`, `_exists`, `_modified` and
    `_renew` (and `_sweep`, where crashed writers leave something, and `_children`, where folders are cheaper to read); the public methods check keys and word the
    errors, so that every store behaves alike.

    Every store must be safe for several threads and processes at once: of many writers of one key exactly one wins,
    and no reader ever sees part of a value. Key by key, a store never changes a value: it is created, and perhaps
    one day deleted.

    Examples
    --------
    A store of one's own is seven short methods; `maturekit.testing` has its contract as `STORE_CHECKS`. What is
    built on stores takes any of them:

    >>> from maturekit.storage import MemoryStore
    >>> store = MemoryStore()
    >>> store.put_new("a/b", b"one")
    >>> store.exists("a/b"), store.get("a/b"), list(store.list())
    (True, b'one', ['a/b'])
    """

    @abstractmethod
    def _put_new(self, key: str, data: bytes) -> None:
        """Create `key`, whole and durable, or raise `KeyTakenError`."""

    @abstractmethod
    def _get(self, key: str) -> bytes:
        """Return the bytes of `key`, or raise `KeyMissingError`."""

    @abstractmethod
    def _list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in any order."""

    @abstractmethod
    def _delete(self, key: str) -> None:
        """Remove `key` if it is there."""

    @abstractmethod
    def _exists(self, key: str) -> bool:
        """Whether `key` is there."""

    @abstractmethod
    def _modified(self, key: str) -> datetime:
        """When `key` was created or renewed, in UTC; or raise `KeyMissingError`."""

    @abstractmethod
    def _renew(self, key: str) -> None:
        """Make `_modified` return now; or raise `KeyMissingError`."""

    def _children(self, prefix: str) -> Iterator[str]:
        """Yield what stands directly below `prefix`, once each, in any order; a store with folders knows a faster way."""
        yield from {key[len(prefix) :].split("/")[0] for key in self._list(prefix)}

    def _sweep(self, before: datetime) -> int:  # noqa: ARG002  # a store whose writers leave nothing has no use for it
        """Remove what writers that crashed before `before` left; return how many pieces."""
        return 0

    @classmethod
    @abstractmethod
    def examples(cls) -> Iterator[Self]:
        """Yield empty stores of this class, for the contract suite `maturekit.testing.STORE_CHECKS`."""

    @final
    def put_new(self, key: str, data: bytes) -> None:
        """Create `key` with `data`, exactly once; when this returns, the bytes survive a crash.

        Raises `KeyTakenError` if the key exists: then its value survives a crash as well, whoever wrote it. Raises
        `StorageError` if the bytes could not be written; then nothing is there. Only if the very last step fails,
        where the disk confirms the name of a complete value, may the value be there all the same.
        """
        if not isinstance(data, bytes):
            raise ArgumentTypeError(f"a store keeps bytes, got {type(data).__name__}")
        self._put_new(_checked(key), data)

    @final
    def get(self, key: str) -> bytes:
        """Return the bytes of `key`; raise `KeyMissingError` if there are none."""
        return self._get(_checked(key))

    @final
    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix`, sorted."""
        return iter(sorted(self._list(_checked_prefix(prefix))))

    @final
    def children(self, prefix: str = "") -> Iterator[str]:
        """Yield the names that stand directly below `prefix`, sorted, be they keys or folders of keys.

        The prefix is empty or ends with a slash. A folder whose keys are all deleted may still be named.
        """
        if prefix and not prefix.endswith("/"):
            raise ArgumentError(f"{prefix!r:.100} is no folder of keys", hint="let it end with a slash.")
        return iter(sorted(self._children(_checked_prefix(prefix))))

    @final
    def is_empty(self) -> bool:
        """Whether there is no key at all; stops at the first."""
        return next(self._list(""), None) is None

    @final
    def delete(self, key: str) -> None:
        """Remove `key`; removing what is not there is no error."""
        self._delete(_checked(key))

    @final
    def exists(self, key: str) -> bool:
        """Whether `key` is there."""
        return self._exists(_checked(key))

    @final
    def modified(self, key: str) -> datetime:
        """When `key` was created or last renewed, in UTC by the clock of the store."""
        return self._modified(_checked(key))

    @final
    def renew(self, key: str) -> None:
        """Set the time of `key` to now, so that housekeeping leaves it alone for a while."""
        self._renew(_checked(key))

    @final
    def sweep(self, before: datetime) -> int:
        """Remove what crashed writers left before a moment, never a key; return how many pieces."""
        return self._sweep(as_utc(before, what="before"))


def _checked_prefix(prefix: str) -> str:
    if prefix:
        _checked(prefix.removesuffix("/") if isinstance(prefix, str) else prefix)
    return prefix


def _checked(key: str) -> str:
    if not isinstance(key, str):
        raise ArgumentTypeError(f"a key must be a str, got {type(key).__name__}")
    if not _KEY.fullmatch(key) or len(key) > 512:
        shown = key if len(key) <= 80 else key[:77] + "..."
        raise ArgumentError(
            f"{shown!r} is not a key",
            hint="use a relative path of letters, digits and '. _ = -', no part beginning with a dot, 512 characters.",
        )
    return key
