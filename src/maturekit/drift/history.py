"""What a monitor saw, batch by batch: as data, for tables, pictures and pages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit._core import html
from maturekit._core.digest import canonical_json, check_format, check_of, parse_json
from maturekit._core.frames import Table
from maturekit.drift import history_tables
from maturekit.drift.batches import counted
from maturekit.drift.history_changes import PAIR, UNITS, Change, changes, usual
from maturekit.drift.history_record import Record
from maturekit.drift.monitor import Monitor
from maturekit.drift.reading import Reading
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    BatchTakenError,
    FormatError,
    MaturekitError,
    NotFoundError,
)
from maturekit.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["History"]

_FORMAT = 1
_SHOWN = 10


class History:
    """The readings of a monitor, with how far each column was from the reference and how strong the evidence was.

    Add each reading as soon as it is made; keep the history as JSON between two runs of a job. It grows by one row a
    batch: a few kilobytes for 20 columns. Slices such as ``history[-90:]`` are histories of a period.

    What is recorded of a column, always against the reference profile of the monitor (of the season of the batch):

    - ``"location"`` of numbers: how far their mean has moved, in standard deviations. It is found from ranks, so that
      outliers do not stretch the unit.
    - ``"spread"`` of numbers: the ratio of their standard deviations, also from ranks; 1 is unchanged.
    - ``"values"``: the share of rows whose value (or bin) would have to change, in percentage points.
    - ``"nulls"``: the change of the share of missing values, in percentage points.
    - ``"correlation"`` of a pair of columns, named ``"age × income"``: the change of their rank correlation.

    Each comes with the bounds of 19 of 20 batches with so many rows whose change is within the tolerance. If the
    reference holds at least 14 batches, the bounds are those of 19 of 20 of these where that is wider; else days that
    differ by nature leave them more often. Not safe for several threads at once.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.drift import Monitor
    >>> profile = Profile.of(pd.DataFrame({"late": [0, 1] * 500}))
    >>> days = {f"day {day}": pd.DataFrame({"late": [0, 1] * 50}) for day in range(3)}
    >>> days["day 3"] = pd.DataFrame({"late": [1] * 100})
    >>> history = History.replay(Monitor(profile, false_alarms_per_year=1, batches_per_year=365), days.items())
    >>> history
    History(4 batches, day 0 to day 3, 1 alarm)
    >>> history.values("values")["late"].to_dict()
    {'day 0': 0.0, 'day 1': 0.0, 'day 2': 0.0, 'day 3': 50.0}
    >>> history.alarms()[["since", "open"]].to_dict("index")
    {'day 3': {'since': 'day 3', 'open': True}}
    >>> History.from_json(history.to_json()) == history
    True
    """

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._usual: dict[str | None, tuple[Profile, dict[tuple[str, str], tuple[float, float]]]] = {}

    @classmethod
    def replay(
        cls,
        monitor: Monitor,
        batches: Iterable[tuple[str, Table | Profile] | tuple[str, Table | Profile, str]],
        *,
        on_alarm: Callable[[Reading], object] | None = None,
    ) -> Self:
        """Feed batches to a monitor and return what it saw.

        Parameters
        ----------
        monitor : Monitor
            It is changed, as by calling its `update` for each batch.
        batches : iterable of tuple
            Id and rows (or profile) of each batch, and its season if the profile has classes.
        on_alarm : callable, optional
            Called with every reading while an alarm is open, after it was recorded: to close the alarm, for instance
            ``lambda reading: monitor.acknowledge()``. Without it the first alarm stays open.
        """
        history = cls()
        if on_alarm is not None and not callable(on_alarm):
            raise ArgumentTypeError(
                f"on_alarm must be a function, got {on_alarm!r}",
                hint="for instance `on_alarm=lambda reading: monitor.acknowledge()`.",
            )
        if not isinstance(batches, Iterable):
            raise ArgumentTypeError(f"batches must be pairs of an id and its rows, got {type(batches).__name__}")
        for item in batches:
            if not (isinstance(item, (tuple, list)) and len(item) in {2, 3}):
                raise ArgumentTypeError(
                    f"each batch must be a tuple of an id, its rows and perhaps its season, got {type(item).__name__}",
                    hint="pass `days.items()` for a dict of tables by id.",
                )
            batch, table, *rest = item
            season = rest[0] if rest else None
            reading = monitor.update(table, batch=batch, season=season)
            history.add(monitor, table, reading, season=season)
            if reading.alarm and on_alarm is not None:
                on_alarm(reading)
        return history

    def add(self, monitor: Monitor, table: Table | Profile, reading: Reading, *, season: str | None = None) -> None:
        """Record the latest update of a monitor, before its alarm is acknowledged.

        Adding the same reading twice changes nothing, and an empty batch leaves no trace.

        Parameters
        ----------
        monitor : Monitor
            As it is after the update; of a `Watch`, its `monitor`.
        table : table or Profile
            What was passed to `update`.
        reading : Reading
            What `update` returned.
        season : str, optional
            What was passed to `update`.

        Raises
        ------
        BatchTakenError
            Another reading of the same columns of this batch was recorded before.
        ArgumentError
            The reading is not of the latest update of this monitor.
        """
        if not isinstance(reading, Reading):
            raise ArgumentTypeError(f"a history is made of readings, got {type(reading).__name__}")
        if not isinstance(monitor, Monitor):
            raise ArgumentTypeError(
                f"monitor must be a Monitor, got {type(monitor).__name__}", hint="of a `Watch`, pass its `monitor`."
            )
        same = [record for record in self._records if record.batch == reading.subjects.get("batch")]
        if any(record.reading == reading for record in same):
            return
        counts = counted(table, monitor.profile, views=monitor.views)
        if not counts.rows:
            return
        came = {name for name, column in counts.columns.items() if column.rows}
        _check(monitor, reading, came, same)
        found = self._changes(monitor, counts, season)
        record = Record(
            reading=reading,
            season=season,
            rows=counts.rows,
            threshold=monitor.settings.threshold,
            evidence=_levels(monitor, came),
            names=tuple((change.column, change.statistic) for change in found),
            changes=np.array([[_short(x) for x in (c.value, c.low, c.high)] for c in found]).reshape(-1, 3),
        )
        self._records.append(record)

    def _changes(self, monitor: Monitor, counts: Profile, season: str | None) -> list[Change]:
        """Return the changes of a batch, with bounds widened to what the reference's own batches show."""
        tolerance = monitor.settings.tolerance
        reference = monitor.profile if season is None else monitor.profile.classes[season]
        if self._usual.get(season, (None,))[0] is not reference:
            self._usual[season] = (reference, usual(reference, tolerance))
        natural = self._usual[season][1]
        found = []
        for change in changes(reference, counts, tolerance):
            low, high = natural.get((change.column, change.statistic), (change.low, change.high))
            found.append(replace(change, low=min(low, change.low), high=max(high, change.high)))
        return found

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings, in the order in which they were added."""
        return tuple(record.reading for record in self._records)

    def updates(self) -> pd.DataFrame:
        """Return one row an update.

        The index is the batch; a group of columns that comes later has a row of its own. The columns: `time` of the
        reading, `season`, `rows`, the strongest `evidence` in batches between false alarms, the `threshold` that raises
        an alarm, `alarm` (id of the batch that raised the open one, None without), `opened` (whether it was this one).
        """
        return history_tables.updates(self._records)

    def frame(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return one row for each batch, column and statistic, of some columns if asked.

        The columns: `batch`, `column`, `statistic`, `value`, its bounds `low` and `high`, `excess` (distance from no
        change in multiples of the bound on that side: beyond 1 or -1 it is outside), `evidence` of the column (of all
        its statistics), and `alarm`: whether an alarm is open that names the column as a cause.
        """
        if isinstance(columns, str):
            raise ArgumentTypeError(f"columns must be a list of columns, got {columns!r}")
        return history_tables.changed(self._records, columns)

    def evidence(self) -> pd.DataFrame:
        """Return the evidence of each column, one row a batch, in batches between false alarms.

        Pairs of columns and own statistics have their columns too. It is missing where a column did not come.
        """
        return history_tables.wide(self._records, lambda record: record.evidence.items())

    def values(self, statistic: str) -> pd.DataFrame:
        """Return one statistic of each column that has it, one row a batch; `frame` tells its bounds as well."""
        if statistic not in UNITS:
            raise NotFoundError.named("statistic of a history", statistic, known=UNITS)

        def cells(record: Record) -> Iterable[tuple[str, float]]:
            pairs = zip(record.names, record.changes[:, 0].tolist(), strict=True)
            return ((column, value) for (column, name), value in pairs if name == statistic)

        return history_tables.wide(self._records, cells)

    def alarms(self) -> pd.DataFrame:
        """Return one row an alarm, as its strongest reading tells it; the index is the batch that raised it.

        The columns: `since` (batch where the change seemed to have begun when it was raised), `until` (the latest batch
        while it was open), `open` (whether it was after the latest update), `updates` while it was open, `evidence`,
        `years` between false alarms of that evidence, and tuples with one entry a cause, worst first: `columns`,
        `causes` (in words), `sizes` (with bounds).
        """
        return history_tables.alarms(self._records)

    @property
    def columns(self) -> list[str]:
        """Columns and pairs of columns with recorded changes, in the order of the profile."""
        return list(dict.fromkeys(column for names in self._names() for column, _ in names))

    def leading(self) -> list[str]:
        """Return columns, pairs and own statistics, first the one whose evidence was strongest at any time."""
        return history_tables.leading(self._records)

    def to_json(self) -> str:
        """Return canonical JSON, with a digest of its own content."""
        columns = list(dict.fromkeys(name for record in self._records for name in record.evidence))
        names = list(dict.fromkeys(name for names in self._names() for name in names))
        content = {
            "format": _FORMAT,
            "columns": columns,
            "changes": [list(name) for name in names],
            "records": [record.to_dict(columns, names) for record in self._records],
        }
        return canonical_json({**content, "check": check_of(content)}).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read back what `to_json` wrote; raise `FormatError` for anything else or newer, or if a digit was changed."""
        what = "a stored history"
        data = check_format(parse_json(text, what=what), what=what, newest=_FORMAT)
        if data.get("check") != check_of(data):
            raise FormatError(
                f"{what} is not as it was written: its digest does not fit", hint="restore it from a copy."
            )
        try:
            names = [(column, statistic) for column, statistic in data["changes"]]
            return cls._of([Record.from_dict(record, data["columns"], names) for record in data["records"]])
        except MaturekitError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"{what} is malformed: {error!r}") from error

    def __len__(self) -> int:
        """Return the number of updates."""
        return len(self._records)

    def __getitem__(self, period: slice) -> Self:
        """Return the history of some updates; it can be added to, and changes nothing here."""
        if not isinstance(period, slice):
            raise ArgumentTypeError(
                f"a history is cut by a slice, got {period!r}", hint="use `history[-90:]`, or `history.readings[-1]`."
            )
        return self._of(self._records[period])

    def _names(self) -> Iterable[tuple[tuple[str, str], ...]]:
        """Return what was recorded of which column, each combination once."""
        return dict.fromkeys(record.names for record in self._records)

    @classmethod
    def _of(cls, records: list[Record]) -> Self:
        history = cls()
        history._records = records
        return history

    def __eq__(self, other: object) -> bool:
        """Equal in every reading and number."""
        return self.to_json() == other.to_json() if isinstance(other, History) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        """Return the period and the number of alarms."""
        if not self._records:
            return "History(no batches)"
        alarms, many = len(self.alarms()), len({record.batch for record in self._records})
        period = f"{self._records[0].batch} to {self._records[-1].batch}"
        return f"History({many:,} batch{'es' * (many != 1)}, {period}, {alarms} alarm{'s' * (alarms != 1)})"

    def _repr_html_(self) -> str:
        """Return a table of the alarms and the columns with most evidence for a notebook."""
        head = ["alarm of", "since", "until", "look first at"]
        alarms = self.alarms()
        rows = [
            [alarm, row["since"], "still open" if row["open"] else row["until"], "; ".join(row["causes"][:3])]
            for alarm, row in alarms.iterrows()
        ]
        shown = html.table(head, rows[-_SHOWN:], caption=repr(self)) if rows else f"<p>{html.escape(repr(self))}</p>"
        return f'<div lang="en" class="maturekit-history">{shown}</div>'


def _check(monitor: Monitor, reading: Reading, came: set[str], same: list[Record]) -> None:
    if any(not came.isdisjoint(record.evidence) for record in same):
        raise BatchTakenError(
            f"batch {same[0].batch!r} is in the history already, with another reading",
            hint="give every batch its own id; nothing was changed.",
        )
    said = next((finding.value for finding in reading.findings if finding.rule == "alarm"), None)
    if said != max(monitor.evidence.values()):
        raise ArgumentError(
            f"the reading of batch {reading.subjects.get('batch')!r} is not of the latest update of this monitor",
            hint="add a reading right after `update`, before `acknowledge`, `rebase` or the next batch.",
        )


def _levels(monitor: Monitor, came: set[str]) -> dict[str, float]:
    """Return the evidence of what came with a batch; that of other columns stands still."""
    profile = monitor.profile
    groups = {monitor.settings.group_of(name) for name in came}
    needs = {name: {name} for name in profile.columns}
    needs |= {PAIR.join(pair): set(pair) for pair in (profile.pairs.names if profile.pairs else ())}
    there = {name for name, columns in needs.items() if columns <= came}
    there |= {statistic.name for statistic in monitor.statistics if statistic.group in groups}
    return {name: _short(level) for name, level in monitor.evidence.items() if name in there}


def _short(number: float) -> float:
    """Return a number as it is stored: with five significant digits."""
    return float(f"{number:.5g}")
