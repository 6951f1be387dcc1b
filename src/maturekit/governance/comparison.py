"""Champion against challenger: on the same rows, with an interval, bound to both versions and the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, NotEnoughEvidenceError
from maturekit.governance.answers import answers_of
from maturekit.registry import fingerprint
from maturekit.reports import Finding, Report
from maturekit.statistics import Metric, MetricLike, as_metric, is_positive, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from maturekit.registry import Version

__all__ = ["compare"]


def compare(
    champion: Version,
    challenger: Version,
    frame: Table,
    labels: ArrayLike,
    *,
    metric: MetricLike = "roc_auc",
    units: ArrayLike | None = None,
    margin: float = 0.0,
    confidence: float = 0.95,
    positive: Any = None,
    trust: Iterable[str] = (),
    clock: Clock = utc_now,
) -> Report:
    """Let two versions answer the same rows, and return how much better the challenger is, with an interval.

    The report, of kind ``"comparison"``, is bound to the digests of both versions and of the data. Attach it to the
    challenger, and the gate `BetterThanChampion` reads it.

    Parameters
    ----------
    champion, challenger : Version
        Two versions of a registry. Their models are loaded, and receive the features of their own contracts.
    frame : table, n rows
        Rows that neither model was trained on; those whose fingerprint a version was registered with are refused.
    labels : array, shape (n,)
        What was right, row by row, by position. Rows without a label are left out and counted.
    metric : Metric, name of a scikit-learn scorer, or function, default "roc_auc"
        Greater is better.
    units : array, shape (n,), optional
        What is independent where rows are not: the date of each row, or its customer. Flights of one day share its
        weather; a comparison that takes them for independent calls luck a proof.
    margin : float, default 0.0
        *Passed* means better by more than this. Negative: how much worse the challenger may be.
    confidence : float, default 0.95
        How often the interval contains the true difference. Without true gain over the margin, *passed* comes out at
        most in a share ``(1 - confidence) / 2`` of comparisons; rows, or else units, must be independent.
    positive : label, optional
        Which label is positive; needed by metrics of two classes unless labels are 0 and 1.
    trust : iterable of str
        Passed to `Version.load`.
    clock : callable, optional
        Returns the time of the report.

    Returns
    -------
    Report
        Findings ``difference:<metric>``, ``champion:<metric>``, ``challenger:<metric>``, ``base-rate`` and
        ``unlabelled``; only the first decides, as *passed*, *failed* or *not enough evidence*.

    Examples
    --------
    Two rules about the same hundred numbers, of which every one above 50 is late:

    >>> import numpy as np, pandas as pd
    >>> from sklearn.linear_model import LogisticRegression
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> frame = pd.DataFrame({"x": np.arange(100.0), "noise": np.arange(100.0) % 7})
    >>> late = (frame["x"] > 50).to_numpy()
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> weak = registry.register("late", LogisticRegression().fit(frame[["noise"]], late))
    >>> strong = registry.register("late", LogisticRegression().fit(frame[["x"]], late))
    >>> compare(weak, strong, frame, late).verdict
    'passed'
    >>> compare(strong, weak, frame, late).verdict
    'failed'
    """
    judge = as_metric(metric)
    if champion.digest == challenger.digest:
        raise ArgumentError(f"{challenger.reference} cannot be compared with itself")
    table = as_frame(frame)
    everything = _per_row(labels, rows=len(table), what="labels")
    subjects = {
        "champion": champion.digest,
        "challenger": challenger.digest,
        "data": fingerprint(table),
        "labels": fingerprint(pd.DataFrame({"label": everything})),
    }
    for version in (champion, challenger):
        if version.fingerprint == subjects["data"]:
            raise ArgumentError(
                f"{version.reference} was trained on these very rows",
                hint="compare on rows that neither model has seen.",
            )
    known = ~np.asarray(pd.isna(everything), dtype=bool)
    groups = None if units is None else _per_row(units, rows=len(table), what="units")[known]
    table, right, unlabelled = table[known], everything[known], int((~known).sum())
    truth = is_positive(right, positive) if judge.binary else right
    first, second = (
        answers_of(version, table, judge, positive=positive, trust=trust) for version in (champion, challenger)
    )
    findings = [
        _difference(judge, truth, (first, second), units=groups, margin=margin, confidence=confidence),
        _single(f"champion:{judge.name}", judge, truth, first, units=groups, confidence=confidence),
        _single(f"challenger:{judge.name}", judge, truth, second, units=groups, confidence=confidence),
        *_base_rate(judge, truth, confidence),
        Finding("unlabelled", "passed", severity="info", count=unlabelled, share=unlabelled / max(len(known), 1)),
    ]
    return Report("comparison", findings, subjects=subjects, time=clock())


def _per_row(values: ArrayLike, *, rows: int, what: str) -> NDArray[Any]:
    array = values.to_numpy(dtype=object) if isinstance(values, pd.Series) else np.asarray(values)
    if array.shape != (rows,):
        raise ArgumentError(
            f"{what} must be one for each of {rows} rows, got an array of shape {array.shape}",
            hint="they are matched by position, not by index label.",
        )
    return array


def _difference(
    metric: Metric,
    truth: ArrayLike,
    answers: tuple[ArrayLike, ArrayLike],
    *,
    units: ArrayLike | None,
    margin: float,
    confidence: float,
) -> Finding:
    rule, unit = f"difference:{metric.name}", f"{metric.name}, challenger - champion"
    try:
        gain = metric.difference(truth, *answers, units=units, confidence=confidence)
    except NotEnoughEvidenceError as error:
        return Finding(rule, "not_enough_evidence", unit=unit, message=error.message)
    return gain.finding(rule, gain.above(margin), unit=unit, message=f"must be above {margin:g}")


def _single(
    rule: str, metric: Metric, truth: ArrayLike, answers: ArrayLike, *, units: ArrayLike | None, confidence: float
) -> Finding:
    try:
        found = metric.interval(truth, answers, units=units, confidence=confidence)
    except NotEnoughEvidenceError as error:
        return Finding(rule, "not_enough_evidence", severity="info", unit=metric.name, message=error.message)
    return found.finding(rule, unit=metric.name, severity="info")


def _base_rate(metric: Metric, truth: NDArray[Any], confidence: float) -> Iterator[Finding]:
    if metric.binary and len(truth):
        rate = share(int(truth.sum()), len(truth), confidence=confidence)
        yield rate.finding("base-rate", unit="share of positive labels", severity="info")
