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

    def rule(name: str, words: str, holds: Callable[[Any], bool], severity: Severity = column.severity) -> Constraint:
        return Constraint(name, getattr(column, name), severity, words, holds)

    for name, (sign, test) in BOUND_TESTS.items():
        bound = getattr(column, name)
        if bound is not None:
            yield rule(name, f"must be {sign} {shown(bound)}", _against(test, bound))
    step, shortest, longest = column.multiple_of, column.min_length, column.max_length
    if step is not None:
        yield rule("multiple_of", f"must be a multiple of {shown(step)}", _multiple(step))
    if shortest is not None:
        yield rule("min_length", f"must have at least {shortest} characters", lambda text: len(text) >= shortest)
    if longest is not None:
        yield rule("max_length", f"must have at most {longest} characters", lambda text: len(text) <= longest)
    if column.pattern is not None:
        yield rule("pattern", f"must match {column.pattern}", matching(column.pattern))
    if column.categories is not None and column.unknown != "allow":
        severity = "warning" if column.unknown == "flag" and column.severity == "error" else column.severity
        known = frozenset(column.categories)
        yield rule("categories", f"must be one of {len(known)} known values", known.__contains__, severity)


def _against(test: Callable[[Any, Any], bool], bound: Any) -> Callable[[Any], bool]:
    return lambda value: test(value, bound)


def _multiple(step: float) -> Callable[[Any], bool]:
    if isinstance(step, int):
        return lambda value: value % step == 0

    def holds(value: float) -> bool:
        quotient = value / step
        return math.isfinite(quotient) and abs(quotient - round(quotient)) <= 1e-9 * max(1.0, abs(quotient))

    return holds
