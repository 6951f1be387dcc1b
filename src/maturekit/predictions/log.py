"""The log of predictions: written by services, labelled later, read by whoever watches them."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit._core.clock import Clock, as_utc, iso, utc_now
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions.blocks import Block, blocks_of, key_matches, narrowed
from maturekit.predictions.buffer import Buffer
from maturekit.predictions.columns import spell
from maturekit.predictions.entry import Entry
from maturekit.predictions.labels import Labels, label_blocks
from maturekit.predictions.segments import Segment, Segments
from maturekit.predictions.tables import table_of
from maturekit.storage import Store, open_store

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Log"]


class Log:
    """An append-only log of predictions in a folder or store.

    Each process writes its own immutable segments of JSON lines, so any number of processes and threads may write,
    label and read at once. Records wait in memory until `flush_rows` of them are there or the first has waited
    `flush_seconds`: a process that is killed loses at most those, and at most one batch more. `flush`, leaving the
    interpreter and the end of a `multiprocessing` worker write what waits. A forked child begins with nothing
    waiting. While the store fails, up to `keep_rows` wait and are tried again; what comes on top is dropped and
    counted. Opening writes nothing; a folder that holds something else is refused.

    Parameters
    ----------
    place : str, path or Store
        The folder, or a store.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default. It stamps records and labels.
    flush_rows : int, default 1000
        Write as soon as so many rows wait.
    flush_seconds : float, default 10.0
        Write when the first waiting row has waited so long.
    keep_rows : int, default 100000
        How many rows wait at most while the store fails.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.predictions import Entry
    >>> from maturekit.storage import MemoryStore
    >>> log = Log(MemoryStore())
    >>> flights = pd.DataFrame({"flight": ["a", "b"], "distance": [100.0, 250.0]})
    >>> log.write(Entry(flights, key={"flight": flights["flight"]}, prediction=[0, 1], version="late:1"))
    >>> log.label(pd.DataFrame({"flight": ["b", "c"], "late": [True, False]}), column="late")
    2
    >>> log.frame()[["flight", "input.distance", "prediction", "label"]].values.tolist()
    [['a', 100.0, 0, <NA>], ['b', 250.0, 1, True]]
    >>> log.labels()[["flight", "seen"]].values.tolist()
    [['b', True], ['c', False]]
    >>> log.forget("b")
    2
    >>> log.frame()["flight"].tolist()
    ['a']
    """

    def __init__(
        self,
        place: str | os.PathLike[str] | Store,
        *,
        clock: Clock | None = None,
        flush_rows: int = 1000,
        flush_seconds: float = 10.0,
        keep_rows: int = 100_000,
    ) -> None:
        for name, value in (("flush_rows", flush_rows), ("flush_seconds", flush_seconds), ("keep_rows", keep_rows)):
            if not value > 0:
                raise ArgumentError(f"{name} must be positive, got {value!r}")
        self.place = place
        self.clock = clock
        self.flush_rows = flush_rows
        self.flush_seconds = flush_seconds
        self.keep_rows = keep_rows
        self._now = clock or utc_now
        store = open_store(place)
        self._segments = Segments(store)
        self._labelling = threading.Lock()
        self._buffer: Buffer[Entry | Block] = Buffer(
            functools.partial(_write, Segments(store)), rows=flush_rows, seconds=flush_seconds, keep=keep_rows
        )
        weakref.finalize(self, self._buffer.close)

    @property
    def dropped(self) -> int:
        """How many rows this process could not keep, since it began."""
        return self._buffer.dropped

    def write(self, entry: Entry) -> None:
        """Take what one call left behind; it is stored soon, and at the latest by `flush`.

        A store that fails does not fail the writer: see `dropped`. The entry is the log's from now on; later changes
        to the frame or record that it was made from do not reach the log.
        """
        if not isinstance(entry, Entry):
            raise ArgumentTypeError(f"a log takes an Entry, got {type(entry).__name__}")
        if entry.time is None:
            entry.time = as_utc(self._now(), what="the clock's time")
        if entry.one:
            entry.inputs = dict(entry.inputs)
            self._buffer.add(entry, rows=1)
        elif entry.rows:
            (block,) = blocks_of([entry])
            self._buffer.add(block, rows=entry.rows)

    def flush(self) -> None:
        """Store all that waits; raise `StorageError` if that fails, and keep it for the next attempt."""
        self._buffer.flush()

    def label(self, frame: Table, *, column: str) -> int:
        """Store labels that became known, and return how many.

        The frame holds the label in `column` and the key columns by which records were written (``Recorded(key=)``),
        or else ``request`` and ``row``; other columns are ignored. Labels are durable when this returns. Where a key
        is labelled again, the label stored last counts, also a null one, which means *not known*. Labels of keys
        never seen are kept, and shown by `labels`.

        Raises `ArgumentError` for a column that is missing and `TableError` for rows without a key.
        """
        table = as_frame(frame, what="labels")
        if table.empty:
            return 0
        self.flush()
        blocks = label_blocks(table, column=column, keys=self._segments.key_sets(), time=iso(self._now()))
        with self._labelling:
            self._segments.add(blocks)
        return len(table)

    def frame(
        self, *, since: datetime | None = None, until: datetime | None = None, label: str | None = None
    ) -> pd.DataFrame:
        """Return the predictions of a span of time, one row each, oldest first.

        Parameters
        ----------
        since, until : datetime, optional
            Aware; rows with ``since <= time < until``.
        label : str, optional
            Which label to join; needed only where several columns were stored with `label`.

        Returns
        -------
        DataFrame
            ``time`` (datetime64[us, UTC]), ``request``, ``row`` (int64), ``version``, ``digest``, ``method``,
            ``status``, ``reasons`` (names of the rules, separated by comma and blank), ``seconds`` (float64), the key
            columns by their own names, the inputs as ``input.<name>``, ``prediction``, ``score`` (float64,
            probability of the positive class) and ``label``. Whole numbers and truth values with gaps come as
            ``Int64`` and ``boolean``. Raises `NotFoundError` where no log is.
        """
        segments, labels = self._opened(since, until, label)
        blocks = [block for segment in segments for block in self._segments.read(segment)]
        return self._finished(blocks, labels, since, until)

    def frames(
        self, *, since: datetime | None = None, until: datetime | None = None, label: str | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the same rows segment by segment, in memory of one segment and the labels.

        Parameters as in `frame`; within a segment the oldest row comes first. A segment holds `flush_rows` rows, or
        one batch if that is larger. Columns are those of the segment.
        """
        segments, labels = self._opened(since, until, label)
        for segment in segments:
            frame = self._finished(self._segments.read(segment), labels, since, until)
            if len(frame):
                yield frame

    def labels(self, *, label: str | None = None) -> pd.DataFrame:
        """Return the newest label of each key, in ``label``, and in ``seen`` whether a prediction has that key.

        Raises `NotFoundError` where no log is.
        """
        segments, labels = self._opened(None, None, label)
        blocks = [block for segment in segments for block in self._segments.read(segment)]
        return labels.seen(table_of(blocks))

    def forget(self, key: Any) -> int:
        """Erase every record and label of a key, and return how many rows went.

        Parameters
        ----------
        key : mapping or scalar
            Values of one or more key columns (``request`` and ``row`` count too), or the value of the only one.

        A crash in between loses and doubles nothing; call again, and the rest goes. What other processes still hold
        in memory is not reached: call again after their `flush_seconds`. Raises `NotFoundError` where no log is.
        """
        self.flush()
        self._segments.must_exist()
        wishes = [dict(key)] if isinstance(key, Mapping) else self._of_single_keys(key)
        if not all(wishes):
            raise ArgumentError("an empty key would forget everything", hint="name at least one key column.")
        for name, value in chain.from_iterable(wish.items() for wish in wishes):
            if spell(value) is None:
                raise ArgumentError(f"the key has no value in {name!r}", hint="name whom to forget.")
        erased = 0
        for kind in ("predictions", "labels"):
            self._segments.sweep(kind)
            erased += sum(self._erase(segment, wishes) for segment in self._segments.current(kind))
        return erased

    def _erase(self, segment: Segment, wishes: list[dict[str, Any]]) -> int:
        kept, erased = [], 0
        for block in self._segments.read(segment):
            hits = np.logical_or.reduce([key_matches(block, wish) for wish in wishes])
            erased += int(hits.sum())
            if not hits.all():
                kept.append(narrowed(block, ~hits) if hits.any() else block)
        if erased and not self._segments.replace(segment, kept):
            return sum(self._erase(other, wishes) for other in self._segments.at(segment))
        return erased

    def _of_single_keys(self, value: Any) -> list[dict[str, Any]]:
        names = [names[0] for names in self._segments.key_sets() if len(names) == 1]
        if not names:
            raise ArgumentError(
                "the records of this log have no key of one column", hint="pass a mapping of column to value."
            )
        return [{name: value} for name in names]

    def _opened(
        self, since: datetime | None, until: datetime | None, label: str | None
    ) -> tuple[list[Segment], Labels]:
        self.flush()
        self._segments.must_exist()
        if since is not None:
            since = as_utc(since, what="since")
        if until is not None:
            until = as_utc(until, what="until")
        stored = [block for segment in self._segments.current("labels") for block in self._segments.read(segment)]
        return self._segments.current("predictions", since=since, until=until), Labels(stored, column=label)

    def _finished(
        self, blocks: list[Block], labels: Labels, since: datetime | None, until: datetime | None
    ) -> pd.DataFrame:
        frame = table_of(blocks, key=chain.from_iterable(self._segments.key_sets()))
        inside = np.ones(len(frame), dtype=bool)
        if since is not None:
            inside &= (frame["time"] >= since).to_numpy()
        if until is not None:
            inside &= (frame["time"] < until).to_numpy()
        if not inside.all():
            frame = frame[inside]
        if not frame["time"].is_monotonic_increasing:
            frame = frame.sort_values("time", kind="stable")
        frame = frame.reset_index(drop=True)
        return frame.assign(label=labels.joined(frame))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the arguments only: what waits stays with the process that took it."""
        names = ("place", "clock", "flush_rows", "flush_seconds", "keep_rows")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin as a new log object on the same place."""
        self.__init__(**state)  # type: ignore[misc]  # the constructor is how a log begins

    def __repr__(self) -> str:
        """Return the place."""
        return f"Log({self.place!r})"


def _write(segments: Segments, items: list[Entry | Block]) -> None:
    segments.add(list(blocks_of(items)))
