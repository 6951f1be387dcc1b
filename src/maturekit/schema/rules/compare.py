"""The row-wise relation of two columns."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Self, get_args

from maturekit.errors import SchemaError
from maturekit.schema.row_rule import RowRule

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema.column import Column

__all__ = ["Compare"]

Sign = Literal["<", "<=", "==", "!=", ">=", ">"]
_TESTS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


class Compare(RowRule):
    """In every row, one column stands in a relation to another.

    Parameters
    ----------
    left, right : str
        Names of the columns.
    sign : {"<", "<=", "==", "!=", ">=", ">"}
        The relation. A row in which either value is null passes.

    Examples
    --------
    >>> Compare("departed", "<=", "arrived")
    Compare('departed', '<=', 'arrived')
    >>> Compare("a", "<", "b").keeps({"a": 1, "b": 1})
    False
    """

    left: str
    sign: Sign
    right: str

    def __post_init__(self) -> None:
        """Check the sign and the names."""
        super().__post_init__()
        if not isinstance(self.sign, str) or self.sign not in get_args(Sign):
            raise SchemaError(
                f"{self.sign!r} is no relation", hint=f"use one of {', '.join(map(repr, get_args(Sign)))}."
            )
        if not (isinstance(self.left, str) and isinstance(self.right, str)) or self.left == self.right:
            raise SchemaError(f"Compare needs the names of two columns, got {self.left!r} and {self.right!r}")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield one rule for each relation."""
        for sign in get_args(Sign):
            yield cls("a", sign, "b")

    @property
    def words(self) -> str:
        """The relation, for messages."""
        return f"{self.left} must be {self.sign} {self.right}"

    def _holds(self, frame: pd.DataFrame) -> Any:
        return _TESTS[self.sign](frame[self.left], frame[self.right])

    def _holds_one(self, record: Mapping[str, Any]) -> bool:
        left, right = record[self.left], record[self.right]
        if isinstance(left, float) != isinstance(right, float):  # in a frame, whole numbers and floats meet as floats
            left, right = float(left), float(right)
        return bool(_TESTS[self.sign](left, right))

    def _fits(self, columns: Mapping[str, Column]) -> None:
        left, right = _family(columns[self.left]), _family(columns[self.right])
        kinds = columns[self.left].kind, columns[self.right].kind
        if left != right and {*kinds} != {"int", "decimal"}:  # which meet exactly, unlike decimals and floats
            raise SchemaError(
                f"{self!r} compares {left} with {right}",
                hint=f"{self.left!r} is of kind {kinds[0]!r}, {self.right!r} of {kinds[1]!r}.",
            )


def _family(column: Column) -> str:
    if "text" in column.takes:
        return "texts"
    return "numbers" if column.takes <= {"number", "whole"} else f"{next(iter(column.takes))}s"
