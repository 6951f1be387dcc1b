"""How many rows a table has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from maturekit.errors import SchemaError
from maturekit.schema.rule import Rule
from maturekit.schema.table_rule import TableRule, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RowCount", "check_limits", "limits"]


class RowCount(TableRule):
    """The table has at least, and at most, so many rows.

    Parameters
    ----------
    at_least, at_most : int, optional
        Number of rows, inclusive; at least one of them is given.
    severity
        As in `Rule`.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = RowCount(at_least=2)
    >>> rule.judge(rule.summarise(pd.DataFrame({"a": [5]})))
    Verdict(ok=False, value=1, unit='rows', message='the table must have at least 2 rows')
    """

    at_least: int | None = None
    at_most: int | None = None

    def __post_init__(self) -> None:
        """Check the limits."""
        super().__post_init__()
        check_limits(self, self.at_least, self.at_most)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield each limit, and both."""
        yield cls(at_least=4)
        yield cls(at_most=2, severity="warning")
        yield cls(3, 5)

    @property
    def words(self) -> str:
        """What must hold, for messages."""
        return f"the table must have {limits(self.at_least, self.at_most)}"

    def _summarise(self, frame: pd.DataFrame) -> int:
        return len(frame)

    def _judge(self, summary: int) -> Verdict:
        enough = self.at_least is None or summary >= self.at_least
        ok = enough and (self.at_most is None or summary <= self.at_most)
        return Verdict(ok, value=summary, unit="rows", message="" if ok else self.words)


def check_limits(rule: Rule, at_least: object, at_most: object) -> None:
    """Refuse limits that are no numbers of rows, contradict each other, or are missing."""
    for name, limit in (("at_least", at_least), ("at_most", at_most)):
        if limit is not None and (type(limit) is not int or limit < 0):
            raise SchemaError(f"{type(rule).__name__} was given {name}={limit!r}, which is no number of rows")
    if at_least is None and at_most is None:
        raise SchemaError(f"{type(rule).__name__} has no limit", hint="pass at_least=, at_most= or both.")
    if isinstance(at_least, int) and isinstance(at_most, int) and at_least > at_most:
        raise SchemaError(f"{type(rule).__name__} is kept by nothing: at_least={at_least}, at_most={at_most}")


def limits(at_least: int | None, at_most: int | None) -> str:
    """Return limits in words.

    >>> limits(2, None), limits(2, 5), limits(3, 3)
    ('at least 2 rows', '2 to 5 rows', 'exactly 3 rows')
    """
    if at_least == at_most:
        return f"exactly {at_least:,} rows"
    if at_least is None:
        return f"at most {at_most:,} rows"
    return f"at least {at_least:,} rows" if at_most is None else f"{at_least:,} to {at_most:,} rows"
