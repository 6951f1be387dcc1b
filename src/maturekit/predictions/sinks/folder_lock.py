"""A lock in a folder, for many readers or one writer among all processes, which a process that dies gives back."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from maturekit.errors import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["locked"]

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_held: set[int] = set()


@contextlib.contextmanager
def locked(file: Path, *, seconds: float, shared: bool = False) -> Iterator[None]:
    """Hold the lock that is this file, alone or with other readers; the file stays.

    Raises `FileNotFoundError` for a reader where no writer ever was, and `StorageError` if another process has not
    given it back after so many seconds. A forked child does not inherit it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder) / ".lock", seconds=1.0):
    ...     print("mine")
    mine
    """
    descriptor = os.open(file, os.O_RDONLY if shared else os.O_RDWR | os.O_CREAT, 0o644)
    _held.add(descriptor)
    try:
        _wait(descriptor, file, seconds=seconds, shared=shared)
        try:
            yield
        finally:
            _release(descriptor)  # by name: a child that was forked meanwhile may have the file open, too
    finally:
        _held.discard(descriptor)
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _wait(descriptor: int, file: Path, *, seconds: float, shared: bool) -> None:
    until, pause = time.monotonic() + seconds, 0.001
    while not _acquire(descriptor, shared=shared):
        if time.monotonic() > until:
            raise StorageError(
                f"could not write or read in {file.parent}: another process has been busy there for {seconds:g} s",
                hint="try again; if it hangs, end that process.",
            )
        time.sleep(pause)
        pause = min(2 * pause, 0.01)


if sys.platform == "win32":

    def _acquire(descriptor: int, *, shared: bool) -> bool:  # noqa: ARG001  # Windows has no shared locks: readers take turns
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise
        return True

    def _release(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _acquire(descriptor: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise
        return True

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _let_go_as_child() -> None:
        for descriptor in _held:
            with contextlib.suppress(OSError):  # if its parent dies, nobody else must hold what it held
                os.close(descriptor)
        _held.clear()

    os.register_at_fork(after_in_child=_let_go_as_child)
