"""One number for each key, the same in every storage: it says which part of the disk a key goes to, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maturekit.validation.moments import nanoseconds, ticks

__all__ = ["key_hash"]

Hashes = NDArray[np.uint64]

_MASK: Final = 2**64 - 1


def key_hash(columns: Sequence[Any]) -> Hashes:
    """Return one uint64 for each row of some columns, as `Cells.at` returns them; equal keys have equal numbers.

    Whole numbers, moments and durations count modulo 2^64, floats by their bits with one zero only, everything else by
    Python's own hash. That one differs between processes: numbers of two processes must not be mixed.

    >>> import pandas as pd
    >>> whole, objects = np.array([1, -2]), np.array([1, -2], dtype=object)
    >>> (key_hash([whole]) == key_hash([objects])).all()
    np.True_
    >>> days = pd.Series(np.array(["2013-01-01"], dtype="M8[s]"))
    >>> (key_hash([days]) == key_hash([days.astype("M8[ns]")])).all()
    np.True_
    """
    total = _mixed(_one(columns[0]))
    for column in columns[1:]:
        total = _mixed(total * np.uint64(0x9E3779B97F4A7C15) ^ _one(column))
    return total


def _one(values: Any) -> Hashes:
    moments = ticks(values)
    if moments is not None:
        return moments[0].view(np.uint64) * np.uint64(moments[1])  # wraps around, as `_of_value` does
    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.dtype.kind in "iub":
        return array.astype(np.uint64)  # negative ones wrap around
    if array is not None and array.dtype.kind == "f":
        return (array.astype(np.float64) + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    objects = values.tolist()
    if set(map(type, objects)) == {str}:
        return np.fromiter(map(hash, objects), dtype=np.int64, count=len(objects)).view(np.uint64)
    return np.fromiter(map(_of_value, objects), dtype=np.uint64, count=len(objects))


def _of_value(value: object) -> int:
    if isinstance(value, (date, timedelta)):
        return nanoseconds(value)[0] & _MASK
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 20 and value == (whole := int(value)):
        value = whole  # a decimal equals a whole number, which may be stored as one
    if isinstance(value, (int, np.integer)) and -(2**63) <= value < 2**64:
        return int(value) & _MASK
    return hash(value) & _MASK


def _mixed(numbers: Hashes) -> Hashes:
    """Let every bit depend on every other (the finaliser of splitmix64), so that any few bits can choose a part."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
