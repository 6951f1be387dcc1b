"""The files of a model as a read-only mapping of names to bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, KeyTakenError, StorageError

__all__ = ["ModelFiles"]


class ModelFiles(Mapping[str, bytes]):
    """The bytes of files by name, and a way to write them into a folder.

    Names follow the rule for file names that work on Linux, macOS and Windows alike: 1 to 64 characters of a-z, 0-9,
    dot, underscore and hyphen. So no name leads out of a folder. Two of them are equal if names and bytes are.

    Parameters
    ----------
    files : mapping of str to bytes
        At least one file.

    Examples
    --------
    >>> files = ModelFiles({"line.txt": b"y = 2x"})
    >>> files["line.txt"], list(files)
    (b'y = 2x', ['line.txt'])
    >>> ModelFiles({"../line.txt": b"y = 2x"})
    Traceback (most recent call last):
    maturekit.errors.NameRuleError: file name '../line.txt' has a character that is not allowed: '/'...
    """

    __slots__ = ("_files",)

    def __init__(self, files: Mapping[str, bytes]) -> None:
        if not files:
            raise ArgumentError("a model of files has at least one file")
        for name, data in files.items():
            check_name(name, what="file name")
            if not isinstance(data, bytes | bytearray | memoryview):
                raise ArgumentTypeError(f"the file {name!r} must be bytes, got {type(data).__name__}")
        self._files = {name: bytes(files[name]) for name in sorted(files)}

    def save_to(self, folder: str | os.PathLike[str]) -> Path:
        """Write every file into a folder, which is made if it is missing, and return its path.

        Nothing is overwritten and no link is followed: if one of the names is taken, nothing is written.

        Raises
        ------
        KeyTakenError
            There is something of that name in the folder.
        StorageError
            The folder cannot be made or written to; what was written is removed.
        """
        target = Path(folder)
        written: list[Path] = []
        try:
            target.mkdir(parents=True, exist_ok=True)
            taken = [name for name in self if os.path.lexists(target / name)]
            if taken:
                raise KeyTakenError(
                    f"{target} holds {', '.join(map(repr, taken))} already",
                    hint="nothing was written; choose a new folder.",
                )
            for name, data in self.items():
                with (target / name).open("xb") as file:  # fails where anything, even a broken link, stands
                    written.append(target / name)
                    file.write(data)
        except BaseException as error:  # an interruption from the keyboard leaves nothing either
            for path in written:
                path.unlink(missing_ok=True)
            if isinstance(error, StorageError) or not isinstance(error, OSError):
                raise
            raise StorageError(f"could not write the files into {target}: {error.strerror or error}") from error
        return target

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __repr__(self) -> str:
        return f"ModelFiles({', '.join(f'{name}: {len(data):,} bytes' for name, data in self._files.items())})"
