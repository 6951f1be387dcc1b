"""What batches are compared with before the first one came, computed once for each profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.batch_statistic import BatchStatistic
from maturekit.drift.layout import Layout
from maturekit.drift.own import learned_bags
from maturekit.drift.settings import Settings
from maturekit.drift.state import Knowledge, State, seasons_of
from maturekit.drift.tally import Tally
from maturekit.errors import ArgumentError, ArgumentTypeError, NotEnoughEvidenceError, NotFoundError
from maturekit.profile import Profile, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reference"]

_FEWEST_BATCHES = 14


@dataclass(frozen=True, eq=False)
class Reference:
    """A profile with all that follows from it, the settings of a monitor and what it watches beside columns.

    Parameters
    ----------
    profile : Profile
        The reference.
    settings : Settings
        What the user asks.
    statistics : sequence of BatchStatistic
        Numbers of whole batches, checked.
    views : sequence of View
        Columns that are made of others.
    """

    profile: Profile
    settings: Settings
    statistics: Sequence[BatchStatistic]
    views: Sequence[View]

    def check(self) -> None:
        """Raise an error if the settings, the statistics or the views do not fit the profile."""
        if not isinstance(self.profile, Profile):
            raise ArgumentTypeError(
                f"profile must be a Profile, got {type(self.profile).__name__}",
                hint="make one with `Profile.of(frame)`.",
            )
        if not self.profile.rows:
            raise NotEnoughEvidenceError(
                "the profile has no rows to compare with", hint="make it of a table with rows."
            )
        for view in self.views:
            if not isinstance(view, View):
                raise ArgumentTypeError(f"views must be instances of View, got {view!r}")
            if view.name not in self.profile.columns:
                raise NotFoundError.named("column of the profile", view.name, known=self.profile.columns)
        self.settings.check(self.profile, self.statistics)

    @cached_property
    def layout(self) -> Layout:
        """The watched statistics."""
        settings = self.settings
        return Layout.of(self.profile, settings.groups, budget=settings.shares, own=self.statistics)

    @cached_property
    def blank(self) -> State:
        """The state before the first batch, with nothing learned from the reference's own batches."""
        batches = sum(len(part.batches) for part in seasons_of(self.profile).values())
        wanted = batches >= _FEWEST_BATCHES if self.settings.batch_effects is None else self.settings.batch_effects
        known = Knowledge.blank(self.profile, self.layout, batch_effects=wanted)
        return State.start(known, len(self.layout.statistics))

    @cached_property
    def start(self) -> State:
        """The state before the first batch, with the numbers of the reference's own batches as far as counts give them."""
        known = self.blank.known.learned(self.profile, self.layout)
        if self.statistics:
            whole = seasons_of(self.profile)
            known = replace(
                known, bags={name: learned_bags(self.statistics, part.batches) for name, part in whole.items()}
            )
        return State.start(known, len(self.layout.statistics))

    @cached_property
    def _offsets(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def offset(self, season: str) -> NDArray[np.float64]:
        """Return how much the means of a season class differ from those of the whole reference."""
        known = self._offsets
        if season not in known:
            part = seasons_of(self.profile)[season]
            known[season] = _means(self.layout, part) - _means(self.layout, self.profile)
        return known[season]

    def season(self, season: str | None) -> str:
        """Return the season class of a batch, "" without classes; raise an error if it does not exist."""
        classes = self.profile.classes
        if not classes:
            if season is not None:
                raise ArgumentError(
                    f"season {season!r} was given, but the profile has no classes",
                    hint="make it with `Profile.of(frame, classes=...)`.",
                )
            return ""
        if season is None:
            raise ArgumentError(
                "the profile has season classes, so every batch needs its season",
                hint=f"pass season= one of {', '.join(map(repr, list(classes)[:10]))}.",
            )
        if season not in classes:
            raise NotFoundError.named("season class", str(season), known=classes)
        return season


def _means(layout: Layout, profile: Profile) -> NDArray[np.float64]:
    sums = layout.sums(Tally.of(profile))
    return np.asarray(sums.powers[0] / np.maximum(sums.rows, 1.0))
