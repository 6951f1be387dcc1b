"""From two summaries of a column to bars: names, percentages, and edges if areas tell more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from maturekit.profile import CategoryColumn, NumericColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bars", "category_bars", "number_bars"]

_FEW = 16
_MOST = 15
_SPIKE = 20.0  # a bin so many times as dense as usual would flatten all others


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Two distributions over the same bars; `edges` is None where all bars have the same width."""

    names: Sequence[str]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    edges: NDArray[np.float64] | None
    remark: str


def number_bars(before: NumericColumn, after: NumericColumn) -> Bars:
    """Return the bins of a column of numbers, as areas if they are many and dense.

    >>> import pandas as pd
    >>> before = NumericColumn.of(pd.Series([0, 0, 0, 1], name="late"), kind="int")
    >>> bars = number_bars(before, before.count(pd.Series([0, 1, 1, None])))
    >>> bars.names, bars.before.tolist(), bars.after.tolist()
    (['0', '1', 'missing'], [75.0, 25.0, 0.0], [25.0, 50.0, 25.0])
    """
    edges = np.array([before.low, *before.edges, before.high])
    outside = [
        f"{_percent(count, after.finite)} of after {where} the range of before"
        for count, where in ((after.below, "below"), (after.above, "above"))
        if count and not _hides_range(before)
    ]
    if before.kind != "datetime" and _dense(before, edges):
        gaps = [
            f"{name}: {_percent(old, before.rows)} before, {_percent(new, after.rows)} after"
            for name, old, new in _others(before, after)
        ]
        past, now = (100 * column.counts / max(column.finite, 1) for column in (before, after))
        return Bars(_bin_names(before, edges), past, now, edges, "; ".join([*outside, *gaps]))
    names, old, new = _bin_names(before, edges), before.counts.tolist(), after.counts.tolist()
    for name, *others in _others(before, after):
        names, old, new = [*names, name], [*old, others[0]], [*new, others[1]]
    return Bars(names, 100 * np.array(old) / before.rows, 100 * np.array(new) / after.rows, None, "; ".join(outside))


def category_bars(before: CategoryColumn, after: CategoryColumn) -> Bars:
    """Return the largest kept values of a column of categories, then everything else.

    >>> import pandas as pd
    >>> before = CategoryColumn.of(pd.Series(["a"] * 3 + ["b"] * 2), kind="string", learnt=np.ones(5, dtype=bool))
    >>> bars = category_bars(before, before.count(pd.Series(["a", "new", None, "b"])))
    >>> bars.names, bars.after.tolist(), bars.remark
    (['a', 'b', 'other values', 'missing'], [25.0, 25.0, 25.0, 25.0], '25.0 % of after never seen before')
    """
    old, new = 100 * before.counts / before.rows, 100 * after.counts / after.rows
    shown = np.sort(np.argsort(-np.maximum(old, new), kind="stable")[:_MOST])
    names = [before.values[place] for place in shown.tolist()]
    shares = []
    for column, each in ((before, old), (after, new)):
        missing = 100 * column.nulls / column.rows
        shares.append(np.array([*each[shown], 100 - each[shown].sum() - missing, missing]).round(9))
    kept = (shares[0] + shares[1])[-2:] > 0
    there = np.array([True] * len(shown) + kept.tolist())
    names += [name for name, flag in zip(("other values", "missing"), kept.tolist(), strict=True) if flag]
    remark = f"{_percent(after.unseen, after.rows)} of after never seen before" if after.unseen else ""
    return Bars(names, shares[0][there], shares[1][there], None, remark)


def _dense(column: NumericColumn, edges: NDArray[np.float64]) -> bool:
    widths = np.diff(edges)
    if len(column.counts) <= _FEW or len(column.atoms) or not (widths > 0).all():
        return False
    density = column.counts / widths
    return bool(density.max() <= _SPIKE * np.median(density))


def _hides_range(column: NumericColumn) -> bool:
    """Whether a profile with `least_count` keeps to itself where the outer bins end."""
    return bool(len(column.edges) and column.high < column.edges[-1])


def _others(before: NumericColumn, after: NumericColumn) -> list[tuple[str, int, int]]:
    counts = (("infinite", before.infinities, after.infinities), ("missing", before.nulls, after.nulls))
    return [(name, old, new) for name, old, new in counts if old or new]


def _bin_names(column: NumericColumn, edges: NDArray[np.float64]) -> list[str]:
    if math.isnan(column.low):
        return ["any number"]
    spell = _day if column.kind == "datetime" else _number
    names = []
    ends = edges[1:].copy()
    ends[:-1] -= column.kind == "int"  # the next bin begins with the next whole number
    for low, high, centre in zip(edges[:-1].tolist(), ends.tolist(), column.bins.centres.tolist(), strict=True):
        names.append(spell(low) if low in {high, centre} else f"{spell(low)} to {spell(high)}")
    if _hides_range(column):
        names[0], names[-1] = f"below {spell(float(edges[1]))}", f"{spell(float(edges[-2]))} or more"
    return names


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e4 or abs(value) >= 1e7 else f"{value:,.0f}"


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _percent(count: int, rows: int) -> str:
    share = 100 * count / max(rows, 1)
    return "under 0.1 %" if 0 < share < 0.05 else f"{share:.1f} %"
