"""Where the numbers of all watched statistics lie in a tally, so that they are read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from maturekit.drift.batch_statistic import BatchStatistic
from maturekit.drift.places import BUDGET, DOMINANT, SHARES, Statistic, has_scores, places_of, watched_pairs, weighted
from maturekit.drift.scores import SCORES, scores_of
from maturekit.drift.tally import BINS, FINITE, Tally, slots
from maturekit.profile import NumericColumn, Profile

__all__ = ["Layout", "Sums"]

Slots = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The statistics that are watched: counts first, then scores of columns, pairs, and what is of the whole batch.

    Parameters
    ----------
    statistics : tuple of Statistic, length J
        What is watched.
    weights : array of float64, shape (J,)
        Their shares of the alarm budget.
    group_of : mapping of str to str
        Group of each column.
    counts, scores : int
        How many statistics are counts, and how many are scores of one column.
    extreme : array of bool, shape (counts,)
        Which counts are of rows outside the reference's range, where the reference has none by definition.
    count_slots, row_slots : array of int, shape (counts,)
        Where each count lies, and the number of rows that it is a count of.
    finite_slots : array of int, shape (columns with scores,)
        Where the number of rows of each scored column lies.
    bins, starts : arrays of int
        Slots of all bins of scored columns, and where each column begins among them.
    bin_powers : array of float64, shape (3, 4, bins)
        First to third power of each score of each bin.
    pairs : array of int
        Which pairs of the profile are watched.
    own : int
        How many statistics are of the batch as a whole; they stand last, and no tally holds them.

    Examples
    --------
    >>> import pandas as pd
    >>> profile = Profile.of(pd.DataFrame({"age": range(100), "city": ["Rome", "Oslo"] * 50}))
    >>> layout = Layout.of(profile, groups={})
    >>> [statistic.name for statistic in layout.statistics if statistic.columns == ("city",)]
    ['value', 'rest', 'unseen', 'nulls']
    >>> float(layout.weights.sum().round(9))
    1.0
    """

    statistics: tuple[Statistic, ...]
    weights: NDArray[np.float64]
    group_of: Mapping[str, str]
    counts: int
    scores: int
    extreme: NDArray[np.bool_]
    count_slots: Slots
    row_slots: Slots
    finite_slots: Slots
    bins: Slots
    starts: Slots
    bin_powers: NDArray[np.float64]
    pairs: Slots
    own: int

    @classmethod
    def of(
        cls,
        profile: Profile,
        groups: Mapping[str, Sequence[str]],
        *,
        budget: Mapping[str, float] = BUDGET,
        own: Sequence[BatchStatistic] = (),
    ) -> Self:
        """Lay out the statistics of a reference.

        `groups` names the columns that are not ``"data"``, `budget` the shares of groups, and `own` the statistics of
        whole batches.
        """
        asked = {name: group for group, names in groups.items() for name in names}
        text_of = {view.name: view.columns[0] for view in profile.views}
        group_of = {name: asked.get(name, asked.get(text_of.get(name, name), "data")) for name in profile.columns}
        columns = list(profile.columns.values())
        ends = np.cumsum([slots(column) for column in columns]).tolist()
        begins = [end - slots(column) for column, end in zip(columns, ends, strict=True)]
        counts = [
            (c.name, place)
            for c, at in zip(columns, begins, strict=True)
            for place in places_of(c, at)
            if place.name != "nulls" or c.name not in text_of  # a view is null where its text is
        ]
        scored = [
            (column, at)
            for column, at in zip(columns, begins, strict=True)
            if isinstance(column, NumericColumn) and has_scores(column)
        ]
        pairs = watched_pairs(profile, group_of)
        drafts = [
            *((place.name, (name,), place.share, place.value) for name, place in counts),
            *((score, (column.name,), SHARES[score], "") for score in SCORES for column, _ in scored),
            *(("pair", names, 1.0, "") for _, names in pairs),
            *((statistic.kind, (statistic.name,), 1.0, "") for statistic in own),
        ]
        groups_of_all = group_of | {statistic.name: statistic.group for statistic in own}
        statistics = tuple(weighted(drafts, groups_of_all, budget=budget, text_of=text_of))
        widths = [len(column.counts) for column, _ in scored]
        ranks = np.concatenate([np.zeros(0), *(column.ranks for column, _ in scored)])
        scores = scores_of(ranks)
        return cls(
            statistics=statistics,
            weights=np.array([statistic.weight for statistic in statistics]),
            group_of=group_of,
            counts=len(counts),
            scores=len(SCORES) * len(scored),
            extreme=np.array([place.name in {"below", "above"} for _, place in counts], dtype=np.bool_),
            count_slots=_slots([place.slot for _, place in counts]),
            row_slots=_slots([place.rows for _, place in counts]),
            finite_slots=_slots([at + FINITE for _, at in scored]),
            bins=_slots(
                [at + BINS + bin_ for (_, at), width in zip(scored, widths, strict=True) for bin_ in range(width)]
            ),
            starts=_slots(np.cumsum([0, *widths])[:-1]),
            bin_powers=np.stack([scores, scores**2, scores**3]),
            pairs=_slots([index for index, _ in pairs]),
            own=len(own),
        )

    @property
    def counted(self) -> int:
        """How many statistics are read from a tally."""
        return len(self.statistics) - self.own

    def sums(self, tally: Tally) -> Sums:
        """Read all counted statistics from a tally, or from many at once along its first axes."""
        cells = tally.cells
        scored = [cells[..., self.finite_slots]] * len(SCORES)
        rows = np.concatenate([cells[..., self.row_slots], *scored, tally.pair_rows[..., self.pairs]], axis=-1)
        counts = np.broadcast_to(cells[..., self.count_slots], (3, *cells.shape[:-1], self.counts))
        scores = np.zeros((3, *cells.shape[:-1], self.scores))
        if self.scores:
            each = np.add.reduceat(cells[..., None, None, self.bins] * self.bin_powers, self.starts, axis=-1)
            scores = np.moveaxis(each.reshape(*each.shape[:-2], -1), -2, 0)  # from (..., power, score, column)
        pairs = np.moveaxis(tally.pair_sums[..., self.pairs, :], -1, 0)
        return Sums(rows.astype(np.float64), np.concatenate([counts, scores, pairs], axis=-1))

    def dominated(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether one bin holds over 80 % of the rows of a score's column; shape (..., scores)."""
        if not self.scores:
            return np.zeros((*cells.shape[:-1], 0), dtype=np.bool_)
        largest = np.maximum.reduceat(cells[..., self.bins], self.starts, axis=-1)
        dominated = largest > DOMINANT * cells[..., self.finite_slots]
        return np.concatenate([dominated] * len(SCORES), axis=-1)


def _slots(numbers: Sequence[int] | NDArray[np.int64]) -> Slots:
    return np.array(numbers, dtype=np.intp)
