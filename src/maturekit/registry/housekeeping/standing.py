"""What a history says of the content it names: which events need it, what is held, what was erased."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from maturekit._core.clock import iso
from maturekit.errors import NotFoundError
from maturekit.events import Event, EventLog, Head
from maturekit.registry.bodies import ErasureBody, HoldBody, VersionBody, body_of
from maturekit.registry.housekeeping.marking import named_parts, version_parts
from maturekit.registry.state import moves_of

__all__ = ["Standing", "erased_error", "require_whole"]


class Standing:
    """Where a history stands, taken event by event.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15}, notes="a note")
    >>> _ = registry.hold(version, actor="ada", reason="an audit")
    >>> standing = Standing.of(registry.history("late"))
    >>> standing.is_held(1), standing.needed(version.body.notes)
    (True, 'model/late/1')
    """

    def __init__(self) -> None:
        self.number = 0
        """Of the last event that was taken."""
        self.versions: dict[int, Event] = {}
        """The event that registered each."""
        self.aliases: dict[str, int] = {}
        self.erased: dict[int, dict[str, Event]] = {}
        """Of each version, what was erased, and by which event."""
        self.gone: set[str] = set()
        """Digests that an erasure names, whether another event still needs them or not."""
        self.unknown: Counter[str] = Counter()
        """Events of a model of kinds that this library does not know."""
        self._holds: Counter[int] = Counter()
        self._needs: dict[str, dict[tuple[int, str], str]] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Return where a history stands behind some events, from the first on."""
        standing = cls()
        for event in events:
            standing.take(event)
        return standing

    def take(self, event: Event) -> None:
        """Go one event further; raise `IntegrityError` if its body is not of its kind."""
        self.number = event.number
        for part, digest in named_parts(event).items():
            self._needs.setdefault(digest, {})[event.number, part] = event.id
        if event.kind == "version":
            self.versions[body_of(event, VersionBody).number] = event
        elif event.kind == "alias":
            for move in moves_of(event):
                self.aliases.pop(move.alias, None)
                if move.to is not None:
                    self.aliases[move.alias] = move.to
        elif event.kind in {"hold", "release"}:
            self._holds[body_of(event, HoldBody).version] += 1 if event.kind == "hold" else -1
        elif event.kind == "erasure":
            self._erase(event)
        elif event.kind not in {"refusal", "report", "alarm", "approval"} and event.log.startswith("model/"):
            self.unknown[event.kind] += 1

    def follow(self, log: EventLog, *, until: int | None = None) -> None:
        """Take what has been added to a history, up to event number `until`."""
        while (until is None or self.number < until) and log.store.exists(log.key(self.number + 1)):
            self.take(log.event(self.number + 1).event)

    def needed(self, digest: str) -> str:
        """Return the id of the first event that needs content; an empty text if none does, or none does any longer."""
        return next(iter(self._needs.get(digest, {}).values()), "")

    def needs(self) -> dict[str, str]:
        """Return every digest that is needed, and the id of the first event that needs it."""
        return {digest: self.needed(digest) for digest, places in self._needs.items() if places}

    def is_held(self, version: int) -> bool:
        """Whether a version must not be erased: it was held more often than released."""
        return self._holds[version] > 0

    def parts(self, version: int) -> dict[str, str]:
        """Return what is left of a version, and the digest of each part."""
        gone = self.erased.get(version, {})
        whole = version_parts(body_of(self.versions[version], VersionBody))
        return {part: digest for part, digest in whole.items() if part not in gone}

    def _erase(self, event: Event) -> None:
        body = body_of(event, ErasureBody)
        registered = self.versions.get(body.version)
        for part, digest in body.erased.items():
            if registered is not None:
                self._needs.get(digest, {}).pop((registered.number, part), None)
            self.erased.setdefault(body.version, {}).setdefault(part, event)
            self.gone.add(digest)


def require_whole(log: EventLog, version: Event, head: Head) -> None:
    """Raise `NotFoundError` if anything of a version was erased before `head`: an alias never leads there."""
    erasure: Any = head.state.get("erasure", 0)
    if erasure < version.number:
        return  # the common case: nothing was erased since it was registered
    standing = Standing.of(log.events(until=head.number))
    number = body_of(version, VersionBody).number
    for part, event in standing.erased.get(number, {}).items():
        raise erased_error(f"{log.name.partition('/')[2]}:{number}", part, event)


def erased_error(reference: str, part: str, event: Event) -> NotFoundError:
    """Return the error that says who erased a part of a version, when and why."""
    by = f" by {event.actor}" if event.actor else ""
    return NotFoundError(
        f"{part!r} of {reference} was erased{by} at {iso(event.time)}: {event.reason}",
        name=part,
        hint=f"the event {event.id} says so; to have it again, register it as a new version.",
    )
