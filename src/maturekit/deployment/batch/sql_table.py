"""A table of a database as the output of a batch: rows and the record of them in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

from maturekit._core.digest import canonical_json, parse_json
from maturekit.deployment.batch.plan import same_plan
from maturekit.deployment.batch.record import Record
from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SqlTable"]

_PLAN, _END = -2, -1
"""Numbers of rows of the journal that are about no chunk."""
_TYPES: Final = {"b": "BOOLEAN", "i": "BIGINT", "u": "BIGINT", "f": "DOUBLE PRECISION"}
_MARKS: Final = {"qmark": "?", "format": "%s"}


class SqlTable:
    """A table that scored rows are appended to, over a connection of Python's DB-API.

    The rows of a chunk and the record that it is done are written in one transaction, so that a run which is killed at
    any moment leaves neither half a chunk nor, when it goes on, a chunk twice. The records are in the table
    ``maturekit_batch`` of the same database, under the name of the table and of the `run`; of two runs at once with the
    same name, one stops with `StorageError`. Both tables are made where they are missing; to have other types than
    text, numbers and truths, make the table before. Moments are written as ISO 8601 texts.

    Parameters
    ----------
    connect : function without arguments
        Opens a connection, such as ``partial(sqlite3.connect, "scores.db")``. It must not commit by itself.
    name : str
        The table, perhaps behind a schema and a dot.
    run : str
        Name of this batch among all that go to the table, such as its day.
    paramstyle : {"qmark", "format"}
        How the driver marks a value: ``?`` (sqlite3, pyodbc, duckdb) or ``%s`` (psycopg, MySQL).

    Examples
    --------
    >>> import sqlite3
    >>> from functools import partial
    >>> SqlTable(partial(sqlite3.connect, "scores.db"), "scores", run="2026-11-23")
    SqlTable('scores', run='2026-11-23')
    """

    def __init__(
        self, connect: Callable[[], Any], name: str, *, run: str, paramstyle: Literal["qmark", "format"] = "qmark"
    ) -> None:
        if not callable(connect):
            raise ArgumentTypeError(f"connect must be a function that opens a connection, got {type(connect).__name__}")
        if not isinstance(name, str) or not re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*", name):
            raise ArgumentError(f"{name!r} is no name of a table", hint="use letters, digits and '_'.")
        if not isinstance(run, str) or not run:
            raise ArgumentError(f"run must be a name for this batch, got {run!r}", hint="for instance its day.")
        if not isinstance(paramstyle, str) or paramstyle not in _MARKS:
            raise ArgumentError(f"paramstyle must be one of {', '.join(_MARKS)}, got {paramstyle!r:.100}")
        self.connect = connect
        self.name = name
        self.run = run
        self.paramstyle = paramstyle
        self._connection: Any = None

    def claim(self) -> None:
        """Connect."""
        with self._worded():
            self._connection = self.connect()
        with self._transaction() as cursor:
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS maturekit_batch (target VARCHAR(200) NOT NULL, run VARCHAR(200) NOT NULL, "
                "chunk INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (target, run, chunk))"
            )

    def finished(self, plan: Mapping[str, Any]) -> list[Record] | None:
        """Return what a run gave that came to its end; None if none did."""
        journal = self._journal()
        if _END not in journal:
            return None
        same_plan(journal[_PLAN], plan, place=repr(self))
        return self.records()

    def begin(self, plan: Mapping[str, Any]) -> None:
        """Remember what is being done, or make sure that the run before did the same."""
        journal = self._journal()
        if len(journal) > 1:
            same_plan(journal[_PLAN], plan, place=repr(self))
        elif journal.get(_PLAN) != plan:
            mark = _MARKS[self.paramstyle]
            with self._transaction() as cursor:
                statement = f"DELETE FROM maturekit_batch WHERE target = {mark} AND run = {mark}"  # noqa: S608  # a mark of a parameter
                cursor.execute(statement, (self.name, self.run))
                self._note(cursor, _PLAN, plan)

    def records(self) -> list[Record]:
        """Return what is known of the chunks that are done."""
        return [Record.model_validate(record) for number, record in sorted(self._journal().items()) if number >= 0]

    def write(self, number: int, record: Record, frame: pd.DataFrame) -> Record:
        """Keep the scored rows of a chunk; it is done when this returns."""
        record = record.model_copy(update={"columns": tuple(frame.columns)})
        with self._transaction() as cursor:
            self._note(cursor, number, record.model_dump(mode="json"))
            if len(frame):
                cursor.execute(f"CREATE TABLE IF NOT EXISTS {self.name} ({_declared(frame)})")
                names = ", ".join(_quoted(name) for name in frame.columns)
                marks = ", ".join([_MARKS[self.paramstyle]] * len(frame.columns))
                statement = f"INSERT INTO {self.name} ({names}) VALUES ({marks})"  # noqa: S608  # names are quoted or checked
                cursor.executemany(statement, list(zip(*(_cells(frame[name]) for name in frame.columns), strict=True)))
        return record

    def finish(self, plan: Mapping[str, Any], records: Sequence[Record], columns: Sequence[str]) -> None:  # noqa: ARG002  # the records are there already
        """Say that all is done."""
        with self._transaction() as cursor:
            self._note(cursor, _END, {"chunks": len(records)})

    def clean(self) -> None:
        """Leave all as it is: the records are what keeps a second run from writing again."""

    def release(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __repr__(self) -> str:
        """Return table and run, never the connection."""
        return f"SqlTable({self.name!r}, run={self.run!r})"

    def _journal(self) -> dict[int, Any]:
        mark = _MARKS[self.paramstyle]
        with self._transaction() as cursor:
            cursor.execute(
                f"SELECT chunk, record FROM maturekit_batch WHERE target = {mark} AND run = {mark}",  # noqa: S608  # a mark of a parameter
                (self.name, self.run),
            )
            rows = cursor.fetchall()
        return {int(chunk): parse_json(record, what=f"the record of {self!r}") for chunk, record in rows}

    def _note(self, cursor: Any, number: int, content: Mapping[str, Any]) -> None:
        marks = ", ".join([_MARKS[self.paramstyle]] * 4)
        statement = f"INSERT INTO maturekit_batch (target, run, chunk, record) VALUES ({marks})"  # noqa: S608  # as above
        cursor.execute(statement, (self.name, self.run, number, canonical_json(content).decode()))

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._worded():
            cursor = self._connection.cursor()
            try:
                yield cursor
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise
            finally:
                cursor.close()

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever the driver calls it
            raise StorageError(
                f"{self!r} cannot be written: {type(error).__name__}: {error}",
                hint="the last chunk was rolled back. Does another run write under this name?",
            ) from error


def _declared(frame: pd.DataFrame) -> str:
    kinds = [_TYPES.get(getattr(frame[name].dtype, "kind", "O"), "TEXT") for name in frame.columns]
    return ", ".join(f"{_quoted(name)} {kind}" for name, kind in zip(frame.columns, kinds, strict=True))


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _cells(column: pd.Series) -> list[Any]:
    """Return values that every driver knows; None where there is none."""
    missing = column.isna()
    cells = [cell.isoformat() if hasattr(cell, "isoformat") else cell for cell in column.tolist()]
    if not missing.any():
        return cells
    return [None if gone else cell for cell, gone in zip(cells, missing, strict=True)]
