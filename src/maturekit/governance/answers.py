"""What the model of a version answers to the rows of a frame, as the metric reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maturekit.errors import ArgumentError, TableError
from maturekit.statistics import Metric, is_positive

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import ArrayLike

    from maturekit.registry import Version

__all__ = ["answers_of"]


def answers_of(
    version: Version, frame: pd.DataFrame, metric: Metric, *, positive: Any = None, trust: Iterable[Any] = ()
) -> ArrayLike:
    """Return one answer a row: scores of the positive class, labels (1 for positive where binary), or numbers.

    The model receives the features of the version's own contract; without one, the columns it was fitted on.
    """
    model = version.load(trust=trust)
    rows = _features(version, model, frame)
    if rows.empty:
        return []  # scikit-learn refuses tables without rows
    try:
        if metric.reads == "score":
            return _scores(model, rows, positive)
        answers: ArrayLike = model.predict(rows)
    except Exception as error:
        error.add_note(f"raised while {version.reference} answered {len(frame)} rows of the comparison")
        raise
    return is_positive(answers, positive, what="answers") if metric.binary else answers


def _features(version: Version, model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    if version.schema is not None:
        names = list(version.schema.features)
    else:
        names = list(getattr(model, "feature_names_in_", frame.columns))
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise TableError(
            f"frame lacks columns that {version.reference} reads: {', '.join(map(repr, missing[:5]))}",
            hint="compare on rows that carry the features of both versions.",
        )
    return frame[names]


def _scores(model: Any, rows: pd.DataFrame, positive: Any) -> ArrayLike:
    known = list(getattr(model, "classes_", ()))
    flags = is_positive(known, positive, what="classes").tolist()
    if len(known) != 2 or sum(flags) != 1:
        raise ArgumentError(
            f"a metric of two classes needs a model of two classes, one of them {positive!r}; it has {known}",
            hint="pass `positive=` as it stands in `model.classes_`.",
        )
    column = flags.index(True)
    if hasattr(model, "predict_proba"):
        scores: ArrayLike = model.predict_proba(rows)[:, column]
        return scores
    margins = model.decision_function(rows)  # of the second class, as scikit-learn defines it
    return margins if column == 1 else -margins  # type: ignore[no-any-return]  # a model is Any
