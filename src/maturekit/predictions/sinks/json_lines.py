"""A sink of JSON lines: one object a row, appended to files that a log shipper can follow."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import numpy as np

from maturekit._core.arguments import check_number
from maturekit._core.clock import Clock, as_utc, iso, utc_now
from maturekit._core.files import flush_folder, whole_file
from maturekit.errors import ArgumentError, FormatError
from maturekit.predictions.blocks import Block
from maturekit.predictions.sink import Sink
from maturekit.predictions.sinks.folder import Folder
from maturekit.predictions.sinks.numbering import Numbering
from maturekit.predictions.sinks.rows import Row, blocks_from, json_of, row_of, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JsonLinesSink"]

_NAME = re.compile(r"(predictions|labels)-(\d{6,})-(\d{8}T\d{6}Z)\.jsonl")
_STAMP = "%Y%m%dT%H%M%SZ"
_CHUNK = 4 * 2**20
_TIME = b'"time":"'


@dataclass(frozen=True, slots=True, order=True)
class _File:
    """One file by its name: a number that only grows, and when it was begun."""

    number: int
    begun: str
    name: str


class JsonLinesSink(Sink):
    """Append every row as one JSON object on one line, in files that rotate by size and age.

    Files are called ``predictions-000001-20130503T120000Z.jsonl`` (number, and when it was begun) and never renamed; a
    file is only ever appended to, except that `erase` and `expire` replace it. So a shipper that follows ``*.jsonl``
    sees each row once, and can tell rows by their ``id``. A line says all about its row: ``id``, ``time``, ``kind``,
    ``method``, ``request``, ``row``, ``seconds``, ``version``, ``digest``, ``arm``, ``key``, ``inputs``,
    ``prediction``, ``score``, ``status`` and ``reasons``; ``types`` lists the columns whose type the value alone does
    not show.

    Any number of threads and processes write, read and erase at once: writers take turns by a lock on the file
    ``.lock``, which a process that dies gives back. A list of blocks is appended in one piece and flushed to the disk;
    if that fails, it is cut off again, and a line that stands twice nevertheless is read once. Of a process that is
    killed while it appends whole lines stay; the torn one is skipped and counted in `torn`, and the next erasure
    removes it. To read a span of time is to look at every line. Tested on Linux; on network shares the lock is as good
    as their ``flock``.

    Parameters
    ----------
    folder : str or path
        Where; it appears with the first row. A folder that holds something else is refused.
    rotate_bytes : int, default 64 MiB
        A file that would grow beyond is followed by the next. Erasing reads and writes one file at a time.
    rotate_seconds : float, default one day
        So is a file that was begun so long ago.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default. It dates files.

    Attributes
    ----------
    torn : int
        How many lines the last reading, erasing or expiring met that are no row.

    Examples
    --------
    >>> import json, tempfile
    >>> from maturekit.predictions import Entry, Log
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = Log(JsonLinesSink(folder))
    ...     log.write(Entry({"distance": 100.0}, key={"flight": "a"}, prediction=[1]))
    ...     log.flush()
    ...     (file,) = Path(folder).glob("*.jsonl")
    ...     row = json.loads(file.read_text())
    >>> row["key"], row["inputs"], row["prediction"], row["status"]
    ({'flight': 'a'}, {'distance': 100.0}, 1, 'ok')
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        rotate_bytes: int = 64 * 2**20,
        rotate_seconds: float = 86_400.0,
        clock: Clock | None = None,
    ) -> None:
        for name, value in (("rotate_bytes", rotate_bytes), ("rotate_seconds", rotate_seconds)):
            check_number(value, what=name)
            if not value > 0:
                raise ArgumentError(f"{name} must be positive, got {value!r}")
        self.folder = folder
        self.rotate_bytes = rotate_bytes
        self.rotate_seconds = rotate_seconds
        self.clock = clock
        self.torn = 0
        self._folder = Folder(folder, marker="json_lines.json")
        self._numbering = Numbering()

    def _write(self, blocks: list[Block]) -> None:
        kind = blocks[0]["kind"]
        with self._numbering.of(blocks) as batch:
            name = f"{batch.writer}-{batch.number}"
            rows = (row for block in blocks for row in rows_of(block))
            data = "".join(
                [f"{json_of({'id': f'{name}-{place}', **row})}\n" for place, row in enumerate(rows)]
            ).encode()
            with self._folder.writing(kind):
                self._folder.claim({tuple(block["key"]) for block in blocks if kind == "predictions"})
                _append(self._folder.path / self._current(kind, len(data)).name, data)

    def _read(self, kind: str, since: datetime | None, until: datetime | None) -> Iterator[list[Block]]:
        self._folder.must_exist()
        self.torn, seen = 0, dict[str, int]()
        first = b"" if since is None else iso(since).encode()
        last = b"\xff" if until is None else iso(until).encode()
        files = self._files(kind)
        for file in files:
            for lines in self._lines(file, growing=file is files[-1]):
                _, rows = self._parsed([line for line in lines if first <= _time_of(line) < last], kind, seen)
                if rows:
                    yield list(blocks_from(rows))

    def _erase(self, kind: str, hits: Callable[[Block], NDArray[np.bool_]]) -> int:
        return self._without(kind, lambda rows: np.concatenate([hits(block) for block in blocks_from(rows)]))

    def _expire(self, kind: str, before: datetime) -> int:
        first = iso(before)
        return self._without(kind, lambda rows: np.array([row["time"] < first for row in rows], dtype=bool))

    def _key_sets(self) -> list[tuple[str, ...]]:
        return self._folder.key_sets()

    def _files(self, kind: str) -> list[_File]:
        matches = [match for name in self._folder.names() if (match := _NAME.fullmatch(name))]
        return sorted(_File(int(match[2]), match[3], match[0]) for match in matches if match[1] == kind)

    def _current(self, kind: str, size: int) -> _File:
        """Return the file that so many bytes go to: the newest, or one more."""
        now = as_utc((self.clock or utc_now)(), what="the clock's time")
        oldest = (now - timedelta(seconds=self.rotate_seconds)).strftime(_STAMP)
        files = self._files(kind)
        if files and files[-1].begun > oldest:
            held = (self._folder.path / files[-1].name).stat().st_size
            if held == 0 or held + size <= self.rotate_bytes:
                return files[-1]
        number, begun = files[-1].number + 1 if files else 1, now.strftime(_STAMP)
        return _File(number, begun, f"{kind}-{number:06d}-{begun}.jsonl")

    def _lines(self, file: _File, *, growing: bool) -> Iterator[list[bytes]]:
        """Yield the lines of a file as they are at a moment when nobody writes to it, some at a time."""
        with self._folder.worded(f"could not read {file.name}"), contextlib.ExitStack() as stack:
            try:
                with self._folder.reading() if growing else contextlib.nullcontext():
                    opened = stack.enter_context((self._folder.path / file.name).open("rb"))
                    size = os.fstat(opened.fileno()).st_size
            except FileNotFoundError:
                return  # all its rows were erased meanwhile
            yield from _chunks(opened, size)

    def _parsed(self, lines: list[bytes], kind: str, seen: dict[str, int]) -> tuple[list[int], list[Row]]:
        """Return which lines hold a row for the first time, and those rows; count the torn ones."""
        places, rows = [], []
        for place, line in enumerate(lines):
            try:
                row = row_of(line, what="a line")
                batch, _, number = row.pop("id").rpartition("-")
                if row["kind"] != kind:
                    raise ValueError(kind)
                fresh = int(number) > seen.get(batch, -1)
            except (FormatError, AttributeError, KeyError, TypeError, ValueError):
                self.torn += 1
                continue
            if fresh:
                seen[batch] = int(number)
                places.append(place)
                rows.append(row)
        return places, rows

    def _without(self, kind: str, choice: Callable[[list[Row]], NDArray[np.bool_]]) -> int:
        """Take rows out of every file that has such, and return how many; torn lines, which may hold such, go along."""
        self._folder.must_exist()
        self.torn, gone, seen = 0, 0, dict[str, int]()
        for file in self._files(kind):
            with self._folder.writing(file.name):
                self._folder.sweep()
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    gone += self._rewrite(self._folder.path / file.name, choice, kind, seen)
        return gone

    def _rewrite(
        self, path: Path, choice: Callable[[list[Row]], NDArray[np.bool_]], kind: str, seen: dict[str, int]
    ) -> int:
        found, before = 0, 0
        staying = set[int]()
        with path.open("rb") as old:
            for lines in _chunks(old, path.stat().st_size):
                places, rows = self._parsed(lines, kind, seen)
                found += len(rows)
                if rows:
                    staying.update(before + places[place] for place in np.flatnonzero(~choice(rows)).tolist())
                before += len(lines)
            if not staying:
                path.unlink()
                flush_folder(path.parent)
            elif len(staying) < before:
                old.seek(0)
                with whole_file(path, durable=True) as new:
                    new.writelines(line.rstrip(b"\n") + b"\n" for place, line in enumerate(old) if place in staying)
        return found - len(staying)

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield sinks in temporary folders, one of which begins a file with every list of blocks."""
        import tempfile  # noqa: PLC0415  # only who tests sinks needs it

        with tempfile.TemporaryDirectory() as folder:
            yield cls(f"{folder}/log")
            yield cls(f"{folder}/small", rotate_bytes=1)

    def __repr__(self) -> str:
        """Return the folder."""
        return f"JsonLinesSink({os.fspath(self.folder)!r})"


def _append(path: Path, data: bytes) -> None:
    """Append bytes durably and all or nothing, on a line of their own; nobody else writes."""
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, -1, os.SEEK_END)
            if os.read(descriptor, 1) != b"\n":  # somebody was killed here
                data = b"\n" + data
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):  # if it stays, it is known by its number when it comes again
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    if new:
        flush_folder(path.parent)


def _chunks(file: IO[bytes], size: int) -> Iterator[list[bytes]]:
    """Yield the lines of the first `size` bytes, which end with a line or are torn there."""
    while size > 0 and (lines := file.readlines(min(size, _CHUNK))):
        size -= sum(map(len, lines))
        over = size < 0
        while size < 0:  # appended since
            size += len(lines.pop())
        yield lines
        if over:
            return


def _time_of(line: bytes) -> bytes:
    start = line.find(_TIME, 0, 100) + len(_TIME)
    return line[start : start + 27]
