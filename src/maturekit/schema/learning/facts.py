"""What learning looks at in one column, each computed once and only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from maturekit._core.extras import require
from maturekit._core.frames import Table, as_frame
from maturekit.errors import SchemaError, TableError
from maturekit.schema.kinds import Kind, type_name

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MOST_CATEGORIES", "Facts", "facts_of"]

MOST_CATEGORIES = 256
"""Of texts that are read as a category, or of storage that says it is one."""
_SAMPLE = 20_000
_FAMILIES = {"float": "numbers", "int": "numbers", "decimal": "decimals", "date": "days"}
_INFERRED: Final[dict[str, Kind]] = {
    "string": "string",
    "boolean": "bool",
    "integer": "int",
    "floating": "float",
    "mixed-integer-float": "float",
    "decimal": "decimal",
    "date": "date",
    "datetime": "datetime",
    "datetime64": "datetime",
    "timedelta": "timedelta",
    "timedelta64": "timedelta",
}


_STORED: Final[dict[str, Kind]] = {
    "U": "string",
    "f": "float",
    "i": "int",
    "u": "int",
    "b": "bool",
    "M": "datetime",
    "m": "timedelta",
}


@dataclass(frozen=True)
class Facts:
    """One column with values, and what hypotheses need of it.

    Parameters
    ----------
    name : str
        Its name.
    series : Series
        The column, nulls among its values; of the values' own storage where it was categorical.
    kind : str
        The kind of its values.
    sampled : array of int
        Positions of the rows on which hypotheses are made; all rows when they are few.
    """

    name: str
    series: pd.Series
    kind: Kind
    sampled: NDArray[np.int64]

    @cached_property
    def null(self) -> NDArray[np.bool_]:
        """Which rows have no value."""
        return self.series.isna().to_numpy()

    @cached_property
    def nullable(self) -> bool:
        """Whether any row has no value."""
        return bool(self.null.any())

    @cached_property
    def family(self) -> str | None:
        """What the values can be compared with; None when they have no order that a relation could be about."""
        return self.numbers[1] if self.kind in {"datetime", "timedelta"} else _FAMILIES.get(self.kind)

    def spread(self, most: int) -> NDArray[np.float64]:
        """Return about so many of the sampled numbers, spread evenly; NaN where a row has no sound one."""
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        places = self.sampled[:: max(len(self.sampled) // most, 1)]
        values = self.numbers[0][places].astype(np.float64)
        if self.unsound is not None:
            values[self.unsound[places]] = np.nan
        return values

    @cached_property
    def numbers(self) -> tuple[NDArray[Any], str]:
        """All rows as float64 or int64 and the unit of ticks; whatever is null or infinite stands as any number."""
        return _numbers(self.series, self.kind, self.null)

    @cached_property
    def unsound(self) -> NDArray[np.bool_] | None:
        """Which rows have no finite value; None when all have."""
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        array = self.numbers[0]
        if array.dtype.kind == "f" and not (np.isfinite(array.min()) and np.isfinite(array.max())):
            lost: NDArray[np.bool_] = ~np.isfinite(array)
            return lost | self.null if self.nullable else lost
        return self.null if self.nullable else None

    @cached_property
    def sound(self) -> NDArray[Any]:
        """The finite values as numbers, in order of rows."""
        array = self.numbers[0]
        return array if self.unsound is None else array[~self.unsound]

    @cached_property
    def coded(self) -> tuple[NDArray[np.int64], pd.Index]:
        """For each row the place of its value among the distinct ones, -1 for null; and the distinct values."""
        import pandas as pd  # noqa: PLC0415  # see above

        codes, distinct = pd.factorize(self.series)
        return codes.astype("int64", copy=False), pd.Index(distinct)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each distinct value was seen."""
        import numpy as np  # noqa: PLC0415  # see above

        codes, distinct = self.coded
        return np.bincount(codes[codes >= 0] if self.nullable else codes, minlength=len(distinct))

    @cached_property
    def sampled_codes(self) -> NDArray[np.int64]:
        """The codes of the sampled rows, among values of the sample."""
        import pandas as pd  # noqa: PLC0415  # see above

        return pd.factorize(self.series.take(self.sampled))[0].astype("int64", copy=False)


def facts_of(table: Table) -> Iterator[Facts]:
    """Yield the facts of each column; refuse what teaches nothing.

    Raises `SchemaError` for a column without values or of no one kind, and `TableError` for a table without rows.
    """
    import numpy as np  # noqa: PLC0415  # see above
    import pandas as pd  # noqa: PLC0415  # see above

    frame = as_frame(table)
    rows = len(frame)
    if not rows:
        raise TableError("nothing can be learned from a table without rows")
    sampled = np.arange(rows)
    if rows > _SAMPLE:  # not every n-th row: days and shifts would show one phase only
        sampled = np.sort(np.random.default_rng(rows).choice(rows, _SAMPLE, replace=False))
    for name in frame.columns:
        series = frame[name]
        if series.isna().all():
            raise SchemaError(
                f"the column {name!r} has no values, so nothing can be learned from it",
                hint=f"drop it before, or declare it after: schema.updated({{{name!r}: Column(...)}}).",
            )
        kind: Kind | None = "category" if _is_closed(series) else None
        if kind is None and isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(series.cat.categories.dtype)
        yield Facts(name, series, kind or _kind(name, series), sampled)


def _is_closed(series: pd.Series) -> bool:
    """Return whether a column names its own categories: texts or whole numbers, not too many."""
    import pandas as pd  # noqa: PLC0415  # see above

    if not isinstance(series.dtype, pd.CategoricalDtype):
        return False
    kind = pd.api.types.infer_dtype(series.cat.categories, skipna=False)
    return kind in {"string", "integer"} and len(series.cat.categories) <= MOST_CATEGORIES


def _kind(name: str, values: pd.Series) -> Kind:
    import pandas as pd  # noqa: PLC0415  # see above

    dtype: Any = values.dtype
    if isinstance(dtype, pd.ArrowDtype):
        stored = str(dtype.pyarrow_dtype)
        if stored.startswith(("date", "decimal")):
            return "date" if stored.startswith("date") else "decimal"
    if isinstance(dtype, (pd.ArrowDtype, pd.StringDtype)):
        letter = "U" if dtype.type is str else dtype.kind
        if letter in _STORED:
            return _STORED[letter]
    found = _INFERRED.get(pd.api.types.infer_dtype(values, skipna=True))
    if found is not None:
        return found
    types = {type(value) for value in values.dropna().array}
    if len(types) > 1:
        names = ", ".join(sorted(one.__name__ for one in types)[:10])
        raise SchemaError(
            f"the column {name!r} holds values of no one kind: {names}",
            hint=f"clean or drop it before, or declare it after: schema.updated({{{name!r}: Column(...)}}).",
        )
    type_name(types.pop())  # refuses what has no name of its own
    return "object"


def _numbers(series: pd.Series, kind: str, null: Any) -> tuple[Any, str]:
    import numpy as np  # noqa: PLC0415  # see above

    if kind in {"datetime", "timedelta"}:
        return _ticks(series, "M" if kind == "datetime" else "m")
    if kind == "date":
        days = np.array(series.array if series.dtype == object else series.astype(object), dtype="datetime64[D]")
        return days.view(np.int64), "D"
    if kind == "float" or null.any():
        return series.to_numpy(dtype=np.float64, na_value=np.nan), ""
    dtype = series.dtype
    if kind == "int" and not (isinstance(dtype, np.dtype) and dtype.kind in "iu" and dtype != np.uint64):
        largest = max(abs(int(series.max())), abs(int(series.min())))
        return series.to_numpy(dtype=np.int64 if largest < 2**63 else np.float64), ""
    return series.to_numpy(dtype=np.int64 if kind == "int" else np.float64), ""


def _ticks(series: pd.Series, letter: str) -> tuple[Any, str]:
    """Return moments (M) in UTC or durations (m) as whole ticks, and the name of their unit."""
    import numpy as np  # noqa: PLC0415  # see above
    import pandas as pd  # noqa: PLC0415  # see above
    from pandas.api.types import is_object_dtype  # noqa: PLC0415  # see above

    dtype: Any = series.dtype
    if is_object_dtype(dtype):
        cells = [None if lost else _naive(cell) for cell, lost in zip(series, series.isna(), strict=True)]
        array = np.array(cells, dtype=f"{letter}8[us]")
        aware = any(getattr(cell, "tzinfo", None) is not None for cell in series)
    else:
        stored: Any = getattr(dtype, "pyarrow_dtype", dtype)
        aware = getattr(stored, "tz", None) is not None
        if isinstance(dtype, pd.ArrowDtype):
            array = series.astype(pd.ArrowDtype(_whole(stored))).to_numpy(dtype=np.int64, na_value=0)
            return array, f"{letter}8[{stored.unit}]{' aware' if aware else ''}"
        array = (series.dt.tz_convert(None) if aware else series).to_numpy()
    return array.view(np.int64), f"{letter}8[{np.datetime_data(array.dtype)[0]}]{' aware' if aware else ''}"


def _whole(stored: Any) -> Any:
    """Return Arrow's type of whole numbers; its moments and durations are there only where pyarrow is."""
    return require("pyarrow", extra="frames", purpose=f"reading a column of {stored}").int64()


def _naive(cell: Any) -> Any:
    """Return a moment in UTC without its zone; anything else as it is."""
    return cell.astimezone(UTC).replace(tzinfo=None) if getattr(cell, "tzinfo", None) is not None else cell
