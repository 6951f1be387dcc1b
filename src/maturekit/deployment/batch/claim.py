"""A folder that one run at a time works in, given back by the system when the run is killed."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import ClassVar

from maturekit.errors import StorageError

__all__ = ["Claim"]


class Claim:
    """The right to work in a folder, which is made if it is missing.

    Kept by a lock of the operating system, so that it ends with the process, however that ends; between the threads of
    a process by a list. On Windows, which has no such locks, only threads are kept apart.

    Parameters
    ----------
    folder : Path
        Where to work.

    Raises
    ------
    StorageError
        Another run works there.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> claim = Claim(Path(place.name))
    >>> Claim(Path(place.name))
    Traceback (most recent call last):
    maturekit.errors.StorageError: another run works in ...
    <BLANKLINE>
    Hint: wait until it has ended, or choose another output.
    >>> claim.release()
    >>> Claim(Path(place.name)).release()
    >>> place.cleanup()
    """

    _threads: ClassVar = threading.Lock()
    _held: ClassVar[set[tuple[int, str]]] = set()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None
        self._name = (os.getpid(), os.path.realpath(folder))
        with self._threads:
            if self._name in self._held:
                raise self._taken()
            self._held.add(self._name)
        try:
            self._lock()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the folder back; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)  # which is also what a killed process does
            self._descriptor = None
        with self._threads:
            self._held.discard(self._name)

    def _lock(self) -> None:
        try:
            import fcntl  # noqa: PLC0415  # Windows has none
        except ImportError:
            self.folder.mkdir(parents=True, exist_ok=True)
            return
        path = self.folder / "lock"
        while True:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise StorageError(f"could not work in {self.folder}: {error.strerror or error}") from error
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise self._taken() from error
            try:
                if os.path.samestat(os.fstat(self._descriptor), path.stat()):
                    return
            except FileNotFoundError:
                pass
            os.close(self._descriptor)  # the run before has ended since, and took this folder away with it
            self._descriptor = None

    def _taken(self) -> StorageError:
        return StorageError(
            f"another run works in {self.folder}", hint="wait until it has ended, or choose another output."
        )
