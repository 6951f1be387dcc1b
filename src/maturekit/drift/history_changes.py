"""How far each column of one batch lies from the reference, and how far chance and tolerance would carry it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.places import Statistic, has_scores
from maturekit.drift.sizes import size_of
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import CategoryColumn, NumericColumn, Profile
from maturekit.profile.total_variation import TotalVariation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PAIR", "UNITS", "Change", "changes", "usual"]

PAIR = " × "
"""Between the two columns of a pair."""

UNITS = {
    "location": "standard deviations",
    "spread": "ratio of standard deviations",
    "values": "percentage points",
    "nulls": "percentage points",
    "correlation": "rank correlation",
}
"""What is recorded of a column, and its unit."""

_TWO_SIDED = 1.96  # both bounds hold 19 of 20 batches
_ONE_SIDED = 1.645
_CENTRAL = (0.025, 0.975)
_FEWEST, _MOST_BATCHES = 14, 100


@dataclass(frozen=True, slots=True)
class Change:
    """How far one column of a batch lies from the reference.

    Parameters
    ----------
    column : str
        The column, or two joined by `PAIR`.
    statistic : str
        Key of `UNITS`: ``"location"`` (move of the mean), ``"spread"`` (1 is unchanged), ``"values"`` (share of rows
        whose value would have to change, the total variation), ``"nulls"`` and ``"correlation"`` (changes of both).
    value, low, high : float
        How far, and bounds of 19 of 20 batches of so many rows whose change is within the tolerance.
    """

    column: str
    statistic: str
    value: float
    low: float
    high: float


def changes(reference: Profile, batch: Profile, tolerance: Tolerance) -> Iterator[Change]:
    """Yield how far each column that came with a batch lies from the reference, and each pair of columns.

    >>> import pandas as pd
    >>> reference = Profile.of(pd.DataFrame({"city": ["Rome"] * 50 + ["Oslo"] * 50}))
    >>> today = Profile.of(pd.DataFrame({"city": ["Rome"] * 60 + ["Oslo"] * 35 + [None] * 5}), like=reference)
    >>> [(d.statistic, round(d.value, 1)) for d in changes(reference, today, Tolerance())]
    [('values', 13.2), ('nulls', 5.0)]
    """
    for name, before in reference.columns.items():
        after = batch.columns[name]
        if after.rows and before.rows:
            own = tolerance.of(name)
            if isinstance(before, NumericColumn) and isinstance(after, NumericColumn) and has_scores(before):
                yield from _scores(before, after, own)
            if before.kind != "datetime":
                yield from _values(before, after, own)
            if "nulls" not in before.unknown:
                yield _nulls(before, after, own)
    if reference.pairs is not None and batch.pairs is not None:
        both = zip(reference.pairs.rows.tolist(), batch.pairs.rows.tolist(), strict=True)
        for index, (past, rows) in enumerate(both):
            if past and rows:
                names = reference.pairs.names[index]
                sums = reference.pairs.sums[index], batch.pairs.sums[index]
                yield _correlation(names, sums, (past, rows), tolerance.of(*names).correlation)


def usual(reference: Profile, tolerance: Tolerance) -> dict[tuple[str, str], tuple[float, float]]:
    """Return between which values 19 of 20 of the reference's own batches lie, by column and statistic.

    Empty when it holds fewer than 14 of them; of many the latest 100 are enough.
    """
    seen: dict[tuple[str, str], list[float]] = {}
    for part in list(reference.batches.values())[-_MOST_BATCHES:]:
        for change in changes(reference, part, tolerance):
            seen.setdefault((change.column, change.statistic), []).append(change.value)
    enough = {name: np.quantile(values, _CENTRAL).tolist() for name, values in seen.items() if len(values) >= _FEWEST}
    return {name: (low, high) for name, (low, high) in enough.items()}


def _scores(before: NumericColumn, after: NumericColumn, tolerance: Tolerance) -> Iterator[Change]:
    if not (before.finite and after.finite):
        return
    shares = before.counts / before.finite, after.counts / after.finite
    rows = _root(before.finite, after.finite)
    for statistic, scores in (("location", before.ranks), ("spread", np.abs(2 * before.ranks - 1))):
        past, mean = (float(share @ scores) for share in shares)
        sd = math.sqrt(max(float(shares[0] @ scores**2) - past**2, 0.0))
        half = _TWO_SIDED * sd * rows + tolerance.sd * sd
        found = [_move(statistic, (before.name,), past, at) for at in (mean, past - half, past + half)]
        yield Change(
            before.name, statistic, *((1 + percent / 100 for percent in found) if statistic == "spread" else found)
        )


def _values(
    before: NumericColumn | CategoryColumn, after: NumericColumn | CategoryColumn, tolerance: Tolerance
) -> Iterator[Change]:
    value = TotalVariation().between(before, after)
    if not math.isnan(value):
        past, rows = int(before.cells.sum()), int(after.cells.sum())
        shares = (before.cells + after.cells) / (past + rows)
        most = _chance(shares) * _root(past, rows) + tolerance.share
        yield Change(before.name, "values", 100 * value, 0.0, 100 * min(most, 1.0))


def _nulls(
    before: NumericColumn | CategoryColumn, after: NumericColumn | CategoryColumn, tolerance: Tolerance
) -> Change:
    past, share = before.nulls / before.rows, after.nulls / after.rows
    pooled = (before.nulls + after.nulls) / (before.rows + after.rows)
    half = _TWO_SIDED * math.sqrt(pooled * (1 - pooled)) * _root(before.rows, after.rows) + tolerance.share
    return Change(before.name, "nulls", 100 * (share - past), 100 * max(-half, -past), 100 * min(half, 1 - past))


def _correlation(
    names: tuple[str, str],
    sums: tuple[NDArray[np.float64], NDArray[np.float64]],
    rows: tuple[int, int],
    tolerance: float,
) -> Change:
    past, mean = (float(powers[0]) / count for powers, count in zip(sums, rows, strict=True))
    sd = math.sqrt(max(float(sums[0][1]) / rows[0] - past**2, 0.0))
    half = _TWO_SIDED * sd * _root(*rows) + tolerance / 3  # a mean product of ranks is a third of their correlation
    found = [_move("pair", names, past, at) for at in (mean, past - half, past + half)]
    return Change(PAIR.join(names), "correlation", *found)


def _move(statistic: str, columns: tuple[str, ...], before: float, after: float) -> float:
    """Return the move from one mean of scores to another on the scale that `sizes` knows."""
    what = Statistic(statistic, columns, "", 0.0)
    return size_of(what, before=before, after=after, sd=0.0, error=0.0, batches=0.0).value


def _root(past: int, rows: int) -> float:
    return math.sqrt(1 / past + 1 / rows)


def _chance(shares: NDArray[np.float64]) -> float:
    """Return the total variation that chance exceeds once in 20 times, times the root of the number of rows.

    It is half a sum of absolute values of normal numbers with the correlations of multinomial counts; mean and variance
    of that sum are known, and a gamma distribution with both comes close to the rest (Wilson, Hilferty 1931).
    """
    p = shares[(shares > 0) & (shares < 1)]
    if not len(p):
        return 0.0
    sd = np.sqrt(p * (1 - p))
    odds = np.sqrt(p / (1 - p))
    rho = np.clip(-np.outer(odds, odds), -1.0, 1.0)
    np.fill_diagonal(rho, 1.0)
    joint = rho * np.arcsin(rho) + np.sqrt(1 - rho**2) - 1  # (pi / 2) covariance of two absolute values
    mean = math.sqrt(2 / math.pi) * float(sd.sum()) / 2
    variance = 2 / math.pi * float(sd @ joint @ sd) / 4
    ninth = variance / mean**2 / 9
    return float(mean * (1 - ninth + _ONE_SIDED * math.sqrt(ninth)) ** 3)
