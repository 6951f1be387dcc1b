"""What a rollout knows, in a store: each step is an event, and every process counts on what the others counted."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.clock import Clock, as_utc, iso, parse_iso
from maturekit._core.locks import ForkLock
from maturekit._core.names import check_name
from maturekit.deployment.rollout.plan import OUTCOME, RolloutPlan
from maturekit.deployment.split import Split
from maturekit.errors import ArgumentError
from maturekit.events import Draft, Event, EventLog, Head, State
from maturekit.statistics import TwoArms
from maturekit.storage import Place, open_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Ledger", "Rows", "Standing"]

_FAR = 50
"""Events that are read one by one; more come faster in packs."""
_MEMORY = 1000
"""Events that a ledger remembers before it opens its history anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows to count for one measure: who got them, how bad they came out, and with which share they were given."""

    challenger: NDArray[np.bool_]
    losses: NDArray[np.float64]
    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rollout stands: its shares over time, its measures, and what was decided."""

    shares: tuple[tuple[datetime, float], ...] = ()
    measures: Mapping[str, TwoArms] | None = None
    decision: str = ""
    """Empty while it runs, then ``"promoted"``, ``"rolled back"``, ``"given up"``, ``"refused"`` or ``"stopped"``."""
    why: str = ""
    claimed: datetime | None = None
    """Since when some process is busy promoting."""
    rows_at_step: int = 0
    """Keys that the challenger had at the last step."""

    @property
    def share(self) -> float:
        """The share that the challenger gets now."""
        return self.shares[-1][1] if self.shares else 0.0

    @classmethod
    def of(cls, state: State) -> Self:
        """Read the state of a history."""
        data: Any = state
        claimed = data.get("claimed")
        return cls(
            tuple((parse_iso(since), float(share)) for since, share in data.get("shares", ())),
            {name: TwoArms.from_dict(measure) for name, measure in data.get("measures", {}).items()},
            data.get("decision", ""),
            data.get("why", ""),
            None if claimed is None else parse_iso(claimed),
            data.get("rows_at_step", 0),
        )


class Ledger:
    """The history of one rollout, from which every process reads the same.

    Safe for several threads and processes. Which outcomes were counted is remembered key by key, 16 bytes each.

    Parameters
    ----------
    place : str, path or Store
        A folder or store; other rollouts, and a registry, may be in it.
    name : str
        Name of the rollout.
    plan : RolloutPlan
        Its promise; a rollout that was begun with another one is refused.
    clock : callable
        Returns the present moment.

    Examples
    --------
    >>> from maturekit._core.clock import utc_now
    >>> from maturekit.storage import MemoryStore
    >>> ledger = Ledger(MemoryStore(), "late-2", plan=RolloutPlan(shares=(0.1, 0.5)), clock=utc_now)
    >>> ledger.begin().share
    0.1
    """

    def __init__(self, place: Place, name: str, *, plan: RolloutPlan, clock: Clock) -> None:
        self.name = check_name(name, what="name of a rollout")
        self.plan = plan
        self._told = _told(plan)
        self.clock = clock
        self._store = open_store(place)
        self._split = Split(name)
        self._log, self._opened_at = self._opened(), 0
        self._lock = ForkLock()
        self._read = 0
        self._keys = np.empty(0, dtype=np.uint64)
        self._reached = np.empty(0, dtype=np.float64)
        """At which share each of the keys was counted last."""

    def begin(self) -> Standing:
        """Return where the rollout stands; the first who asks begins it."""

        def first(head: Head) -> Draft | None:
            if head.number:
                return None
            share = self.plan.shares[0]
            measures: Any = {name: measure.to_dict() for name, measure in self.plan.begin().items()}
            return Draft("begun", body={"plan": self._told, "share": share, "measures": measures})

        self.append(first)
        state: Any = self._log.head().state  # one look at whether there is a next event
        if {**_told(RolloutPlan()), **state.get("plan", {})} != self._told:  # a field that came later has its default
            raise ArgumentError(
                f"the rollout {self.name!r} was begun with another plan",
                hint="a new plan is a new rollout: name it so.",
            )
        return Standing.of(state)

    def events(self) -> tuple[Event, ...]:
        """Return the whole history, oldest first."""
        return self._log.events()

    def append(self, draft: Callable[[Head], Draft | None]) -> Event | None:
        """Add the event that a function wants, which is asked again if another process was first; None adds nothing."""

        def wanted(head: Head) -> Draft:
            wish = draft(head)
            if wish is None:
                raise _NothingToDo
            return wish

        with self._lock:
            if self._log.head().number > self._opened_at + _MEMORY:  # a history remembers every event that it has read
                self._log, self._opened_at = self._opened(), self._log.head().number
            try:
                return self._log.append(wanted)
            except _NothingToDo:
                return None

    def count(self, rows: Mapping[str, Rows]) -> None:
        """Add rows to guard rails."""

        def counted(head: Head) -> Draft | None:
            standing = Standing.of(head.state)
            return None if standing.decision else self._counts(standing, rows)

        self.append(counted)

    def count_outcomes(self, places: bytes, losses: NDArray[np.float64], times: Iterable[datetime]) -> int:
        """Add outcomes of keys, given the 8 bytes of each key's place and when it was answered; return how many counted.

        A key counts once at each share, and no more once it has the challenger: what is known is not drawn again.
        """
        keys = np.frombuffer(places, dtype=">u8").astype(np.uint64)
        moments = np.array([as_utc(time).timestamp() for time in times], dtype=np.float64)
        order = np.argsort(moments, kind="stable")
        keys, moments, losses = keys[order], moments[order], losses[order]
        counted_rows = 0

        def counted(head: Head) -> Draft | None:
            nonlocal counted_rows
            self._catch_up(head)
            standing = Standing.of(head.state)
            given = _shares_at(standing, moments)
            fresh, chances = self._fresh(keys, given)
            counted_rows = len(fresh)
            if standing.decision or not counted_rows:
                counted_rows = 0
                return None
            inside = _inside(keys[fresh], given[fresh])
            draft = self._counts(standing, {OUTCOME: Rows(inside, losses[fresh], chances)})
            told: Any = draft.body
            told["keys"] = {
                repr(share): _packed(keys[fresh][given[fresh] == share]) for share in np.unique(given[fresh]).tolist()
            }
            return draft

        self.append(counted)
        return counted_rows

    def _counts(self, standing: Standing, rows: Mapping[str, Rows]) -> Draft:
        measures = dict(standing.measures or {})
        for name, more in rows.items():
            measures[name] = measures[name].counted(more.challenger, more.losses, more.shares)
        return Draft("counted", body={"measures": {name: measures[name].to_dict() for name in rows}})

    def _fresh(
        self, keys: NDArray[np.uint64], given: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return which rows teach something, in the order of the shares, and the chance each had of the challenger.

        Of a key that the champion had at share r, only this is open at a greater share s: ``(s - r) / (1 - r)``.
        """
        known, reached = self._keys, self._reached
        found: list[NDArray[np.intp]] = []
        chances: list[NDArray[np.float64]] = []
        for share in np.unique(given[(given > 0) & (given < 1)]).tolist():
            rows = np.flatnonzero(given == share)
            distinct, first = np.unique(keys[rows], return_index=True)
            before = _looked_up(distinct, known, reached)
            limit = _whole(before)
            learns = (before < share) & ((before == 0) | (distinct >= limit))
            kept = np.sort(first[learns])
            found.append(rows[kept])
            at = _looked_up(keys[rows[kept]], distinct, before)
            chances.append((share - at) / (1 - at))
            known, reached = _joined((known, reached), (distinct[learns], np.full(int(learns.sum()), share)))
        if not found:
            return np.empty(0, dtype=np.intp), np.empty(0)
        return np.concatenate(found), np.concatenate(chances)

    def _catch_up(self, head: Head) -> None:
        """Read which keys other processes have counted."""
        if head.number - self._read > _FAR:
            events = [stored.event for stored in self._log.stored(until=head.number)[self._read :]]
        else:
            events = [self._log.event(number).event for number in range(self._read + 1, head.number + 1)]
        more: list[tuple[NDArray[np.uint64], NDArray[np.float64]]] = []
        for event in events:
            told: Any = event.body.get("keys", {}) if event.kind == "counted" else {}
            for share, packed in sorted(told.items(), key=lambda item: float(item[0])):
                keys = np.frombuffer(base64.b64decode(packed), dtype="<u8").astype(np.uint64)
                more.append((keys, np.full(len(keys), float(share))))
        if more:
            newest_first = [np.concatenate([each[part] for each in reversed(more)]) for part in (0, 1)]
            self._keys, self._reached = _joined((self._keys, self._reached), (newest_first[0], newest_first[1]))
        self._read = head.number

    def _opened(self) -> EventLog:
        return EventLog(self._store, f"rollout/{self.name}", clock=self.clock, step=_step)


class _NothingToDo(Exception):  # noqa: N818  # nobody sees it
    pass


def _step(state: State, event: Event, digest: str) -> State:  # noqa: ARG001  # the interface of a step
    body: Any = event.body
    old: Any = state
    now = iso(event.time)
    if event.kind == "begun":
        return {"plan": body["plan"], "shares": [[now, body["share"]]], "measures": body["measures"]}
    if event.kind == "counted":
        return {**old, "measures": {**old["measures"], **body["measures"]}}
    if event.kind == "claimed":
        return {**old, "claimed": now}
    if event.kind in {"share", "decided"}:
        kept = {name: body[name] for name in ("decision", "why", "rows_at_step") if name in body}
        return {**old, **kept, "shares": [*old["shares"], [now, body["share"]]], "claimed": None}
    return state


def _told(plan: RolloutPlan) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(plan).items()
    }


def _shares_at(standing: Standing, moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share at each moment; 0 before the rollout began."""
    since = np.array([time.timestamp() for time, _ in standing.shares])
    shares = np.array([0.0, *(share for _, share in standing.shares)])
    return np.asarray(shares[np.searchsorted(since, moments, side="right")])


def _whole(shares: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the limits of shares below 1 as whole numbers, as `Split.limit` has them."""
    distinct, places = np.unique(shares, return_inverse=True)
    limits = [int.from_bytes(Split.limit(share), "big") for share in distinct.tolist()]
    return np.array(limits, dtype=np.uint64)[places]


def _inside(keys: NDArray[np.uint64], shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(keys < _whole(shares))


def _looked_up(keys: NDArray[np.uint64], known: NDArray[np.uint64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of each key, 0 for those that are not known; the known ones are sorted."""
    if not len(known):
        return np.zeros(len(keys))
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, values[places], 0.0)


def _joined(
    old: tuple[NDArray[np.uint64], NDArray[np.float64]], new: tuple[NDArray[np.uint64], NDArray[np.float64]]
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Return sorted keys and their values; of a key in both, the new value."""
    keys, values = np.concatenate([new[0], old[0]]), np.concatenate([new[1], old[1]])
    distinct, first = np.unique(keys, return_index=True)
    return distinct, values[first]


def _packed(keys: NDArray[np.uint64]) -> str:
    return base64.b64encode(keys.astype("<u8").tobytes()).decode()
