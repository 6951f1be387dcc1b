"""What the parts of a stored model must satisfy before compiled code follows them without looking."""

from __future__ import annotations

from typing import Any

import numpy as np

from maturekit.errors import UntrustedError

__all__ = ["count", "demand", "indices", "numbers"]


def demand(what: str, *claims: bool) -> None:
    """Raise `UntrustedError` unless every claim about a part of the file is true.

    Parameters
    ----------
    what : str
        The part, with its article.
    *claims : bool
        What must hold of it.

    Examples
    --------
    >>> demand("a tree", 1 < 2)
    >>> demand("a tree", 1 < 2, 2 < 1)
    Traceback (most recent call last):
    maturekit.errors.UntrustedError: a tree in the file is damaged or forged: its parts do not fit together
    <BLANKLINE>
    Hint: using it could crash the process; take the model from a copy that you trust.
    """
    if not all(claims):
        raise UntrustedError(
            f"{what} in the file is damaged or forged: its parts do not fit together",
            hint="using it could crash the process; take the model from a copy that you trust.",
        )


def numbers(array: Any, *shape: int | None) -> bool:
    """Return whether something is an array of floating point numbers of this shape; None stands for any length.

    >>> numbers(np.zeros((2, 3)), 2, None), numbers(np.zeros(2), 3), numbers([0.0], 1), numbers(np.zeros(2, int), 2)
    (True, False, False, False)
    """
    return (
        type(array) is np.ndarray
        and array.dtype.kind == "f"
        and array.ndim == len(shape)
        and all(side in {None, length} for side, length in zip(shape, array.shape, strict=True))
    )


def indices(array: Any, *, below: int, length: int | None = None) -> bool:
    """Return whether something is a row of whole numbers from 0 to `below`, and has this length if one is given.

    >>> indices(np.array([0, 2]), below=3), indices(np.array([0, 3]), below=3), indices(np.array([0]), below=3, length=2)
    (True, False, False)
    """
    return (
        type(array) is np.ndarray
        and array.ndim == 1
        and array.dtype.kind in "iu"
        and length in {None, len(array)}
        and (len(array) == 0 or (int(array.min()) >= 0 and int(array.max()) < below))
    )


def count(model: Any, name: str = "n_features_in_") -> int:
    """Return a whole number that an estimator holds, or -1, which fits nothing.

    >>> from types import SimpleNamespace
    >>> count(SimpleNamespace(n_features_in_=3)), count(SimpleNamespace(n_features_in_="3")), count(SimpleNamespace())
    (3, -1, -1)
    """
    value = vars(model).get(name)
    whole = isinstance(value, (int, np.integer)) and type(value) is not bool
    return int(value) if whole and value >= 0 else -1
