"""Rows of a database as frames, over any connection of Python's DB-API."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

from maturekit.errors import ArgumentTypeError, StorageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SqlQuery"]


class SqlQuery:
    """The rows that a query gives, as a source of a `Batch`.

    The query runs in a thread of its own, with a connection of its own; rows are fetched chunk by chunk. A run that
    goes on after an interruption asks again, and compares the chunks that are done with what it had read: so the query
    must give its rows in an order that never changes (``ORDER BY`` a key).

    Parameters
    ----------
    connect : function without arguments
        Opens a connection, such as ``partial(sqlite3.connect, "flights.db")``.
    query : str
        The statement, in the database's own SQL.
    parameters : sequence
        Values for its placeholders.

    Examples
    --------
    >>> import sqlite3
    >>> from functools import partial
    >>> query = SqlQuery(partial(sqlite3.connect, ":memory:"), "select 1 as a, 'x' as b union select 2, 'y'")
    >>> [frame.to_dict("list") for frame in query.frames(1)]
    [{'a': [1], 'b': ['x']}, {'a': [2], 'b': ['y']}]
    """

    def __init__(self, connect: Callable[[], Any], query: str, parameters: Sequence[Any] = ()) -> None:
        if not callable(connect):
            raise ArgumentTypeError(
                f"connect must be a function that opens a connection, got {type(connect).__name__}",
                hint="write `partial(sqlite3.connect, path)`: a run that goes on needs a connection of its own.",
            )
        if not isinstance(query, str):
            raise ArgumentTypeError(f"query must be a text, got {type(query).__name__}")
        if isinstance(parameters, (str, bytes)) or not isinstance(parameters, Sequence):
            raise ArgumentTypeError(
                f"parameters must be a sequence of values, got {type(parameters).__name__}", hint="for instance `(7,)`."
            )
        self.connect = connect
        self.query = query
        self.parameters = tuple(parameters)

    def frames(self, rows: int) -> Iterator[pd.DataFrame]:
        """Yield at most so many rows at a time; a query without rows gives one frame without rows."""
        with ThreadPoolExecutor(1, "batch-query") as thread:  # many drivers want one thread for a connection
            steps = self._steps(rows)
            try:
                while (step := thread.submit(next, steps, None).result()) is not None:
                    names, cells = step
                    yield _framed(names, cells)
            finally:
                thread.submit(steps.close).result()

    def _steps(self, rows: int) -> Generator[tuple[list[str], list[Any]]]:
        try:
            with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
                cursor.execute(self.query, self.parameters)
                names = [str(column[0]) for column in cursor.description or ()]
                cells = cursor.fetchmany(rows)
                yield names, cells
                while cells := cursor.fetchmany(rows):
                    yield names, cells
        except Exception as error:  # whatever the driver calls it
            raise StorageError(f"the query failed: {type(error).__name__}: {error}") from error

    def __repr__(self) -> str:
        """Return the query, never its parameters."""
        return f"SqlQuery({self.query!r})"


def _framed(names: list[str], cells: list[Any]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  # who describes a query does not pay for pandas

    from maturekit._core.frames import as_frame  # noqa: PLC0415  # as above

    frame = pd.DataFrame.from_records(cells, columns=list(range(len(names))))
    gaps = [place for place in frame.columns if frame.dtypes[place] == "float64" and frame[place].hasnans]
    for place in gaps:
        column = [row[place] for row in cells]
        if all(cell is None or type(cell) is int for cell in column):  # as floats they would be rounded
            frame[place] = pd.Series(column, dtype="Int64")
    return as_frame(frame.set_axis(names, axis=1), what="query")
