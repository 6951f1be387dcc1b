"""Locks that are free in a forked child, whatever the threads of its parent were doing."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from weakref import WeakSet

__all__ = ["ForkLock"]


class ForkLock:
    """A lock for a ``with`` block, which the thread that has it may take again.

    A fork copies locks and not the threads that hold them, so that a child would wait for ever for what nobody gives
    back. This one is new in the child. Use it where what it guards is whole between any two steps, such as memory of
    what was read, since the child goes on from there.

    Examples
    --------
    >>> lock = ForkLock()
    >>> with lock, lock:
    ...     print("mine")
    mine
    """

    def __init__(self) -> None:
        self.renew()
        _locks.add(self)

    def renew(self) -> None:
        """Forget who holds it."""
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        """Wait until no other thread has it."""
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        self._lock.release()


_locks: WeakSet[ForkLock] = WeakSet()


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_renew_all)
