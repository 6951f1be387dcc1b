"""Encoders of categories: a table for each column, filled by asking the encoder itself."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Number, Table
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.samples import fitted, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OfEncoder"]

_UNSEEN = "\x00 a value that no table holds"
_UNSEEN_NUMBER = -987_654_321_987

_MOST = 20_000
"""Categories that one encoder may have."""

_AT_ONCE = 500
"""Categories shown to an encoder at once, which may answer by a dense table of as many columns."""


class OfEncoder(Compiler):
    """One-hot, ordinal and target encoding: what comes out of a column depends on its value only.

    Every known value of a column, null and an unknown one are shown to the encoder beside the first values of the other
    columns. The outputs that vary belong to that column; what never varies is a constant.
    """

    handles = ("sklearn.OneHotEncoder", "sklearn.OrdinalEncoder", "sklearn.TargetEncoder")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if method != "transform" or sum(map(len, estimator.categories_)) > _MOST:
            raise NotCompiled(f"{type(estimator).__name__} of more than {_MOST} categories, or asked for an answer")
        base = _asked(estimator, 0, estimator.categories_[0][:1])
        if base is None:
            raise NotCompiled(f"{type(estimator).__name__} refuses its own categories")
        out: dict[int, Lookup] = {}
        for number, cell in enumerate(cells):
            known = estimator.categories_[number]
            table, places = _table(estimator, number)
            key = code.key(cell)
            if cell.nullable and None not in table.rows:
                code.add(f"if {key} is None: raise Unsure")
            code.jump(cell, [value for value in known.tolist() if not _is_null(value)])
            out |= {place: Lookup(key, table, at, cell.column) for at, place in enumerate(places)}
        first = _sparse(base)[0]
        width = base.shape[1]
        return [out.get(place) or Number(code.constant(first.get(place, 0.0))) for place in range(width)]

    def sample(self) -> tuple[Any, Any]:
        """Return one-hot columns."""
        from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(OneHotEncoder(handle_unknown="ignore", sparse_output=False), table("texts"))


def _table(estimator: Any, number: int) -> tuple[Table, list[int]]:
    """Return what an encoder makes of the values of one column, and the places of the outputs that vary with them."""
    known = estimator.categories_[number]
    values = [value for value in known.tolist() if not _is_null(value)]
    full = known[[not _is_null(value) for value in known.tolist()]]
    parts = [_asked(estimator, number, full[start : start + _AT_ONCE]) for start in range(0, len(full), _AT_ONCE)]
    if not parts or any(part is None for part in parts):
        raise NotCompiled(f"{type(estimator).__name__} refuses its own categories")
    asked: dict[Any, dict[int, float]] = dict(
        zip(values, [row for part in parts for row in _sparse(part)], strict=True)
    )
    texts = known.dtype.kind not in "biuf"
    if texts and not all(isinstance(value, str) for value in values):
        raise NotCompiled(f"{type(estimator).__name__} of other values than texts and numbers")
    null = _asked(estimator, number, np.array([np.nan], dtype=object if texts else np.float64))
    if null is not None:
        asked[None] = _sparse(null)[0]
    unseen = np.array([_UNSEEN], dtype=object) if texts else np.array([_UNSEEN_NUMBER])
    other = None if known.dtype.kind == "b" else _asked(estimator, number, unseen)
    rows = [*asked.values(), *([] if other is None else _sparse(other))]
    first = rows[0]
    places = sorted({place for row in rows for place in row.keys() | first.keys() if not _same(row, first, place)})
    order = {place: at for at, place in enumerate(places)}

    def narrowed(row: Mapping[int, float]) -> dict[int, float]:
        return {order[place]: value for place, value in row.items() if place in order}

    narrow = {value: narrowed(row) for value, row in asked.items()}
    return Table(narrow, None if other is None else narrowed(rows[-1]), len(places)), places


def _asked(estimator: Any, number: int, values: NDArray[Any]) -> Any:
    """Return what the encoder makes of values of one column beside the first values of the others; None if it refuses.

    What it warns of counts as refused, so that the ordinary path warns.
    """
    columns = [pd.Series(np.repeat(known[:1], len(values))) for known in estimator.categories_]
    columns[number] = pd.Series(values, dtype=values.dtype)
    names = list(getattr(estimator, "feature_names_in_", range(len(columns))))
    frame = pd.DataFrame(dict(zip(names, columns, strict=True)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return estimator.transform(frame if hasattr(estimator, "feature_names_in_") else frame.to_numpy())
        except (ValueError, TypeError, UserWarning):
            return None


def _sparse(made: Any) -> list[dict[int, float]]:
    """Return the rows of what an encoder made, without zeros."""
    if hasattr(made, "tocsr"):
        rows = made.tocsr()
        ends = rows.indptr.tolist()
        return [
            dict(zip(rows.indices[start:end].tolist(), rows.data[start:end].astype(np.float64).tolist(), strict=True))
            for start, end in itertools.pairwise(ends)
        ]
    array = np.asarray(made, dtype=np.float64)
    return [{place: float(row[place]) for place in np.flatnonzero(row).tolist()} for row in array]


def _same(row: Mapping[int, float], other: Mapping[int, float], place: int) -> bool:
    a, b = row.get(place, 0.0), other.get(place, 0.0)
    return a == b or (math.isnan(a) and math.isnan(b))


def _is_null(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124  # NaN is the null of numbers
