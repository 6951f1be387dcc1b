"""Small counts: bins are merged until none holds too few rows, and what cannot be merged is unknown."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from maturekit.profile.bins import Bins
from maturekit.profile.numeric import NumericColumn

if TYPE_CHECKING:
    from maturekit.profile.pairs import PairSums
    from maturekit.profile.profile import Profile

__all__ = ["hidden", "merged"]

P = TypeVar("P", bound="Profile")


def merged(column: NumericColumn, least: int) -> NumericColumn:
    """Return a column over bins that hold at least `least` rows each, and whose range is no single row's.

    The range ends at an extreme only if all rows of the outer bin hold it, and at the outer edge otherwise, so that what
    is beyond it is the outer bin. A column without edges has no range, unless it is constant.
    """
    if least <= 1 or not column.finite:
        return column
    if column.finite < least:
        return NumericColumn.of(pd.Series([], dtype=np.float64, name=column.name), kind=column.kind)
    bins, counts = column.bins, column.counts
    groups = _groups(counts.tolist(), least)
    starts = [group.start for group in groups]
    sizes = np.add.reduceat(counts, starts)
    edges = bins.edges[[start - 1 for start in starts[1:]]]
    weighted = np.where(counts > 0, counts * np.where(counts > 0, bins.centres, 0.0), 0.0)
    alone = {group.start for group in groups if len(group) == 1}
    means = np.add.reduceat(weighted, starts) / sizes
    centres = np.where([start in alone for start in starts], bins.centres[starts], means)
    atoms = bins.atoms[[int(where) in alone for where in bins.where(bins.atoms)]]
    constant = centres[[0, -1]] == (bins.low, bins.high)  # whose every row holds its extreme
    inner = (edges[0], math.nextafter(edges[-1], -math.inf)) if len(edges) else (math.nan, math.nan)
    low, high = (
        float(end if kept else edge) for end, kept, edge in zip((bins.low, bins.high), constant, inner, strict=True)
    )
    ranks = (np.cumsum(sizes) - sizes / 2) / column.finite
    return dataclasses.replace(
        column,
        bins=Bins(edges, ranks, centres, atoms, low, high),
        counts=sizes,
        below=int(sizes[0]) if low > bins.low else 0,
        above=int(sizes[-1]) if high < bins.high else 0,
    )


def hidden(profile: P, least: int) -> P:
    """Return a profile without any count of 1 to `least - 1`; batches and classes of so few rows are left out."""
    if least <= 1:
        return profile
    batches, classes = (
        {label: hidden(part, least) for label, part in parts.items() if part.rows >= least}
        for parts in (profile.batches, profile.classes)
    )
    columns = {
        name: _hidden(column, least) if isinstance(column, NumericColumn) else column.hidden(least)
        for name, column in profile.columns.items()
    }
    pairs = None if profile.pairs is None else _without_few(profile.pairs, least)
    return dataclasses.replace(profile, columns=columns, pairs=pairs, batches=batches, classes=classes)


def _groups(counts: list[int], least: int) -> list[range]:
    """Return neighbouring bins that hold enough together; the last group takes what is left over."""
    groups: list[range] = []
    start = held = 0
    for number, count in enumerate(counts):
        held += count
        if held >= least:
            groups.append(range(start, number + 1))
            start, held = number + 1, 0
    if not groups:
        return [range(len(counts))]
    groups[-1] = range(groups[-1].start, len(counts)) if start < len(counts) else groups[-1]
    return groups


def _hidden(column: NumericColumn, least: int) -> NumericColumn:
    small = range(1, least)
    inside = column.cells.tolist()
    if any(count in small for count in [*column.counts.tolist(), *inside, column.below, column.above, column.rows]):
        return column.emptied()
    unknown = {name for name in ("nulls", "infinities") if getattr(column, name) in small}
    nulls, infinities = (0 if name in unknown else getattr(column, name) for name in ("nulls", "infinities"))
    return dataclasses.replace(
        column,
        rows=column.finite + nulls + infinities,
        nulls=nulls,
        infinities=infinities,
        unknown=column.unknown | unknown,
    )


def _without_few(pairs: PairSums, least: int) -> PairSums:
    enough = (pairs.rows == 0) | (pairs.rows >= least)
    return dataclasses.replace(pairs, rows=pairs.rows * enough, totals=pairs.totals * enough[:, None])
