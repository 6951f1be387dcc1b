"""A store in memory, for tests and for notebooks that shall leave nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Self

from maturekit._core.clock import utc_now
from maturekit.errors import KeyMissingError, KeyTakenError
from maturekit.storage.store import Store

__all__ = ["MemoryStore"]


class MemoryStore(Store):
    """Keep everything in a dictionary of this process; safe between threads, gone with the object.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.put_new("a/b", b"one")
    >>> store.get("a/b")
    b'one'
    >>> list(store.list("a/"))
    ['a/b']
    """

    def __init__(self) -> None:
        self._items: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def _put_new(self, key: str, data: bytes) -> None:
        with self._lock:
            if key in self._items:
                raise KeyTakenError(f"the key {key!r} is taken")
            self._items[key] = (data, utc_now())

    def _get(self, key: str) -> bytes:
        return self._item(key)[0]

    def _list(self, prefix: str) -> Iterator[str]:
        with self._lock:
            keys = [key for key in self._items if key.startswith(prefix)]
        yield from keys

    def _delete(self, key: str) -> None:
        with self._lock:
            self._items.pop(key, None)

    def _exists(self, key: str) -> bool:
        return key in self._items

    def _modified(self, key: str) -> datetime:
        return self._item(key)[1]

    def _renew(self, key: str) -> None:
        with self._lock:
            self._items[key] = (self._item(key)[0], utc_now())

    def _item(self, key: str) -> tuple[bytes, datetime]:
        try:
            return self._items[key]
        except KeyError:
            raise KeyMissingError(f"nothing is stored under {key!r}") from None

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one empty store."""
        yield cls()

    def __str__(self) -> str:
        """Return what stands for the place."""
        return "this store in memory"

    def __repr__(self) -> str:
        """Return the number of keys."""
        return f"MemoryStore({len(self._items)} keys)"
