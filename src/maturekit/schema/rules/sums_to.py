"""One column is the sum of others."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, Self

from maturekit.errors import SchemaError
from maturekit.schema.row_rule import RowRule

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema.column import Column

__all__ = ["SumsTo"]

_ROUNDING: Final = 2.0**-52


class SumsTo(RowRule):
    """In every row, one column is the sum of others.

    Whole numbers and decimals are added exactly. Where a float is among the columns, so much is allowed as the rounding
    of its digits and of the additions can explain: ``(n + 1) * 2**-52`` of the sum of all absolute values in the row
    for `n` parts. With two parts that is less than a cent up to a total of 7,000,000,000,000.

    Parameters
    ----------
    total : str
        Name of the column that holds the sum.
    parts : tuple of str
        Names of the columns that are added; at least one.
    within : float
        How far the sum may be off beyond rounding, in the unit of the columns.
    severity, mostly
        As in `Rule`. A row in which any of the columns is null passes.

    Examples
    --------
    >>> rule = SumsTo("total", ("net", "tax"))
    >>> rule.words
    'total must be net + tax'
    >>> rule.keeps({"total": 0.3, "net": 0.1, "tax": 0.2}), rule.keeps({"total": 3, "net": 1, "tax": 1})
    (True, False)
    """

    total: str
    parts: tuple[str, ...]
    within: float = 0.0

    def __post_init__(self) -> None:
        """Check the names and the distance."""
        super().__post_init__()
        if not self.parts or len(set(self.columns)) <= len(self.parts):
            raise SchemaError(
                f"SumsTo needs a total and parts that all differ, got {self.total!r} and {self.parts!r}",
                hint='write SumsTo("total", ("net", "tax")).',
            )
        number = isinstance(self.within, (int, float, Decimal)) and not isinstance(self.within, bool)
        if not number or math.isnan(self.within) or not 0 <= self.within < math.inf:
            raise SchemaError(f"within={self.within!r} is no distance: write a number from 0")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield sums of one and two parts, exact and not."""
        yield cls("a", ("b",))
        yield cls("a", ("b", "c"))
        yield cls("c", ("a", "b"), within=2.5)

    @property
    def words(self) -> str:
        """The sum, for messages."""
        return f"{self.total} must be {' + '.join(self.parts)}{f', within {self.within:g}' if self.within else ''}"

    def _fits(self, columns: Mapping[str, Column]) -> None:
        for name in self.columns:
            if columns[name].kind not in {"float", "int", "decimal"}:
                raise SchemaError(f"{self!r} adds {name!r}, which is of kind {columns[name].kind!r}")

    def _holds(self, frame: pd.DataFrame) -> Any:
        import numpy as np  # noqa: PLC0415  # a schema that is only read or written does not pay for numpy

        total, *parts = (frame[name].to_numpy() for name in self.columns)
        if any(array.dtype.kind == "f" for array in (total, *parts)):
            total, *parts = (array.astype(np.float64, copy=False) for array in (total, *parts))
            with np.errstate(over="ignore", invalid="ignore"):  # sums beyond all floats are off by no finite amount
                return self._near(total, parts)
        if sum(_largest(array) for array in (total, *parts)) < 2**63:
            total, *parts = (array.astype(np.int64, copy=False) for array in (total, *parts))
        else:
            total, *parts = (frame[name].astype(object).to_numpy() for name in self.columns)
        return (abs(total - _sum(parts)) <= self.within).astype(np.bool_)

    def _holds_one(self, record: Mapping[str, Any]) -> bool:
        total, parts = record[self.total], [record[name] for name in self.parts]
        if any(isinstance(value, float) for value in (total, *parts)):
            total, *parts = map(float, (total, *parts))
            return bool(self._near(total, parts))
        return bool(abs(total - _sum(parts)) <= self.within)

    def _near(self, total: Any, parts: list[Any]) -> Any:
        """Judge floats, or arrays of them, by the same operations in the same order."""
        gap, share = abs(total - _sum(parts)), (len(parts) + 1) * _ROUNDING
        slack = self.within + _sum([share * abs(value) for value in (total, *parts)])
        return (gap <= slack) & (gap < math.inf)


def _sum(values: list[Any]) -> Any:
    return reduce(operator.add, values)


def _largest(array: Any) -> float:
    """Return the largest absolute value of whole numbers; infinity for what is not stored as such."""
    if array.dtype.kind not in "biu":
        return math.inf
    return max(abs(int(array.min())), abs(int(array.max()))) if len(array) else 0
