"""Which label counts as positive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["is_positive"]


def is_positive(labels: ArrayLike, positive: Any = None, *, what: str = "labels") -> NDArray[np.bool_]:
    """Return which labels are the positive class; without `positive`, labels must be 0 and 1, or bools.

    Examples
    --------
    >>> is_positive([0, 1, True, 0.0]).tolist()
    [False, True, True, False]
    >>> is_positive(["late", "on time"], "late").tolist()
    [True, False]
    >>> is_positive(["late", "on time"])
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: which of the labels is positive? found 'late', 'on time'
    <BLANKLINE>
    Hint: say it, such as `positive='late'`.
    """
    array = np.asarray(labels)
    if array.dtype.kind in "US":
        array = np.array(labels, dtype=object)  # numpy made text of a list of text and numbers; they are never equal
    if positive is not None:
        return np.asarray(array == positive, dtype=bool)
    kinds = np.unique(array).tolist() if array.dtype.kind in "biuf" else list(dict.fromkeys(array.tolist()))
    strangers = sorted(repr(label) for label in kinds if isinstance(label, str) or label not in {0, 1})
    if strangers:
        raise ArgumentError(
            f"which of the {what} is positive? found {', '.join(strangers[:5])}",
            hint=f"say it, such as `positive={strangers[0]}`.",
        )
    return np.asarray(array.astype(np.float64) == 1.0)
