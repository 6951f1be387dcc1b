"""A table as a sequence of chunks, each read only when it is needed, where it is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, NotFoundError
from maturekit.scan.parquet import row_groups

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ROWS", "Source", "chunks", "frames", "is_table"]

Source = Any
"""A table; the path of a parquet file or of a folder of them; a function without arguments that returns a table; or an
iterable of any of these."""

ROWS: Final = 262_144
"""Size of the pieces that a table in memory is cut into when nobody says otherwise."""


def chunks(
    source: Source, *, columns: Sequence[str] | None = None, rows: int = ROWS
) -> Iterator[Callable[[], pd.DataFrame]]:
    """Yield functions without arguments, each of which returns one chunk, in an order that is always the same.

    Nothing but the footers of parquet files is read before a function is called. What a source is made of:

    * a table (pandas, polars, pyarrow): pieces of `rows` rows;
    * a path: the row groups of a parquet file, or of all ``*.parquet`` files in a folder (extra `parquet`);
    * a function without arguments that returns a table: one chunk. So any format can be read by the workers:
      ``[partial(pandas.read_csv, path) for path in paths]``;
    * an iterable of any of these: their chunks one after the other.

    Parameters
    ----------
    source : table, path, function or iterable
        What to read.
    columns : sequence of str, optional
        Read only these; `NotFoundError` where one is missing.
    rows : int, default 262144
        Size of the pieces that a table in memory is cut into.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 2, 3]})
    >>> [len(read()) for read in chunks([frame, lambda: frame], rows=2)]
    [2, 1, 3]
    """
    if not isinstance(rows, Integral) or isinstance(rows, bool) or rows < 1:
        raise ArgumentError(f"rows must be at least 1, got {rows!r}")
    if isinstance(columns, str):
        columns = [columns]
    if is_table(source):
        frame = _only(as_frame(source, what="source"), columns)
        yield from (partial(_same, frame.iloc[at : at + rows]) for at in range(0, max(len(frame), 1), rows))
    elif isinstance(source, (str, os.PathLike)):
        yield from row_groups(Path(source), columns)
    elif callable(source):
        yield partial(_read, source, columns)
    else:
        for part in source:
            yield from chunks(part, columns=columns, rows=rows)


def frames(source: Source, *, columns: Sequence[str] | None = None, rows: int = ROWS) -> Iterator[pd.DataFrame]:
    """Yield the chunks of a source one by one as DataFrames; see `chunks` for what a source is.

    >>> import pandas as pd
    >>> [frame["a"].tolist() for frame in frames(pd.DataFrame({"a": [1, 2, 3], "b": 0}), columns=["a"], rows=2)]
    [[1, 2], [3]]
    """
    return (read() for read in chunks(source, columns=columns, rows=rows))


def is_table(source: Source) -> bool:
    """Whether a source can only be a table in memory, and is no path, function or iterable of sources.

    >>> is_table([]), is_table("flights.parquet")
    (False, False)
    """
    if isinstance(source, (str, os.PathLike)) or callable(source):
        return False
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        return True
    # by their types: to ask a lazy frame costs; and a Series, an array or a GroupBy is refused as the table it is not
    return any(hasattr(type(source), name) for name in ("columns", "dtype", "ngroups"))


def _same(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _read(source: Callable[[], Table], columns: Sequence[str] | None) -> pd.DataFrame:
    return _only(as_frame(source(), what="source"), columns)


def _only(frame: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    if columns is None:
        return frame
    for name in columns:
        if name not in frame.columns:
            raise NotFoundError.named("column in the source", name, known=frame.columns)
    return frame[list(columns)]
