"""Which columns and pairs changed: one p-value each, and what to say about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.engine import judge
from maturekit.drift.layout import Layout
from maturekit.drift.sizes import size_of
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import CategoryColumn, NumericColumn, Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Change", "changes_of_columns", "changes_of_pairs"]

_Z = 1.96
_FEWEST = 30
_UNIT = 128  # sums of products are of scores so rounded, see `PairSums`
_HARDLY = 1e-6  # of the variance of ranks: such a column is constant


@dataclass(frozen=True, slots=True)
class Change:
    """How one column, or one pair, differs from the reference.

    Parameters
    ----------
    p : float
        p-value, before it is adjusted for the number of columns.
    words : str
        What changed, for a person.
    correlation : tuple of float, optional
        For a pair: the difference of the two rank correlations, and its bounds at 95 %.
    """

    p: float
    words: str
    correlation: tuple[float, float, float] | None = None


def changes_of_columns(reference: Profile, current: Profile) -> dict[str, Change]:
    """Return one change for each column that can be compared.

    The p-value is the smallest among the statistics that the monitor watches of a column, each with its share of the
    level. Those of counts are exact without random numbers, so that for few rows they are on the cautious side.
    """
    from scipy.special import ndtr  # noqa: PLC0415  # importing the package must not load scipy

    layout, batch, pool = Layout.of(reference, {}), Tally.of(current), Tally.of(reference)
    surprise = judge(layout, batch, pool, uniform=np.ones(layout.counts), tolerance=Tolerance(0.0, 0.0, 0.0))
    place = {name: number for number, name in enumerate(reference.columns)}
    judged = [
        j
        for j, statistic in enumerate(layout.statistics)
        if statistic.name != "pair"
        and surprise.moved[j]
        and statistic.name not in _unknown(reference, current, statistic.columns[0])
    ]
    if not judged:
        return {}
    chosen = np.array(judged)
    owner = np.array([place[layout.statistics[j].columns[0]] for j in judged])
    weight = layout.weights[chosen]
    p = 2 * ndtr(-np.maximum(np.maximum(surprise.up, surprise.down), 0.0)[chosen])
    p = p * np.bincount(owner, weight)[owner] / weight
    order = np.lexsort((p, owner))
    first = order[np.unique(owner[order], return_index=True)[1]]
    one, two = layout.sums(batch), layout.sums(pool)
    changes = {}
    for best, smallest in zip(chosen[first].tolist(), p[first].tolist(), strict=True):
        statistic = layout.statistics[best]
        n, m = float(one.rows[best]), float(two.rows[best])
        before, after = float(two.powers[0, best] / m), float(one.powers[0, best] / n)
        words = size_of(statistic, before=before, after=after, sd=0.0, error=0.0, batches=0).words
        changes[statistic.columns[0]] = Change(min(smallest, 1.0), words if before != after else "no difference")
    return changes


def changes_of_pairs(reference: Profile, current: Profile) -> Iterator[tuple[tuple[str, str], Change]]:
    """Yield one change for each pair that the profile holds: the difference of two rank correlations.

    Ranks are those in the reference, binned. Both correlations are freed of the marginal means and spreads of their own
    table, so that two columns that moved are not a changed correlation. The variance of each is that of a mean product
    of standardised ranks, less what is due to standardising (as if one column were linear in the other); p-value and
    bounds are those of Fisher's z, where neither side varies less than both together (of 100 rows that are correlated
    by .95 the variance alone is a guess, and 12 % of p-values were below .05). It needs some 30 rows of the rarer kind in either column: pairs with fewer, such
    as with a flag that is hardly ever set, are left out (Fisher 1921; bounds by the method of Zou 2007, "Toward using
    confidence intervals to compare correlations", Psychological Methods 12).
    """
    from scipy.special import ndtr  # noqa: PLC0415  # importing the package must not load scipy

    if reference.pairs is None or current.pairs is None:
        return
    there = np.flatnonzero(np.minimum(current.pairs.rows, reference.pairs.rows) >= _FEWEST)
    names = reference.pairs.names
    r_2, error_2 = _correlations(current, there)
    r_1, error_1 = _correlations(reference, there)
    known = np.isfinite(r_1) & np.isfinite(r_2)
    error_1, error_2 = _together(error_1, error_2, reference.pairs.rows[there], current.pairs.rows[there])
    z_1, z_2 = np.arctanh(r_1), np.arctanh(r_2)
    p = 2 * ndtr(-np.abs(z_2 - z_1) / np.hypot(error_1, error_2))
    low_1, high_1, low_2, high_2 = (
        np.tanh(z + side * _Z * error) for z, error in ((z_1, error_1), (z_2, error_2)) for side in (-1, 1)
    )
    apart = r_2 - r_1
    low = apart - np.hypot(r_2 - low_2, high_1 - r_1)
    high = apart + np.hypot(high_2 - r_2, r_1 - low_1)
    for i in np.flatnonzero(known).tolist():
        words = f"rank correlation from {r_1[i]:.2f} to {r_2[i]:.2f}"
        yield names[there[i]], Change(float(p[i]), words, (float(apart[i]), float(low[i]), float(high[i])))


def _correlations(profile: Profile, there: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rank correlations and the standard errors of their Fisher's z; NaN where a column is all but constant."""
    pairs = profile.pairs
    if pairs is None or not len(there):
        return np.zeros(0), np.ones(0)
    names = [pairs.names[i] for i in there.tolist()]
    moments = {name: _moments(profile.columns[name]) for name in dict.fromkeys(n for pair in names for n in pair)}
    first, second = (np.array([moments[pair[side]] for pair in names]).T for side in (0, 1))
    n = pairs.rows[there].astype(np.float64)
    product, square = pairs.sums[there, 0] / n, pairs.sums[there, 1] / n
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (product - first[0] * second[0]) / np.sqrt(first[1] * second[1])
        r = np.clip(r, -0.999, 0.999)
        both = square / (first[2] * second[2])  # mean square of the product of two standardised ranks
        variance = both * (1 + r**2 / 2) - 0.75 * r**2 * (first[3] + second[3])
        least = 0.25 * (1 - r**2) ** 2  # where one column is all but linear in the other the rest is rounding
        error = np.sqrt(np.maximum(variance, least) / np.maximum(n - 3, 1.0)) / (1 - r**2)
        few = n < _FEWEST * np.maximum(first[3], second[3])  # a value of share p has a fourth moment of about 1 / p
    return np.where(few, np.nan, r), error


def _together(
    one: NDArray[np.float64], two: NDArray[np.float64], rows_1: NDArray[np.int64], rows_2: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both standard errors, neither from a smaller variance of one row than both sides have on average."""
    n_1, n_2 = np.maximum(rows_1 - 3.0, 1.0), np.maximum(rows_2 - 3.0, 1.0)
    variance = ((one * n_1) ** 2 + (two * n_2) ** 2) / (n_1 + n_2)
    return np.maximum(one, np.sqrt(variance / n_1)), np.maximum(two, np.sqrt(variance / n_2))


def _moments(column: NumericColumn | CategoryColumn) -> tuple[float, float, float, float]:
    """Return mean, variance, mean square and standardised fourth moment of the scores 2u - 1 of a column."""
    if isinstance(column, CategoryColumn) or not column.finite:
        return (np.nan,) * 4
    score, share = np.rint(_UNIT * (2 * column.ranks - 1)) / _UNIT, column.counts / column.finite
    mean = float(share @ score)
    apart = (score - mean) ** 2
    variance = float(share @ apart)
    if variance < _HARDLY:
        return (np.nan,) * 4
    return mean, variance, float(share @ score**2), float(share @ apart**2) / variance**2


def _unknown(reference: Profile, current: Profile, name: str) -> frozenset[str]:
    return reference.columns[name].unknown | current.columns[name].unknown
