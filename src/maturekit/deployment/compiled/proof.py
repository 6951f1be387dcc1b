"""A compiled function beside the model itself: it may be used if it says the same wherever it says anything."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import RowFunction
from maturekit.deployment.compiled.compiler import NotCompiled

__all__ = ["proven"]

_TAME = 1e12
"""A record with a larger number is an extreme one."""

_TOLERANCE = 1e-12
"""How far two answers may be apart, as a share of their size; labels must be the same."""


def proven(
    function: RowFunction,
    ask: Callable[[Sequence[tuple[Any, ...]]], Any],
    records: Iterable[tuple[Any, ...]],
    *,
    has_labels: bool,
) -> tuple[np.dtype[Any], int]:
    """Return the dtype of the model's answers, and for how many records both gave the same; else raise `NotCompiled`.

    Parameters
    ----------
    function : callable
        From the values of one record to an answer; it may raise anything for records that it leaves to the model.
    ask : callable
        The model: from records to an array of answers.
    records : iterable of tuples
        Records to compare.
    has_labels : bool
        Whether answers are labels rather than measurements.

    Examples
    --------
    >>> proven(lambda values: values[0] * 2.0, lambda rows: np.array(rows)[:, 0] + 1.0, [(1.0,), (3.0,)], has_labels=False)
    Traceback (most recent call last):
    maturekit.deployment.compiled.compiler.NotCompiled: compiled code answered 1 of 2 records differently, by up to 2
    """
    asked, answers = [], []
    for record in records:
        try:
            answers.append(function(record))
        except Exception:  # noqa: BLE001, S112  # whatever it is, this record is left to the model
            continue
        asked.append(record)
    if not asked:
        raise NotCompiled("compiled code could answer none of the records that it was tried on")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about values that nobody asked for
        try:
            wanted = np.asarray(ask(asked))
        except Exception as error:
            raise NotCompiled(
                f"compiled code answered records for which the model raised {type(error).__name__}"
            ) from error
    try:
        given = np.array(answers, dtype=wanted.dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotCompiled("compiled code gave answers of another type") from error
    if given.shape != wanted.shape:
        raise NotCompiled(f"compiled code gave answers of the shape {given.shape[1:]}, the model {wanted.shape[1:]}")
    if has_labels or wanted.dtype.kind != "f":
        apart = given != wanted
        if apart.any():
            raise NotCompiled(
                f"compiled code answered {np.count_nonzero(apart)} of {len(asked)} records with another label"
            )
    else:
        _check_near(given, wanted, np.array([_is_tame(record) for record in asked]))
    return wanted.dtype, len(asked)


def _check_near(given: Any, wanted: Any, tame: Any) -> None:
    """Compare answers; small ones may be as far apart as those of the usual size, where large terms cancel out.

    What is usual among extreme records must not excuse the others, nor must infinity excuse anything.
    """
    sizes = np.abs(np.where(np.isfinite(wanted), wanted, 0.0).reshape(len(wanted), -1)).max(axis=1)
    usual = np.where(tame, np.median(sizes[tame]) if tame.any() else 0.0, np.median(sizes))
    allowed = _TOLERANCE * np.maximum(sizes, usual)
    differences = np.abs(given - wanted).reshape(len(wanted), -1).max(axis=1)
    apart = ~(differences <= allowed)  # NaN is never near
    if apart.any():
        raise NotCompiled(
            f"compiled code answered {np.count_nonzero(apart)} of {len(wanted)} records differently, "
            f"by up to {differences[apart].max():.3g}"
        )


def _is_tame(record: Sequence[Any]) -> bool:
    return all(not abs(value) > _TAME for value in record if isinstance(value, (int, float)))
