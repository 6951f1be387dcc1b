"""Immutable content, kept under its own digest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from maturekit._core.logs import logger
from maturekit.errors import IntegrityError, KeyMissingError, KeyTakenError
from maturekit.storage import Store, Writer

__all__ = ["Blobs", "Delivery"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Blobs:
    """The content that the events of one history name: bytes by their SHA-256.

    What comes out has the digest it was asked for. Blobs lie in a folder below the events that name them: a tool that
    copies a folder lists it before it goes down, so a copy has the content of every event it has.

    Parameters
    ----------
    store : Store
        Where the history is.
    log : str
        Kind and name of the history, such as ``"model/late-flights"``.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> blobs = Blobs(MemoryStore(), "model/late")
    >>> delivery = blobs.delivery()
    >>> digest = delivery.put(b"one")
    >>> digest
    'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed'
    >>> blobs.get(digest)
    b'one'
    """

    def __init__(self, store: Store, log: str) -> None:
        self.store = store
        self.prefix = f"logs/{log}/events/blobs/sha256/"

    def key(self, digest: str) -> str:
        """Return the key of a digest."""
        if not _DIGEST.fullmatch(digest):
            raise IntegrityError(f"{digest!r:.100} is no digest")
        name = digest.removeprefix("sha256:")
        return f"{self.prefix}{name[:2]}/{name}"

    def digests(self) -> Iterator[str]:
        """Yield the digest of everything that is there."""
        names = (key.rpartition("/")[2] for key in self.store.list(self.prefix))
        return (f"sha256:{name}" for name in names if _DIGEST.fullmatch(f"sha256:{name}"))

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest, verified; raise `IntegrityError` if they are missing or differ."""
        return bytes(self.read(digest))

    def read(self, digest: str) -> memoryview:
        """Return what `get` returns in writable memory that belongs to the caller, for large content."""
        try:
            data, found = self.store.read(self.key(digest))
        except KeyMissingError as error:
            raise IntegrityError(
                f"the blob {digest} is missing from {self.store}", hint=error.hint or "restore it from a copy."
            ) from error
        if found != digest:
            raise IntegrityError(
                f"the blob {digest} in {self.store} is damaged: its bytes are not those that were written",
                hint="restore it from a copy; `verify()` lists every fault.",
            )
        return data

    def delivery(self) -> Delivery:
        """Begin to write the blobs of one event."""
        return Delivery(self)


class Delivery:
    """The blobs of one event, in a ``with`` block: each is durable when `put` returns; `confirm` comes behind the event.

    A blob that is there already is used again, and its time is renewed, so that `gc` leaves it alone. Should somebody
    have removed one before its event landed, `confirm` brings it back: what was put is kept at hand until the block
    ends. What was written and not put is forgotten then, whatever went wrong.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> with Blobs(MemoryStore(), "model/late").delivery() as delivery:
    ...     digest = delivery.put(b"one")
    ...     delivery.confirm()
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._store = blobs.store
        self._writers: list[Writer] = []
        self._kept: dict[str, Writer] = {}

    def writer(self) -> Writer:
        """Return a file to write content to, for `put`."""
        writer = self._store.writer(self._blobs.prefix)
        self._writers.append(writer)
        return writer

    def put(self, content: bytes | Writer) -> str:
        """Store bytes, or what was written to a `writer`, durably and return their digest."""
        if isinstance(content, bytes):
            writer = self.writer()
            writer.write(content)
        else:
            writer = content
        digest = writer.finish()
        self._put(digest, writer)
        self._kept[digest] = writer
        return digest

    def confirm(self) -> None:
        """Bring back what disappeared while the event was written."""
        for digest, writer in self._kept.items():
            if not self._store.exists(self._blobs.key(digest)):
                self._put(digest, writer)

    def __enter__(self) -> Self:
        """Return the delivery."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what was written, as far as it was not put."""
        for writer in self._writers:
            writer.close()

    def _put(self, digest: str, writer: Writer) -> None:
        key = self._blobs.key(digest)
        while True:
            try:
                writer.put_new(key)
            except KeyTakenError:
                try:
                    self._store.renew(key)
                    _, found = self._store.read(key)
                except KeyMissingError:
                    continue  # removed since: write it after all
                if found != digest:
                    logger.warning("the blob %s was damaged and is written anew", key)
                    self._store.delete(key)
                    continue
            return
