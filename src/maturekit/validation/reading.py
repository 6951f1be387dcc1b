"""A column of any storage, read by its kind: the meaning is that of one value in `schema`, the way by whole arrays."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from maturekit.schema import Column
from maturekit.validation.arrow import (
    arrow_array,
    arrow_decimals,
    arrow_numbers,
    arrow_ticks,
    distinct_in_arrow,
    is_arrow,
)
from maturekit.validation.cells import Cells, Mask, ends
from maturekit.validation.objects import read_objects
from maturekit.validation.parting import parted, with_values
from maturekit.validation.texts import all_texts

__all__ = ["read"]

_STORED: Final = {
    "number": "iuf",
    "whole": "iuf",
    "truth": "b",
    "text": "U",
    "moment": "M",
    "duration": "m",
    "day": "MD",
    "decimal": "iuF",
    "object": "",
}
"""For what a column takes, the storages that are read as arrays, by the letters of `_family`."""

_WRONG, _INFINITE, _NULL = 1, 2, 3
_NO_TIME: Final = -(2**63)
_TICKS_A_DAY: Final = {"D": 1, "s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # those of the years 1 and 9999


def read(series: pd.Series, column: Column) -> Cells:
    """Return the cells of a column; nothing is cast that would change what a value means.

    >>> cells = read(pd.Series([1.0, None, 3.5], index=[7, 7, 7]), Column("int"))
    >>> cells.values.tolist(), cells.null.tolist(), cells.wrong.tolist()
    ([1], [1], [2])
    """
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(series, column)
    family = _family(dtype)
    if family == "C":
        distinct = distinct_in_arrow(series)
        return read_objects(series, column) if distinct is None else _categories(distinct, column)
    takes, plain = column.takes, isinstance(dtype, np.dtype)
    if family == "F" and takes == {"decimal"} and (fixed := arrow_decimals(series)) is not None:
        cells = parted(fixed[0], null=_null(series))
        return with_values(cells, cells.values, places=fixed[1])
    if family in "OF" or not any(_STORED[taken] for taken in takes) or (family == "U" and column.coerce):
        return _texts(series, column) if plain and "text" in takes else read_objects(series, column)
    if not any(family in _STORED[taken] for taken in takes):
        return _all_wrong(series)
    if family == "U":
        return _texts(series, column)
    if family in "MmD":
        return _ticks(series, column)
    array, null = _array(series)
    if family == "b" or takes == {"decimal"}:
        return parted(array, null=null)
    return _numbers(array, null, column)


def _family(dtype: Any) -> str:
    """Return numpy's letter for a storage; C for categories, D for days, F for decimals, O where only cells can tell."""
    if isinstance(dtype, np.dtype):
        return dtype.kind
    if isinstance(dtype, pd.StringDtype):
        return "U"
    if isinstance(dtype, pd.ArrowDtype):
        name = str(dtype.pyarrow_dtype)
        if name.startswith(("date32", "dictionary")):
            return "D" if name.startswith("date32") else "C"
        if name.startswith("decimal128"):
            return "F"
        if name in {"string", "large_string", "string_view"}:
            return "U"
        if dtype.kind in "Mm" and not name.startswith(("timestamp", "duration")):
            return "O"
    return str(dtype.kind)


def _categories(series: pd.Series, column: Column) -> Cells:
    """Read the distinct values only, and let every row point at one."""
    categories = series.cat.categories
    distinct = read(pd.Series(categories), column)
    codes = series.cat.codes.to_numpy()
    gaps = bool(len(codes)) and codes.min() < 0
    if distinct.rows is None and not gaps:
        cells = parted(codes)
    else:
        place = np.zeros(len(categories) + 1, dtype=np.int64)
        place[np.arange(len(categories)) if distinct.rows is None else distinct.rows] = np.arange(len(distinct))
        state = np.zeros(len(categories) + 1, dtype=np.int8)
        state[distinct.wrong], state[distinct.infinite] = _WRONG, _INFINITE
        state[distinct.null], state[-1] = _NULL, _NULL  # the code of a null is -1
        states = state[codes]
        cells = parted(place[codes], null=states == _NULL, wrong=states == _WRONG, infinite=states == _INFINITE)
    return Cells(
        distinct.values,
        cells.null,
        cells.wrong,
        cells.infinite,
        rows=cells.rows,
        codes=cells.values.astype(np.int64, copy=False),
        unit=distinct.unit,
        aware=distinct.aware,
        places=distinct.places,
    )


def _texts(series: pd.Series, column: Column) -> Cells:
    """Read texts; what Python holds is looked at once, for nulls and for values of another kind together."""
    if is_arrow(series.dtype):
        return parted(series, null=_null(series))
    if all_texts(series.to_numpy(dtype=object)):
        return parted(series)
    if isinstance(series.dtype, pd.StringDtype) or pd.api.types.infer_dtype(series, skipna=True) in {"string", "empty"}:
        return parted(series, null=_null(series))
    return read_objects(series, column)


def _numbers(array: Any, null: Mask | None, column: Column) -> Cells:
    whole = "number" not in column.takes
    if array.dtype.kind != "f" and whole:
        return parted(array, null=null)
    if array.dtype.kind != "f" or whole or array.dtype.itemsize > 8:
        array = array.astype(np.float64, copy=False)
    wrong = infinite = known = None
    with np.errstate(invalid="ignore"):  # NaN is among what is looked for
        if len(array):
            known = ends(array)
            if not (np.isfinite(known[0]) and np.isfinite(known[1])):
                missing, infinite, known = np.isnan(array), np.isinf(array), None
                if null is not None:
                    missing, infinite = missing | null, infinite & ~null
                null = missing
        if whole:
            fits = (array == np.rint(array)) & (array >= -(2.0**63)) & (array < 2.0**64)
            wrong, infinite = ~fits if null is None else ~fits & ~null, None
    cells = parted(array, null=null, wrong=wrong, infinite=infinite, known=known)
    return with_values(cells, _wholes(cells.values)) if whole else cells


def _wholes(values: Any) -> Any:
    """Return floats without a fraction as whole numbers of the narrowest type that holds them all."""
    if not len(values) or values.max() < 2.0**63:
        return values.astype(np.int64)
    if values.min() >= 0:
        return values.astype(np.uint64)
    return np.array([int(value) for value in values], dtype=object)


def _ticks(series: pd.Series, column: Column) -> Cells:
    """Read moments, days or durations as whole numbers; a null is the smallest of these, and no value is."""
    dtype: Any = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        array, unit, zone = arrow_ticks(series, _NO_TIME)
    else:
        zoned = isinstance(dtype, pd.DatetimeTZDtype)
        zone = str(dtype.tz) if zoned else None
        stored = np.asarray(series.array, dtype=f"M8[{dtype.unit}]" if zoned else None)  # with a zone: in UTC
        array, unit = stored.view(np.int64), np.datetime_data(stored.dtype)[0]
    known = ends(array) if len(array) else None
    null = array == _NO_TIME if known is not None and known[0] == _NO_TIME else None
    wrong = None
    if column.kind == "date":
        array, wrong, unit, known = *_days(array, unit), "D", None
    aware = False if column.kind == "date" else column.aware
    if aware not in {None, zone is not None} or column.zone_name not in {None, zone}:
        wrong = np.ones(len(array), dtype=np.bool_)
    if null is not None:
        known, wrong = None, None if wrong is None else wrong & ~null
    cells = parted(array, null=null, wrong=wrong, known=known)
    return with_values(cells, cells.values, unit=unit, aware=zone is not None)


def _days(array: Any, unit: str) -> tuple[Any, Mask]:
    """Return the day of each moment, and whether it is none: not midnight, or in a year that dates do not have."""
    days = array // _TICKS_A_DAY[unit]
    return days, (days * _TICKS_A_DAY[unit] != array) | (days < _FIRST_DAY) | (days > _LAST_DAY)


def _array(series: pd.Series) -> tuple[Any, Mask | None]:
    """Return numbers or truth values as a numpy array, and where the storage itself marks a null."""
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy(), None
    if isinstance(dtype, pd.ArrowDtype):
        return arrow_numbers(series)
    null = _null(series)
    if isinstance(dtype, pd.SparseDtype):
        return series.to_numpy(), null
    if null is None:
        return series.to_numpy(dtype=dtype.numpy_dtype), None
    return series.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0)), null


def _all_wrong(series: pd.Series) -> Cells:
    null = _null(series)
    if _family(series.dtype) == "f":  # NaN is missing too, which not every storage says
        array, gaps = _array(series)
        null = np.isnan(array) if gaps is None else np.isnan(array) | gaps
    return parted(series, null=null, wrong=np.ones(len(series), dtype=np.bool_) if null is None else ~null)


def _null(series: pd.Series) -> Mask | None:
    if is_arrow(series.dtype) and not arrow_array(series).null_count:
        return None
    null = series.isna().to_numpy(dtype=np.bool_)
    return null if null.any() else None
