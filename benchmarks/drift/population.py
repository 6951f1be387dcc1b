"""A large table that batches are drawn from with replacement, and their counts over the bins of a reference.

Rows are drawn independently from one fixed law, so batches and references are exchangeable by construction. The
counts are those that `Profile.of(rows, like=reference)` gives; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from maturekit.drift.tally import Tally
from maturekit.profile import CategoryColumn, NumericColumn, Profile
from maturekit.profile.values import numbers, values

_ROWS_AT_ONCE = 1 << 19
_OUTSIDE = 5  # letters of a numeric column beside its bins: minus infinity, below, above, infinity, null


@dataclass(frozen=True)
class _Numbers:
    """Values in order, nulls last, and where each stands in the table."""

    ascending: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, series: pd.Series) -> _Numbers:
        array = numbers(series, "float")
        order = np.argsort(array).astype(np.int32)
        return cls(array[order], order)

    def letters(self, column: NumericColumn) -> np.ndarray:
        """0: minus infinity, 1: below the range, then the bins, above, infinity, null."""
        v, bins = self.ascending, column.bins
        finite = [int(v.searchsorted(-np.inf, "right")), int(v.searchsorted(np.inf))]
        inner = [v.searchsorted(bins.low), *v.searchsorted(bins.edges), v.searchsorted(bins.high, "right")]
        bounds = [0, finite[0], *np.clip(inner, *finite), finite[1], len(v) - int(np.isnan(v).sum()), len(v)]
        letters = np.empty(len(v), dtype=np.uint8)
        letters[self.order] = np.repeat(np.arange(len(bounds) - 1, dtype=np.uint8), np.diff(bounds))
        return letters


@dataclass(frozen=True)
class _Texts:
    """Number of each row's value, and the values."""

    codes: np.ndarray
    texts: list[str]

    @classmethod
    def of(cls, series: pd.Series) -> _Texts:
        return cls(*values(series))

    def letters(self, column: CategoryColumn) -> np.ndarray:
        """First the kept values, then the rest, unseen, null."""
        kept = {text: number for number, text in enumerate(column.values)}
        table = [
            kept.get(text, len(kept) + (not known))
            for text, known in zip(self.texts, column.dictionary.knows(self.texts), strict=True)
        ]
        return np.array([*table, len(kept) + 2], dtype=np.uint8)[self.codes]


class Population:
    """A large table, sorted once, so that it is quickly coded over the bins of any reference."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._parts = {name: self._part(frame[name]) for name in frame}

    @staticmethod
    def _part(series: pd.Series) -> _Numbers | _Texts:
        return _Texts.of(series) if isinstance(series.dtype, pd.CategoricalDtype) else _Numbers.of(series)

    def changed(self, columns: Mapping[str, object]) -> Population:
        """The same table with some columns replaced."""
        new = object.__new__(Population)
        new.frame = self.frame.assign(**columns)
        new._parts = self._parts | {name: self._part(new.frame[name]) for name in columns}  # its own class
        return new

    def coded(self, profile: Profile, *, like: Population | None = None, known: list[np.ndarray] | None = None):
        """One array of letters a column; those that `like` shares are taken from its codes `known`."""
        letters = []
        for number, (name, column) in enumerate(profile.columns.items()):
            shared = like is not None and like._parts[name] is self._parts[name]  # noqa: SLF001  # its own class
            letters.append(known[number] if shared else self._parts[name].letters(column))
        return letters


class Counter:
    """Counts batches of coded rows into tallies, as the profile of the reference would."""

    def __init__(self, profile: Profile) -> None:
        self.columns = list(profile.columns.values())
        self.numeric = [isinstance(column, NumericColumn) for column in self.columns]
        outside = [_OUTSIDE if numeric else 3 for numeric in self.numeric]
        self.letters = [len(c.counts) + more for c, more in zip(self.columns, outside, strict=True)]
        place = {column.name: number for number, column in enumerate(self.columns)}
        names = profile.pairs.names if profile.pairs else ()
        self.paired = sorted({place[name] for pair in names for name in pair})
        self.pairs = np.array([[self.paired.index(place[name]) for name in pair] for pair in names]).reshape(-1, 2).T
        self.scores = [_score_of_letters(self.columns[number]) for number in self.paired]

    def days(self, codes: list[np.ndarray], rng: np.random.Generator, sizes: Sequence[int]) -> Tally:
        """Draw so many rows for each day, and count them; the first axis of the tally is the day."""
        parts, start = [], 0
        while start < len(sizes):
            stop = start + max(1, int(np.searchsorted(np.cumsum(sizes[start:]), _ROWS_AT_ONCE, "right")))
            part = np.asarray(sizes[start:stop])
            parts.append(self.count(codes, rng.integers(0, len(codes[0]), int(part.sum()), dtype=np.int32), part))
            start = stop
        return Tally(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("cells", "pair_rows", "pair_sums")))

    def count(self, codes: list[np.ndarray], rows: np.ndarray, sizes: np.ndarray) -> Tally:
        """Count the given rows, the first `sizes[0]` of them as the first day, and so on."""
        day = np.repeat(np.arange(len(sizes)), sizes)
        cells, drawn = [], {}
        for number, (column, letters) in enumerate(zip(self.columns, self.letters, strict=True)):
            each = codes[number].take(rows)
            drawn[number] = each
            counts = np.bincount(day * letters + each, minlength=len(sizes) * letters).reshape(-1, letters)
            cells.append((_numeric if self.numeric[number] else _category)(counts, len(column.counts)))
        scores = [table.take(drawn[number]) for table, number in zip(self.scores, self.paired, strict=True)]
        ends = np.cumsum(sizes)
        days = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
        stacked = np.array(scores, dtype=np.float32).reshape(len(scores), -1)
        sums = np.array([self._pair_sums(stacked[:, start:end]) for start, end in days]).reshape(len(sizes), -1, 4)
        return Tally(np.concatenate(cells, axis=1), sums[..., 0].astype(np.int64), sums[..., 1:])

    def _pair_sums(self, scores: np.ndarray) -> np.ndarray:
        """Rows of each pair, and sums of the first three powers of the product of scores; NaN where there is none."""
        there = np.isfinite(scores)
        if there.all():
            rows = np.full(self.pairs.shape[1], scores.shape[1])
        else:
            scores = np.where(there, scores, 0.0)
            flags = there.astype(np.float32)
            rows = (flags @ flags.T)[tuple(self.pairs)]
        square = scores * scores
        powers = (scores, square, square * scores)
        return np.stack([rows, *((power @ power.T)[tuple(self.pairs)] for power in powers)], axis=-1)


def _score_of_letters(column: NumericColumn) -> np.ndarray:
    """2u - 1 of each letter, as the profile of pairs has it; NaN where a row has no finite value."""
    scores = np.rint(128 * (2.0 * column.ranks - 1.0)) / 128
    return np.concatenate([[np.nan], scores[:1], scores, scores[-1:], [np.nan, np.nan]]).astype(np.float32)


def _numeric(counts: np.ndarray, bins: int) -> np.ndarray:
    total, nulls = counts.sum(axis=1), counts[:, -1]
    infinities = counts[:, 0] + counts[:, bins + 3]
    below, above = counts[:, 1], counts[:, bins + 2]
    inside = counts[:, 2 : bins + 2].copy()
    inside[:, 0] += below
    inside[:, -1] += above
    head = [total, total - nulls, total - nulls - infinities, nulls, infinities, below, above]
    return np.column_stack([*head, inside])


def _category(counts: np.ndarray, kept: int) -> np.ndarray:
    total, nulls = counts.sum(axis=1), counts[:, -1]
    unseen = counts[:, kept + 1]
    head = [total, total - nulls, nulls, total - nulls, counts[:, kept] + unseen, unseen]
    return np.column_stack([*head, counts[:, :kept]])
