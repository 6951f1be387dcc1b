"""Which data a model has seen: a digest of their values, or of their files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maturekit._core.digest import canonical_json, digest_of
from maturekit.errors import ArgumentError, SourceMissingError, TableError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from maturekit.scan.chunks import Source

__all__ = ["fingerprint", "fingerprint_files"]

_NULL, _INT, _FLOAT, _BOOL, _TEXT, _TIME, _MOMENT, _DURATION, _LARGE, _OTHER = range(10)
"""What a cell is; a moment is a time with a zone, a large number one
beyond 63 bits. Every cell gives one such byte, and every value but null its own."""
_BIG = 2.0**63
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_BLOCK = 2**20


def fingerprint(source: Source) -> str:
    """Return a digest of the values of a table, for `Registry.register(fingerprint=...)`.

    It depends on names and order of columns, order of rows, and values; not on the index, how the table is cut into
    chunks, the width of numbers, whether whole numbers are stored as floats, or how text, categories and missing values
    are stored.

    Parameters
    ----------
    source : table, path, function or iterable
        The data: a table, a parquet file or a folder of them, or chunks, as `scan.chunks` takes them.

    Returns
    -------
    str
        ``"sha256:..."``.

    Raises
    ------
    TableError
        A chunk has other columns than the first.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"carrier": ["UA", None], "hour": [7, 8]})
    >>> other = pd.DataFrame({"carrier": pd.Categorical(["UA", None]), "hour": [7.0, 8.0]}, index=[5, 6])
    >>> fingerprint(one) == fingerprint(other) == fingerprint([other[:1], other[1:]])
    True
    >>> fingerprint(one) == fingerprint(one[::-1])
    False
    """
    from maturekit.scan import frames  # noqa: PLC0415  # a registry that never sees a frame does not pay for pandas

    columns: dict[str, _Column] | None = None
    rows = 0
    for frame in frames(source):
        if columns is None:
            columns = {name: _Column() for name in frame.columns}
        elif list(frame.columns) != list(columns):
            raise TableError(
                f"the chunk behind row {rows} has the columns {list(frame.columns)!r:.200}, "
                f"the first has {list(columns)!r:.200}",
                hint="give chunks of one table.",
            )
        for name, column in columns.items():
            column.update(frame[name])
        rows += len(frame)
    parts = [[name, *column.digests()] for name, column in (columns or {}).items()]
    return digest_of(canonical_json({"rows": rows, "columns": parts}))


def fingerprint_files(place: str | os.PathLike[str]) -> str:
    """Return a digest of the bytes of a file, or of all files below a folder, for `Registry.register(fingerprint=...)`.

    Of a file it is its SHA-256, as ``sha256sum`` prints it. Of a folder it depends on the relative names and bytes of
    its files, not on their times, owners or order. Links are followed to files, never to folders.

    Raises `SourceMissingError` if nothing is there, and `ArgumentError` for a folder without files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "day.csv").write_bytes(b"")
    ...     fingerprint_files(Path(folder, "day.csv"))
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    path = Path(place)
    if path.is_file():
        return _file_digest(path)
    if not path.is_dir():
        raise SourceMissingError(f"there is no file or folder {path}")
    names = sorted(
        Path(folder, name).relative_to(path).as_posix() for folder, _, names in os.walk(path) for name in names
    )
    if not names:
        raise ArgumentError(f"the folder {path} holds no files", hint="is the place right?")
    return digest_of(canonical_json({"files": [[name, _file_digest(path / name)] for name in names]}))


class _Column:
    """The digest of a column: what its cells are, and their values, row after row."""

    def __init__(self) -> None:
        self._kinds = hashlib.sha256()
        self._values = hashlib.sha256()

    def update(self, column: pd.Series[Any]) -> None:
        kinds, values = _cells(column)
        self._kinds.update(kinds)
        self._values.update(values)

    def digests(self) -> tuple[str, str]:
        return self._kinds.hexdigest(), self._values.hexdigest()


def _cells(column: pd.Series[Any]) -> tuple[bytes, bytes]:
    """Return one byte a cell, and the values of all cells that are not null."""
    import pandas as pd  # noqa: PLC0415  # as above

    dtype: Any = column.dtype
    letter = getattr(dtype, "kind", "O")
    if isinstance(dtype, pd.CategoricalDtype):
        return _spelled(column.cat.codes.to_numpy(), list(dtype.categories))
    if letter in "biuf":
        return _numbers(column, letter)
    if letter in "mM":
        return _times(column, letter)
    if isinstance(dtype, pd.StringDtype) or pd.api.types.infer_dtype(column, skipna=True) == "string":
        codes, distinct = pd.factorize(column)
        return _spelled(codes, list(distinct))
    return _joined(_cell(value) for value in column.tolist())  # never by distinct values: 1 and True would be one


def _numbers(column: pd.Series[Any], letter: str) -> tuple[bytes, bytes]:
    import numpy as np  # noqa: PLC0415  # as above

    wide = {"b": "u1", "i": "i8", "u": "u8", "f": "f8"}[letter]
    missing = column.isna().to_numpy()
    values: NDArray[Any] = (
        column.to_numpy(dtype=wide, na_value=0) if missing.any() else column.to_numpy(dtype=wide, copy=False)
    )
    kinds = np.full(len(values), _BOOL if letter == "b" else _INT, dtype=np.uint8)
    if letter == "f":
        whole = (np.trunc(values) == values) & (np.abs(values) < _BIG)
        bits = values.view("i8").copy()
        bits[whole] = values[whole].astype("i8")
        kinds[~whole] = _FLOAT
        values = bits
    if letter == "u":
        kinds[values >= _BIG] = _LARGE
    kinds[missing] = _NULL
    stored = values if letter == "b" else values.astype(values.dtype.newbyteorder("<"), copy=False)
    return kinds.tobytes(), stored[~missing].tobytes()


def _times(column: pd.Series[Any], letter: str) -> tuple[bytes, bytes]:
    import numpy as np  # noqa: PLC0415  # as above

    dtype: Any = column.dtype
    zoned = getattr(dtype, "tz", None) is not None
    unit = str(dtype.unit) if hasattr(dtype, "unit") else str(dtype).partition("[")[2].rstrip("]")
    missing = column.isna().to_numpy()
    ticks = column.to_numpy(dtype=f"{letter}8[{unit}]").view("i8")[~missing]
    a_second = _TICKS[unit]
    parts = np.stack([ticks // a_second, ticks % a_second * (_TICKS["ns"] // a_second)], axis=1).astype("<i8")
    kind = _DURATION if letter == "m" else _MOMENT if zoned else _TIME
    return np.where(missing, np.uint8(_NULL), np.uint8(kind)).tobytes(), parts.tobytes()


def _spelled(codes: NDArray[Any], distinct: list[Any]) -> tuple[bytes, bytes]:
    """Return the cells of a column given by codes; -1 is null."""
    cells = [*map(_cell, distinct), (_NULL, b"")]
    return _joined(cells[code] for code in codes)


def _cell(value: Any) -> tuple[int, bytes]:
    """Return kind and bytes of one value, as the columns of its type have them."""
    import pandas as pd  # noqa: PLC0415  # as above

    if isinstance(value, str):
        return _TEXT, _with_length(value)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return _NULL, b""
    plain = pd.Series([value])
    if getattr(plain.dtype, "kind", "O") in "biufmM" and not isinstance(plain.dtype, pd.CategoricalDtype):
        kinds, values = _cells(plain)
        return kinds[0], values
    return _OTHER, _with_length(f"{type(value).__qualname__}:{value}")


def _joined(cells: Iterable[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    kinds, values = bytearray(), bytearray()
    for kind, value in cells:
        kinds.append(kind)
        values += value
    return bytes(kinds), bytes(values)


def _with_length(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(8, "little") + data


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise SourceMissingError(f"could not read {path}: {error.strerror or error}") from error
