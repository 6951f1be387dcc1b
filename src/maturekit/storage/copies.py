"""Copies of values in a local folder: checked when read, bounded in size, thrown away at will."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maturekit._core.digest import canonical_json, parse_json
from maturekit._core.hashing import Digester
from maturekit._core.logs import logger
from maturekit.errors import (
    ForeignFolderError,
    FormatError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
    StorageError,
)
from maturekit.storage.local import LocalStore

__all__ = ["Copies"]

_LABEL = "cache.json"
_VALUES = "values"
_SEEN = "seen"
_HEADER = 65
"""A hexadecimal SHA-256 and a newline."""
_SMALL = 64 * 1024
_BLOCK = 4096


class Copies:
    """Each copy is a file that begins with the SHA-256 of its key and value; what does not fit is damaged.

    Safe for many threads and processes on one folder. When the copies outgrow `max_bytes`, the ones that were not read
    for longest go first, and those up to 64 KiB (a history is made of such) only when no larger one is left.
    """

    def __init__(self, folder: Path, *, of: str, max_bytes: int) -> None:
        self.folder = folder
        self._of = of
        self._max_bytes = max_bytes
        self._slack = max_bytes // 16  # what one process may add before it counts again
        self._label = LocalStore(folder)
        self.values = LocalStore(folder / _VALUES)
        self._seen = LocalStore(folder / _SEEN)  # an empty file for each key that was looked for, there, and not read
        self._added: int | None = None  # since the last count
        self._labelled = False
        self._warned = False

    def read(self, key: str) -> memoryview:
        """Return the value of a key; raise `KeyMissingError` if there is no copy, `IntegrityError` if it is damaged."""
        whole = memoryview(self.values.get(key))
        value = whole[_HEADER:]
        if bytes(whole[:_HEADER]) != _header(key, value):
            raise IntegrityError(
                f"the copy of {key!r} in {self.folder} is damaged", hint="read it again while the store can be reached."
            )
        with contextlib.suppress(StorageError):  # a folder that can only be read is good for reading
            self.values.renew(key)
        return value

    def find(self, key: str) -> memoryview | None:
        """Return the value of a key, None if there is no sound copy; a damaged one is removed."""
        try:
            return self.read(key)
        except KeyMissingError:
            return None
        except (IntegrityError, StorageError) as error:
            logger.warning("%s; it is read again", error)
            self.drop(key)
            return None

    def keep(self, key: str, value: bytes) -> None:
        """Add a copy; if that fails, say so once and go on.

        A value never changes. So if there is a copy with another one, the store behind was emptied and filled anew, and
        all copies are removed.
        """
        held = self.find(key)
        if held is not None:
            if held == value:
                return
            logger.warning("%s: %r is not what it was, so all copies are removed", self.folder, key)
            self.clear()
        size = _on_disk(_HEADER + len(value))
        if size > self._max_bytes - self._slack:
            return
        with self._or_warned():
            self._add_label()
            if self._added is None or self._added + size > self._slack:
                self._make_room(size)
            else:
                self._added += size
            self.values.put_new(key, _header(key, value) + value)

    def note(self, key: str) -> None:
        """Remember that a key is there, without its value."""
        if not self.knows(key):
            with self._or_warned():
                self._add_label()
                self._seen.put_new(key, b"")

    def knows(self, key: str) -> bool:
        """Whether a key was there when it was last looked for."""
        return self.values.exists(key) or self._seen.exists(key)

    def drop(self, key: str) -> None:
        """Forget a key."""
        for store in (self.values, self._seen):
            with contextlib.suppress(StorageError):
                store.delete(key)

    def clear(self) -> None:
        """Forget all keys."""
        for store in (self.values, self._seen):
            shutil.rmtree(store.root, ignore_errors=True)

    def check(self) -> None:
        """Raise `ForeignFolderError` if the folder holds copies of another store, or no copies at all but other files."""
        if self._labelled:
            return
        if self._label.is_empty():
            return
        try:  # the label comes before anything else
            label = parse_json(self._label.get(_LABEL), what=_LABEL)
        except (KeyMissingError, FormatError):
            raise ForeignFolderError(
                f"{self.folder} holds files that are not of a cache, so nothing is kept there",
                hint="choose an empty or a new folder.",
            ) from None
        if label != self._content():
            found = label.get("of") if isinstance(label, dict) else None
            raise ForeignFolderError(
                f"{self.folder} is no cache of {self._of}, but of {found or 'something else'}",
                hint="give every store a folder of its own, or remove this one.",
            )
        self._labelled = True

    @contextlib.contextmanager
    def _or_warned(self) -> Iterator[None]:
        """Go on if another process was first, and after a failure, which is said once."""
        try:
            yield
        except KeyTakenError:
            return
        except (StorageError, OSError) as error:
            if not self._warned:
                self._warned = True
                logger.warning("nothing is kept in %s: %s", self.folder, error)

    def _add_label(self) -> None:
        if not self._labelled:
            with contextlib.suppress(KeyTakenError):
                self._label.put_new(_LABEL, canonical_json(self._content()))
            self._labelled = True

    def _content(self) -> dict[str, object]:
        return {"format": 1, "of": self._of, "what": "maturekit cache"}

    def _make_room(self, size: int) -> None:
        """Count what is there, by whomever, and remove until a value fits."""
        self.values.sweep(datetime.now(UTC) - timedelta(hours=1))
        files = sorted(self._files())
        total = sum(room for _, _, room, _ in files) + size
        for _, _, room, path in files:
            if total <= self._max_bytes - self._slack:
                break
            with contextlib.suppress(OSError):  # removed by another process, or being read on Windows
                path.unlink()
                total -= room
        self._added = 0

    def _files(self) -> Iterator[tuple[bool, float, int, Path]]:
        """Yield every copy: whether it is small, when it was read last, the room it takes, and where it is."""
        for path in self.values.root.rglob("*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                if path.is_file():
                    yield status.st_size <= _SMALL, status.st_mtime, _on_disk(status.st_size), path


def _header(key: str, value: bytes | memoryview) -> bytes:
    digester = Digester()
    digester.update(f"{key}\n".encode())
    digester.update(value)
    return digester.digest().removeprefix("sha256:").encode() + b"\n"


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
