"""A second model that is asked the same, aside, and never heard by who asked."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pandas as pd

from maturekit._core.arguments import check_number, checked_names
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.recorded import Recorded
from maturekit.deployment.shadow.tally import Compared, Pair, Tally, compared
from maturekit.deployment.shadow.workers import Workers
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions import Log
from maturekit.reports import Report

if TYPE_CHECKING:
    from maturekit.deployment.contract import Contract

__all__ = ["Shadowed"]

_CLOSE_SECONDS = 10.0


class Shadowed(Wrapper):
    """Answer with a champion, and let a challenger answer the same aside, to see what it would have said.

    The challenger works in threads of its own and within a budget: a bounded queue, a time for each call, a share of
    the threads' time. What does not fit is dropped and counted. Whatever the challenger does, the champion's answer is
    returned as it is and does not wait: a challenger that raises is counted; one that hangs is given up after
    `seconds`, and left alone for a minute after `hung` such calls in a row, and while `hung` of them are still alive.
    Memory and interpreter are those of the process: `duty` bounds what a challenger takes of the interpreter, nothing
    bounds what it takes of memory.

    `report` tells how the two compare; `log` keeps what the challenger said, for labels that come later; or hand in a
    `Recorded` challenger, to choose what is recorded.

    Safe for several threads if both models are. Counts are those of this process, and a forked child begins anew; at
    the end of the interpreter what waits is dropped, unless `close` was called.

    Parameters
    ----------
    model : estimator or Wrapper
        The champion, which answers.
    challenger : estimator or Wrapper
        Asked aside.
    log : predictions.Log, optional
        Where the challenger's answers are written, as `Recorded` writes them, with the arm ``"challenger"``.
    key : str or sequence of str, optional
        The columns by which labels are joined later, for the log.
    share : float, default 1.0
        The share of calls that the challenger is asked, drawn at random; 0 asks it nothing.
    tolerance : float, default 0.0
        Numbers that differ by so much at most agree.
    seconds : float, default 1.0
        How long one call may keep a worker.
    duty : float, default 0.25
        The share of its time that a worker works at most; it rests after each call. The interpreter runs one thread
        at a time, so this is also the share of the champion's time that a busy worker may take.
    workers : int, default 1
        How many threads ask the challenger.
    waiting : int, default 10000
        How many rows wait at most.
    hung : int, default 3
        So many calls hang before the challenger is left alone.
    on_difference : callable, optional
        Called aside with the call, the champion's answer and the challenger's, whenever the two differ in a row. What
        it raises is counted, what it takes is part of `seconds`.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> def model(value):
    ...     return DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [1.0])
    >>> with Shadowed(model(2.0), model(2.5)) as service:
    ...     service.predict([[0.0], [1.0]]).tolist()
    [2.0, 2.0]
    >>> [(finding.rule, finding.value) for finding in service.report().findings][:2]
    [('agreement', 0.0), ('mean-difference', 0.5)]
    """

    def __init__(
        self,
        model: Any,
        challenger: Any,
        *,
        log: Log | None = None,
        key: str | Sequence[str] | None = None,
        share: float = 1.0,
        tolerance: float = 0.0,
        seconds: float = 1.0,
        duty: float = 0.25,
        workers: int = 1,
        waiting: int = 10_000,
        hung: int = 3,
        on_difference: Callable[[Call, Answer, Answer], object] | None = None,
    ) -> None:
        super().__init__(model)
        for name, number in (("share", share), ("duty", duty), ("tolerance", tolerance), ("seconds", seconds)):
            check_number(number, what=name)
        for name, number in (("workers", workers), ("waiting", waiting), ("hung", hung)):
            check_number(number, what=name, whole=True)
        if not 0.0 <= share <= 1.0:
            raise ArgumentError(f"share must be between 0 and 1, got {share!r}")
        if not 0.0 < duty <= 1.0:
            raise ArgumentError(f"duty must be above 0 and at most 1, got {duty!r}")
        if not tolerance >= 0.0:
            raise ArgumentError(f"tolerance must not be negative, got {tolerance!r}")
        for name, number in (("seconds", seconds), ("workers", workers), ("waiting", waiting), ("hung", hung)):
            if not number > 0:
                raise ArgumentError(f"{name} must be positive, got {number!r}")
        if key is not None:
            checked_names(key, what="key")
        if on_difference is not None and not callable(on_difference):
            raise ArgumentTypeError(f"on_difference must be a function, got {type(on_difference).__name__}")
        self.challenger = challenger
        self.log = log
        self.key = key
        self.share = share
        self.tolerance = tolerance
        self.seconds = seconds
        self.duty = duty
        self.workers = workers
        self.waiting = waiting
        self.hung = hung
        self.on_difference = on_difference
        second: Wrapper = _Marked(challenger)
        self._second = second if log is None else Recorded(second, log=log, key=key)
        self._tally = Tally()
        self._aside: Workers[_Job] = Workers(
            _Asking(self._second, tolerance, seconds, on_difference).ask,
            self._tally.take,
            rows=waiting,
            workers=workers,
            seconds=seconds,
            duty=duty,
            hung=hung,
        )
        self._drawn = None if share == 1.0 else random.Random().random  # noqa: S311  # no secret, only a sample

    def report(self) -> Report:
        """Return how the challenger did beside the champion.

        Returns
        -------
        Report
            Of kind ``"shadow"``, about the newest pair of versions: ``agreement`` (share of the rows that both
            answered, with a Wilson interval), ``mean-difference`` and ``mean-absolute-difference`` (numbers only,
            challenger less champion; of probabilities the second of two classes), ``time``; about all since this
            process began: ``one-sided`` and ``incomparable`` rows, calls that ``raised`` or came ``late``, ``dropped``
            rows. What is no trouble is of severity info.
        """
        aside = self._aside
        return self._tally.report(dropped=aside.dropped, late=aside.late, stuck=aside.stuck)

    def _handle(self, call: Call, inward: Inward) -> Answer:
        if self._drawn is not None and self._drawn() >= self.share:
            return inward(call)
        started = time.perf_counter()
        answer = inward(call)
        seconds = time.perf_counter() - started
        if self._aside.room(call.rows):
            try:
                self._aside.put(_job(call, answer, seconds), call.rows)
            except Exception as error:  # noqa: BLE001  # whatever the table is, the champion has answered
                self._tally.take(type(error).__name__)
        return answer

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return self._inward_waits(call, contract)

    def _close(self) -> None:
        self._aside.close(seconds=_CLOSE_SECONDS)
        self._second.close()

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a classifier beside itself."""
        yield cls(example_model(), example_model())
        yield cls(example_model(), cls(example_model(), example_model()), share=0.5, workers=2)


class _Marked(Wrapper):
    """The challenger, its answers marked as such."""

    def _handle(self, call: Call, inward: Inward) -> Answer:
        answer = inward(call)
        answer.arm = answer.arm or "challenger"
        return answer


_Job = tuple[Call, str, Any, Any, dict[str, Any], float]
"""A call, its request, its frame or record, that of the call as it first came in (None if it is the same), what was
answered, all kept from whoever may change it now, and the seconds it took. Plain, since the caller makes it."""


def _job(call: Call, answer: Answer, seconds: float) -> _Job:
    origin, record = call.origin, call.record
    told = vars(answer).copy()
    if told.get("_values") is not None:
        told["_values"] = _kept(told["_values"])
    if record is not None:
        first = None if origin is call or origin.record is None else dict(origin.record)
        return call, call.request, dict(record), first, told, seconds
    first = None if origin is call else _kept(origin.frame)
    return call, call.request, _kept(call.frame), first, told, seconds


_LAZY = int(pd.__version__.partition(".")[0]) >= 3  # copies of frames are made when one of them is written to


def _kept(table: Any) -> Any:
    """Return a table that no change to this one reaches."""
    if isinstance(table, (pd.DataFrame, pd.Series)):
        return table.copy(deep=not _LAZY)
    if isinstance(table, (list, tuple)):
        return [copy.copy(row) for row in table]
    return table.copy() if hasattr(table, "__setitem__") and hasattr(table, "copy") else table


class _Asking(NamedTuple):
    """What a worker does with a job."""

    second: Wrapper
    tolerance: float
    seconds: float
    on_difference: Callable[[Call, Answer, Answer], object] | None

    def ask(self, job: _Job) -> tuple[Pair, Compared] | str:
        """Return what was compared, or the name of what went wrong."""
        try:
            call, answer = _again(job, time.monotonic() + self.seconds), _told(job[-2])
            began = time.perf_counter()
            other = self.second.handle(call)
            aside = time.perf_counter() - began
            found = compared(answer, other, tolerance=self.tolerance)
            found.seconds, found.aside = job[-1], aside
            if found.differed and self.on_difference is not None:
                self.on_difference(call, answer, other)
        except BaseException as error:  # noqa: BLE001  # a model that ends the interpreter ends no worker
            return type(error).__name__
        return (answer.version, answer.digest, other.version, other.digest), found


def _again(job: _Job, deadline: float) -> Call:
    """Return the same question with pins of its own, about what it was about when it was answered."""
    call, request, table, first, *_ = job
    what = "frame" if call.record is None else "record"
    root = Call(call.method, request=request, **{what: table if first is None else first})
    return root.narrowed(**{what: table}, places=call.places, contract=call.contract, deadline=deadline)


def _told(state: dict[str, Any]) -> Answer:
    answer = Answer.__new__(Answer)
    vars(answer).update(state)
    return answer
