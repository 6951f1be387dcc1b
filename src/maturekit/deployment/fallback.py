"""A second answer where the first model has none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer, Mark, Share
from maturekit.deployment.call import Call
from maturekit.deployment.constant import Constant
from maturekit.deployment.contract import Contract
from maturekit.deployment.source import Source
from maturekit.deployment.values import rows_at, taken
from maturekit.deployment.wrapper import Inward, Step, Wrapper, example_model, step_of
from maturekit.errors import ArgumentError, ArgumentTypeError, RejectedRowsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.deployment.row_path import RowPath

__all__ = ["Fallback"]

Reason = Literal["error", "invalid", "rejected"]

_REASONS = {"invalid": "invalid", "failed": "invalid", "rejected": "rejected"}
"""For each status of a row without a value, what `on` calls it."""

_NOT_THE_MODEL = (ArgumentError, ArgumentTypeError, RejectedRowsError)
"""What a call did wrong: another model cannot know better."""


class Fallback(Wrapper):
    """Let another model, or a constant, answer where the first one does not.

    By default that is when the first one raises, also `DeadlineError` of a `Limited` inside, `OverloadedError` and
    `CircuitOpenError` of a `Breaker`, and for rows whose output is unusable (statuses ``"invalid"`` and ``"failed"``).
    A row that got its value so has the status ``"filled"`` and the reason why, and the answer's `arm` is ``"fallback"``;
    of an answer from both, `shares` tells who answered which rows. A question that cannot be asked raises as ever. Where
    the fallback raises too, everything is as it would be without: the first model's error, or its rows without a value.

    Safe for several threads if both models are.

    Parameters
    ----------
    model : estimator or Wrapper
        Who answers.
    other : estimator, Wrapper, number, text, or mapping of str to value
        Who, or what, answers instead. A model gets the call as it came, so a guard belongs inside each of the two. A
        value is what `predict` returns, and may be a label that the model does not know, such as ``"unknown"``. A
        mapping has values for other methods too, such as ``{"predict": 0, "predict_proba": [0.9, 0.1]}``: numbers for
        each class of the model, in their order, and probabilities that sum to 1. That is checked here if the model is
        there, and else, behind a `Live`, by `warm` and whenever the constant is needed; one that does not fit is then
        no answer.
    on : collection of str, default ("error", "invalid")
        When: ``"error"``, ``"invalid"``, ``"rejected"`` (rows whose input the contract refused: the other model must be
        able to take them).

    Raises
    ------
    ArgumentError
        A constant that the model could not have said: not a number for each class, no probabilities.

    Examples
    --------
    >>> class Broken:
    ...     def predict(self, X):
    ...         raise OSError("no connection")
    >>> fallback = Fallback(Broken(), 0.5)
    >>> fallback.predict([[1.0], [2.0]]).tolist()
    [0.5, 0.5]
    >>> answer = fallback.handle(Call(record={"x": 1.0}))
    >>> answer.status, answer.reasons, answer.arm
    (['filled'], [('error:OSError',)], 'fallback')
    """

    def __init__(self, model: Any, other: Any, *, on: Collection[Reason] = ("error", "invalid")) -> None:
        super().__init__(model)
        self._second = _second_of(other)
        known = get_args(Reason)
        if not isinstance(on, (tuple, list, AbstractSet)) or not on or not all(reason in known for reason in on):
            raise ArgumentError(f"on must hold some of {', '.join(map(repr, known))}, got {on!r}")
        self.other = other
        self.on = tuple(on)
        self.filled = 0
        """How many rows got their value from the fallback."""
        self._statuses = {status for status, reason in _REASONS.items() if reason in self.on}
        self._healthy = True
        self._check_constant()

    def _handle(self, call: Call, inward: Inward) -> Answer:
        try:
            answer = inward(call)
        except Exception as error:
            if "error" not in self.on or isinstance(error, _NOT_THE_MODEL):
                raise
            return self._instead(call, error)
        if not self._healthy:
            self._healthy = True
            logger.info("%s answers again", type(self.model).__name__)
        if answer.marks:
            return self._patched(call, answer)
        return answer

    def _instead(self, call: Call, error: Exception) -> Answer:
        """Return the fallback's answer to all of a call that raised."""
        reason = f"error:{type(error).__name__}"
        if self._healthy:  # once, until it answers again
            self._healthy = False
            logger.warning("%s raised %s, the fallback answers", type(self.model).__name__, type(error).__name__)
        answer = self._asked(call.copied(), error)
        if answer is None:
            raise error
        got = np.arange(call.rows) if answer.places is None else answer.places
        self.filled += len(got)
        return _marked(answer, dict.fromkeys(got.tolist(), (reason,)), got)

    def _patched(self, call: Call, answer: Answer) -> Answer:
        """Return the answer with values from the fallback in rows that lack one for a reason that it fills."""
        wanted = {row: why for row, (status, why) in answer.marks.items() if status in self._statuses}
        if not wanted:
            return answer
        places = np.array(sorted(wanted), dtype=np.int64)
        other = self._asked(call.copied() if len(places) == call.rows else _of_rows(call, places), None)
        if other is None:
            return answer
        got = places if other.places is None else places[other.places]
        if not len(got):
            return answer
        other = _marked(_part(other, np.arange(other.rows) if other.places is None else other.places), wanted, got)
        if len(got) == call.rows:
            other.findings = (*answer.findings, *other.findings)
            patched = other
        else:
            kept = np.setdiff1d(np.arange(call.rows), got)
            try:
                patched = Answer.merged(call, [(kept, _part(answer, kept)), (got, other)])
            except (ArgumentError, RejectedRowsError):  # values of other columns, or not as many as rows
                return answer
        self.filled += len(got)
        return patched

    def _asked(self, question: Call, error: Exception | None) -> Answer | None:
        """Return what the fallback says; None if it cannot."""
        try:
            self._check_constant()
            return self._second._answer(question)  # noqa: SLF001  # asked of every step
        except Exception as second:  # noqa: BLE001  # whatever it is, the call ends as it would without a fallback
            note = f"The fallback had no answer either: {type(second).__name__}: {second}"
            known = getattr(error, "__notes__", ())
            if error is not None and note not in known:  # a model may raise one object again and again
                error.add_note(note)
            return None

    def _check_constant(self) -> None:
        """Raise if the constant cannot be an answer of the model, as far as its classes are known without loading it."""
        if isinstance(self._second, Constant):
            step: Step = self._step
            while isinstance(step, Wrapper):
                inside = step._steps()  # noqa: SLF001  # asked of every step
                if not inside:
                    return
                step = inside[0]
            self._second.check(getattr(step.model, "classes_", None))

    def _source(self, call: Call) -> Source:
        try:
            return super()._source(call)
        except Exception:
            if "error" not in self.on:
                raise
            return self._second._source(call)  # noqa: SLF001  # asked of every step

    def _steps(self) -> tuple[Step, ...]:
        return (self._step,) if isinstance(self._second, Constant) else (self._step, self._second)

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:
        yield from super()._paths(contract)
        self._check_constant()  # what had to be loaded is loaded now

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return self._inward_waits(call, contract) or self._second._waits(call, contract)  # noqa: SLF001  # as above

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a classifier with a constant behind it, and one with a second classifier."""
        yield cls(example_model(), 0)
        yield cls(cls(example_model(), 0), example_model(), on=("error", "invalid", "rejected"))


def _second_of(other: Any) -> Step | Constant:
    if isinstance(other, Mapping):
        return Constant(other)
    if isinstance(other, (bool, int, float, str, np.generic)):
        return Constant({"predict": other})
    if other is None:
        raise ArgumentTypeError(
            "a fallback is another model or a value, got None", hint="float('nan') stands for 'unknown'."
        )
    return step_of(other)


def _marked(answer: Answer, why: Mapping[int, tuple[str, ...]], rows: NDArray[np.int64]) -> Answer:
    """Mark every row that got a value; `rows` are those rows in the call that `why` speaks of."""
    places = range(answer.rows) if answer.places is None else answer.places.tolist()
    marks: dict[int, Mark] = dict(answer.marks)
    marks.update({place: ("filled", why[row]) for place, row in zip(places, rows.tolist(), strict=True)})
    answer.marks = marks
    answer.arm = "fallback"
    return answer


def _of_rows(call: Call, places: NDArray[np.int64]) -> Call:
    """Return the question about some of its rows, for a second model."""
    return call.copied().narrowed(frame=rows_at(call.frame, places), places=places)


def _part(answer: Answer, rows: NDArray[np.int64]) -> Answer:
    """Return what an answer says about some of its rows."""
    answered = np.arange(answer.rows) if answer.places is None else answer.places
    wanted = np.isin(answered, rows)
    place_of = {row: place for place, row in enumerate(rows.tolist())}
    left = answered[wanted]
    part = Answer(
        answer.values if wanted.all() else taken(answer.values, np.flatnonzero(wanted)),
        rows=len(rows),
        places=None if len(left) == len(rows) else np.searchsorted(rows, left),
        marks={place_of[row]: mark for row, mark in answer.marks.items() if row in place_of},
        findings=answer.findings,
        request=answer.request,
        method=answer.method,
        version=answer.version,
        digest=answer.digest,
        arm=answer.arm,
    )
    part.shares = tuple(
        Share(np.searchsorted(rows, np.intersect1d(share.places, rows)), share.arm, share.version, share.digest)
        for share in answer.shares
    )
    return part
