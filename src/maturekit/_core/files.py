"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from maturekit.errors import StorageError

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file that replaces an older one in one step, make missing folders, and return its path.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(f"{folder}/new/page.html", b"text").read_bytes()
    b'text'
    """
    target = Path(path)
    unfinished: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-")
        unfinished = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        unfinished.chmod(0o644)  # a temporary file is private; a page is not
        unfinished.replace(target)
    except OSError as error:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
        raise StorageError(
            f"could not write {target}: {error.strerror or error}",
            hint="nothing was half-written; choose a folder that this user may write to.",
        ) from error
    return target
