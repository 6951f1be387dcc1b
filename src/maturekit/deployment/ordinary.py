"""One record answered the ordinary way: as a row of a frame, together with records that come at the same time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from maturekit.deployment.call import Call, rows_of
from maturekit.deployment.gather import Gather
from maturekit.deployment.values import is_by_output, taken

if TYPE_CHECKING:
    from maturekit.deployment.contract import Contract

__all__ = ["OrdinaryPath"]

_PLAIN = frozenset(
    {float, bool, str, type(None), Decimal, dt.date, np.float64, np.float32, np.int64, np.int32, np.bool_}
)
"""Types whose values are stored alike, whatever they are."""


class OrdinaryPath:
    """Ask a model about records through frames; calls that come while the model works share the next frame.

    Only records share a frame whose values have the same types, column by column, and would be stored alike alone: what
    the model gets for a record does not depend on its neighbours. If the model raises for a frame of several records,
    it is asked about each alone.

    Safe for several threads if the model is.

    Parameters
    ----------
    model : estimator
        Who is asked.
    method : str
        What it is asked for.
    contract : Contract or None
        How records become a frame; as pandas infers it without.
    names : list of str or None
        The columns that the model wants, if it knows them; used without a contract.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> model = DummyRegressor(strategy="constant", constant=2.5).fit([[0.0]], [1.0])
    >>> OrdinaryPath(model, "predict", None, None).ask(Call(record={"x": 1.0})).tolist()
    [2.5]
    """

    __slots__ = ("_asking", "_gather", "_names")

    def __init__(self, model: Any, method: str, contract: Contract | None, names: Sequence[str] | None) -> None:
        self._names = names if contract is None else contract.names
        self._asking = _Asking(
            model, method, contract, self._names
        )  # apart, so that a model that is replaced goes at once
        self._gather: Gather[Call, Any] = Gather(self._asking.answers)

    def ask(self, call: Call) -> Any:
        """Return what the model says about the record of a call: an array of length 1, or what else the model returns.

        Raises what the model raises, and `DeadlineError` if the call's deadline passes before the model is asked.
        """
        kind = _kind_of(call.record or {}, self._names)
        if kind is None:
            (values,) = self._asking.answers([call])
            return values
        contract = self._asking.contract
        if contract is not None:
            kind += contract.strangers(call.record or {})
        return self._gather.ask(call, kind=kind, deadline=call.deadline)


class _Asking(NamedTuple):
    """A model, and how records become what it takes."""

    model: Any
    method: str
    contract: Contract | None
    names: Sequence[str] | None

    def answers(self, calls: Sequence[Call]) -> list[Any]:
        """Return what the model says about each record; nothing if that cannot be told."""
        values = getattr(self.model, self.method)(self._table(calls))
        if len(calls) == 1:
            return [values]
        if rows_of(values[0] if is_by_output(values) else values) != len(calls):
            return []  # whose is what? each asks alone, and is told what is wrong
        return [_row(values, place) for place in range(len(calls))]

    def _table(self, calls: Sequence[Call]) -> Any:
        records = [call.record or {} for call in calls]
        if self.contract is not None:
            return self.contract.table(records)
        if len(calls) == 1:
            return calls[0].table(self.names)
        names = records[0] if self.names is None else self.names
        return pd.DataFrame({name: [record[name] for record in records] for name in names})


def _kind_of(record: Mapping[str, Any], names: Sequence[str] | None) -> tuple[Any, ...] | None:
    """Return what records that share a frame have in common; None if this one must be asked about alone.

    >>> _kind_of({"x": 1.0, "y": "a"}, ["y", "x"])
    (<class 'str'>, <class 'float'>)
    >>> _kind_of({"x": 2**70}, None) is None
    True
    """
    kinds = []
    for name in record if names is None else names:
        try:
            value = record[name]
        except KeyError:
            return None  # asked alone it is told what it lacks
        kind: Any = type(value)
        if kind is int:
            if not -(2**63) <= value < 2**63:
                return None  # pandas would store its neighbours as objects too
        elif kind is dt.datetime:
            if not 1678 <= value.year <= 2261:
                return None  # pandas before 3 counts nanoseconds in 64 bits, and would store its neighbours as objects
            kind = (kind, value.tzinfo)
        elif kind not in _PLAIN:
            return None
        kinds.append(kind)
    return tuple(kinds) if names is not None else (*record, *kinds)


def _row(values: Any, place: int) -> Any:
    row = taken(values, np.array([place]))
    return row.reset_index(drop=True) if isinstance(row, (pd.DataFrame, pd.Series)) else row
