"""The one contract of every wrapper: a call goes in, an answer comes out."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, final

from maturekit.deployment._face import Face
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.source import METHODS, Source
from maturekit.errors import ArgumentTypeError

__all__ = ["Inward", "Wrapper", "example_model"]

Inward = Callable[[Call], Answer]
"""The next step inward: another wrapper, or the model."""


class Wrapper(Face, ABC):
    """A model with something around it, which is still a fitted scikit-learn estimator.

    Wrappers nest in any order. Write one by overriding `_handle`, which may change the call, pass it inward, and
    change the answer. A constructor with more arguments stores each under its own name.

    Parameters
    ----------
    model : estimator or Wrapper
        A fitted estimator, or another wrapper.

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

    def __init__(self, model: Any) -> None:
        if isinstance(model, type) or not (isinstance(model, Wrapper) or any(hasattr(model, name) for name in METHODS)):
            got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
            raise ArgumentTypeError(
                f"a wrapper goes around a fitted model, got {got}",
                hint="pass an object with `predict`: a fitted Pipeline, a wrapper, or `Live(registry, ...)`.",
            )
        self.model = model

    @abstractmethod
    def _handle(self, call: Call, inward: Inward) -> Answer:
        """Answer a call; `inward` answers it one step further in."""

    def _source(self, call: Call) -> Source:
        """Return what will answer this call at the end of the chain; the same for as long as the call lasts."""
        inner = self.model
        return inner._source(call) if isinstance(inner, Wrapper) else Source(inner)  # noqa: SLF001  # the same base class

    @final
    def handle(self, call: Call) -> Answer:
        """Answer a call, for as many of its rows as can be answered."""
        if not isinstance(call, Call):
            raise ArgumentTypeError(
                f"handle takes a Call, got {type(call).__name__}",
                hint="write `handle(Call(frame=...))`, or use `predict`.",
            )
        started = time.perf_counter()
        answer = self._handle(call, self._inward)
        if not isinstance(answer, Answer):
            raise ArgumentTypeError(f"{type(self).__name__}._handle must return an Answer, got {type(answer).__name__}")
        answer.seconds = time.perf_counter() - started
        return answer

    @final
    def predict_one(self, record: Mapping[str, Any]) -> Any:
        """Return the scalar that `predict` would give for one record.

        Raises `RejectedRecordError`, which names everything that is wrong with the record.
        """
        return self.handle(Call("predict", record=record)).one()

    def _inward(self, call: Call) -> Answer:
        return self.model.handle(call) if isinstance(self.model, Wrapper) else self._source(call).ask(call)

    def _inner(self) -> Any:
        return self.model

    def _values(self, method: str, table: Any) -> Any:
        return self.handle(Call(method, frame=table)).all()

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield wrappers around a model of numeric columns, for the suite `maturekit.testing.WRAPPER_CHECKS`."""
        yield cls(example_model())


def example_model() -> Any:
    """Return a small fitted classifier of the columns ``a`` and ``b``, numbers between 0 and 1."""
    import numpy as np  # noqa: PLC0415  # only who tests wrappers needs it
    import pandas as pd  # noqa: PLC0415  # as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # as above

    frame = pd.DataFrame(np.random.default_rng(0).random((60, 2)), columns=["a", "b"])
    return LogisticRegression().fit(frame, (frame["a"] > frame["b"]).astype(int))
