"""Threads in which calls run that an event loop must not wait for."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from maturekit._core.locks import ForkLock

__all__ = ["Threads"]

Q = TypeVar("Q")
A = TypeVar("A")

_MOST = 32


class Threads:
    """A pool that begins with the first call, and anew in a forked child.

    Examples
    --------
    >>> asyncio.run(Threads().awaited(len, "four"))
    4
    """

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    async def awaited(self, function: Callable[[Q], A], question: Q) -> A:
        """Return what a function makes of a question, in a thread, with the context variables of the caller."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._running(), lambda: context.run(function, question))

    def close(self) -> None:
        """Wait for what runs and end the threads."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None and self._process == os.getpid():
            pool.shutdown()

    def _running(self) -> ThreadPoolExecutor:
        if self._pool is None or self._process != os.getpid():
            with self._lock:
                if self._pool is None or self._process != os.getpid():
                    self._process = os.getpid()
                    self._pool = ThreadPoolExecutor(_MOST, thread_name_prefix="maturekit")
        return self._pool
