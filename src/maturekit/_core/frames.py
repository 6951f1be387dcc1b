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
        narwhals = require("narwhals.stable.v2", extra="frames", purpose=f"reading a {type(table).__module__} table")
        frame = narwhals.from_native(table, eager_only=True).to_pandas()
    else:
        raise _no_table(table, what)
    strangers = [name for name in frame.columns if not isinstance(name, str)]
    if strangers:
        raise TableError(
            f"{what} has column names that are not str: {', '.join(map(repr, strangers[:5]))}",
            hint="rename them, for instance with `frame.rename(columns=str)`.",
        )
    if not frame.columns.is_unique:
        twins = frame.columns[frame.columns.duplicated()].unique()
        raise TableError(
            f"{what} has column names that repeat: {', '.join(map(repr, twins[:5]))}",
            hint="rename or drop the repeated columns; a contract speaks of one column by one name.",
        )
    return frame


def _no_table(table: object, what: str) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{what} must be a table (pandas DataFrame, polars or pyarrow table), got {type(table).__name__}",
        hint="wrap one record as `pandas.DataFrame([record])`.",
    )
