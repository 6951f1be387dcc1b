"""Realised performance: what the answers were worth, once the truth is known, period by period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table
from maturekit.errors import NotEnoughEvidenceError, NotFoundError
from maturekit.monitoring.report import PerformanceReport
from maturekit.monitoring.rows import Labelled, answered, labelled, rows_of
from maturekit.predictions import Log
from maturekit.reports import Finding
from maturekit.statistics import Metric, MetricLike, as_metric, jackknife, mean, share

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["performance"]

_CALENDAR = {"month": "%Y-%m", "week": "%G-W%V", "day": "%Y-%m-%d"}


def performance(
    log: Log | Table,
    metric: MetricLike = "roc_auc",
    by: Literal["month", "week", "day"] | str = "month",  # noqa: PYI051  # the literals tell a reader what is special
    *,
    positive: Any = None,
    units: Literal["month", "week", "day"] | str | None = None,  # noqa: PYI051  # as above
    confidence: float = 0.95,
    clock: Clock = utc_now,
) -> PerformanceReport:
    """Return how good the recorded answers were, for each period or group, with the base rate beside it.

    A metric that falls while the base rate moves may not be the model's fault; read both. Rows without a label yet,
    and rows that were rejected, are counted apart. Each recorded row counts once: where a service recorded several
    calls about the same row, pass the part of `Log.frame` that shall count.

    Parameters
    ----------
    log : Log, or table
        The log of predictions, or rows of its `frame()`.
    metric : Metric, name of a scikit-learn scorer, or function, default "roc_auc"
        Greater is better. A function takes true and predicted labels and is bootstrapped.
    by : {"month", "week", "day"} or name of a column, default "month"
        Calendar periods (UTC; ISO weeks) of the time of the prediction, or the values of a column of the log, such as
        ``"version"`` or ``"input.carrier"``; these values stand in the report.
    positive : label, optional
        Which label is positive; needed by metrics of two classes unless labels are 0 and 1.
    units : {"month", "week", "day"} or name of a column, optional
        What is independent where rows are not: flights of one day share its weather. Intervals are then wider, and
        right (`statistics.jackknife`).
    confidence : float, default 0.95
        How often an interval contains the true value; rows, or else units, must be independent.
    clock : callable, optional
        Returns the time of the report.

    Returns
    -------
    PerformanceReport
        Of kind ``"performance"``. For each period, which stands in `Finding.columns`: the metric (*not enough
        evidence* where labels are too few, *could not run* where no score was recorded), ``base-rate`` (share of the
        positive label, of the most frequent label, or mean label), ``unlabelled`` and ``rejected``.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.predictions import Entry, Log
    >>> from maturekit.storage import MemoryStore
    >>> log = Log(MemoryStore())
    >>> flights = pd.DataFrame({"flight": list("abcd")})
    >>> log.write(Entry(flights, key={"flight": flights["flight"]}, prediction=[0, 1, 1, 1], score=[0.2, 0.7, 0.9, 0.6]))
    >>> log.label(pd.DataFrame({"flight": list("abc"), "late": [0, 1, 0]}), column="late")
    3
    >>> report = performance(log, metric="accuracy", by="month")
    >>> report.by_period()[["value", "base_rate", "labelled", "unlabelled"]].round(2).values.tolist()
    [[0.67, 0.67, 3.0, 1.0]]
    """
    judge = as_metric(metric)
    frame = rows_of(log)
    findings = [
        finding
        for group, rows in frame.groupby(_groups(frame, by), sort=False)
        for finding in _group(str(group), rows, judge, positive=positive, units=units, confidence=confidence)
    ]
    if not findings:
        findings = [Finding(judge.name, "not_enough_evidence", severity="info", message="the log holds no predictions")]
    subjects = {"metric": judge.name, "by": by} | _only_version(frame)
    return PerformanceReport("performance", findings, subjects=subjects, time=clock())


def _groups(frame: pd.DataFrame, by: str) -> NDArray[Any]:
    if by in _CALENDAR:
        return np.asarray(pd.to_datetime(frame["time"], utc=True).dt.strftime(_CALENDAR[by]), dtype=object)
    if by not in frame.columns:
        raise NotFoundError.named("column of the log", by, known=[*_CALENDAR, *frame.columns])
    return np.array(
        ["missing" if null else str(value) for value, null in zip(frame[by], frame[by].isna(), strict=True)]
    )


def _group(
    group: str, rows: pd.DataFrame, metric: Metric, *, positive: Any, units: str | None, confidence: float
) -> Iterator[Finding]:
    got = answered(rows)
    known = labelled(rows, metric, positive)
    within = None if units is None else _groups(rows, units)[known.rows]
    if metric.reads == "score" and got.any() and rows["score"].isna().all():
        message = "no score was recorded; record `predict_proba`, or judge by a metric of labels"
        yield Finding(metric.name, "could_not_run", columns=(group,), severity="info", count=0, message=message)
    else:
        yield _metric(group, known, metric, within, confidence)
    yield from _base_rate(group, known, metric, within, confidence)
    waiting = int((got & rows["label"].isna().to_numpy(dtype=bool)).sum())
    yield _count(group, "unlabelled", waiting, int(got.sum()))
    yield _count(group, "rejected", int((~got).sum()), len(rows))


def _metric(group: str, known: Labelled, metric: Metric, units: NDArray[Any] | None, confidence: float) -> Finding:
    try:
        found = metric.interval(known.truth, known.answers, units=units, confidence=confidence)
    except NotEnoughEvidenceError as error:
        return Finding(
            metric.name,
            "not_enough_evidence",
            columns=(group,),
            severity="info",
            count=len(known.truth),
            message=error.message,
        )
    return found.finding(metric.name, columns=(group,), severity="info", unit=metric.name)


def _base_rate(
    group: str, known: Labelled, metric: Metric, units: NDArray[Any] | None, confidence: float
) -> Iterator[Finding]:
    if metric.binary:
        hits, unit = known.truth.astype(bool), "share of positive labels"
    elif metric.reads == "label":
        most, _ = max(Counter(known.truth.tolist()).items(), key=lambda item: item[1], default=(None, 0))
        hits, unit = np.asarray(known.truth == most, dtype=bool), "share of the most frequent label"
    else:
        hits, unit = known.truth.astype(float), "mean label"
    try:
        if units is not None:
            rate = jackknife(lambda rows: float(hits[rows].mean()), units, confidence=confidence)
        elif hits.dtype == np.bool_:
            rate = share(int(hits.sum()), len(hits), confidence=confidence)
        else:
            rate = mean(hits, confidence=confidence)
    except NotEnoughEvidenceError:
        return  # the finding of the metric says it
    yield rate.finding("base-rate", columns=(group,), severity="info", unit=unit)


def _count(group: str, rule: str, count: int, total: int) -> Finding:
    return Finding(
        rule, "passed", columns=(group,), severity="info", count=count, share=count / total if total else 0.0
    )


def _only_version(frame: pd.DataFrame) -> dict[str, str]:
    if "digest" not in frame.columns:
        return {}
    digests = frame["digest"].dropna().unique()
    return {"version": str(digests[0])} if len(digests) == 1 else {}
