"""What is told of a version and of an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from maturekit._core.clock import iso
from maturekit.events import Event
from maturekit.registry import Version
from maturekit.registry.housekeeping.standing import Standing

__all__ = ["event_line", "version_facts", "version_lines"]

_CHANGED = {True: " with changes", False: "", None: " perhaps with changes"}
_LINES: dict[str, Callable[[Any], str | list[str]]] = {
    "parameters": lambda given: [f"{name} = {value!r}" for name, value in given.items()],
    "model": lambda given: [
        f"{file} {entry['size']:,} bytes ({given['serializer']})" for file, entry in given["files"].items()
    ],
    "revision": lambda given: f"{given['commit']}{_CHANGED[given['dirty']]}",
    "origin": lambda given: f"{given['event']} of registry {given['registry']}",
    "environment": lambda given: [
        f"python {given['python']}",
        *(f"{name} {release}" for name, release in given["packages"].items()),
    ],
    "reports": lambda given: [f"{one['kind']} {one['verdict']} at {one['time']}" for one in given],
    "erased": lambda given: [f"{part} at {one['time']}, see {one['event']}" for part, one in given.items()],
    "approvals": lambda given: [f"{one['actor']} {one['role']} at {one['time']}" for one in given],
}
"""How a fact reads that is more than a text or a list of texts."""


def version_facts(version: Version, history: Iterable[Event]) -> dict[str, Any]:
    """Return all facts of a version as JSON holds them, given the events of its model up to the moment asked for.

    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> version_facts(version, registry.history("late"))["reference"]
    'late:1'
    """
    events = list(history)
    mine = [event for event in events if event.body.get("version") == version.number]
    standing = Standing.of(events)
    erased = standing.erased.get(version.number, {})
    body = version.body
    return {
        "reference": version.reference,
        "event": version.event_id,
        "digest": version.digest,
        "time": iso(version.time),
        "actor": version.actor,
        "actor_kind": version.event.actor_kind,
        "reason": version.event.reason,
        "cause": version.cause,
        "aliases": sorted(alias for alias, number in standing.aliases.items() if number == version.number),
        "metrics": body.metrics,
        "intervals": {name: bounds.stored() for name, bounds in body.intervals.items()},
        "parameters": body.parameters,
        "tags": list(body.tags),
        "notes": "" if "notes" in erased else version.notes,
        "parent": body.parent,
        "origin": None if body.origin is None else body.origin.stored(),
        "fingerprint": body.fingerprint,
        "revision": None if body.revision is None else body.revision.stored(),
        "model": body.model.stored(),
        "schema": body.contract,
        "profile": body.profile,
        "examples": body.examples,
        "environment": body.environment.stored(),
        "gaps": list(version.gaps),
        "reports": [_attached(event) for event in mine if event.kind in {"report", "alarm"}],
        "approvals": [
            {"actor": event.actor, "role": event.role, "time": iso(event.time), "reason": event.reason}
            for event in mine
            if event.kind == "approval"
        ],
        "held": standing.is_held(version.number),
        "erased": {part: {"event": event.id, "time": iso(event.time)} for part, event in erased.items()},
    }


def version_lines(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts in a form for people: short texts by name, without what is not there.

    >>> version_lines({"reference": "late:1", "metrics": {"share": 0.5}, "intervals": {}, "tags": []})
    {'reference': 'late:1', 'metrics': ['share 0.5']}
    """
    told: dict[str, Any] = {
        name: _LINES[name](value) if value and name in _LINES else value for name, value in facts.items()
    }
    bounds = told.pop("intervals")
    told["metrics"] = [f"{name} {_measured(value, bounds.get(name))}" for name, value in facts["metrics"].items()]
    return {name: value for name, value in told.items() if value not in (None, "", [], {}, False)}


def event_line(event: Event) -> str:
    """Return what an event did, in a few words.

    >>> from datetime import UTC, datetime
    >>> body = {"alias": "production", "from": 1, "to": 2}
    >>> event_line(Event(log="model/late", number=3, time=datetime(2013, 5, 3, tzinfo=UTC), kind="alias", body=body))
    'production: 1 -> 2'
    """
    body: dict[str, Any] = event.body
    if event.kind == "version":
        return f"version {body.get('number')}"
    if event.kind in {"alias", "refusal"}:
        moves = [body, *([body["swap"]] if body.get("swap") else [])]
        told = ", ".join(f"{one.get('alias')}: {_stand(one.get('from'))} -> {_stand(one.get('to'))}" for one in moves)
        return f"{told} (rollback)" if body.get("rollback") else told
    what = f"{body['kind']} {body['verdict']}, " if "verdict" in body and "kind" in body else ""
    return f"{what}version {body['version']}" if "version" in body else ""


def _attached(event: Event) -> dict[str, Any]:
    body = event.body
    return {"kind": body["kind"], "verdict": body["verdict"], "time": iso(event.time), "digest": body["report"]}


def _measured(value: float, bounds: dict[str, Any] | None) -> str:
    return f"{value:.6g}" + (f" ({bounds['low']:.6g} to {bounds['high']:.6g})" if bounds else "")


def _stand(number: Any) -> str:
    return "none" if number is None else str(number)
