"""A contract learned from a table, with what speaks for each of its constraints."""

from __future__ import annotations

from typing import NamedTuple

from maturekit._core.frames import Table
from maturekit.reports import Report
from maturekit.schema import Schema
from maturekit.schema.learning import lesson

__all__ = ["Learned", "learn"]


class Learned(NamedTuple):
    """What `learn` returns.

    Parameters
    ----------
    schema : Schema
        The contract that the table suggests.
    report : Report
        Of kind ``"learning"``. First the chance, at most, that another table of the same source and size is refused;
        then one finding for each constraint: `count` rows support it, and `certainty` is the chance that another table
        breaks it. *Not enough evidence* (of severity info) are constraints that hold in every row, but are not in the
        schema, since the chance would have been too high.

    Examples
    --------
    >>> import pandas as pd
    >>> learned = learn(pd.DataFrame({"late": [True, None]}))
    >>> learned.schema.columns
    mappingproxy({'late': Column('bool', nullable=True)})
    >>> learned.report.kind, learned.report.ok
    ('learning', True)
    """

    schema: Schema
    report: Report


def learn(frame: Table, *, false_alarms: float = 0.05) -> Learned:
    """Return the contract that a table suggests, and a report on its constraints for a person to review.

    Parameters
    ----------
    frame : table
        Data that are trusted: pandas, polars or pyarrow.
    false_alarms : float
        The chance, at most, that another table of the same source and size is refused; see `Schema.learn`.

    Returns
    -------
    Learned
        The schema and the report.

    Raises
    ------
    SchemaError
        When a column has no values, or values of several kinds.
    TableError
        When the table has no rows or repeats a column name.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"net": [3.0, 1.0, 2.0, 5.0] * 50, "shop": ["a", "b", "b", "c"] * 50})
    >>> schema, report = learn(frame)
    >>> schema.columns["shop"]
    Column('category', categories=('a', 'b', 'c'))
    >>> [finding for finding in report.findings if finding.rule == "categories"]
    [Finding('categories' passed in 'shop': 200 rows)]
    """
    learned = lesson(frame, false_alarms=false_alarms)
    schema = Schema(learned.columns, learned.rules)
    return Learned(schema, Report("learning", learned.findings, subjects={"schema": schema.digest}))
