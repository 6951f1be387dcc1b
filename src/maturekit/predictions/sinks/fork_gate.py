"""A gate that a fork waits at until nobody is inside, for libraries whose memory must not be copied half-way."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

__all__ = ["ForkGate"]

_PATIENCE = 30.0


class ForkGate:
    """Let any number of threads in, except while this process is being forked; make one for a module, not for an object.

    A fork waits until all are out, at most 30 seconds.

    Examples
    --------
    >>> gate = ForkGate()
    >>> with gate.inside(), gate.inside():
    ...     print("no fork now")
    no fork now
    """

    def __init__(self) -> None:
        self._open()
        if hasattr(os, "register_at_fork"):  # Windows has no forks
            os.register_at_fork(before=self._close, after_in_parent=self._reopen, after_in_child=self._open)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Be inside for the length of a ``with`` block."""
        changed = self._changed
        with changed:
            changed.wait_for(lambda: not self._closing)
            self._threads += 1
        try:
            yield
        finally:
            with changed:
                self._threads -= 1
                changed.notify_all()

    def _open(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._threads, self._closing = 0, False

    def _close(self) -> None:
        self._changed.acquire()
        self._closing = True  # nobody else comes in
        self._changed.wait_for(lambda: not self._threads, timeout=_PATIENCE)

    def _reopen(self) -> None:
        self._closing = False
        self._changed.notify_all()
        self._changed.release()
