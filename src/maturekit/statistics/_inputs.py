"""What a statistic takes, checked: enough rows, a truth of 0 and 1, numbers that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maturekit.errors import ArgumentError, NotEnoughEvidenceError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["classes", "numbers", "require_rows"]


def require_rows(n: int, least: int, *, what: str) -> None:
    """Raise `NotEnoughEvidenceError` when there are fewer than `least` rows.

    >>> require_rows(1, 2, what="a mean")
    Traceback (most recent call last):
    maturekit.errors.NotEnoughEvidenceError: a mean needs at least 2 rows, got 1
    """
    if n < least:
        raise NotEnoughEvidenceError(f"{what} needs at least {least} row{'s' if least > 1 else ''}, got {n}")


def numbers(values: ArrayLike, *, what: str, rows: int | None = None) -> NDArray[np.float64]:
    """Return one finite float64 a row, as many as `rows` says.

    >>> numbers([1.0, float("nan")], what="scores")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: 1 of 2 scores are missing or infinite
    <BLANKLINE>
    Hint: leave such rows out, and say how many.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{what} must be numbers: {error}") from error
    if array.ndim != 1 or (rows is not None and len(array) != rows):
        wish = "one number a row" if rows is None else f"one number for each of {rows} rows"
        raise ArgumentError(f"{what} must be {wish}, got an array of shape {array.shape}")
    strange = int((~np.isfinite(array)).sum())
    if strange:
        raise ArgumentError(
            f"{strange} of {len(array)} {what} are missing or infinite",
            hint="leave such rows out, and say how many.",
        )
    return array


def classes(values: ArrayLike, *, what: str, rows: int | None = None) -> NDArray[np.bool_]:
    """Return one bool a row from bools, or from 0 and 1.

    >>> classes([0, 1, 2], what="truth")
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: truth must be one 0 or 1 a row
    <BLANKLINE>
    Hint: pass `labels == positive` for labels of another kind.
    """
    array = np.asarray(values)
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "biuf") or not np.isin(array, (0, 1)).all():
        raise ArgumentError(
            f"{what} must be one 0 or 1 a row", hint="pass `labels == positive` for labels of another kind."
        )
    if rows is not None and len(array) != rows:
        raise ArgumentError(f"{what} must be of {rows} rows, got {len(array)}")
    return array.astype(bool)
