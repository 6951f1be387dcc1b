"""From what a recorder saw of a call to an entry of the log; most of it happens in the log's own thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit._core.frames import as_frame
from maturekit._core.logs import logger
from maturekit.deployment.values import count_of
from maturekit.errors import RejectedRowsError
from maturekit.predictions import Entry, Pseudonyms, Sample
from maturekit.predictions.blocks import Block, blocks_of, input_name, narrowed
from maturekit.predictions.making import COPIES_ON_WRITE, copied

if TYPE_CHECKING:
    from maturekit.deployment.answer import Answer
    from maturekit.deployment.call import Call
    from maturekit.schema import Schema

__all__ = ["Plan", "RecordSeen", "TableSeen"]

_PERSONAL = "personal"

_OTHERS = 16

_MISCOUNTED = ("invalid", ("output:length",))
"""How a `Guarded` marks the rows of an answer that has not one output for each."""

_TOLD = frozenset({"predict", "predict_proba"})
"""The methods whose outputs tell a prediction."""


class Plan:
    """Which inputs are recorded under one contract, and how.

    Parameters
    ----------
    schema : Schema, optional
        The contract. Without one, inputs go by the names that they have, and nobody knows which are personal.
    columns : sequence of str, optional
        The columns to record; all by default. Labels never are.
    pseudonyms : Pseudonyms, optional
        For what is personal; without, that is left out.

    Examples
    --------
    >>> from maturekit.schema import Column, Schema
    >>> plan = Plan(Schema({"age": Column("int", aliases=["years"]), "name": Column("string", tags=["personal"])}))
    >>> plan.of_record({"years": 41, "name": "ada", "note": "x"})
    {'age': 41}
    """

    def __init__(
        self, schema: Schema | None, columns: Sequence[str] | None = None, pseudonyms: Pseudonyms | None = None
    ) -> None:
        self.schema = schema
        self._pseudonyms = pseudonyms
        self._personal: frozenset[str] = frozenset()
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._names = None if columns is None else list(columns)
        if schema is not None:
            wanted = set(schema.columns if columns is None else columns)
            known = {name: column for name, column in schema.columns.items() if column.role != "label"}
            personal = {name for name, column in known.items() if _PERSONAL in column.tags}
            kept = [name for name in known if name in wanted and (pseudonyms is not None or name not in personal)]
            self._personal = frozenset(personal)
            self._names = kept
            self._aliases = {name: known[name].aliases for name in kept if known[name].aliases}
        self._needed = None if self._names is None else [*self._names, *chain.from_iterable(self._aliases.values())]

    def kept_of_record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what must be kept of a record until then; of one that says far too much, only what is known."""
        if self._needed is None or len(record) <= 2 * len(self._needed) + _OTHERS:
            return dict(record)
        return {name: record[name] for name in self._needed if name in record}

    def kept_of_table(self, table: Any) -> Any:
        """Return what must be kept of a table until it is recorded, safe from later changes."""
        if isinstance(table, list):
            return [copied(row) for row in table]
        if self._needed is None or COPIES_ON_WRITE or not isinstance(table, pd.DataFrame):
            return copied(table)
        return table[[name for name in self._needed if name in table.columns]]  # a copy, and no larger than needed

    def of_record(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is recorded of a record's inputs, under the names of the contract."""
        if self._names is None:
            return record
        inputs = {name: record[name] for name in self._names if name in record}
        for name, aliases in self._aliases.items():
            if name not in inputs:
                present = [alias for alias in aliases if alias in record]
                if len(present) == 1:
                    inputs[name] = record[present[0]]
        if self._pseudonyms is not None:
            for name in self._personal & inputs.keys():
                inputs[name] = self._pseudonyms(inputs[name])
        return inputs

    def of_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what is recorded of a frame's inputs, under the names of the contract."""
        if self._names is None:
            return frame
        if self.schema is None:
            return frame[[name for name in self._names if name in frame.columns]]
        held = {name: spelling for name, spelling in self.schema.located(frame.columns).items() if name in self._names}
        inputs = frame[list(held.values())].set_axis(list(held), axis=1)
        hidden = self._personal & held.keys()
        if self._pseudonyms is None or not hidden:
            return inputs
        return inputs.assign(**{name: inputs[name].map(self._pseudonyms).astype(object) for name in hidden})


class _Seen:
    """What is recorded of a call and its answer, kept from those who may change either later."""

    __slots__ = ("classes", "key", "marks", "method", "plan", "request", "seconds", "values")

    def __init__(
        self, call: Call, answer: Answer, plan: Plan, key: dict[str, Any], model: Any, *, seconds: float
    ) -> None:
        self.plan = plan
        self.request = call.request
        self.key = key
        self.method = method = answer.method
        self.marks = dict(answer.marks) if answer.marks else answer.marks
        self.seconds = seconds
        self.classes = getattr(model, "classes_", None) if method == "predict_proba" else None


class RecordSeen(_Seen):
    """One record, and what was said about it."""

    __slots__ = ("arm", "digest", "record", "version")

    def __init__(
        self, call: Call, answer: Answer, plan: Plan, key: dict[str, Any], model: Any, *, seconds: float
    ) -> None:
        super().__init__(call, answer, plan, key, model, seconds=seconds)
        self.record = plan.kept_of_record(call.record)  # type: ignore[arg-type]  # this is for records
        try:
            self.values = answer.one() if answer.places is None and self.method in _TOLD else None
        except RejectedRowsError:  # not one value: the caller is about to find out
            self.values, self.marks = None, {0: _MISCOUNTED}
        self.version = answer.version
        self.digest = answer.digest
        self.arm = answer.arm

    def __call__(self, time: datetime) -> Entry:
        """Return the entry of the log."""
        value, classes = self.values, self.classes
        prediction, score = None if value is None else [value], None
        if self.method == "predict_proba":
            prediction = None
            if isinstance(value, list) and classes is not None and _are_of(value, classes):
                prediction = [classes[max(range(len(value)), key=value.__getitem__)]]
                score = [value[1]] if len(value) == 2 else None
        return Entry(
            self.plan.of_record(self.record),
            request=self.request,
            method=self.method,
            prediction=prediction,
            score=score,
            key=self.key,
            marks=self.marks,
            version=self.version,
            digest=self.digest,
            arm=self.arm,
            seconds=self.seconds,
            time=time,
        )


class TableSeen(_Seen):
    """The rows of a table, and what was said about each."""

    __slots__ = ("names", "places", "rows", "sample", "shares", "table", "where", "who")

    def __init__(
        self, call: Call, answer: Answer, plan: Plan, key: dict[str, Any], model: Any, *, seconds: float
    ) -> None:
        super().__init__(call, answer, plan, key, model, seconds=seconds)
        self.table = plan.kept_of_table(call.frame)
        self.names = None if hasattr(call.frame, "columns") else getattr(model, "feature_names_in_", None)
        self.places = call.places
        self.rows = call.rows
        answered = self.rows if answer.places is None else len(answer.places)
        told = self.method in _TOLD and answered
        if told and count_of(answer.values) != answered:
            asked = range(self.rows) if answer.places is None else answer.places.tolist()
            told, self.marks = False, {**answer.marks, **dict.fromkeys(asked, _MISCOUNTED)}
        self.values = copied(answer.values) if told else None
        self.where = answer.places
        self.who = (answer.version, answer.digest, answer.arm)
        self.shares = answer.shares
        self.sample: Sample | None = None

    def __call__(self, time: datetime) -> Block | None:
        """Return the block of the log; None if no row of it is in the sample."""
        if not self.rows:
            return None
        key = {name: self._key_of(column) for name, column in self.key.items()}
        block = self._block(key, time)
        if self.sample is None:
            return block
        held = enumerate(zip(*map(list, key.values()), strict=True))
        keep = np.array(
            [self.sample.holds(row, otherwise=f"{self.request}/{place}") for place, row in held], dtype=bool
        )
        return narrowed(block, keep) if keep.any() else None

    def _key_of(self, column: Any) -> Any:
        """Return a column of the key; nulls where there is none, or several and nobody knows which it is."""
        return [None] * self.rows if column is None or isinstance(column, pd.DataFrame) else column

    def _block(self, key: dict[str, Any], time: datetime) -> Block:
        prediction, score = _outputs(self.method, self.values, self.classes)
        version, digest, arm = self._who()
        entry = Entry(
            self._inputs(),
            request=self.request,
            method=self.method,
            prediction=self._spread(prediction),
            score=self._spread(score),
            key=key,
            marks=self.marks,
            places=self.places,
            version=version,
            digest=digest,
            arm=arm,
            seconds=self.seconds,
            time=time,
        )
        (block,) = blocks_of([entry])
        return block

    def _inputs(self) -> pd.DataFrame:
        try:
            return self.plan.of_frame(_framed(self.table, self.names, rows=self.rows))
        except Exception as error:  # noqa: BLE001  # that somebody asked, and what came of it, is recorded all the same
            logger.warning("the inputs of a call were not recorded: %s: %s", type(error).__name__, error)
            return _nothing(self.rows)

    def _who(self) -> tuple[Any, Any, Any]:
        """Return version, digest and arm: once, or one for each row if several models answered."""
        if not self.shares:
            return self.who
        columns = [[one] * self.rows for one in self.who]
        for share in self.shares:
            for column, one in zip(columns, (share.version, share.digest, share.arm), strict=True):
                for place in share.places.tolist():
                    column[place] = one
        return columns[0], columns[1], columns[2]

    def _spread(self, values: Any) -> Any:
        """Return a value for each row asked about, None where there is none."""
        if values is None or self.where is None:
            return values
        spread: list[Any] = [None] * self.rows
        for place, value in zip(self.where.tolist(), np.asarray(values).tolist(), strict=True):
            spread[place] = value
        return spread


def _are_of(value: list[Any], classes: Any) -> bool:
    """Whether these are one number for each class."""
    return len(value) == len(classes) and not isinstance(value[0], list)


def _outputs(method: str, values: Any, classes: Any) -> tuple[Any, Any]:
    """Return the prediction and the probability of the positive class, where the method tells them."""
    if values is None or isinstance(values, list) or hasattr(values, "toarray"):
        return (values if method == "predict" and isinstance(values, list) else None), None
    array = np.asarray(values)
    if method == "predict":
        return (values if array.ndim == 1 else array.tolist()), None  # a list a row where a model has several outputs
    if classes is None or array.ndim != 2 or array.shape[1] != len(classes):
        return None, None
    return np.asarray(classes)[array.argmax(axis=1)], array[:, 1] if len(classes) == 2 else None


def _framed(table: Any, names: Sequence[str] | None, *, rows: int) -> pd.DataFrame:
    """Return what a model was asked about as a frame, without the columns that names do not tell apart."""
    if isinstance(table, pd.DataFrame):
        single = _single(table.columns)
        return table if len(single) == table.shape[1] else table.iloc[:, single]
    if isinstance(table, pd.Series):
        return table.to_frame("x0" if table.name is None else table.name)
    if hasattr(table, "column_names"):  # pyarrow
        return as_frame(table.select(_single(table.column_names)))
    if hasattr(table, "to_pandas"):  # polars
        return as_frame(table)
    array = None if hasattr(table, "toarray") else np.asanyarray(table)  # a mask stays
    if array is None or not 1 <= array.ndim <= 2:
        return _nothing(rows)
    if array.dtype.names is not None:
        return pd.DataFrame(array)
    wide = array if array.ndim == 2 else array[:, np.newaxis]
    own = [f"x{place}" for place in range(wide.shape[1])]
    return pd.DataFrame(wide, columns=own if names is None or len(names) != len(own) else list(names))


def _single(names: Iterable[Any]) -> list[int]:
    """Return the places of those columns whose names, as the log spells them, do not repeat."""
    texts = [input_name(name) for name in names]
    counts = Counter(texts)
    return [place for place, text in enumerate(texts) if counts[text] == 1]


def _nothing(rows: int) -> pd.DataFrame:
    return pd.DataFrame(index=range(rows))
