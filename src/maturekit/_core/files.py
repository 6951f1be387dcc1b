"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError

__all__ = ["checked_path", "flush_folder", "whole_file", "write_whole"]


def checked_path(path: object, *, what: str) -> Path:
    """Return a path that this system can have; `what` names it in errors.

    >>> checked_path("models", what="place").name
    'models'
    >>> checked_path(3, what="place")
    Traceback (most recent call last):
    maturekit.errors.ArgumentTypeError: the place must be a path, got int
    """
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise ArgumentTypeError(f"the {what} must be a path, got {type(path).__name__}")
    try:
        possible = text and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise ArgumentError(f"the {what} {text!r:.100} cannot be a path", hint="pass one such as 'folder/name'.")
    return Path(text)


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file that replaces an older one in one step, make missing folders, and return its path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(f"{folder}/new/page.html", b"text").read_bytes()
    b'text'
    """
    with whole_file(path) as file:
        file.write(data)
    return Path(path)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, durable: bool = False) -> Iterator[IO[bytes]]:
    """Open a file to write to that replaces an older one in one step when the block ends well, and else disappears.

    A `durable` one survives a crash of the machine once the block has ended.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(f"{folder}/new/page.html") as file:
    ...         there = os.path.exists(f"{folder}/new/page.html"), file.write(b"text")
    ...     there, os.listdir(f"{folder}/new")
    ((False, 4), ['page.html'])
    """
    import tempfile  # noqa: PLC0415  # it brings every way to compress, which a registry that is only read does not need

    target = Path(path)
    unfinished: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-")
        unfinished = Path(name)
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.chmod(0o644)  # a temporary file is private; a page is not
        unfinished.replace(target)
        if durable:
            flush_folder(target.parent)
    except BaseException as error:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            raise StorageError(
                f"could not write {target}: {error.strerror or error}",
                hint="nothing was half-written; choose a folder that this user may write to.",
            ) from error
        raise


def flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     flush_folder(Path(folder))
    """
    if os.name == "nt":
        return  # Windows cannot open a folder to flush it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
