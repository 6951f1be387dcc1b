"""A column of any storage, read by its kind: the meaning is that of one value in `schema`, the way is by whole arrays."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from maturekit.schema import Column
from maturekit.schema.kinds import WRONG, is_null
from maturekit.validation.cells import Cells, Mask, Positions

__all__ = ["read"]

_NONE: Positions = np.empty(0, dtype=np.int64)
_NONE.setflags(write=False)
_STORED: Final = {"number": "iuf", "whole": "iuf", "truth": "b", "text": "U", "moment": "M", "duration": "m"}
_WRONG, _INFINITE, _NULL = 1, 2, 3


def read(series: pd.Series, column: Column) -> Cells:
    """Return the cells of a column; nothing is cast that would change what a value means.

    >>> cells = read(pd.Series([1.0, None, 3.5], index=[7, 7, 7]), Column("int"))
    >>> cells.values.tolist(), cells.null.tolist(), cells.wrong.tolist()
    ([1], [1], [2])
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(series, column)
    family = _family(dtype)
    if family == "O":
        return _objects(series, column)
    if not any(family in _STORED[taken] for taken in column.takes):
        null = _null(series)
        return _gathered(series, null=null, wrong=np.ones(len(series), dtype=np.bool_) if null is None else ~null)
    if family == "U":
        return _gathered(series, null=_null(series))
    if family in "Mm":
        return _ticks(series, column)
    array, null = _array(series)
    return _gathered(array, null=null) if family == "b" else _numbers(array, null, column)


def _family(dtype: Any) -> str:
    """Return numpy's letter for what a storage holds; "O" where only the cells can tell."""
    if isinstance(dtype, pd.StringDtype):
        return "U"
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind in "Mm":  # pandas counts Arrow's dates among the moments
        return dtype.kind if str(dtype.pyarrow_dtype).startswith(("timestamp", "duration")) else "O"
    return str(dtype.kind)


def _categories(series: pd.Series, column: Column) -> Cells:
    """Read the distinct values only, and let every row point at one."""
    categories = series.cat.categories
    distinct = read(pd.Series(categories), column)
    place = np.zeros(len(categories) + 1, dtype=np.int64)
    place[np.arange(len(categories)) if distinct.rows is None else distinct.rows] = np.arange(len(distinct))
    state = np.zeros(len(categories) + 1, dtype=np.int8)
    state[distinct.wrong], state[distinct.infinite], state[-1] = _WRONG, _INFINITE, _NULL  # the code of a null is -1
    codes = series.cat.codes.to_numpy()
    states = state[codes]
    cells = _gathered(place[codes], null=states == _NULL, wrong=states == _WRONG, infinite=states == _INFINITE)
    return Cells(
        distinct.values,
        cells.null,
        cells.wrong,
        cells.infinite,
        rows=cells.rows,
        codes=cells.values,
        unit=distinct.unit,
        aware=distinct.aware,
    )


def _numbers(array: Any, null: Mask | None, column: Column) -> Cells:
    if array.dtype.kind != "f" and "number" not in column.takes:
        return _gathered(array, null=null)
    if array.dtype.kind != "f" or "whole" in column.takes or array.dtype.itemsize > 8:
        array = array.astype(np.float64, copy=False)
    wrong = infinite = None
    with np.errstate(invalid="ignore"):  # NaN is among what is looked for
        if len(array) and not (np.isfinite(array.min()) and np.isfinite(array.max())):
            missing, infinite = np.isnan(array), np.isinf(array)
            if null is not None:
                missing, infinite = missing | null, infinite & ~null
            null = missing
        if "whole" in column.takes:
            whole = (array == np.rint(array)) & (array >= -(2.0**63)) & (array < 2.0**64)
            wrong, infinite = ~whole if null is None else ~whole & ~null, None
    cells = _gathered(array, null=null, wrong=wrong, infinite=infinite)
    return cells if "number" in column.takes else _with_values(cells, _wholes(cells.values))


def _wholes(values: Any) -> Any:
    """Return floats without a fraction as whole numbers of the narrowest type that holds them all."""
    if not len(values) or values.max() < 2.0**63:
        return values.astype(np.int64)
    if values.min() >= 0:
        return values.astype(np.uint64)
    return np.array([int(value) for value in values], dtype=object)


def _ticks(series: pd.Series, column: Column) -> Cells:
    null = _null(series)
    dtype: Any = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        stored = dtype.pyarrow_dtype
        zone = getattr(stored, "tz", None)
        kind = "timedelta64" if column.kind == "timedelta" else "datetime64"
        dtype = f"{kind}[{stored.unit}{f', {zone}' if zone else ''}]"
        series = series.astype(dtype)
    aware = isinstance(series.dtype, pd.DatetimeTZDtype)
    array = (series.dt.tz_convert(None) if aware else series).to_numpy()
    wrong = None
    if column.aware not in {None, aware}:
        wrong = np.ones(len(array), dtype=np.bool_) if null is None else ~null
    cells = _gathered(array.view(np.int64), null=null, wrong=wrong)
    return _with_values(cells, cells.values, unit=np.datetime_data(array.dtype)[0], aware=aware)


def _objects(series: pd.Series, column: Column) -> Cells:
    if "text" in column.takes and pd.api.types.infer_dtype(series, skipna=True) in {"string", "empty"}:
        return _gathered(series, null=_null(series))
    read_one = column.reader
    cells = series.to_numpy(dtype=object)
    values = [None if is_null(value) else read_one(value) for value in cells]
    null = np.array([value is None for value in values], dtype=np.bool_)
    wrong = np.array([value is WRONG for value in values], dtype=np.bool_)
    sound = [value for value in values if value is not None and value is not WRONG]
    split = _gathered(np.arange(len(values)), null=null, wrong=wrong)
    if column.takes == {"number"}:
        numbers = np.array(sound, dtype=np.float64)
        rows = split.values
        return Cells(
            numbers[np.isfinite(numbers)],
            split.null,
            split.wrong,
            infinite=rows[np.isinf(numbers)],
            rows=rows[np.isfinite(numbers)],
        )
    if column.takes == {"whole"}:
        return _with_values(split, _integers(sound))
    if column.takes == {"truth"}:
        return _with_values(split, np.array(sound, dtype=np.bool_))
    if "text" in column.takes:
        return _with_values(split, pd.Series(sound, dtype=object))
    moments = np.empty(len(sound), dtype=object)
    moments[:] = sound
    return _with_values(split, moments)


def _integers(values: list[int]) -> Any:
    if not values or max(values) < 2**63:
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.uint64 if min(values) >= 0 else object)


def _array(series: pd.Series) -> tuple[Any, Mask | None]:
    """Return numbers or truth values as a numpy array, and where the storage itself marks a null."""
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy(), None
    null = _null(series)
    if isinstance(dtype, pd.SparseDtype):
        return series.to_numpy(), null
    if null is None:
        return series.to_numpy(dtype=dtype.numpy_dtype), None
    return series.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0)), null


def _null(series: pd.Series) -> Mask | None:
    null = series.isna().to_numpy(dtype=np.bool_)
    return null if null.any() else None


def _with_values(cells: Cells, values: Any, *, unit: str = "", aware: bool = False) -> Cells:
    return Cells(
        values, cells.null, cells.wrong, cells.infinite, rows=cells.rows, codes=cells.codes, unit=unit, aware=aware
    )


def _gathered(
    values: Any, *, null: Mask | None = None, wrong: Mask | None = None, infinite: Mask | None = None
) -> Cells:
    """Take out of `values` the rows that a mask marks; no mask marks a row that another one does."""
    marked = [mask if mask is not None and mask.any() else None for mask in (null, wrong, infinite)]
    masks = [mask for mask in marked if mask is not None]
    nulls, others, infinities = (_NONE if mask is None else np.flatnonzero(mask) for mask in marked)
    if not masks:
        return Cells(values, nulls, others, infinities)
    rows = np.flatnonzero(~np.logical_or.reduce(masks))
    kept = values.iloc[rows] if isinstance(values, pd.Series) else values[rows]
    return Cells(kept, nulls, others, infinities, rows=rows)
