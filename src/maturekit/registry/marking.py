"""Which content the events of a history name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from maturekit._core.digest import canonical_json
from maturekit.events import Event
from maturekit.registry.bodies import AlarmBody, MoveBody, ReportBody, VersionBody, body_of
from maturekit.storage import Store

__all__ = ["log_names", "named_digests"]

_DIGEST = re.compile(r'"(sha256:[0-9a-f]{64})"')
_NAMELESS = {"approval", "hold", "release"}
"""Kinds of events that name no content."""


def log_names(store: Store) -> list[str]:
    """Return the name of every history, of whatever kind, such as ``"model/late-flights"``.

    >>> from maturekit.storage import MemoryStore
    >>> log_names(MemoryStore())
    []
    """
    return [f"{kind}/{name}" for kind in store.children("logs/") for name in store.children(f"logs/{kind}/")]


def named_digests(events: Iterable[Event]) -> dict[str, str]:
    """Return every digest of content that events name, with the id of the first event that does.

    Of kinds that this library does not know, every digest in the body counts.

    >>> named_digests([])
    {}
    """
    named: dict[str, str] = {}
    for event in events:
        for digest in _digests(event):
            if digest is not None:
                named.setdefault(digest, event.id)
    return named


def _digests(event: Event) -> Iterable[str | None]:
    if event.kind == "version":
        body = body_of(event, VersionBody)
        files = (file.digest for file in body.model.files.values())
        texts = (body.contract, body.profile, body.examples, body.notes, body.environment.installed)
        return (*files, *texts)
    if event.kind in {"alias", "refusal"}:
        move = body_of(event, MoveBody)
        return (move.report, move.swap.report if move.swap else None)
    if event.kind in {"report", "alarm"}:
        return (body_of(event, AlarmBody if event.kind == "alarm" else ReportBody).report,)
    if event.kind in _NAMELESS:
        return ()
    return _DIGEST.findall(canonical_json(event.body).decode())
