"""From a log of predictions with labels to the loss of each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from maturekit.errors import ArgumentTypeError, NotFoundError
from maturekit.statistics import Accuracy, RowMetric, as_metric, is_positive

__all__ = ["LossLike", "keys_in", "losses_of"]

LossLike = RowMetric | str | Callable[[pd.DataFrame], ArrayLike]
"""A metric that is a mean of rows, its name, or a function of rows of `Log.frame()` that returns a loss for each."""


def losses_of(frame: pd.DataFrame, loss: LossLike, *, worst: float, positive: Any = None) -> NDArray[np.float64]:
    """Return the loss of every labelled row; `worst` where the model gave no answer.

    >>> frame = pd.DataFrame({"prediction": [1, 0, None], "label": [1, 1, 0]}, dtype="Int64")
    >>> losses_of(frame, "accuracy", worst=1.0).tolist()
    [0.0, 1.0, 1.0]
    """
    if not isinstance(loss, (RowMetric, str)):
        return np.asarray(loss(frame), dtype=np.float64)
    metric: Any = as_metric(loss)  # type: ignore[arg-type]  # an unknown name is refused there
    if not isinstance(metric, RowMetric):
        raise ArgumentTypeError(
            f"{metric!r} has no loss of a single row", hint="pass 'accuracy', 'neg_brier_score', ... or a function."
        )
    column = "score" if metric.reads == "score" else "prediction"
    answered = frame[column].notna().to_numpy(dtype=bool)
    right: NDArray[Any] = frame["label"].to_numpy(dtype=object)
    said: NDArray[Any] = frame[column].to_numpy(dtype=object)[answered]
    truth = is_positive(right, positive)[answered] if metric.binary else right[answered]
    if metric.reads != "label":
        said = said.astype(np.float64)
        truth = truth if metric.binary else truth.astype(np.float64)
    losses = np.full(len(frame), worst)
    best = 1.0 if isinstance(metric, Accuracy) else 0.0
    losses[answered] = best - np.asarray(metric.rows(truth, said), dtype=np.float64)
    return losses


def keys_in(frame: pd.DataFrame, key: str) -> pd.Series:
    """Return the column of a log that holds the key: a key column, or an input."""
    for name in (key, f"input.{key}"):
        if name in frame.columns:
            return frame[name]
    raise NotFoundError(f"the log has no column {key!r}", name=key, hint=f"record it: `Recorded(..., key={key!r})`.")
