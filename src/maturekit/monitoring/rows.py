"""The rows of a log, as a metric reads them: which were answered, which have a label, and what both say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maturekit._core.frames import Table, as_frame
from maturekit.errors import TableError
from maturekit.predictions import Log
from maturekit.statistics import Metric, is_positive

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Labelled", "answered", "labelled", "rows_of"]

_NEEDED = ("time", "prediction", "score", "label")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Truth and answers of the rows that have both, in the order of the frame.

    Examples
    --------
    >>> Labelled(truth=[True], answers=[0.7], rows=[0]).answers
    [0.7]
    """

    truth: NDArray[Any]
    answers: NDArray[Any]
    rows: NDArray[np.intp]
    """Their row numbers in the frame they came from."""


def rows_of(log: Log | Table) -> pd.DataFrame:
    """Return the predictions of a log, or the frame that was read from one.

    >>> import pandas as pd
    >>> rows_of(pd.DataFrame({"time": []}))
    Traceback (most recent call last):
    maturekit.errors.TableError: the log lacks the columns 'prediction', 'score', 'label'
    <BLANKLINE>
    Hint: pass a `predictions.Log`, or rows of its `frame()`.
    """
    frame = log.frame() if isinstance(log, Log) else as_frame(log, what="log")
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        raise TableError(
            f"the log lacks the columns {', '.join(map(repr, missing))}",
            hint="pass a `predictions.Log`, or rows of its `frame()`.",
        )
    return frame


def answered(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows got an answer at all; the others were rejected.

    >>> import pandas as pd
    >>> answered(pd.DataFrame({"prediction": [1, None, None], "score": [0.7, 0.2, None]})).tolist()
    [True, True, False]
    """
    return (frame["prediction"].notna() | frame["score"].notna()).to_numpy(dtype=bool)


def labelled(frame: pd.DataFrame, metric: Metric, positive: Any) -> Labelled:
    """Return truth and answers of the rows whose label is known, as the metric reads them.

    >>> import pandas as pd
    >>> from maturekit.statistics import RocAuc
    >>> found = labelled(pd.DataFrame({"label": [1, None, 0], "score": [0.7, 0.2, None]}), RocAuc(), None)
    >>> found.truth.tolist(), found.answers.tolist(), found.rows.tolist()
    ([True], [0.7], [0])
    """
    answer = frame["score" if metric.reads == "score" else "prediction"]
    rows = (frame["label"].notna() & answer.notna()).to_numpy(dtype=bool).nonzero()[0]
    truth = frame["label"].to_numpy(dtype=object)[rows]
    answers = answer.to_numpy(dtype=object)[rows]
    if metric.binary:
        truth = is_positive(truth, positive)
        if metric.reads == "label":
            answers = is_positive(answers, positive, what="predictions")
    return Labelled(truth, answers if metric.reads == "label" else answers.astype(float), rows)
