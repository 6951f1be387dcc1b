"""Which content the events of a history name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from maturekit._core.digest import canonical_json
from maturekit._core.names import is_name
from maturekit.events import Event
from maturekit.registry.bodies import AlarmBody, MoveBody, ReportBody, VersionBody, body_of
from maturekit.storage import Store

__all__ = ["log_names", "named_digests", "named_parts", "version_parts"]

_DIGEST = re.compile(r'"(sha256:[0-9a-f]{64})"')
_KIND = re.compile(r"[a-z]+")
_NAMELESS = {"approval", "erasure", "hold", "release"}
"""Kinds of events that name no content, or only what is gone."""


def log_names(store: Store) -> list[str]:
    """Return the name of every history, of whatever kind, such as ``"model/late-flights"``.

    >>> from maturekit.storage import MemoryStore
    >>> log_names(MemoryStore())
    []
    """
    kinds = (kind for kind in store.children("logs/") if _KIND.fullmatch(kind))
    return [f"{kind}/{name}" for kind in kinds for name in store.children(f"logs/{kind}/") if is_name(name)]


def version_parts(body: VersionBody) -> dict[str, str]:
    """Return what a version holds, such as ``model/model.joblib`` or ``examples``, and the digest of each."""
    texts = {
        "schema": body.contract,
        "profile": body.profile,
        "examples": body.examples,
        "notes": body.notes,
        "environment": body.environment.installed,
    }
    files = {f"model/{name}": file.digest for name, file in body.model.files.items()}
    return files | {part: digest for part, digest in texts.items() if digest is not None}


def named_digests(events: Iterable[Event]) -> dict[str, str]:
    """Return every digest of content that events name, erased or not, with the id of the first event that does.

    >>> named_digests([])
    {}
    """
    named: dict[str, str] = {}
    for event in events:
        for digest in named_parts(event).values():
            named.setdefault(digest, event.id)
    return named


def named_parts(event: Event) -> dict[str, str]:
    """Return the content that an event names: what it is, and its digest.

    A text that only looks like a digest, in the parameters of a version or in the findings of an alarm, does not count.
    Of kinds that this library does not know, every digest in the body does.

    >>> from datetime import UTC, datetime
    >>> digest = f"sha256:{64 * '0'}"
    >>> moment = datetime(2013, 5, 3, tzinfo=UTC)
    >>> list(named_parts(Event(log="pilot/late", number=1, time=moment, kind="plan", body={"text": digest})).values())
    ['sha256:0000000000000000000000000000000000000000000000000000000000000000']
    """
    if event.kind == "version":
        return version_parts(body_of(event, VersionBody))
    if event.kind in {"alias", "refusal"}:
        move = body_of(event, MoveBody)
        reports = {"report": move.report, "second report": move.swap.report if move.swap else None}
        return {part: digest for part, digest in reports.items() if digest is not None}
    if event.kind in {"report", "alarm"}:
        return {"report": body_of(event, AlarmBody if event.kind == "alarm" else ReportBody).report}
    if event.kind in _NAMELESS:
        return {}
    found = _DIGEST.findall(canonical_json(event.body).decode())
    return {f"content {number}": digest for number, digest in enumerate(found, 1)}
