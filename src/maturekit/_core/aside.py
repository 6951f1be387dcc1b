"""Threads beside the calls: they begin at first use, end with the interpreter, and begin anew in a forked child."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterable

__all__ = ["Aside", "joined"]

_EXIT_SECONDS = 1.0


class Aside:
    """Something with threads of its own, all of them daemons.

    A fork copies memory and no threads: a child would wait for work that nobody does, and for locks that nobody gives
    back. A thread that still works while the interpreter goes away would find half of it gone: it is asked to stop,
    and waited for, one second at most for all of them.
    """

    def __init__(self) -> None:
        self._begin()
        _born.add(self)
        _watch()

    def _begin(self) -> None:
        """Set up locks, and note that no thread runs: at first, and again in a forked child."""
        raise NotImplementedError

    def _end(self) -> Iterable[threading.Thread]:
        """Ask the threads to stop, without waiting for them, and return them."""
        raise NotImplementedError


def joined(threads: Iterable[threading.Thread], *, seconds: float) -> bool:
    """Wait for threads, so long for all of them together, and return whether all have ended.

    >>> joined([], seconds=0.0)
    True
    """
    until = time.monotonic() + seconds
    mine = threading.current_thread()
    waited = [thread for thread in threads if thread is not mine]
    for thread in waited:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in waited)


_born: weakref.WeakSet[Aside] = weakref.WeakSet()
_watched = threading.Event()


def _watch() -> None:
    if not _watched.is_set():
        _watched.set()
        atexit.register(_end_all)
        with contextlib.suppress(AttributeError):  # Windows has no fork
            os.register_at_fork(after_in_child=_begin_all)


def _begin_all() -> None:
    for aside in list(_born):
        aside._begin()  # noqa: SLF001  # the same class, one level out


def _end_all() -> None:
    threads = [thread for aside in list(_born) for thread in aside._end()]  # noqa: SLF001  # as above
    joined(threads, seconds=_EXIT_SECONDS)
