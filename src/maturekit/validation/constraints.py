"""Each rule of a column over all of its values at once: reductions first, masks only for what they show broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maturekit.schema.constraint import BOUND_TESTS, UNITS, Constraint
from maturekit.validation.cells import decimals
from maturekit.validation.lengths import lengths, none_longer
from maturekit.validation.patterns import unmatched
from maturekit.validation.uniqueness import shared

if TYPE_CHECKING:
    from maturekit.validation.cells import Cells, Mask, Positions

__all__ = ["broken_rows", "shared_rows"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # ticks of naive moments count from here; aware ones come in UTC
_NANOSECONDS: Final = {"D": 86_400 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


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
    if not len(cells.values):
        return cells.none
    one_by_one = cells.values.dtype == object and not isinstance(cells.values, pd.Series)
    mask = (_one_by_one if one_by_one else _TESTS[rule.name])(cells, rule)
    return cells.none if mask is None else cells.positions(mask)


def shared_rows(cells: Cells) -> Positions:
    """Return the positions of all rows whose sound value stands in another row too."""
    if cells.codes is not None:
        return cells.row_positions(np.bincount(cells.codes, minlength=1)[cells.codes] > 1)
    places = shared(cells.values, cells.texts)
    return places if cells.rows is None else cells.rows[places]


def _bound(cells: Cells, rule: Constraint) -> Mask | None:
    test: Callable[[Any, Any], Any] = BOUND_TESTS[rule.name][1]
    bound = rule.argument
    if cells.unit:
        bound = _rounded(_nanoseconds(bound), _NANOSECONDS[cells.unit], rule.name)
    elif isinstance(bound, Decimal):
        whole, part = bound.as_integer_ratio()
        bound = _rounded(whole * 10**cells.places, part, rule.name)
    if test(cells.ends[0 if rule.name in {"ge", "gt"} else 1], bound):
        return None
    # a numpy float is never rounded to the width of the values, as a plain one would be
    kept: Mask = test(cells.values, np.float64(bound) if isinstance(bound, float) else bound)
    return ~kept


def _rounded(bound: int, step: int, sign: str) -> int:
    """Return a bound as a number of whole steps, such that no whole number of steps changes sides."""
    return -(-bound // step) if sign in {"ge", "lt"} else bound // step


def _nanoseconds(bound: Any) -> int:
    if isinstance(bound, datetime):
        bound = bound.replace(tzinfo=None) - _EPOCH
    elif not isinstance(bound, timedelta):
        bound = bound - _EPOCH.date()
    microseconds: int = bound // timedelta(microseconds=1)
    return microseconds * 1000


def _unit(cells: Cells, rule: Constraint) -> Mask | None:
    step = UNITS[rule.argument][1] * 1000 // _NANOSECONDS[cells.unit]
    return None if step <= 1 else _if_any(cells.values % step != 0)


def _multiple(cells: Cells, rule: Constraint) -> Mask | None:
    step = rule.argument
    if isinstance(step, Decimal):  # whole numbers are multiples of a fraction when they are multiples of its numerator
        step = (Fraction(step) * 10**cells.places).numerator
    if step >= 2**63:
        return _one_by_one(cells, rule)
    if isinstance(step, int):
        wide = cells.values if cells.values.dtype == np.uint64 else cells.values.astype(np.int64)
        return _if_any(np.not_equal(wide % step, 0))
    with np.errstate(over="ignore", invalid="ignore"):  # a quotient beyond all floats is no multiple
        quotients = cells.values.astype(np.float64) / step
        near = np.abs(quotients - np.rint(quotients)) <= 1e-9 * np.maximum(1.0, np.abs(quotients))
    return _if_any(~(near & np.isfinite(quotients)))


def _max_digits(cells: Cells, rule: Constraint) -> Mask | None:
    """Look at the longest number there could be first: if it is short enough, all are."""
    low, high = cells.ends
    before = len(str(max(abs(low), abs(high)) // 10**cells.places))
    return None if rule.holds(Decimal(f"{'9' * (before + cells.places)}E-{cells.places}")) else _one_by_one(cells, rule)


def _decimal_places(cells: Cells, rule: Constraint) -> Mask | None:
    surplus = cells.places - rule.argument
    if surplus > 18:  # no number of 64 bits has so many zeros at its end, except zero
        return _if_any(cells.values != 0)
    return _if_any(cells.values % 10**surplus != 0) if surplus > 0 else None


def _min_length(cells: Cells, rule: Constraint) -> Mask | None:
    return _if_any(lengths(cells.values) < rule.argument)


def _max_length(cells: Cells, rule: Constraint) -> Mask | None:
    if not isinstance(cells.values, pd.Series) or none_longer(cells.values, rule.argument, cells.texts):
        return None  # a category may be made of whole numbers
    return _if_any(lengths(cells.values) > rule.argument)


def _pattern(cells: Cells, rule: Constraint) -> Mask | None:
    return unmatched(rule.argument, cells.values, cells.texts)


def _known(cells: Cells, rule: Constraint) -> Mask | None:
    if not isinstance(cells.values, pd.Series):
        return _if_any(~np.isin(cells.values, list(rule.argument)))
    if cells.values.dtype == object and set(cells.values.tolist()) <= set(rule.argument):
        return None
    return _if_any(~cells.values.isin(rule.argument).to_numpy(dtype=np.bool_))


def _one_by_one(cells: Cells, rule: Constraint) -> Mask | None:
    values = cells.values
    if isinstance(rule.argument, Decimal) or rule.name == "max_digits":
        values = decimals(values, cells.places)  # unless they are decimals already
    broken = (not rule.holds(value) for value in values.tolist())
    return _if_any(np.fromiter(broken, dtype=np.bool_, count=len(values)))


_TESTS: Final[dict[str, Callable[[Cells, Constraint], Mask | None]]] = {
    **dict.fromkeys(BOUND_TESTS, _bound),
    "unit": _unit,
    "multiple_of": _multiple,
    "max_digits": _max_digits,
    "decimal_places": _decimal_places,
    "min_length": _min_length,
    "max_length": _max_length,
    "pattern": _pattern,
    "categories": _known,
}


def _if_any(mask: Mask) -> Mask | None:
    return mask if mask.any() else None
