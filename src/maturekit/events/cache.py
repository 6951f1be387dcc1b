"""How a cache is stored and read: created once, replaced only where it is not as good, passed over when it is damaged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from maturekit._core.logs import logger
from maturekit.errors import FormatError, IntegrityError, KeyMissingError, KeyTakenError, StorageError
from maturekit.storage import Store

__all__ = ["keep_cache", "read_cache"]

T = TypeVar("T")


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


def read_cache(store: Store, key: str, parsed: Callable[[bytes], T]) -> T | None:
    """Return what a cache says, or None if it is missing, damaged or cannot be read: the events say the same.

    >>> from maturekit.storage import MemoryStore
    >>> read_cache(MemoryStore(), "it", len) is None
    True
    """
    try:
        return parsed(store.get(key))
    except KeyMissingError:
        return None
    except (FormatError, IntegrityError, StorageError) as error:
        logger.warning("%s is not used: %.200s", key, error.message)
        return None
