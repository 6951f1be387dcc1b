"""Losses as a column, so that `drift.Monitor` watches them like any other: a change of what x says about y."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maturekit._core.frames import Table
from maturekit.errors import ArgumentError
from maturekit.monitoring.rows import labelled, rows_of
from maturekit.predictions import Log
from maturekit.statistics import MetricLike, RowMetric, as_metric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["losses"]


def losses(log: Log | Table, metric: MetricLike = "neg_brier_score", *, positive: Any = None) -> pd.DataFrame:
    """Return the rows whose label is known, with the loss of each; smaller is better.

    Give the column ``loss`` of an early span to `Profile.of` and that of every later batch to a `drift.Monitor`: an
    alarm then says that answers became worse, or better, although no input moved.

    Parameters
    ----------
    log : Log, or table
        The log of predictions, or rows of its `frame()`.
    metric : RowMetric or the name of one, default "neg_brier_score"
        A metric that is a mean over rows; the loss is its negative.
    positive : label, optional
        Which label is positive; needed by metrics of two classes unless labels are 0 and 1.

    Returns
    -------
    DataFrame
        The rows of the log that have a label and an answer, with all its columns and ``loss`` (float64).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"time": [1, 2, 3], "prediction": [1, 1, 0], "score": [0.9, 0.6, 0.2], "label": [1, 0, None]})
    >>> losses(rows)["loss"].round(2).tolist()
    [0.01, 0.36]
    """
    judge = as_metric(metric)
    if not isinstance(judge, RowMetric):
        raise ArgumentError(
            f"{judge.name} is not a mean over rows, so that rows have no loss of their own",
            hint="use 'neg_brier_score', 'neg_log_loss', 'accuracy', or your own `statistics.RowMetric`.",
        )
    frame = rows_of(log)
    known = labelled(frame, judge, positive)
    return frame.iloc[known.rows].assign(loss=-judge.rows(known.truth, known.answers))
