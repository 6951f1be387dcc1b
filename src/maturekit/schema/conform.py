"""A table or a record made to have the names and the values that its schema speaks of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from maturekit.errors import ArgumentTypeError, SchemaError
from maturekit.schema.column import Column
from maturekit.schema.kinds import WRONG, is_null

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_mapping", "check_names", "conform", "conform_record", "located"]


def check_mapping(what: str, value: object, *, hint: str) -> None:
    """Refuse what maps no names to anything."""
    if not isinstance(value, Mapping):
        raise ArgumentTypeError(f"{what} must be a mapping of column names, got {type(value).__name__}", hint=hint)


def check_names(columns: Mapping[str, Column]) -> None:
    """Refuse an alias that is the name or an alias of another column: it could mean either."""
    owner = dict.fromkeys(columns, "is the name of a column")
    for name, column in columns.items():
        for alias in column.aliases:
            if alias in owner:
                raise SchemaError(
                    f"the alias {alias!r} of the column {name!r} {owner[alias]}", hint="leave it out of one of them."
                )
            owner[alias] = f"is also an alias of the column {name!r}"


def located(columns: Mapping[str, Column], names: Collection[str]) -> dict[str, str]:
    """Return under which of some names each column stands; one that stands under none, or under several aliases, is left out.

    >>> located({"age": Column("int", aliases=["years", "y"]), "x": Column("int")}, ["years", "x"])
    {'age': 'years', 'x': 'x'}
    """
    found = {}
    for name, column in columns.items():
        candidates = [name] if name in names else [alias for alias in column.aliases if alias in names]
        if len(candidates) == 1:
            found[name] = candidates[0]
    return found


def conform_record(columns: Mapping[str, Column], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record under the names of its schema, with coerced texts read; what cannot be read stays as it is."""
    check_mapping("a record", record, hint="for a table, use `conform`.")
    names = {stands: name for name, stands in located(columns, record).items()}
    conformed = {names.get(name, name): value for name, value in record.items()}
    for name, column in columns.items():
        if column.coerce and isinstance(conformed.get(name), str):
            read = column.reader(conformed[name])
            conformed[name] = conformed[name] if read is WRONG else read
    return conformed


def conform(columns: Mapping[str, Column], frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame under the names of its schema, with coerced columns cast; a frame that needs neither, as it is."""
    names = {stands: name for name, stands in located(columns, frame.columns).items() if stands != name}
    conformed = frame.rename(columns=names) if names else frame
    cast: dict[str, Any] = {
        name: _cast(conformed[name], column)
        for name, column in columns.items()
        if column.coerce and name in conformed.columns and _may_hold_texts(conformed[name])
    }
    cast = {name: series for name, series in cast.items() if series is not None}
    return conformed.assign(**cast) if cast else conformed


def _may_hold_texts(series: pd.Series) -> bool:
    import pandas as pd  # noqa: PLC0415  # a schema that is only read or written does not pay for pandas

    dtype = series.cat.categories.dtype if isinstance(series.dtype, pd.CategoricalDtype) else series.dtype
    return pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)


def _cast(series: pd.Series, column: Column) -> pd.Series | None:
    """Return a column read as its kind, or None when one of its values is of another kind."""
    import pandas as pd  # noqa: PLC0415  # see above

    cells, read = series.tolist(), column.reader
    spelled = {text: read(text) for text in {cell for cell in cells if type(cell) is str}}
    values = [spelled[cell] if type(cell) is str else None if is_null(cell) else read(cell) for cell in cells]
    if any(value is WRONG for value in values):
        return None
    stored = _STORES[column.kind](values)
    return None if stored is None else pd.Series(stored).set_axis(series.index)


def _floats(values: list[Any]) -> Any:
    import numpy as np  # noqa: PLC0415  # see above

    return np.array(values, dtype=np.float64)  # None becomes NaN


def _wholes(values: list[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415  # see above

    known = [value for value in values if value is not None]
    if known and max(known) >= 2**63:
        return pd.Series(
            values, dtype=object if min(known) < 0 else "uint64" if len(known) == len(values) else "UInt64"
        )
    return pd.Series(values, dtype="int64" if len(known) == len(values) else "Int64")


def _truths(values: list[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415  # see above

    return pd.Series(values, dtype="boolean" if None in values else "bool")


def _moments(values: list[Any]) -> Any:
    """Return moments in UTC, or naive ones; None for what has no storage: a mixture, or years beyond those of UTC."""
    import pandas as pd  # noqa: PLC0415  # see above

    zones = {value.tzinfo is not None for value in values if value is not None}
    if zones != {True}:
        return None if len(zones) == 2 else _ticks(values, "datetime64", "nanosecond")
    try:
        utc = [None if value is None else value.astimezone(UTC).replace(tzinfo=None) for value in values]
    except OverflowError:
        return None
    ticks = _ticks(utc, "datetime64", "nanosecond")
    return None if ticks is None else pd.Series(ticks).dt.tz_localize("UTC")


def _spans(values: list[Any]) -> Any:
    return _ticks(values, "timedelta64", "nanoseconds")


def _ticks(values: list[Any], storage: str, finest: str) -> Any:
    import numpy as np  # noqa: PLC0415  # see above
    import pandas as pd  # noqa: PLC0415  # see above

    if not any(getattr(value, finest, 0) for value in values):
        return np.array(values, dtype=f"{storage}[us]")  # None becomes NaT
    try:
        return pd.Series(values, dtype=f"{storage}[ns]")
    except (OverflowError, ValueError):  # nanoseconds have 585 years only
        return None


def _days(values: list[Any]) -> Any:
    import numpy as np  # noqa: PLC0415  # see above

    return np.array(values, dtype="datetime64[D]").astype("datetime64[s]")


def _objects(values: list[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415  # see above

    return pd.Series(values, dtype=object)


_STORES: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "float": _floats,
    "int": _wholes,
    "category": _wholes,
    "bool": _truths,
    "datetime": _moments,
    "timedelta": _spans,
    "date": _days,
    "decimal": _objects,
}
"""For each kind that texts can spell, the storage that pandas has for it."""
