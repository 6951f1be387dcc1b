"""Which versions may go, and why the others stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.events import Event
from maturekit.registry.checks import checked_list, checked_text
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.moves import alias_stack

__all__ = ["ERASABLE", "checked_keep", "checked_parts", "erasable_parts", "kept_because", "reasons_to_keep"]

ERASABLE = ("model", "examples", "profile", "notes", "schema")
"""What may be erased of a version."""

_DATA = frozenset(ERASABLE) - {"schema"}


def checked_parts(parts: Iterable[str] | None) -> frozenset[str]:
    """Return what shall be erased; by default all that may hold data, which a schema does not.

    >>> sorted(checked_parts(None))
    ['examples', 'model', 'notes', 'profile']
    """
    if parts is None:
        return _DATA
    wanted = frozenset(checked_text(part, what="part") for part in checked_list(parts, what="parts", of="texts"))
    unknown = sorted(map(repr, wanted - set(ERASABLE)))
    if unknown or not wanted:
        raise ArgumentError(
            f"{', '.join(unknown) or 'nothing'} cannot be erased of a version",
            hint=f"what can: {', '.join(ERASABLE)}.",
        )
    return wanted


def erasable_parts(standing: Standing, version: int, wanted: frozenset[str]) -> dict[str, str]:
    """Return what is still there of what shall be erased of a version, and the digest of each part."""
    return {part: digest for part, digest in standing.parts(version).items() if part.split("/")[0] in wanted}


def kept_because(standing: Standing, version: int) -> str:
    """Return why nothing of a version may be erased; an empty text if it may."""
    if standing.is_held(version):
        return "it is held"
    aliases = sorted(alias for alias, stands in standing.aliases.items() if stands == version)
    return f"the alias {aliases[0]!r} stands there" if aliases else ""


def checked_keep(keep: int, older_than: timedelta | None, *, dry_run: bool) -> None:
    """Check the arguments of `Keeping.expire`.

    >>> checked_keep(-1, None, dry_run=True)
    Traceback (most recent call last):
    maturekit.errors.ArgumentError: keep must not be negative, got -1
    """
    if isinstance(keep, bool) or not isinstance(keep, int):
        raise ArgumentTypeError(f"keep is a number of versions, got {type(keep).__name__}")
    if keep < 0:
        raise ArgumentError(f"keep must not be negative, got {keep}")
    if older_than is not None and not isinstance(older_than, timedelta):
        raise ArgumentTypeError(f"older_than is a timedelta, got {type(older_than).__name__}")
    if not isinstance(dry_run, bool):
        raise ArgumentTypeError(f"dry_run is True or False, got {type(dry_run).__name__}")


def reasons_to_keep(
    history: Iterable[Event], standing: Standing, *, keep: int, older_than: timedelta | None, now: datetime
) -> list[tuple[Event, str]]:
    """Return the event of every version that is not erased yet, oldest first, and why it stays; "" if it may go.

    The version to which an alias would be rolled back stays as well.

    >>> from datetime import UTC, datetime
    >>> from maturekit.registry import Registry
    >>> from maturekit.registry.housekeeping.standing import Standing
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> _ = [registry.register("late", {"threshold": minutes}) for minutes in (15, 30)]
    >>> history = registry.history("late")
    >>> found = reasons_to_keep(history, Standing.of(history), keep=1, older_than=None, now=datetime.now(UTC))
    >>> [reason for _, reason in found]
    ['', 'it is among the newest']
    """
    events = tuple(history)
    back = {
        stack[-2]: alias
        for alias, stack in ((alias, alias_stack(events, alias)) for alias in sorted(standing.aliases))
        if len(stack) > 1
    }
    reasons = []
    newest = set(sorted(standing.versions)[-keep:] if keep else ())
    for version, event in sorted(standing.versions.items()):
        if not erasable_parts(standing, version, _DATA):
            continue
        reason = kept_because(standing, version)
        if not reason and version in newest:
            reason = "it is among the newest"
        if not reason and older_than is not None and now - event.time <= older_than:
            reason = "it is not old enough"
        if not reason and version in back:
            reason = f"the alias {back[version]!r} may be rolled back to it"
        reasons.append((event, reason))
    return reasons
