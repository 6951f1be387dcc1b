"""What two models said to the same rows, compared and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.deployment.answer import Answer
from maturekit.deployment.values import is_by_output, taken
from maturekit.reports import Finding, Report, Status
from maturekit.statistics import share

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Compared", "Pair", "Tally", "compared"]

_PAIRS = 8


@dataclass(slots=True)
class Compared:
    """Counts and sums over rows that two models were asked about; they add up."""

    calls: int = 0
    rows: int = 0
    agreed: int = 0
    differed: int = 0
    alone: int = 0
    """Rows that one of the two answered, and the other did not."""
    incomparable: int = 0
    """Rows for which the two returned things of different shape."""
    numbers: int = 0
    """Rows whose difference is a finite number; its sizes add up to `absolute`."""
    absolute: float = 0.0
    signed: int = 0
    """Those of them with one number a row, or the probabilities of two classes; what has a sign adds up to `total`."""
    total: float = 0.0
    seconds: float = 0.0
    """Time of the champion."""
    aside: float = 0.0
    """Time of the challenger."""

    def add(self, other: Compared) -> None:
        """Take in another one."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def compared(answer: Answer, other: Answer, *, tolerance: float) -> Compared:
    """Compare a champion's answer with a challenger's: numbers within a tolerance, everything else exactly.

    >>> champion = Answer(np.array([1.0, 2.0, 3.0]), rows=3)
    >>> found = compared(champion, Answer(np.array([1.0, 2.5]), rows=3, places=np.array([0, 1])), tolerance=0.0)
    >>> found.agreed, found.differed, found.alone, found.total
    (1, 1, 1, 0.5)
    """
    mine, theirs = _places(answer), _places(other)
    both, at, there = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    found = Compared(calls=1, rows=answer.rows, alone=len(mine) + len(theirs) - 2 * len(both))
    if len(both):
        whole = len(both) == len(mine) == len(theirs)
        first, second = (
            (answer.values, other.values) if whole else (taken(answer.values, at), taken(other.values, there))
        )
        _compare(found, _table(first), _table(second), answer.method, tolerance)
    return found


def _compare(found: Compared, first: NDArray[Any], second: NDArray[Any], method: str, tolerance: float) -> None:
    if first.shape != second.shape:
        found.incomparable = min(len(first), len(second))
        return
    if "f" not in first.dtype.kind + second.dtype.kind or not all(
        each.dtype.kind in "biuf" for each in (first, second)
    ):
        same = _same(first.astype(object), second.astype(object)).all(axis=1)
        found.agreed, found.differed = int(same.sum()), int((~same).sum())
        return
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.where(_same(first, second), 0.0, second - first.astype(np.float64))
    size = np.abs(gap).max(axis=1)
    found.agreed = int((size <= tolerance).sum())
    found.differed = len(size) - found.agreed
    finite = np.isfinite(size)
    found.numbers, found.absolute = int(finite.sum()), float(size[finite].sum())
    column = 0 if gap.shape[1] == 1 else 1 if method == "predict_proba" and gap.shape[1] == 2 else None
    if column is not None:
        found.signed, found.total = found.numbers, float(gap[finite, column].sum())


def _same(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
    both_missing = pd.isna(first) & pd.isna(second)
    return np.asarray(
        both_missing | (np.where(both_missing, 0, first) == np.where(both_missing, 0, second)), dtype=bool
    )


def _table(values: Any) -> NDArray[Any]:
    """Return one row of an array for each row that was asked about."""
    if is_by_output(values):
        return np.concatenate(values, axis=1)
    array = np.asarray(values.toarray() if hasattr(values, "toarray") else values)
    return array.reshape(len(array), -1)


def _places(answer: Answer) -> NDArray[np.int64]:
    return np.arange(answer.rows) if answer.places is None else answer.places


Pair = tuple[str | None, str | None, str | None, str | None]
"""References and digests of a champion and a challenger."""


class Tally:
    """What was found so far, pair of versions by pair of versions: the newest few pairs.

    >>> tally = Tally()
    >>> tally.take((("m:1", None, "m:2", None), Compared(calls=1, rows=4, agreed=3, differed=1)))
    >>> tally.take("ValueError")
    >>> [(finding.rule, finding.value) for finding in tally.report(dropped=0, late=0, stuck=False).failed]
    [('raised', 1)]
    """

    def __init__(self) -> None:
        self._pairs: dict[Pair, Compared] = {}
        self._failures: Counter[str] = Counter()

    def take(self, found: tuple[Pair, Compared] | str) -> None:
        """Count what was compared of a pair, or the name of what the challenger raised."""
        if isinstance(found, str):
            self._failures[found] += 1
            return
        pair, more = found
        if pair not in self._pairs and len(self._pairs) == _PAIRS:
            del self._pairs[next(iter(self._pairs))]
        self._pairs.setdefault(pair, Compared()).add(more)

    def report(self, *, dropped: int, late: int, stuck: bool) -> Report:
        """Return what is known of the newest pair of versions, and of failures of all."""
        pair = next(reversed(self._pairs), (None, None, None, None))
        names = zip(("champion", "challenger"), (pair[1] or pair[0], pair[3] or pair[2]), strict=True)
        found = self._pairs.get(pair, Compared())
        return Report(
            "shadow",
            [*_differences(found), *self._troubles(found, dropped=dropped, late=late, stuck=stuck)],
            subjects={role: name for role, name in names if name},
        )

    def _troubles(self, found: Compared, *, dropped: int, late: int, stuck: bool) -> Iterator[Finding]:
        kinds = ", ".join(f"{why} ({count})" for why, count in self._failures.most_common(5))
        for rule, count, unit, message in (
            ("one-sided", found.alone, "rows", "answered by one of the two only"),
            ("incomparable", found.incomparable, "rows", "the two returned things of different shape"),
            ("raised", self._failures.total(), "calls", kinds),
            ("late", late, "calls", "given up after their time" + ", and no more are made" * stuck),
        ):
            status: Status = "failed" if count else "passed"
            yield Finding(rule, status, severity="warning", value=count, unit=unit, message=message if count else "")
        yield Finding("dropped", "passed", severity="info", value=dropped, unit="rows", message="not compared")


def _differences(found: Compared) -> Iterator[Finding]:
    rows = found.agreed + found.differed
    if not rows:
        yield Finding("agreement", "not_enough_evidence", severity="info", message="nothing was compared yet")
        return
    message = f"{found.differed:,} of {rows:,} rows differ"
    yield share(found.agreed, rows).finding("agreement", severity="info", unit="share of rows", message=message)
    for rule, total, count in (
        ("mean-difference", found.total, found.signed),
        ("mean-absolute-difference", found.absolute, found.numbers),
    ):
        if count:
            yield Finding(rule, "passed", severity="info", value=total / count, unit="challenger less champion")
    if found.seconds > 0.0:
        ratio = found.aside / found.seconds
        yield Finding("time", "passed", severity="info", value=ratio, unit="times the champion's")
