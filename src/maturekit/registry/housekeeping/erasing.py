"""Erasing content of versions for good: first the tombstone, then the content."""

from __future__ import annotations

from maturekit._core.clock import utc_now
from maturekit._core.logs import logger
from maturekit.errors import ArgumentError
from maturekit.events import Event, EventLog, Head
from maturekit.registry.bodies import ErasureBody, body_of
from maturekit.registry.housekeeping.garbage import remove_unneeded
from maturekit.registry.housekeeping.retention import erasable_parts, kept_because
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.version import Version

__all__ = ["Eraser"]


class Eraser:
    """Erases versions of one model, one after the other; what it knows of the history grows with it.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15}, notes="a note")
    >>> log = registry.log("late")
    >>> body = Eraser(log, Standing.of(log.events())).tombstone(version, frozenset({"notes"}), log.head())
    >>> body.version, list(body.erased)
    (1, ['notes'])
    """

    def __init__(self, log: EventLog, standing: Standing) -> None:
        self.log = log
        self.standing = standing

    def earlier(self, version: Version, wanted: frozenset[str]) -> Event | None:
        """Return the event that erased all of this before, if one did."""
        self.standing.follow(self.log)
        before = self._before(version, wanted)
        return before[-1] if before and not erasable_parts(self.standing, version.number, wanted) else None

    def tombstone(self, version: Version, wanted: frozenset[str], head: Head) -> ErasureBody:
        """Return what the event says, given the head of the history; raise `ArgumentError` if the version must stay."""
        self.standing.follow(self.log, until=head.number)
        stays = kept_because(self.standing, version.number)
        if stays:
            raise ArgumentError(
                f"nothing of {version.reference} can be erased: {stays}",
                hint="release it, or let the alias point elsewhere, if that is what you want.",
            )
        left = erasable_parts(self.standing, version.number, wanted)
        if not left:
            raise ArgumentError(f"{version.reference} has none of these: {', '.join(sorted(wanted))}")
        return ErasureBody(version=version.number, erased=left)

    def delete(self, version: Version, wanted: frozenset[str]) -> None:
        """Delete what the tombstones of a version name, as far as nothing else needs it and nobody uses it just now."""
        now = utc_now()
        self.standing.follow(self.log)
        erased = {d for event in self._before(version, wanted) for d in body_of(event, ErasureBody).erased.values()}
        for digest in sorted(erased):
            if remove_unneeded(self.log, self.standing, digest, before=now) is False:
                logger.warning("%s: %s was used a moment ago; `gc` removes it", version.reference, digest)

    def _before(self, version: Version, wanted: frozenset[str]) -> list[Event]:
        erased = self.standing.erased.get(version.number, {})
        return [event for part, event in erased.items() if part.split("/")[0] in wanted]
