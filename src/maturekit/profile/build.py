"""From a table to the summaries of its columns: learning a reference, counting what comes later."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from maturekit._core.seeds import RandomState, generator
from maturekit.errors import ArgumentError, ArgumentTypeError, ProfileMismatchError, TableError
from maturekit.profile.category import CategoryColumn
from maturekit.profile.coarse import merged
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.pairs import MOST_PAIRS, SAMPLE, PairSums
from maturekit.profile.values import CATEGORY_KINDS, NUMBER_KINDS, kind_of, values
from maturekit.schema import Column, Schema

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Columns", "Roles", "count", "kinds_of", "learn", "pairs_of", "parts", "split", "summarised", "sums"]

Columns = Mapping[str, NumericColumn | CategoryColumn]
"""One summary a column, by name."""


_BATCHES = 10  # fewer would leave one or two to judge by


@dataclass(frozen=True, slots=True)
class Roles:
    """Which rows of a table have served to choose something, so that they must not count where it is judged.

    Parameters
    ----------
    learnt : array of bool, one for each row, or None
        Rows that dictionaries were learned from; None for none.
    chose : array of bool, one for each row, or None
        Rows that the pairs of columns were chosen by, where there were too many to keep all.
    """

    learnt: NDArray[np.bool_] | None = None
    chose: NDArray[np.bool_] | None = None

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the roles of some rows."""
        return type(self)(*(None if mask is None else mask[rows] for mask in (self.learnt, self.chose)))


def kinds_of(
    frame: pd.DataFrame,
    schema: Schema | None,
    *,
    views: Iterable[str] = (),
    found: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the kind of each column to summarise; keys and columns tagged as personal are left out.

    `views` names columns of the table that the schema need not know, `found` kinds that need not be looked for.
    """
    names = list(frame.columns)
    if schema is not None and not isinstance(schema, Schema):
        raise ArgumentTypeError(
            f"schema must be a Schema, got {type(schema).__name__}",
            hint='for instance `Schema({"fare": Column("float")})`.',
        )
    if schema is not None:
        wanted = [name for name, column in schema.columns.items() if name in frame.columns and summarised(column)]
        names = [*wanted, *views]
    known = {} if schema is None else {name: column.kind for name, column in schema.columns.items()}
    kinds = {name: str(known.get(name)) for name in names}
    for name, kind in kinds.items():
        if kind not in NUMBER_KINDS | CATEGORY_KINDS:
            kinds[name] = found[name] if found else kind_of(frame[name])
    if not kinds:
        raise TableError(
            "there is no column to summarise",
            hint="keys and columns tagged as personal are left out; does the schema belong to this table?",
        )
    for name in kinds:
        if not name.isascii() and name.encode("utf-8", "replace").decode() != name:
            raise TableError(f"the column name {name!r} is no text that can be stored", hint="rename the column.")
    return kinds


def summarised(column: Column) -> bool:
    """Whether a column of a schema belongs into profiles: keys and personal data do not."""
    return column.role != "key" and "personal" not in column.tags


def split(rows: int, random_state: RandomState, *, batches: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Mark a random 4/5 of the rows, to learn from; what was learned is judged on the others.

    With at least 10 batches it is 4/5 of these: a day has values of its own, and a dictionary that has seen half of a
    day's rows would find the other half too familiar.
    """
    rng = generator(random_state)
    if batches is not None and len(series := pd.Series(batches)) == rows:
        codes, names = values(series)
        if len(names) >= _BATCHES:
            return ~np.isin(codes, rng.permutation(len(names))[: len(names) // 5])
    learnt = np.ones(rows, dtype=np.bool_)
    learnt[rng.permutation(rows)[: rows // 5]] = False
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


def learn(frame: pd.DataFrame, kinds: Mapping[str, str], roles: Roles, *, least: int = 1) -> Columns:
    """Choose bins, dictionaries and pairs, and count the columns of a table over them; no bin below `least` rows."""
    columns: dict[str, NumericColumn | CategoryColumn] = {}
    for name, kind in kinds.items():
        if kind in NUMBER_KINDS:
            columns[name] = merged(NumericColumn.of(frame[name], kind=kind), least)
        else:
            learnt = np.ones(len(frame), dtype=np.bool_) if roles.learnt is None else roles.learnt
            columns[name] = CategoryColumn.of(frame[name], kind=kind, learnt=learnt, least=least)
    return columns


def pairs_of(frame: pd.DataFrame, columns: Columns, roles: Roles) -> list[tuple[str, str]]:
    """Choose the pairs of columns that are kept."""
    varying = _varying(columns)
    if _crowded(varying):
        chose = slice(None) if roles.chose is None else np.flatnonzero(roles.chose)[:SAMPLE]
        return PairSums.choose(frame.iloc[chose], varying)
    return list(itertools.combinations(varying, 2))


def count(frame: pd.DataFrame, like: Columns, roles: Roles) -> Columns:
    """Count a table over the bins and dictionaries of `like`."""
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
            columns[name] = column.count(frame[name], learnt=roles.learnt)
    return columns


def sums(frame: pd.DataFrame, columns: Columns, names: Sequence[tuple[str, str]], roles: Roles) -> PairSums | None:
    """Sum over the pairs of columns, without the rows that chose them; None without pairs."""
    if not names:
        return None
    varying = _varying(columns)
    counted = ~roles.chose if roles.chose is not None and _crowded(varying) else None
    return PairSums.of(frame, varying, names, counted=counted)


def _varying(columns: Columns) -> dict[str, NumericColumn]:
    """Columns whose ranks can depend on one another; times are left out, since they only ever go forward."""
    return {
        name: column
        for name, column in columns.items()
        if isinstance(column, NumericColumn) and column.kind != "datetime" and len(column.edges)
    }


def _crowded(varying: Columns) -> bool:
    return len(varying) * (len(varying) - 1) // 2 > MOST_PAIRS
