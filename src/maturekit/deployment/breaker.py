"""A model that fails again and again is left alone for a while, then tried once."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

from maturekit._core.arguments import check_number
from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    CircuitOpenError,
    OverloadedError,
    RejectedRowsError,
)

__all__ = ["Breaker"]

_NO_FAILURE = (ArgumentError, ArgumentTypeError, RejectedRowsError, OverloadedError, CircuitOpenError)
"""What says nothing about the health of a model: a question that cannot be asked, and a model that was not asked."""


class Breaker(Wrapper):
    """Stop asking a model that fails: callers then learn at once that there is no answer, and the model may recover.

    Closed, every call goes inward. When `failures` of the last `window` calls have failed, the circuit opens, and calls
    raise `CircuitOpenError`. After `open_seconds` it is half-open: one call is let through as a trial. If that succeeds
    the circuit closes, if it fails it stays open for as long again, and if the trial is still running after
    `open_seconds`, the next call is a trial too. What began before the circuit opened neither closes nor opens it.

    A call has failed if it raised, or if at least half of the rows that were asked about have an unusable output
    (``"invalid"`` or ``"failed"``). Rejected input, a call that cannot be asked, one that an overloaded model shed and
    one that another breaker stopped say nothing about the model and do not count, also not as a successful trial.

    Safe for several threads if the model is; every process counts for itself.

    Parameters
    ----------
    model : estimator or Wrapper
        Whose failures are counted; put `Guarded` inside if unusable outputs shall count.
    failures : int, default 10
        So many failures open the circuit.
    window : int, default 20
        Among so many calls.
    open_seconds : float, default 30.0
        How long the model is left alone.
    clock : callable, default time.monotonic
        Returns the time in seconds; another one in tests.

    Examples
    --------
    >>> class Broken:
    ...     def predict(self, X):
    ...         raise OSError("no connection")
    >>> breaker = Breaker(Broken(), failures=2)
    >>> for _ in range(3):
    ...     try:
    ...         breaker.predict([[0.0]])
    ...     except Exception as error:
    ...         print(type(error).__name__, breaker.state)
    OSError closed
    OSError open
    CircuitOpenError open
    """

    def __init__(
        self,
        model: Any,
        *,
        failures: int = 10,
        window: int = 20,
        open_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(model)
        check_number(failures, what="failures", whole=True)
        check_number(window, what="window", whole=True)
        check_number(open_seconds, what="open_seconds")
        if not 1 <= failures <= window:
            raise ArgumentError(f"failures must be at least 1 and at most window, got {failures!r} of {window!r}")
        if not open_seconds > 0:
            raise ArgumentError(f"open_seconds must be positive, got {open_seconds!r}")
        if not callable(clock):
            raise ArgumentTypeError(f"clock must be callable, got {type(clock).__name__}")
        self.failures = failures
        self.window = window
        self.open_seconds = open_seconds
        self.clock = clock
        self.opened = 0
        """How often the circuit has opened, failed trials included."""
        self.refused = 0
        """How many calls were not passed inward."""
        self._ended = itertools.count()  # calls that count, in the order in which they end
        self._failed: deque[int] = deque(maxlen=failures)
        self._era = 0  # how often the circuit has closed
        self._circuit: _Open | None = None
        self._lock = threading.Lock()

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """What happens to the next call: it goes inward, it is refused, or it is a trial."""
        circuit = self._circuit
        if circuit is None:
            return "closed"
        return "open" if self.clock() < circuit.until else "half-open"

    def _handle(self, call: Call, inward: Inward) -> Answer:
        trial = None if self._circuit is None else self._trial()
        era = self._era
        try:
            answer = inward(call)
        except Exception as error:
            if not isinstance(error, _NO_FAILURE):
                self._fail(era, trial, type(error).__name__)
            elif trial is not None:
                trial.let_go()
            raise
        except BaseException:  # an interrupt: nothing is known of the model
            if trial is not None:
                trial.let_go()
            raise
        if trial is not None or answer.marks:
            self._judge(answer, era, trial)
        else:
            next(self._ended)
        return answer

    def _judge(self, answer: Answer, era: int, trial: _Open | None) -> None:
        statuses = [status for status, _ in answer.marks.values()]
        asked = answer.rows - statuses.count("rejected")
        unusable = [why for status, why in answer.marks.values() if status in {"invalid", "failed"}]
        if not asked:
            if trial is not None:
                trial.let_go()
        elif 2 * len(unusable) >= asked:
            self._fail(era, trial, ", ".join(unusable[0]) or "no output")
        elif trial is not None:
            self._close_after(trial)
        else:
            next(self._ended)

    def _trial(self) -> _Open | None:
        """Return what this call tries to close; None if it is closed by now; raise if it is not this call's turn."""
        with self._lock:
            circuit = self._circuit
            if circuit is None:
                return None
            now = self.clock()
            if now >= circuit.until:
                self._circuit = trial = _Open(now + self.open_seconds, circuit.why)  # until then it may hang
                return trial
            self.refused += 1
        raise CircuitOpenError(
            f"{circuit.why}; the model is left alone for another {circuit.until - now:.3g} s",
            hint="`Fallback` around the breaker answers in the meantime.",
        )

    def _fail(self, era: int, trial: _Open | None, why: str) -> None:
        with self._lock:
            if self._circuit is None:
                if trial is not None or era != self._era:
                    return  # it began before the circuit was closed
                self._failed.append(next(self._ended))
                if len(self._failed) < self.failures or self._failed[-1] - self._failed[0] >= self.window:
                    return
                why = f"{self.failures} of the last {self.window} calls failed, the last one with {why}"
            elif trial is self._circuit:
                why = f"a trial failed with {why}"
            else:
                return
            self._circuit = _Open(self.clock() + self.open_seconds, why)
            self.opened += 1
        logger.warning("the circuit around %s is open: %s", type(self.model).__name__, why)

    def _close_after(self, trial: _Open) -> None:
        with self._lock:
            if self._circuit is not trial:
                return
            self._failed.clear()
            self._era += 1
            self._circuit = None
        logger.info("the circuit around %s is closed: a trial succeeded", type(self.model).__name__)

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return self._inward_waits(call, contract)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a classifier behind a breaker, and one behind two."""
        yield cls(example_model())
        yield cls(cls(example_model(), failures=1, window=1), open_seconds=1.0)


class _Open:
    """An open circuit: why, and when the next call is a trial."""

    __slots__ = ("until", "why")

    def __init__(self, until: float, why: str) -> None:
        self.until = until
        self.why = why

    def let_go(self) -> None:
        """Let the next call be a trial: this one said nothing."""
        self.until = float("-inf")
