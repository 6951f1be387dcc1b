"""A monitor whose states are kept in a store, so that no batch counts twice and a crash loses nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from maturekit._core.digest import canonical_json, check_format, digest_of, parse_json
from maturekit._core.frames import Table
from maturekit._core.names import check_name
from maturekit.drift.arrival import Arrival, arrive
from maturekit.drift.monitor import Monitor
from maturekit.drift.reading import Reading
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    BatchTakenError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
)
from maturekit.profile import Profile
from maturekit.storage import Store, open_store

__all__ = ["Watch"]

_FORMAT = 1


class Watch:
    """Fold batches into a monitor from any process: each state is created once, under the next number.

    Every step writes three things, each exactly once: the new state of the monitor; a claim of its number with the
    reading and the digest of that state, which decides; and a note under the id of the batch. Whoever comes next first
    writes the note of the latest claim if a crash prevented it, and a state without a claim counts for nothing. So a
    batch counts once however often it is sent, by one job or by several at the same time: sent again with the same rows
    it gives the first reading, with other rows it is refused, also years later. Claims and notes are never deleted;
    states (tens of kilobytes each) are, by `prune`.

    Batches may come late and in any order, and groups of columns (labels, say) under the same id when they are there:
    each is a step of its own. The order of steps is the one that *since* speaks of.

    Safe for several processes and threads; they take turns, and the slower one judges again.

    Parameters
    ----------
    place : folder or Store
        Where states are kept; created with the first one.
    name : str
        Name of the watch within it.
    monitor : Monitor
        Where to start from when nothing is stored yet; later its profile, its clock, its own statistics and its views
        are used, and the settings that are stored.

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
    >>> watch.number, [reading.alarm for reading in watch.readings()]
    (1, [False])
    """

    def __init__(self, place: str | os.PathLike[str] | Store, name: str, monitor: Monitor) -> None:
        self.store = open_store(place)
        self.name = check_name(name, what="name of a watch")
        if not isinstance(monitor, Monitor):
            raise ArgumentTypeError(
                f"monitor must be a Monitor, got {type(monitor).__name__}",
                hint="make one on the profile: `Monitor(profile, false_alarms_per_year=1, batches_per_year=365)`.",
            )
        self._start = monitor

    @property
    def number(self) -> int:
        """Number of the latest claim; 0 when there is none."""
        latest = max(self.store.list(f"{self.name}/claims/"), default="0")  # numbers have equal length
        return int(latest.rpartition("/")[2].removesuffix(".json"))

    @property
    def monitor(self) -> Monitor:
        """The monitor as it is after the latest step.

        Raises `IntegrityError` if its stored state is damaged or was lost; `update` does then, too. Nothing is guessed:
        the readings are still there, but the evidence is not. Put the file back from a copy, or start another watch, and
        fold the batches that you still have into it.
        """
        return self._latest()[1]

    def update(self, table: Table | Profile, *, batch: str, season: str | None = None) -> Reading:
        """Judge one batch as `Monitor.update` does, once.

        Sent again with the same rows, it gives the first reading. What must be the same is all that the monitor sees:
        the counts and, where there are own statistics, their numbers.

        Raises `BatchTakenError` if the id was used for other rows of the same columns.
        """
        seen: tuple[Any, Arrival] | None = None

        def judge(monitor: Monitor) -> Arrival:
            nonlocal seen
            reference = monitor._reference  # noqa: SLF001  # a watch is a monitor with a memory: one design in two files
            terms = (monitor.settings, monitor.profile)
            if seen is None or seen[0] != terms:  # counted once, however often others are faster
                seen = terms, arrive(reference, table, batch=batch, season=season)
            return seen[1]

        reading = self._step(judge, Monitor._fold)  # noqa: SLF001  # see above
        assert reading is not None  # only steps without a batch have none
        return reading

    def acknowledge(self, *, keep: bool = True) -> None:
        """Close the open alarm, as `Monitor.acknowledge` does."""
        self._step(None, lambda monitor, _: monitor.acknowledge(keep=keep))

    def rebase(self, profile: Profile | None = None) -> None:
        """Start from something new, as `Monitor.rebase` does; open the next `Watch` with a monitor on that profile."""
        self._step(None, lambda monitor, _: monitor.rebase(profile))

    def readings(self) -> Iterator[Reading]:
        """Yield all readings so far, in the order of their steps."""
        for number in range(1, self.number + 1):
            reading = self._claim(number)["reading"]
            if reading is not None:
                yield Reading.from_json(reading)

    def prune(self, *, keep: int = 1) -> int:
        """Delete the states of all but the latest `keep` steps, and those that crashed processes left; return how many.

        Claims, with their readings, and the notes of batches stay for ever: a batch of years ago is still known. Safe
        while other processes update: the number of a state that is deleted is claimed, so that nobody can still claim
        it, and who was about to start from it finds a later one. A crash in between leaves some of them for next time.
        """
        if type(keep) is not int or keep < 1:
            raise ArgumentError(f"keep must be a whole number from 1, got {keep!r}", hint="the latest state is needed.")
        latest, deleted = self.number, 0
        wanted = {self._state_key(self._claim(number)) for number in range(max(latest - keep, 0) + 1, latest + 1)}
        for key in self.store.list(f"{self.name}/states/"):
            number = int(key.rpartition("/")[2].partition("-")[0])
            if number <= latest and key not in wanted:  # a later one may belong to a process that is about to claim it
                self.store.delete(key)
                deleted += 1
        return deleted

    def _step(
        self, came: Callable[[Monitor], Arrival] | None, act: Callable[[Monitor, Any], Reading | None]
    ) -> Reading | None:
        while True:
            number, monitor = self._latest()
            arrival = None if came is None else came(monitor)
            notes = [] if arrival is None else self._notes(arrival)
            before = next((note for note in notes if self.store.exists(note)), None)
            if before is not None and arrival is not None:
                return self._again(before, arrival)
            reading = act(monitor, arrival)
            if arrival is not None and not arrival.rows:
                return reading
            state = canonical_json(monitor.state())
            claim = {
                "format": _FORMAT,
                "number": number + 1,
                "batch": None if arrival is None else arrival.id,
                "content": None if arrival is None else arrival.digest,
                "notes": notes,
                "reading": None if reading is None else reading.to_json(),
                "state": digest_of(state),
            }
            if self._put(claim, state):
                self._note(claim)
                if monitor.profile is not self._start.profile:
                    self._start = monitor
                return reading

    def _latest(self) -> tuple[int, Monitor]:
        """Return the number of the latest step and the monitor after it, its note written."""
        while True:
            number = self.number
            if not number:
                return 0, self._resumed(self._start.state())
            claim = self._claim(number)
            self._note(claim)  # a crash may have come between a claim and its note
            key = self._state_key(claim)
            try:
                data = self.store.get(key)
            except KeyMissingError as error:
                if self.number > number:
                    continue  # others went on, and pruned this one
                raise IntegrityError(
                    f"the state of step {number} of {self.name!r} is gone: nothing is stored under {key}",
                    hint="put it back from a copy, or start another watch; the readings are still there.",
                ) from error
            if digest_of(data) != claim["state"]:
                raise IntegrityError(
                    f"the state of step {number} of {self.name!r} is not what was stored under {key}",
                    hint="put it back from a copy, or start another watch; the readings are still there.",
                )
            return number, self._resumed(parse_json(data, what=f"the state of step {number} of {self.name!r}"))

    def _put(self, claim: dict[str, Any], state: bytes) -> bool:
        """Store a state and claim its number; return False, and leave nothing, if another process was faster."""
        place, key = self._claim_key(claim["number"]), self._state_key(claim)
        with suppress(KeyTakenError):  # another process came to the same state, or this one did before a crash
            self.store.put_new(key, state)
        try:
            self.store.put_new(place, canonical_json(claim))
        except KeyTakenError:
            if self._state_key(self._claim(claim["number"])) != key:
                self.store.delete(key)
            return False
        return True

    def _again(self, note: str, arrival: Arrival) -> Reading:
        claim = self._claim(int(parse_json(self.store.get(note), what="a note of a batch")["number"]))
        if claim["content"] != arrival.digest:
            raise BatchTakenError(
                f"batch {arrival.id!r} was counted with other rows",
                hint="give every batch its own id; nothing was changed.",
            )
        return Reading.from_json(claim["reading"])

    def _notes(self, arrival: Arrival) -> list[str]:
        folder = hashlib.sha256(arrival.id.encode()).hexdigest()[:32]
        return [f"{self.name}/batches/{folder}/{group}.json" for group in sorted(arrival.groups)]

    def _note(self, claim: dict[str, Any]) -> None:
        for note in claim["notes"]:
            if not self.store.exists(note):
                try:
                    self.store.put_new(note, canonical_json({"batch": claim["batch"], "number": claim["number"]}))
                except KeyTakenError:
                    continue  # another process wrote the same note

    def _claim(self, number: int) -> dict[str, Any]:
        what = f"step {number} of {self.name!r}"
        data = self.store.get(self._claim_key(number))
        return check_format(parse_json(data, what=what), what=what, newest=_FORMAT)

    def _resumed(self, state: dict[str, Any]) -> Monitor:
        start = self._start
        if state.get("settings") == start.settings.to_dict():
            return start._restored(state)  # noqa: SLF001  # see above
        return Monitor.from_state(
            start.profile, state, statistics=start.statistics, views=start.views, clock=start.clock
        )

    def _claim_key(self, number: int) -> str:
        return f"{self.name}/claims/{number:012d}.json"

    def _state_key(self, claim: dict[str, Any]) -> str:
        return f"{self.name}/states/{claim['number']:012d}-{claim['state'].partition(':')[2][:32]}.json"

    def __repr__(self) -> str:
        """Return the name and the store."""
        return f"Watch({self.name!r} in {self.store!r})"
