"""Small arrays that never change, and their JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["floats_in", "floats_out", "frozen"]


def frozen(values: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Return a read-only array of the type; one that is so already is not copied."""
    if isinstance(values, np.ndarray) and values.dtype == dtype and not values.flags.writeable:
        return values
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def floats_out(values: Sequence[float] | NDArray[np.float64]) -> list[float | None]:
    """Return floats for JSON, with None for NaN."""
    return [None if math.isnan(value) else value for value in map(float, values)]


def floats_in(values: Sequence[float | None]) -> list[float]:
    """Read back what `floats_out` wrote."""
    return [math.nan if value is None else float(value) for value in values]
