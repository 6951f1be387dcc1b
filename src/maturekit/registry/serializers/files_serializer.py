"""Models that are files already, stored as they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from maturekit._core.digest import canonical_json, check_format, digest_of, parse_json
from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, SourceMissingError, StorageError
from maturekit.registry.serializers.model_files import ModelFiles
from maturekit.registry.serializers.serializer import Serializer

__all__ = ["FilesSerializer"]

_LIST = "maturekit-files.json"
"""Names every file with its digest, so that files taken out of a registry can still be told whole from damaged."""


class FilesSerializer(Serializer):
    """Store files as they are: safetensors, GGUF, a text of coefficients, whatever some other program reads.

    A model is a mapping of file name to bytes, the path of one file, or the path of a folder. It loads as `ModelFiles`,
    a read-only mapping of names to bytes that can write itself into a folder; reading is the caller's.

    A folder holds plain files only: folders and links in it, and names that are not portable, are refused, and nothing
    is renamed. Pack a tree of folders into one archive first, for instance with `shutil.make_archive`.

    Examples
    --------
    >>> serializer = FilesSerializer()
    >>> files = serializer.dump({"line.txt": b"y = 2x"})
    >>> list(files)
    ['line.txt', 'maturekit-files.json']
    >>> serializer.load(files)
    ModelFiles(line.txt: 6 bytes)
    >>> serializer.load(files | {"line.txt": b"y = 3x"})
    Traceback (most recent call last):
    maturekit.errors.FormatError: the file 'line.txt' is not the one that was stored
    """

    name = "files"
    executes = "nothing"

    def _dump(self, model: Any) -> Mapping[str, bytes]:
        files = model if isinstance(model, ModelFiles) else ModelFiles(_read(model))
        if _LIST in files:
            raise ArgumentError(f"the file name {_LIST!r} is taken by the list of the files", hint="rename the file.")
        listed = {name: {"digest": digest_of(data), "size": len(data)} for name, data in files.items()}
        return {**files, _LIST: canonical_json({"files": listed, "format": 1})}

    def _load(self, files: Mapping[str, bytes], trust: frozenset[str]) -> ModelFiles:  # noqa: ARG002  # nothing to trust
        if _LIST not in files:
            raise FormatError(f"a model of files comes with a list of them, {_LIST!r}")
        what = f"the list {_LIST!r}"
        stored = check_format(parse_json(files[_LIST], what=what), what=what, newest=1)
        listed = stored.get("files")
        if not isinstance(listed, dict) or set(listed) != set(files) - {_LIST} or not listed or stored["format"] != 1:
            raise FormatError("the files are not those that were stored: some are missing, or there are others")
        model = ModelFiles({name: files[name] for name in listed})
        for name, data in model.items():
            if listed[name] != {"digest": digest_of(data), "size": len(data)}:
                raise FormatError(f"the file {name!r} is not the one that was stored")
        return model

    def sample(self) -> tuple[ModelFiles, None]:
        """Return two files."""
        return ModelFiles({"weights.bin": bytes(range(256)), "units.txt": b"minutes"}), None

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one serializer."""
        yield cls()


def _read(model: Any) -> Mapping[str, bytes]:
    """Return the files that a mapping holds or a path leads to."""
    if isinstance(model, Mapping):
        return model
    if not isinstance(model, str | os.PathLike):
        raise ArgumentTypeError(f"a model of files is a mapping of name to bytes or a path, got {type(model).__name__}")
    path = Path(model)
    try:
        if not path.is_dir():
            return {check_name(path.name, what="file name"): _content(path.resolve(strict=True))}
        found = sorted(path.iterdir())
        if not found:
            raise ArgumentError(f"the folder {path} is empty")
        for entry in found:  # all of them before the first is read
            check_name(entry.name, what=f"in the folder {path}, the file name")
            _check_plain(entry, entry.lstat().st_mode)
        return {entry.name: _content(entry) for entry in found}
    except FileNotFoundError as error:
        raise SourceMissingError(f"there is no file or folder {error.filename}") from error
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"could not read {path}: {error.strerror or error}") from error


def _content(path: Path) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        _check_plain(path, os.fstat(file.fileno()).st_mode)
        return file.read()


def _check_plain(path: Path, mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise ArgumentError(f"{path} is a link, and links are not followed", hint="copy the file it leads to.")
    if stat.S_ISDIR(mode):
        raise ArgumentError(
            f"{path} is a folder inside the folder, and folders in folders are not stored",
            hint="pack them into one file first, for instance with shutil.make_archive.",
        )
    if not stat.S_ISREG(mode):
        raise ArgumentError(f"{path} is no plain file")
