"""Each rule of a column over all of its values at once: reductions first, masks only for what they show broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maturekit.schema.constraint import BOUND_TESTS, Constraint
from maturekit.schema.pattern import all_matching

if TYPE_CHECKING:
    from maturekit.validation.cells import Cells, Mask, Positions

__all__ = ["broken_rows", "shared_rows"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # ticks of naive moments count from here; aware ones come in UTC
_NANOSECONDS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def broken_rows(cells: Cells, rule: Constraint) -> Positions:
    """Return the positions of the rows whose sound value breaks a rule.

    >>> import pandas as pd
    >>> from maturekit.schema import Column
    >>> from maturekit.schema.constraint import constraints
    >>> from maturekit.validation.reading import read
    >>> column = Column("int", ge=0)
    >>> cells = read(pd.Series([3, -1, 5, -2]), column)
    >>> [broken_rows(cells, rule).tolist() for rule in constraints(column)]
    [[1, 3]]
    """
    mask = _TESTS[rule.name](cells, rule) if len(cells) else None
    return cells.positions(mask) if mask is not None else np.empty(0, dtype=np.int64)


def shared_rows(cells: Cells) -> Positions:
    """Return the positions of all rows whose sound value stands in another row too."""
    if cells.codes is not None:
        return cells.row_positions(np.bincount(cells.codes, minlength=1)[cells.codes] > 1)
    values = pd.Series(cells.values)
    if values.is_unique:
        return np.empty(0, dtype=np.int64)
    return cells.row_positions(values.duplicated(keep=False).to_numpy())


def _bound(cells: Cells, rule: Constraint) -> Mask | None:
    test: Callable[[Any, Any], Any] = BOUND_TESTS[rule.name][1]
    if cells.values.dtype == object:
        return _one_by_one(cells.values, rule)
    bound = _ticks(rule, cells.unit) if cells.unit else rule.argument
    if test(cells.low if rule.name in {"ge", "gt"} else cells.high, bound):
        return None
    # a numpy float is never rounded to the width of the values, as a plain one would be
    kept: Mask = test(cells.values, np.float64(bound) if isinstance(bound, float) else bound)
    return ~kept


def _ticks(rule: Constraint, unit: str) -> int:
    """Return a bound in whole ticks, rounded so that no tick changes sides."""
    span = rule.argument if isinstance(rule.argument, timedelta) else rule.argument.replace(tzinfo=None) - _EPOCH
    nanoseconds = span // timedelta(microseconds=1) * 1000
    if rule.name in {"ge", "lt"}:
        return -(-nanoseconds // _NANOSECONDS[unit])
    return nanoseconds // _NANOSECONDS[unit]


def _multiple(cells: Cells, rule: Constraint) -> Mask | None:
    step = rule.argument
    if cells.values.dtype == object or step >= 2**63:
        return _one_by_one(cells.values.tolist(), rule)
    if isinstance(step, int):
        wide = cells.values if cells.values.dtype == np.uint64 else cells.values.astype(np.int64)
        return _if_any(np.not_equal(wide % step, 0))
    with np.errstate(over="ignore", invalid="ignore"):  # a quotient beyond all floats is no multiple
        quotients = cells.values.astype(np.float64) / step
        near = np.abs(quotients - np.rint(quotients)) <= 1e-9 * np.maximum(1.0, np.abs(quotients))
    return _if_any(~(near & np.isfinite(quotients)))


def _min_length(cells: Cells, rule: Constraint) -> Mask | None:
    return None if cells.lengths.min() >= rule.argument else cells.lengths < rule.argument


def _max_length(cells: Cells, rule: Constraint) -> Mask | None:
    return None if cells.lengths.max() <= rule.argument else cells.lengths > rule.argument


def _pattern(cells: Cells, rule: Constraint) -> Mask | None:
    texts = cells.values.tolist()
    return None if all_matching(rule.argument, texts) else _one_by_one(texts, rule)


def _known(cells: Cells, rule: Constraint) -> Mask | None:
    if isinstance(cells.values, pd.Series):
        return _if_any(~cells.values.isin(rule.argument).to_numpy(dtype=np.bool_))
    return _if_any(~np.isin(cells.values, list(rule.argument)))


_TESTS: Final[dict[str, Callable[[Cells, Constraint], Mask | None]]] = {
    **dict.fromkeys(BOUND_TESTS, _bound),
    "multiple_of": _multiple,
    "min_length": _min_length,
    "max_length": _max_length,
    "pattern": _pattern,
    "categories": _known,
}


def _one_by_one(values: Any, rule: Constraint) -> Mask:
    return np.fromiter((not rule.holds(value) for value in values), dtype=np.bool_, count=len(values))


def _if_any(mask: Mask) -> Mask | None:
    return mask if mask.any() else None
