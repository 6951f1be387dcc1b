"""From a table to the summaries of its columns: learning a reference, counting what comes later."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from maturekit._core.seeds import RandomState, generator
from maturekit.errors import ArgumentError, ProfileMismatchError, TableError
from maturekit.profile.category import CategoryColumn
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.pairs import MOST_PAIRS, PairSums
from maturekit.profile.values import CATEGORY_KINDS, NUMBER_KINDS, kind_of, values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from maturekit.schema import Schema

__all__ = ["Columns", "count", "kinds_of", "learn", "parts", "split"]

Columns = Mapping[str, NumericColumn | CategoryColumn]
"""One summary a column, by name."""


def kinds_of(frame: pd.DataFrame, schema: Schema | None) -> dict[str, str]:
    """Return the kind of each column to summarise; keys and columns tagged as personal are left out."""
    if schema is None:
        kinds = {name: kind_of(frame[name]) for name in frame.columns}
    else:
        kinds = {
            name: column.kind if column.kind in NUMBER_KINDS | CATEGORY_KINDS else kind_of(frame[name])
            for name, column in schema.columns.items()
            if name in frame.columns and column.role != "key" and "personal" not in column.tags
        }
    if not kinds:
        raise TableError(
            "there is no column to summarise",
            hint="keys and columns tagged as personal are left out; does the schema belong to this table?",
        )
    for name in kinds:
        if not name.isascii() and name.encode("utf-8", "replace").decode() != name:
            raise TableError(f"the column name {name!r} is no text that can be stored", hint="rename the column.")
    return kinds


def split(rows: int, random_state: RandomState) -> NDArray[np.bool_]:
    """Mark a random 4/5 of the rows, to learn from; what was learned is judged on the others."""
    learnt = np.ones(rows, dtype=np.bool_)
    learnt[generator(random_state).permutation(rows)[: rows // 5]] = False
    return learnt


def parts(labels: ArrayLike, rows: int, *, what: str) -> dict[str, NDArray[np.intp]]:
    """Return the row numbers of each label, labels as text in order of first appearance."""
    series = pd.Series(labels)
    if len(series) != rows:
        raise ArgumentError(f"{what} has {len(series)} labels for {rows} rows", hint="give one label for each row.")
    codes, names = values(series)
    if (codes < 0).any():
        raise ArgumentError(f"{what} has no label in row {int((codes < 0).argmax())}")
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.bincount(codes, minlength=len(names)).cumsum()[:-1])
    found = [(name, group) for name, group in zip(names, groups, strict=False) if len(group)]
    return dict(sorted(found, key=lambda part: int(part[1][0])))  # categories come in their own order otherwise


def learn(frame: pd.DataFrame, kinds: Mapping[str, str], learnt: NDArray[np.bool_]) -> tuple[Columns, PairSums | None]:
    """Choose bins, dictionaries and pairs, and count the table over them."""
    columns: dict[str, NumericColumn | CategoryColumn] = {}
    for name, kind in kinds.items():
        if kind in NUMBER_KINDS:
            columns[name] = NumericColumn.of(frame[name], kind=kind)
        else:
            columns[name] = CategoryColumn.of(frame[name], kind=kind, learnt=learnt)
    varying = _varying(columns)
    if _crowded(varying):
        names = PairSums.choose(frame.loc[~learnt, list(varying)], varying)
    else:
        names = list(itertools.combinations(varying, 2))
    return columns, _pairs(frame, columns, names, learnt)


def count(
    frame: pd.DataFrame, like: Columns, names: Sequence[tuple[str, str]], *, learnt: NDArray[np.bool_] | None = None
) -> tuple[Columns, PairSums | None]:
    """Count a table over the bins and dictionaries of `like`; `learnt` marks rows these were learned from."""
    if like and not any(name in frame.columns for name in like):
        raise ProfileMismatchError(
            f"the table has none of the {len(like)} columns of the profile, such as {next(iter(like))!r}",
            hint="is it the right table? Its columns are found by name.",
        )
    columns: dict[str, NumericColumn | CategoryColumn] = {}
    for name, column in like.items():
        if name not in frame.columns:
            columns[name] = column.emptied()
        elif isinstance(column, NumericColumn):
            columns[name] = column.count(frame[name])
        else:
            columns[name] = column.count(frame[name], learnt=learnt)
    return columns, _pairs(frame, columns, names, learnt)


def _varying(columns: Columns) -> dict[str, NumericColumn]:
    """Columns whose ranks can depend on one another; times are left out, since they only ever go forward."""
    return {
        name: column
        for name, column in columns.items()
        if isinstance(column, NumericColumn) and column.kind != "datetime" and len(column.edges)
    }


def _crowded(varying: Columns) -> bool:
    return len(varying) * (len(varying) - 1) // 2 > MOST_PAIRS


def _pairs(
    frame: pd.DataFrame,
    columns: Columns,
    names: Sequence[tuple[str, str]],
    learnt: NDArray[np.bool_] | None,
) -> PairSums | None:
    if not names:
        return None
    varying = _varying(columns)
    if learnt is not None and _crowded(varying):
        frame = frame.loc[learnt]  # the other rows have chosen the pairs
    return PairSums.of(frame, varying, names)
