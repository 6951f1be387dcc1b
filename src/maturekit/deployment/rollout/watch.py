"""The thread of a rollout: it counts, looks and follows, so that no call has to."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import weakref
from typing import Protocol

from maturekit._core.aside import Aside, joined
from maturekit._core.logs import logger
from maturekit.deployment.rollout.notes import Notes

__all__ = ["Watch", "Watched"]

_PATIENCE = 5.0
"""Seconds that `close` waits for a look that is under way."""
_BREATH = 0.5
"""Seconds between two looks, however many calls fail."""


class Watched(Protocol):
    """What a watch looks after."""

    name: str
    look_seconds: float

    def _open(self) -> None:
        """Learn where it stands."""

    def step(self) -> object:
        """Count, look and follow."""


class Watch(Aside):
    """The thread of a rollout: counts, looks and follows, and lets the rollout be garbage when nobody has it."""

    def __init__(self, rollout: Watched) -> None:
        self._rollout = weakref.ref(rollout)
        self._seconds = rollout.look_seconds
        super().__init__()

    def _begin(self) -> None:
        self.notes = Notes()  # what waits in a parent is the parent's
        self.running = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._healthy = True

    def begin(self) -> None:
        """Learn where the rollout stands, and start the thread; never raises."""
        with self._lock:
            if self.running:
                return
            self.running = True
            self._wake = threading.Event()
            self._look(first=True)
            if self._seconds < math.inf:
                name = "maturekit-rollout"
                self._thread = threading.Thread(
                    target=_run, args=(weakref.ref(self), self._wake, self._seconds), name=name, daemon=True
                )
                with contextlib.suppress(RuntimeError):  # the interpreter ends
                    self._thread.start()

    def hurry(self) -> None:
        """Look soon: something failed."""
        self._wake.set()

    def close(self) -> None:
        """Count what waits, and end the thread; the next call begins anew."""
        joined(self._end(), seconds=_PATIENCE)
        with self._lock:
            if self.running:
                self._look()
            self.running = False

    def _end(self) -> list[threading.Thread]:
        thread, self._thread = self._thread, None
        self._wake.set()
        return [] if thread is None else [thread]

    def _look(self, *, first: bool = False) -> None:
        rollout = self._rollout()
        if rollout is None:
            return
        try:
            if first:
                rollout._open()  # noqa: SLF001  # the one it belongs to
            else:
                rollout.step()
            self._healthy = True
        except Exception as error:  # noqa: BLE001  # whatever hinders the rollout, calls are answered
            if self._healthy:  # once, until it works again
                logger.warning("the rollout %s stays as it is: %s: %s", rollout.name, type(error).__name__, error)
            self._healthy = False


def _run(watch: weakref.ref[Watch], wake: threading.Event, seconds: float) -> None:
    mine = threading.current_thread()
    while True:
        hurried = wake.wait(seconds)
        held = watch()
        if held is None or held._rollout() is None:  # noqa: SLF001  # its own thread
            return
        wake.clear()
        held._look()  # noqa: SLF001  # as above
        if held._thread is not mine:  # noqa: SLF001  # closed, or the interpreter ends; what waited is counted
            return
        del held
        if hurried:
            time.sleep(min(seconds, _BREATH))  # failures come in swarms
