"""What several threads ask at once, answered together: who comes while a batch runs is part of the next one."""

from __future__ import annotations

import enum
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from maturekit.errors import DeadlineError

__all__ = ["Gather"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gather(Generic[Item, Result]):
    """Micro-batching without a thread of its own and without a window of time.

    A caller who finds nobody is answered at once. Who comes while a batch runs waits for its end; then the one who has
    waited longest runs the next batch, for all who wait and ask for something of the same kind. A batch that raises is
    taken apart: everybody in it asks alone, in the own thread, so that only who is at fault gets an error. A batch that
    does not come back holds those in it, and those behind it, for `patience` seconds; then each of them asks alone, and
    who comes later begins a new line.

    Safe between threads. A forked child begins with nobody in line.

    Parameters
    ----------
    answer : callable
        Takes a list of items and returns as many results, in order. Called by one thread at a time, unless a batch
        raises or hangs.
    largest : int
        At most so many items in a batch.
    patience : float
        Seconds to wait for others before asking alone.

    Examples
    --------
    >>> Gather(lambda items: [2 * item for item in items]).ask(21)
    42
    """

    __slots__ = ("_answer", "_largest", "_line", "_patience")

    def __init__(
        self, answer: Callable[[list[Item]], Sequence[Result]], *, largest: int = 256, patience: float = 10.0
    ) -> None:
        self._answer = answer
        self._largest = largest
        self._patience = patience
        self._line = _Line()

    def ask(self, item: Item, *, kind: Any = None, deadline: float | None = None) -> Result:
        """Return the result for one item, alone or together with others of an equal `kind`.

        Raises what `answer` raises for this item, and `DeadlineError` if the time is over while others are answered,
        or before a batch begins; a batch that runs in the caller's thread is not broken off.
        """
        line = self._line
        if line.process != os.getpid():  # a fork: those in line exist in the parent only
            line = self._line = _Line()
        own = _Ticket(item, kind)
        with line.lock:
            if line.busy:
                line.waiting.append(own)
            else:
                line.busy = True
                own.word = _Word.LEAD
                own.ready.release()
        self._wait(line, own, deadline)
        if own.word is _Word.LEAD:
            self._lead(line, own, deadline)
        if own.word is _Word.ALONE:
            _in_time(deadline)
            (own.result,) = self._answer([item])
        result: Result = own.result
        return result

    def _wait(self, line: _Line, own: _Ticket, deadline: float | None) -> None:
        """Wait until somebody says what to do, or until the time is over."""
        seconds = self._patience if deadline is None else min(self._patience, deadline - time.monotonic())
        try:
            if own.ready.acquire(timeout=max(seconds, 0.0)):
                return
        except BaseException:  # an interrupt of the main thread: nobody may wait for who is gone
            if not line.leave(own) and own.word is _Word.LEAD:
                line.pass_on()
            raise
        if line.leave(own):  # else the word came just now
            _in_time(deadline)
            own.word = _Word.ALONE
            if self._line is line:
                self._line = _Line()

    def _lead(self, line: _Line, own: _Ticket, deadline: float | None) -> None:
        """Run a batch for all of this kind that wait, tell them, and let the next one lead."""
        batch = [own]
        try:
            _in_time(deadline)
            batch += line.taken(own.kind, self._largest - 1)
            results = list(self._answer([ticket.item for ticket in batch]))
            for ticket, result in zip(batch, results, strict=True):
                ticket.result = result
            word = _Word.ANSWERED
        except BaseException as error:
            word = _Word.ALONE
            if len(batch) == 1 or not isinstance(error, Exception):
                raise
        finally:
            for ticket in batch:
                ticket.word = word
                if ticket is not own:
                    ticket.ready.release()
            line.pass_on()


class _Word(enum.Enum):
    """What who waits is told."""

    WAIT = enum.auto()
    LEAD = enum.auto()
    ANSWERED = enum.auto()
    ALONE = enum.auto()


class _Ticket:
    """One item and who waits for its result."""

    __slots__ = ("item", "kind", "ready", "result", "word")

    def __init__(self, item: Any, kind: Any) -> None:
        self.item = item
        self.kind = kind
        self.result: Any = None
        self.word = _Word.WAIT
        self.ready = threading.Lock()
        self.ready.acquire()


class _Line:
    """Who waits, in one process; while `busy`, somebody leads."""

    __slots__ = ("busy", "lock", "process", "waiting")

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.busy = False
        self.waiting: deque[_Ticket] = deque()

    def taken(self, kind: Any, most: int) -> list[_Ticket]:
        """Take out those of one kind, who have waited longest first."""
        with self.lock:
            batch: list[_Ticket] = []
            rest: deque[_Ticket] = deque()
            for ticket in self.waiting:
                if len(batch) < most and ticket.kind == kind:
                    batch.append(ticket)
                else:
                    rest.append(ticket)
            self.waiting = rest
        return batch

    def leave(self, own: _Ticket) -> bool:
        """Go away without an answer; False if a word is there already."""
        with self.lock:
            if own in self.waiting:
                self.waiting.remove(own)
                return True
            return own.word is _Word.WAIT  # in a batch that runs, which then answers nobody

    def pass_on(self) -> None:
        """Let who has waited longest lead; nobody leads if nobody waits."""
        if self.process != os.getpid():  # the leader itself forked, and this is the child
            return
        with self.lock:
            if not self.waiting:
                self.busy = False
                return
            following = self.waiting.popleft()
            following.word = _Word.LEAD
        following.ready.release()


def _in_time(deadline: float | None) -> None:
    if deadline is not None and time.monotonic() >= deadline:
        raise DeadlineError(
            "the deadline passed before the model was asked", hint="allow more time, or ask less at once."
        )
