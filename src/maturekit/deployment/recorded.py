"""A model whose answers are written down."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.arguments import check_number, checked_names
from maturekit._core.locks import ForkLock
from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.recording import Plan, RecordSeen, TableSeen
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions import Log, Pseudonyms, Sample
from maturekit.predictions.making import copied
from maturekit.predictions.tables import FIXED_COLUMNS

if TYPE_CHECKING:
    from maturekit.deployment.contract import Contract
    from maturekit.deployment.source import Source

__all__ = ["Recorded"]


class Recorded(Wrapper):
    """Write every answer to a log, also the refusals, and calls that raised.

    Stored are time, request, row, version and its digest, which model answered where there was a choice, method, status
    and reasons a row, key, inputs as they came in, prediction, score (the probability of the positive class, which only
    `predict_proba` tells) and latency. Where a contract is known, the inputs are the columns that it declares, under
    their own names even if an alias came, without labels and without those tagged ``"personal"``; else they are all
    columns. Of a table that was refused for what it is, what can be told is recorded: columns whose names repeat, and
    inputs that are no table, are left out.

    The caller only hands over: the log's own thread does the rest. A log that is slow or fails never holds up or fails
    a prediction; what it could not take is counted in `dropped` (and in the log's own), and said once through the
    logger. `close` stores what waits.

    Safe for several threads if the model is; the log's guarantees are its own.

    Parameters
    ----------
    model : estimator or Wrapper
        Whose answers are recorded.
    log : predictions.Log
        Where to.
    key : str or sequence of str, optional
        The columns by which labels are joined later, recorded as they came. They need not be features: `Guarded` inside
        drops them. Without, the key is the answer's ``request`` and the row number. A column that is missing, or
        there several times, is recorded as null.
    columns : sequence of str, optional
        The inputs to record, by the contract's names, instead of all; an empty list records none. A personal column is
        not recorded in clear even so.
    pseudonyms : Pseudonyms, optional
        Record personal inputs as pseudonyms, instead of leaving them out.
    sample : float, default 1.0
        Record only this share, chosen by a hash of the key, or of the request where there is no key: of a key all rows
        are recorded, or none.

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

    def __init__(
        self,
        model: Any,
        *,
        log: Log,
        key: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        pseudonyms: Pseudonyms | None = None,
        sample: float = 1.0,
    ) -> None:
        super().__init__(model)
        if not isinstance(log, Log):
            raise ArgumentTypeError(f"log must be a predictions.Log, got {type(log).__name__}")
        if isinstance(columns, str):
            raise ArgumentTypeError(f"columns must be a list of names, got {columns!r}")
        if pseudonyms is not None and not isinstance(pseudonyms, Pseudonyms):
            raise ArgumentTypeError(f"pseudonyms must be a predictions.Pseudonyms, got {type(pseudonyms).__name__}")
        check_number(sample, what="sample")
        if columns is not None:
            checked_names(columns, what="columns")
        names = () if key is None else checked_names(key, what="key")
        for name in names:
            if name in FIXED_COLUMNS or name.startswith("input."):
                raise ArgumentError(
                    f"the key column {name!r} is called like a column of the log",
                    hint=f"rename it; the log's own are {', '.join(FIXED_COLUMNS)} and 'input.*'.",
                )
        self.log = log
        self.key = key
        self.columns = columns
        self.pseudonyms = pseudonyms
        self.sample = sample
        self.dropped = 0
        self._names = names
        self._sample = None if sample == 1 else Sample(sample)
        self._plans: dict[int, Plan] = {}
        self._healthy = True
        self._lock = ForkLock()

    def _handle(self, call: Call, inward: Inward) -> Answer:
        started = time.perf_counter()
        try:
            answer = inward(call)
        except Exception as error:
            self._record(call, _failure(call, error), time.perf_counter() - started)
            raise
        self._record(call, answer, time.perf_counter() - started)
        return answer

    def _record(self, call: Call, answer: Answer, seconds: float) -> None:
        try:
            if call.record is not None:
                self._record_one(call, answer, seconds)
            else:
                self._record_rows(call, answer, seconds)
            self._healthy = True
        except Exception as error:  # noqa: BLE001  # whatever the log does, the prediction goes on
            with self._lock:
                self.dropped += call.rows
            if self._healthy:
                logger.warning("a prediction was not recorded: %s: %s", type(error).__name__, error)
            self._healthy = False

    def _record_one(self, call: Call, answer: Answer, seconds: float) -> None:
        key = {name: call.key(name) for name in self._names}
        if self._sample is not None and not self._sample.holds(key.values(), otherwise=call.request):
            return
        source = self._source_of(call)
        self.log.defer(
            RecordSeen(call, answer, self._plan(call, source), key, source and source.model, seconds=seconds)
        )

    def _record_rows(self, call: Call, answer: Answer, seconds: float) -> None:
        if self._sample is not None and not self._names and not self._sample.holds((), otherwise=call.request):
            return
        key = {name: _column(call, name) for name in self._names}
        source = self._source_of(call)
        seen = TableSeen(call, answer, self._plan(call, source), key, source and source.model, seconds=seconds)
        seen.sample = self._sample if key else None
        self.log.defer(seen, rows=call.rows)

    def _source_of(self, call: Call) -> Source | None:
        """Return what answered; None if that cannot be had, which is why the call failed."""
        try:
            return self._source(call)
        except Exception:  # noqa: BLE001  # as said
            return None

    def _plan(self, call: Call, source: Source | None) -> Plan:
        """Return what to record of the inputs; of a call whose contract nobody can know, nothing."""
        contract = call.contract
        schema = contract.whole if contract is not None else None if source is None else source.schema
        plan = self._plans.get(id(schema))
        if plan is None or plan.schema is not schema:
            if len(self._plans) >= _MOST:
                self._plans = {}
            plan = self._plans[id(schema)] = Plan(schema, self.columns, self.pseudonyms)
        return _NOTHING if source is None and contract is None else plan

    def _waits(self, call: Call, contract: Contract | None) -> bool:
        return self._inward_waits(call, contract)

    def _close(self) -> None:
        self.log.close()

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield recorded classifiers whose log is in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only who tests wrappers needs it

        with tempfile.TemporaryDirectory() as folder:
            log = Log(folder)
            yield cls(example_model(), log=log)
            yield cls(example_model(), log=log, key="id", columns=["a"], sample=0.5)
            log.flush()


_MOST = 16
_NOTHING = Plan(None, ())


def _column(call: Call, name: str) -> Any:
    """Return a column as it came in; None of a table that cannot be read, which is why the call was refused."""
    try:
        return copied(call.key(name))
    except Exception:  # noqa: BLE001  # a refusal is recorded all the same
        return None


def _failure(call: Call, error: Exception) -> Answer:
    mark = ("failed", (type(error).__name__,))
    nothing = np.empty(0, dtype=np.int64)
    return Answer(
        nothing, rows=call.rows, places=nothing, marks=dict.fromkeys(range(call.rows), mark), method=call.method
    )
