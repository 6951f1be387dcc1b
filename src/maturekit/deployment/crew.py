"""So many calls at once, each in a thread that its caller can leave behind."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from maturekit._core.aside import Aside, joined
from maturekit.errors import DeadlineError, OverloadedError

__all__ = ["Crew"]

Q = TypeVar("Q")
A = TypeVar("A")

_IDLE_SECONDS = 5.0
"""So long a thread without work stays."""


class Crew(Aside):
    """Runs functions, so many at once, and lets a caller go when the time is over.

    What outruns its time goes on in its thread, since nothing can stop it; its place stays taken until it ends, and its
    result is dropped. Threads begin when they are needed and end when they were idle for some seconds.

    Parameters
    ----------
    places : int or None
        So many run at once; None for no limit.
    queue : int
        So many more wait for a place.
    lost : int
        At most so many that nobody waits for any more may be running; then nothing begins that would need a thread.

    Examples
    --------
    >>> Crew(places=1, queue=0, lost=1).run(len, "four", deadline=time.monotonic() + 5.0)
    4
    """

    def __init__(self, *, places: int | None, queue: int, lost: int) -> None:
        self._places = places
        self._queue = queue
        self._lost = lost
        super().__init__()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._calm = threading.Condition(self._lock)
        self._waiting: deque[threading.Lock] = deque()
        self._idle: list[_Hand] = []
        self.running = 0
        """How many run now."""
        self.left = 0
        """How many of those nobody waits for any more."""
        self.late = 0
        """How many ended when nobody waited for them any more."""
        self.shed = 0
        """How many were turned away."""

    def run(self, function: Callable[[Q], A], question: Q, *, deadline: float | None) -> A:
        """Return what the function makes of the question; in the caller's own thread if there is no deadline.

        Raises `OverloadedError` if there is no place and no room to wait for one, and `DeadlineError` at the deadline.
        """
        self._enter(deadline)
        if deadline is not None and _left_of(deadline) == 0.0:
            self._leave()
            raise _too_late()
        if deadline is None:
            try:
                return function(question)
            finally:
                self._leave()
        answer: A = self._aside(_Job(function, question), deadline)
        return answer

    def close(self) -> None:
        """Wait for what somebody still waits for, and end the threads that are idle then."""
        with self._calm:
            self._calm.wait_for(lambda: self.running == self.left)
        joined(self._end(), seconds=_IDLE_SECONDS)

    def _end(self) -> Iterable[threading.Thread]:
        with self._lock:
            idle, self._idle = self._idle, []
        for hand in idle:
            hand.give(None)
        return idle

    def _enter(self, deadline: float | None) -> None:
        with self._lock:
            if deadline is not None and self.left >= self._lost:
                self.shed += 1
                raise OverloadedError(
                    f"{self.left} calls that outran their deadline are still running, which is the limit",
                    hint="the model inside hangs; `Breaker` leaves it alone, `Fallback` answers in the meantime.",
                )
            if self._places is None or self.running < self._places:
                self.running += 1
                return
            if len(self._waiting) >= self._queue:
                self.shed += 1
                raise OverloadedError(
                    f"{self.running} calls run and {len(self._waiting)} wait, which is the limit",
                    hint="allow more by `concurrency` or `queue`, or ask again later.",
                )
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        came = False
        try:
            came = turn.acquire(timeout=-1.0 if deadline is None else _left_of(deadline))
        finally:
            if not came:
                self._give_up(turn)
        if not came:
            raise _too_late()

    def _give_up(self, turn: threading.Lock) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self._leave()  # the turn came just now

    def _leave(self, job: _Job | None = None) -> None:
        with self._lock:
            self._free(job)

    def _free(self, job: _Job | None) -> None:
        if job is not None and job.is_left:
            self.left -= 1
            self.late += 1
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self.running = max(0, self.running - 1)  # a child that was forked by a call begins at 0, and ends it too
        self._calm.notify_all()

    def _aside(self, job: _Job, deadline: float) -> Any:
        try:
            self._hand().give(job)
        except BaseException as error:
            self._leave()
            if isinstance(error, RuntimeError):  # the system gives no more threads
                with self._lock:
                    self.shed += 1
                raise OverloadedError(f"no thread could be started: {error}") from error
            raise
        came = False
        try:
            came = job.done.acquire(timeout=_left_of(deadline))
        finally:
            if not came:
                came = self._leave_behind(job)
        if not came:
            raise DeadlineError(
                "no answer before the deadline", hint="allow more `seconds`; `Fallback` answers instead."
            )
        return job.outcome()

    def _leave_behind(self, job: _Job) -> bool:
        """Stop waiting for a job; True if it has just ended."""
        with self._lock:
            if not job.has_ended:
                job.is_left = True
                self.left += 1
                self._calm.notify_all()
            return job.has_ended

    def _hand(self) -> _Hand:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        hand = _Hand(self)
        hand.start()
        return hand

    def _finish(self, job: _Job, hand: _Hand) -> None:
        """Note that a job has ended, and that the thread that did it is idle, before anybody is told."""
        with self._lock:
            job.has_ended = True
            self._free(job)
            self._idle.append(hand)
        job.done.release()

    def _dismissed(self, hand: _Hand) -> bool:
        """Let an idle thread go, unless it was just given something."""
        with self._lock:
            if hand in self._idle:
                self._idle.remove(hand)
                return True
        return False


class _Job:
    """A question on its way through a thread."""

    __slots__ = ("_context", "_error", "_function", "_question", "_result", "done", "has_ended", "is_left")

    def __init__(self, function: Callable[[Any], Any], question: Any) -> None:
        self._function = function
        self._question = question
        self._context = contextvars.copy_context()
        self._result: Any = None
        self._error: BaseException | None = None
        self.has_ended = False
        self.is_left = False
        self.done = threading.Lock()
        self.done.acquire()

    def do(self) -> None:
        try:
            self._result = self._context.run(self._function, self._question)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the caller gets it
            self._error = error

    def outcome(self) -> Any:
        if self._error is None:
            return self._result
        try:
            raise self._error
        finally:
            self._error = None  # its traceback holds this frame


class _Hand(threading.Thread):
    """A thread that does one job after another."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(name="maturekit-limited", daemon=True)
        self._crew = crew
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.give = self._jobs.put
        """Hand over a job to an idle thread; None to end it."""

    def run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_IDLE_SECONDS)
            except Empty:
                if self._crew._dismissed(self):  # noqa: SLF001  # one thing in two classes
                    return
                continue
            if job is None:
                return
            job.do()
            self._crew._finish(job, self)  # noqa: SLF001  # as above
            del job


def _left_of(deadline: float) -> float:
    return min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)


def _too_late() -> DeadlineError:
    return DeadlineError("the deadline passed before the model was asked", hint="allow more time, or more at once.")
