"""Compare two tables once: how far each column moved, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table
from maturekit._core.seeds import RandomState, generator
from maturekit.drift.batches import counted, new_columns
from maturekit.drift.engine import judge
from maturekit.drift.layout import Layout
from maturekit.drift.sizes import size_of
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import (
    CategoryColumn,
    Distance,
    JensenShannon,
    KolmogorovSmirnov,
    NumericColumn,
    PopulationStability,
    Profile,
    TotalVariation,
    Wasserstein,
)
from maturekit.reports import Certainty, Finding, Report
from maturekit.statistics import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["compare"]

_DRAWS = 400
_FALSE_SHARE = 0.05
_SURE = Certainty(0.95, "confidence")
_FIRST = JensenShannon()
_DISTANCES: tuple[Distance, ...] = (_FIRST, TotalVariation(), KolmogorovSmirnov(), Wasserstein(), PopulationStability())


def compare(
    profile: Profile, table: Table | Profile, *, random_state: RandomState = 0, clock: Clock = utc_now
) -> Report:
    """Say how far each column of a table is from a reference, in the numbers people know.

    Columns are ordered by what is beyond doubt of their Jensen-Shannon distance. For each there is one finding *changed*
    (a warning, failed when the change is too large for chance; among those a share of at most 0.05 is false on average)
    and one for each distance, with an interval that contains the sampling error of both sides. Rows are taken as
    independent; if days differ naturally, nearly everything is *changed*, and the sizes are what to look at.

    Parameters
    ----------
    profile : Profile
        The reference.
    table : table or Profile
        What to compare with it, or its ``Profile.of(table, like=profile)``.
    random_state : int, generator or None, default 0
        For the intervals, which are bootstrapped from the counts of both sides.
    clock : callable, optional
        Where the report gets its time from.

    Examples
    --------
    >>> import pandas as pd
    >>> reference = Profile.of(pd.DataFrame({"late": [0] * 800 + [1] * 200, "origin": ["JFK", "EWR"] * 500}))
    >>> report = compare(reference, pd.DataFrame({"late": [0] * 600 + [1] * 400, "origin": ["JFK", "EWR"] * 500}))
    >>> print(report.summary())
    drift-comparison: passed (1 failed, 12 passed)
      ✗ failed  changed  late  2.543e-22 adjusted p-value  value 1 from 20.0 % to 40.0 % of rows
    >>> moved = next(f for f in report.findings if f.rule == "total-variation")
    >>> moved.columns, round(moved.value, 2), moved.interval[0] < 0.2 < moved.interval[1]
    (('late',), 0.2, True)
    """
    batch = counted(table, profile)
    layout = Layout.of(profile, {})
    absent = [name for name, column in batch.columns.items() if not column.rows]
    tests = dict(_tests(layout, Tally.of(batch), Tally.of(profile)))
    adjusted = dict(zip(tests, benjamini_hochberg([test.p for test in tests.values()]), strict=True)) if tests else {}
    rng = generator(random_state)
    ranked: list[tuple[float, float, list[Finding]]] = []
    for columns, test in tests.items():
        changed = Finding(
            "changed",
            "failed" if adjusted[columns] <= _FALSE_SHARE else "passed",
            columns=columns,
            severity="warning",
            value=float(adjusted[columns]),
            unit="adjusted p-value",
            message=test.words,
        )
        sizes = list(_sizes(profile.columns[columns[0]], batch.columns[columns[0]], rng)) if len(columns) == 1 else []
        low, value = next(((f.interval[0], f.value) for f in sizes if f.rule == _FIRST.name and f.interval), (0.0, 0.0))
        ranked.append((low, float(value or 0.0), [changed, *sizes]))
    ranked.sort(key=lambda part: part[:2], reverse=True)
    findings = [finding for _, _, part in ranked for finding in part]
    findings += [
        Finding("column", "could_not_run", columns=(name,), message="the table does not have this column")
        for name in absent
    ]
    findings += new_columns(table, profile)
    subjects = {"profile": profile.digest, "data": batch.digest}
    return Report("drift-comparison", findings, subjects=subjects, time=clock())


@dataclass(frozen=True, slots=True)
class _Test:
    p: float
    words: str


def _tests(layout: Layout, batch: Tally, reference: Tally) -> Iterator[tuple[tuple[str, ...], _Test]]:
    """One p-value for each column and pair: the smallest of its statistics, each with its share of the level."""
    from scipy.special import ndtr  # noqa: PLC0415  # importing the package must not load scipy

    middle = np.full(layout.counts, 0.5)  # no randomness: p-values of small counts are then a little too cautious
    surprise = judge(layout, batch, reference, uniform=middle, tolerance=Tolerance(0.0, 0.0, 0.0))
    p = 2 * ndtr(-np.maximum(np.maximum(surprise.up, surprise.down), 0.0))
    one, two = layout.sums(batch), layout.sums(reference)
    members: dict[tuple[str, ...], list[int]] = {}
    for j, statistic in enumerate(layout.statistics):
        if surprise.moved[j]:
            members.setdefault(statistic.columns, []).append(j)
    for columns, js in members.items():
        share = layout.weights[js] / layout.weights[js].sum()
        best = js[int(np.argmin(p[js] / share))]
        n, m = one.rows[best], two.rows[best]
        mean, square = two.powers[:2, best] / m
        sd = float(np.sqrt(max(square - mean**2, 0.0)))
        size = size_of(
            layout.statistics[best],
            before=float(mean),
            after=float(one.powers[0, best] / n),
            sd=sd,
            error=sd * float(np.sqrt(1 / n + 1 / m)),
            batches=0,
        )
        yield columns, _Test(float(min(1.0, (p[js] / share).min())), size.words)


def _sizes(
    reference: NumericColumn | CategoryColumn, current: NumericColumn | CategoryColumn, rng: np.random.Generator
) -> Iterator[Finding]:
    """Every distance of a column with its interval, then differences of shares."""
    name = (reference.name,)
    if reference.kind != "datetime" and reference.cells.sum() and current.cells.sum():
        draws = _resampled(reference.cells, rng), _resampled(current.cells, rng)
        for distance in _DISTANCES:
            if distance.applies_to(reference):
                value = distance.between(reference, current)
                low, high = _interval(value, distance.over(reference, *draws))
                yield Finding(
                    distance.name,
                    "passed",
                    columns=name,
                    severity="info",
                    value=value,
                    unit=distance.unit,
                    interval=(low, high),
                    certainty=_SURE,
                )
    yield _difference("null-share", name, (reference.nulls, reference.rows), (current.nulls, current.rows))
    if isinstance(reference, CategoryColumn) and isinstance(current, CategoryColumn):
        seen = (reference.unseen, reference.checked), (current.unseen, current.checked)
        yield _difference("unseen-share", name, *seen)


def _resampled(counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.multinomial(int(counts.sum()), counts / counts.sum(), size=_DRAWS)


def _interval(value: float, draws: NDArray[np.float64]) -> tuple[float, float]:
    """Bounds that contain the true distance in about 95 % of cases, or more.

    Two errors meet. Noise lengthens a distance like the second side of a right triangle, so draws overshoot by the same
    square again, which is taken back twice; and a distance far from 0 errs to both sides by half the width of the draws.
    """
    if not np.isfinite(value):
        return 0.0, float("inf")
    low, high = np.quantile(draws, [0.025, 0.975])
    half = (high - low) / 2
    squares = [2 * value**2 - end**2 for end in (high, low)]
    lowest, highest = (float(np.sqrt(max(square, 0.0))) for square in squares)
    return max(min(lowest, value - half), 0.0), max(highest, value + half)


def _difference(rule: str, columns: tuple[str, ...], reference: tuple[int, int], current: tuple[int, int]) -> Finding:
    """Return the difference of two shares with its interval (Agresti and Caffo 2000: one row of each kind added)."""
    shares = [count / rows if rows else 0.0 for count, rows in (reference, current)]
    safe = [((count + 1) / (rows + 2), rows + 2) for count, rows in (reference, current)]
    half = 1.96 * float(np.sqrt(sum(share * (1 - share) / rows for share, rows in safe)))
    value, middle = 100 * (shares[1] - shares[0]), 100 * (safe[1][0] - safe[0][0])
    low, high = min(middle - 100 * half, value), max(middle + 100 * half, value)
    return Finding(
        rule,
        "passed",
        columns=columns,
        severity="info",
        value=value,
        unit="percentage points",
        interval=(low, high),
        certainty=_SURE,
    )
