"""A model behind its contract: bad rows are refused one by one, the others are answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.frames import as_frame
from maturekit.deployment.answer import Answer, Mark
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract, reasons
from maturekit.deployment.outputs import faults_of
from maturekit.deployment.source import Source
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import ArgumentTypeError, SchemaError, TableError
from maturekit.reports import Finding
from maturekit.schema import Column, Schema
from maturekit.validation import validate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.deployment.row_path import RowPath

__all__ = ["Guarded"]


class Guarded(Wrapper):
    """Check what goes into a model and what comes out, row by row.

    A row that breaks the contract is refused and does not touch its neighbours: `handle` answers the others, `predict`
    raises `RejectedRowsError` with that answer inside. Only columns of role feature reach the model; nothing is cast;
    columns that nobody declared are dropped. A record is judged by `Schema.check_record`, without a frame. What comes
    out must be as many values as rows, finite, and probabilities that sum to 1; a row whose output is not gets the
    status ``"invalid"``. A contract that could not be judged refuses everything.

    Safe for several threads if the model is.

    Parameters
    ----------
    model : estimator or Wrapper
        What is guarded.
    schema : Schema, optional
        The contract; that of the version behind the model by default, always of the very version that answers.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from maturekit.schema import Column, Schema
    >>> frame = pd.DataFrame({"area": [1.0, 2.0, 3.0]})
    >>> model = LinearRegression().fit(frame, [10.0, 20.0, 30.0])
    >>> service = Guarded(model, schema=Schema({"area": Column("float", gt=0)}))
    >>> round(float(service.predict_one({"area": 4.0})), 6)
    40.0
    >>> service.predict_one({"area": -4.0})
    Traceback (most recent call last):
    maturekit.errors.RejectedRecordError: the record was rejected: gt:area
    <BLANKLINE>
    Hint: `error.answer.findings` says more of each.
    >>> service.handle(Call(frame=pd.DataFrame({"area": [2.0, -1.0, 3.0]}))).status
    ['ok', 'rejected', 'ok']
    """

    def __init__(self, model: Any, *, schema: Schema | None = None) -> None:
        super().__init__(model)
        if schema is not None and not isinstance(schema, Schema):
            raise ArgumentTypeError(f"schema must be a Schema, got {type(schema).__name__}")
        self.schema = schema

    def _handle(self, call: Call, inward: Inward) -> Answer:
        source = self._source(call)
        contract = _contract_of(source)
        record = call.record
        if record is None:
            return self._handle_frame(call, inward, source, contract)
        findings = contract.schema.check_record(record)
        if findings:
            refused = reasons(findings, rows=1)
            if refused:
                return _refusal(call, source, refused, findings)
        answer = inward(call.narrowed(record=contract.narrowed(record), contract=contract))
        if not findings and answer.is_plain:
            return answer
        return _checked(answer, source, findings)

    def _handle_frame(self, call: Call, inward: Inward, source: Source, contract: Contract) -> Answer:
        frame = as_frame(call.frame)
        if not len(frame):
            raise TableError("the frame has no rows, so there is nothing to predict", hint="skip empty batches.")
        report = validate(contract.known(frame), contract.schema)
        refused = reasons(report.findings, rows=len(frame))
        if len(refused) == len(frame):
            return _refusal(call, source, refused, report.failed)
        keep = _others(refused, rows=len(frame)) if refused else None
        inner = call.narrowed(frame=contract.rows(frame, keep), places=keep, contract=contract)
        answer = _checked(inward(inner), source, report.failed)
        if keep is None:
            return answer
        return answer.lifted(call, places=keep, marks=_marks("rejected", refused))

    def _source(self, call: Call) -> Source:
        source = super()._source(call)
        return source if self.schema is None else source.under(self.schema)

    def _waits(self, call: Call, contract: Contract | None) -> bool:  # noqa: ARG002  # the guard's own holds further in
        return call.record is None or self._step._waits(call, _contract_of(self._source(call)))  # noqa: SLF001  # asked of every step

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:  # noqa: ARG002  # as above
        mine = _contract_of(self._source(Call(frame=())))
        return super()._paths(mine)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a guarded classifier, and one that is guarded twice."""
        schema = Schema({name: Column("float", ge=0, le=1) for name in ("a", "b")})
        yield cls(example_model(), schema=schema)
        yield cls(cls(example_model(), schema=schema), schema=schema)


def _contract_of(source: Source) -> Contract:
    contract = source.contract
    if contract is None:
        raise SchemaError(
            "there is no contract: neither `schema=` nor a registered version behind the model has one",
            hint="pass `schema=`, or register the model with one.",
        )
    return contract


def _others(refused: Mapping[int, Any], *, rows: int) -> NDArray[np.int64]:
    keep = np.ones(rows, dtype=bool)
    keep[list(refused)] = False
    return np.flatnonzero(keep)


def _marks(status: str, refused: Mapping[int, tuple[str, ...]]) -> dict[int, Mark]:
    return {row: (status, why) for row, why in refused.items()}


def _refusal(
    call: Call, source: Source, refused: Mapping[int, tuple[str, ...]], findings: tuple[Finding, ...]
) -> Answer:
    return Answer(
        np.empty(0),
        rows=call.rows,
        places=np.empty(0, dtype=np.int64),
        marks=_marks("rejected", refused),
        findings=findings,
        request=call.request,
        method=call.method,
        version=source.reference,
        digest=source.digest,
    )


def _checked(answer: Answer, source: Source, findings: tuple[Finding, ...]) -> Answer:
    """Judge what the model said; unusable outputs are taken out of the answer."""
    answer.findings = (*findings, *answer.findings)
    answered = answer.rows if answer.places is None else len(answer.places)
    classes = getattr(source.model, "classes_", None)
    faults = faults_of(answer.values, rows=answered, method=answer.method, classes=classes)
    if faults:
        good = _others(faults, rows=answered)
        places = np.arange(answer.rows) if answer.places is None else answer.places
        answer.marks = {**answer.marks, **{int(places[row]): ("invalid", why) for row, why in faults.items()}}
        answer.values = np.asarray(answer.values)[good] if len(good) else np.empty(0)
        answer.places = places[good]
    return answer
