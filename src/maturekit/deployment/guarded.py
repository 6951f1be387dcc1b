"""A model behind its contract: bad rows are refused one by one, the others are answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from maturekit.deployment.answer import Answer, Mark
from maturekit.deployment.call import Call
from maturekit.deployment.contract import Contract, reasons
from maturekit.deployment.outputs import OutputCheck, Outputs
from maturekit.deployment.source import Source
from maturekit.deployment.unknown import Policies, check_policy
from maturekit.deployment.values import taken
from maturekit.deployment.wrapper import Inward, Wrapper, example_model
from maturekit.errors import ArgumentTypeError, SchemaError, TableError
from maturekit.reports import Finding
from maturekit.schema import Column, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maturekit.deployment.row_path import RowPath

__all__ = ["Guarded"]


class Guarded(Wrapper):
    """Check what goes into a model and what comes out, row by row.

    A row that breaks the contract is refused and does not touch its neighbours: `handle` answers the others, `predict`
    raises `RejectedRowsError` with that answer inside. Only columns of role feature reach the model; nothing is cast;
    columns that nobody declared are dropped. A record is judged by `Schema.check_record`, without a frame. A contract
    that could not be judged refuses everything.

    What comes out must be as many values as rows, finite, labels that the model knows, and probabilities that sum to 1,
    and within `outputs`; a row whose output is not gets the status ``"invalid"``.

    Safe for several threads if the model is.

    Parameters
    ----------
    model : estimator or Wrapper
        What is guarded.
    schema : Schema, optional
        The contract; that of the version behind the model by default, always of the very version that answers.
    outputs : Outputs, optional
        What the model may say, beyond what is always asked for.
    unknown : {"reject", "flag", "allow", "missing"} or mapping of str to such a word, optional
        What happens to categories that the contract does not know, of all columns or by column; as the contract has it
        by default. ``"flag"`` gives them to the model and names them in the findings; ``"missing"`` names them too,
        and gives the model a missing value instead.

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

    def __init__(
        self,
        model: Any,
        *,
        schema: Schema | None = None,
        outputs: Outputs | None = None,
        unknown: Policies = None,
    ) -> None:
        super().__init__(model)
        if schema is not None and not isinstance(schema, Schema):
            raise ArgumentTypeError(f"schema must be a Schema, got {type(schema).__name__}")
        if outputs is not None and not isinstance(outputs, Outputs):
            raise ArgumentTypeError(
                f"outputs must be an Outputs, got {type(outputs).__name__}", hint="for instance `Outputs(ge=0)`."
            )
        check_policy(unknown)
        self.schema = schema
        self.outputs = outputs
        self.unknown = unknown
        self._terms: WeakKeyDictionary[Source, _Terms] = WeakKeyDictionary()
        self._last: tuple[Source, _Terms] | None = None

    def _handle(self, call: Call, inward: Inward) -> Answer:
        source = self._step._source(call)  # noqa: SLF001  # asked of every step
        last = self._last
        terms = last[1] if last is not None and last[0] is source else self._terms_of(source)
        record = call.record
        if record is None:
            return self._handle_frame(call, inward, source, terms)
        contract = terms.contract
        findings = contract.schema.check_record(record)
        if findings:
            refused = reasons(findings, rows=1)
            if refused:
                return _refusal(call, source, refused, findings)
            features = contract.narrowed(record, contract.cleared(findings))
        else:
            features = contract.narrowed(record)
        answer = inward(call.behind(contract, features))
        if not findings and terms.check.is_sound(answer._one, call.method):  # noqa: SLF001  # a record's plain value
            return answer
        return _checked(answer, terms.check, findings)

    def _handle_frame(self, call: Call, inward: Inward, source: Source, terms: _Terms) -> Answer:
        contract = terms.contract
        frame = contract.frame_of(call.frame)
        if not len(frame):
            raise TableError("the frame has no rows, so there is nothing to predict", hint="skip empty batches.")
        found = contract.failures.of(frame)
        refused = reasons(found, rows=len(frame)) if found else {}
        failed = tuple(finding for finding in found if not finding.ok)
        if len(refused) == len(frame):
            return _refusal(call, source, refused, failed)
        keep = _others(refused, rows=len(frame)) if refused else None
        table = contract.rows(frame, keep, contract.cleared(failed))
        answer = _checked(inward(call.narrowed(frame=table, places=keep, contract=contract)), terms.check, failed)
        if keep is None:
            return answer
        return answer.lifted(call, places=keep, marks=_marks("rejected", refused))

    def _source(self, call: Call) -> Source:
        source = super()._source(call)
        return source if self.schema is None else source.under(self.schema)

    def _terms_of(self, source: Source) -> _Terms:
        """Return what holds for a model; the same for as long as it answers, since its row paths belong to it."""
        terms = self._terms.get(source)
        if terms is None:
            check = (self.outputs or Outputs()).of(source.model)
            terms = self._terms.setdefault(source, _Terms(self._contract_of(source), check))
        self._last = source, terms
        return terms

    def _contract_of(self, source: Source) -> Contract:
        schema = self.schema or source.schema
        if schema is None:
            raise SchemaError(
                "there is no contract: neither `schema=` nor a registered version behind the model has one",
                hint="pass `schema=`, or register the model with one.",
            )
        return source.contract_under(schema, self.unknown)

    def _waits(self, call: Call, contract: Contract | None) -> bool:  # noqa: ARG002  # the guard's own holds further in
        last = self._last  # None if nothing was answered yet: the model may have to be loaded
        return call.record is None or last is None or self._inward_waits(call, last[1].contract)

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:  # noqa: ARG002  # as above
        return super()._paths(self._terms_of(super()._source(Call(frame=()))).contract)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a guarded classifier, and one that is guarded twice."""
        schema = Schema({name: Column("float", ge=0, le=1) for name in ("a", "b")})
        yield cls(example_model(), schema=schema)
        inner = cls(example_model(), schema=schema, outputs=Outputs(classes=[0, 1]))
        yield cls(inner, schema=schema, unknown="missing")


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """What holds for one model: what goes in, and what comes out."""

    contract: Contract
    check: OutputCheck


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


def _checked(answer: Answer, check: OutputCheck, findings: tuple[Finding, ...]) -> Answer:
    """Judge what the model said; unusable outputs are taken out of the answer."""
    answer.findings = (*findings, *answer.findings)
    answered = answer.rows if answer.places is None else len(answer.places)
    if not answered:
        return answer
    faults = check.faults(answer.values, rows=answered, method=answer.method)
    if faults:
        good = _others(faults, rows=answered)
        places = np.arange(answer.rows) if answer.places is None else answer.places
        answer.marks = {**answer.marks, **{int(places[row]): ("invalid", why) for row, why in faults.items()}}
        answer.values = taken(answer.values, good) if len(good) else np.empty(0)
        answer.places = places[good]
    return answer
