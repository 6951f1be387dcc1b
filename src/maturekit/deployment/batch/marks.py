"""What tells the values of a chunk from others: a digest cheap enough to be taken of every chunk that is no file."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit._core.digest import canonical_json, digest_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["mark_of"]


def mark_of(frame: pd.DataFrame) -> str:
    """Return a digest of names, types and values of a table.

    It finds any accident; it is no protection against who wants two tables to look alike.

    >>> import pandas as pd
    >>> mark_of(pd.DataFrame({"a": [1, 2]})) == mark_of(pd.DataFrame({"a": [1, 3]}))
    False
    """
    sums = [[name, str(dtype), *_sums(frame[name])] for name, dtype in frame.dtypes.items()]
    return digest_of(canonical_json([len(frame), sums]))


def _sums(column: pd.Series) -> list[int]:
    dtype: Any = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufmM":
        return [_crc(column.to_numpy())]
    texts = _texts(column)
    return [_hashed(column)] if texts is None else texts


def _texts(column: pd.Series) -> list[int] | None:
    """Return checksums of a column of texts; None for any other."""
    dtype: Any = column.dtype
    if getattr(dtype, "char", "") == "O":
        try:
            joined = "\0".join(column.tolist())
        except TypeError:  # some cells are no texts
            return None
        return [zlib.crc32(joined.encode("utf-8", "surrogatepass")), joined.count("\0")]
    if getattr(dtype, "storage", "") != "pyarrow":
        return None
    import pyarrow as pa  # noqa: PLC0415  # it is loaded if the column is stored there

    array = pa.array(column.array, pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    _, places, data = array.buffers()
    stops = np.frombuffer(places, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    first, last = (int(stops[0]), int(stops[-1])) if len(stops) else (0, 0)
    held = zlib.crc32(memoryview(data)[first:last]) if data is not None else 0
    gaps = _crc(column.isna().to_numpy()) if array.null_count else 0
    return [held, _crc(np.diff(stops).astype(np.uint32)), gaps]


def _hashed(column: pd.Series) -> int:
    import pandas as pd  # noqa: PLC0415  # a column is there already

    return _crc(pd.util.hash_pandas_object(column, index=False).to_numpy())


def _crc(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data)
