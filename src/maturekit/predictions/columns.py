"""How a column of values is spelled in strict JSON, and read back as a pandas column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd

from maturekit._core.clock import iso
from maturekit.errors import FormatError

__all__ = ["LONGEST_TEXT", "identity", "restored", "spell", "spelled"]

LONGEST_TEXT = 1000
"""Longer texts are cut, so that a hostile record cannot fill the disk."""

_LARGEST_INT = 2**63
_SMALL_UNSIGNED = (np.uint8, np.uint16, np.uint32)
_MOMENTS = ("datetime", "instant")
_PLAIN = {"bool": "boolean", "int": "Int64"}
"""What pandas calls the same values when some are missing."""


def spelled(values: Sequence[Any] | np.ndarray[Any, Any] | pd.Series) -> dict[str, Any]:
    """Return a column as JSON-ready data: the type of its values and the values, null where there is none.

    >>> import pandas as pd
    >>> spelled([1.5, float("nan"), float("inf")])
    {'type': 'float', 'values': [1.5, None, {'float': 'inf'}]}
    >>> spelled(pd.Series(["UA", None], dtype="category"))
    {'type': 'text', 'values': ['UA', None]}
    """
    column = values if isinstance(values, pd.Series) else _as_column(values)
    if isinstance(column, pd.Series):
        if isinstance(column.dtype, pd.CategoricalDtype):
            words = spelled(list(column.cat.categories))
            known = [*words["values"], None]  # a missing value has the code -1
            return {"type": words["type"], "values": [known[code] for code in column.cat.codes.tolist()]}
        kind = column.dtype.kind if isinstance(column.dtype, (np.dtype, pd.DatetimeTZDtype)) else "O"
        if kind in "bi" or column.dtype in _SMALL_UNSIGNED:
            return {"type": "bool" if kind == "b" else "int", "values": column.tolist()}
        if kind == "f":
            return {"type": "float", "values": _floats(column.to_numpy(np.float64))}
        if kind == "M":
            return _times(column)
        column = column.tolist()
    return _objects(column)


def spell(value: Any) -> Any:
    """Return one value in JSON; never fails, whatever the value is.

    >>> import numpy as np
    >>> import pandas as pd
    >>> spell(float("-inf")), spell(np.int64(3)), spell(pd.NaT), spell(["a"])
    ({'float': '-inf'}, 3, None, {'text': "['a']"})
    """
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else _rare(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    if isinstance(value, str):
        return _cut(str(value))
    if isinstance(value, int) and -_LARGEST_INT <= value < _LARGEST_INT:
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    return _rare(value)


def identity(value: Any) -> str | None:
    """Return one text for all values that are the same key, as whatever a table or a request stores it; None for none.

    >>> import numpy as np
    >>> identity(7), identity(np.int64(7)), identity(7.0), identity("7"), identity(float("nan"))
    ('7', '7', '7', '7', None)
    """
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    word = spell(value)
    if type(word) is float and word.is_integer():
        return str(int(word))
    return word if word is None or type(word) is str else str(word)


def restored(parts: Iterable[tuple[dict[str, Any] | None, int]]) -> pd.Series:
    """Return one column from the pieces that `spelled` made, each with its length; None stands for a missing piece.

    >>> restored([(spelled([1, 2]), 2), (None, 1)]).tolist()
    [1, 2, <NA>]
    """
    pieces = list(parts)
    types = {piece["type"] for piece, _ in pieces if piece is not None} - {"null"}
    values = list(chain.from_iterable(_values(piece, rows) for piece, rows in pieces))
    if not types:
        return pd.Series(values, dtype=object)
    try:
        if types <= {"float", "int"} and "float" in types:
            return pd.Series(_as_floats(values))
        if len(types) == 1:
            return _of_one_type(types.pop(), values)
        read = [
            _read(value, None if piece is None else piece["type"])
            for piece, rows in pieces
            for value in _values(piece, rows)
        ]
        return _inferred(read)
    except (ValueError, TypeError, OverflowError, KeyError) as error:
        raise FormatError(f"a stored column is malformed: {error}") from error


def _as_column(values: Sequence[Any] | np.ndarray[Any, Any]) -> pd.Series | list[Any]:
    return pd.Series(values) if isinstance(values, np.ndarray) else list(values)


def _floats(array: np.ndarray[Any, np.dtype[np.float64]]) -> list[Any]:
    values: list[Any] = array.tolist()
    for place in np.flatnonzero(~np.isfinite(array)).tolist():
        values[place] = spell(values[place])
    return values


def _times(column: pd.Series) -> dict[str, Any]:
    aware = isinstance(column.dtype, pd.DatetimeTZDtype)
    moments = (column.dt.tz_convert("UTC").dt.tz_localize(None) if aware else column).to_numpy()
    texts = np.datetime_as_string(moments).tolist()
    ending = "Z" if aware else ""
    return {
        "type": "instant" if aware else "datetime",
        "values": [None if text == "NaT" else text + ending for text in texts],
    }


def _objects(values: list[Any]) -> dict[str, Any]:
    kinds = set(map(type, values))
    found = _plain(values, kinds - {NoneType})
    if found is not None:
        return found
    if kinds and kinds <= {datetime, pd.Timestamp}:
        moments = pd.Series(values)
        if moments.dtype.kind == "M":
            return _times(moments)
    words = [spell(value) for value in values]
    names = {_kind(word) for word in words if word is not None}
    if not names:
        return {"type": "null", "values": words}
    if names <= {"float", "int"}:
        return {"type": "float" if "float" in names else "int", "values": words}
    if len(names) > 1:
        return {"type": "mixed", "values": words}
    (name,) = names
    return {"type": name, "values": [word and word[name] for word in words] if name in _MOMENTS else words}


def _plain(values: list[Any], kinds: set[type]) -> dict[str, Any] | None:
    """Return values of one plain kind, and None, as they are: most columns are such, and looking at each takes long."""
    if kinds == {str}:
        long = max(map(len, filter(None, values)), default=0) > LONGEST_TEXT
        return {"type": "text", "values": [value and _cut(value) for value in values] if long else values}
    if kinds == {float}:
        return {"type": "float", "values": _floats(np.array(values, dtype=np.float64))}  # None reads as NaN
    if kinds == {bool}:
        return {"type": "bool", "values": values}
    if kinds == {int}:
        whole = [value for value in values if value is not None]
        if min(whole) >= -_LARGEST_INT and max(whole) < _LARGEST_INT:
            return {"type": "int", "values": values}
    return None


def _kind(word: Any) -> str:
    if type(word) is dict:
        (kind,) = word
        return str(kind) if kind in {"float", *_MOMENTS} else "mixed"
    return {str: "text", bool: "bool", int: "int", float: "float"}[type(word)]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _rare(value: Any) -> dict[str, Any]:
    try:
        if isinstance(value, np.datetime64):
            value = pd.Timestamp(value)
        if isinstance(value, (timedelta, np.timedelta64)):
            return {"timedelta": pd.Timedelta(value).isoformat()}
        if isinstance(value, datetime) and value.tzinfo is not None:
            return {"instant": iso(value)}
        if isinstance(value, (datetime, date)):
            return {"datetime": value.isoformat()}
        return {"text": _cut(str(value))}
    except Exception:  # noqa: BLE001  # `str` of a stranger's object may raise anything; a log must not
        return {"text": f"<{type(value).__name__} that cannot be shown>"}


def _values(piece: dict[str, Any] | None, rows: int) -> list[Any]:
    return [None] * rows if piece is None else piece["values"]


def _as_floats(values: list[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        return np.array(values, dtype=np.float64)  # None reads as NaN
    except TypeError:  # an infinity, spelled as an object, stands somewhere among them
        return np.array([_read(value) for value in values], dtype=np.float64)


def _of_one_type(name: str, values: list[Any]) -> pd.Series:
    if name in _PLAIN:
        return pd.Series(values, dtype=_PLAIN[name] if None in values else name)
    if name in _MOMENTS:
        return pd.Series(pd.to_datetime(values, format="ISO8601", utc=name == "instant"))
    if name == "text":
        return _texts(values)
    return _inferred([_read(value) for value in values])


def _texts(values: list[Any]) -> pd.Series:
    try:
        return pd.Series(values)
    except UnicodeEncodeError:  # half of a surrogate pair, which the strings of pandas cannot hold
        return pd.Series(values, dtype=object)


def _inferred(values: list[Any]) -> pd.Series:
    column = pd.Series(values, dtype=object)
    try:
        return column.infer_objects()
    except UnicodeEncodeError:  # as above
        return column


def _read(word: Any, name: str | None = None) -> Any:
    if type(word) is dict:
        ((name, word),) = word.items()
    if name in _MOMENTS and word is not None:
        return pd.Timestamp(word)
    if type(word) is str and name in {"float", "timedelta"}:
        return float(word) if name == "float" else pd.Timedelta(word)
    return word
