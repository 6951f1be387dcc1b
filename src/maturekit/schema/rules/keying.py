"""Rows that agree in some columns, by whole arrays: one integer a row, equal exactly where the values are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["numbered", "row_keys", "shared"]

_DENSE = 8  # a table with fewer slots than this times the rows is cheaper to count in than to hash


def row_keys(frame: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Return an integer for each row, equal where rows agree in all these columns, and what all of them are below.

    The columns hold sound values: no nulls.

    >>> frame = pd.DataFrame({"a": [1, 1, 2, 1], "b": ["x", "y", "x", "x"]})
    >>> keys, size = row_keys(frame, ["a", "b"])
    >>> keys.tolist(), size
    ([0, 1, 2, 0], 4)
    """
    keys, size = _codes(frame[names[0]])
    for name in names[1:]:
        codes, distinct = _codes(frame[name])
        if size * distinct >= 2**63:
            keys, size = _hashed(keys)
            codes, distinct = _hashed(codes)
        keys, size = keys * distinct + codes, size * distinct
    return keys, size


def numbered(frame: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Return the number of each row's group, and a number of slots that is in proportion to the rows.

    >>> numbers, slots = numbered(pd.DataFrame({"a": [10**12, -5, 10**12]}), ["a"])
    >>> numbers.tolist(), slots
    ([0, 1, 0], 2)
    """
    keys, size = row_keys(frame, names)
    return (keys, size) if size <= _DENSE * len(keys) else _hashed(keys)


def shared(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which rows agree with another row in all these columns.

    >>> shared(pd.DataFrame({"a": [1, 1, 2]}), ["a"]).tolist()
    [True, True, False]
    """
    keys, size = row_keys(frame, names)
    if size <= _DENSE * len(keys):
        repeated: NDArray[np.bool_] = (np.bincount(keys, minlength=size) > 1)[keys]
    else:
        repeated = pd.Series(keys).duplicated(keep=False).to_numpy()
    return repeated


def _codes(series: pd.Series) -> tuple[NDArray[np.int64], int]:
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "bi" and len(series):
        values = series.to_numpy().astype(np.int64, copy=False)
        low, high = int(values.min()), int(values.max())
        if high - low < 2**62:
            return values - low, high - low + 1
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        series = series.astype(np.int64)
    return _hashed(series)


def _hashed(values: Any) -> tuple[NDArray[np.int64], int]:
    codes, distinct = pd.factorize(values)
    return codes.astype(np.int64, copy=False), max(len(distinct), 1)
