"""How rows are written into a file chunk by chunk, and how the chunks become one file."""

from __future__ import annotations

import io
import shutil
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

import pandas as pd

from maturekit._core.extras import require
from maturekit._core.files import whole_file
from maturekit.errors import ArgumentError, IntegrityError

__all__ = ["FORMATS", "Format", "Part", "digest_of", "format_of"]


class Part:
    """The rows of one chunk in a file of their own.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        What `digest_of` says of its bytes.
    columns : tuple of str
        Its columns.
    """

    def __init__(self, path: Path, digest: str, columns: tuple[str, ...]) -> None:
        self.path = path
        self.digest = digest
        self.columns = columns

    def read(self) -> bytes:
        """Return its bytes, if they are still those that were written."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            data = b""
        if digest_of(data) != self.digest:
            raise IntegrityError(
                f"{self.path} is not what this run wrote there",
                hint=f"delete {self.path.parent} and run again, from the beginning.",
            )
        return data


def digest_of(data: bytes | memoryview) -> str:
    """Return what tells the bytes of a part from those that a disk has spoiled.

    >>> digest_of(b"one")
    'crc32:7a6c86f1'
    """
    return f"crc32:{zlib.crc32(data):08x}"


class Format(Protocol):
    """A way to write rows; all bytes depend on the rows alone."""

    suffix: str
    """That of a part."""

    def encode(self, frame: pd.DataFrame) -> bytes | memoryview:
        """Return the rows of one chunk."""

    def join(self, parts: Sequence[Part], columns: Sequence[str], target: Path, notes: Mapping[str, str]) -> None:
        """Write all parts to one place, durably; without any, a table of these columns without rows."""


class _Csv:
    """One CSV file: UTF-8, commas, a header, lines that end in a line feed, nothing for a missing value."""

    suffix = ".csv"

    def encode(self, frame: pd.DataFrame) -> bytes:
        """Return the rows without a header."""
        text: str = frame.to_csv(index=False, header=False, lineterminator="\n")
        return text.encode("utf-8", "surrogatepass")

    def join(self, parts: Sequence[Part], columns: Sequence[str], target: Path, notes: Mapping[str, str]) -> None:  # noqa: ARG002  # a CSV file has no place for notes
        """Write the header and all rows; a column that some part lacks is empty there."""
        names = _all_columns(parts) or list(columns)
        with whole_file(target, durable=True) as file:
            file.write(pd.DataFrame(columns=names).to_csv(index=False, lineterminator="\n").encode())
            for part in parts:
                data = part.read()
                file.write(data if list(part.columns) == names else self._placed(data, part, names))

    def _placed(self, data: bytes, part: Part, names: list[str]) -> bytes:
        cells = pd.read_csv(
            io.BytesIO(data), header=None, names=list(part.columns), dtype=str, keep_default_na=False, na_values=[]
        )
        return self.encode(cells.reindex(columns=names))


class _Parquet:
    """One parquet file: a row group for each chunk. Its parts are Arrow files, so that rows are packed only once."""

    suffix = ".arrow"

    def encode(self, frame: pd.DataFrame) -> memoryview:
        """Return the rows as an Arrow file."""
        arrow, _ = _arrow()
        table = arrow.table({name: _array(frame[name], arrow) for name in frame.columns})
        buffer = arrow.BufferOutputStream()
        with arrow.ipc.new_file(buffer, table.schema) as writer:
            writer.write_table(table)
        return memoryview(buffer.getvalue())

    def join(self, parts: Sequence[Part], columns: Sequence[str], target: Path, notes: Mapping[str, str]) -> None:
        """Write all parts into one file; a column has the one type that holds the values of all parts."""
        schema = self._schema(parts, columns, notes)
        with whole_file(target, durable=True) as file:
            self._write(file, schema, parts)

    def _write(self, file: IO[bytes], schema: Any, parts: Iterable[Part]) -> None:
        arrow, parquet = _arrow()
        texts = [field.name for field in schema if not arrow.types.is_primitive(field.type)]  # numbers seldom repeat
        steps = {field.name: "DELTA_BINARY_PACKED" for field in schema if arrow.types.is_integer(field.type)}
        bounds = [field.name for field in schema if not arrow.types.is_dictionary(field.type)]
        options = {"use_dictionary": texts, "column_encoding": steps, "write_statistics": bounds}
        with parquet.ParquetWriter(file, schema, **options) as writer:
            for part in parts:
                table = arrow.ipc.open_file(arrow.BufferReader(part.read())).read_all()
                arrays = [_cast(table, field, arrow) for field in schema]
                placed = arrow.Table.from_arrays(arrays, schema=schema)
                writer.write_table(placed, row_group_size=max(len(placed), 1))

    def _columns(self, part: Part) -> Any:
        arrow, _ = _arrow()
        try:
            return arrow.ipc.open_file(str(part.path)).schema
        except (arrow.ArrowInvalid, OSError):
            part.read()  # says what is wrong with it
            raise

    def _schema(self, parts: Sequence[Part], columns: Sequence[str], notes: Mapping[str, str]) -> Any:
        arrow, _ = _arrow()
        known: dict[str, Any] = dict.fromkeys(_all_columns(parts) or columns, arrow.null())
        known |= {"row": arrow.int64(), "status": _words(arrow)}  # also where there are no rows
        for part in parts:
            for field in self._columns(part):
                known[field.name] = _wider(known[field.name], field.type, arrow)
        fields = [arrow.field(name, kind) for name, kind in known.items()]
        return arrow.schema(fields, metadata={f"maturekit.{name}": text for name, text in notes.items()})


class _Folder(_Parquet):
    """A folder with a parquet file for each chunk that gave rows."""

    def join(self, parts: Sequence[Part], columns: Sequence[str], target: Path, notes: Mapping[str, str]) -> None:
        """Write the files; all have the same columns of the same types."""
        shutil.rmtree(target, ignore_errors=True)  # of a run that was killed here
        target.mkdir()
        schema = self._schema(parts, columns, notes)
        groups = [[part] for part in parts] or [[]]
        for number, group in enumerate(groups):
            with whole_file(target / f"part-{number:06d}.parquet", durable=True) as file:
                self._write(file, schema, group)


FORMATS: Final[Mapping[str, Format]] = {".csv": _Csv(), ".parquet": _Parquet(), "": _Folder()}
"""By the suffix of a path."""


def format_of(path: Path) -> Format:
    """Return how to write to a path.

    >>> format_of(Path("scores.csv")).suffix
    '.csv'
    >>> format_of(Path("scores.xlsx"))
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: cannot write '.xlsx' files
    <BLANKLINE>
    Hint: name a file *.csv or *.parquet, or a folder, which has no suffix.
    """
    if path.suffix not in FORMATS:
        raise ArgumentError(
            f"cannot write {path.suffix!r} files",
            hint="name a file *.csv or *.parquet, or a folder, which has no suffix.",
        )
    if path.suffix != ".csv":
        _arrow()  # if it is missing, say so before anything is scored
    return FORMATS[path.suffix]


def _arrow() -> tuple[Any, Any]:
    purpose = "writing parquet files"
    return require("pyarrow", extra="parquet", purpose=purpose), require(
        "pyarrow.parquet", extra="parquet", purpose=purpose
    )


def _all_columns(parts: Sequence[Part]) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part.columns))


def _array(column: pd.Series, arrow: Any) -> Any:
    """Return a column in Arrow; cells of several kinds become texts, since a file has one type a column."""
    try:
        array = arrow.Array.from_pandas(column)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError):
        texts = [None if missing else str(cell) for cell, missing in zip(column.tolist(), column.isna(), strict=True)]
        return arrow.array(texts, arrow.large_string())
    if isinstance(array, arrow.ChunkedArray):
        array = array.combine_chunks()
    kind = array.type
    if arrow.types.is_dictionary(kind):  # two chunks may know other categories
        types = arrow.types  # without a category they are of no type
        are_words = any(is_it(kind.value_type) for is_it in (types.is_string, types.is_large_string, types.is_null))
        return _as_words(array, arrow) if are_words else array.cast(kind.value_type)
    return array.cast(arrow.large_string()) if arrow.types.is_string(kind) else array


def _words(arrow: Any) -> Any:
    """Return the type of a column of few texts, whichever they are: each is stored once a chunk."""
    return arrow.dictionary(arrow.int32(), arrow.large_string())


def _as_words(array: Any, arrow: Any) -> Any:
    codes, words = array.indices.cast(arrow.int32()), array.dictionary.cast(arrow.large_string())
    return arrow.DictionaryArray.from_arrays(codes, words)


def _wider(one: Any, other: Any, arrow: Any) -> Any:
    """Return the type that holds the values of two; texts hold anything."""
    if one == other or arrow.types.is_null(other):
        return one
    try:
        fields = [arrow.schema([arrow.field("x", kind)]) for kind in (one, other)]
        return arrow.unify_schemas(fields, promote_options="permissive").field(0).type
    except (arrow.ArrowInvalid, arrow.ArrowTypeError):
        return arrow.large_string()


def _cast(table: Any, field: Any, arrow: Any) -> Any:
    if field.name not in table.column_names:
        return arrow.nulls(len(table), field.type)
    return table.column(field.name).cast(field.type)
