"""What a gate may read, and the shape of a gate and a policy; the gates themselves are in `governance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from maturekit.reports.finding import Finding
from maturekit.reports.report import Report

__all__ = ["Case", "GateLike", "PolicyLike", "VersionFacts"]


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What is known of a version without reading its model.

    Examples
    --------
    >>> VersionFacts("late-flights", 3, "sha256:ab", metrics={"roc_auc": 0.77}).metrics["roc_auc"]
    0.77
    """

    name: str
    number: int
    digest: str
    author: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    has: frozenset[str] = frozenset()
    """Which of "schema", "profile", "examples" were registered with it."""
    reports: tuple[Report, ...] = ()
    """The reports attached to it, oldest first."""


@dataclass(frozen=True, slots=True)
class Case:
    """One wish to promote: who is to go where, and who stands there now.

    Examples
    --------
    >>> Case("production", VersionFacts("late-flights", 1, "sha256:ab"), champion=None).champion is None
    True
    """

    alias: str
    candidate: VersionFacts
    champion: VersionFacts | None = None
    actor: str | None = None


@runtime_checkable
class GateLike(Protocol):
    """Anything that reads a case and returns a finding; it never computes.

    >>> class Always:
    ...     def judge(self, case):
    ...         return Finding("always", "passed")
    >>> isinstance(Always(), GateLike)
    True
    """

    def judge(self, case: Case) -> Finding:
        """Return the finding of this gate."""


@runtime_checkable
class PolicyLike(Protocol):
    """Anything that judges a case as a whole; `Registry.promote` runs it.

    >>> class Anything:
    ...     name = "anything"
    ...     def judge(self, case):
    ...         return Report("promotion", [Finding("always", "passed")])
    >>> isinstance(Anything(), PolicyLike)
    True
    """

    @property
    def name(self) -> str:
        """Name of the policy, as it stands in the event."""

    def judge(self, case: Case) -> Report:
        """Return a report with one finding a gate."""
