"""Items that wait to be written: by number, by time and at exit, never failing who hands them in."""

from __future__ import annotations

import contextlib
import multiprocessing.process
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from maturekit._core.logs import logger
from maturekit.errors import StorageError

__all__ = ["Buffer"]

Item = TypeVar("Item")


class Buffer(Generic[Item]):
    """Collect items and write them in batches.

    Safe between threads: the one whose item makes a batch complete writes it, and the others go on. A forked child begins empty, since its parent writes what waits there. What waits is
    written when the buffer is garbage, when the interpreter ends, and when a worker of `multiprocessing` ends.

    Parameters
    ----------
    write : callable
        Takes a list of items; raises `StorageError` if they cannot be written now, and is then called with the very
        same list again. Anything else that it raises is a fault of the items: they are dropped and counted.
    rows : int
        Write as soon as so many rows wait.
    seconds : float
        Write when the first of them has waited so long; also the pause after a failure.
    keep : int
        While writing fails, at most so many rows wait; later ones are dropped and counted.

    Examples
    --------
    >>> buffer = Buffer(print, rows=3, seconds=60.0, keep=100)
    >>> for word in ["a", "b", "c"]:
    ...     buffer.add(word, rows=1)
    ['a', 'b', 'c']
    """

    def __init__(self, write: Callable[[list[Item]], None], *, rows: int, seconds: float, keep: int) -> None:
        self._write = write
        self._rows = rows
        self._seconds = seconds
        self._keep = keep
        self.dropped = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[tuple[Item, int]] = []
        self._taken: list[tuple[Item, int]] = []
        self._held = 0
        self._not_before = 0.0
        self._timer: threading.Timer | None = None
        self._healthy = True
        self._worker = False
        _born.add(self)
        _watch_forks()

    def add(self, item: Item, *, rows: int) -> None:
        """Take an item of some rows, and write if enough wait; never raises."""
        with self._lock:
            if self._held and self._held + rows > self._keep:
                self.dropped += rows
                return
            self._waiting.append((item, rows))
            self._held += rows
            self._wake_later()
            due = self._held >= self._rows and time.monotonic() >= self._not_before
        if (
            due and not self._writing.locked()
        ):  # else another thread writes already, and takes this along or wakes later
            self.close()

    def flush(self) -> None:
        """Write all that waits; raise `StorageError` if that fails, and keep it."""
        with self._writing:
            while True:
                with self._lock:
                    if not self._taken:  # else the last attempt failed: repeat exactly that
                        self._taken, self._waiting = self._waiting, []
                if not self._taken:
                    return
                self._write_taken()

    def close(self) -> None:
        """Write all that waits; a failure is logged, and what waits is kept for the next attempt."""
        try:
            self.flush()
        except StorageError as error:
            with self._lock:
                self._wake_later()
            self._complain("records wait, since they cannot be written: %s", error)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with the log, a prediction must not fail for it
            self._complain("records could not be written and were dropped: %r", error)

    def _complain(self, message: str, error: Exception) -> None:
        if self._healthy:  # once, until a write succeeds again
            logger.warning(message, error)
        self._healthy = False

    def _write_taken(self) -> None:
        rows = sum(rows for _, rows in self._taken)
        try:
            self._write([item for item, _ in self._taken])
        except StorageError:
            self._not_before = time.monotonic() + self._seconds
            raise
        except BaseException:
            self.dropped += rows
            self._let_go(rows)
            raise
        self._healthy = True
        self._let_go(rows)

    def _let_go(self, rows: int) -> None:
        with self._lock:
            self._taken = []
            self._held -= rows

    def _wake_later(self) -> None:
        if self._timer is None:
            timer = threading.Timer(self._seconds, self._wake)
            timer.daemon = True
            with contextlib.suppress(RuntimeError):  # the interpreter ends, and writes what waits as it does
                timer.start()
                self._timer = timer
            if not self._worker and multiprocessing.process.parent_process() is not None:
                self._worker = True
                _close_with_worker(self)

    def _wake(self) -> None:
        with self._lock:
            self._timer = None
        self.close()

    def _begin_as_child(self) -> None:
        """Leave what waits to the parent; locks may be held by threads that do not exist here."""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._waiting, self._taken, self._held = [], [], 0
        self._timer, self._worker = None, False


_born: weakref.WeakSet[Buffer[Any]] = weakref.WeakSet()
_watched = threading.Event()


def _watch_forks() -> None:
    if not _watched.is_set():
        _watched.set()
        with contextlib.suppress(AttributeError):  # Windows has no fork
            os.register_at_fork(after_in_child=_begin_as_children)


def _begin_as_children() -> None:
    for buffer in _born:
        buffer._begin_as_child()  # noqa: SLF001  # the same class, one level out


def _close_with_worker(buffer: Buffer[Any]) -> None:
    import multiprocessing.util  # noqa: PLC0415  # only a worker needs it: `os._exit` ends it without `atexit`

    multiprocessing.util.Finalize(None, buffer.close, exitpriority=10)
