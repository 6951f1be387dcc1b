"""What a rollout does in a registry: every step is a report of the challenger's version, and the last one moves an alias."""

from __future__ import annotations

from dataclasses import dataclass

from maturekit.errors import ArgumentTypeError
from maturekit.events import Event
from maturekit.registry import Registry
from maturekit.reports import PolicyLike, Report

__all__ = ["Release"]


@dataclass(frozen=True, slots=True)
class Release:
    """The version that a rollout is about, and the alias it gets if it is promoted.

    A promotion that the registry could not take is tried again, after a minute by any process. A report of another
    step that it could not take stands in the rollout's own history alone.

    Parameters
    ----------
    registry : Registry
        Where the version is.
    version : str
        Its reference, such as ``"late-flights:7"``.
    alias : str, default "production"
        What points to it once it is promoted; a champion ``Live(registry, "late-flights@production")`` follows.
    actor : str, default "rollout"
        In whose name.
    policy : Policy, optional
        Must agree to the promotion, as in `Registry.promote`; it finds the rollout's report among those of the version.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> release = Release(registry, "late:1")
    >>> release.promoted(release.reported(Report("rollout", [])), "not worse").reason
    'not worse'
    >>> registry["late@production"].number, [event.kind for event in registry.history("late")]
    (1, ['version', 'report', 'alias'])
    >>> release.promoted(None, "once is enough") is None
    True
    """

    registry: Registry
    version: str
    alias: str = "production"
    actor: str = "rollout"
    policy: PolicyLike | None = None

    def __post_init__(self) -> None:
        """Check the kinds."""
        if not isinstance(self.registry, Registry) or not isinstance(self.version, str):
            raise ArgumentTypeError(
                "a release names a registry and the reference of a version",
                hint="write Release(Registry('models'), 'late-flights:7').",
            )

    @property
    def subjects(self) -> dict[str, str]:
        """The digest of the challenger."""
        return {"challenger": self.registry[self.version].digest}

    def reported(self, report: Report) -> Event:
        """Attach a report to the version."""
        return self.registry.attach(self.version, report, actor=self.actor)

    def promoted(self, cause: Event | None, reason: str) -> Event | None:
        """Let the alias point to the version; None if it does. Raises `PromotionRefusedError` as `promote` does."""
        version = self.registry[self.version]
        pointed = self.registry.aliases(version.name).get(self.alias)
        if pointed is not None and pointed.number == version.number:
            return None
        return self.registry.promote(
            version, to=self.alias, policy=self.policy, actor=self.actor, reason=reason, cause=cause
        )
