"""What one column holds requires another to hold anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from maturekit.errors import SchemaError
from maturekit.schema.row_rule import RowRule
from maturekit.schema.rules.among import among, check_values, listed, tupled

if TYPE_CHECKING:
    import pandas as pd

    from maturekit.schema.column import Column

__all__ = ["Present"]


class Present(RowRule):
    """In every row where one column holds one of some values, another is not null.

    Parameters
    ----------
    column : str
        Name of the column that must not be null there; it is declared nullable.
    when : str
        Name of the column that decides whether a row is concerned; a row in which it is null is not.
    values : tuple
        The values of `when` that concern a row; a single one may be given by itself.
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> rule = Present("paid_at", "status", ("paid", "refunded"))
    >>> rule.words
    "where status is 'paid' or 'refunded', paid_at must not be missing"
    >>> rule.presence
    ('paid_at',)
    >>> [rule.keeps({"status": "paid", "paid_at": there}) for there in (True, False)]
    [True, False]
    """

    column: str
    when: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Check that there are values."""
        object.__setattr__(self, "values", tupled(self.values))
        super().__post_init__()
        if self.when == self.column:
            raise SchemaError(f"Present needs two columns, got {self.when!r} twice")
        if not self.values:
            raise SchemaError(f"{self!r} has no values", hint="for all rows, write Column(..., nullable=False).")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield rules over texts, numbers and truth values."""
        yield cls("a", "b", ("a", "b"))
        yield cls("a", "b", (1, -2))
        yield cls("b", "a", (True,), severity="warning")

    @property
    def presence(self) -> tuple[str, ...]:
        """The column that must not be null."""
        return (self.column,)

    @property
    def words(self) -> str:
        """The requirement, for messages."""
        return f"where {self.when} is {listed(self.values)}, {self.column} must not be missing"

    def _fits(self, columns: Mapping[str, Column]) -> None:
        check_values(self, self.when, self.values, columns)

    def _holds(self, frame: pd.DataFrame) -> Any:
        there: Any = frame[self.column].to_numpy(dtype=bool)
        return there | ~among(frame[self.when], self.values)

    def _holds_one(self, record: Mapping[str, Any]) -> bool:
        return bool(record[self.column]) or record[self.when] not in self.values
