"""What a table suggests as its contract; what exactly stands in `Schema.learn`."""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, Final

from maturekit._core.frames import Table, as_frame
from maturekit.errors import SchemaError, TableError
from maturekit.schema.column import Column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["learned"]

_ENOUGH_FOR_RANGE = 30
_TENTH = 9
_BEYOND = 5  # exponential tails: 10 * 9! 6! / 15! = 1 / 500 values outside in a table of the same size
_ENOUGH_FOR_KEY = 100
_SEEN_OFTEN = 20
_MOST_CLOSED = 32
_MOST_CATEGORIES = 256
_ROWS_A_CATEGORY = 10
_KEY_NAME = re.compile(r"(.*[_\s.-])?(id|key|uuid|guid|number|nr|no)|.*[a-z](Id|ID|Key)", re.ASCII)
_INFERRED: Final[dict[str, str]] = {
    "string": "string",
    "boolean": "bool",
    "integer": "int",
    "floating": "float",
    "mixed-integer-float": "float",
    "decimal": "float",
    "datetime": "datetime",
    "datetime64": "datetime",
    "timedelta": "timedelta",
    "timedelta64": "timedelta",
}


def learned(frame: Table) -> dict[str, Column]:
    """Return the column that each column of a table suggests.

    >>> import pandas as pd
    >>> learned(pd.DataFrame({"late": [True, None]}))
    {'late': Column('bool', nullable=True)}
    """
    frame = as_frame(frame)
    if not len(frame):
        raise TableError("nothing can be learned from a table without rows")
    return {name: _column(name, frame[name]) for name in frame.columns}


def _column(name: str, series: pd.Series) -> Column:
    import pandas as pd  # noqa: PLC0415  # a schema that is only read or written does not pay for pandas

    nullable = bool(series.isna().any())
    values = series.dropna()
    if values.empty:
        raise SchemaError(
            f"the column {name!r} has no values, so nothing can be learned from it",
            hint=f"drop it before, or declare it after: schema.updated({{{name!r}: Column(...)}}).",
        )
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = values.cat.categories
        if _kind(name, categories.to_series()) in {"string", "int"} and len(categories) <= _MOST_CATEGORIES:
            return Column("category", nullable=nullable, categories=categories.tolist())
        values = values.astype(categories.dtype)
    kind = _kind(name, values)
    if kind == "string":
        return _text(values, nullable=nullable)
    if kind in {"float", "int"}:
        return _number(name, values, whole=kind == "int", nullable=nullable)
    if kind == "datetime":
        return Column("datetime", nullable=nullable, role="time", ge=_earliest(values))
    return Column("timedelta" if kind == "timedelta" else "bool", nullable=nullable)


def _kind(name: str, values: pd.Series) -> str:
    import pandas as pd  # noqa: PLC0415  # see above

    found = pd.api.types.infer_dtype(values, skipna=True)
    kind = _INFERRED.get(found)
    if kind is None:
        types = ", ".join(sorted({type(value).__name__ for value in values.array[:10_000]}))
        raise SchemaError(
            f"the column {name!r} holds values of no one kind: {types}",
            hint=f"clean or drop it before, or declare it after: schema.updated({{{name!r}: Column(...)}}).",
        )
    return kind


def _text(values: pd.Series, *, nullable: bool) -> Column:
    counts = values.value_counts()
    rows, distinct = len(values), len(counts)
    if distinct == rows >= _ENOUGH_FOR_KEY and not nullable:
        return Column("string", role="key", unique=True, max_length=_longest(values))
    if distinct > _MOST_CATEGORIES or rows < _ROWS_A_CATEGORY * distinct:
        return Column("string", nullable=nullable, max_length=_longest(values))
    closed = distinct <= _MOST_CLOSED and int(counts.min()) >= _SEEN_OFTEN
    return Column(
        "category",
        nullable=nullable,
        categories=sorted(counts.index.tolist()),
        unknown="reject" if closed else "flag",
    )


def _longest(values: pd.Series) -> int:
    return max(32, 2 * int(values.str.len().max()))


def _number(name: str, values: pd.Series, *, whole: bool, nullable: bool) -> Column:
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    numbers = values.to_numpy(dtype=None if whole else np.float64)
    if whole and len(values) >= _ENOUGH_FOR_KEY and not nullable and values.is_unique:
        gapless = int(numbers.max()) - int(numbers.min()) < 2 * len(values)
        if gapless or _KEY_NAME.fullmatch(name):
            return Column("int", role="key", unique=True)
    return Column("int" if whole else "float", nullable=nullable, **_range(numbers, whole=whole))


def _range(numbers: Any, *, whole: bool) -> dict[str, Any]:
    """Return bounds well beyond what was seen, rounded outwards to a tenth of the range's leading digit."""
    import numpy as np  # noqa: PLC0415  # see above

    numbers = numbers if whole else numbers[np.isfinite(numbers)]
    if len(numbers) < _ENOUGH_FOR_RANGE:
        return {}
    ranks = [0, _TENTH, len(numbers) - 1 - _TENTH, len(numbers) - 1]
    low, tenth_low, tenth_high, high = (Decimal(str(end)) for end in np.partition(numbers, ranks)[ranks].tolist())
    spread = high - low
    if not spread:
        return {}
    lower = low - max(spread / 2, _BEYOND * (tenth_low - low))
    upper = high + max(spread / 2, _BEYOND * (high - tenth_high))
    lower = max(lower, Decimal(0)) if low >= 0 else lower
    upper = min(upper, Decimal(0)) if high <= 0 else upper
    step = Decimal(1).scaleb(max(spread.adjusted() - 1, 0) if whole else spread.adjusted() - 1)
    below = (lower / step).to_integral_value(ROUND_FLOOR) * step
    above = (upper / step).to_integral_value(ROUND_CEILING) * step
    if whole:
        return {name: int(end) for name, end in (("ge", below), ("le", above)) if -(2**63) <= end < 2**64}
    return {name: float(end) for name, end in (("ge", below), ("le", above)) if math.isfinite(float(end))}


def _earliest(values: pd.Series) -> Any:
    import pandas as pd  # noqa: PLC0415  # see above

    first, last = pd.Timestamp(values.min()), pd.Timestamp(values.max())
    try:
        return (first - max(last - first, pd.Timedelta(days=365))).floor("D").to_pydatetime()
    except (OverflowError, pd.errors.OutOfBoundsDatetime):  # nearly as early as time can be written
        return None
