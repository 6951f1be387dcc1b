"""Threads in which calls run that an event loop must not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from maturekit._core.aside import Aside, joined
from maturekit.errors import OverloadedError

__all__ = ["Threads"]

Q = TypeVar("Q")
A = TypeVar("A")

_MOST = 32

_IDLE_SECONDS = 5.0
"""So long a thread without work stays."""

_LOOK_SECONDS = 0.05
"""Between two looks whether somebody still waits for what runs."""


class Threads(Aside):
    """At most 32 threads, which begin when they are needed, and end when they were idle for some seconds.

    Further calls wait their turn. A call that hangs keeps its thread, since nothing can stop it, but not the interpreter
    from ending.

    Examples
    --------
    >>> asyncio.run(Threads().awaited(len, "four"))
    4
    """

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._pool: _Pool | None = None

    async def awaited(self, function: Callable[[Q], A], question: Q) -> A:
        """Return what a function makes of a question, in a thread, with the context variables of the caller.

        Raises `OverloadedError` if the system gives no thread.
        """
        job = _Job(function, question, asyncio.get_running_loop())
        with self._lock:
            if self._pool is None:
                self._pool = _Pool()
            self._pool.take(job)
        answer: A = await job.future
        return answer

    def close(self) -> None:
        """Wait for what somebody still waits for, and end the threads that are idle then."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.await_calls()
            joined(pool.over(), seconds=_IDLE_SECONDS)

    def _end(self) -> Iterable[threading.Thread]:
        pool = self._pool
        return () if pool is None else pool.over(now=True)


class _Pool:
    """Threads from one beginning to one end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Condition(self._lock)
        self._calm = threading.Condition(self._lock)
        self._waiting: deque[_Job] = deque()
        self._running: dict[threading.Thread, _Job] = {}
        self._idle: set[threading.Thread] = set()
        self._is_over = False

    def take(self, job: _Job) -> None:
        with self._lock:
            self._waiting.append(job)
            if len(self._waiting) > len(self._idle) and len(self._running) + len(self._idle) < _MOST:
                try:
                    self._start()
                except RuntimeError as error:
                    if not (self._running or self._idle):  # nobody will ever come to it
                        self._waiting.remove(job)
                        raise OverloadedError(f"no thread could be started: {error}") from error
            self._wanted.notify()

    def await_calls(self) -> None:
        """Wait until nobody waits for an answer."""
        with self._lock:
            while any(job.is_awaited for job in (*self._waiting, *self._running.values())):
                self._calm.wait(_LOOK_SECONDS)  # who gives up tells nobody

    def over(self, *, now: bool = False) -> list[threading.Thread]:
        """Let every thread end when no call waits, or `now`, after the one that it runs; return those to wait for."""
        with self._lock:
            self._is_over = True
            self._wanted.notify_all()
            if not now:
                return list(self._idle)
            self._waiting.clear()
            return [*self._idle, *self._running]

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="maturekit-async", daemon=True)
        self._idle.add(thread)
        try:
            thread.start()
        except BaseException:
            self._idle.remove(thread)
            raise

    def _work(self) -> None:
        me = threading.current_thread()
        while True:
            with self._lock:
                self._wanted.wait_for(lambda: self._waiting or self._is_over, _IDLE_SECONDS)
                self._idle.remove(me)
                if not self._waiting:
                    return
                job = self._running[me] = self._waiting.popleft()
            job.do()
            with self._lock:
                del self._running[me]
                self._idle.add(me)
                self._calm.notify_all()
            del job  # nobody's answer is kept while there is nothing to do


class _Job:
    """A question on its way through a thread, back to the event loop that waits."""

    __slots__ = ("_context", "_function", "_loop", "_question", "future")

    def __init__(self, function: Callable[[Any], Any], question: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._function = function
        self._question = question
        self._context = contextvars.copy_context()
        self._loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    @property
    def is_awaited(self) -> bool:
        return not (self.future.done() or self._loop.is_closed())

    def do(self) -> None:
        if not self.is_awaited:
            return
        try:
            self._told(self._context.run(self._function, self._question), None)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the caller gets it
            self._told(None, error)

    def _told(self, answer: Any, error: BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(_settle, self.future, answer, error)


def _settle(future: asyncio.Future[Any], answer: Any, error: BaseException | None) -> None:
    if future.done():  # cancelled: nobody wants to know
        return
    if isinstance(error, StopIteration):  # a future cannot raise it; a coroutine raises this
        meant = RuntimeError("coroutine raised StopIteration")
        meant.__cause__ = error
        error = meant
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)
