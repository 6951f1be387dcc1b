"""A sink in one SQLite file, one row a prediction, that any tool can query."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.arguments import check_number
from maturekit._core.clock import iso
from maturekit._core.files import checked_path, flush_folder
from maturekit.errors import ArgumentError, ForeignFolderError, FormatError, NotFoundError, StorageError
from maturekit.predictions.blocks import Block
from maturekit.predictions.sink import Sink
from maturekit.predictions.sinks.fork_gate import ForkGate
from maturekit.predictions.sinks.numbering import Batch, Numbering
from maturekit.predictions.sinks.rows import Row, blocks_from, has_utf8, json_of, row_of, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SqliteSink"]

_OURS = 0x6D6B_7072  # "mkpr"
_FORMAT = 1
_CHUNK = 5000
_UNCERTAIN = 100
_gate = ForkGate()  # a child would believe that it has the connections and locks of its parent
_JSON = ("reasons", "key", "inputs")
_COLUMNS = {
    "predictions": (
        "time", "request", "row", "version", "digest", "arm", "method", "status", "reasons", "seconds", "key", "inputs",
        "prediction", "score",
    ),
    "labels": ("time", "column", "key", "label"),
}  # fmt: skip
_NAMES = {kind: {*names, "kind"} for kind, names in _COLUMNS.items()}
_PLAIN = (int, float, type(None))
_TABLES = """
create table predictions (
    id integer primary key autoincrement, time text not null, request, "row", version, digest, arm, method, status,
    reasons, seconds, "key", inputs, prediction, score, rest
);
create index predictions_by_time on predictions (time);
create table labels (id integer primary key autoincrement, time text not null, "column", "key", label, rest);
create table key_sets (names text primary key) without rowid;
create table batches (writer text, number integer, primary key (writer, number)) without rowid;
"""


class SqliteSink(Sink):
    """Keep predictions and labels in two tables of one SQLite file.

    The table ``predictions`` has the columns ``time`` (ISO 8601, UTC), ``request``, ``row``, ``version``, ``digest``,
    ``arm``, ``method``, ``status``, ``reasons`` (JSON list), ``seconds``, ``key`` and ``inputs`` (JSON objects, as in
    ``inputs ->> 'distance'``), ``prediction`` and ``score``; ``labels`` has ``time``, ``column``, ``key`` and
    ``label``. What a column of SQLite cannot say, such as the type of a null, stands as JSON in ``rest``.

    Any number of threads and processes of one machine write, read and erase at once; each list of blocks is one
    transaction, flushed to the disk (write-ahead log, ``synchronous=full``), so that a crash leaves all of its rows or
    none. Erased rows are overwritten, and freed pages given back. No connection is kept open, and a fork waits for the
    write or read under way. The file must not be on a network share, and on a disk without any room SQLite cannot even
    read it.

    Parameters
    ----------
    path : str or path
        The file; it appears with the first row. One that holds something else, be it one byte, is refused and stays as
        it is.
    busy_seconds : float, default 10.0
        How long to wait while others write.

    Examples
    --------
    >>> import tempfile
    >>> from maturekit.predictions import Entry, Log
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = Log(SqliteSink(f"{folder}/log.db"))
    ...     log.write(Entry({"distance": 100.0}, key={"flight": "a"}, prediction=[1]))
    ...     log.flush()
    ...     with contextlib.closing(sqlite3.connect(f"{folder}/log.db")) as database:
    ...         database.execute("select prediction, inputs ->> 'distance' from predictions").fetchall()
    [(1, 100.0)]
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float = 10.0) -> None:
        check_number(busy_seconds, what="busy_seconds")
        if not busy_seconds > 0:
            raise ArgumentError(f"busy_seconds must be positive, got {busy_seconds!r}")
        self.path = path
        self.busy_seconds = busy_seconds
        self._path = checked_path(path, what="file").absolute()
        self._numbering = Numbering()

    def _write(self, blocks: list[Block]) -> None:
        kind = blocks[0]["kind"]
        rows = [_stored(row, kind) for block in blocks for row in rows_of(block)]
        keys = {json_of(list(block["key"])) for block in blocks if kind == "predictions" and block["key"]}
        with self._numbering.of(blocks) as batch, self._opened(create=True) as database, _transaction(database):
            if not _is_new(database, batch):
                return
            marks = ", ".join("?" * (len(_COLUMNS[kind]) + 1))
            database.executemany(f"insert into {kind} ({_names(kind)}) values ({marks})", rows)  # noqa: S608  # our own names
            database.executemany("insert or ignore into key_sets values (?)", [(names,) for names in keys])

    def _read(self, kind: str, since: datetime | None, until: datetime | None) -> Iterator[list[Block]]:
        self._must_exist()
        span = "" if since is None else f" and time >= '{iso(since)}'"
        span += "" if until is None else f" and time < '{iso(until)}'"
        for _, rows in self._rows(kind, span):
            yield list(blocks_from(rows))

    def _erase(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        self._must_exist()
        gone = 0
        for ids, rows in self._rows(kind, ""):
            hit = np.flatnonzero(np.concatenate([hits(block) for block in blocks_from(rows)])).tolist()
            if hit:
                with self._opened() as database, _transaction(database):
                    gone += database.executemany(
                        f"delete from {kind} where id = ?",  # noqa: S608  # our own names
                        [(ids[place],) for place in hit],
                    ).rowcount
        self._tidy()  # also if nothing went now: whoever was killed at it may have left a trace
        return gone

    def _expire(self, kind: str, before: datetime) -> int:
        self._must_exist()
        with self._opened() as database, _transaction(database):
            gone = database.execute(f"delete from {kind} where time < ?", (iso(before),)).rowcount  # noqa: S608  # our own names
        self._tidy()
        return gone

    def _key_sets(self) -> list[tuple[str, ...]]:
        if not self._path.exists():
            return []
        with self._opened() as database:
            found = database.execute("select names from key_sets order by names").fetchall()
        return [tuple(row_of(names, what="a set of key columns")) for (names,) in found]

    def _rows(self, kind: str, span: str) -> Iterator[tuple[list[int], list[Row]]]:
        """Yield ids and rows, some at a time, with nothing kept open in between."""
        last = 0
        while True:
            with self._opened() as database:
                found = database.execute(
                    f"select id, {_names(kind)} from {kind} where id > ?{span} order by id limit {_CHUNK}",  # noqa: S608  # our own names
                    (last,),
                ).fetchall()
            if not found:
                return
            last = found[-1][0]
            yield [row[0] for row in found], [_restored(row[1:], kind) for row in found]

    def _tidy(self) -> None:
        """Give pages back, and empty the write-ahead log, which may still hold what was erased."""
        with self._opened() as database:
            database.executescript("pragma incremental_vacuum")  # `execute` would give one page back
            database.execute("pragma wal_checkpoint(truncate)").fetchall()

    def _must_exist(self) -> None:
        if not self._path.exists() or not self._path.stat().st_size:
            raise NotFoundError(
                f"there is no prediction log in {str(self._path)!r}",
                hint="it begins with the first write; check the place.",
            )

    @contextlib.contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            new = create and not self._path.exists()
            if new:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            elif self._path.stat().st_size == 1:
                raise self._foreign()  # SQLite takes one byte for nothing; of more it says itself that they are foreign
            address = f"{self._path.as_uri()}?mode={'rwc' if create else 'rw'}"
            with (
                _gate.inside(),
                contextlib.closing(
                    sqlite3.connect(address, uri=True, timeout=self.busy_seconds, isolation_level=None)
                ) as database,
            ):
                database.execute("pragma synchronous = full")
                database.execute("pragma secure_delete = on")
                self._claim(database)
                if new:
                    flush_folder(self._path.parent)
                yield database
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, StorageError):
                raise
            if type(error) is sqlite3.DatabaseError and "not a database" in str(error):
                raise self._foreign() from error
            if isinstance(error, (sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)):
                raise ArgumentError(f"SQLite cannot hold these rows: {error}") from error  # also next time
            raise StorageError(
                f"could not use the SQLite file {str(self._path)!r}: {error}", hint="nothing was half-written."
            ) from error

    def _claim(self, database: sqlite3.Connection) -> None:
        holds = database.execute(
            "select 1 from sqlite_master"
        ).fetchone()  # before whose it is: both may change together
        owner = _number(database, "application_id")
        if owner != _OURS:
            if holds or owner:
                raise self._foreign()
            self._keep_a_log(database)
            with _transaction(database):
                if _number(database, "application_id") != _OURS:  # else another process was faster
                    for statement in _TABLES.split(";"):
                        database.execute(statement)
                    database.execute(f"pragma user_version = {_FORMAT}")
                    database.execute(f"pragma application_id = {_OURS}")
        newest = _number(database, "user_version")
        if newest > _FORMAT:
            raise FormatError(
                f"the log in {str(self._path)!r} has format {newest}; this maturekit reads up to {_FORMAT}",
                hint="upgrade maturekit.",
            )

    def _keep_a_log(self, database: sqlite3.Connection) -> None:
        """Begin a write-ahead log; while several processes do so at once, SQLite says that it is busy without waiting."""
        until = time.monotonic() + self.busy_seconds
        while True:
            try:
                database.execute("pragma auto_vacuum = incremental")
                database.execute("pragma journal_mode = wal").fetchall()
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def _foreign(self) -> ForeignFolderError:
        return ForeignFolderError(
            f"{str(self._path)!r} is no prediction log in SQLite, but something else", hint="choose a new file."
        )

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a sink in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only who tests sinks needs it

        with tempfile.TemporaryDirectory() as folder:
            yield cls(f"{folder}/log.db")

    def __repr__(self) -> str:
        """Return the file."""
        return f"SqliteSink({os.fspath(self.path)!r})"


def _names(kind: str) -> str:
    return ", ".join(f'"{name}"' for name in (*_COLUMNS[kind], "rest"))


def _stored(row: Row, kind: str) -> tuple[Any, ...]:
    """Return a row as SQLite can have it; what it cannot have exactly stands in `rest`."""
    values: list[Any] = []
    rest: Row = {name: row[name] for name in row.keys() - _NAMES[kind]}
    for name in _COLUMNS[kind]:
        value = row.get(name)
        if name in _JSON:
            value = json_of(value) if name in row else None
        elif type(value) not in _PLAIN and not (type(value) is str and has_utf8(value)):
            rest[name] = value
            value = _likeness(value)
        values.append(value)
    missing = [name for name in _COLUMNS[kind] if name not in row and name != "reasons"]
    if missing:
        rest["missing"] = missing
    return (*values, json_of(rest) if rest else None)


def _restored(values: tuple[Any, ...], kind: str) -> Row:
    row: Row = {"kind": kind, **dict(zip(_COLUMNS[kind], values[:-1], strict=True))}
    if row.get("reasons", "") is None:
        del row["reasons"]
    for name in _JSON:
        if row.get(name) is not None:
            row[name] = row_of(row[name], what=f"the column {name!r}")
    if values[-1] is not None:
        rest = row_of(values[-1], what="the column 'rest'")
        for name in rest.pop("missing", ()):
            del row[name]
        row |= rest
    return row


def _likeness(value: Any) -> Any:
    """Return what is most useful in a query instead of a value that SQLite does not have."""
    if type(value) is bool:
        return int(value)
    if type(value) is dict and set(value) == {"float"}:
        return float(value["float"])
    return value.encode(errors="replace").decode() if type(value) is str else json_of(value)


def _is_new(database: sqlite3.Connection, batch: Batch) -> bool:
    """Note a batch, and return False if it was stored, although the writer was told otherwise."""
    known = database.execute("select 1 from batches where writer = ? and number = ?", (batch.writer, batch.number))
    if known.fetchone():
        return False
    database.execute("insert into batches values (?, ?)", (batch.writer, batch.number))
    database.execute("delete from batches where writer = ? and number <= ?", (batch.writer, batch.number - _UNCERTAIN))
    return True


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"pragma {pragma}").fetchone()[0])


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("begin immediate")
    try:
        yield
        database.execute("commit")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself, for instance on a full disk
            database.execute("rollback")
        raise
