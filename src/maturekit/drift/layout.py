"""Which statistics of a profile are watched, what share of the alarm budget each has, and where its numbers lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maturekit.drift.tally import Tally, category_slots, numeric_slots
from maturekit.profile import CategoryColumn, NumericColumn, Profile

__all__ = ["BUDGET", "SCORES", "Layout", "Statistic", "Sums"]

BUDGET: Mapping[str, float] = {
    "data": 0.65,
    "dependence": 0.15,
    "prediction": 0.07,
    "performance": 0.08,
    "operations": 0.05,
}
"""Share of the alarm budget for each group of statistics; what does not exist leaves its share to the others."""

SCORES = ("location", "spread", "shape")
_SHARES = {
    "location": 0.45,
    "spread": 0.25,
    "shape": 0.10,
    "low": 0.10,
    "high": 0.10,
    "below": 0.03,
    "above": 0.03,
    "nulls": 0.03,
    "infinities": 0.03,
    "atom": 0.20,
}
_DOMINANT = 0.8  # a bin with a larger share of the rows leaves nothing to see for a mean of ranks


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number of a batch that is watched.

    Parameters
    ----------
    name : str
        What is measured: one of the scores, ``"value"``, ``"nulls"``, ``"pair"``, ...
    columns : tuple of str
        Of which column, or of which two.
    group : str
        Key of `BUDGET`.
    weight : float
        Share of the alarm budget; all weights of a layout add up to 1.
    value : str
        For a count: the category or the number counted.
    """

    name: str
    columns: tuple[str, ...]
    group: str
    weight: float
    value: str = ""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the statistics of one tally are made of; the last axis is the statistic, counts first.

    Parameters
    ----------
    rows : array of float64, shape (..., J)
        How many rows each statistic saw.
    powers : array of float64, shape (3, ..., J)
        Sums of its values, of their squares and cubes; a count is a sum of zeros and ones, so all three are equal.
    """

    rows: NDArray[np.float64]
    powers: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Place:
    """A statistic, its share within its column, and the slots it is read from."""

    name: str
    share: float
    slot: int
    rows: int
    value: str = ""


class Layout:
    """The statistics of a profile, and the arrays that read all of them from a tally at once.

    Parameters
    ----------
    profile : Profile
        The reference.
    groups : mapping of str to sequence of str
        Columns that belong to another group than ``"data"``.

    Examples
    --------
    >>> import pandas as pd
    >>> profile = Profile.of(pd.DataFrame({"age": range(100), "city": ["Rome", "Oslo"] * 50}))
    >>> layout = Layout(profile, groups={})
    >>> [statistic.name for statistic in layout.statistics if statistic.columns == ("city",)]
    ['value', 'rest', 'unseen', 'nulls']
    >>> float(layout.weights.sum().round(9))
    1.0
    """

    def __init__(self, profile: Profile, groups: Mapping[str, Sequence[str]]) -> None:
        self.group_of = {name: "data" for name in profile.columns}
        self.group_of |= {name: group for group, names in groups.items() for name in names}
        counts: list[tuple[str, _Place]] = []
        scored: list[tuple[str, NumericColumn, int]] = []
        start = 0
        for name, column in profile.columns.items():
            if isinstance(column, NumericColumn):
                counts += [(name, place) for place in _numeric_places(column, start)]
                if _has_scores(column):
                    scored.append((name, column, start))
                start += numeric_slots(column)
            else:
                counts += [(name, place) for place in _category_places(column, start)]
                start += category_slots(column)
        self.width = start
        pairs = _watched_pairs(profile, self.group_of)
        self._count_slots = np.array([place.slot for _, place in counts], dtype=np.intp)
        self._row_slots = np.array([place.rows for _, place in counts], dtype=np.intp)
        self._pairs = np.array([index for index, _ in pairs], dtype=np.intp)
        self._scored_rows = np.array([at + 2 for _, _, at in scored], dtype=np.intp)
        self._bins = np.concatenate([np.arange(at + 7, at + 7 + len(column.counts)) for _, column, at in scored] or [np.zeros(0, dtype=np.intp)])
        widths = [len(column.counts) for _, column, _ in scored]
        self._starts = np.cumsum([0, *widths[:-1]]).astype(np.intp)[: len(widths)]
        ranks = np.concatenate([column.ranks for _, column, _ in scored] or [np.zeros(0)])
        scores = np.stack([ranks, np.abs(2 * ranks - 1), np.abs(2 * np.abs(2 * ranks - 1) - 1)])
        self._powers = np.stack([scores, scores**2, scores**3])  # (power, score, bin)
        drafts = [
            *((place.name, (name,), place.share, place.value) for name, place in counts),
            *((score, (name,), _SHARES[score], "") for score in SCORES for name, _, _ in scored),
            *(("pair", names, 1.0, "") for _, names in pairs),
        ]
        self.statistics = tuple(_weighted(drafts, self.group_of))
        self.weights = np.array([statistic.weight for statistic in self.statistics])
        self.counts = len(counts)
        """How many of the statistics are counts; they come first."""
        self.scores = len(SCORES) * len(scored)
        """How many are scores of one column; they come next, and pairs last."""
        self.upper_extreme = np.array([place.name in {"below", "above"} for _, place in counts], dtype=bool)
        """Which counts are of rows outside the range of the reference, where the reference has none by definition."""

    def sums(self, tally: Tally) -> Sums:
        """Read all statistics from a tally, or from many at once along its first axes."""
        cells = tally.cells
        rows = [cells[..., self._row_slots], *[cells[..., self._scored_rows]] * len(SCORES), tally.pair_rows[..., self._pairs]]
        counts = np.broadcast_to(cells[..., self._count_slots], (3, *cells.shape[:-1], self.counts))
        scores = np.zeros((3, *cells.shape[:-1], self.scores))
        if self.scores:
            weighed = cells[..., None, None, self._bins] * self._powers
            each = np.add.reduceat(weighed, self._starts, axis=-1)  # (..., power, score, column)
            scores = np.moveaxis(each.reshape(*each.shape[:-2], -1), -2, 0)
        pairs = np.moveaxis(tally.pair_sums[..., self._pairs, :], -1, 0)
        return Sums(np.concatenate(rows, axis=-1).astype(np.float64), np.concatenate([counts, scores, pairs], axis=-1))

    def dominated(self, bag: Tally) -> NDArray[np.bool_]:
        """Whether one bin holds over 80 % of the rows of a score's column; shape (..., scores)."""
        if not self.scores:
            return np.zeros((*bag.cells.shape[:-1], 0), dtype=bool)
        largest = np.maximum.reduceat(bag.cells[..., self._bins], self._starts, axis=-1)
        dominated = largest > _DOMINANT * bag.cells[..., self._scored_rows]
        return np.concatenate([dominated] * len(SCORES), axis=-1)


def _numeric_places(column: NumericColumn, at: int) -> Iterator[_Place]:
    """Slots of a numeric column: rows, with a value, finite, nulls, infinities, below, above, then the bins."""
    rows, valued, finite, nulls, infinities, below, above, bins = range(at, at + 8)
    yield _Place("nulls", _SHARES["nulls"], nulls, rows)
    if column.kind == "datetime":
        return  # time moves on; that is not news
    if column.kind == "float":
        yield _Place("infinities", _SHARES["infinities"], infinities, valued)
    if not len(column.edges) and not len(column.atoms):
        return  # the reference had no finite value
    yield _Place("below", _SHARES["below"], below, finite)
    yield _Place("above", _SHARES["above"], above, finite)
    last = len(column.counts) - 1
    atoms = dict(zip(np.searchsorted(column.edges, column.atoms, side="right").tolist(), column.atoms.tolist(), strict=True))
    if last == 1:
        atoms = dict(list(atoms.items())[-1:])  # two bins: one share says it all
    for index, value in atoms.items():
        yield _Place("atom", _SHARES["atom"], bins + index, finite, f"{value:g}")
    if last > 1 and 0 not in atoms:
        yield _Place("low", _SHARES["low"], bins, finite)
    if last > 0 and last not in atoms and (last > 1 or not atoms):
        yield _Place("high", _SHARES["high"], bins + last, finite)


def _has_scores(column: NumericColumn) -> bool:
    """Two bins are one share, and a bin that holds nearly everything leaves nothing to a mean of ranks."""
    return column.kind != "datetime" and len(column.counts) > 2 and column.counts.max() <= _DOMINANT * column.finite


def _category_places(column: CategoryColumn, at: int) -> Iterator[_Place]:
    """Slots of a categorical column: rows, with a value, nulls, checked, their rest, unseen, then the kept values."""
    rows, valued, nulls, checked, rest, unseen, first = range(at, at + 7)
    kept = column.values[:1] if len(column.values) == 2 else column.values  # of two shares one says it all
    for index, value in enumerate(kept):
        yield _Place("value", 1.0, first + index, valued, value)
    yield _Place("rest", 1.0, rest, checked)
    yield _Place("unseen", 1.0, unseen, checked)
    yield _Place("nulls", 1.0, nulls, rows)


def _watched_pairs(profile: Profile, group_of: Mapping[str, str]) -> list[tuple[int, tuple[str, str]]]:
    """Pairs whose two columns arrive together: labels and latencies come at another time than the data."""
    if profile.pairs is None:
        return []
    together = {"data", "prediction"}
    return [
        (index, names)
        for index, names in enumerate(profile.pairs.names)
        if {group_of[name] for name in names} <= together and not any(profile.columns[name].kind == "datetime" for name in names)
    ]


def _weighted(
    drafts: Sequence[tuple[str, tuple[str, ...], float, str]], group_of: Mapping[str, str]
) -> Iterator[Statistic]:
    """Divide the budget: first over groups, then equally over columns, then by share within a column."""
    within: dict[tuple[str, ...], float] = {}
    members: dict[str, set[tuple[str, ...]]] = {}
    for _, columns, share, _ in drafts:
        within[columns] = within.get(columns, 0.0) + share
        members.setdefault(_group(columns, group_of), set()).add(columns)
    total = sum(BUDGET[group] for group in members)
    for name, columns, share, value in drafts:
        group = _group(columns, group_of)
        weight = BUDGET[group] / total / len(members[group]) * share / within[columns]
        yield Statistic(name, columns, group, weight, value)


def _group(columns: tuple[str, ...], group_of: Mapping[str, str]) -> str:
    return group_of[columns[0]] if len(columns) == 1 else "dependence"
