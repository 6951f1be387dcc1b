"""How a cache is stored: created once, and replaced only where it is not as good."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from maturekit.errors import KeyMissingError, KeyTakenError
from maturekit.storage import Store

__all__ = ["keep_cache"]


def keep_cache(store: Store, key: str, data: bytes, good: Callable[[bytes], bool]) -> None:
    """Store a cache; what stands there already is kept if it is as good, and else replaced.

    >>> from maturekit.storage import MemoryStore
    >>> store = MemoryStore()
    >>> for data in (b"damaged", b"sound", b"sound too"):
    ...     keep_cache(store, "it", data, lambda found: found.startswith(b"sound"))
    >>> store.get("it")
    b'sound'
    """
    try:
        store.put_new(key, data)
    except KeyTakenError:
        with contextlib.suppress(KeyMissingError, KeyTakenError):
            if not good(store.get(key)):
                store.delete(key)
                store.put_new(key, data)
