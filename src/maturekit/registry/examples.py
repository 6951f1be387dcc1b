"""A few rows that travel with a model, as JSON that reads back equal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, FormatError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["examples_from_json", "examples_to_json"]

_FORMAT = 1
_MOST = 100
_NEVER = -(2**63)
"""How numpy spells a moment that is missing."""
_NUMBERS = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 "
    "boolean Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64".split()
)


def examples_to_json(table: Table, *, personal: Iterable[str] = ()) -> bytes:
    """Return the first 100 rows of a table as canonical JSON.

    Column by column, with the kind of each, so that types read back as well; the index is not kept. Values of the
    `personal` columns are replaced by made-up ones.

    >>> import pandas as pd
    >>> text = examples_to_json(pd.DataFrame({"hour": [7, 8], "name": ["Ada", "Bob"]}), personal=["name"])
    >>> examples_from_json(text)
       hour        name
    0     7  personal-0
    1     8  personal-1
    """
    frame = as_frame(table, what="examples").head(_MOST).reset_index(drop=True)
    replaced = set(personal)
    columns = [
        {"name": name, **_column_to_json(_made_up(frame[name]) if name in replaced else frame[name], name)}
        for name in frame.columns
    ]
    return canonical_json({"format": _FORMAT, "rows": len(frame), "columns": columns})


def examples_from_json(text: bytes) -> pd.DataFrame:
    """Read back what `examples_to_json` wrote; raise `FormatError` for anything else or newer."""
    import pandas as pd  # noqa: PLC0415  # a registry that never sees a frame does not pay for pandas

    what = "a stored table of examples"
    data = check_format(parse_json(text, what=what), what=what, newest=_FORMAT)
    try:
        columns = {column["name"]: _column_from_json(column) for column in data["columns"]}
        if any(len(column) != data["rows"] for column in columns.values()):
            raise ValueError("a column has another number of rows")
        return pd.DataFrame(columns, index=pd.RangeIndex(data["rows"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"a stored table of examples is malformed: {error!r:.200}") from error


def _column_to_json(column: pd.Series[Any], name: str) -> dict[str, Any]:
    import pandas as pd  # noqa: PLC0415  # as above

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = _column_to_json(pd.Series(dtype.categories), name)
        codes = column.cat.codes.tolist()
        return {"kind": "category", "categories": categories, "ordered": bool(dtype.ordered), "codes": codes}
    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "NaN"
        return {"kind": "string", "missing": missing, "values": [None if pd.isna(text) else text for text in column]}
    if getattr(dtype, "kind", "") in {"M", "m"} and not str(dtype).endswith("[pyarrow]"):
        zone = str(dtype.tz) if isinstance(dtype, pd.DatetimeTZDtype) else None
        kind = "datetime" if dtype.kind == "M" else "timedelta"
        ticks = column.to_numpy(dtype=f"{dtype.kind}8[{_unit(dtype)}]").view("int64").tolist()
        return {"kind": kind, "unit": _unit(dtype), "zone": zone, "values": [None if t == _NEVER else t for t in ticks]}
    if str(dtype) in _NUMBERS:
        return {"kind": str(dtype), "values": [None if v is pd.NA else _out(v, name) for v in column.tolist()]}
    if str(dtype) == "object":
        return {"kind": "object", "values": [_out(value, name) for value in column.tolist()]}
    raise _unstorable(name, f"type {dtype}")


def _column_from_json(column: dict[str, Any]) -> Any:
    import numpy as np  # noqa: PLC0415  # as above
    import pandas as pd  # noqa: PLC0415  # as above

    kind = column["kind"]
    if kind == "category":
        categories = pd.Index(_column_from_json(column["categories"]))
        return pd.Categorical.from_codes(column["codes"], categories=categories, ordered=column["ordered"])
    if kind == "string":
        dtype = "string" if column["missing"] == "NA" else _default_text()
        return pd.Series(column["values"], dtype=dtype)
    if kind in {"datetime", "timedelta"}:
        letter = "M" if kind == "datetime" else "m"
        numbers = [_NEVER if value is None else value for value in column["values"]]
        ticks = pd.Series(np.array(numbers, dtype=np.int64).view(f"{letter}8[{column['unit']}]"))
        return ticks.dt.tz_localize("UTC").dt.tz_convert(column["zone"]) if column["zone"] else ticks
    if kind == "object" or kind in _NUMBERS:
        return pd.Series([_in(value) for value in column["values"]], dtype=kind)
    raise FormatError(f"a stored table of examples is malformed: the kind {kind!r:.40} is unknown")


def _default_text() -> Any:
    """Return the type that pandas gives to text: `str` since pandas 3, object before."""
    import pandas as pd  # noqa: PLC0415  # as above

    return pd.Series(["text"]).dtype


def _made_up(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return values of the same type that say nothing about anybody."""
    import pandas as pd  # noqa: PLC0415  # as above

    dtype = column.dtype
    if getattr(dtype, "kind", "") in set("biufmM") or str(dtype) in _NUMBERS:
        return pd.Series([0] * len(column)).astype(dtype)
    names = pd.Series([f"personal-{row}" for row in range(len(column))])
    return names.astype("category" if isinstance(dtype, pd.CategoricalDtype) else dtype)


def _unit(dtype: Any) -> str:
    return str(dtype.unit) if hasattr(dtype, "unit") else str(dtype).partition("[")[2].rstrip("]")


def _out(value: Any, name: str) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise _unstorable(name, f"a value of type {type(value).__name__}")


def _in(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) else value


def _unstorable(name: str, what: str) -> ArgumentError:
    return ArgumentError(
        f"the examples cannot be stored: column {name!r} has {what}",
        hint="examples may hold numbers, truth values, text, categories, dates and durations; convert or drop the column.",
    )
