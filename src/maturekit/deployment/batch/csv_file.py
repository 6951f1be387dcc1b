"""CSV files as chunks: ranges of bytes between two rows, each read by whoever needs it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from maturekit._core.files import checked_path
from maturekit.errors import ArgumentError, FormatError, StorageError, TableError
from maturekit.schema import Column, Schema
from maturekit.schema.coercion import COERCERS
from maturekit.schema.kinds import WRONG

__all__ = ["CsvFile", "CsvReader"]

_BLOCK: Final = 2**22
_QUOTE, _LINE_FEED = b'"'[0], b"\n"[0]
_FAST: Final = {"float": "float64", "int": "Int64"}
"""Kinds that pandas reads as the contract means them, or not at all."""
_EXACT: Final[dict[str, Any]] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)
"""Since 3.1, pandas reads every float as Python does."""
_MISSING: Final = ["", "NA", "NaN", "nan", "null", "NULL", "None", "N/A", "n/a", "<NA>"]


class CsvFile:
    """A CSV file, or a folder of them, with another delimiter than the comma; a plain path will do otherwise.

    Parameters
    ----------
    path : str or os.PathLike
        The file, or the folder.
    delimiter : str, default ","
        One ASCII character between two fields.

    Examples
    --------
    >>> CsvFile("flights.txt", delimiter=";")
    CsvFile('flights.txt', delimiter=';')
    """

    def __init__(self, path: str | os.PathLike[str], *, delimiter: str = ",") -> None:
        checked_path(path, what="source")
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
            raise ArgumentError(f"the delimiter must be one ASCII character, got {delimiter!r}")
        self.path = path
        self.delimiter = delimiter

    def __repr__(self) -> str:
        """Return the constructor's call."""
        return f"CsvFile({os.fspath(self.path)!r}, delimiter={self.delimiter!r})"


@dataclass(frozen=True, slots=True)
class CsvReader:
    """How the cells of CSV files become values.

    A column of the contract is read as its kind, cell by cell where pandas cannot read all of it: a cell that spells no
    value of the kind stays a text, and its neighbours do not notice. A feature without a contract is read as pandas
    guesses. Every other column is kept as the texts that are there, so that ids keep their zeros.

    Parameters
    ----------
    columns : mapping of str to Column
        The columns of the contract.
    features : sequence of str, optional
        The columns that a model without a contract receives; None for all.
    """

    columns: Mapping[str, Column] = field(default_factory=dict)
    features: Sequence[str] | None = ()

    def reads(self, path: Path, *, delimiter: str, rows: int) -> Iterator[Callable[[], pd.DataFrame]]:
        """Yield a function for each chunk of about `rows` rows of a file."""
        borders = _borders(path, delimiter.encode(), rows)
        names = _names(path, _bytes(path, *next(borders, (0, 0))), delimiter)
        number = 0
        for number, (start, stop) in enumerate(borders, 1):
            yield partial(self._read, _Chunk(path, start, stop, names, delimiter, f"{path}, chunk {number}"))
        if not number:  # a table without rows still has columns
            yield partial(self._read, _Chunk(path, 0, 0, names, delimiter, str(path)))

    def _read(self, chunk: _Chunk) -> pd.DataFrame:
        found = Schema(self.columns).located(chunk.names)
        contract = {stands: self.columns[name] for name, stands in found.items()}
        guessed = set(chunk.names if self.features is None else self.features) - set(contract)
        data = _bytes(chunk.path, chunk.start, chunk.stop)
        try:
            fast = {name: _FAST[column.kind] for name, column in contract.items() if column.kind in _FAST}
            frame = _parsed(data, chunk, fast, guessed)
        except FormatError:
            raise
        except ValueError:  # a cell that is no number
            frame = _parsed(data, chunk, {}, guessed)
        texts = {name: column for name, column in contract.items() if column.kind in COERCERS}
        read = {name: _values(frame[name], column) for name, column in texts.items()}
        return frame.assign(**read) if read else frame


@dataclass(frozen=True, slots=True)
class _Chunk:
    path: Path
    start: int
    stop: int
    names: list[str]
    delimiter: str
    where: str


def _parsed(data: bytes, chunk: _Chunk, kinds: Mapping[str, str], guessed: set[str]) -> pd.DataFrame:
    names = chunk.names
    options: dict[str, Any] = {
        "dtype": {name: kinds.get(name, "str") for name in names if name not in guessed},
        "na_values": {name: _MISSING if name in kinds or name in guessed else [""] for name in names},
        **_EXACT,
    }
    try:
        frame: pd.DataFrame = pd.read_csv(
            io.BytesIO(data),
            sep=chunk.delimiter,
            header=None,
            names=names,
            keep_default_na=False,
            low_memory=not guessed,  # in small pieces, which are faster but would be guessed apart
            encoding="utf-8",
            **options,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame({name: pd.Series([], dtype=kinds.get(name, "str")) for name in names})
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise FormatError(f"{chunk.where}: not a CSV file of {len(names)} columns: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what is too much for row labels
        raise FormatError(f"{chunk.where}: a row has more fields than the header has names")
    return frame


def _values(cells: pd.Series, column: Column) -> pd.Series:
    """Return the cells of a column as its kind; those that are not of it stay texts."""
    kind = column.kind
    if pd.api.types.is_extension_array_dtype(cells.dtype) and cells.dtype == "Int64":
        return cells if cells.hasnans else cells.astype("int64")
    if not (pd.api.types.is_object_dtype(cells.dtype) or pd.api.types.is_string_dtype(cells.dtype)):
        return cells
    if kind == "category" and not any(isinstance(level, int) for level in column.categories or ()):
        return cells
    cells = cells.where(~cells.isin(_MISSING))
    stored = Schema({"x": column.model_copy(update={"coerce": True, "aliases": ()})}).conform(cells.to_frame("x"))["x"]
    if stored.dtype != cells.dtype:
        return stored
    reader = COERCERS[kind]
    spelled = {text: reader(text) for text in set(cells.dropna())}
    values = [
        None if not isinstance(text, str) else text if spelled[text] is WRONG else spelled[text]
        for text in cells.tolist()
    ]
    return pd.Series(values, index=cells.index, dtype=object)


def _borders(path: Path, delimiter: bytes, rows: int) -> Iterator[tuple[int, int]]:
    """Yield where the header starts and stops, then every chunk of `rows` rows."""
    start = position = 0
    missing = 1  # row ends to the next border; first the header's
    quoted = False
    last = _LINE_FEED
    with _opened(path) as file:
        if file.read(3) == b"\xef\xbb\xbf":
            start = position = 3
        file.seek(position)
        while block := file.read(_BLOCK):
            codes = np.frombuffer(block, dtype=np.uint8)
            ends = np.flatnonzero(codes == _LINE_FEED)
            quotes = np.flatnonzero(codes == _QUOTE if b'"' in block else [])
            if quoted or len(quotes):
                _check_quotes(codes, quotes[int(quoted) :: 2], last, delimiter, f"{path}: behind byte {position}")
                ends = ends[(np.searchsorted(quotes, ends) + quoted) % 2 == 0]
                quoted = bool((len(quotes) + quoted) % 2)
            at = 0
            while len(ends) - at >= missing:
                at += missing
                stop = position + int(ends[at - 1]) + 1
                yield start, stop
                start, missing = stop, rows
            missing -= len(ends) - at
            position += len(block)
            last = block[-1]
    if quoted:
        raise FormatError(f"{path}: a quote is opened and never closed")
    if start < position:
        yield start, position


def _check_quotes(codes: Any, opening: Any, last: int, delimiter: bytes, where: str) -> None:
    """Refuse a quote inside a field that does not begin with one: nobody knows where such a row ends."""
    before = np.where(opening > 0, codes[opening - 1], last)
    if not np.isin(before, [delimiter[0], _LINE_FEED, _QUOTE]).all():
        raise FormatError(
            f"{where} a quote stands inside a field that has none around it",
            hint='write it as "a ""quoted"" word", or read the file by a function of your own.',
        )


def _names(path: Path, header: bytes, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader([header.decode("utf-8").strip("\r\n")], delimiter=delimiter), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: the header cannot be read: {error}") from error
    if not any(names):
        raise FormatError(f"{path} has no header", hint="its first line must name the columns.")
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise TableError(f"{path} has column names that repeat: {', '.join(map(repr, twins[:5]))}")
    return names


def _opened(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error


def _bytes(path: Path, start: int, stop: int) -> bytes:
    with _opened(path) as file:
        file.seek(start)
        return file.read(stop - start)
