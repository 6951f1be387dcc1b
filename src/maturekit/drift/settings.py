"""What a user asks of a monitor, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from maturekit.drift.batch_statistic import BatchStatistic
from maturekit.drift.places import BUDGET
from maturekit.drift.tolerance import Tolerance
from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, MaturekitError, NotFoundError
from maturekit.profile import Profile

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments of `Monitor`, where they are explained, without the profile.

    Examples
    --------
    >>> Settings(false_alarms_per_year=2, batches_per_year=365).threshold
    182.5
    """

    false_alarms_per_year: float
    batches_per_year: float
    tolerance: Tolerance = field(default_factory=Tolerance)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    batch_effects: bool | None = None
    budget: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what can be checked without a profile."""
        for name in ("false_alarms_per_year", "batches_per_year"):
            _check_positive(getattr(self, name), name)
        if self.threshold < 1:
            raise ArgumentError(
                f"{self.false_alarms_per_year} false alarms in {self.batches_per_year} batches are more than one a batch",
                hint="false_alarms_per_year must be at most batches_per_year.",
            )
        if not isinstance(self.tolerance, Tolerance):
            raise ArgumentTypeError(
                f"tolerance must be a Tolerance, got {type(self.tolerance).__name__}",
                hint="for instance drift.Tolerance(sd=0.05).",
            )
        if self.batch_effects is not None and not isinstance(self.batch_effects, bool):
            raise ArgumentTypeError(f"batch_effects must be True, False or None, got {self.batch_effects!r}")
        for name in ("groups", "importance", "budget"):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise ArgumentTypeError(f"{name} must be a mapping such as a dict, got {type(given).__name__}")
            object.__setattr__(self, name, dict(given))
        _check_groups(self.groups)
        for name, value in self.importance.items():
            _check_positive(value, f"importance of {name!r}")
        for group, value in self.budget.items():
            if group not in BUDGET:
                raise NotFoundError.named("group of columns", group, known=BUDGET)
            _check_positive(value, f"budget of {group!r}")

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of the alarm budget of each group, before those that exist are made to add up."""
        return {**BUDGET, **self.budget}

    @property
    def threshold(self) -> float:
        """Evidence that raises an alarm: batches between false alarms."""
        return self.batches_per_year / self.false_alarms_per_year

    def group_of(self, column: str) -> str:
        """Return the group that a column belongs to."""
        return next((group for group, names in self.groups.items() if column in names), "data")

    def check(self, profile: Profile, statistics: Sequence[BatchStatistic] = ()) -> None:
        """Raise `NotFoundError` if a column that is named here is not in the profile; check names of statistics."""
        named = [name for names in self.groups.values() for name in names]
        own = [statistic.name for statistic in statistics]
        for name in (*named, *self.importance, *self.tolerance.columns):
            if name not in profile.columns and name not in own:
                raise NotFoundError.named("column of the profile", name, known=profile.columns)
        groups = {self.group_of(name) for name in profile.columns}
        for statistic in statistics:
            if statistic.name in profile.columns or own.count(statistic.name) > 1:
                raise ArgumentError(f"two things are watched under the name {statistic.name!r}", hint="rename one.")
            if statistic.group not in groups:
                raise ArgumentError(
                    f"statistic {statistic.name!r} is of the group {statistic.group!r}, which has no columns",
                    hint=f"its group must be one of {', '.join(sorted(groups))}: it is computed when they come.",
                )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        groups = {group: list(names) for group, names in self.groups.items()}
        return {
            "false_alarms_per_year": self.false_alarms_per_year,
            "batches_per_year": self.batches_per_year,
            "tolerance": self.tolerance.to_dict(),
            "groups": groups,
            "importance": dict(self.importance),
            "batch_effects": self.batch_effects,
            "budget": dict(self.budget),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote; raise `FormatError` for what nobody could have asked."""
        try:
            return cls(**{**data, "tolerance": Tolerance.from_dict(data["tolerance"])})
        except MaturekitError as error:
            raise FormatError(f"stored settings of a monitor are damaged: {error}") from error


def _check_groups(groups: Mapping[str, Sequence[str]]) -> None:
    owner: dict[str, str] = {}
    for group, names in groups.items():
        if group not in BUDGET or group == "dependence":
            raise NotFoundError.named("group of columns", group, known=set(BUDGET) - {"dependence"})
        if isinstance(names, str) or not isinstance(names, Sequence):
            raise ArgumentTypeError(f"group {group!r} must be a list of columns, got {names!r}")
        for name in names:
            if owner.setdefault(name, group) != group:
                raise ArgumentError(
                    f"column {name!r} is in the groups {owner[name]!r} and {group!r}",
                    hint="a column belongs to one group.",
                )


def _check_positive(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"{what} must be a number, got {type(value).__name__}")
    if not (math.isfinite(value) and value > 0):
        raise ArgumentError(f"{what} must be above 0, got {value}")
