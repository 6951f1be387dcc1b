"""A value on its way into a store, whose key comes last."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from maturekit._core.hashing import LARGE, Digester
from maturekit.errors import ArgumentError
from maturekit.storage.keys import check_key

if TYPE_CHECKING:
    from maturekit.storage.store import Store

__all__ = ["MemoryUpload", "Upload", "Writer"]


class Upload(Protocol):
    """Where a store keeps the parts of a large value until they get their key; hidden from every reader.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> store = MemoryStore()
    >>> upload = MemoryUpload(store)
    >>> upload.append(b"o")
    >>> upload.append(b"ne")
    >>> upload.finish()
    >>> upload.put_new("a/b")
    >>> store.get("a/b")
    b'one'
    """

    def append(self, part: bytes) -> None:
        """Write the next bytes."""

    def finish(self) -> None:
        """Make all parts durable; nothing is appended after it."""

    def put_new(self, key: str) -> None:
        """Create `key`, whole and durable, or raise `KeyTakenError`; possible again if it was deleted since."""

    def discard(self) -> None:
        """Remove what `append` wrote; never what `put_new` created. Called once, in any state."""


class MemoryUpload:
    """Parts in memory: for a store that takes a value only as a whole."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts: list[bytes] = []

    def append(self, part: bytes) -> None:
        """Keep the next bytes."""
        self._parts.append(part)

    def finish(self) -> None:
        """Join the parts."""
        self._parts = [b"".join(self._parts)]

    def put_new(self, key: str) -> None:
        """Give the store the whole value."""
        self._store.put_new(key, self._parts[0])

    def discard(self) -> None:
        """Forget the parts."""
        self._parts = []


class Writer(io.RawIOBase):
    """A binary file, open for writing, that becomes a value of a store when it is given a key.

    Write in parts of any size, `finish`, then `put_new`. A value below 4 MiB is kept in memory until then, so that
    whatever goes wrong before leaves nothing; a larger one goes to the store part by part, under no key, and is
    removed when the writer is closed or forgotten. `Store.writer` makes one. For one thread at a time.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> store = MemoryStore()
    >>> with store.writer() as writer:
    ...     written = writer.write(b"o"), writer.write(b"ne")
    ...     digest = writer.finish()
    ...     writer.put_new(f"blobs/{digest[7:11]}")
    >>> writer.tell(), store.get("blobs/7692")
    (3, b'one')
    """

    def __init__(self, store: Store, prefix: str) -> None:
        super().__init__()
        self._store = store
        self._prefix = prefix
        self._digester = Digester()
        self._digest = ""
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._size = 0
        self._upload: Upload | None = None

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written, also after closing."""
        return self._size

    def write(self, data: Any, /) -> int:
        """Take the next bytes, all of them, and return how many they are."""
        if self.closed or self._digest:
            raise ValueError("write to a finished file")
        part = data if type(data) is bytes else bytes(memoryview(data))
        if len(part) >= LARGE:
            self._spill()
            self._append(part)
        else:
            self._pending.append(part)
            self._pending_size += len(part)
            if self._pending_size >= LARGE:
                self._spill()
        self._size += len(part)
        return len(part)

    def finish(self) -> str:
        """Make large content durable and return the digest of all bytes; nothing can be written after it."""
        if not self._digest:
            if self._upload is None:
                self._pending = [b"".join(self._pending)]
                self._digester.update(self._pending[0])
            else:
                self._spill()
                with self._or_closed():
                    self._upload.finish()  # the last parts are being hashed meanwhile
            self._digest = self._digester.digest()
        return self._digest

    def put_new(self, key: str) -> None:
        """Create `key` with what was written, exactly as `Store.put_new` does.

        The key begins with the prefix of the writer. Should it be deleted again, this can be repeated until the writer
        is closed.
        """
        if not check_key(key).startswith(self._prefix):
            raise ArgumentError(f"{key!r} does not begin with {self._prefix!r}, where the writer was opened")
        if self.closed:
            raise ValueError("the writer is closed")
        self.finish()
        if self._upload is None:
            self._store.put_new(key, self._pending[0])
        else:
            self._upload.put_new(key)

    def close(self) -> None:
        """Forget what was written, as far as it was not given a key."""
        if not self.closed:
            super().close()
            self._pending = []
            if self._upload is not None:
                self._upload.discard()

    def _spill(self) -> None:
        if self._pending:
            part, self._pending, self._pending_size = b"".join(self._pending), [], 0
            self._append(part)

    def _append(self, part: bytes) -> None:
        with self._or_closed():
            if self._upload is None:
                self._upload = self._store._upload(self._prefix)  # noqa: SLF001  # the hook that stores define for us
            self._upload.append(part)
        self._digester.update(part)

    @contextlib.contextmanager
    def _or_closed(self) -> Iterator[None]:
        """Close after any error, so that a caller who goes on cannot finish what has a hole."""
        try:
            yield
        except BaseException:
            self.close()
            raise
