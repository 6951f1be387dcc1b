"""A store in a folder, safe against crashes and against other writers."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from maturekit._core.files import flush_folder
from maturekit._core.hashing import LARGE, Buffer, Digester
from maturekit.errors import KeyMissingError, KeyTakenError, StorageError
from maturekit.storage.store import Store
from maturekit.storage.writer import Upload

__all__ = ["LocalStore"]

_UNFINISHED = ".unfinished-"
_BEHIND = 8 * 2**20
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_HINTS = {
    errno.ENOSPC: "free some space; nothing was half-written.",
    errno.EDQUOT: "this user's quota is used up; nothing was half-written.",
    errno.EROFS: "the folder is read-only; choose another one.",
    errno.EACCES: "this user may not write or read there; choose another folder or change its permissions.",
    errno.EPERM: "the file system refuses; it may have no hard links, which are needed to create a file exactly once.",
    errno.ENOTSUP: "the file system has no hard links, which are needed to create a file exactly once.",
    errno.ENOTDIR: "a file stands where a folder is needed.",
    errno.EEXIST: "a file stands where a folder is needed.",
    errno.ENOENT: "the folder was removed while it was in use.",
    errno.ESTALE: "the network share has lost sight of the file; try again.",
}


class LocalStore(Store):
    """Keep each value as a file below a folder.

    Guarantees, on a local POSIX file system with hard links: a value appears whole or not at all; when `put_new` has
    returned, or has said that the key is taken, the value survives a crash of process or machine; of many writers of
    one key, in any number of processes and threads, exactly one wins. A crash can leave only files that begin with
    ``.unfinished-``: they are never listed, harm nothing, and `sweep` removes them. Tested on Linux; written for macOS
    and Windows, untested there (Windows cannot flush a folder).

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
        self._durable: set[Path] = set()  # folders whose names this object has seen flushed

    def _put_new(self, key: str, data: bytes) -> None:
        unfinished = _unfinished_in(self._path(key).parent)
        try:
            self._create(key, lambda: _write_durably(unfinished, data))
        finally:
            _remove(unfinished)

    def _create(self, key: str, write: Callable[[], Path]) -> None:
        """Give a finished file its name; it is written only if the name is free."""
        path = self._path(key)
        with _worded(f"could not write {key!r} in {self.root}"):
            self._make_folder(path.parent)
            mine = not path.exists() and _link_once(write(), path)
            flush_folder(path.parent)  # also for another writer's value: ours may come to rest on it
        if not mine:
            raise KeyTakenError(f"the key {key!r} is taken")

    def _upload(self, prefix: str) -> Upload:
        folder = self.root / prefix
        with _worded(f"could not write in {folder}"):
            self._make_folder(folder)
            return _FileUpload(_unfinished_in(folder), self._create)

    def _get(self, key: str) -> bytes:
        with self._reading(key):
            try:
                return self._path(key).read_bytes()
            except OSError as error:
                if error.errno != errno.ESTALE:
                    raise
                return self._path(key).read_bytes()  # on a network share it was replaced or removed while it was open

    def _read(self, key: str, digester: Digester) -> memoryview:
        with self._reading(key), self._path(key).open("rb", buffering=0) as file:
            data, end = _fresh_memory(os.fstat(file.fileno()).st_size), 0
            while count := file.readinto(data[end : end + LARGE]):
                digester.update(data[end : end + count])
                end += count
            return data[:end]

    def _list(self, prefix: str) -> Iterator[str]:
        for folder, name in self._walk(prefix.rpartition("/")[0]):
            key = f"{folder}/{name}" if folder else name
            if not name.startswith(".") and key.startswith(prefix):
                yield key

    def _children(self, prefix: str) -> Iterator[str]:
        with _worded(f"could not list {self.root}"):
            try:
                names = os.listdir(self.root / prefix)  # noqa: PTH208  # a path for each name would cost more than the call
                yield from (name for name in names if not name.startswith("."))
            except _ABSENT:
                return

    def _delete(self, key: str) -> None:
        path = self._path(key)
        with _worded(f"could not delete {key!r} in {self.root}"), contextlib.suppress(FileNotFoundError):
            path.unlink()
            flush_folder(path.parent)

    def _exists(self, key: str) -> bool:
        with _worded(f"could not look for {key!r} in {self.root}"):
            return self._path(key).is_file()

    def _modified(self, key: str) -> datetime:
        with self._reading(key):
            return datetime.fromtimestamp(self._file(key).stat().st_mtime, UTC)

    def _renew(self, key: str) -> None:
        with self._reading(key):
            os.utime(self._file(key))

    def _sweep(self, before: datetime) -> int:
        swept = 0
        for folder, name in self._walk(""):
            path = self.root / folder / name
            if name.startswith(_UNFINISHED):
                with _worded(f"could not remove {path}"), contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        swept += 1
        return swept

    def _path(self, key: str) -> Path:
        return self.root / key

    def _file(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(path)
        return path

    def _walk(self, top: str) -> Iterator[tuple[str, str]]:
        """Yield every file as its folder, relative to the root, and its name; a folder that cannot be read raises."""
        with _worded(f"could not list {self.root}"):
            for folder, inner, names in os.walk(self.root / top, onerror=_unless_missing):
                inner[:] = [name for name in inner if not name.startswith(".")]
                relative = Path(folder).relative_to(self.root).as_posix()
                for name in names:
                    yield ("" if relative == "." else relative), name

    def _make_folder(self, folder: Path) -> None:
        """Create a folder below the root, and make its name durable even if another process created it."""
        if folder in self._durable and folder.is_dir():
            return
        if folder == self.root:
            missing = [path for path in (folder, *folder.parents) if not path.exists()]
        else:
            self._make_folder(folder.parent)
            missing = [folder]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            flush_folder(path.parent)
        self._durable.add(folder)

    def _reading(self, key: str) -> contextlib.AbstractContextManager[None]:
        return _worded(
            f"could not read {key!r} in {self.root}", missing=f"nothing is stored under {key!r} in {self.root}"
        )

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a store in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only the contract suite asks

        with tempfile.TemporaryDirectory() as folder:
            yield cls(Path(folder) / "store")

    def __str__(self) -> str:
        """Return the folder as it was given."""
        return repr(str(self.root))

    def __repr__(self) -> str:
        """Return the folder."""
        return f"LocalStore({str(self.root)!r})"


class _FileUpload:
    """A file that grows under a hidden name, in a folder above its key."""

    def __init__(self, path: Path, create: Callable[[str, Callable[[], Path]], None]) -> None:
        self._path = path
        self._create = create
        self._file = path.open("xb", buffering=0)
        self._size = 0
        self._on_its_way = 0

    def append(self, part: Buffer) -> None:
        with _worded(f"could not write {self._path}"):
            left = memoryview(part)
            while left:
                left = left[self._file.write(left) :]
        self._size += len(part)
        if self._size - self._on_its_way >= _BEHIND:
            _begin_to_flush(self._file.fileno(), self._on_its_way, self._size)
            self._on_its_way = self._size

    def finish(self) -> None:
        with _worded(f"could not write {self._path}"), self._file:
            os.fsync(self._file.fileno())  # an error here is final: the writer closes and never tries again

    def put_new(self, key: str) -> None:
        self._create(key, lambda: self._path)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        _remove(self._path)


@contextlib.contextmanager
def _worded(what: str, *, missing: str = "") -> Iterator[None]:
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        if missing and isinstance(error, _ABSENT):
            raise KeyMissingError(missing) from None
        reason = error.strerror or str(error)
        raise StorageError(f"{what}: {reason}", hint=_HINTS.get(error.errno or 0, "")) from error


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, _ABSENT):
        raise error


def _begin_to_flush(descriptor: int, start: int, end: int) -> None:
    """Let the disk begin with what was just written, so that the flush at the end has less to wait for."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):  # only a hint; a disk that fails says so in the flush
            # Linux starts to write what it is told to drop, and drops only what has been written already.
            os.posix_fadvise(descriptor, start, end - start, os.POSIX_FADV_DONTNEED)


def _write_durably(path: Path, data: bytes) -> Path:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # an error here is final: the caller throws the file away and never tries again
    return path


def _link_once(unfinished: Path, path: Path) -> bool:
    """Give a finished file its name; return whether the name is ours."""
    names = unfinished.stat().st_nlink
    try:
        os.link(unfinished, path)
    except OSError as error:
        if unfinished.stat().st_nlink > names:
            return True  # on a network share the link may be ours although its reply was lost
        if isinstance(error, FileExistsError):
            return False
        raise
    return True


def _unfinished_in(folder: Path) -> Path:
    return folder / f"{_UNFINISHED}{os.urandom(8).hex()}"


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _fresh_memory(size: int) -> memoryview:
    """Return writable memory; for a large value pages that come empty from the system and need not be filled twice."""
    if size < LARGE:
        return memoryview(bytearray(size))
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    pages = mmap.mmap(-1, size, **private)  # private: a forked child that changes its arrays must not change ours
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a system without them has small pages
            pages.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(pages)
