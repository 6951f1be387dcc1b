"""Who writes into a registry, and how what they say becomes an event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from maturekit._core.clock import Clock
from maturekit.errors import ArgumentError
from maturekit.events import Draft
from maturekit.registry.bodies import Body
from maturekit.registry.catalogue import Catalogue
from maturekit.registry.checks import checked_line
from maturekit.registry.serializers.serializer import Serializer
from maturekit.storage import Place

__all__ = ["Writing"]


class Writing(Catalogue):
    """A registry that knows in whose name it writes; see `Registry`.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> Writing(MemoryStore(), actor="ada").actor
    'ada'
    """

    def __init__(
        self,
        place: Place,
        *,
        actor: str | None = None,
        actor_kind: Literal["person", "job"] = "person",
        clock: Clock | None = None,
        serializers: Iterable[Serializer] = (),
        keys: Iterable[bytes] = (),
    ) -> None:
        super().__init__(place, clock=clock, serializers=serializers, keys=keys)
        if not isinstance(actor_kind, str) or actor_kind not in {"person", "job"}:
            raise ArgumentError(f"actor_kind {actor_kind!r:.100} is neither 'person' nor 'job'")
        self.actor = None if actor is None else checked_line(actor, what="actor")
        self.actor_kind: Literal["person", "job"] = actor_kind

    def _actor(self, actor: str | None) -> str | None:
        return self.actor if actor is None else checked_line(actor, what="actor")

    def _draft(
        self,
        kind: str,
        body: Body,
        subject: str,
        *,
        actor: str | None,
        cause: str | None,
        reason: str = "",
        role: str = "",
    ) -> Draft:
        return Draft(
            kind,
            body=body.stored(),
            subject=subject,
            actor=actor,
            actor_kind=self.actor_kind,
            role=role,
            reason=reason,
            cause=cause,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to this process; the copy reads its histories itself."""
        kept = ("store", "actor", "actor_kind", "clock")
        return {
            **{name: getattr(self, name) for name in kept},
            "serializers": tuple(self.serializers.values()),
            "keys": self._seal.keys,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the same place again."""
        self.__init__(state.pop("store"), **state)  # type: ignore[misc]  # the state holds the arguments of __init__
