"""A value on its way into a store, whose key comes last."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from maturekit._core.hashing import AHEAD, LARGE, PART, Buffer, Digester
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

    def append(self, part: Buffer) -> None:
        """Write the next bytes, all of them; their memory is used again for other bytes."""

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

    def append(self, part: Buffer) -> None:
        """Keep the next bytes."""
        self._parts.append(bytes(part))

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
        self._small = bytearray()
        self._ring: list[memoryview] = []  # of parts in turn: the next is gathered while earlier ones are being hashed
        self._turn = 0
        self._gathered = 0
        self._whole = b""
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
        view = memoryview(data)
        part = view.cast("B") if view.nbytes else memoryview(b"")
        if self._upload is None:
            self._keep(part)
        else:
            self._gather(part)
        self._size += len(part)
        return len(part)

    def finish(self) -> str:
        """Make large content durable and return the digest of all bytes; nothing can be written after it."""
        if not self._digest:
            if self.closed:
                raise ValueError("the writer is closed")
            if self._upload is None:
                self._whole, self._small = bytes(self._small), bytearray()
                self._digester.update(self._whole)
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
            self._store.put_new(key, self._whole)
        else:
            self._upload.put_new(key)

    def close(self) -> None:
        """Forget what was written, as far as it was not given a key."""
        if not self.closed:
            super().close()
            self._small, self._ring, self._whole = bytearray(), [], b""
            if self._upload is not None:
                self._upload.discard()

    def _keep(self, part: memoryview) -> None:
        taken = part[: LARGE - len(self._small)]
        self._small += taken
        if len(self._small) == LARGE:
            self._append(memoryview(self._small))
            self._small = bytearray()
            self._gather(part[len(taken) :])

    def _gather(self, part: memoryview) -> None:
        """Copy into memory that is used again and again: new memory for each part would cost more than the copy."""
        while part:
            if len(self._ring) == self._turn:
                self._ring.append(memoryview(bytearray(PART)))
            taken = part[: PART - self._gathered]
            self._ring[self._turn][self._gathered : self._gathered + len(taken)] = taken
            self._gathered += len(taken)
            if self._gathered == PART:
                self._spill()
            part = part[len(taken) :]

    def _spill(self) -> None:
        if self._gathered:
            self._append(self._ring[self._turn][: self._gathered])
            self._gathered = 0
            self._turn = (self._turn + 1) % (AHEAD + 1)

    def _append(self, part: memoryview) -> None:
        with self._or_closed():
            self._digester.update(part)  # first, since it goes on while the part is written
            if self._upload is None:
                self._upload = self._store._upload(self._prefix)  # noqa: SLF001  # the hook that stores define for us
            self._upload.append(part)

    @contextlib.contextmanager
    def _or_closed(self) -> Iterator[None]:
        """Close after any error, so that a caller who goes on cannot finish what has a hole."""
        try:
            yield
        except BaseException:
            self.close()
            raise
