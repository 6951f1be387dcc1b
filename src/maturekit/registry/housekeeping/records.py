"""What an event of a model's history must not say, given the events before it."""

from __future__ import annotations

from collections.abc import Callable

from maturekit.events import Event
from maturekit.registry.bodies import ApprovalBody, ErasureBody, HoldBody, MoveBody, VersionBody, attached_body, body_of
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.recording import version_digest
from maturekit.registry.state import moves_of

__all__ = ["contradiction"]


def contradiction(event: Event, standing: Standing) -> str:
    """Return how an event contradicts the events before it; an empty text if it does not.

    Raises `IntegrityError` if its body is not of its kind. Kinds that this library does not know contradict nothing.

    >>> from datetime import UTC, datetime
    >>> body = {"version": 3}
    >>> hold = Event(log="model/late", number=1, time=datetime(2013, 5, 3, tzinfo=UTC), kind="hold", body=body)
    >>> contradiction(hold, Standing())
    'speaks of version 3, which is not there'
    """
    judge = _JUDGES.get(event.kind)
    return "" if judge is None else judge(event, standing)


def _version(event: Event, standing: Standing) -> str:
    body, known = body_of(event, VersionBody), len(standing.versions)
    if body.number != known + 1:
        return f"registers version {body.number}, but {known + 1} is next"
    if event.subject != version_digest(event.body):
        return "has a digest that is not that of its record"
    if body.parent is not None and body.parent not in standing.versions:
        return f"names version {body.parent} as its parent, which was not there"
    return ""


def _alias(event: Event, standing: Standing) -> str:
    for move in moves_of(event):
        fault = _move(event, move, standing) or _landing(move, standing)
        if fault:
            return fault
    first, *others = moves_of(event)
    if others and (others[0].to, others[0].origin) != (first.origin, first.to):
        return "swaps two aliases that do not change places"
    return _other_subject(event, standing, first.to if first.to is not None else first.origin)


def _refusal(event: Event, standing: Standing) -> str:
    move = body_of(event, MoveBody)
    return _move(event, move, standing) or _other_subject(event, standing, move.to)


def _move(event: Event, move: MoveBody, standing: Standing) -> str:
    stands = standing.aliases.get(move.alias)
    if move.to is not None and move.to not in standing.versions:
        return f"speaks of version {move.to}, which is not there"
    if move.origin != stands:
        return f"moves {move.alias!r} from {_shown(move.origin)}, but it stood at {_shown(stands)}"
    if move.event is not None and (move.to is None or standing.versions[move.to].number != move.event):
        return f"names event {move.event}, which did not register {_shown(move.to)}"
    if move.judged >= event.number:
        return f"was judged at event {move.judged}, which came later"
    return ""


def _landing(move: MoveBody, standing: Standing) -> str:
    if move.to is not None and standing.erased.get(move.to):
        return f"moves {move.alias!r} to version {move.to}, of which content was erased"
    return ""


def _attached(event: Event, standing: Standing) -> str:
    return _about(event, standing, attached_body(event).version)


def _approval(event: Event, standing: Standing) -> str:
    version = body_of(event, ApprovalBody).version
    fault = _about(event, standing, version)
    if not fault and event.actor is not None and event.actor == standing.versions[version].actor:
        return f"approves version {version} in the name of its author"
    return fault


def _hold(event: Event, standing: Standing) -> str:
    return _about(event, standing, body_of(event, HoldBody).version)


def _release(event: Event, standing: Standing) -> str:
    version = body_of(event, HoldBody).version
    return _about(event, standing, version) or (
        "" if standing.is_held(version) else f"releases version {version}, which nobody held"
    )


def _erasure(event: Event, standing: Standing) -> str:
    body = body_of(event, ErasureBody)
    fault = _about(event, standing, body.version)
    if fault:
        return fault
    if standing.is_held(body.version):
        return f"erases content of version {body.version}, which was held"
    alias = next((alias for alias, stands in standing.aliases.items() if stands == body.version), None)
    if alias is not None:
        return f"erases content of version {body.version}, where the alias {alias!r} stood"
    parts = standing.parts(body.version) | {
        part: digest for part, digest in body.erased.items() if part in standing.erased.get(body.version, {})
    }
    strange = next((part for part, digest in body.erased.items() if parts.get(part) != digest), None)
    return "" if strange is None else f"erases {strange!r}, which version {body.version} did not have"


def _about(event: Event, standing: Standing, version: int) -> str:
    if version not in standing.versions:
        return f"speaks of version {version}, which is not there"
    return _other_subject(event, standing, version)


def _other_subject(event: Event, standing: Standing, version: int | None) -> str:
    if version is None or event.subject == standing.versions[version].subject:
        return ""
    return f"says version {version}, but has the digest of another"


def _shown(version: int | None) -> str:
    return "nowhere" if version is None else f"version {version}"


_JUDGES: dict[str, Callable[[Event, Standing], str]] = {
    "alarm": _attached,
    "alias": _alias,
    "approval": _approval,
    "erasure": _erasure,
    "hold": _hold,
    "refusal": _refusal,
    "release": _release,
    "report": _attached,
    "version": _version,
}
