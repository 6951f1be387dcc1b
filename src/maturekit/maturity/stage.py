"""The five stages of the machine-learning maturity curve."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STAGES", "Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the curve: what the work around a model is like there.

    Examples
    --------
    >>> print(STAGES[2])
    3 operational deployment: a decision depends on it, so that a rule and not a mood lets a version in
    """

    number: int
    name: str
    meaning: str

    def __str__(self) -> str:
        """Return number, name and meaning in one line."""
        return f"{self.number} {self.name}: {self.meaning}"


STAGES: tuple[Stage, ...] = (
    Stage(1, "exploration", "somebody finds out whether the data hold an answer; what was tried can be found again"),
    Stage(2, "pilot", "one version could be run by somebody else: what it needs and where it comes from is on record"),
    Stage(3, "operational deployment", "a decision depends on it, so that a rule and not a mood lets a version in"),
    Stage(
        4,
        "scaled operations",
        "it runs by routine: watched while it runs, replaced again and again, taken back at will",
    ),
    Stage(
        5, "continuous optimisation", "what is seen in production leads to a better version, and the loop is on record"
    ),
)
"""From first experiments to a loop that improves itself; most models fail on the way for lack of what stands around
them, not of accuracy."""
