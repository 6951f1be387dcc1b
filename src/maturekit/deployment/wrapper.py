"""The one contract of every wrapper: a call goes in, an answer comes out."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, final

from maturekit.deployment._face import Face
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.source import METHODS, Source
from maturekit.deployment.threads import Threads
from maturekit.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.deployment.contract import Contract
    from maturekit.deployment.row_path import RowPath

__all__ = ["Inward", "Step", "Wrapper", "example_model", "step_of"]

Inward = Callable[[Call], Answer]
"""The next step inward: another wrapper, or the model."""


def _nowhere(call: Call) -> Answer:  # noqa: ARG001  # stands for an `Inward`
    raise ArgumentError(
        "there is no step inside this wrapper", hint="call `super().__init__(model)` in the constructor of a wrapper."
    )


class Wrapper(Face, ABC):
    """A model with something around it, which is still a fitted scikit-learn estimator.

    Wrappers nest in any order. Write one by overriding `_handle`, which may change the call, pass it inward, and
    change the answer. A constructor with more arguments stores each under its own name. Three more hooks have
    defaults: `_steps` where there is more than one model inside, `_waits` for a wrapper that never makes a caller
    wait, and `_close` for one that has threads or files.

    Parameters
    ----------
    model : estimator or Wrapper
        A fitted estimator, or another wrapper. If the estimator is fitted anew, wrap it anew: what was compiled of it
        does not follow.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> class Doubled(Wrapper):
    ...     def _handle(self, call, inward):
    ...         answer = inward(call)
    ...         answer.values = 2 * answer.values
    ...         return answer
    >>> model = DummyRegressor(strategy="constant", constant=2.5).fit([[0.0]], [1.0])
    >>> Doubled(Doubled(model)).predict([[0.0], [1.0]]).tolist()
    [10.0, 10.0]
    >>> hasattr(Doubled(model), "predict_proba")
    False
    """

    _step: Step
    _inward: Inward = staticmethod(_nowhere)
    _threads: Threads

    def __init__(self, model: Any) -> None:
        self._step = step_of(model)
        self._inward = self._step._answer  # noqa: SLF001  # asked of every step; bound once: it is on the path of each call
        self._inward_waits = self._step._waits  # noqa: SLF001  # as above
        self._threads = Threads()
        self.model = model

    @abstractmethod
    def _handle(self, call: Call, inward: Inward) -> Answer:
        """Answer a call; `inward` answers it one step further in."""

    def _steps(self) -> tuple[Step, ...]:
        """Return the steps inside, the one that speaks for the model first."""
        return (self._step,)

    def _waits(self, call: Call, contract: Contract | None) -> bool:  # noqa: ARG002  # the hook
        """Whether an answer may take so long that an event loop must not wait for it; `contract` is that of a guard."""
        return True

    def _close(self) -> None:
        """Finish what this wrapper has begun beside its calls."""

    def _answer(self, call: Call) -> Answer:
        """Answer a call that a wrapper further out passes inward, or `handle`, which also takes the time."""
        answer = self._handle(call, self._inward)
        if type(answer) is not Answer and not isinstance(answer, Answer):
            raise ArgumentTypeError(f"{type(self).__name__}._handle must return an Answer, got {type(answer).__name__}")
        return answer

    def _source(self, call: Call) -> Source:
        """Return what will answer this call at the end of the chain; the same for as long as the call lasts."""
        return self._step._source(call)  # noqa: SLF001  # asked of every step

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:
        """Yield how records are answered by each model inside, behind the contract of a guard."""
        for step in self._steps():
            yield from step._paths(contract)  # noqa: SLF001  # asked of every step

    @final
    def handle(self, call: Call) -> Answer:
        """Answer a call, for as many of its rows as can be answered."""
        if type(call) is not Call and not isinstance(call, Call):
            raise ArgumentTypeError(
                f"handle takes a Call, got {type(call).__name__}",
                hint="write `handle(Call(frame=...))`, or use `predict`.",
            )
        started = time.perf_counter()
        answer = self._answer(call)
        answer.seconds = time.perf_counter() - started
        return answer

    @final
    def predict_one(self, record: Mapping[str, Any]) -> Any:
        """Return what `predict` would give for one record, as a plain Python value.

        Raises `RejectedRecordError`, which names everything that is wrong with the record, and `ArgumentError` if the
        model was fitted on an array of several features and no `Guarded` says which value is which.
        """
        return self.handle(Call("predict", record=record)).one()

    @final
    async def ahandle(self, call: Call) -> Answer:
        """Answer a call without holding up the event loop: at once if that takes microseconds, else in a thread.

        Up to 32 threads belong to this wrapper; further calls wait their turn. Cancelling the task does not stop a
        model that runs, which keeps its thread, but neither `close` nor the end of the interpreter waits for it.
        """
        if isinstance(call, Call) and self._waits(call.in_a_loop(), None):
            return await self._threads.awaited(self.handle, call)
        return self.handle(call)

    @final
    async def apredict_one(self, record: Mapping[str, Any]) -> Any:
        """Return what `predict_one` returns, without holding up the event loop."""
        return (await self.ahandle(Call("predict", record=record))).one()

    @final
    def warm(self) -> Self:
        """Prepare everything that a first call would: load, compile, and prove the compiled code on examples."""
        for path in self._paths(None):
            path.prove()
        return self

    @final
    def explain_path(self) -> pd.DataFrame:
        """Return which way records are answered, and why: one row for each model inside and method.

        Returns
        -------
        DataFrame
            ``model``, ``method``, ``path`` (``"compiled"`` or ``"ordinary"``), ``why``, ``proven_on`` (records on
            which both ways gave the same).
        """
        import pandas as pd  # noqa: PLC0415  # only who asks needs a table

        return pd.DataFrame(
            [path.explained() for path in self._paths(None)], columns=["model", "method", "path", "why", "proven_on"]
        )

    @final
    def close(self) -> None:
        """Let running calls end and write what waits, here and further in; a wrapper that is asked again begins anew."""
        self._threads.close()
        self._close()
        for step in self._steps():
            if isinstance(step, Wrapper):
                step.close()

    def __enter__(self) -> Self:
        """Return the wrapper; `close` at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _inner(self) -> Any:
        return self.model

    def _values(self, method: str, table: Any) -> Any:
        return self.handle(Call(method, frame=table)).all()

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield wrappers around a model of numeric columns, for the suite `maturekit.testing.WRAPPER_CHECKS`."""
        yield cls(example_model())


Step = Wrapper | Source
"""What can stand inside a wrapper: both are asked by `_answer`, `_source`, `_waits` and `_paths`."""


def step_of(model: Any) -> Step:
    """Return a wrapper as it is, and an estimator as the end of a chain; raise for anything else."""
    if isinstance(model, Wrapper):
        return model
    if isinstance(model, type) or not any(hasattr(model, name) for name in METHODS):
        got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise ArgumentTypeError(
            f"a wrapper goes around a fitted model, got {got}",
            hint="pass an object with `predict`: a fitted Pipeline, a wrapper, or `Live(registry, ...)`.",
        )
    return Source(model)


def example_model() -> Any:
    """Return a small fitted classifier of the columns ``a`` and ``b``, numbers between 0 and 1."""
    import numpy as np  # noqa: PLC0415  # only who tests wrappers needs it
    import pandas as pd  # noqa: PLC0415  # as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # as above

    frame = pd.DataFrame(np.random.default_rng(0).random((60, 2)), columns=["a", "b"])
    return LogisticRegression().fit(frame, (frame["a"] > frame["b"]).astype(int))
