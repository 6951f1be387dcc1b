"""One way from any storage of a column to numbers or to text values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.errors import TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CATEGORY_KINDS", "NUMBER_KINDS", "kind_of", "numbers", "truths", "values"]

NUMBER_KINDS = frozenset({"float", "int", "datetime", "timedelta"})
"""Kinds that are summarised as numbers."""

CATEGORY_KINDS = frozenset({"bool", "category", "string"})
"""Kinds that are summarised as categories."""

_OBJECT_KINDS = {
    "boolean": "bool",
    "date": "datetime",
    "datetime": "datetime",
    "datetime64": "datetime",
    "decimal": "float",
    "floating": "float",
    "integer": "int",
    "integer-na": "float",
    "mixed-integer-float": "float",
    "timedelta": "timedelta",
    "timedelta64": "timedelta",
}
_NUMBERS_IN_OBJECTS = frozenset(
    {"boolean", "decimal", "empty", "floating", "integer", "integer-na", "mixed-integer-float"}
)


def kind_of(series: pd.Series[Any]) -> str:
    """Return the kind of a column from its dtype; of an object column from its values.

    >>> kind_of(pd.Series([1, None], dtype="Int64")), kind_of(pd.Series(["a", None])), kind_of(pd.Series([True]))
    ('int', 'string', 'bool')
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_bool_dtype(dtype):
        return "bool"
    if pd.api.types.is_integer_dtype(dtype):
        return "int"
    if pd.api.types.is_numeric_dtype(dtype):
        return "float"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    if dtype.kind == "m":
        return "timedelta"
    if dtype.kind == "O" and isinstance(dtype, np.dtype):
        return _OBJECT_KINDS.get(pd.api.types.infer_dtype(series, skipna=True), "string")
    return "string"


def numbers(series: pd.Series[Any], kind: str) -> NDArray[np.float64]:
    """Return the values as float64, NaN for null; times as seconds since 1970 in UTC.

    >>> numbers(pd.Series([1, None], dtype="Int64"), "int").tolist()
    [1.0, nan]
    >>> numbers(pd.Series(pd.to_datetime(["1970-01-02"])), "datetime").tolist()
    [86400.0]
    """
    try:
        if kind == "datetime":
            return _times(series)
        if kind == "timedelta":
            return _ticks(pd.TimedeltaIndex(_as_times(series, {"timedelta", "timedelta64"}, pd.to_timedelta)))
        return _plain(series)
    except (TypeError, ValueError, OverflowError) as error:
        raise TableError(
            f"column {series.name!r} cannot be read as {kind}: it holds {_holds(series)}",
            hint=f"convert it, or describe it by another kind; the profile counts it as {kind}.",
        ) from error


def values(series: pd.Series[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Return for each row the number of its value (-1 for null), and the distinct values as text.

    Equal values in different storage have the same text: 1 and 1.0 are ``"1"``.

    >>> codes, texts = values(pd.Series([1.0, None, 2.5, 1.0]))
    >>> codes.tolist(), texts
    ([0, -1, 1, 0], ['1', '2.5'])
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, uniques = series.cat.codes.to_numpy(), series.cat.categories
    else:
        try:
            codes, uniques = pd.factorize(series)
        except (TypeError, NotImplementedError):  # lists cannot be hashed, nor encoded by Arrow; their text can
            codes, uniques = pd.factorize(series.map(str, na_action="ignore"))
    cells = uniques.tolist()
    if _storable(cells):
        return np.asarray(codes, dtype=np.int64), cells
    texts = [_text(value) for value in cells]
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    moved = np.array([*(place[text] for text in texts), -1], dtype=np.int64)  # the last is where -1 points
    return moved[np.asarray(codes, dtype=np.int64)], list(place)


def truths(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of truth values as such where an export has turned them into 0 and 1; others as they are.

    >>> values(truths(pd.Series([0.0, 1.0, None, 2.0])))[1]
    ['False', 'True', '2']
    """
    if pd.api.types.is_bool_dtype(series.dtype) or not pd.api.types.is_numeric_dtype(series.dtype):
        return series
    codes, uniques = pd.factorize(series)
    cells = pd.Index([bool(value) if value in {0, 1} else value for value in uniques.tolist()], dtype=object)
    return pd.Series(pd.Categorical.from_codes(codes, categories=cells))


def _storable(cells: list[Any]) -> bool:
    """Whether all cells are texts, and have UTF-8: asked of all at once, since there may be millions."""
    if not set(map(type, cells)) <= {str}:
        return False
    joined = "".join(cells)
    if joined.isascii():
        return True
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(series: pd.Series[Any]) -> NDArray[np.float64]:
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "fiub":
        return series.to_numpy(dtype=np.float64)
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if series.dtype != object or pd.api.types.infer_dtype(series, skipna=True) not in _NUMBERS_IN_OBJECTS:
        raise TypeError
    return series.where(series.notna(), np.nan).to_numpy(dtype=np.float64)


def _times(series: pd.Series[Any]) -> NDArray[np.float64]:
    return _ticks(pd.DatetimeIndex(_as_times(series, {"date", "datetime", "datetime64"}, pd.to_datetime, utc=True)))


def _as_times(series: pd.Series[Any], inside: set[str], convert: Any, **options: Any) -> pd.Series[Any]:
    """Return times as they are, objects after a look inside; text is refused, since its format is a guess."""
    if series.dtype == object:
        if pd.api.types.infer_dtype(series, skipna=True) not in inside | {"empty"}:
            raise TypeError
        return convert(series, **options)  # type: ignore[no-any-return]  # `convert` is one of two pandas functions
    if kind_of(series) not in inside:
        raise TypeError
    return series


def _ticks(index: pd.DatetimeIndex | pd.TimedeltaIndex) -> NDArray[np.float64]:
    micros = index.as_unit("us").asi8  # pandas 2 stores ns and pandas 3 us: never trust the stored unit
    seconds = np.asarray(micros / 1e6, dtype=np.float64)
    seconds[index.isna()] = np.nan
    return seconds


def _text(value: object) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, (float, np.floating)) and float(value).is_integer():
        text = str(int(value))
    else:
        text = str(value).removesuffix(" 00:00:00")  # a day is a day, however it is stored
    # half a surrogate pair is a str that has no UTF-8
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _holds(series: pd.Series[Any]) -> str:
    if series.dtype == object:
        return f"{pd.api.types.infer_dtype(series, skipna=True)} objects"
    return f"values of dtype {series.dtype}"
