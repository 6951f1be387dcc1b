"""Whether the rows of one table stand in another, by value: storage does not matter, and nothing is cast with loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Members"]

_FAMILIES = {
    **dict.fromkeys("iuf", "numbers"),
    "b": "truth values",
    "M": "moments without a zone",
    "m": "durations",
    "string": "texts",
    "empty": "nothing",
}


class Members:
    """The distinct rows of some columns, without nulls.

    Examples
    --------
    >>> members = Members([pd.Series([1, 2, None]), pd.Series(["x", "y", "z"])])
    >>> members.have([pd.Series([1, 2]), pd.Series(["x", "x"])]).tolist()
    [True, False]
    """

    def __init__(self, columns: Sequence[pd.Series]) -> None:
        table = pd.DataFrame(dict(enumerate(column.reset_index(drop=True) for column in columns)))
        table = table.dropna().drop_duplicates()
        self._columns = [_Distinct(table[place]) for place in table]
        self._rows = pd.Index(np.unique(self._joined([column.own for column in self._columns])))

    def have(self, columns: Sequence[pd.Series]) -> NDArray[np.bool_]:
        """Return which rows of sound values are among the members."""
        places = [own.places(column) for own, column in zip(self._columns, columns, strict=True)]
        found: NDArray[np.bool_] = np.logical_and.reduce([place >= 0 for place in places])
        return found if len(places) == 1 else found & (self._rows.get_indexer(pd.Index(self._joined(places))) >= 0)

    def _joined(self, places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        sizes = [len(column.values) for column in self._columns]
        if np.prod([float(size) for size in sizes]) >= 2.0**62:
            raise ArgumentError(f"a key over columns of {sizes} distinct values is too large to look up")
        joined = places[0]
        for place, size in zip(places[1:], sizes[1:], strict=True):
            joined = joined * size + place
        return joined


class _Distinct:
    """The distinct values of one column, and where a value stands among them."""

    def __init__(self, series: pd.Series) -> None:
        self._family, array = _read(series)
        codes, values = pd.factorize(array)
        self.own: NDArray[np.int64] = codes.astype(np.int64)
        self.values = pd.Index(values, dtype=values.dtype)

    def places(self, series: pd.Series) -> NDArray[np.int64]:
        """Return the place of each value among the distinct ones, -1 for none."""
        family, array = _read(series)
        if family != self._family and not {family, self._family} & {"objects", "nothing"}:
            raise ArgumentError(
                f"the column {series.name!r} holds {family}, and the table it refers to {self._family}",
                hint="convert the table that is passed as a reference.",
            )
        values: Any = self.values
        if array.dtype != values.dtype and array.dtype.kind in "mM" and values.dtype.kind in "mM":
            unit = np.datetime_data(np.promote_types(array.dtype, values.dtype))[0]
            array, values = pd.Index(array).as_unit(unit), values.as_unit(unit)  # raises where a moment would not fit
        if array.dtype != values.dtype or array.dtype == object:
            codes, distinct = pd.factorize(array)  # Python's own equality, once for each distinct value
            array = pd.Index(distinct, dtype=object)
            values = values if values.dtype == object else values.astype(object)  # the same one stays hashed
        else:
            codes = slice(None)
        places: NDArray[np.int64] = values.get_indexer(array)[codes].astype(np.int64)
        return places


def _read(series: pd.Series) -> tuple[str, Any]:
    """Return what a column without nulls holds, and its values as an array whose equality is that of the values."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if not isinstance(series.dtype, np.dtype) and not isinstance(series.dtype, (pd.StringDtype, pd.DatetimeTZDtype)):
        series = series.astype(object).infer_objects()
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return "moments with a zone", series.dt.tz_convert(None).to_numpy()
    if isinstance(series.dtype, pd.StringDtype):
        return "texts", series.to_numpy(dtype=object)
    array = series.to_numpy()
    kind = array.dtype.kind if array.dtype != object else pd.api.types.infer_dtype(array, skipna=False)
    if kind == "date":  # days stand for their first moment, as pandas stores them
        kind, array = "M", array.astype("M8[D]").astype("M8[s]")
    return _FAMILIES.get(kind, "objects"), _whole(array)


def _whole(array: Any) -> Any:
    """Return numbers as int64 where that loses nothing, so that 1 and 1.0 are one key."""
    if array.dtype.kind not in "iuf":
        return array
    if array.dtype.kind == "f" and not (np.rint(array) == array).all():
        return array.astype(np.float64)
    fits = not len(array) or (array.min() >= -(2.0**63) and array.max() < 2.0**63)
    return array.astype(np.int64) if fits else array
