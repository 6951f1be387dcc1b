"""What one column holds limits another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from maturekit.errors import SchemaError
from maturekit.schema.constraint import BOUND_TESTS
from maturekit.schema.row_rule import RowRule
from maturekit.schema.rules.among import among, as_stored, check_values, listed, tupled

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema.column import Column

__all__ = ["Implies"]


class Implies(RowRule):
    """In every row where one column holds one of some values, another is limited.

    Parameters
    ----------
    when : str
        Name of the column that decides whether a row is concerned.
    values : tuple
        The values of `when` that concern a row; a single one may be given by itself.
    then : str
        Name of the column that is limited. A row in which either column is null passes.
    allowed : tuple, optional
        What `then` may hold. That it must hold anything is said by `Present`.
    ge, gt, le, lt : number, moment or duration, optional
        Bounds of `then`, as in `Column`; at least one limit is given.
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> Implies("status", "paid", "amount", gt=0)
    Implies('status', ('paid',), 'amount', gt=0)
    >>> rule = Implies("ticket", ("child", "infant"), "age", lt=15)
    >>> rule.words
    "where ticket is 'child' or 'infant', age must be < 15"
    >>> [rule.keeps({"ticket": ticket, "age": 40}) for ticket in ("child", "adult")]
    [False, True]
    """

    when: str
    values: tuple[Any, ...]
    then: str
    allowed: tuple[Any, ...] | None = field(default=None, kw_only=True)
    ge: Any = field(default=None, kw_only=True)
    gt: Any = field(default=None, kw_only=True)
    le: Any = field(default=None, kw_only=True)
    lt: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check that there are values and limits."""
        object.__setattr__(self, "values", tupled(self.values))
        if self.allowed is not None:
            object.__setattr__(self, "allowed", tupled(self.allowed))
        super().__post_init__()
        if self.when == self.then:
            raise SchemaError(f"Implies needs two columns, got {self.when!r} twice")
        if not self.values or self.allowed == () or (self.allowed is None and not self._bounds):
            raise SchemaError(
                f"{self!r} has no {'limit' if self.values else 'values'}",
                hint='write Implies("status", ("paid",), "amount", gt=0), or allowed=(...).',
            )

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield limits by values and by bounds."""
        yield cls("a", ("a", "b"), "b", allowed=("a",))
        yield cls("a", (1, 0), "b", ge=0, lt=2)
        yield cls("b", (True,), "a", allowed=(True, False), severity="warning")

    @property
    def words(self) -> str:
        """The implication, for messages."""
        limits = [f"{BOUND_TESTS[name][0]} {bound}" for name, bound in self._bounds.items()]
        limits += [] if self.allowed is None else [listed(self.allowed)]
        return f"where {self.when} is {listed(self.values)}, {self.then} must be {' and '.join(limits)}"

    @cached_property
    def _bounds(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in BOUND_TESTS if getattr(self, name) is not None}

    def _fits(self, columns: Mapping[str, Column]) -> None:
        check_values(self, self.when, self.values, columns)
        check_values(self, self.then, [*self._bounds.values(), *(self.allowed or ())], columns)

    def _holds(self, frame: pd.DataFrame) -> Any:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        concerned = among(frame[self.when], self.values)
        holds = np.ones(len(frame), dtype=np.bool_)
        if concerned.any():
            limited = frame[self.then][concerned]
            kept = np.ones(len(limited), dtype=np.bool_) if self.allowed is None else among(limited, self.allowed)
            for name, bound in self._bounds.items():
                test: Any = BOUND_TESTS[name][1]
                kept &= test(limited, as_stored(bound, limited)).to_numpy(dtype=np.bool_)
            holds[concerned] = kept
        return holds

    def _holds_one(self, record: Mapping[str, Any]) -> bool:
        if record[self.when] not in self.values:
            return True
        value = record[self.then]
        for name, bound in self._bounds.items():
            if not BOUND_TESTS[name][1](value, bound):
                return False
        return self.allowed is None or value in self.allowed
