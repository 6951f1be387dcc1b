"""Whether values are among a few that a rule names, for whole columns and in messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from maturekit.errors import SchemaError
from maturekit.schema.kinds import WRONG, is_null

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema.column import Column
    from maturekit.schema.rule import Rule

__all__ = ["among", "as_stored", "check_values", "listed", "tupled"]


def among(series: pd.Series, values: tuple[Any, ...]) -> Any:
    """Return where a column of sound values holds one of these, by ``==``, as an array of bool."""
    import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

    if all(isinstance(value, str) for value in values) and series.dtype.kind not in "biufmM":
        return series.isin(values).to_numpy(dtype=np.bool_)
    found = np.zeros(len(series), dtype=np.bool_)
    for value in values:
        found |= (series == as_stored(value, series)).to_numpy(dtype=np.bool_)
    return found


def as_stored(value: Any, series: pd.Series) -> Any:
    """Return a value as a column holds it: a date, where days are stored as moments, is the first of its moments."""
    if series.dtype.kind == "M" and type(value) is date:
        return datetime.combine(value, time())
    return value


def check_values(rule: Rule, name: str, values: Iterable[Any], columns: Mapping[str, Column]) -> None:
    """Refuse values that a column can never hold."""
    for value in values:
        if is_null(value) or columns[name].reader(value) is WRONG:
            raise SchemaError(f"{rule!r}: {value!r} is no value of {name!r}, which is of kind {columns[name].kind!r}")


def listed(values: tuple[Any, ...]) -> str:
    """Return values in words.

    >>> listed(("a", 1)), listed((1, 2, 3, 4, 5, 6, 7))
    ("'a' or 1", '1 or 2 or 3 or 4 or 5 or 2 more')
    """
    shown = [repr(value) if isinstance(value, str) else str(value) for value in values[:5]]
    more = [f"{len(values) - 5} more"] if len(values) > 5 else []
    return " or ".join([*shown, *more])


def tupled(values: Any) -> tuple[Any, ...]:
    """Return values as a tuple; one that is no collection is the only one.

    >>> tupled("paid"), tupled([1, 2])
    (('paid',), (1, 2))
    """
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)
