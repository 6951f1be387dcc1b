"""What every output of a model must be: as many as rows, finite, and probabilities where it says so."""

from __future__ import annotations

from typing import Any

import numpy as np

from maturekit.deployment.call import rows_of

__all__ = ["faults_of"]

_ROUNDING = 1e-4
"""How far probabilities and their sum may be from where they belong, as single precision needs."""


def faults_of(values: Any, *, rows: int, method: str, classes: Any = None) -> dict[int, tuple[str, ...]]:
    """Return for each row whose output is unusable why; one of wrong shape makes all of them unusable.

    >>> import numpy as np
    >>> faults_of(np.array([0.5, np.nan]), rows=2, method="predict")
    {1: ('output:finite',)}
    >>> faults_of(np.array([[0.5, 0.5], [0.9, 0.3]]), rows=2, method="predict_proba", classes=[0, 1])
    {1: ('output:sum',)}
    >>> faults_of(np.array([0.5]), rows=2, method="predict")
    {0: ('output:length',), 1: ('output:length',)}
    """
    if isinstance(values, list) or method == "transform":
        return {}  # several outputs, or features: there is no common rule
    if rows_of(values) != rows:
        return dict.fromkeys(range(rows), ("output:length",))
    array = np.asarray(values)
    bad: dict[str, Any] = {}
    if array.dtype.kind == "f" and method != "predict_log_proba":  # the logarithm of an impossible class is infinite
        bad["output:finite"] = ~np.isfinite(array.reshape(rows, -1)).all(axis=1)
    if method == "predict_proba":
        if array.ndim != 2 or (classes is not None and array.shape[1] != len(classes)):
            return dict.fromkeys(range(rows), ("output:shape",))
        bad["output:range"] = ((array < -_ROUNDING) | (array > 1.0 + _ROUNDING)).any(axis=1)
        bad["output:sum"] = np.abs(array.sum(axis=1) - 1.0) > _ROUNDING
    faults: dict[int, tuple[str, ...]] = {}
    for rule, rows_broken in bad.items():
        for row in np.flatnonzero(rows_broken).tolist():
            faults[row] = (*faults.get(row, ()), rule)
    return faults
