"""The log of predictions: written by services, labelled later, read by whoever watches them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit._core.arguments import check_number
from maturekit._core.clock import Clock, as_utc, iso, utc_now
from maturekit._core.frames import Table, as_frame
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions.blocks import Block, key_matches
from maturekit.predictions.buffer import Buffer
from maturekit.predictions.columns import spell
from maturekit.predictions.entry import Entry
from maturekit.predictions.labels import Labels, label_blocks
from maturekit.predictions.making import Item, Make, made, owned
from maturekit.predictions.segment_sink import SegmentSink
from maturekit.predictions.sink import KINDS, Sink
from maturekit.predictions.tables import table_of
from maturekit.storage import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Log"]


class Log:
    """An append-only log of predictions in a folder, a store, or a sink of one's own.

    Any number of processes and threads may write, label and read at once. `write` only hands over: a thread of the log
    stores what waits as soon as there are `flush_rows` of it, or when the first row has waited `flush_seconds`, on
    `flush`, when the interpreter ends and when a worker of `multiprocessing` does. A process that is killed loses what
    waits, which `waiting` tells: rows of the last `flush_seconds`, about `flush_rows` of them unless they come faster
    than they can be stored, and never more than `keep_rows`. What comes on top is dropped and counted, also while the
    store fails or hangs; what waits is tried again. A forked child begins with nothing waiting. Opening writes nothing;
    a folder that holds something else is refused.

    Parameters
    ----------
    place : str, path, Store or Sink
        The folder or store for a `SegmentSink`, or another sink.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default. It stamps records and labels.
    flush_rows : int, default 1000
        Write as soon as so many rows wait.
    flush_seconds : float, default 10.0
        Write when the first waiting row has waited so long.
    keep_rows : int, default 100000
        How many rows wait at most, each about 2 kB for a record of 20 columns; only a larger batch that comes while
        nothing waits is taken too.
    exit_seconds : float, default 5.0
        How long the end of the process may take to store what waits.

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
        place: str | os.PathLike[str] | Store | Sink,
        *,
        clock: Clock | None = None,
        flush_rows: int = 1000,
        flush_seconds: float = 10.0,
        keep_rows: int = 100_000,
        exit_seconds: float = 5.0,
    ) -> None:
        for name, value in (
            ("flush_rows", flush_rows),
            ("flush_seconds", flush_seconds),
            ("keep_rows", keep_rows),
            ("exit_seconds", exit_seconds),
        ):
            check_number(value, what=name, whole=name.endswith("_rows"))
            if not value > 0:
                raise ArgumentError(f"{name} must be positive, got {value!r}")
        if clock is not None and not callable(clock):
            raise ArgumentTypeError(f"clock must be callable, got {type(clock).__name__}")
        self.place = place
        self.clock = clock
        self.flush_rows = flush_rows
        self.flush_seconds = flush_seconds
        self.keep_rows = keep_rows
        self.exit_seconds = exit_seconds
        self._now = utc_now if clock is None else lambda: as_utc(clock(), what="the clock's time")
        self._sink = place if isinstance(place, Sink) else SegmentSink(place)
        self._buffer: Buffer[Item, list[Block]] = Buffer(
            made,
            self._sink.write,
            rows=flush_rows,
            seconds=flush_seconds,
            keep=keep_rows,
            exit_seconds=exit_seconds,
        )
        weakref.finalize(self, self._buffer.let_go).atexit = False

    @property
    def sink(self) -> Sink:
        """Where the rows are kept."""
        return self._sink

    @property
    def dropped(self) -> int:
        """How many rows this process could not keep, since it began."""
        return self._buffer.dropped

    @property
    def waiting(self) -> int:
        """How many rows are not stored yet: what this process would lose if it were killed now."""
        return self._buffer.held

    def write(self, entry: Entry) -> None:
        """Take what one call left behind; it is stored soon, and at the latest by `flush`.

        A store that fails does not fail the writer: see `dropped`. The entry is the log's from now on; later changes
        to the frame or record that it was made from do not reach the log.
        """
        if not isinstance(entry, Entry):
            raise ArgumentTypeError(f"a log takes an Entry, got {type(entry).__name__}")
        if not entry.one and not isinstance(entry.inputs, pd.DataFrame):
            raise ArgumentTypeError(f"inputs must be a DataFrame or a mapping, got {type(entry.inputs).__name__}")
        for name in ("request", "method"):
            if not isinstance(getattr(entry, name), str):
                raise ArgumentTypeError(f"{name} must be a text, got {type(getattr(entry, name)).__name__}")
        entry.time = self._now() if entry.time is None else as_utc(entry.time)
        if entry.rows:
            self._buffer.add(owned(entry), rows=entry.rows)

    def defer(self, make: Make, *, rows: int = 1) -> None:
        """Take what one call left behind, still to be put into words: `make` does that in the log's own thread.

        It is called with the time of now, and returns an `Entry` of at most so many rows, or None for nothing. It must
        not depend on what others may change. If it raises, the rows are dropped and counted.
        """
        self._buffer.add((make, self._now(), rows), rows=rows)

    def flush(self, timeout: float | None = None) -> None:
        """Store all that waits now; raise `StorageError` if that fails, and keep it for the next attempt.

        With `timeout`, also raise if it takes longer than so many seconds; the attempt goes on.
        """
        self._buffer.flush(timeout)

    def close(self) -> None:
        """Store what waits, for at most `exit_seconds`, and end the thread; what fails is said through the logger.

        For the orderly end of a service, which may still write afterwards: the thread begins anew.
        """
        self._buffer.close()

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
        self._sink.write(label_blocks(table, column=column, keys=self._sink.key_sets(), time=iso(self._now())))
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
            ``time`` (datetime64[us, UTC]), ``request``, ``row`` (int64), ``version``, ``digest``, ``arm`` (which of
            several models answered), ``method``, ``status``, ``reasons`` (names of the rules, separated by comma and
            blank), ``seconds`` (float64), the key columns by their own names, the inputs as ``input.<name>``,
            ``prediction``, ``score`` (float64, probability of the positive class) and ``label``. Whole numbers and
            truth values with gaps come as ``Int64`` and ``boolean``. Raises `NotFoundError` where no log is.
        """
        reader = self._reader(since, until, label)
        return reader.finished(list(chain.from_iterable(reader.pieces)))

    def frames(
        self, *, since: datetime | None = None, until: datetime | None = None, label: str | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the same rows piece by piece, in memory of one piece and the labels.

        Parameters as in `frame`; within a piece the oldest row comes first. How large a piece is the sink decides. A
        segment holds `flush_rows` rows, 16 times as many where they came faster than they were stored, or one batch if
        that is larger, until `compact` merges some. Columns are those of the piece.
        """
        reader = self._reader(since, until, label)
        return (frame for frame in map(reader.finished, reader.pieces) if len(frame))

    def labels(self, *, label: str | None = None) -> pd.DataFrame:
        """Return the newest label of each key, in ``label``, and in ``seen`` whether a prediction has that key.

        Raises `NotFoundError` where no log is.
        """
        reader = self._reader(None, None, label)
        return reader.labels.seen(table_of([{**block, "inputs": {}} for blocks in reader.pieces for block in blocks]))

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
        wishes = [dict(key)] if isinstance(key, Mapping) else self._of_single_keys(key)
        if not all(wishes):
            raise ArgumentError("an empty key would forget everything", hint="name at least one key column.")
        for name, value in chain.from_iterable(wish.items() for wish in wishes):
            if pd.api.types.is_list_like(value):
                raise ArgumentTypeError(f"the key must be one value in {name!r}, got {type(value).__name__}")
            if spell(value) is None:
                raise ArgumentError(f"the key has no value in {name!r}", hint="name whom to forget.")

        def hits(block: Block) -> NDArray[np.bool_]:
            found: NDArray[np.bool_] = np.logical_or.reduce([key_matches(block, wish) for wish in wishes])
            return found

        return sum(self._sink.erase(kind, hits) for kind in KINDS)

    def expire(self, before: datetime) -> int:
        """Erase the predictions made before a moment and the labels stored before it; return how many rows went.

        A row of just that moment stays. As with `forget`, a crash in between does no harm. Raises `NotFoundError` where
        no log is.

        >>> from datetime import UTC, timedelta
        >>> from maturekit.predictions import Entry
        >>> from maturekit.storage import MemoryStore
        >>> now = datetime(2013, 5, 3, tzinfo=UTC)
        >>> log = Log(MemoryStore())
        >>> for day in range(3):
        ...     log.write(Entry({"day": day}, time=now + timedelta(days=day)))
        >>> log.expire(now + timedelta(days=2)), log.frame()["input.day"].tolist()
        (2, [2])
        """
        moment = as_utc(before, what="before")
        self.flush()
        return sum(self._sink.expire(kind, moment) for kind in KINDS)

    def compact(self) -> int:
        """Merge small pieces of the log, so that it is read faster; return how many were merged.

        Worth it, once a day or so, where processes are many or short. Others may read, write and forget meanwhile.
        Raises `NotFoundError` where no log is.
        """
        self.flush()
        return self._sink.compact()

    def _of_single_keys(self, value: Any) -> list[dict[str, Any]]:
        names = [names[0] for names in self._sink.key_sets() if len(names) == 1]
        if not names:
            self._sink.read()  # where there is no log, that is what is wrong
            raise ArgumentError(
                "the records of this log have no key of one column", hint="pass a mapping of column to value."
            )
        return [{name: value} for name in names]

    def _reader(self, since: datetime | None, until: datetime | None, label: str | None) -> _Reader:
        if since is not None:
            since = as_utc(since, what="since")
        if until is not None:
            until = as_utc(until, what="until")
        self.flush()
        labels = Labels(chain.from_iterable(self._sink.read("labels")), column=label)
        pieces = self._sink.read("predictions", since=since, until=until)
        return _Reader(pieces, labels, list(chain.from_iterable(self._sink.key_sets())), since, until)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the arguments only: what waits stays with the process that took it."""
        names = ("place", "clock", "flush_rows", "flush_seconds", "keep_rows", "exit_seconds")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin as a new log object on the same place."""
        self.__init__(**state)  # type: ignore[misc]  # the constructor is how a log begins

    def __repr__(self) -> str:
        """Return the place."""
        return f"Log({self.place!r})"


@dataclass(frozen=True, slots=True)
class _Reader:
    """One reading of a log: the pieces of it, and what every piece needs to become a frame."""

    pieces: Iterator[list[Block]]
    labels: Labels
    keys: list[str]
    since: datetime | None
    until: datetime | None

    def finished(self, blocks: list[Block]) -> pd.DataFrame:
        """Return the rows of the span that some blocks hold, oldest first, with their labels."""
        frame = table_of(blocks, key=self.keys)
        inside = np.ones(len(frame), dtype=bool)
        if self.since is not None:
            inside &= (frame["time"] >= self.since).to_numpy()
        if self.until is not None:
            inside &= (frame["time"] < self.until).to_numpy()
        if not inside.all():
            frame = frame[inside]
        if not frame["time"].is_monotonic_increasing:
            frame = frame.sort_values("time", kind="stable")
        frame = frame.reset_index(drop=True)
        return frame.assign(label=self.labels.joined(frame))
