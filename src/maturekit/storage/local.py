"""A store in a folder, safe against crashes and against other writers."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from maturekit.errors import KeyMissingError, KeyTakenError, StorageError
from maturekit.storage.store import Store

__all__ = ["LocalStore"]

_UNFINISHED = ".unfinished-"


class LocalStore(Store):
    """Keep each value as a file below a folder.

    Guarantees, on a local POSIX file system with `link`: a value appears whole or not at all; when `put_new` has
    returned it survives a crash of process or machine; of many writers of one key, in any number of processes and
    threads, exactly one wins. A crash can leave only files that begin with ``.unfinished-``, which are never listed.
    Tested on Linux; written for macOS and Windows, untested there (Windows cannot flush a folder).

    Opening creates nothing: the folder appears with the first value.

    Parameters
    ----------
    root : str or path
        The folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = LocalStore(folder.name)
    >>> store.put_new("a/b", b"one")
    >>> store.put_new("a/b", b"two")
    Traceback (most recent call last):
    maturekit.errors.KeyTakenError: the key 'a/b' is taken
    >>> store.get("a/b")
    b'one'
    >>> folder.cleanup()
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def _put_new(self, key: str, data: bytes) -> None:
        path = self._path(key)
        if path.exists():
            raise KeyTakenError(f"the key {key!r} is taken")
        with _worded(f"could not write {key!r} in {self.root}"):
            _make_folders(path.parent)
            unfinished = path.parent / f"{_UNFINISHED}{secrets.token_hex(8)}"
            try:
                _write_durably(unfinished, data)
                _link_once(unfinished, path, key)
            finally:
                with contextlib.suppress(OSError):
                    unfinished.unlink()
            _flush_folder(path.parent)

    def _get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise KeyMissingError(f"nothing is stored under {key!r} in {self.root}") from None
        except OSError as error:
            raise StorageError(f"could not read {key!r} in {self.root}: {error.strerror}") from error

    def _list(self, prefix: str) -> Iterator[str]:
        top = self.root / prefix.rpartition("/")[0]
        for folder, _, names in os.walk(top):
            inner = Path(folder).relative_to(self.root).as_posix()
            for name in names:
                key = name if inner == "." else f"{inner}/{name}"
                if not name.startswith(".") and key.startswith(prefix):
                    yield key

    def _delete(self, key: str) -> None:
        path = self._path(key)
        with _worded(f"could not delete {key!r} in {self.root}"), contextlib.suppress(FileNotFoundError):
            path.unlink()
            _flush_folder(path.parent)

    def _exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def _modified(self, key: str) -> datetime:
        try:
            return datetime.fromtimestamp(self._path(key).stat().st_mtime, UTC)
        except FileNotFoundError:
            raise KeyMissingError(f"nothing is stored under {key!r} in {self.root}") from None

    def _renew(self, key: str) -> None:
        try:
            with _worded(f"could not renew {key!r} in {self.root}"):
                os.utime(self._path(key))
        except FileNotFoundError:
            raise KeyMissingError(f"nothing is stored under {key!r} in {self.root}") from None

    def _path(self, key: str) -> Path:
        return self.root / key

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a store in a temporary folder."""
        with tempfile.TemporaryDirectory() as folder:
            yield cls(Path(folder) / "store")

    def __repr__(self) -> str:
        """Return the folder."""
        return f"LocalStore({str(self.root)!r})"


@contextlib.contextmanager
def _worded(what: str) -> Iterator[None]:
    try:
        yield
    except (StorageError, FileNotFoundError):
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        hint = {
            errno.ENOSPC: "free some space; nothing was half-written.",
            errno.EROFS: "the folder is read-only; choose another one.",
            errno.EACCES: "this user may not write there; choose another folder or change its permissions.",
            errno.ENOTDIR: "a file stands where a folder is needed.",
        }.get(error.errno or 0, "")
        raise StorageError(f"{what}: {reason}", hint=hint) from error


def _make_folders(folder: Path) -> None:
    """Create missing folders and make their names durable, outermost first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _flush_folder(path.parent)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # an error here is final: the caller throws the file away and never tries again


def _link_once(unfinished: Path, path: Path, key: str) -> None:
    try:
        os.link(unfinished, path)
    except FileExistsError:
        if unfinished.stat().st_nlink < 2:  # on a network share the link may be ours although its reply was lost
            raise KeyTakenError(f"the key {key!r} is taken") from None


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder to flush it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
