"""The file in which parts of a registry travel: a zip archive of keys and their bytes, closed by a list of both."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Self

from maturekit._core.digest import digest_of
from maturekit._core.files import checked_path
from maturekit.errors import FormatError, IntegrityError, SourceMissingError, StorageError
from maturekit.registry.layout import key_kind
from maturekit.registry.root import ROOT_KEY
from maturekit.registry.shipping.manifest import Manifest

__all__ = ["Archive", "ArchiveWriter"]

_MANIFEST = "export.json"
_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest moment a zip archive can name: the same content makes the same file."""
_PART = 2**20
_BROKEN = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)
"""What the standard library raises where the bytes of an archive do not fit."""


class ArchiveWriter:
    """Writes an archive, one key after the other, and at the end the list of them.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> with ArchiveWriter(file, Manifest("registry", registry="0" * 32, subject="")) as archive:
    ...     archive.add("registry.json", b"{}")
    >>> zipfile.ZipFile(file).namelist()
    ['registry.json', 'export.json']
    """

    def __init__(self, file: IO[bytes], manifest: Manifest) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._manifest = manifest
        self._entries: dict[str, tuple[str, int]] = {}

    def add(self, key: str, data: bytes) -> None:
        """Write one key with its bytes."""
        self._entries[key] = digest_of(data), len(data)
        self._write(key, data)

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the list, unless something went wrong, and close the archive but not the file."""
        if kind is None:
            told = self._manifest
            whole = Manifest(told.scope, registry=told.registry, subject=told.subject, entries=self._entries)
            self._write(_MANIFEST, whole.to_bytes())
        self._zip.close()

    def _write(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, date_time=_TIME)
        entry.create_system = 3  # the same on every system
        entry.external_attr = (stat.S_IFREG | 0o644) << 16
        self._zip.writestr(entry, data)


class Archive:
    """An archive that was checked before anything of it is used.

    When it is opened, every entry is a plain, uncompressed file under a key of a registry, listed with its size and
    digest, and content has them; everything else is compared when it is read. Nothing is ever unpacked to a path.

    Examples
    --------
    >>> Archive("no-such-file.zip")
    Traceback (most recent call last):
    maturekit.errors.SourceMissingError: there is no file no-such-file.zip
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = checked_path(path, what="file")
        self._zip = self._opened()
        try:
            with self.judging():
                self.manifest = self._checked()
        except BaseException:
            self._zip.close()
            raise

    @contextlib.contextmanager
    def judging(self) -> Iterator[None]:
        """Let every fault that is found in the block name the file."""
        try:
            yield
        except (FormatError, IntegrityError) as error:
            raise type(error)(f"{self.path} cannot be imported: {error.message}", hint=error.hint) from error
        except StorageError:
            raise
        except _BROKEN as error:
            raise IntegrityError(f"{self.path} is damaged: {error or 'it is cut short'}") from error
        except OSError as error:
            if error.errno == errno.EINVAL:  # the file says that something stands before its beginning
                raise IntegrityError(f"{self.path} is damaged: it names a place outside itself") from error
            raise StorageError(f"{self.path} could not be read: {error.strerror or error}") from error

    def listed(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix, sorted."""
        return sorted(key for key in self.manifest.entries if key.startswith(prefix))

    def read(self, key: str) -> bytes:
        """Return the bytes of a key, verified: the file may have changed since it was opened."""
        with self.judging():
            data = self._zip.read(key)
            if digest_of(data) != self.manifest.entries[key][0]:
                raise _damaged(key)
        return data

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Self:
        """Return the archive."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except FileNotFoundError as error:
            raise SourceMissingError(f"there is no file {self.path}") from error
        except _BROKEN as error:
            raise FormatError(
                f"{self.path} is no export of a registry, or is cut short: {error}",
                hint="write one with `export_to`, and copy it as a whole.",
            ) from error
        except OSError as error:
            raise StorageError(f"{self.path} could not be read: {error.strerror or error}") from error

    def _checked(self) -> Manifest:
        infos = self._zip.infolist()
        for fault in _entry_faults(infos, self.path.stat().st_size):
            raise FormatError(fault)
        if _MANIFEST not in self._zip.NameToInfo:
            raise FormatError(f"it has no {_MANIFEST}", hint="it may be a zip archive of something else.")
        manifest = Manifest.from_bytes(self._zip.read(_MANIFEST))
        there, listed = {info.filename for info in infos} - {_MANIFEST}, {ROOT_KEY, *manifest.entries}
        for key in sorted(there ^ listed):
            raise IntegrityError(f"{key!r} is {'not listed' if key in there else 'missing'}")
        for key in sorted(listed):
            if key_kind(key) == "other":
                raise FormatError(f"{key!r:.200} is no key of a registry")
            digest, size = manifest.entries.get(key, ("", 0))
            if self._zip.getinfo(key).file_size != size or ("/blobs/" in key and self._digest(key) != digest):
                raise _damaged(key)
        return manifest

    def _digest(self, key: str) -> str:
        hashed = hashlib.sha256()
        with self._zip.open(key) as entry:
            while part := entry.read(_PART):
                hashed.update(part)
        return f"sha256:{hashed.hexdigest()}"


def _damaged(key: str) -> IntegrityError:
    return IntegrityError(f"{key!r} is damaged: its bytes are not those that were written")


def _entry_faults(infos: list[zipfile.ZipInfo], size: int) -> Iterator[str]:
    """Yield what no export has: links, folders, compression, sizes that cannot be, names that stand twice."""
    seen: set[str] = set()
    for info in infos:
        shown = f"its entry {info.orig_filename!r:.200}"
        if info.filename != info.orig_filename or not _plain(info):
            yield f"{shown} is no plain file"
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
            yield f"{shown} is compressed or encrypted"
        if info.file_size != info.compress_size or info.file_size > size:
            yield f"{shown} claims a size that it cannot have"
        if info.filename in seen:
            yield f"{shown} stands there twice"
        seen.add(info.filename)
    if sum(info.file_size for info in infos) > size:
        yield "its entries overlap: together they are larger than the file"


def _plain(info: zipfile.ZipInfo) -> bool:
    return not info.is_dir() and stat.S_IFMT(info.external_attr >> 16) in {0, stat.S_IFREG}
