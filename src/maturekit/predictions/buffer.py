"""Items that wait to be written by a thread of their own: never held up, and never failing who hands them in."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing.process
import os
import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from maturekit._core.logs import logger
from maturekit.errors import StorageError

__all__ = ["Buffer"]

Item = TypeVar("Item")
Batch = TypeVar("Batch")


class Buffer(Generic[Item, Batch]):
    """Collect items; a thread writes them in batches, by number, by time, on request and at exit.

    Safe between threads. The thread begins with the first item. A forked child begins empty and with a thread of its
    own, since its parent writes what waits there. When the interpreter or a worker of `multiprocessing` ends, what
    waits is written for at most `exit_seconds`; what is left is lost, and said through the logger.

    Parameters
    ----------
    make : callable
        Makes of a list of items what `write` takes, and returns it with the rows of the items that cannot be written
        at all: those are dropped and counted. Called once for a batch, in the thread.
    write : callable
        Writes what `make` made; raises `StorageError` if that is impossible now, and is then called with the very same
        batch again. Anything else that it raises is a fault of the batch: it is dropped and counted.
    rows : int
        Write as soon as so many rows wait; a batch has at most so many rows, or is one item, or has 16 times as many
        rows where those wait.
    seconds : float
        Write when the first of them has waited so long; also the pause after a failure.
    keep : int
        So many rows wait at most; later ones are dropped and counted.
    exit_seconds : float
        How long the end of the process may wait.

    Examples
    --------
    >>> buffer = Buffer(lambda words: (words, 0), print, rows=3, seconds=60.0, keep=100, exit_seconds=5.0)
    >>> for word in ["a", "b", "c", "d"]:
    ...     buffer.add(word, rows=1)
    >>> buffer.flush()
    ['a', 'b', 'c']
    ['d']
    """

    def __init__(
        self,
        make: Callable[[list[Item]], tuple[Batch, int]],
        write: Callable[[Batch], None],
        *,
        rows: int,
        seconds: float,
        keep: int,
        exit_seconds: float,
    ) -> None:
        self._make = make
        self._write = write
        self._rows = rows
        self._seconds = seconds
        self._keep = keep
        self._exit_seconds = exit_seconds
        self._begin()
        _born.add(self)
        _watch_the_process()

    def _begin(self) -> None:
        self.dropped = 0
        self._lock = threading.RLock()  # a signal handler or a finalizer may come back in the same thread
        self._writing = threading.Lock()
        self._waiting: list[tuple[Item, int, float]] = []
        self._fresh = 0  # rows that wait
        self._held = 0  # and those that are being written
        self._batch: _Batch[Batch] | None = None
        self._not_before = 0.0
        self._added = 0  # items, counted to know when what was asked for is done
        self._done = 0
        self._asked: list[_Ask] = []
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._healthy = True
        self._worker = False

    @property
    def held(self) -> int:
        """How many rows wait or are being written: what a crash would lose."""
        return self._held

    def add(self, item: Item, *, rows: int) -> None:
        """Take an item of some rows; never waits for a write, and never raises."""
        with self._lock:
            held = self._held
            if held and held + rows > self._keep:
                self.dropped += rows
                return
            self._waiting.append((item, rows, time.monotonic()))
            self._added += 1
            self._held = held + rows
            before = self._fresh
            self._fresh = after = before + rows
            if before and (before >= self._rows or after < self._rows) and not _end:
                return  # the thread knows already, or need not know yet
            heard = self._call()
        if not heard:
            self._write_here()
        elif _end:
            _close_together([self], since=_end[0])

    def flush(self, timeout: float | None = None) -> None:
        """Write all that waits now; raise `StorageError` if that fails or takes longer, and keep it."""
        ask = self._ask()
        if ask is None:
            return
        if not ask.told.wait(timeout):
            raise StorageError(
                f"{self._held} rows are still not written after {timeout:g} seconds",
                hint="the store is slow or hangs; they wait on.",
            )
        if ask.error is not None:
            raise ask.error

    def close(self) -> None:
        """Write what waits, for at most `exit_seconds`, and let the thread end; a failure is logged."""
        _close_together([self], since=time.monotonic())
        self.let_go()

    def let_go(self) -> None:
        """Write what waits and let the thread end, without waiting for it; it begins anew with the next item."""
        with self._lock:
            self._ending = True
            self._calls.put(None)

    def _ask(self) -> _Ask | None:
        """Ask the thread to write all that waits now; None if nothing does, or who asks is the thread itself."""
        with self._lock:
            if not self._held or threading.current_thread() is self._thread:
                return None
            ask = _Ask(self._added)
            self._asked.append(ask)
            heard = self._call()
        if not heard:
            self._write_here()
        return ask

    def _call(self) -> bool:
        """Wake the thread, or begin one; return False if the interpreter ends and begins none any more."""
        self._ending = False
        if self._thread is None:
            try:
                thread = threading.Thread(target=self._run, name="maturekit-log", daemon=True)
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
            _running.add(self)
            if not self._worker and multiprocessing.process.parent_process() is not None:
                self._worker = True
                _close_with_worker(self)
        self._calls.put(None)
        return True

    def _write_here(self) -> None:
        while self._held and (self._healthy or self._asked):
            self._write_one()

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._ending and not self._held:
                    self._thread = None
                    _running.discard(self)
                    return
                pause = self._pause()
            if pause == 0.0:
                self._write_one()
                continue
            with contextlib.suppress(Empty):
                self._calls.get(timeout=pause)

    def _pause(self) -> float | None:
        """Return how many seconds nothing is to be done; None until somebody calls."""
        if not self._held:
            return None
        now = time.monotonic()
        if self._asked:
            return 0.0
        if self._batch is not None or self._fresh >= self._rows or self._ending:
            return max(0.0, self._not_before - now)
        return max(0.0, self._waiting[0][2] + self._seconds - now, self._not_before - now)

    def _write_one(self) -> None:
        """Write one batch, and tell whoever asked for it."""
        error: BaseException | None = None
        with self._writing:  # free, unless several threads of an interpreter that ends write here
            batch = self._batch = self._batch or self._taken()
            lost = batch.rows
            try:
                if batch.made is None:
                    batch.made, batch.faulty = self._make(batch.items)
                    batch.items = []
                if batch.count:  # else another thread wrote all of it
                    self._write(batch.made)
                lost = batch.faulty
                self._healthy = True
            except StorageError as problem:
                error, lost = problem, -1
                self._complain("records wait, since they cannot be written: %s", problem)
            except BaseException as problem:  # noqa: BLE001  # the log goes on with the next batch
                error = problem
                self._complain("records could not be written and were dropped: %r", problem)
            with self._lock:
                if lost < 0:
                    self._not_before = time.monotonic() + self._seconds
                else:
                    self.dropped += lost
                    self._held -= batch.rows
                    self._done += batch.count
                    self._batch = None
                told = [ask for ask in self._asked if error is not None or ask.upto <= self._done]
                self._asked = [ask for ask in self._asked if ask not in told]
        for ask in told:
            ask.error = error
            ask.told.set()

    def _taken(self) -> _Batch[Batch]:
        """Take what fits into one batch; where rows come faster than they are written, a larger one helps."""
        with self._lock:
            limit = self._rows * (_BEHIND if self._fresh >= self._rows * _BEHIND else 1)
            rows = count = 0
            for _, more, _ in self._waiting:
                if count and rows + more > limit:
                    break
                rows += more
                count += 1
            items = [item for item, _, _ in self._waiting[:count]]
            del self._waiting[:count]
            self._fresh -= rows
            return _Batch(items, rows, count)

    def _complain(self, message: str, error: BaseException) -> None:
        if self._healthy:  # once, until a write succeeds again
            logger.warning(message, error)
        self._healthy = False


class _Batch(Generic[Batch]):
    """Items that are written together; `made` of them once, so that a repeated attempt writes the very same."""

    __slots__ = ("count", "faulty", "items", "made", "rows")

    def __init__(self, items: list[Any], rows: int, count: int) -> None:
        self.items = items
        self.rows = rows
        self.count = count
        self.made: Batch | None = None
        self.faulty = 0


class _Ask:
    """Somebody waits until the first `upto` items are written."""

    __slots__ = ("error", "told", "upto")

    def __init__(self, upto: int) -> None:
        self.upto = upto
        self.told = threading.Event()
        self.error: BaseException | None = None


_BEHIND = 16

_born: weakref.WeakSet[Buffer[Any, Any]] = weakref.WeakSet()
_running: set[Buffer[Any, Any]] = set()
"""Those with a thread: also when nobody else refers to them any more."""
_watched = threading.Event()
_end: list[float] = []
"""When the interpreter began to end, once it did."""


def _watch_the_process() -> None:
    if not _watched.is_set():
        _watched.set()
        atexit.register(_close_at_the_end)
        with contextlib.suppress(AttributeError):  # Windows has no fork
            os.register_at_fork(after_in_child=_begin_as_children)


def _close_at_the_end() -> None:
    _end.append(time.monotonic())  # the threads stay, for what other exit handlers write
    _close_together(list(_running), since=_end[0])


def _close_together(buffers: list[Buffer[Any, Any]], *, since: float) -> None:
    for buffer, ask in [(buffer, buffer._ask()) for buffer in buffers]:  # noqa: SLF001  # the same class, one level out
        if ask is not None:
            left = since + buffer._exit_seconds - time.monotonic()  # noqa: SLF001  # as above
            if not ask.told.wait(max(0.0, left)):
                logger.warning("the end came before %d records were written", buffer.held)
            elif ask.error is not None:
                logger.warning("%d records are lost: %s", buffer.held, ask.error)


def _begin_as_children() -> None:
    _running.clear()
    for buffer in list(_born):
        buffer._begin()  # noqa: SLF001  # the same class, one level out


def _close_with_worker(buffer: Buffer[Any, Any]) -> None:
    import multiprocessing.util  # noqa: PLC0415  # only a worker needs it: `os._exit` ends it without `atexit`

    multiprocessing.util.Finalize(None, buffer.close, exitpriority=10)
