"""A model that answers in time or not at all, and is asked only so much at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Self

from maturekit._core.arguments import check_number
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract
from maturekit.deployment.crew import Crew
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import ArgumentError

__all__ = ["Limited"]

_LOST = 64
"""So many calls that outran their deadline may still be running before nothing begins any more."""


class Limited(Wrapper):
    """Free the caller at a deadline, and shed what is too much at once.

    A call with a deadline runs in a thread of its own; when the time is over the caller gets `DeadlineError`, and what
    still comes is dropped and counted in `late`. No thread can be stopped: the call keeps its place until the model
    returns, and when 64 such calls are running, further ones are shed. If `concurrency` calls run and `queue` more wait,
    the next one gets `OverloadedError` at once.

    Where compiled code answers records, which takes microseconds, they are answered in the caller's thread, whatever the
    limits, but for the first; so is the odd record that compiled code leaves to the model, since a value is of a type that
    it was not proven with. Where wrappers with deadlines nest, the sooner one counts.

    Safe for several threads if the model is; every process counts for itself, a forked child from 0.

    Parameters
    ----------
    model : estimator or Wrapper
        What is limited. Only what is inside has a deadline, so this belongs far out: around `Guarded` and `Live`.
    seconds : float, optional
        How long a call may take, waiting for its turn included. Without, only a deadline that the call itself has
        counts.
    concurrency : int, optional
        So many calls run at once.
    queue : int, default 0
        So many more wait for their turn.

    Examples
    --------
    >>> class Slow:
    ...     def predict(self, X):
    ...         time.sleep(0.3)
    ...         return X
    >>> limited = Limited(Slow(), seconds=0.02)
    >>> limited.predict([1.0])
    Traceback (most recent call last):
    maturekit.errors.DeadlineError: no answer before the deadline...
    """

    def __init__(
        self, model: Any, *, seconds: float | None = None, concurrency: int | None = None, queue: int = 0
    ) -> None:
        super().__init__(model)
        if seconds is not None:
            check_number(seconds, what="seconds")
        if concurrency is not None:
            check_number(concurrency, what="concurrency", whole=True)
        check_number(queue, what="queue", whole=True)
        if seconds is not None and not seconds > 0:
            raise ArgumentError(f"seconds must be positive, got {seconds!r}")
        if concurrency is not None and not concurrency >= 1:
            raise ArgumentError(f"concurrency must be at least 1, got {concurrency!r}")
        if not queue >= 0:
            raise ArgumentError(f"queue must not be negative, got {queue!r}")
        if queue and concurrency is None:
            raise ArgumentError("queue says how many wait when `concurrency` run, which is not limited")
        self.seconds = seconds
        self.concurrency = concurrency
        self.queue = queue
        self._began = False
        self._crew = Crew(places=concurrency, queue=queue, lost=_LOST)

    @property
    def running(self) -> int:
        """How many calls run now, of those that take more than microseconds."""
        return self._crew.running

    @property
    def late(self) -> int:
        """How many calls ended after their deadline; what they said was dropped."""
        return self._crew.late

    @property
    def shed(self) -> int:
        """How many calls were turned away with `OverloadedError`."""
        return self._crew.shed

    def _handle(self, call: Call, inward: Inward) -> Answer:
        # before the first answer even the question whether there is something to wait for may have to load a model
        if self._began and not self._inward_waits(call, None):
            return inward(call)
        deadline = call.deadline
        if self.seconds is not None:
            own = time.monotonic() + self.seconds
            if deadline is None or own < deadline:
                deadline = own
                call = call.narrowed(deadline=own)
        answer = self._crew.run(inward, call, deadline=deadline)
        self._began = True
        return answer

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return self._inward_waits(call, contract)

    def _close(self) -> None:
        self._crew.close()

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a classifier with a deadline, and one with that and a limit to how many calls run at once."""
        yield cls(example_model(), seconds=60.0)
        yield cls(cls(example_model(), concurrency=8), seconds=60.0, concurrency=8, queue=8)
