"""The rules of a column, one by one, as a record keeps them; `validation` runs the same list over whole columns."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from maturekit.schema.bounds import shown
from maturekit.schema.pattern import matching

if TYPE_CHECKING:
    from maturekit.reports import Severity
    from maturekit.schema.column import Column

__all__ = ["BOUND_TESTS", "UNITS", "Constraint", "constraints", "digits"]

BOUND_TESTS: Final[dict[str, tuple[str, Callable[[Any, Any], bool]]]] = {
    "ge": (">=", operator.ge),
    "gt": (">", operator.gt),
    "le": ("<=", operator.le),
    "lt": ("<", operator.lt),
}
"""Each bound of a column: its sign, and the test of a value against it."""


UNITS: Final = {"s": ("seconds", 1_000_000), "ms": ("milliseconds", 1_000), "us": ("microseconds", 1)}
"""Each unit of moments: its name, and how many microseconds it has."""


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
            yield _rule(column, name, f"must be {sign} {shown(bound)}", _against(test, bound))
    yield from _of_numbers(column)
    yield from _of_texts(column)
    if column.categories is not None and column.unknown != "allow":
        severity = "warning" if column.unknown == "flag" and column.severity == "error" else column.severity
        known = frozenset(column.categories)
        words = f"must be one of {len(known)} known values"
        yield Constraint("categories", column.categories, severity, words, known.__contains__)


def _rule(column: Column, name: str, words: str, holds: Callable[[Any], bool]) -> Constraint:
    return Constraint(name, getattr(column, name), column.severity, words, holds)


def _of_numbers(column: Column) -> Iterator[Constraint]:
    step, most, places = column.multiple_of, column.max_digits, column.decimal_places
    if column.unit is not None:
        name, microseconds = UNITS[column.unit]
        yield _rule(column, "unit", f"must be whole {name}", _whole(microseconds))
    if step is not None:
        yield _rule(column, "multiple_of", f"must be a multiple of {shown(step)}", _multiple(step))
    if most is not None:
        before = "" if places is None else f", {most - places} of them before the point"
        yield _rule(column, "max_digits", f"must have at most {most} digits{before}", _at_most(most, places))
    if places is not None:
        words = f"must have at most {places} digits behind the point"
        yield _rule(column, "decimal_places", words, lambda value: digits(value)[1] <= places)


def _of_texts(column: Column) -> Iterator[Constraint]:
    shortest, longest = column.min_length, column.longest
    if shortest is not None:
        words = f"must have at least {shortest} characters"
        yield _rule(column, "min_length", words, lambda text: len(text) >= shortest)
    if longest is not None:
        words = f"must have at most {longest:,} characters"
        yield Constraint("max_length", longest, column.severity, words, _no_longer(longest))
    if column.pattern is not None:
        yield _rule(column, "pattern", f"must match {column.pattern}", matching(column.pattern))


def digits(value: Decimal) -> tuple[int, int]:
    """Return how many digits a decimal has before and behind its point; zeros at its ends do not count.

    >>> digits(Decimal("12.50")), digits(Decimal("0.005")), digits(Decimal("1E+3")), digits(Decimal(0))
    ((2, 1), (0, 3), (4, 0), (0, 0))
    """
    if not value:
        return 0, 0
    _, written, exponent = value.as_tuple()
    last = int(exponent)
    for digit in reversed(written):
        if digit:
            break
        last += 1
    return max(value.adjusted() + 1, 0), max(-last, 0)


def _against(test: Callable[[Any, Any], bool], bound: Any) -> Callable[[Any], bool]:
    if not isinstance(bound, datetime):
        return lambda value: test(value, bound)

    def holds(moment: Any) -> bool:
        try:
            return test(moment, bound)
        except (ValueError, OverflowError):  # numpy and pandas know years that a datetime does not
            return test(moment.year, bound.year)

    return holds


def _no_longer(longest: int) -> Callable[[Any], bool]:
    """Return the test of a length; a category that takes whole numbers too has values without one."""
    return lambda value: not isinstance(value, str) or len(value) <= longest


def _whole(microseconds: int) -> Callable[[datetime], bool]:
    return lambda moment: not (moment.microsecond % microseconds or getattr(moment, "nanosecond", 0))


def _at_most(most: int, places: int | None) -> Callable[[Decimal], bool]:
    def holds(value: Decimal) -> bool:
        before, after = digits(value)
        return before + after <= most and (places is None or before <= most - places)

    return holds


def _multiple(step: Any) -> Callable[[Any], bool]:
    if isinstance(step, int):
        return lambda value: value % step == 0
    if isinstance(step, Decimal):
        return lambda value: (Fraction(value) / Fraction(step)).denominator == 1

    def holds(value: float) -> bool:
        quotient = value / step
        return math.isfinite(quotient) and abs(quotient - round(quotient)) <= 1e-9 * max(1.0, abs(quotient))

    return holds
