"""A sink of parquet files, one for every flush, with flat columns for any tool that reads tables."""

from __future__ import annotations

import importlib.util
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.arguments import check_number
from maturekit._core.clock import iso, parse_iso
from maturekit._core.extras import require
from maturekit.errors import ArgumentError, FormatError, StorageError
from maturekit.predictions.blocks import Block, each, narrowed
from maturekit.predictions.joining import joined
from maturekit.predictions.sink import KINDS, Sink
from maturekit.predictions.sinks.flat import Flat
from maturekit.predictions.sinks.folder import Folder
from maturekit.predictions.sinks.numbering import Numbering

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ParquetSink"]

_NAME = re.compile(r"(\d{9,})-(\d{9,})-(\d{8}T\d{6}Z)-(\d{8}T\d{6}Z)-(\d+)-([0-9a-f]{8}\.\d+|merged)\.parquet")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class _File:
    """One file by its name: kind, numbers that it covers, span of its times, rows, and which list of blocks it was."""

    kind: str
    first: int
    last: int
    since: str
    until: str
    rows: int
    batch: str

    @property
    def name(self) -> str:
        """Where the file is within the folder."""
        numbers = f"{self.first:09d}-{self.last:09d}"
        return f"{self.kind}/{numbers}-{self.since}-{self.until}-{self.rows}-{self.batch}.parquet"

    @classmethod
    def of(cls, kind: str, first: int, last: int, blocks: Sequence[Block], batch: str) -> Self:
        times = [time for block in blocks for time in each(block, "time")]
        since, until = (parse_iso(time).strftime(_STAMP) for time in (min(times), max(times)))
        return cls(kind, first, last, since, until, sum(block["rows"] for block in blocks), batch)

    def overlaps(self, since: datetime | None, until: datetime | None) -> bool:
        late_enough = since is None or self.until >= (since - timedelta(seconds=1)).strftime(_STAMP)
        return late_enough and (until is None or self.since <= until.strftime(_STAMP))


class ParquetSink(Sink):
    """Write every flush as one parquet file with flat columns, for pandas, polars or DuckDB to scan.

    The files are in two folders within. In ``predictions`` columns are ``time`` (timestamp, UTC), ``request``,
    ``row``, ``version``, ``digest``, ``arm``, ``seconds``, ``method``, ``status``, ``reasons`` (JSON list),
    ``key.<name>``, ``input.<name>``, ``prediction`` and ``score``; in ``labels``, ``time``, ``column``,
    ``key.<name>`` and ``label``. A column has one type within a file, and text in JSON where its values have
    several. What a column cannot say stands beside the rows, in the file's metadata and the column ``rest``. Let the
    log flush seldom (``Log(..., flush_rows=100_000, flush_seconds=300.0)``), or merge small files by `compact`.

    Any number of threads and processes write, read and erase at once: writers take turns by a lock on the file
    ``.lock``, which a process that dies gives back. Files appear whole or not at all, and durably; erasing replaces
    those that have such rows. Tested on Linux; on network shares the lock is as good as their ``flock``.

    Parameters
    ----------
    folder : str or path
        Where; it appears with the first row. A folder that holds something else is refused.
    large_rows : int, default 100000
        `compact` makes no file larger than this, and leaves those alone that have half of it.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from maturekit.predictions import Entry, Log
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = Log(ParquetSink(folder))
    ...     log.write(Entry({"distance": 100.0}, key={"flight": "a"}, prediction=[1]))
    ...     log.flush()
    ...     pd.read_parquet(f"{folder}/predictions")[["key.flight", "input.distance", "prediction"]].values.tolist()
    [['a', 100.0, 1]]
    """

    def __init__(self, folder: str | os.PathLike[str], *, large_rows: int = 100_000) -> None:
        check_number(large_rows, what="large_rows", whole=True)
        if not large_rows > 0:
            raise ArgumentError(f"large_rows must be positive, got {large_rows!r}")
        _module("pyarrow")  # who finds out at the first write would lose the row
        self.folder = folder
        self.large_rows = large_rows
        self._folder = Folder(folder, marker="_parquet.json")  # readers of parquet skip what begins with a line
        self._numbering = Numbering()

    def _write(self, blocks: list[Block]) -> None:
        kind = blocks[0]["kind"]
        data = _encoded(blocks)
        with self._numbering.of(blocks) as batch, self._folder.writing(kind):
            name = f"{batch.writer}.{batch.number}"
            files = self._all(kind)
            if batch.again and any(file.batch == name for file in files):
                return
            self._folder.claim({tuple(block["key"]) for block in blocks if kind == "predictions"})
            number = max((file.last for file in files), default=0) + 1
            self._folder.put(_File.of(kind, number, number, blocks, name).name, data)

    def _read(self, kind: str, since: datetime | None, until: datetime | None) -> Iterator[list[Block]]:
        self._folder.must_exist()
        files, done = self._files(kind), 0
        while files:
            file = files.pop(0)
            if file.overlaps(since, until):
                try:
                    blocks = self._blocks(file)
                except FileNotFoundError:  # its rows were erased meanwhile, or merged with others
                    files = [other for other in self._files(kind) if other.last > done]
                    if files and files[0].first <= done:
                        raise StorageError(
                            f"files of {str(self._folder.path)!r} were merged while they were read",
                            hint="read the log again.",
                        ) from None
                    continue
                yield blocks
            done = file.last

    def _erase(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        return self._without(kind, hits, None)

    def _expire(self, kind: str, before: datetime) -> int:
        first = iso(before)

        def old(block: Block) -> NDArray[np.bool_]:
            return np.array([time < first for time in each(block, "time")], dtype=bool)

        return self._without(kind, old, before)

    def _key_sets(self) -> list[tuple[str, ...]]:
        return self._folder.key_sets()

    def _compact(self) -> int:
        self._folder.must_exist()
        gone = 0
        for kind in KINDS:
            with self._folder.writing(kind):
                self._sweep(kind)
                groups = [group for group in self._groups(kind) if len(group) > 1]
            for group in groups:
                with self._folder.writing(kind):
                    gone += self._merge(group)
        return gone

    def _files(self, kind: str) -> list[_File]:
        """Return the files that count, in order: not those that one which was merged of them covers."""
        counting: list[_File] = []
        for file in sorted(self._all(kind), key=lambda file: (file.first, -file.last)):
            if not counting or file.last > counting[-1].last:
                counting.append(file)
        return counting

    def _all(self, kind: str) -> list[_File]:
        matches = [match for name in self._folder.names(kind) if (match := _NAME.fullmatch(name))]
        return [
            _File(kind, int(first), int(last), since, until, int(rows), batch)
            for first, last, since, until, rows, batch in (match.groups() for match in matches)
        ]

    def _blocks(self, file: _File) -> list[Block]:
        with self._folder.worded(f"could not read {file.name}", but=(FileNotFoundError,)):
            data = (self._folder.path / file.name).read_bytes()
        return _decoded(data, what=file.name)

    def _sweep(self, kind: str) -> None:
        """Remove what a crash left: unfinished files, and those that one which was merged of them covers."""
        self._folder.sweep()
        counting = set(self._files(kind))
        for file in self._all(kind):
            if file not in counting:
                self._folder.remove(file.name)

    def _without(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]], before: datetime | None) -> int:
        self._folder.must_exist()
        with self._folder.writing(kind):
            self._sweep(kind)
        gone, done, files = 0, 0, self._files(kind)
        while files:
            file = files.pop(0)
            if file.overlaps(None, before):
                with self._folder.writing(file.name):
                    try:
                        gone += self._rewrite(file, hits)
                    except FileNotFoundError:  # another process erased or merged: it has what is left under a new name
                        files = [other for other in self._files(kind) if other.last > done]
                        continue
            done = file.last
        return gone

    def _rewrite(self, file: _File, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        gone, kept = 0, []
        for block in self._blocks(file):
            hit = hits(block)
            gone += int(hit.sum())
            if not hit.all():
                kept.append(narrowed(block, ~hit) if hit.any() else block)
        if gone and kept:
            self._folder.put(file.name, _encoded(kept))
        elif gone:
            self._folder.remove(file.name)
        return gone

    def _groups(self, kind: str) -> list[list[_File]]:
        """Return runs of neighbours that are small, and together not larger than a large one."""
        groups: list[list[_File]] = [[]]
        for file in self._files(kind):
            if file.rows > self.large_rows // 2:
                groups.append([])
            elif sum(other.rows for other in groups[-1]) + file.rows > self.large_rows:
                groups.append([file])
            else:
                groups[-1].append(file)
        return groups

    def _merge(self, group: list[_File]) -> int:
        kind, present = group[0].kind, set(self._files(group[0].kind))
        if not present.issuperset(group):
            return 0  # another process merged or erased meanwhile
        blocks = [block for file in group for block in self._blocks(file)]
        self._folder.put(_File.of(kind, group[0].first, group[-1].last, blocks, "merged").name, _encoded(blocks))
        for file in group:
            self._folder.remove(file.name)
        return len(group)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield a sink in a temporary folder, if pyarrow is installed."""
        import tempfile  # noqa: PLC0415  # only who tests sinks needs it

        if importlib.util.find_spec("pyarrow") is not None:
            with tempfile.TemporaryDirectory() as folder:
                yield cls(f"{folder}/log", large_rows=4)

    def __repr__(self) -> str:
        """Return the folder."""
        return f"ParquetSink({os.fspath(self.folder)!r})"


def _encoded(blocks: Sequence[Block]) -> bytes:
    arrow = _module("pyarrow")
    file = io.BytesIO()
    _module("pyarrow.parquet").write_table(Flat(arrow).table(list(joined(blocks))), file, compression="zstd")
    return file.getvalue()


def _decoded(data: bytes, *, what: str) -> list[Block]:
    arrow = _module("pyarrow")
    try:
        table = _module("pyarrow.parquet").read_table(io.BytesIO(data))
    except (arrow.ArrowException, OSError) as error:
        raise FormatError(f"{what} is no parquet file: {error}") from error
    return list(Flat(arrow).blocks(table, what=what))


def _module(name: str) -> Any:
    return require(name, extra="parquet", purpose="a log in parquet")
