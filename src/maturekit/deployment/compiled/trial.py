"""One model compiled, and tried on examples and on edge cases made from them, from the contract and from the model."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.deployment.compiled.code import RowFunction, Unsure
from maturekit.deployment.compiled.compiler import NotCompiled
from maturekit.deployment.compiled.edges import edges_of, varied
from maturekit.deployment.compiled.proof import proven
from maturekit.deployment.compiled.row import compiled
from maturekit.deployment.contract import reasons
from maturekit.schema import Column, Schema
from maturekit.schema.kinds import is_null

if TYPE_CHECKING:
    from maturekit.deployment.contract import Contract

__all__ = ["NotCompiled", "Trial"]

_WHOLE = 2**53
"""Beyond this a whole number may be no float."""

_WIDEST = 2_000
"""Columns of a record that are compiled."""

_EXAMPLES = 200
_RECORDS = 1_200

_TYPES: Mapping[str, frozenset[type]] = {
    "float": frozenset({float, int}),
    "int": frozenset({int, float}),
    "bool": frozenset({bool}),
    "string": frozenset({str}),
    "category": frozenset({str, int}),
    "datetime": frozenset({dt.datetime}),
    "date": frozenset({dt.date}),
    "timedelta": frozenset({dt.timedelta}),
}
"""The plain types that a valid value of a kind may have; a column of any other kind is never compiled."""

_PLAIN = frozenset({float, int, bool, str, type(None)})

Values = tuple[Any, ...]


class Trial:
    """The compiled function of one method of a model, and what it was proven with.

    Parameters
    ----------
    model, method, contract, examples
        As in `RowPath`.
    names : list of str
        The columns of a record, in order.
    """

    def __init__(
        self, model: Any, method: str, contract: Contract | None, examples: pd.DataFrame | None, names: Sequence[str]
    ) -> None:
        self.count = 0
        """Records that both answered alike."""
        self.dtype: np.dtype[Any] | None = None
        self.why = "there was no record to try it on"
        """Why nothing is proven yet."""
        self._model, self._method, self._contract, self._names = model, method, contract, list(names)
        self._examples = examples
        self._function: RowFunction = _nothing
        self._jumps: dict[int, set[Any]] = {}
        self._proven: set[tuple[type, ...]] = set()
        self._types: list[frozenset[type]] = []
        self._scores: Trial | None = None
        """The trial of the scores behind labels: labels alone may agree by chance wherever they were compared."""

    def run(self, values: Values | None) -> None:
        """Compile and prove; raise `NotCompiled` if that fails. `values` is a record at hand to try, if there is one."""
        if len(self._names) > _WIDEST:
            raise NotCompiled(f"a record has {len(self._names)} values, at most {_WIDEST} are compiled")
        own = [] if values is None else [values]
        if self._contract is None:
            known = [True] * len(self._names)
            self._function, self._jumps = compiled(self._model, known, self._method)
            self._scores = self._scored(known)
            stored = self._stored()
            for types in sorted({tuple(map(type, base)) for base in stored[:4]}, key=str):
                self.proven_for(types, [base for base in stored if tuple(map(type, base)) == types])
            return
        columns = [self._contract.schema.columns[name] for name in self._names]
        self._types = [_types_of(column) for column in columns]
        strange = [name for name, types in zip(self._names, self._types, strict=True) if not types]
        if strange:
            raise NotCompiled(f"the values of {strange[0]!r} are of no plain type")
        nullable = [column.nullable or column.severity != "error" for column in columns]
        numbers = [place for place, column in enumerate(columns) if column.kind in {"float", "int"}]
        sound: list[int] | None = [place for place in numbers if not nullable[place]]
        if any(columns[place].severity != "error" for place in numbers):
            sound = None  # a contract that only warns of infinity lets it through
        self._function, self._jumps = compiled(self._model, nullable, self._method, sound=sound)
        self._types = [
            types - {_other_kind([base[place] for base in [*own, *self._stored()]], self._jumps.get(place, ()))}
            if {str, int} <= types
            else types
            for place, types in enumerate(self._types)
        ]
        scores = self._scored(nullable, sound=sound)
        if scores is not None:
            scores.run(values)
        self._prove(columns, own)

    def accepted(self, types: tuple[type, ...]) -> RowFunction | None:
        """Return the function for records of these types; None if it was not proven with them."""
        if self._contract is None:
            return self._function_for(types) if types in self._proven else None
        if all(kind in known for kind, known in zip(types, self._types, strict=True)):
            return self._function_for(types)
        return None

    def proven_for(self, types: tuple[type, ...], bases: Sequence[Values]) -> RowFunction | None:
        """Prove the function for records of these types, without a contract; None, and `why`, if it fails for them."""
        if not _PLAIN.issuperset(types):
            return None
        if self._scores is not None and self._scores.proven_for(types, bases) is None:
            self.why = self._scores.why
            return None
        most = max(6, _RECORDS // (2 * len(types)))
        edges = [edges_of([kind], self._jumps.get(place, ()), most=most) for place, kind in enumerate(types)]
        try:
            self._compare(self._function_for(types), [*bases, *varied(bases, edges)], self._frame)
        except NotCompiled as error:
            self.why = str(error)
            return None
        self._proven.add(types)
        return self.accepted(types)

    def _scored(self, nullable: Sequence[bool], *, sound: Sequence[int] | None = None) -> Trial | None:
        """Return the trial of a method that tells the scores by which labels are chosen, if there is one to compile."""
        if self._method == "predict" and hasattr(self._model, "classes_"):
            for method in ("decision_function", "predict_proba"):
                trial = Trial(self._model, method, self._contract, self._examples, self._names)
                with contextlib.suppress(NotCompiled):
                    if hasattr(self._model, method):
                        trial._function, trial._jumps = compiled(self._model, nullable, method, sound=sound)
                        return trial
        return None

    def _prove(self, columns: Sequence[Column], own: Sequence[Values]) -> None:
        contract = self._contract
        if contract is None:
            return
        mine = Schema(
            dict(zip(self._names, columns, strict=True)),
            [rule for rule in contract.schema.rules if set(rule.columns) <= set(self._names)],
        )

        def isvalid(values: Values) -> bool:
            return not reasons(mine.check_record(self._record(values)), rows=1)

        most = max(6, _RECORDS // (2 * len(columns)))
        edges = [
            edges_of(kinds, [*self._jumps.get(place, ()), *(column.categories or ())], _bounds(column), most=most)
            for place, (column, kinds) in enumerate(zip(columns, self._types, strict=True))
        ]
        bases = [values for values in [*own, *self._stored()] if isvalid(values)]
        bases = bases or list(
            _invented(
                [
                    _sound(name, column, values)
                    for name, column, values in zip(self._names, columns, edges, strict=True)
                ],
                isvalid,
            )
        )
        if not bases:
            return
        records = [*bases, *filter(isvalid, varied(bases, edges))]

        def judged(values: Sequence[Any]) -> Any:
            function = self.accepted(tuple(map(type, values)))
            if function is None:
                raise Unsure
            return function(values)

        self._compare(judged, records, lambda rows: contract.table([self._record(values) for values in rows]))

    def _compare(
        self, function: RowFunction, records: Iterable[Values], table: Callable[[Sequence[Values]], Any]
    ) -> None:
        ask = getattr(self._model, self._method)
        has_labels = self._method == "predict" and hasattr(self._model, "classes_")
        dtype, count = proven(function, lambda rows: ask(table(rows)), records, has_labels=has_labels)
        if self.dtype not in {None, dtype}:
            raise NotCompiled("the model answers with several types")
        self.dtype, self.count = dtype, self.count + count

    def _function_for(self, types: Sequence[type]) -> RowFunction:
        """Return the function, which leaves whole numbers to the model that are no floats, and texts that are no UTF-8."""
        function = self._function
        places = [place for place, kind in enumerate(types) if kind is int and not self._is_small(place)]
        # a frame may be unable to hold half of a surrogate pair; a contract stores it all the same
        texts = [place for place, kind in enumerate(types) if kind is str and self._contract is None]
        if not places and not texts:
            return function

        def checked(values: Sequence[Any]) -> Any:
            for place in places:
                if not -_WHOLE <= values[place] <= _WHOLE:
                    raise Unsure
            for place in texts:
                if not values[place].isascii():
                    values[place].encode()
            return function(values)

        return checked

    def _is_small(self, place: int) -> bool:
        if self._contract is None:
            return False
        column = self._contract.schema.columns[self._names[place]]
        ends = _bounds(column)
        return column.severity == "error" and len(ends) > 1 and all(-_WHOLE <= end <= _WHOLE for end in ends)

    def _record(self, values: Values) -> dict[str, Any]:
        return dict(zip(self._names, values, strict=True))

    def _frame(self, rows: Sequence[Values]) -> pd.DataFrame:
        columns = zip(*rows, strict=True)
        return pd.DataFrame({name: list(column) for name, column in zip(self._names, columns, strict=True)})

    def _stored(self) -> list[Values]:
        """Return stored examples as records."""
        examples = self._examples
        if examples is None or not set(self._names) <= set(examples.columns):
            return []
        picked = examples.iloc[np.unique(np.linspace(0, len(examples) - 1, min(len(examples), _EXAMPLES)).astype(int))]
        columns = [picked[name].tolist() for name in self._names]
        return [tuple(_plain(value) for value in values) for values in zip(*columns, strict=True)]


def _types_of(column: Column) -> frozenset[type]:
    types = _TYPES.get(column.kind, frozenset())
    if column.kind == "category":
        types = frozenset({str} if "text" in column.takes else set()) | ({int} if "whole" in column.takes else set())
    can_be_null = (column.nullable or column.severity != "error") and column.kind != "bool"
    if not types or not can_be_null:
        return types
    return types | {type(None)} | (set() if int in types and str in types else {float})  # 3.0 is a whole number, too


def _other_kind(values: Iterable[Any], jumps: Iterable[Any]) -> type:
    """Return the type that a category does not have in the data, of texts and whole numbers: they are stored unlike."""
    seen = {type(value) for value in (*values, *jumps)}
    return str if int in seen and str not in seen else int


def _bounds(column: Column) -> list[Any]:
    ends = [getattr(column, name) for name in ("ge", "gt", "le", "lt")]
    return [end for end in ends if isinstance(end, (int, float))]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if not isinstance(value, float) and is_null(value) else value


def _sound(name: str, column: Column, values: Iterable[Any]) -> list[Any]:
    """Return the values that a column would take by itself: of many columns chance would find no valid record."""
    alone = Schema({name: column})
    return [value for value in values if not reasons(alone.check_record({name: value}), rows=1)]


def _invented(edges: Sequence[Sequence[Any]], isvalid: Callable[[Values], bool]) -> Iterator[Values]:
    """Yield valid records made of edges, as far as chance finds some."""
    draw = random.Random(0)  # noqa: S311  # no secret
    tries = (tuple(draw.choice(values or [None]) for values in edges) for _ in range(1_000))
    yield from itertools.islice(filter(isvalid, tries), 10)


def _nothing(values: Sequence[Any]) -> Any:  # noqa: ARG001  # stands where a function of records will stand
    raise Unsure
