"""A model whose answers are written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from maturekit._core.frames import as_frame
from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions import Entry, Log
from maturekit.predictions.tables import FIXED_COLUMNS

__all__ = ["Recorded"]


class Recorded(Wrapper):
    """Write every answer to a log, also the refusals, and calls that raised.

    Stored are time, request, row, version and its digest, method, status and reasons a row, key, inputs as they came
    in, prediction, score and latency. Where a contract is known, the inputs are the columns that it declares, without
    labels and without those tagged ``"personal"``; else they are all columns. A log that fails never fails a prediction: what it could not take is counted in
    `dropped` (and in the log's own), and said once through the logger.

    Safe for several threads if the model is; the log's guarantees are its own.

    Parameters
    ----------
    model : estimator or Wrapper
        Whose answers are recorded.
    log : predictions.Log
        Where to.
    key : str or sequence of str, optional
        The columns by which labels are joined later. They need not be features: `Guarded` inside drops them. Without,
        the key is the answer's ``request`` and the row number. A column that is missing is recorded as null.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.dummy import DummyClassifier
    >>> from maturekit.storage import MemoryStore
    >>> frame = pd.DataFrame({"x": [0.0, 1.0], "id": ["a", "b"]})
    >>> model = DummyClassifier(strategy="prior").fit(frame, [0, 1])
    >>> log = Log(MemoryStore())
    >>> _ = Recorded(model, log=log, key="id").predict_proba(frame)
    >>> log.frame()[["id", "input.x", "prediction", "score"]].values.tolist()
    [['a', 0.0, 0, 0.5], ['b', 1.0, 0, 0.5]]
    """

    def __init__(self, model: Any, *, log: Log, key: str | Sequence[str] | None = None) -> None:
        super().__init__(model)
        if not isinstance(log, Log):
            raise ArgumentTypeError(f"log must be a predictions.Log, got {type(log).__name__}")
        names = () if key is None else (key,) if isinstance(key, str) else tuple(key)
        for name in names:
            if name in FIXED_COLUMNS or name.startswith("input."):
                raise ArgumentError(
                    f"the key column {name!r} is called like a column of the log",
                    hint=f"rename it; the log's own are {', '.join(FIXED_COLUMNS)} and 'input.*'.",
                )
        self.log = log
        self.key = key
        self.dropped = 0
        self._names = names
        self._healthy = True

    def _handle(self, call: Call, inward: Inward) -> Answer:
        try:
            answer = inward(call)
        except Exception as error:
            self._record(call, _failure(call, error))
            raise
        self._record(call, answer)
        return answer

    def _record(self, call: Call, answer: Answer) -> None:
        try:
            self.log.write(self._entry(call, answer))
            self._healthy = True
        except Exception as error:  # noqa: BLE001  # whatever the log does, the prediction goes on
            self.dropped += call.rows
            if self._healthy:
                logger.warning("a prediction was not recorded: %s: %s", type(error).__name__, error)
            self._healthy = False

    def _entry(self, call: Call, answer: Answer) -> Entry:
        prediction, score = None, None
        if answer.places is None or len(answer.places):
            prediction, score = _outputs(answer.method, answer.values, self._source(call).model)
        return Entry(
            self._inputs(call),
            request=call.request,
            method=call.method,
            prediction=_spread(prediction, answer),
            score=_spread(score, answer),
            key={name: _key(call, name) for name in self._names},
            marks=answer.marks,
            places=call.places,
            version=answer.version,
            digest=answer.digest,
            seconds=answer.seconds,
        )

    def _inputs(self, call: Call) -> Any:
        names = self._declared(call)
        if call.record is not None:
            return call.record if names is None else {name: call.record[name] for name in names if name in call.record}
        table = _table(call.frame, self)
        return table if names is None else table[[name for name in names if name in table.columns]]

    def _declared(self, call: Call) -> list[str] | None:
        try:
            schema = self._source(call).schema if call.contract is None else call.contract.whole
        except Exception:  # noqa: BLE001  # the model cannot be had: the call failed, and nobody knows its contract
            return []
        if schema is None:
            return None
        return [
            name for name, column in schema.columns.items() if column.role != "label" and "personal" not in column.tags
        ]

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a recorded classifier whose log is in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only who tests wrappers needs it

        with tempfile.TemporaryDirectory() as folder:
            log = Log(folder)
            yield cls(example_model(), log=log)
            yield cls(example_model(), log=log, key="id")
            log.flush()


def _failure(call: Call, error: Exception) -> Answer:
    mark = ("failed", (type(error).__name__,))
    nothing = np.empty(0, dtype=np.int64)
    return Answer(
        nothing, rows=call.rows, places=nothing, marks=dict.fromkeys(range(call.rows), mark), method=call.method
    )


def _table(table: Any, model: Any) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    if hasattr(table, "to_pandas"):  # polars and pyarrow
        return as_frame(table)
    array = np.asarray(table)
    names = getattr(model, "feature_names_in_", None)
    return pd.DataFrame(
        array, columns=[f"x{place}" for place in range(array.shape[1])] if names is None else list(names)
    )


def _key(call: Call, name: str) -> Any:
    origin = call.origin  # where all columns and rows still are
    if origin.record is not None:
        return origin.record.get(name)
    table = _table(origin.frame, None)
    if name not in table.columns:
        return [None] * call.rows
    return table[name] if call.places is None else table[name].iloc[call.places]


def _outputs(method: str, values: Any, model: Any) -> tuple[Any, Any]:
    """Return the prediction and the probability of the positive class, where the method tells them."""
    if method == "predict":
        return values, None
    classes = getattr(model, "classes_", None)
    if method != "predict_proba" or isinstance(values, list) or classes is None:
        return None, None
    probabilities = np.asarray(values)
    return np.asarray(classes)[probabilities.argmax(axis=1)], probabilities[:, 1] if len(classes) == 2 else None


def _spread(values: Any, answer: Answer) -> Any:
    if values is None or answer.places is None:
        return values
    spread: list[Any] = [None] * answer.rows
    for place, value in zip(answer.places.tolist(), np.asarray(values).tolist(), strict=True):
        spread[place] = value
    return spread
