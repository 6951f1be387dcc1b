"""Compare two tables once: how far each column moved, and how sure that is."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table, as_frame
from maturekit._core.seeds import RandomState, generator
from maturekit.drift.batches import counted, new_columns
from maturekit.drift.changes import Change, changes_of_columns, changes_of_pairs
from maturekit.drift.comparison import CHANGED, Comparison
from maturekit.drift.intervals import CONFIDENCE, Noise, bounds, share_bounds
from maturekit.drift.two_sample import Separation, separated
from maturekit.errors import ArgumentError, ArgumentTypeError, NotEnoughEvidenceError
from maturekit.profile import (
    CategoryColumn,
    Distance,
    JensenShannon,
    KolmogorovSmirnov,
    NumericColumn,
    PopulationStability,
    Profile,
    TotalVariation,
    View,
    Wasserstein,
)
from maturekit.profile.views import listed
from maturekit.reports import Certainty, Finding
from maturekit.statistics import benjamini_hochberg

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["compare"]

Path = str | os.PathLike[str]

_FALSE_SHARE = 0.05
_SURE = Certainty(CONFIDENCE, "confidence")
_FIRST = JensenShannon()
_DISTANCES: tuple[Distance, ...] = (_FIRST, TotalVariation(), KolmogorovSmirnov(), Wasserstein(), PopulationStability())
_RESERVED = (CHANGED, "null-share", "unseen-share", "infinite-share", "correlation", "classifier")
_SIZED = {_FIRST.name: 1.0, "null-share": 0.01, "infinite-share": 0.01, "unseen-share": 0.01}  # all from 0 to 1


def compare(
    reference: Profile | Table | Path,
    table: Profile | Table | Path,
    *,
    importance: Mapping[str, float] | None = None,
    distances: Sequence[Distance] = (),
    classifier: Any = None,
    views: Iterable[View] = (),
    random_state: RandomState = 0,
    clock: Clock = utc_now,
) -> Comparison:
    """Say how far each column of a table is from a reference, in the numbers people know.

    For each column there is one finding *changed*, with a p-value that is adjusted for everything that was tested
    (columns, pairs, the classifier): of all that is called changed, a share of at most 0.05 is false on average. It is
    a warning. Then one finding for each measure, with an interval at 95 % that contains the error of both sides, the
    reference's as well: Jensen-Shannon, total variation, Kolmogorov-Smirnov, Wasserstein in standard deviations of the
    reference, population stability, and the differences in nulls, infinite and unseen values. Pairs of numeric columns
    follow, with the difference of their rank correlations. Rows are taken as independent; if days differ naturally,
    nearly everything is *changed*, and the sizes are what to look at.

    Columns stand in the order of what is beyond doubt: the lower bound of the Jensen-Shannon distance, or of a
    difference of shares if that is larger, times importance.

    Parameters
    ----------
    reference : Profile, table or path
        The reference; a table is profiled first, which decides on bins and frequent values. The path of a parquet
        file, or of a folder of them, is read in chunks.
    table : Profile, table or path
        What to compare with it, or its ``Profile.of(table, like=reference)``.
    importance : mapping of str to float, optional
        How much each column matters, 0 or more, such as the importances of a model's features; columns that are not in
        it count 0. It changes the order only; a pair matters as much as the lesser of its two columns.
    distances : sequence of Distance, optional
        Measures of your own, in addition.
    classifier : bool or a classifier of scikit-learn, optional
        Also test whether a classifier can tell the two tables apart, which finds changes that no column and no pair
        shows. True is histogram gradient boosting. It needs the rows of both tables, and takes 10,000 of each at most.
    views : iterable of View, optional
        Columns computed from others, as in `Profile.of`.
    random_state : int, generator or None, default 0
        For intervals, the classifier, and the profile of a reference that is a table.
    clock : callable, optional
        Where the report gets its time from.

    Raises
    ------
    ProfileMismatchError
        `table` is a profile over other bins, or has none of the columns.
    TableError
        A column cannot be read as what it is in the reference.
    ArgumentError
        `importance` names unknown columns or is no importance, or two distances have one name.
    ArgumentTypeError
        An argument is not of its kind, such as a regressor for a classifier, or a distance that is a class.

    Examples
    --------
    >>> import pandas as pd
    >>> reference = pd.DataFrame({"late": [0] * 800 + [1] * 200, "origin": ["JFK", "EWR"] * 500})
    >>> report = compare(reference, pd.DataFrame({"late": [0] * 600 + [1] * 400, "origin": ["JFK", "EWR"] * 500}))
    >>> print(report.summary())
    drift-comparison: passed (1 failed, 12 passed)
      ✗ failed  changed  late  2.718e-22 adjusted p-value  value 1 from 20.0 % to 40.0 % of rows
    >>> moved = next(f for f in report.findings if f.rule == "total-variation")
    >>> moved.columns, round(moved.value, 2), moved.interval[0] < 0.2 < moved.interval[1]
    (('late',), 0.2, True)
    """
    rng = generator(random_state)
    measures, classifier, views = _measures(distances), _scoring(classifier), listed(views)
    if isinstance(reference, (str, os.PathLike)):
        reference = Profile.scan(reference, views=views, random_state=rng)
    profile = reference
    if not isinstance(profile, Profile):
        reference = as_frame(reference, what="reference")
        profile = Profile.of(reference, views=views, random_state=rng)
    if isinstance(table, (str, os.PathLike)):
        table = Profile.scan(table, like=profile, views=views)
    if not isinstance(table, Profile):
        table = as_frame(table, what="table")
    current = counted(table, profile, views=views)
    weights = _weights(importance, profile)

    columns, pairs = changes_of_columns(profile, current), dict(changes_of_pairs(profile, current))
    remarks = list(_remarks(profile, current))
    found = _told_apart(reference, table, profile, classifier, rng) if classifier is not None else None
    tested = [*(change.p for change in [*columns.values(), *pairs.values()])]
    if isinstance(found, Separation):
        tested.append(found.p)
    adjusted = iter(benjamini_hochberg(tested).tolist() if tested else ())

    widest = max((len(column.cells) for column in profile.columns.values()), default=0)
    noise = Noise.of(widest, rng)
    parts = []
    for name, change in columns.items():
        sizes = list(_sizes(profile.columns[name], current.columns[name], measures, noise))
        parts.append(_part((name,), change, next(adjusted), sizes, weights[name]))
    parts.sort(key=lambda part: part[0], reverse=True)
    couples = []
    for names, change in pairs.items():
        lesser = min(weights[name] for name in names)
        couples.append(_part(names, change, next(adjusted), [_correlation(names, change)], lesser))
    couples.sort(key=lambda part: part[0], reverse=True)

    findings = [finding for _, part in [*parts, *couples] for finding in part]
    if isinstance(found, Separation):
        findings.insert(0, _classified(found, next(adjusted)))
    elif found is not None:
        findings.insert(0, found)
    findings += [*remarks, *new_columns(table, profile)]
    subjects = {"profile": profile.digest, "data": current.digest}
    return Comparison("drift-comparison", findings, subjects=subjects, time=clock())


def _weights(importance: Mapping[str, float] | None, profile: Profile) -> dict[str, float]:
    if importance is None:
        return dict.fromkeys(profile.columns, 1.0)
    if not hasattr(importance, "keys"):  # a Series is welcome, and no Mapping
        raise ArgumentTypeError(
            f"importance must be a mapping such as a dict, got {type(importance).__name__}",
            hint='for instance `importance={"age": 0.7, "city": 0.3}`.',
        )
    given = {name: importance[name] for name in importance.keys()}  # noqa: SIM118  # a Series iterates over values
    strangers = [name for name in given if name not in profile.columns]
    if strangers:
        raise ArgumentError(
            f"importance names {strangers[0]!r}, which is no column of the reference",
            hint="add up the importances of all features that were made of a column, under its name.",
        )
    for name, value in given.items():
        if not (isinstance(value, Real) and math.isfinite(value) and value >= 0):
            raise ArgumentError(f"the importance of {name!r} must be a number of at least 0, got {value!r}")
    return {name: float(given.get(name, 0.0)) for name in profile.columns}


def _measures(distances: Sequence[Distance]) -> tuple[Distance, ...]:
    if not isinstance(distances, Iterable) or isinstance(distances, str):
        raise ArgumentTypeError(
            f"distances must be a list of instances of Distance, got {distances!r}",
            hint="write `distances=[MyDistance()]`.",
        )
    measures = (*_DISTANCES, *distances)
    for distance in measures:
        if not isinstance(distance, Distance):
            raise ArgumentTypeError(
                f"distances must be instances of Distance, got {distance!r}",
                hint="write `distances=[MyDistance()]`; the usual five are there without naming them.",
            )
        for what in ("name", "unit"):
            if not isinstance(getattr(distance, what, None), str):
                raise ArgumentTypeError(
                    f"the distance {type(distance).__name__} has no {what}",
                    hint='set both in the class: `name, unit = "hellinger", "0 to 1"`.',
                )
    names = [*_RESERVED, *(distance.name for distance in measures)]
    twins = [name for name in names if names.count(name) > 1]
    if twins:
        raise ArgumentError(
            f"two distances are called {twins[0]!r}",
            hint=f"the usual five are there without naming them; a report also has {', '.join(_RESERVED)}.",
        )
    return measures


def _scoring(classifier: Any) -> Any:
    """Return a classifier that can be tried, None for no test."""
    if classifier is None or isinstance(classifier, bool):
        return classifier or None
    from sklearn.base import is_regressor  # noqa: PLC0415  # importing the package must not load it

    if isinstance(classifier, type) or not hasattr(classifier, "fit") or is_regressor(classifier):
        raise ArgumentTypeError(
            f"classifier must be True or a classifier of scikit-learn, got {classifier!r}",
            hint="pass an instance, such as `classifier=LogisticRegression()`, not a class, a name or a regressor.",
        )
    return classifier


Part = tuple[tuple[float, bool, float], list[Finding]]


def _part(columns: tuple[str, ...], change: Change, adjusted: float, sizes: list[Finding], weight: float) -> Part:
    """Return the findings of a column or pair, behind what they are sorted by: certain size, verdict, size."""
    failed = adjusted <= _FALSE_SHARE
    status = Finding(
        CHANGED,
        "failed" if failed else "passed",
        columns=columns,
        severity="warning",
        value=adjusted,
        unit="adjusted p-value",
        message=change.words,
    )
    certain = size = 0.0
    for finding in sizes:
        scale = _SIZED.get(finding.rule, 0.0) if len(columns) == 1 else 1.0
        if scale and finding.interval is not None and isinstance(finding.value, float):
            low, high = finding.interval
            certain = max(certain, scale * max(low, -high, 0.0))
            size = max(size, scale * abs(finding.value))
    return (weight * certain, failed, weight * size), [status, *sizes]


def _sizes(
    reference: NumericColumn | CategoryColumn,
    current: NumericColumn | CategoryColumn,
    distances: Sequence[Distance],
    noise: Noise,
) -> Iterator[Finding]:
    """Every distance of a column with its interval, then differences of shares."""
    before, after = reference.cells, current.cells
    if reference.kind != "datetime" and before.sum() and after.sum():
        draws = noise.drawn(before, after)
        for distance in distances:
            if distance.applies_to(reference):
                value, low, high = bounds(distance, reference, draws)
                yield _size(distance.name, (reference.name,), value, distance.unit, (low, high))
    sides = reference, current
    if not any("nulls" in side.unknown for side in sides):
        yield from _difference("null-share", reference.name, *((side.nulls, side.rows) for side in sides))
    if isinstance(reference, CategoryColumn) and isinstance(current, CategoryColumn):
        unseen = ((side.unseen, side.checked) for side in (reference, current))
        yield from _difference("unseen-share", reference.name, *unseen)
    elif isinstance(reference, NumericColumn) and isinstance(current, NumericColumn):
        infinite = [(side.infinities, side.rows - side.nulls) for side in (reference, current)]
        if any(count for count, _ in infinite) and not any("infinities" in side.unknown for side in sides):
            yield from _difference("infinite-share", reference.name, *infinite)


def _difference(rule: str, name: str, reference: tuple[int, int], current: tuple[int, int]) -> Iterator[Finding]:
    if reference[1] and current[1]:
        value, low, high = (100 * bound for bound in share_bounds(reference, current))
        yield _size(rule, (name,), value, "percentage points", (low, high))


def _correlation(names: tuple[str, str], change: Change) -> Finding:
    value, low, high = change.correlation or (math.nan, math.nan, math.nan)
    return _size("correlation", names, value, "difference of rank correlations", (low, high))


def _size(rule: str, columns: tuple[str, ...], value: float, unit: str, interval: tuple[float, float]) -> Finding:
    return Finding(
        rule,
        "passed",
        columns=columns,
        severity="info",
        value=value,
        unit=unit,
        interval=interval,
        certainty=_SURE,
    )


def _remarks(reference: Profile, current: Profile) -> Iterator[Finding]:
    """Say what could not be compared."""
    for what, profile in (("reference", reference), ("table", current)):
        if not profile.rows:
            yield Finding("rows", "not_enough_evidence", count=0, message=f"the {what} has no rows")
            return
    for name, column in current.columns.items():
        before = reference.columns[name]
        if not column.rows:
            yield Finding("column", "could_not_run", columns=(name,), message="the table does not have this column")
        elif before.kind != "datetime" and not (before.cells.sum() and column.cells.sum()):
            side = "table" if before.cells.sum() else "reference"
            words = f"no distances: in the {side} this column has no {'finite ' * (before.kind == 'float')}values"
            yield Finding("values", "not_enough_evidence", columns=(name,), severity="info", message=words)


def _told_apart(
    reference: Profile | pd.DataFrame,
    table: Profile | pd.DataFrame,
    profile: Profile,
    classifier: Any,
    rng: np.random.Generator,
) -> Separation | Finding:
    """Test by a classifier, or say why that could not be done."""
    if isinstance(reference, Profile) or isinstance(table, Profile):
        return _not_classified("a profile holds no rows: pass tables on both sides, or leave out `classifier=`")
    kinds = {
        name: column.kind
        for name, column in profile.columns.items()
        if column.kind != "datetime" and name in reference and name in table  # time moves on; that is not news
    }
    if not kinds:
        return _not_classified("the tables share no column that a classifier could use")
    try:
        return separated(reference, table, kinds, classifier=classifier, rng=rng)
    except NotEnoughEvidenceError as error:
        return replace(_not_classified(str(error).split("\n", maxsplit=1)[0]), status="not_enough_evidence")
    except Exception as error:  # noqa: BLE001  # a classifier that fails says nothing about the tables
        return _not_classified(f"the classifier failed: {type(error).__name__}: {error}")


def _not_classified(message: str) -> Finding:
    return Finding("classifier", "could_not_run", message=message)


def _classified(found: Separation, adjusted: float) -> Finding:
    failed = adjusted <= _FALSE_SHARE
    words = [
        f"a classifier {'tells' if failed else 'does not tell'} the tables apart (adjusted p-value {adjusted:.2g})"
    ]
    if failed and found.used:
        words.append(
            "shuffling columns, the area falls by " + ", ".join(f"{v:.2g} for {n!r}" for n, v in found.used.items())
        )
    return Finding(
        "classifier",
        "failed" if failed else "passed",
        columns=tuple(found.used) if failed else (),
        severity="warning",
        count=found.rows,
        value=found.auc,
        unit="area under the ROC curve",
        interval=(found.low, found.high),
        certainty=_SURE,
        message="; ".join(words),
    )
