"""A source as pieces in a fixed order, each with a mark that tells whether it is still the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maturekit._core.frames import as_frame
from maturekit.deployment.batch.csv_file import CsvFile, CsvReader
from maturekit.deployment.batch.sql_query import SqlQuery
from maturekit.errors import ArgumentError, IntegrityError, SourceMissingError, StorageError
from maturekit.scan.chunks import is_table
from maturekit.scan.parquet import row_groups

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Piece", "facts", "has_marks", "pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk of a source.

    Parameters
    ----------
    read : function without arguments
        Returns it as a DataFrame.
    mark : str
        What tells it from others without reading it; empty if only its values can (see `marks`).
    """

    read: Callable[[], pd.DataFrame]
    mark: str = ""


def pieces(source: Any, reader: CsvReader, *, rows: int) -> Generator[Piece]:
    """Yield the pieces of a source.

    >>> import pandas as pd
    >>> [len(piece.read()) for piece in pieces(pd.DataFrame({"a": [1, 2, 3]}), CsvReader(), rows=2)]
    [2, 1]
    """
    if isinstance(source, SqlQuery):
        yield from (Piece(partial(_same, frame)) for frame in source.frames(rows))
    elif isinstance(source, (str, os.PathLike, CsvFile)):
        delimiter = source.delimiter if isinstance(source, CsvFile) else ","
        for name, path in _files(source):
            yield from _of_file(name, path, reader, delimiter=delimiter, rows=rows)
    elif is_table(source):
        frame = as_frame(source, what="source")
        yield from (Piece(partial(_same, frame.iloc[at : at + rows])) for at in range(0, max(len(frame), 1), rows))
    elif callable(source):
        yield Piece(partial(_read, source))
    else:
        for part in source:
            yield from pieces(part, reader, rows=rows)


def facts(source: Any) -> Any:
    """Return what tells one source from another before anything of it is read, as JSON.

    Of files these are names, sizes and times; of a query its text; of a table its shape and columns.

    >>> import pandas as pd
    >>> facts([pd.DataFrame({"a": [1.5]})])
    [{'table': [1, 1], 'columns': {'a': 'float64'}}]
    """
    if isinstance(source, SqlQuery):
        return {"query": source.query, "parameters": [repr(value) for value in source.parameters]}
    if isinstance(source, (str, os.PathLike, CsvFile)):
        options = {"delimiter": source.delimiter} if isinstance(source, CsvFile) else {}
        return {"files": {name: _state_of(path) for name, path in _files(source)}, **options}
    if is_table(source):
        frame = as_frame(source, what="source")
        return {"table": list(frame.shape), "columns": {name: str(kind) for name, kind in frame.dtypes.items()}}
    if callable(source):
        return "function"
    if isinstance(source, (list, tuple)):
        return [facts(part) for part in source]
    return "iterable"


def has_marks(source: Any) -> bool:
    """Return whether every piece of a source tells without being read whether it is still the same.

    >>> has_marks(["monday.csv", "tuesday.csv"]), has_marks(iter(["monday.csv"]))
    (True, False)
    """
    if isinstance(source, (list, tuple)):
        return all(map(has_marks, source))
    return isinstance(source, (str, os.PathLike, CsvFile))


def _state_of(path: Path) -> str:
    """Return what changes when a file is written to: its size and the time of the last change."""
    try:
        found = path.stat()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
    return f"{found.st_size} bytes of {found.st_mtime_ns}"


def _files(source: Any) -> list[tuple[str, Path]]:
    """Return name and path of each file, in the order of the names."""
    place = Path(source.path if isinstance(source, CsvFile) else source)
    if not place.exists():
        raise SourceMissingError(f"there is no file or folder {place}")
    if not place.is_dir():
        if not isinstance(source, CsvFile) and place.suffix not in {".csv", ".parquet"}:
            raise ArgumentError(
                f"{place} is neither *.csv nor *.parquet",
                hint="pass a function that reads it, such as `partial(pandas.read_excel, path)`.",
            )
        return [(place.name, place)]
    kinds = ("*.csv",) if isinstance(source, CsvFile) else ("*.csv", "*.parquet")
    files = sorted(path for kind in kinds for path in place.rglob(kind) if path.is_file())
    if not files:
        raise SourceMissingError(f"the folder {place} holds no file {' or '.join(kinds)}")
    if len({path.suffix for path in files}) > 1:
        raise ArgumentError(f"the folder {place} holds both *.csv and *.parquet", hint="pass a list of files.")
    return [(path.relative_to(place).as_posix(), path) for path in files]


def _of_file(name: str, path: Path, reader: CsvReader, *, delimiter: str, rows: int) -> Iterator[Piece]:
    state = _state_of(path)
    reads: Iterator[Callable[[], pd.DataFrame]]
    reads = row_groups(path) if path.suffix == ".parquet" else reader.reads(path, delimiter=delimiter, rows=rows)
    for number, read in enumerate(reads):
        yield Piece(partial(_unchanged, read, path, state), f"{name}, {state}, chunk {number}")


def _unchanged(read: Callable[[], pd.DataFrame], path: Path, state: str) -> pd.DataFrame:
    frame = read()
    now = _state_of(path)
    if now != state:
        raise IntegrityError(f"{path} changed while it was scored: it had {state}, and has {now}")
    return frame


def _same(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _read(source: Callable[[], Any]) -> pd.DataFrame:
    return as_frame(source(), what="source")
