"""The one contract of every store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Self, final

from maturekit._core.clock import as_utc
from maturekit._core.hashing import Digester
from maturekit.errors import ArgumentTypeError
from maturekit.storage.keys import check_folder, check_key, check_prefix
from maturekit.storage.writer import MemoryUpload, Upload, Writer

__all__ = ["Store"]


class Store(ABC):
    """Bytes under keys; a key is created exactly once or not at all.

    A key is a relative path of letters, digits and ``. _ = -``, its parts separated by ``/`` and none beginning with
    a dot. Write a store by defining the hooks `_put_new`, `_get`, `_list`, `_delete`, `_exists`, `_modified` and
    `_renew`; the public methods check keys and word the errors, so that every store behaves alike. The other hooks
    have defaults: `_sweep`, where crashed writers leave something; `_children`, where folders are cheaper to read;
    `_read` and `_upload`, where large values can come and go in parts.

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

    def _read(self, key: str, digester: Digester) -> memoryview:
        """Return the bytes of `key` in writable memory that nobody else has, all of them given to `digester` in order.

        Or raise `KeyMissingError`. A store that reads in parts gives each away before it reads the next.
        """
        data = memoryview(bytearray(self._get(key)))
        digester.update(data)
        return data

    def _upload(self, prefix: str) -> Upload:  # noqa: ARG002  # memory is not near anything
        """Begin a large value whose key will begin with `prefix`; where parts can go to the store, say how."""
        return MemoryUpload(self)

    def _sweep(self, before: datetime) -> int:  # noqa: ARG002  # a store whose writers leave nothing has no use for it
        """Remove what writers that crashed before `before` left; return how many pieces."""
        return 0

    def __str__(self) -> str:
        """Return the place in words for messages; by default as `repr` does."""
        return repr(self)

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
        self._put_new(check_key(key), data)

    @final
    def get(self, key: str) -> bytes:
        """Return the bytes of `key`; raise `KeyMissingError` if there are none."""
        return self._get(check_key(key))

    @final
    def read(self, key: str) -> tuple[memoryview, str]:
        """Return the bytes of `key` and their SHA-256, which is taken while they are read.

        The bytes are in writable memory that belongs to the caller alone: arrays can be laid over them without copying
        them once more. Nothing was compared with anything: look at the digest before you use the bytes. Raises
        `KeyMissingError` if there are none.

        Examples
        --------
        >>> from maturekit.storage import MemoryStore
        >>> store = MemoryStore()
        >>> store.put_new("a", b"one")
        >>> data, digest = store.read("a")
        >>> bytes(data), data.readonly, digest[:15]
        (b'one', False, 'sha256:7692c3ad')
        """
        digester = Digester()
        data = self._read(check_key(key), digester)
        return data, digester.digest()

    @final
    def writer(self, prefix: str = "") -> Writer:
        """Return a binary file to write one value to, in parts, before its key is known.

        Parameters
        ----------
        prefix : str
            What the key will begin with: a folder of keys, such as ``"blobs/"``.
        """
        return Writer(self, check_folder(prefix))

    @final
    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix`, sorted."""
        return iter(sorted(self._list(check_prefix(prefix))))

    @final
    def children(self, prefix: str = "") -> Iterator[str]:
        """Yield the names that stand directly below `prefix`, sorted, be they keys or folders of keys.

        The prefix is empty or ends with a slash. A folder whose keys are all deleted may still be named.
        """
        return iter(sorted(self._children(check_folder(prefix))))

    @final
    def is_empty(self) -> bool:
        """Whether there is no key at all; stops at the first."""
        return next(self._list(""), None) is None

    @final
    def delete(self, key: str) -> None:
        """Remove `key`; removing what is not there is no error."""
        self._delete(check_key(key))

    @final
    def exists(self, key: str) -> bool:
        """Whether `key` is there."""
        return self._exists(check_key(key))

    @final
    def modified(self, key: str) -> datetime:
        """When `key` was created or last renewed, in UTC by the clock of the store."""
        return self._modified(check_key(key))

    @final
    def renew(self, key: str) -> None:
        """Set the time of `key` to now, so that housekeeping leaves it alone for a while."""
        self._renew(check_key(key))

    @final
    def sweep(self, before: datetime) -> int:
        """Remove what crashed writers left before a moment, never a key; return how many pieces."""
        return self._sweep(as_utc(before, what="before"))
