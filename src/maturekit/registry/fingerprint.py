"""Which data a model has seen: a digest of their values."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from maturekit._core.digest import canonical_json, digest_of
from maturekit._core.frames import Table, as_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fingerprint"]

_NULL = b"\x00"
_PRESENT = b"\x01"
_KINDS = {"b": ("bool", "u1"), "i": ("int", "i8"), "u": ("int", "u8"), "f": ("float", "f8")}
_TIMES = {"M": "time", "m": "duration"}
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def fingerprint(table: Table) -> str:
    """Return a digest of the values of a table, for `Registry.register(fingerprint=...)`.

    It depends on names and order of columns, order of rows, and values; not on the index, the width of numbers, or
    how text, categories and missing values are stored.

    Parameters
    ----------
    table : DataFrame or other accepted table
        The data.

    Returns
    -------
    str
        ``"sha256:..."``.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"carrier": ["UA", None], "hour": [7, 8]})
    >>> other = pd.DataFrame({"carrier": pd.Categorical(["UA", None]), "hour": [7, 8]}, index=[5, 6])
    >>> fingerprint(one) == fingerprint(other)
    True
    >>> fingerprint(one) == fingerprint(one[::-1])
    False
    """
    frame = as_frame(table)
    parts = [_column(frame[name], name) for name in frame.columns]
    return digest_of(canonical_json({"rows": len(frame), "columns": parts}))


def _column(column: pd.Series[Any], name: str) -> list[str]:
    """Return name, kind, and the digest of the values in one spelling, row after row."""
    import numpy as np  # noqa: PLC0415  # a registry that never sees a frame does not pay for numpy
    import pandas as pd  # noqa: PLC0415  # as above

    dtype: Any = column.dtype
    letter = getattr(dtype, "kind", "O")
    if letter in _KINDS:
        kind, wide = _KINDS[letter]
        missing = column.isna().to_numpy()
        values = column.to_numpy(dtype=wide, na_value=0) if missing.any() else column.to_numpy(dtype=wide)
        data = _rows(missing, values + np.zeros(1, wide))  # adding zero makes the two zeros one
    elif letter in _TIMES:
        kind, unit = _TIMES[letter], _unit(dtype)
        ticks = column.to_numpy(dtype=f"{letter}8[{unit}]").view("int64")
        a_second = _TICKS[unit]
        missing = column.isna().to_numpy()
        data = _rows(missing, ticks // a_second, ticks % a_second * (_TICKS["ns"] // a_second))
    else:
        codes, distinct = pd.factorize(column)
        spelled = [*map(_spelled, distinct), _NULL]  # code -1, the missing one, is the last
        kind, data = "text", b"".join([spelled[code] for code in codes])
    return [name, kind, hashlib.sha256(data).hexdigest()]


def _rows(missing: Any, *values: Any) -> bytes:
    import numpy as np  # noqa: PLC0415  # as above

    fields = [
        ("present", "u1"),
        *((f"value{place}", part.dtype.newbyteorder("<")) for place, part in enumerate(values)),
    ]
    rows = np.zeros(len(missing), dtype=fields)
    rows["present"] = ~missing
    for place, part in enumerate(values):
        rows[f"value{place}"] = np.where(missing, 0, part)
    return rows.tobytes()


def _spelled(value: object) -> bytes:
    text = str(value).encode("utf-8", "surrogatepass")
    return _PRESENT + len(text).to_bytes(8, "little") + text


def _unit(dtype: Any) -> str:
    return str(dtype.unit) if hasattr(dtype, "unit") else str(dtype).partition("[")[2].rstrip("]")
