"""Columns of listings: their kinds of values, the same with ten thousand rows and with none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EVENT_COLUMNS", "FREE", "VERSION_COLUMNS", "FreeValue", "Kind", "Row", "frame_of"]

Kind = Literal["text", "number", "count", "flag", "known", "measure", "time", "texts"]
"""May be missing: text, number, measure and flag. Count, known (a truth value), time (as events spell it) and texts (a tuple) are not."""

Row = tuple[Any, ...]
"""Values in the order of the columns."""

FreeValue = tuple[str, str, Any]
"""Prefix, name and value of what only some rows have."""

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


def frame_of(rows: Sequence[Row], kinds: Mapping[str, Kind], free: Iterable[Iterable[FreeValue]] = ()) -> pd.DataFrame:
    """Return rows as a frame with a column for each kind, and behind them a column for every free value, sorted by name.

    A free column holds numbers (Int64 where all are whole, else float64), truth values, texts, or mixed objects.

    >>> frame_of([(1,), (2,)], {"a": "count"}, [[], [("metric", "share", 0.5)]])
       a  metric.share
    0  1           NaN
    1  2           0.5
    """
    import pandas as pd  # noqa: PLC0415  # opening a registry does not pay for pandas

    columns = zip(*rows, strict=True) if rows else ((),) * len(kinds)
    data = {name: _column(list(values), kind) for (name, kind), values in zip(kinds.items(), columns, strict=True)}
    found: dict[str, dict[str, list[Any]]] = {prefix: {} for prefix in FREE}
    for number, values in enumerate(free):
        for prefix, name, value in values:
            named = found[prefix]
            if name not in named:
                named[name] = [None] * len(rows)
            named[name][number] = value
    data |= {
        f"{prefix}.{name}": _free_column(found[prefix][name], FREE[prefix])
        for prefix in FREE
        for name in sorted(found[prefix])
    }
    return pd.DataFrame(data, index=pd.RangeIndex(len(rows)))


def _column(values: list[Any], kind: Kind) -> Any:
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
        "texts": lambda: _objects(values),
    }
    return makers[kind]()


def _free_column(values: list[Any], kind: Kind | None) -> Any:
    """Return a column of a kind, or of the kind that the values are of."""
    if kind is not None:
        return _column(values, kind)
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return _column(values, "number")
    if kinds and kinds <= {int, float}:
        return _column(values, "measure")
    if kinds == {bool}:
        return _column(values, "flag")
    return _column(values, "text") if kinds == {str} else _objects(values)


def _objects(values: Iterable[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415  # opening a registry does not pay for pandas

    return pd.Series(list(values), dtype=object)
