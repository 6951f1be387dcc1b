"""What a rollout promises: how much worse is worse, how sure is sure, and how fast it may go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maturekit._core.arguments import check_number
from maturekit.deployment.split import checked_share
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.statistics import TwoArms

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["OUTCOME", "RolloutPlan"]

OUTCOME = "loss"
"""Name of the measure that the outcomes are; the others are guard rails."""


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """When a challenger is promoted, when it is rolled back, and by which steps its share grows.

    The evidence may be looked at after every row (`statistics.TwoArms`), so a rollout ends as soon as it is clear:

    - *promoted* when the challenger's mean loss is not worse by `margin` or more. A challenger that is comes through
      with probability at most ``(1 - confidence) / 2``, however long the rollout runs.
    - *rolled back* when its mean loss is worse, or a guard rail is broken. A challenger that is no worse, in loss and
      in every guard rail, is rolled back with probability at most ``(1 - confidence) / 2``.

    Parameters
    ----------
    margin : float, default 0.0
        In units of the loss. At 0 the challenger must prove that it is better; above, that it is not much worse; below,
        that it is better by so much.
    losses : pair of float, default (0, 1)
        The least and the greatest loss; what lies outside counts as the nearer of them.
    confidence : float, default 0.95
        See above.
    shares : tuple of float, default (0.01, 0.05, 0.2, 0.5)
        The share of the keys that the challenger gets, step by step, growing; the last below 1.
    step_rows, step_seconds : int and float, default 200 and 3600
        The next step comes after so many keys of the challenger and so much time, if nothing speaks against it.
    failed, rejected : float or None, default 0.01
        Guard rails: by how much the share of calls that fail (raise, give an invalid answer, or need a fallback), and
        of rows that are rejected, may be greater than the champion's. None: nobody looks.
    slow_seconds, slow : float, default None and 0.01
        Guard rail: by how much the share of answers about one record that take longer than `slow_seconds` may be
        greater. None: nobody looks.
    patience : int, optional
        After so many outcomes without a decision the rollout is given up, and the champion stays.

    Examples
    --------
    >>> RolloutPlan(shares=(0.5, 0.1))
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: shares grow from step to step, between 0 and 1, got (0.5, 0.1)
    >>> plan = RolloutPlan(margin=1.0, losses=(0.0, 60.0), slow_seconds=0.05)
    >>> plan.scaled([-1.0, 15.0, 90.0]).tolist()
    [0.0, 0.25, 1.0]
    >>> list(plan.begin()), round(plan.needed), round(plan.needed_harm)
    (['loss', 'failed', 'rejected', 'slow'], 40, 160)
    """

    margin: float = 0.0
    losses: tuple[float, float] = (0.0, 1.0)
    confidence: float = 0.95
    shares: tuple[float, ...] = (0.01, 0.05, 0.2, 0.5)
    step_rows: int = 200
    step_seconds: float = 3600.0
    failed: float | None = 0.01
    rejected: float | None = 0.01
    slow_seconds: float | None = None
    slow: float = 0.01
    patience: int | None = None

    def __post_init__(self) -> None:
        """Check everything, and keep plain tuples."""
        self._check_kinds()
        object.__setattr__(self, "losses", tuple(float(bound) for bound in self.losses))
        object.__setattr__(self, "shares", tuple(checked_share(share) for share in self.shares))
        low, high = self.losses
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ArgumentError(f"losses are a least and a greatest finite loss, got {self.losses!r}")
        if not -1 < self.margin / (high - low) < 1:
            raise ArgumentError(f"margin {self.margin!r} is no difference of losses between {low:g} and {high:g}")
        if not 0 < self.confidence < 1:
            raise ArgumentError(f"confidence lies between 0 and 1, got {self.confidence!r}")
        if not self.shares or any(b <= a for a, b in zip((0.0, *self.shares), (*self.shares, 1.0), strict=True)):
            raise ArgumentError(f"shares grow from step to step, between 0 and 1, got {self.shares!r}")
        for name, least in (("step_rows", 0), ("step_seconds", 0), ("slow_seconds", 0), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ArgumentError(f"{name} must be at least {least}, got {value!r}")
        self.begin()

    def _check_kinds(self) -> None:
        for name in ("losses", "shares"):
            value = getattr(self, name)
            if not isinstance(value, (tuple, list, np.ndarray)):
                raise ArgumentTypeError(f"{name} must be a tuple of numbers, got {type(value).__name__}")
        if len(self.losses) != 2:
            raise ArgumentError(f"losses are a least and a greatest loss, got {len(self.losses)} numbers")
        for bound in self.losses:
            check_number(bound, what="each of losses")
        for name in ("margin", "confidence", "slow", "step_seconds"):
            check_number(getattr(self, name), what=name)
        for name in ("failed", "rejected", "slow_seconds"):
            if getattr(self, name) is not None:
                check_number(getattr(self, name), what=name)
        check_number(self.step_rows, what="step_rows", whole=True)
        if self.patience is not None:
            check_number(self.patience, what="patience", whole=True)

    @property
    def needed(self) -> float:
        """How much evidence promotes."""
        return 2 / (1 - self.confidence)

    @property
    def needed_harm(self) -> float:
        """How much evidence of harm, of any one measure, rolls back: they share the allowance."""
        return self.needed * len(self.begin())

    def begin(self) -> dict[str, TwoArms]:
        """Return the measures before the first row: the outcomes, and each guard rail."""
        guards = {"failed": self.failed, "rejected": self.rejected}
        if self.slow_seconds is not None:
            guards["slow"] = self.slow
        outcomes = TwoArms(harm=0.0, margin=self.margin / (self.losses[1] - self.losses[0]))
        return {OUTCOME: outcomes} | {
            name: TwoArms(harm=allowed) for name, allowed in guards.items() if allowed is not None
        }

    def scaled(self, losses: ArrayLike) -> NDArray[np.float64]:
        """Return losses as numbers between 0 and 1; raise for one that is not a number."""
        try:
            array = np.asarray(losses, dtype=np.float64)
        except (TypeError, ValueError):
            raise ArgumentTypeError(f"losses must be numbers, got {type(losses).__name__} of something else") from None
        if np.isnan(array).any():
            raise ArgumentError("a loss is not a number", hint="leave out what is not known yet.")
        low, high = self.losses
        return np.asarray(np.clip((array - low) / (high - low), 0.0, 1.0), dtype=np.float64)
