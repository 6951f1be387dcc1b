"""Which version answers now: looked up and made ready by a thread beside the calls."""

from __future__ import annotations

import contextlib
import gc
import math
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from maturekit._core.aside import Aside, joined
from maturekit._core.logs import logger
from maturekit.deployment.serving import Serving
from maturekit.errors import StorageError
from maturekit.registry import Registry, Version

__all__ = ["Following"]

_CLOSE_SECONDS = 10.0
_LINGER = 1.0
"""So many seconds at most the thread holds on to a version that was replaced: then no call has to tear it down."""


class Following(Aside):
    """What a reference names, followed.

    The first version is loaded by whoever asks first. From then on a thread looks every `seconds` whether the alias
    has moved; it loads the new version, tries it and puts it in place of the old one in one step. With 0 seconds there
    is no thread and whoever asks looks; with infinity, and for a fixed version, nobody does.

    Parameters
    ----------
    registry : Registry
        Where the versions are.
    reference : str
        ``"name@alias"`` or ``"name:number"``.
    seconds : float
        Between two looks.
    trust : iterable of str
        For `Version.load`.
    """

    def __init__(self, registry: Registry, reference: str, *, seconds: float, trust: Iterable[str]) -> None:
        self._registry = registry
        self._reference = reference
        self._name = reference.partition("@")[0].partition(":")[0]
        self._seconds = seconds if "@" in reference else math.inf
        self._trust = trust
        self._events = ""
        self.serving: Serving | None = None
        """What answers; None before the first call."""
        self.refused: tuple[str, BaseException] | None = None
        """Reference and error of the version that was refused, as long as the alias points to it."""
        self.trouble: BaseException | None = None
        """What hindered the last look."""
        super().__init__()

    def _begin(self) -> None:
        self.ready = False
        """Whether `serving` may be taken as it is: somebody else looks after it, or nobody has to."""
        self._loading = threading.Lock()
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def _end(self) -> list[threading.Thread]:
        self._stop.set()
        thread, self._thread = self._thread, None
        self.ready, self._stop = False, threading.Event()
        return [] if thread is None else [thread]

    def close(self) -> None:
        """End the thread; it begins again with the next call."""
        joined(self._end(), seconds=_CLOSE_SECONDS)

    def now(self) -> Serving:
        """Return what answers now; load it if nothing does yet, and raise what hinders that."""
        if self.serving is None:
            with self._loading:
                if self.serving is None:
                    self._look()
        elif not self._seconds and self._loading.acquire(blocking=False):  # else another call is looking already
            try:
                self.look_on()
            finally:
                self._loading.release()
        if self._seconds:
            self.ready = self._seconds == math.inf or self._followed()
        return self.serving  # type: ignore[return-value]  # a look that loads nothing raises

    def refresh(self) -> bool:
        """Look now, try also what was refused, and return whether another version answers from here on."""
        with self._loading:
            self.refused = None
            self._events = ""
            moved = self._look()
            self.trouble = None
            return moved

    def look_on(self) -> None:
        """Look, and if that is hindered say so: the old version goes on answering."""
        try:
            self._look()
            self.trouble = None
        except (Exception, SystemExit) as error:  # noqa: BLE001  # even if a model ends the interpreter as it is loaded
            if self.trouble is None and self.serving is not None:  # once, until a look succeeds again
                logger.warning("%s stays at %s: %s", self._reference, self.serving.version.reference, error)
            self.trouble = _bare(error)

    def _look(self) -> bool:
        events = self._registry.head(self._name)
        if events == self._events:  # one look at whether the next event is there, and it is not
            return False
        moved = self._follow(self._registry[self._reference])
        self._events = events
        return moved

    def _follow(self, version: Version) -> bool:
        if self.serving is not None and version.reference == self.serving.version.reference:
            self.refused = None
            return False
        if self.refused is not None and version.reference == self.refused[0]:
            return False
        try:
            self.serving = Serving.of(version, trust=self._trust, before=self.serving)
        except StorageError:  # the place may be back in a moment
            raise
        except (Exception, SystemExit) as error:
            if self.serving is not None:  # else nothing can answer, and every call must say why
                self.refused = (version.reference, error)
            raise
        self.refused = None
        logger.info("%s is %s", self._reference, version.reference)
        return True

    def _followed(self) -> bool:
        with self._starting:
            if self._thread is None:
                mine = weakref.ref(self, _ringing(self._stop))
                thread = threading.Thread(
                    target=_follow, args=(mine, self._stop, self._seconds), name="maturekit-live", daemon=True
                )
                with contextlib.suppress(
                    RuntimeError
                ):  # the interpreter ends, or too many threads run: the next call tries
                    thread.start()
                    self._thread = thread
            return self._thread is not None

    def _turn(self) -> Serving | None:
        """Look once more, and return what was replaced, if anything."""
        with self._loading:
            before = self.serving
            self.look_on()
            return None if before is self.serving else before


def _ringing(stop: threading.Event) -> Callable[[object], None]:
    return lambda _: stop.set()


def _follow(mine: weakref.ref[Following], stop: threading.Event, seconds: float) -> None:
    linger = min(seconds, _LINGER)
    while not stop.wait(seconds - linger):
        following = mine()
        if following is None:
            return
        before = following._turn()  # noqa: SLF001  # the same class, one level out
        del following
        if stop.wait(linger):
            return
        if before is not None:
            model = _watched(before.source.model)
            before = None
            if model() is not None:  # a call still runs on it, or it refers to itself
                gc.collect()


def _watched(model: Any) -> Callable[[], object]:
    try:
        return weakref.ref(model)
    except TypeError:
        return lambda: None


def _bare(error: BaseException) -> BaseException:
    """Return an error without tracebacks, which would hold on to a model half loaded; `refresh` raises it with one."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__context__
    return error
