"""What the actions of ``python -m maturekit registry`` do."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from maturekit._core.clock import iso
from maturekit.cli.output import Answer, facts_text, safe, table_text
from maturekit.cli.registry_facts import event_line, version_facts, version_lines
from maturekit.errors import MaturekitError, ModelNotFoundError, SourceMissingError
from maturekit.registry import Registry
from maturekit.registry.state import positions, version_count
from maturekit.reports import Report

__all__ = ["anchor", "bring", "export", "gc", "history", "ls", "show", "verify"]


def ls(asked: Namespace) -> Answer:
    """List models with their aliases, or the versions of one; a damaged model is named and hides no other."""
    registry = _opened(asked)
    if asked.name is not None:
        return _versions(registry, asked.name)
    models: list[dict[str, Any]] = []
    faults = []
    for name in registry.names():
        try:
            registry.head(name)
            head = registry.log(name).head()
        except ModelNotFoundError:
            continue  # its first version is being registered, or never got its event
        except MaturekitError as error:
            faults.append({"name": name, "error": error.message})
            continue
        models.append(
            {
                "name": name,
                "versions": version_count(head.state),
                "aliases": {alias: stand["to"] for alias, stand in sorted(positions(head.state).items())},
                "events": head.number,
                "time": None if head.time is None else iso(head.time),
            }
        )
    rows = [[one["name"], one["versions"], _aliases(one["aliases"]), one["time"]] for one in models]
    lines = [table_text(["name", "versions", "aliases", "last event"], rows, empty="no models")]
    lines += [safe(f"{fault['name']} cannot be read: {fault['error']}") for fault in faults]
    return Answer("\n".join(lines), {"models": models, "faults": faults}, faulty=bool(faults))


def show(asked: Namespace) -> Answer:
    """Show all facts of a version, now or at a moment."""
    registry = _opened(asked)
    version = registry.resolve(asked.reference, at=asked.at)
    data = version_facts(version, registry.history(version.name, at=asked.at))
    return Answer(facts_text(version_lines(data)), data)


def history(asked: Namespace) -> Answer:
    """List every event of a model."""
    events = _opened(asked).history(asked.name)
    rows = [[one.number, iso(one.time), one.actor or "?", one.kind, event_line(one), one.reason] for one in events]
    text = table_text(["event", "time", "actor", "kind", "what", "reason"], rows, empty="no events")
    return Answer(text, {"name": asked.name, "events": [event.model_dump(mode="json") for event in events]})


def verify(asked: Namespace) -> Answer:
    """Name every fault."""
    registry = _opened(asked)
    return _report(registry.verify(anchor=None if asked.anchor is None else _read(asked.anchor)))


def anchor(asked: Namespace) -> Answer:
    """Print where every history stands."""
    text = _opened(asked).anchor()
    return Answer(text, json.loads(text))


def gc(asked: Namespace) -> Answer:
    """Delete content that no event names."""
    return _report(_opened(asked).gc(grace=asked.grace))


def export(asked: Namespace) -> Answer:
    """Write a registry, a model or a version to one file."""
    path = _opened(asked).export_to(asked.to, asked.what)
    data = {"file": str(path), "size": path.stat().st_size, "what": asked.what}
    return Answer(safe(f"{path}: {data['size']:,} bytes"), data)


def bring(asked: Namespace) -> Answer:
    """Take in a file that export wrote."""
    versions = _opened(asked).import_from(asked.file, reason=asked.reason)
    data = {"file": asked.file, "versions": [version.reference for version in versions]}
    return Answer("\n".join(map(safe, data["versions"])) or "no versions", data)


def _opened(asked: Namespace) -> Registry:
    keys = [_read(name) for name in asked.key_file]
    return Registry(
        asked.path, actor=getattr(asked, "actor", None), actor_kind=getattr(asked, "actor_kind", "person"), keys=keys
    )


def _versions(registry: Registry, name: str) -> Answer:
    stands: dict[int, list[str]] = {}
    versions = registry.versions(name)
    for alias, stand in sorted(positions(registry.log(name).head().state).items()):
        stands.setdefault(stand["to"], []).append(alias)
    facts: list[dict[str, Any]] = [
        {
            "number": version.number,
            "time": iso(version.time),
            "actor": version.actor,
            "aliases": stands.get(version.number, []),
            "metrics": version.event.body.get("metrics", {}),
            "tags": version.event.body.get("tags", []),
            "digest": version.digest,
        }
        for version in versions
    ]
    rows = [
        [
            one["number"],
            one["time"],
            one["actor"] or "?",
            ", ".join(one["aliases"]),
            ", ".join(f"{metric} {value:.6g}" for metric, value in one["metrics"].items()),
            ", ".join(one["tags"]),
        ]
        for one in facts
    ]
    text = table_text(["version", "time", "actor", "aliases", "metrics", "tags"], rows, empty="no versions")
    return Answer(text, {"name": name, "versions": facts})


def _report(report: Report) -> Answer:
    lines = [safe(line) for line in report.summary().split("\n")]
    told = (finding for finding in report.findings if finding.ok and (finding.message or finding.unit))
    lines += [safe(f"  {one.rule}: {one.message or f'{one.value} {one.unit}'}") for one in told]
    data: dict[str, Any] = {"ok": report.ok, "verdict": report.verdict, **json.loads(report.to_json())}
    return Answer("\n".join(lines), data, faulty=not report.ok)


def _aliases(aliases: dict[str, int]) -> str:
    return ", ".join(f"{alias} {number}" for alias, number in aliases.items())


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except FileNotFoundError as error:
        raise SourceMissingError(f"there is no file {name}") from error
