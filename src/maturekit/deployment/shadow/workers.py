"""Work that is done aside: in threads of its own, of which only so many, and so much of their time, can be lost."""

from __future__ import annotations

import contextlib
import ctypes
import math
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from maturekit._core.aside import Aside, joined
from maturekit._core.logs import logger

__all__ = ["Workers"]

Job = TypeVar("Job")

_NAP = 0.02
"""Seconds between two looks at an empty queue, so that whoever hands in a job need not wake anybody."""
_NAPS = 50
"""After so many naps without a job a worker sleeps until somebody rings, or for `_SLEEP` seconds."""
_SLEEP = 1.0
_ALONE = 60.0
"""Seconds for which a challenger is left alone that hung again and again; then one more such call is enough."""


class Workers(Aside, Generic[Job]):
    """A few threads that work off a bounded queue, and are given up when they hang.

    Handing in a job takes no lock and never waits. A worker that is busy with one job for longer than `seconds` is
    given up: what comes of the job is ignored, the thread is told to stop, which ends a loop in Python though not a
    call that waits in C, and another one takes its place after a rest. While `hung` such threads are alive, and for a
    minute after `hung` such jobs in a row, nothing is taken.

    Parameters
    ----------
    ask : callable
        Does a job and returns what `keep` gets; raises nothing.
    keep : callable
        Takes the result of a job that was done in time, one at a time; quick, and raises nothing.
    rows : int
        So many rows wait at most.
    workers : int
        How many threads.
    seconds : float
        How long one job may take.
    duty : float
        The share of its time that a worker works at most; it rests after each job. Threads of one process share the
        interpreter, so this is also the share of the callers' time that a worker takes at most.
    hung : int
        So many threads that were given up may be alive, and so many jobs in a row be given up.

    Examples
    --------
    >>> workers = Workers(str.upper, print, rows=10, workers=1, seconds=5.0, duty=1.0, hung=1)
    >>> if workers.room(1):
    ...     workers.put("shadow", 1)
    >>> workers.close(seconds=5.0)
    SHADOW
    True
    """

    def __init__(
        self,
        ask: Callable[[Job], Any],
        keep: Callable[[Any], None],
        *,
        rows: int,
        workers: int,
        seconds: float,
        duty: float,
        hung: int,
    ) -> None:
        self._ask = ask
        self._keep = keep
        self._rows = rows
        self._workers = workers
        self._seconds = seconds
        self._rest = 1.0 / duty - 1.0
        self._hung = hung
        self.dropped = 0
        """Rows that were not taken, or not worked off before the end."""
        self.late = 0
        """Jobs that were given up."""
        super().__init__()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._bell = _Bell()
        self._queue: deque[tuple[Job, int]] = deque()
        self._more = 0  # rows that wait beyond one a job
        self._turns: list[_Turn] = []
        self._lost: list[threading.Thread] = []
        self._in_a_row = 0
        self._alone_until = 0.0
        self.stuck = False
        """Whether nothing is taken, since too many jobs hang."""

    def room(self, rows: int) -> bool:
        """Return whether so many more rows may wait; if not, they count as dropped."""
        if not self.stuck and len(self._queue) + self._more + rows <= self._rows:
            return True
        with self._lock:
            self.dropped += rows
        return False

    def put(self, job: Job, rows: int) -> None:
        """Hand in a job for which there is room."""
        if rows > 1:
            with self._lock:
                self._more += rows - 1
        self._queue.append((job, rows))
        if not self._turns:
            self._look()
        elif self._bell.asleep:
            self._bell.wake.set()

    def close(self, *, seconds: float) -> bool:
        """Work off what waits, for so long at most, end the threads, and return whether all was done."""
        until = time.monotonic() + seconds
        self._bell.rush.set()
        while self._busy() and time.monotonic() < until:
            self._bell.wake.set()
            time.sleep(_NAP / 4)
        done = not self._busy()
        self._drop()
        return joined(self._end(), seconds=max(0.0, until - time.monotonic())) and done

    def _busy(self) -> bool:
        with self._lock:
            return bool(self._queue) or any(turn.began < math.inf for turn in self._turns)

    def _drop(self) -> None:
        with self._lock:
            while self._queue:
                _, rows = self._queue.popleft()
                self.dropped += rows
            self._more = 0

    def _end(self) -> list[threading.Thread]:
        self._bell.ring()
        with self._lock:
            threads: list[threading.Thread] = [*self._turns]
            self._turns, self._bell = [], _Bell()
        return threads

    def _look(self) -> None:
        """Give up who hangs, and see to it that enough threads work."""
        with self._lock:
            self._lost = [thread for thread in self._lost if thread.is_alive()]
            now = time.monotonic()
            gone = [turn for turn in self._turns if now - turn.began > self._seconds]
            for turn in gone:
                turn.given_up = True
                self.late += 1
                self._in_a_row += 1
                if self._in_a_row >= self._hung:
                    self._alone_until = now + _ALONE
                self._turns.remove(turn)
                self._lost.append(turn)
                _interrupt(turn)
            was, self.stuck = self.stuck, len(self._lost) >= self._hung or now < self._alone_until
            if not self.stuck:
                self._start(rest=self._seconds * self._rest if gone else 0.0)
        if self.stuck:
            self._drop()
            if not was:
                logger.warning("%d calls of a challenger hang: it is left alone for a while", self._in_a_row)

    def _start(self, *, rest: float) -> None:
        bell, mine = self._bell, weakref.ref(self, self._bell.ring)
        with contextlib.suppress(
            RuntimeError
        ):  # the interpreter ends, or too many threads run: no reason to fail a call
            if bell.watch is None:
                watch = threading.Thread(
                    target=_watch, args=(mine, bell, min(self._seconds / 4, 1.0)), name="maturekit-watch", daemon=True
                )
                watch.start()
                bell.watch = watch
            while len(self._turns) < self._workers:
                turn = _Turn(mine, bell, rest)
                turn.start()
                self._turns.append(turn)

    def _one(self, turn: _Turn) -> float | None:
        """Do a job, and return for how many seconds to rest; None if there is none."""
        with self._lock:
            if not self._queue or turn.given_up:
                return None
            job, rows = self._queue.popleft()
            self._more -= rows - 1
            turn.began = began = time.monotonic()
        result = self._ask(job)
        with self._lock:
            if turn.given_up:
                return 0.0
            turn.began = math.inf
            self._in_a_row = 0
            self._keep(result)
        return (time.monotonic() - began) * self._rest


@dataclass(slots=True, eq=False)
class _Bell:
    """What reaches the threads of some workers, also when these are gone."""

    stop: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    rush: threading.Event = field(default_factory=threading.Event)
    asleep: bool = False
    watch: threading.Thread | None = None

    def ring(self, _: object = None) -> None:
        for event in (self.stop, self.wake, self.rush):
            event.set()


class _Turn(threading.Thread):
    """A worker: since when it is busy, and whether somebody still waits for it."""

    def __init__(self, mine: weakref.ref[Workers[Any]], bell: _Bell, rest: float) -> None:
        super().__init__(name="maturekit-shadow", daemon=True)
        self._mine = mine
        self._bell = bell
        self._rest = rest
        self.began = math.inf
        self.given_up = False

    def run(self) -> None:
        """Work until nobody wants it any more."""
        naps, bell = 0, self._bell
        bell.rush.wait(self._rest)
        while not bell.stop.is_set() and not self.given_up:
            workers = self._mine()
            if workers is None:
                return
            rest = workers._one(self)  # noqa: SLF001  # both are halves of one thing
            empty = not workers._queue  # noqa: SLF001  # as above
            del workers  # they may go while nothing is done for them
            naps = naps + 1 if rest is None else 0
            if naps > _NAPS and empty:
                self._sleep()
            bell.rush.wait(_NAP if rest is None else rest)

    def _sleep(self) -> None:
        bell = self._bell
        bell.asleep = True
        bell.wake.wait(_SLEEP)  # not for ever: who looked whether it sleeps a moment ago did not ring
        bell.asleep = False
        bell.wake.clear()


def _watch(mine: weakref.ref[Workers[Any]], bell: _Bell, seconds: float) -> None:
    while not bell.stop.wait(seconds):
        workers = mine()
        if workers is None:
            return
        workers._look()  # noqa: SLF001  # the same class, one level out
        del workers


def _interrupt(thread: threading.Thread) -> None:
    """Let `SystemExit`, which threads end with silently, be raised in a thread at its next step in Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
