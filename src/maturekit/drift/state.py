"""What a monitor remembers: of constant size, replaced as a whole, and the same after a trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.drift.bag import Bag
from maturekit.drift.effects import BatchEffects
from maturekit.drift.engine import Surprise
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.profile import Profile
from maturekit.statistics import change_sums, shiryaev_roberts

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["BETS", "REMEMBERED", "Knowledge", "State", "seasons_of"]

BETS = 10
REMEMBERED = 64
"""So many ids of batches are kept for each group, to name the one where a change began and to refuse a repeated one."""


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What batches are compared with.

    Parameters
    ----------
    pools : mapping of str to Tally
        For each season class ("" without classes): the reference and all batches since.
    origins : mapping of str to Tally
        Fixed points that batch effects are measured from: the reference, until a rebase.
    effects : BatchEffects, optional
        How batches vary, when the batch is the unit of evidence.
    bags : mapping of str to mapping of str to Bag
        For each season class, the numbers of earlier batches by the name of their statistic.
    """

    pools: Mapping[str, Tally]
    origins: Mapping[str, Tally]
    effects: BatchEffects | None
    bags: Mapping[str, Mapping[str, Bag]] = field(default_factory=dict)

    @classmethod
    def blank(cls, profile: Profile, layout: Layout, *, batch_effects: bool) -> Self:
        """Return the pools of a reference, with nothing learned of its batches."""
        pools = {season: Tally.of(part) for season, part in seasons_of(profile).items()}
        return cls(pools, pools, BatchEffects.none(layout.counted) if batch_effects else None)

    def learned(self, profile: Profile, layout: Layout) -> Self:
        """Return the same with how the reference's own batches vary."""
        if self.effects is None:
            return self
        batches = [
            (day, season, part) for season, whole in seasons_of(profile).items() for day, part in whole.batches.items()
        ]
        if profile.classes:
            batches.sort(key=lambda batch: batch[0])  # each class knows only its own order
        known = [(Tally.of(part), self.origins[season]) for _, season, part in batches]
        return replace(self, effects=BatchEffects.learn(layout, known))

    def plus(self, layout: Layout, batch: Tally, season: str) -> Self:
        """Return what is known after one more batch."""
        effects = self.effects.updated(layout, batch, self.origins[season]) if self.effects else None
        return replace(
            self, pools={**self.pools, season: self.pools[season] + batch}, effects=effects
        )  # bags: see `own`

    def since(self, earlier: Self) -> Self:
        """Return only what came after `earlier`, as a reference of its own."""
        pools = {season: pool + earlier.pools[season] * -1 for season, pool in self.pools.items()}
        bags = {
            season: {name: bag.minus(earlier.bags.get(season, {}).get(name, Bag())) for name, bag in bags.items()}
            for season, bags in self.bags.items()
        }
        return type(self)(pools, pools, self.effects.restarted() if self.effects else None, bags)

    @property
    def total(self) -> Tally:
        """All pools together."""
        first, *others = self.pools.values()
        return sum(others, start=first)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that changes from batch to batch.

    Parameters
    ----------
    updates : int
        Batches judged so far.
    level : array of int64, shape (J, 10)
        Evidence of each statistic, as `maturekit.statistics.shiryaev_roberts` keeps it.
    span : array of float64, shape (3, J, 10)
        Number of batches, rows and sum of values since the change that each bet is on, if there is one.
    known, grown : Knowledge
        What batches are compared with, and what they will be compared with after `acknowledge`; one object while no
        alarm is open.
    recent : mapping of str to tuple of str
        Ids of the latest batches of each group, newest last.
    alarm : str, optional
        Id of the batch that raised the open alarm.
    """

    updates: int
    level: NDArray[np.int64]
    span: NDArray[np.float64]
    known: Knowledge
    grown: Knowledge
    recent: Mapping[str, tuple[str, ...]]
    alarm: str | None = None

    @classmethod
    def start(cls, known: Knowledge, statistics: int) -> Self:
        """Return the state before the first batch."""
        level = np.zeros((statistics, BETS), dtype=np.int64)
        return cls(0, level, np.zeros((3, statistics, BETS)), known, known, {})

    def judged(self, surprise: Surprise, rows: NDArray[np.float64], values: NDArray[np.float64]) -> Self:
        """Return the state with the evidence of one more batch, of which `rows` and `values` are counts and sums."""
        sums = change_sums(self.level)
        news = np.stack([np.ones(len(rows)), rows, values])[..., None]
        moved = surprise.moved
        return replace(
            self,
            updates=self.updates + 1,
            level=np.where(moved[:, None], shiryaev_roberts(self.level, surprise.up, surprise.down), self.level),
            span=np.where(moved[:, None], np.round(self.span * (sums / (1 + sums)) + news, 2), self.span),
        )

    def remembered(self, groups: tuple[str, ...], batch: str) -> Self:
        """Return the state with the id of a batch noted for the groups that came with it."""
        noted = {group: (*self.recent.get(group, ()), batch)[-REMEMBERED:] for group in groups}
        return replace(self, recent={**self.recent, **noted})

    def quiet(self, known: Knowledge) -> Self:
        """Return the state without evidence and without an alarm, that compares with `known` from now on."""
        fresh = type(self).start(known, len(self.level))
        return replace(fresh, updates=self.updates, recent=self.recent)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "updates": self.updates,
            "level": self.level.tolist(),
            "span": self.span.tolist(),
            "known": _knowledge_out(self.known),
            "grown": None if self.grown is self.known else _knowledge_out(self.grown),
            "recent": {group: list(ids) for group, ids in self.recent.items()},
            "alarm": self.alarm,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote; the caller checks the shapes."""
        known = _knowledge_in(data["known"])
        return cls(
            updates=int(data["updates"]),
            level=np.array(data["level"], dtype=np.int64).reshape(-1, BETS),
            span=np.array(data["span"], dtype=np.float64).reshape(3, -1, BETS),
            known=known,
            grown=known if data["grown"] is None else _knowledge_in(data["grown"]),
            recent={group: tuple(map(str, ids)) for group, ids in data["recent"].items()},
            alarm=data["alarm"],
        )

    def fits(self, like: Self) -> bool:
        """Whether all arrays have the shapes of another state, of the same reference."""
        return _shapes(self) == _shapes(like)


def seasons_of(profile: Profile) -> Mapping[str, Profile]:
    """Return the reference of each season class; "" names the only one of a profile without classes."""
    return profile.classes or {"": profile}


def _shapes(state: State) -> list[Any]:
    shapes: list[Any] = [state.level.shape, state.span.shape]
    for known in (state.known, state.grown):
        for tallies in (known.pools, known.origins):
            shapes += [
                (season, t.cells.shape, t.pair_rows.shape, t.pair_sums.shape) for season, t in sorted(tallies.items())
            ]
        shapes.append(None if known.effects is None else [part.shape for part in _parts(known.effects).values()])
    return shapes


def _parts(effects: BatchEffects) -> dict[str, NDArray[Any]]:
    return {name: getattr(effects, name) for name in BatchEffects.__slots__}


def _knowledge_out(known: Knowledge) -> dict[str, Any]:
    return {
        "pools": {season: _tally_out(tally) for season, tally in known.pools.items()},
        "origins": {season: _tally_out(tally) for season, tally in known.origins.items()},
        "effects": known.effects and {name: part.tolist() for name, part in _parts(known.effects).items()},
        "bags": {season: {name: bag.to_dict() for name, bag in bags.items()} for season, bags in known.bags.items()},
    }


def _knowledge_in(data: Mapping[str, Any]) -> Knowledge:
    effects = None
    if data["effects"] is not None:
        parts: dict[str, Any] = {name: np.array(data["effects"][name]) for name in BatchEffects.__slots__}
        effects = BatchEffects(**parts)
    pools, origins = ({season: _tally_in(part) for season, part in data[name].items()} for name in ("pools", "origins"))
    bags = {season: {name: Bag.from_dict(bag) for name, bag in bags.items()} for season, bags in data["bags"].items()}
    return Knowledge(pools, origins, effects, bags)


def _tally_out(tally: Tally) -> dict[str, Any]:
    return {"cells": tally.cells.tolist(), "pair_rows": tally.pair_rows.tolist(), "pair_sums": tally.pair_sums.tolist()}


def _tally_in(data: Mapping[str, Any]) -> Tally:
    return Tally(
        np.array(data["cells"], dtype=np.int64),
        np.array(data["pair_rows"], dtype=np.int64),
        np.array(data["pair_sums"], dtype=np.float64).reshape(-1, 3),
    )
