"""A model of which a share of the keys gets the challenger instead, always the same keys."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract
from maturekit.deployment.split import Split, checked_share
from maturekit.deployment.values import rows_at
from maturekit.deployment.wrapper import Inward, Step, Wrapper, example_model, step_of
from maturekit.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Canary", "Divided"]


class Divided(Wrapper, ABC):
    """Two models, of which a key decides who answers; what `Canary` and `Rollout` have in common."""

    def __init__(self, model: Any, challenger: Any, *, key: str, salt: str) -> None:
        super().__init__(model)
        if not isinstance(key, str) or not key:
            raise ArgumentTypeError(f"key is the name of a column, got {key!r:.100}")
        self.challenger = challenger
        self.key = key
        self._second = step_of(challenger)
        self._challenger: Inward = self._at_first
        self._split = Split(salt)
        self._place = self._split.place
        self._placed = self._split.recent.get
        self._limit = b""
        """A key whose place is below it gets the challenger."""

    def _places(self, call: Call) -> list[bytes | None] | None:
        """Return the place of each row's key; None for a table without keys."""
        keys = call.key(self.key)
        if keys is not None and keys.ndim != 1:
            raise ArgumentError(f"the table has several columns {self.key!r}", hint="nobody knows which is the key.")
        return None if keys is None else self._split.places(keys.tolist())

    def _at_first(self, call: Call) -> Answer:
        """Let the challenger answer for the first time, if the two know the same classes."""
        self._check_classes()
        self._challenger = self._second._answer  # noqa: SLF001  # asked of every step
        return self._challenger(call)

    def _challenged(self, call: Call) -> Answer:
        answer = self._challenger(call)  # the champion is not asked: there are no two answers to keep apart
        answer.arm = "challenger"
        return answer

    @staticmethod
    def _all(call: Call, inward: Inward) -> Answer:
        answer = inward(call)
        answer.arm = "champion"
        return answer

    def _divided(self, call: Call, inward: Inward, inside: NDArray[np.bool_]) -> Answer:
        """Let both answer their rows; where the challenger fails, the champion's rows have their answers all the same.

        It also fails with an answer that cannot stand beside the champion's, such as one of other columns.
        """
        if not inside.any():
            return self._all(call, inward)
        if inside.all():
            return self._challenged(call)
        self._check_classes()
        first, second = np.flatnonzero(~inside), np.flatnonzero(inside)
        champion = self._all(call.narrowed(frame=rows_at(call.frame, first), places=first), inward)
        champion._check_count()  # noqa: SLF001  # what is wrong with it is not the challenger's
        asked = call.narrowed(frame=rows_at(call.frame, second), places=second)
        try:
            return Answer.merged(call, [(first, champion), (second, self._challenged(asked))])
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the challenger's
            logger.warning("the challenger failed: %s: %s", type(error).__name__, error)
            return Answer.merged(call, [(first, champion), (second, _failed(asked, error))])

    def _check_classes(self) -> None:
        first, second = (getattr(model, "classes_", None) for model in (self.model, self.challenger))
        if (first is None) != (second is None) or (first is not None and not _same(first, second)):
            raise ArgumentError(
                "champion and challenger do not know the same classes in the same order",
                hint="their probabilities would be mixed up; fit both on the same classes.",
            )

    def _steps(self) -> tuple[Step, ...]:
        return (self._step, self._second)

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return any(step._waits(call, contract) for step in self._steps())  # noqa: SLF001  # asked of every step


class Canary(Divided):
    """Let a challenger answer a share of the keys, and the model all others.

    Who gets whom is decided by a salted hash of the key: the same key gets the same model at every call, in every
    process and on every machine, and whoever is in stays in when the share grows. Rows without a key, and tables
    without the column, go to the champion. A call about several rows may be answered by both; who answered what stands
    in the answer's ``arm`` or ``shares``. Its values are arrays, frames, sparse matrices or lists of one array an output,
    as those of the models are.

    What the challenger raises about a record, or about a table that is all its own, the caller gets; in a table that
    both answer, its rows are then marked ``"failed"``, as they are if its answer has other columns than the champion's.
    ``Canary(model, Fallback(challenger, model), ...)`` catches it.
    `Rollout` moves the share by itself. Safe for several threads if the models are.

    Parameters
    ----------
    model : estimator or Wrapper
        The champion; it also decides which methods there are.
    challenger : estimator or Wrapper
        The other one; it must offer the same methods, and know the same classes in the same order.
    share : float
        Which share of the keys gets the challenger, 0 to 1; see `move`.
    key : str
        The column that decides, such as a customer. It need not be a feature: a `Guarded` around or inside drops it.
    salt : str
        Name of the experiment. With the same salt, two experiments would pick the same keys.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.dummy import DummyRegressor
    >>> old, new = (DummyRegressor(strategy="constant", constant=value).fit([[0.0]], [1.0]) for value in (1.0, 2.0))
    >>> canary = Canary(old, new, share=0.1, key="customer", salt="spring")
    >>> customers = pd.DataFrame({"customer": ["ada", "ben", "cleo", "dora", "emil", "ada"]})
    >>> canary.predict(customers).tolist()
    [1.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    >>> canary.move(0.6)
    >>> canary.predict(customers).tolist()
    [1.0, 2.0, 2.0, 2.0, 1.0, 1.0]
    """

    def __init__(self, model: Any, challenger: Any, *, share: float, key: str, salt: str) -> None:
        super().__init__(model, challenger, key=key, salt=salt)
        self.salt = salt
        self.share = checked_share(share)
        self._limit = Split.limit(self.share)

    def move(self, share: float) -> None:
        """Change the share for calls that begin from now on, in this process."""
        self.share = checked_share(share)
        self._limit = Split.limit(self.share)

    def _handle(self, call: Call, inward: Inward) -> Answer:
        if call.record is None:
            return self._handle_rows(call, inward)
        record = (call._origin or call).record  # noqa: SLF001  # as `call.key` does, in half the time
        key = call.key(self.key) if record is None else record.get(self.key)
        place = (self._placed(key) if type(key) is str else None) or self._place(key)
        if place is not None and place < self._limit:
            answer = self._challenger(call)
            answer.arm = "challenger"
        else:
            answer = inward(call)
            answer.arm = "champion"
        return answer

    def _handle_rows(self, call: Call, inward: Inward) -> Answer:
        places = self._places(call) if self._limit else None
        if places is None:
            return self._all(call, inward)
        return self._divided(call, inward, Split.below(places, self._limit))

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield canaries of two equal models: whose key is a feature, whose key is missing, and of all shares."""
        model = example_model()
        for share in (0.0, 0.5, 1.0):
            yield cls(model, example_model(), share=share, key="a", salt="example")
        yield cls(model, example_model(), share=0.5, key="id", salt="example")


def _failed(call: Call, error: Exception) -> Answer:
    nothing = np.empty(0, dtype=np.int64)
    mark = ("failed", (type(error).__name__,))
    marks = dict.fromkeys(range(call.rows), mark)
    return Answer(nothing, rows=call.rows, places=nothing, marks=marks, method=call.method, arm="challenger")


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, list) and isinstance(second, list):  # of several outputs
        return len(first) == len(second) and all(map(np.array_equal, first, second))
    return bool(np.array_equal(first, second))
