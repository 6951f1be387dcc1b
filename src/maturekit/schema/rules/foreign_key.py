"""What some columns hold stands in another table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from maturekit.errors import ArgumentError, NotFoundError, SchemaError
from maturekit.schema.row_rule import RowRule
from maturekit.schema.rules.among import tupled

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ForeignKey"]

Name = str  # a text that names no column
Names = tuple[str, ...]


class ForeignKey(RowRule):
    """In every row, the values of some columns stand together in a row of another table.

    The other table is passed to the validation, not stored: ``validate(frame, schema, references={"airlines": table})``.
    A single record is not judged, since a service does not hold the other table.

    Parameters
    ----------
    key : tuple of str, or str
        Names of the columns. A row in which any of them is null passes.
    table : str
        The name the other table is passed under.
    to : tuple of str, or str, optional
        Names of its columns, in the order of `key`; the same names when left out. Rows with a null in them are no
        keys.
    severity, mostly
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> from datetime import UTC, datetime
    >>> rule = ForeignKey("carrier", "airlines", to="code")
    >>> rule
    ForeignKey(('carrier',), 'airlines', ('code',))
    >>> airlines = pd.DataFrame({"code": ["AA", "UA"], "name": ["American", "United"]})
    >>> given = rule.given({"airlines": airlines}, datetime.now(UTC))
    >>> given.breaking(pd.DataFrame({"carrier": ["UA", "XX"]})).tolist()
    [False, True]
    """

    judges_records: ClassVar[bool] = False

    key: tuple[str, ...]
    table: Name
    to: Names = ()

    def __post_init__(self) -> None:
        """Check the names."""
        to = tupled(self.to)
        if not all(isinstance(name, str) and name for name in to):
            raise SchemaError(f"ForeignKey was given to={self.to!r}, which is no name of a column")
        object.__setattr__(self, "to", to)
        if not isinstance(self.table, str) or not self.table:
            raise SchemaError(
                f"ForeignKey stores the name of a table, got {type(self.table).__name__}",
                hint='write ForeignKey("carrier", "airlines") and pass references={"airlines": table}.',
            )
        super().__post_init__()
        if self.to and len(self.to) != len(self.key):
            raise SchemaError(f"{self!r} pairs {len(self.key)} columns with {len(self.to)}")
        if len(set(self.key)) < len(self.key):
            raise SchemaError(f"{self!r} names a column twice")

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield keys of one and of two columns, with a table they refer to."""
        import pandas as pd  # noqa: PLC0415  # needed for examples and at use alone

        now = datetime(2013, 1, 1, tzinfo=UTC)
        table = {"other": pd.DataFrame({"a": [0.0, 1.5, 1.0, None], "b": [1.5, -2.0, -2.0, 0.0]})}
        yield cls(("b",), "other", to=("a",)).given(table, now)
        yield cls(("a", "b"), "other").given(table, now)

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"{', '.join(self.key)} must stand in {', '.join(self.to or self.key)} of {self.table!r}"

    def _given(self, references: Mapping[str, object], now: datetime) -> Self:  # noqa: ARG002  # time does not matter
        from maturekit._core.frames import as_frame  # noqa: PLC0415  # see above
        from maturekit.schema.rules.members import Members  # noqa: PLC0415  # see above

        table = as_frame(self._reference(references, self.table))
        names = list(self.to or self.key)
        for name in names:
            if name not in table.columns:
                missing = NotFoundError.named("column", name, known=map(str, table.columns))
                raise NotFoundError(f"the reference {self.table!r}: {missing.message}", name=name, hint=missing.hint)
        return self._carrying(_members=Members([table[name] for name in names]))

    def _holds(self, frame: pd.DataFrame) -> Any:
        members = getattr(self, "_members", None)
        if members is None:
            raise ArgumentError(f"{self!r} was not given its table", hint="call rule.given(references, now) first.")
        return members.have([frame[name] for name in self.key])
