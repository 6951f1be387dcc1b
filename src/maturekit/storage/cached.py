"""A store with copies of what was read in a local folder, also for when the store itself is out of reach."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Self

from maturekit._core.hashing import Digester
from maturekit.errors import ArgumentError, ArgumentTypeError, KeyMissingError, StorageError
from maturekit.storage.copies import Copies
from maturekit.storage.local import LocalStore
from maturekit.storage.memory import MemoryStore
from maturekit.storage.object import ObjectStore
from maturekit.storage.store import Store

__all__ = ["CachedStore"]


class CachedStore(Store):
    """Answer from copies in a local folder what can have only one answer, and ask the store for everything else.

    A key is created once and its value never changes, so a value that was read or written here is served from its copy
    without asking. That a key is *not* there may change any moment: it is always asked, and so are lists and times.
    Writing and deleting go to the store. Keys at the top, such as ``registry.json``, are asked for each time as well; if
    one of them is not what it was, something else stands in this place now, and all copies are removed.

    Guarantees: a copy is checked by its own SHA-256 each time, and a damaged one is read again from the store. A folder
    that is full or cannot be written makes nothing fail, only slower. Many threads and processes may share a folder,
    but every store needs its own: one with copies of another store is refused. The copies stay below `max_bytes`, plus
    a sixteenth of it for each further process; then the ones that were not read for longest are removed, and those of
    64 KiB or less (the histories) only when no larger one is left.

    Not guaranteed: what another machine deletes or erases from the store stays in this folder until it is removed to
    make room, or by `clear`. A value that was damaged in the store since is not noticed: to verify a registry, open it
    without a cache. Whoever may write the folder may change what is read from it, as with a registry in a folder.

    Offline, the store is never asked. A key is there if it was read, written or found here; only values that were read
    or written can be read, and a damaged copy is an error. Writing, deleting and asking for times raise `StorageError`.
    An alias then means what it meant when this folder last saw it.

    Parameters
    ----------
    store : Store
        The store behind it.
    folder : str or path
        Where the copies are kept; created with the first one.
    offline : bool, default False
        Whether to answer from the copies alone.
    max_bytes : int, default 10 GiB
        How much room the copies may take; a value larger than 15/16 of it is not kept.

    Examples
    --------
    >>> import tempfile
    >>> from maturekit.storage import MemoryStore
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = MemoryStore()
    >>> CachedStore(store, folder.name).put_new("a/b", b"one")
    >>> offline = CachedStore(store, folder.name, offline=True)
    >>> offline.get("a/b"), list(offline.list())
    (b'one', ['a/b'])
    >>> offline.put_new("a/c", b"two")
    Traceback (most recent call last):
    maturekit.errors.StorageError: could not write 'a/c': MemoryStore is offline
    <BLANKLINE>
    Hint: only what this machine has read or written before can be read; open it without `offline=True` to do more.
    >>> folder.cleanup()
    """

    def __init__(
        self, store: Store, folder: str | os.PathLike[str], *, offline: bool = False, max_bytes: int = 10 * 1024**3
    ) -> None:
        if not isinstance(store, Store):
            raise ArgumentTypeError(f"a cache stands in front of a Store, got {type(store).__name__}")
        if not isinstance(max_bytes, int) or max_bytes <= 0:
            raise ArgumentError(f"max_bytes must be a whole number of bytes, more than 0, got {max_bytes!r}")
        self.store = store
        self.folder = Path(folder)
        self.offline = offline
        self.max_bytes = max_bytes
        self._copies = Copies(self.folder, of=_name_of(store), max_bytes=max_bytes)

    def clear(self) -> None:
        """Remove all copies, for instance after something was erased elsewhere; nothing in the store changes."""
        self._copies.clear()

    def _put_new(self, key: str, data: bytes) -> None:
        self._refuse_offline(f"could not write {key!r}")
        self._copies.check()
        self.store.put_new(key, data)
        self._copies.keep(key, data)

    def _get(self, key: str) -> bytes:
        return bytes(self._value(key))

    def _read(self, key: str, digester: Digester) -> memoryview:
        data = memoryview(bytearray(self._value(key)))
        digester.update(data)
        return data

    def _value(self, key: str) -> bytes | memoryview:
        self._copies.check()
        if self.offline:
            return self._copied(key)
        if "/" in key and (copy := self._copies.find(key)) is not None:
            return copy
        data = self.store.get(key)
        self._copies.keep(key, data)
        return data

    def _copied(self, key: str) -> memoryview:
        try:
            return self._copies.read(key)
        except KeyMissingError:
            raise KeyMissingError(
                f"there is no copy of {key!r} in {self.folder}, and {_kind(self.store)} is offline", hint=_OFFLINE
            ) from None

    def _list(self, prefix: str) -> Iterator[str]:
        self._copies.check()
        return self._names._list(prefix)  # noqa: SLF001  # the hook, which stops at the first key when it may

    def _children(self, prefix: str) -> Iterator[str]:
        self._copies.check()
        return self._names.children(prefix)

    def _exists(self, key: str) -> bool:
        self._copies.check()
        if self.offline:
            return self._copies.knows(key)
        there = self.store.exists(key)
        if there:
            self._copies.note(key)
        return there

    def _delete(self, key: str) -> None:
        self._refuse_offline(f"could not delete {key!r}")
        self.store.delete(key)
        self._copies.drop(key)

    def _modified(self, key: str) -> datetime:
        self._refuse_offline(f"could not see the time of {key!r}")
        return self.store.modified(key)

    def _renew(self, key: str) -> None:
        self._refuse_offline(f"could not renew {key!r}")
        self.store.renew(key)

    def _sweep(self, before: datetime) -> int:
        self._refuse_offline("could not sweep")
        return self.store.sweep(before) + self._copies.values.sweep(before)

    @property
    def _names(self) -> Store:
        return self._copies.values if self.offline else self.store

    def _refuse_offline(self, what: str) -> None:
        if self.offline:
            raise StorageError(f"{what}: {_kind(self.store)} is offline", hint=_OFFLINE)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a cache in a temporary folder in front of a store in memory."""
        with tempfile.TemporaryDirectory() as folder:
            yield cls(MemoryStore(), Path(folder) / "cache")

    def __str__(self) -> str:
        """Return what answers: the store, or the copies of it."""
        return f"the copies of {self.store} in {str(self.folder)!r}" if self.offline else str(self.store)

    def __repr__(self) -> str:
        """Return the store and the folder."""
        return f"CachedStore({self.store!r}, {str(self.folder)!r}{', offline=True' if self.offline else ''})"


_OFFLINE = "only what this machine has read or written before can be read; open it without `offline=True` to do more."


def _kind(store: Store) -> str:
    return str(store.address) if isinstance(store, ObjectStore) else type(store).__name__


def _name_of(store: Store) -> str:
    """Return what tells a store from others, as far as its class can say."""
    if isinstance(store, ObjectStore):
        return f"{store.address} at {store.endpoint}" if store.endpoint else str(store.address)
    if isinstance(store, LocalStore):
        return str(store.root.absolute())
    return type(store).__qualname__
