"""Rows taken out of a table, in the caller's own kind of table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit._core.extras import require
from maturekit._core.frames import Table, as_frame

if TYPE_CHECKING:
    from maturekit.schema import Schema
    from maturekit.validation.cells import Positions

__all__ = ["conformed", "part"]


def part(table: Table, rows: Positions, *, name: str = "", texts: Iterable[str] = ()) -> Table:
    """Return rows of a table by position, with its index and storage; `name` adds a column of texts.

    >>> part(pd.DataFrame({"a": [5, 6, 7]}, index=[1, 1, 1]), np.array([2]), name="why", texts=["large"])
       a    why
    1  7  large
    """
    if isinstance(table, pd.DataFrame):
        taken = table.take(rows)  # unlike `iloc`, it is never taken for a view when somebody writes to it
        if name:
            taken[name] = np.array(list(texts), dtype=object)
        return taken
    narwhals = _narwhals(table)
    chosen = narwhals.from_native(table, eager_only=True)[rows]
    if name:
        added = narwhals.new_series(name, list(texts), narwhals.String, backend=chosen.implementation)
        chosen = chosen.with_columns(added)
    return chosen.to_native()


def conformed(table: Table, schema: Schema) -> Table:
    """Return a table as its schema declares it; columns that the schema neither renames nor coerces stay as they are."""
    frame = as_frame(table)
    cast = schema.conform(frame)
    if isinstance(table, pd.DataFrame):
        return cast
    narwhals = _narwhals(table)
    kept = narwhals.from_native(table, eager_only=True)
    kept = kept.rename({old: new for old, new in zip(kept.columns, cast.columns, strict=True) if old != new})
    names = [
        name
        for name, before in zip(cast.columns, frame.columns, strict=True)
        if name in schema.columns
        and schema.columns[name].coerce
        and (cast[name].dtype == object or cast[name].dtype != frame[before].dtype)
    ]
    if not names:
        return kept.to_native()
    read = narwhals.from_native(cast[names], eager_only=True)
    native: Any = read.to_arrow() if kept.implementation.is_pyarrow() else read.to_polars()
    converted = narwhals.from_native(native, eager_only=True)
    return kept.with_columns(*(converted[name] for name in names)).to_native()


def _narwhals(table: Table) -> Any:
    return require("narwhals.stable.v2", extra="frames", purpose=f"reading a {type(table).__module__} table")
