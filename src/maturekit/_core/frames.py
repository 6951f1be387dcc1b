"""Accepted tables, and their one way into pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maturekit._core.extras import require
from maturekit.errors import ArgumentTypeError, TableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "as_frame"]

Table = Any
"""A pandas DataFrame, or (extra `frames`) whatever narwhals can convert: polars and pyarrow tables."""


def as_frame(table: Table, *, what: str = "frame") -> pd.DataFrame:
    """Return a table as a pandas DataFrame with unique string column names; a DataFrame is not copied.

    Of other tables no cell becomes a Python object, and none changes its value: numbers, moments and categories come as
    pandas has them; texts, days, decimals, and what has gaps that numpy cannot show, stay in Arrow storage.

    Raises `ArgumentTypeError` for what is no table and `TableError` for names that repeat or are not str.

    >>> import pandas as pd
    >>> as_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    Traceback (most recent call last):
    maturekit.errors.TableError: frame has column names that repeat: 'a'
    <BLANKLINE>
    Hint: rename or drop the repeated columns; a contract speaks of one column by one name.
    """
    import pandas as pd  # noqa: PLC0415  # a registry that never sees a frame does not pay for pandas

    if isinstance(table, pd.DataFrame):
        frame = table
    elif type(table).__module__.split(".")[0] in {"polars", "pyarrow"}:
        if hasattr(table, "column_names"):  # pyarrow, where names may repeat
            _check_names(pd.Index(table.column_names, dtype=object), what)
        narwhals = require("narwhals.stable.v2", extra="frames", purpose=f"reading a {type(table).__module__} table")
        try:
            eager = narwhals.from_native(table, eager_only=True)
        except TypeError:
            raise _no_table(table, what) from None
        frame = _in_pandas(eager, narwhals)
    else:
        raise _no_table(table, what)
    _check_names(frame.columns, what)
    return frame


def _check_names(names: pd.Index, what: str) -> None:
    strangers = [name for name in names if not isinstance(name, str)]
    if strangers:
        raise TableError(
            f"{what} has column names that are not str: {', '.join(map(repr, strangers[:5]))}",
            hint="rename them, for instance with `frame.rename(columns=str)`.",
        )
    if not names.is_unique:
        twins = names[names.duplicated()].unique()
        raise TableError(
            f"{what} has column names that repeat: {', '.join(map(repr, twins[:5]))}",
            hint="rename or drop the repeated columns; a contract speaks of one column by one name.",
        )


def _in_pandas(table: Any, narwhals: Any) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  # see above

    objects = [name for name, dtype in table.schema.items() if dtype == narwhals.Object]  # Arrow has no such cells
    arrow = table.drop(objects).to_arrow()
    columns = {name: _column(array) for name, array in zip(arrow.column_names, arrow.columns, strict=True)}
    columns |= {name: pd.Series(table[name].to_list(), dtype=object) for name in objects}
    return pd.DataFrame({name: columns[name] for name in table.columns}, index=pd.RangeIndex(len(table)), copy=False)


def _column(array: Any) -> pd.Series:
    """Return a `pyarrow.ChunkedArray` as a column in which every value is what it was."""
    import pandas as pd  # noqa: PLC0415  # see above
    import pyarrow as pa  # noqa: PLC0415  # an Arrow array is here already

    kind, is_type = array.type, pa.types
    if is_type.is_string_view(kind):
        array = array.cast(pa.large_string())
        kind = array.type
    if is_type.is_boolean(kind) or is_type.is_integer(kind):
        plain = not array.null_count
    elif is_type.is_string(kind) or is_type.is_large_string(kind):
        plain = pd.Series([""]).dtype != object  # before pandas 3, texts would become objects
    else:
        checks = (is_type.is_floating, is_type.is_timestamp, is_type.is_duration, is_type.is_dictionary)
        plain = any(check(kind) for check in checks)
    if is_type.is_dictionary(kind):
        try:
            categories: pd.Series = _signed(array).to_pandas()
        except ValueError:  # a dictionary of Arrow may hold a value twice, or 0.0 and -0.0
            array, plain = array.cast(kind.value_type), False
        else:
            return categories
    return array.to_pandas() if plain else pd.Series(pd.arrays.ArrowExtensionArray(array))


def _signed(array: Any) -> Any:
    """Return a dictionary array whose indices have a sign: polars has none, and before pyarrow 18 pandas needs it."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    kind = array.type
    if not pa.types.is_unsigned_integer(kind.index_type):
        return array
    wide = pa.int64()
    made = [
        pa.DictionaryArray.from_arrays(part.indices.cast(wide), part.dictionary, ordered=kind.ordered)
        for part in array.chunks
    ]
    return pa.chunked_array(made, type=pa.dictionary(wide, kind.value_type, ordered=kind.ordered))


def _no_table(table: object, what: str) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{what} must be a table (pandas DataFrame, polars or pyarrow table), got {type(table).__name__}",
        hint="collect a lazy frame first."
        if hasattr(table, "collect")
        else "wrap one record as `pandas.DataFrame([record])`.",
    )
