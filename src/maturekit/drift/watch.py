"""A monitor whose states are kept in a store, so that no batch counts twice and a crash loses nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit._core.frames import Table
from maturekit._core.names import check_name
from maturekit.drift.batches import counted
from maturekit.drift.monitor import Monitor
from maturekit.drift.reading import Reading
from maturekit.drift.tally import Tally
from maturekit.errors import BatchTakenError, KeyTakenError
from maturekit.profile import Profile
from maturekit.storage import Store, open_store

__all__ = ["Watch"]

_FORMAT = 1


class Watch:
    """Fold batches into a monitor from any process: each state is created once, under the next number.

    Every step writes two things, each exactly once: the new state with the reading, under its number, and then a note
    under the id of the batch. Whoever comes next first writes the note of the latest state if a crash prevented it.
    So a batch counts once however often it is sent, by one job or by several at the same time: sent again with the same
    rows it gives the first reading, with other rows it is refused. Nothing is ever rewritten or deleted.

    Safe for several processes and threads; they take turns, and the slower one judges again.

    Parameters
    ----------
    place : folder or Store
        Where states are kept; created with the first one.
    name : str
        Name of the watch within it.
    monitor : Monitor
        Where to start from when nothing is stored yet; later only its profile and its clock are used.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.storage import MemoryStore
    >>> profile = Profile.of(pd.DataFrame({"late": [0, 1] * 500}))
    >>> monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    >>> watch = Watch(MemoryStore(), "late-flights", monitor)
    >>> monday = pd.DataFrame({"late": [0, 1] * 50})
    >>> first = watch.update(monday, batch="monday")
    >>> watch.update(monday, batch="monday") == first  # sent twice, counted once
    True
    >>> watch.number
    1
    """

    def __init__(self, place: str | os.PathLike[str] | Store, name: str, monitor: Monitor) -> None:
        self.store = open_store(place)
        self.name = check_name(name, what="name of a watch")
        self._start = monitor

    @property
    def number(self) -> int:
        """Number of the latest state; 0 when there is none."""
        latest = max(self.store.list(f"{self.name}/states/"), default="0")  # numbers have equal length
        return int(latest.rpartition("/")[2].removesuffix(".json"))

    @property
    def monitor(self) -> Monitor:
        """The monitor as it is after the latest state."""
        return self._resumed(self._step(self.number))

    def update(self, table: Table | Profile, *, batch: str, season: str | None = None) -> Reading:
        """Judge one batch as `Monitor.update` does, once.

        Raises `BatchTakenError` if the id was used for other rows.
        """
        counts = counted(table, self._start.profile)
        tally = Tally.of(counts)
        content = _short(repr([season, tally.cells.tolist(), tally.pair_sums.tolist()]))

        def judge(monitor: Monitor) -> Reading:
            return monitor.update(table, batch=batch, season=season)

        came = [name for name, column in counts.columns.items() if column.rows]
        reading = self._claim(judge, came, batch=batch, content=content) if came else judge(self.monitor)
        assert reading is not None  # only steps without a batch have none
        return reading

    def acknowledge(self) -> None:
        """Close the open alarm, as `Monitor.acknowledge` does."""
        self._claim(Monitor.acknowledge, [], batch="", content="")

    def rebase(self, profile: Profile | None = None) -> None:
        """Start from something new, as `Monitor.rebase` does; open the next `Watch` with a monitor on that profile."""

        def start_anew(monitor: Monitor) -> None:
            monitor.rebase(profile)

        self._claim(start_anew, [], batch="", content="")

    def _claim(
        self, act: Callable[[Monitor], Reading | None], columns: Sequence[str], *, batch: str, content: str
    ) -> Reading | None:
        while True:
            number = self.number
            latest = self._step(number)
            self._note(latest)  # a crash may have come between a state and its note
            monitor = self._resumed(latest)
            groups = sorted({monitor.settings.group_of(name) for name in columns})
            notes = [f"{self.name}/batches/{_short(batch)}/{group}.json" for group in groups]
            before = next((note for note in notes if self.store.exists(note)), None)
            if before is not None:
                return self._again(before, batch, content)
            reading = act(monitor)
            step = {
                "format": _FORMAT,
                "number": number + 1,
                "batch": batch,
                "content": content,
                "notes": notes,
                "reading": None if reading is None else reading.to_json(),
                "monitor": monitor.state(),
            }
            try:
                self.store.put_new(self._key(number + 1), canonical_json(step))
            except KeyTakenError:
                continue  # another process was faster: judge again, after its batch
            self._note(step)
            if monitor.profile is not self._start.profile:
                self._start = monitor
            return reading

    def _again(self, note: str, batch: str, content: str) -> Reading:
        step = self._step(int(parse_json(self.store.get(note), what="a note of a batch")["number"]))
        if step is None or step["content"] != content:
            raise BatchTakenError(
                f"batch {batch!r} was counted with other rows", hint="give every batch its own id; nothing was changed."
            )
        return Reading.from_json(step["reading"])

    def _note(self, step: dict[str, Any] | None) -> None:
        if step is None:
            return
        for note in step["notes"]:
            if not self.store.exists(note):
                try:
                    self.store.put_new(note, canonical_json({"batch": step["batch"], "number": step["number"]}))
                except KeyTakenError:
                    continue  # another process wrote the same note

    def _step(self, number: int) -> dict[str, Any] | None:
        if not number:
            return None
        what = f"state {number} of {self.name!r}"
        return check_format(parse_json(self.store.get(self._key(number)), what=what), what=what, newest=_FORMAT)

    def _resumed(self, step: dict[str, Any] | None) -> Monitor:
        start = self._start
        state = start.state() if step is None else step["monitor"]
        return Monitor.from_state(start.profile, state, clock=start.clock)

    def _key(self, number: int) -> str:
        return f"{self.name}/states/{number:012d}.json"

    def __repr__(self) -> str:
        """Return the name and the store."""
        return f"Watch({self.name!r} in {self.store!r})"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
