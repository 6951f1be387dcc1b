"""What is wrong with a table and nothing else: the findings of `validate` that matter, where most tables are sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maturekit._core.clock import Clock, utc_now
from maturekit.reports import Finding
from maturekit.schema import Rule, Schema
from maturekit.validation.chunk import Contract
from maturekit.validation.findings import findings_of_table, given
from maturekit.validation.screen import Screen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Failures"]


class Failures:
    """Return what `validate` finds wrong, after a closer look at those columns only that may hold it.

    Safe for several threads.

    Parameters
    ----------
    schema : Schema
        The contract.
    clock : callable
        Says the time that rules about freshness go by.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.schema import Column
    >>> failures = Failures(Schema({"age": Column("int", ge=0), "who": Column("string")}))
    >>> failures.of(pd.DataFrame({"age": [31, 4], "who": ["Ada", None]}))
    [Finding('nullable' failed in 'who': 1 rows)]
    """

    def __init__(self, schema: Schema, *, clock: Clock = utc_now) -> None:
        self._schema = schema
        self._clock = clock
        self._screen = Screen(schema.columns)
        self._always = {name for rule in schema.rules for name in rule.columns}
        self._always |= {name for name, column in schema.columns.items() if column.unique or column.order is not None}

    def of(self, frame: pd.DataFrame) -> list[Finding]:
        """Return the findings that are not ok or name rows, in the order in which `validate` has them."""
        rules: tuple[Rule, ...] = self._schema.rules
        doubted = self._screen.doubtful(frame)
        if not (doubted or rules or self._always):
            return []
        names = self._always.union(doubted)
        columns = {name: column for name, column in self._schema.columns.items() if name in names}
        able, missing = given(rules, {}, self._clock())
        found = findings_of_table(frame, Contract(columns, able, alone=True), rules, missing)
        return [finding for finding in found if not finding.ok or len(finding.positions)]
