"""What a monitor remembers: of constant size, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

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
_WEAK, _STRONG = 0.125, 100.0
"""Below the one evidence is forgotten at once; above the other sums since the change are kept to seven digits."""

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
        Number of batches, rows and sum of values since the change that each bet is on, if there is one. Rows are batches
        times rows a batch, both rounded to 8 bits while the evidence is weak, so that they take little room in JSON.
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
        moved = surprise.moved[:, None]
        level = np.where(moved, shiryaev_roberts(self.level, surprise.up, surprise.down), self.level)
        before, strong = change_sums(self.level), change_sums(level) > _STRONG
        kept = self.span * np.where(before > _WEAK, before / (1 + before), 0.0)
        batches = _short(kept[0] + 1.0, strong)
        mean_rows = _short((kept[1] + rows[:, None]) / batches, strong)
        span = np.stack([batches, batches * mean_rows, _short(kept[2] + values[:, None], strong)])
        return replace(self, updates=self.updates + 1, level=level, span=np.where(moved, span, self.span))

    def remembered(self, groups: tuple[str, ...], batch: str) -> Self:
        """Return the state with the id of a batch noted for the groups that came with it."""
        noted = {group: (*self.recent.get(group, ()), batch)[-REMEMBERED:] for group in groups}
        return replace(self, recent={**self.recent, **noted})

    def quiet(self, known: Knowledge) -> Self:
        """Return the state without evidence and without an alarm, that compares with `known` from now on."""
        fresh = type(self).start(known, len(self.level))
        return replace(fresh, updates=self.updates, recent=self.recent)


def seasons_of(profile: Profile) -> Mapping[str, Profile]:
    """Return the reference of each season class; "" names the only one of a profile without classes."""
    return profile.classes or {"": profile}


def _short(numbers: NDArray[np.float64], strong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Round to 8 significant bits, where evidence is strong to 24: then little room keeps all that matters."""
    part, power = np.frexp(numbers)
    unit = np.where(strong, 2.0**24, 2.0**8)
    return np.asarray(np.ldexp(np.rint(part * unit) / unit, power))
