"""Columns in Arrow storage as numpy sees them, by the public protocol, without a Python object for any cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "arrow_array",
    "arrow_chunks",
    "arrow_decimals",
    "arrow_numbers",
    "arrow_ticks",
    "distinct_in_arrow",
    "is_arrow",
    "matching_in_arrow",
]


def is_arrow(dtype: Any) -> bool:
    """Return whether columns of a type are stored as Arrow arrays.

    >>> is_arrow(pd.Series(["a"], dtype=object).dtype)
    False
    """
    return isinstance(dtype, pd.ArrowDtype) or (isinstance(dtype, pd.StringDtype) and dtype.storage != "python")


def arrow_array(series: pd.Series) -> Any:
    """Return a column in Arrow storage as a `pyarrow.ChunkedArray`; nothing is copied."""
    import pyarrow as pa  # noqa: PLC0415  # who has such a column has it; the others need not

    array = pa.array(series.array)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def arrow_chunks(series: pd.Series) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield the bytes and the offsets (one more than texts) of each chunk of texts without gaps."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    array = arrow_array(series)
    if array.type not in {pa.string(), pa.large_string()}:
        array = array.cast(pa.large_string())
    for chunk in array.chunks:
        if not len(chunk):
            continue
        width = np.int32 if pa.types.is_string(chunk.type) else np.int64
        _, offsets, data = chunk.buffers()
        places: Any = np.frombuffer(offsets, dtype=width)[chunk.offset : chunk.offset + len(chunk) + 1]
        yield np.frombuffer(b"" if data is None else data, dtype=np.uint8), places


def matching_in_arrow(texts: pd.Series, pattern: str) -> NDArray[np.bool_] | None:
    """Return which texts without gaps a pattern of RE2 finds; None where it is too large for RE2."""
    import pyarrow as pa  # noqa: PLC0415  # see above
    import pyarrow.compute as pc  # noqa: PLC0415  # see above

    try:
        found: NDArray[np.bool_] = pc.match_substring_regex(arrow_array(texts), pattern).to_numpy()
    except pa.ArrowInvalid:
        return None
    return found


def arrow_numbers(series: pd.Series) -> tuple[Any, NDArray[np.bool_] | None]:
    """Return numbers or truth values as a numpy array, uncopied where they lie in one piece, and which are missing."""
    import pyarrow as pa  # noqa: PLC0415  # see above
    import pyarrow.compute as pc  # noqa: PLC0415  # see above

    array = arrow_array(series)
    null = None
    if array.null_count:
        null = array.is_null().to_numpy()
        array = pc.fill_null(
            array, pa.scalar(value=False) if pa.types.is_boolean(array.type) else pa.scalar(0, array.type)
        )
    return array.to_numpy(), null


def arrow_ticks(series: pd.Series, missing: int) -> tuple[NDArray[np.int64], str, str | None]:
    """Return moments, days or durations as whole numbers, `missing` for a null; and their unit and time zone."""
    import pyarrow as pa  # noqa: PLC0415  # see above
    import pyarrow.compute as pc  # noqa: PLC0415  # see above

    array = arrow_array(series)
    unit, zone = getattr(array.type, "unit", "D"), getattr(array.type, "tz", None)
    numbers = array.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date32(array.type) else array.cast(pa.int64())
    if numbers.null_count:
        numbers = pc.fill_null(numbers, pa.scalar(missing, pa.int64()))
    return numbers.to_numpy(), unit, None if zone is None else str(series.dt.tz)


def arrow_decimals(series: pd.Series) -> tuple[NDArray[np.int64], int] | None:
    """Return decimals as whole numbers and how many of their digits stand behind the point; any number for a null.

    None where one of them needs more than 64 bits.
    """
    array = arrow_array(series)
    if array.type.scale < 0:
        return None
    parts = [np.empty((0, 2), dtype=np.int64)]
    for chunk in array.chunks:
        data = chunk.buffers()[1]
        if data is not None and len(chunk):
            halves: Any = np.frombuffer(data, dtype="<i8")[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
            parts.append(halves.reshape(-1, 2))
    both = parts[1] if len(parts) == 2 else np.concatenate(parts)
    fits = (both[:, 1] == both[:, 0] >> 63) | series.isna().to_numpy(dtype=np.bool_)
    return (both[:, 0].astype(np.int64), array.type.scale) if len(both) == len(series) and fits.all() else None


def distinct_in_arrow(series: pd.Series) -> pd.Series | None:
    """Return a dictionary of Arrow as categories of pandas; None where its values repeat or are missing."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    try:
        found = arrow_array(series).to_pandas()
    except (pa.ArrowException, ValueError):
        return None
    return found if isinstance(found.dtype, pd.CategoricalDtype) else None
