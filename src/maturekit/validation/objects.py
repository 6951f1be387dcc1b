"""Cells that are Python objects: each is asked what it means, equal texts only once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from maturekit.schema import Column
from maturekit.schema.kinds import WRONG, is_null
from maturekit.validation.cells import Cells
from maturekit.validation.parting import parted, with_values

__all__ = ["read_objects"]

_FEW: Final = 256
_DIGITS: Final = 19  # from here on, a whole number may need more than 64 bits
_OWN_TYPES: Final[dict[str, tuple[tuple[type, ...], type]]] = {
    "number": ((float, int), np.float64),
    "whole": ((int,), np.int64),
    "truth": ((bool,), np.bool_),
}


def read_objects(series: pd.Series, column: Column) -> Cells:
    """Return the cells of a column whose storage says nothing about their kind.

    >>> cells = read_objects(pd.Series([1, "x", None, 2.0], dtype=object), Column("int"))
    >>> cells.values.tolist(), cells.wrong.tolist(), cells.null.tolist()
    ([1, 2], [1], [2])
    """
    cells = series.to_numpy(dtype=object).tolist()
    alike = _alike(cells, column)
    if alike is not None:
        return alike
    meanings = _meanings(cells, column)
    null = np.array([value is None for value in meanings], dtype=np.bool_)
    wrong = np.array([value is WRONG for value in meanings], dtype=np.bool_)
    sound = [value for value in meanings if value is not None and value is not WRONG]
    split = parted(np.arange(len(cells)), null=null, wrong=wrong)
    if column.takes == {"number"}:
        return _finite(split, np.array(sound, dtype=np.float64))
    if column.takes == {"whole"}:
        return with_values(split, _integers(sound))
    if column.takes == {"truth"}:
        return with_values(split, np.array(sound, dtype=np.bool_))
    if column.takes == {"day"}:
        return with_values(split, np.array(sound, dtype="M8[D]").view(np.int64), unit="D")
    if column.takes >= {"text"} and all(isinstance(value, str) for value in sound):
        return with_values(split, pd.Series(sound, dtype=object))
    values = np.empty(len(sound), dtype=object)
    values[:] = sound
    return with_values(split, values)


def _alike(cells: list[Any], column: Column) -> Cells | None:
    """Read numbers or truth values that Python's own types hold, by whole arrays; None when there are others."""
    wanted = _OWN_TYPES.get(min(column.takes)) if len(column.takes) == 1 else None
    types = set() if wanted is None else set(map(type, cells))
    if wanted is None or not types <= {*wanted[0], type(None)}:
        return None
    kept = cells if type(None) not in types else [cell for cell in cells if cell is not None]
    try:
        values: Any = np.array(kept, dtype=wanted[1])
    except OverflowError:
        return None
    null = np.zeros(len(cells), dtype=np.bool_)
    if len(kept) < len(cells):
        null[:] = [cell is None for cell in cells]
    if wanted[1] is not np.float64:
        return with_values(parted(np.arange(len(cells)), null=null), values)
    missing = np.isnan(values)
    null[~null] = missing
    return _finite(parted(np.arange(len(cells)), null=null), values[~missing])


def _meanings(cells: list[Any], column: Column) -> list[Any]:
    """Return what each cell means: None where it is missing, `WRONG` where it is of another kind."""
    read_one = column.reader
    if column.coerce and len(cells) > _FEW and all(type(cell) is str for cell in cells):
        distinct = set(cells)
        if 2 * len(distinct) <= len(cells):
            meanings = {text: read_one(text) for text in distinct}
            return [meanings[text] for text in cells]
        if column.takes == {"whole"}:  # nearly all of them plain digits
            return [
                int(text) if text.isdigit() and text.isascii() and len(text) < _DIGITS else read_one(text)
                for text in cells
            ]
    if "text" in column.takes:
        return [cell if type(cell) is str else None if is_null(cell) else read_one(cell) for cell in cells]
    return [None if is_null(cell) else read_one(cell) for cell in cells]


def _finite(split: Cells, numbers: Any) -> Cells:
    rows, finite = split.values, np.isfinite(numbers)
    if finite.all():
        return with_values(split, numbers)
    return Cells(numbers[finite], split.null, split.wrong, infinite=rows[~finite], rows=rows[finite])


def _integers(values: list[int]) -> Any:
    if not values or max(values) < 2**63:
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.uint64 if min(values) >= 0 else object)
