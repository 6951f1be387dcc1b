"""Parquet files as chunks: one row group each, read by whoever needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maturekit._core.extras import require
from maturekit._core.frames import as_frame
from maturekit.errors import FormatError, NotFoundError, SourceMissingError, StorageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["row_groups"]


def row_groups(place: Path, columns: Sequence[str] | None = None) -> Iterator[Callable[[], pd.DataFrame]]:
    """Yield a function that reads one row group, for each row group of a file or of a folder's ``*.parquet`` files.

    Files come in the order of their paths. Only footers are read here, and file by file. Names of folders
    (``year=2013``) do not become columns.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed (extra `parquet`).
    SourceMissingError
        There is no such file, or no parquet file in the folder.
    FormatError
        A file is not parquet, or is damaged.
    NotFoundError
        A file lacks one of `columns`.

    Examples
    --------
    >>> next(row_groups(Path("no/such.parquet")))
    Traceback (most recent call last):
    maturekit.errors.SourceMissingError: there is no file or folder no/such.parquet
    """
    for path in _files(place):
        with _opened(path) as file:
            known = file.schema_arrow.names
            for name in columns or ():
                if name not in known:
                    raise NotFoundError.named(f"column in {path}", name, known=known)
            count = file.num_row_groups
        yield from (partial(_read, path, [group], columns) for group in range(count))
        if not count:  # a table without rows still has columns
            yield partial(_read, path, [], columns)


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        files = sorted(place.rglob("*.parquet"))
        if not files:
            raise SourceMissingError(f"the folder {place} holds no file *.parquet")
        return files
    if not place.exists():
        raise SourceMissingError(f"there is no file or folder {place}")
    return [place]


def _read(path: Path, groups: list[int], columns: Sequence[str] | None) -> pd.DataFrame:
    with _opened(path) as file:
        table = file.read_row_groups(groups, columns=None if columns is None else list(columns))
    frame = as_frame(table.to_pandas(), what=str(path))
    for name, dtype in frame.dtypes.items():
        stored = table.schema.field(name).type if dtype == "float64" else None
        if str(stored).startswith(("int", "uint")):  # pandas makes floats of whole numbers with gaps, and rounds them
            frame[name] = table.column(name).to_pandas(types_mapper=_whole).array
    return frame


def _whole(stored: Any) -> Any:
    import pandas as pd  # noqa: PLC0415  # who reads no file does not pay for pandas

    return pd.api.types.pandas_dtype(f"UI{str(stored)[2:]}" if str(stored).startswith("u") else f"I{str(stored)[1:]}")


def _opened(path: Path) -> Any:
    parquet = require("pyarrow.parquet", extra="parquet", purpose="reading parquet files")
    arrow = require("pyarrow", extra="parquet", purpose="reading parquet files")
    try:
        return parquet.ParquetFile(path)
    except arrow.ArrowInvalid as error:
        raise FormatError(f"{path} is not a parquet file, or is damaged: {error}") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
