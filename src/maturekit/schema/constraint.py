"""The rules of a column, one by one, as a record keeps them; `validation` runs the same list over whole columns."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from maturekit.schema.bounds import shown
from maturekit.schema.pattern import matching

if TYPE_CHECKING:
    from maturekit.reports import Severity
    from maturekit.schema.column import Column

__all__ = ["BOUND_TESTS", "Constraint", "constraints"]

BOUND_TESTS: Final[dict[str, tuple[str, Callable[[Any, Any], bool]]]] = {
    "ge": (">=", operator.ge),
    "gt": (">", operator.gt),
    "le": ("<=", operator.le),
    "lt": ("<", operator.lt),
}
"""Each bound of a column: its sign, and the test of a value against it."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One rule that every sound value of a column must keep; nulls and values of another kind never reach it."""

    name: str
    argument: Any
    severity: Severity
    words: str
    holds: Callable[[Any], bool]


def constraints(column: Column) -> Iterator[Constraint]:
    """Yield what a column asks of its sound values, in the order in which findings stand.

    >>> from maturekit.schema import Column
    >>> [(rule.name, rule.words) for rule in constraints(Column("float", ge=0, lt=1))]
    [('ge', 'must be >= 0'), ('lt', 'must be < 1')]
    """
    for name, (sign, test) in BOUND_TESTS.items():
        bound = getattr(column, name)
        if bound is not None:
            yield Constraint(name, bound, column.severity, f"must be {sign} {shown(bound)}", _against(test, bound))
    if column.multiple_of is not None:
        step = column.multiple_of
        yield Constraint(
            "multiple_of", step, column.severity, f"must be a multiple of {shown(step)}", _multiple(step)
        )
    if column.min_length is not None:
        shortest = column.min_length
        yield Constraint(
            "min_length",
            shortest,
            column.severity,
            f"must have at least {shortest} characters",
            lambda text: len(text) >= shortest,
        )
    if column.max_length is not None:
        longest = column.max_length
        yield Constraint(
            "max_length",
            longest,
            column.severity,
            f"must have at most {longest} characters",
            lambda text: len(text) <= longest,
        )
    if column.pattern is not None:
        yield Constraint(
            "pattern", column.pattern, column.severity, f"must match {column.pattern}", matching(column.pattern)
        )
    if column.categories is not None and column.unknown != "allow":
        flagged = column.unknown == "flag" and column.severity == "error"
        yield Constraint(
            "categories",
            column.categories,
            "warning" if flagged else column.severity,
            f"must be one of {len(column.categories)} known values",
            frozenset(column.categories).__contains__,
        )


def _against(test: Callable[[Any, Any], bool], bound: Any) -> Callable[[Any], bool]:
    return lambda value: test(value, bound)


def _multiple(step: float) -> Callable[[Any], bool]:
    if isinstance(step, int):
        return lambda value: value % step == 0

    def holds(value: float) -> bool:
        quotient = value / step
        return math.isfinite(quotient) and abs(quotient - round(quotient)) <= 1e-9 * max(1.0, abs(quotient))

    return holds
