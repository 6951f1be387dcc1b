"""The order of a column's values, judged chunk by chunk: only the most extreme value goes from one to the next."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from maturekit.errors import TableError
from maturekit.validation.cells import Mask
from maturekit.validation.moments import nanoseconds, ticks

__all__ = ["ORDERS", "Order"]

ORDERS: Final[dict[str, str]] = {
    "increasing": "must not be below an earlier one",
    "strictly_increasing": "must be above all earlier ones",
    "decreasing": "must not be above an earlier one",
    "strictly_decreasing": "must be below all earlier ones",
}
"""Each order of a column, in the words of messages."""

_BREAKS: Final[dict[str, tuple[Callable[[Any, Any], Any], np.ufunc]]] = {
    "increasing": (operator.lt, np.maximum),
    "strictly_increasing": (operator.le, np.maximum),
    "decreasing": (operator.gt, np.minimum),
    "strictly_decreasing": (operator.ge, np.minimum),
}


class Order:
    """Judge the values of a column in the order of their rows.

    A value breaks the order when it stands on the wrong side of the most extreme of *all* values before it. So the
    values that keep it are in order among themselves.

    Examples
    --------
    >>> order = Order("increasing")
    >>> order.breaking(np.array([1, 5, 3, 4, 5])).tolist()
    [False, False, True, True, False]
    >>> order.breaking(np.array([4.5, 6.0])).tolist()
    [True, False]
    """

    def __init__(self, order: str) -> None:
        self._breaks, self._extreme = _BREAKS[order]
        self._before: Any = None
        self._aware: bool | None = None

    def breaking(self, values: Any) -> Mask:
        """Return which of the next values break the order; raise `TableError` when they have no common one."""
        if not len(values):
            return np.zeros(0, dtype=np.bool_)
        moments = ticks(values)
        if moments is not None:
            array, a_tick, aware = moments
            self._check(aware)
            return self._numbers(array, a_tick)
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            return self._numbers(values, 1)
        return self._one_by_one(values.tolist())

    def _numbers(self, array: Any, a_tick: int) -> Mask:
        extremes = self._extreme.accumulate(array)
        broken = np.zeros(len(array), dtype=np.bool_)
        broken[1:] = self._breaks(array[1:], extremes[:-1])
        if self._before is not None:
            broken |= self._breaks(array, self._bound(a_tick))
        last = extremes[-1].item() * a_tick
        self._before = last if self._before is None else self._further(last)
        return broken

    def _bound(self, a_tick: int) -> Any:
        """Return the most extreme value so far in ticks, rounded so that no tick changes sides."""
        if a_tick == 1:
            return self._before
        return self._before // a_tick if self._breaks in {operator.le, operator.gt} else -(-self._before // a_tick)

    def _one_by_one(self, values: list[Any]) -> Mask:
        broken = np.zeros(len(values), dtype=np.bool_)
        for row, value in enumerate(values):
            if isinstance(value, (date, timedelta)):
                value, aware = nanoseconds(value)  # noqa: PLW2901  # from here on a moment is its number
                self._check(aware)
            if self._before is not None:
                broken[row] = self._breaks(value, self._before)
            self._before = value if self._before is None else self._further(value)
        return broken

    def _further(self, value: Any) -> Any:
        return max(self._before, value) if self._extreme is np.maximum else min(self._before, value)

    def _check(self, aware: bool) -> None:
        if self._aware not in {None, aware}:
            raise TableError("moments with and without a time zone have no common order", hint="state `zone`.")
        self._aware = aware
