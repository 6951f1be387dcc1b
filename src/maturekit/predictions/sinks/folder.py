"""A folder that many processes keep rows in, under one lock, and that says what it holds."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit._core.files import checked_path, flush_folder, whole_file
from maturekit.errors import ForeignFolderError, NotFoundError, StorageError
from maturekit.predictions.sinks.folder_lock import locked

__all__ = ["Folder"]

_FORMAT = 1
_LOCK, _UNFINISHED = ".lock", ".unfinished-"
_PATIENCE = 30.0


class Folder:
    """A folder with a lock, and a marker that says whose it is and by which key columns its rows can be found.

    Parameters
    ----------
    path : str or path
        Where; nothing is there before the first write.
    marker : str
        Name of the file that tells such a folder from others.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = Folder(f"{place}/log", marker="mine.json")
    ...     with folder.writing("the rows"):
    ...         folder.claim({("flight",)})
    ...     folder.names(), folder.key_sets()
    (['mine.json'], [('flight',)])
    """

    def __init__(self, path: str | os.PathLike[str], *, marker: str) -> None:
        self.path = checked_path(path, what="folder")
        self.marker = marker

    @contextlib.contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """Be the only one who reads or writes; `what` is named in errors."""
        with self.worded(f"could not write {what}"):
            self._make()
            with locked(self.path / _LOCK, seconds=_PATIENCE):
                yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Be sure that nobody writes."""
        with locked(self.path / _LOCK, seconds=_PATIENCE, shared=True):
            yield

    @contextlib.contextmanager
    def worded(self, what: str, *, but: tuple[type[OSError], ...] = ()) -> Iterator[None]:
        """Turn errors of the system into a `StorageError` that says what was tried, except some."""
        try:
            yield
        except but:
            raise
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(
                f"{what} in {str(self.path)!r}: {error.strerror or error}", hint="nothing was half-written."
            ) from error

    def claim(self, key_sets: set[tuple[str, ...]]) -> None:
        """Note whose the folder is, and key columns that are new; only while `writing`."""
        held = self._content()
        known = set() if held is None else {tuple(names) for names in held["keys"]}
        new = key_sets - known - {()}
        if held is None or new:
            self.put(self.marker, canonical_json({"format": _FORMAT, "keys": sorted(map(list, known | new))}))

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all, in the place of an older one; only while `writing`."""
        path = self.path / name
        if not path.parent.is_dir():
            path.parent.mkdir()
            flush_folder(self.path)
        with whole_file(path, durable=True) as file:
            file.write(data)

    def remove(self, name: str) -> None:
        """Delete a file if it is there; only while `writing`."""
        path = self.path / name
        path.unlink(missing_ok=True)
        flush_folder(path.parent)

    def sweep(self) -> None:
        """Remove what a writer that was killed left unfinished, which may hold rows; only while `writing`."""
        for left in self.path.rglob(f"{_UNFINISHED}*"):
            left.unlink()

    def names(self, inner: str = "") -> list[str]:
        """Return the names of what is there, or in a folder within, but for hidden files."""
        with self.worded("could not list"), contextlib.suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.path / inner) if not name.startswith("."))  # noqa: PTH208  # names are enough
        return []

    def key_sets(self) -> list[tuple[str, ...]]:
        """Return every set of key columns that was claimed."""
        with self.worded("could not read"):
            held = self._content()
        return [] if held is None else [tuple(names) for names in held["keys"]]

    def must_exist(self) -> None:
        """Raise `NotFoundError` where nothing was ever written, and `ForeignFolderError` where something else is."""
        with self.worded("could not read"):
            if self._content() is None:
                self._refuse_strangers()
                raise NotFoundError(
                    f"there is no prediction log in {str(self.path)!r}",
                    hint="it begins with the first write; check the place.",
                )

    def _content(self) -> dict[str, Any] | None:
        try:
            data = (self.path / self.marker).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        what = f"{self.marker} in {self.path}"
        return check_format(parse_json(data, what=what), what=what, newest=_FORMAT)

    def _make(self) -> None:
        if not self.path.is_dir():
            missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in missing:
                flush_folder(folder.parent)
        self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        if not self.path.is_dir() or (self.path / self.marker).exists():
            return
        stranger = next((name for name in os.listdir(self.path) if not name.startswith((_LOCK, _UNFINISHED))), None)  # noqa: PTH208  # names are enough
        if stranger is not None and not (self.path / self.marker).exists():
            raise ForeignFolderError(
                f"{str(self.path)!r} holds something that is no log of this kind, such as {stranger!r}",
                hint="choose an empty or a new folder.",
            )
