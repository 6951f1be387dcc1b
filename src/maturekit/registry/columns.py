"""Columns of listings: their kinds of values, the same with ten thousand rows and with none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from maturekit.events import Column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EVENT_COLUMNS", "FREE", "VERSION_COLUMNS", "Columns", "Kind", "frame_of"]

Kind = Literal["text", "number", "count", "flag", "known", "measure", "time", "texts", "mixed"]
"""Text, number, measure, flag and mixed may be missing; count, known (a truth value), time (as events spell it) and
texts (a tuple) are always there."""

Columns = Mapping[str, Column]
"""Columns of the same rows, by name; those of `FREE` have a prefix and a dot before it."""

VERSION_COLUMNS: Mapping[str, Kind] = {
    "name": "text",
    "number": "count",
    "reference": "text",
    "time": "time",
    "actor": "text",
    "actor_kind": "text",
    "aliases": "texts",
    "tags": "texts",
    "serializer": "text",
    "size_bytes": "count",
    "parent": "number",
    "cause": "text",
    "origin": "text",
    "revision": "text",
    "dirty": "flag",
    "fingerprint": "text",
    "schema": "text",
    "profile": "text",
    "examples": "text",
    "notes": "text",
    "gaps": "texts",
    "digest": "text",
    "reports": "count",
    "reports_failed": "count",
    "alarms": "count",
    "approvals": "count",
    "held": "known",
    "erased": "known",
}

EVENT_COLUMNS: Mapping[str, Kind] = {
    "id": "text",
    "name": "text",
    "number": "count",
    "time": "time",
    "kind": "text",
    "actor": "text",
    "actor_kind": "text",
    "role": "text",
    "reason": "text",
    "cause": "text",
    "subject": "text",
    "version": "number",
    "alias": "text",
    "from": "number",
    "to": "number",
    "swapped": "text",
    "rollback": "flag",
    "policy": "text",
    "verdict": "text",
    "report": "text",
    "report_kind": "text",
}


FREE: Mapping[str, Kind | None] = {"metric": "measure", "low": "measure", "high": "measure", "parameter": None}
"""Prefixes of free columns, and of what kind they are; parameters are of any."""


def frame_of(parts: Sequence[Columns], kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return rows as a frame with a column for each kind, and behind them every free column, sorted by name.

    A free column holds numbers (Int64 where all are whole, else float64), truth values, texts, or mixed objects. Parts
    lie below one another.

    >>> frame_of([{"a": Column.of([1])}, {"a": Column.of([2]), "metric.share": Column.of([0.5])}], {"a": "count"})
       a  metric.share
    0  1           NaN
    1  2           0.5
    """
    import pandas as pd  # noqa: PLC0415  # opening a registry does not pay for pandas

    rows = [next(iter(part.values())).rows for part in parts]
    data = {name: _array(Column.joined([part[name] for part in parts]), kind) for name, kind in kinds.items()}
    prefixes, absent = list(FREE), [Column(count, {"all": None}) for count in rows]
    free = {name for part in parts for name in part if name not in kinds}
    for name in sorted(free, key=lambda name: (prefixes.index(name.partition(".")[0]), name)):
        column = Column.joined([part.get(name, none) for part, none in zip(parts, absent, strict=True)])
        data[name] = _array(column, FREE[name.partition(".")[0]] or _kind_of(column))
    return pd.DataFrame(data, index=pd.RangeIndex(sum(rows)), copy=False)


def _array(column: Column, kind: Kind) -> Any:
    """Return the values as pandas keeps them; a value that all rows share is made once."""
    if column.is_same:
        return _values([column.told["all"]], kind).repeat(column.rows)
    return _values(column.values(), kind)


def _values(values: list[Any], kind: Kind) -> Any:
    import numpy as np  # noqa: PLC0415  # opening a registry does not pay for numpy
    import pandas as pd  # noqa: PLC0415  # nor for pandas

    makers: dict[Kind, Callable[[], Any]] = {
        "text": lambda: pd.array(values, dtype=pd.StringDtype("python")),
        "number": lambda: pd.array(values, dtype="Int64"),
        "count": lambda: np.array(values, dtype="int64"),
        "flag": lambda: pd.array(values, dtype="boolean"),
        "known": lambda: np.array(values, dtype="bool"),
        "measure": lambda: np.array([math.nan if value is None else float(value) for value in values], dtype="float64"),
        "time": lambda: pd.DatetimeIndex(
            np.array([text.removesuffix("Z") for text in values], dtype="datetime64[us]"), tz="UTC"
        ),
        "texts": lambda: np.fromiter(values, dtype=object, count=len(values)),
        "mixed": lambda: np.fromiter(values, dtype=object, count=len(values)),
    }
    return makers[kind]()


def _kind_of(column: Column) -> Kind:
    """Return the kind that the values of a free column are of."""
    values = [column.told["all"]] if column.is_same else column.values()
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return "number"
    if kinds and kinds <= {int, float}:
        return "measure"
    if kinds == {bool}:
        return "flag"
    return "text" if kinds == {str} else "mixed"
