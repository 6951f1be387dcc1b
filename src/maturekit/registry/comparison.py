"""What differs between two versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maturekit.registry.bodies import Bounds
from maturekit.registry.version import Version
from maturekit.reports import Finding, Report

__all__ = ["compare_versions"]


def compare_versions(first: Version, second: Version) -> Report:
    """Return a report with one finding a difference, all of them information.

    The rule says what differs; `value` is, for measures, the second minus the first.

    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> for threshold, share in ((15, 0.5), (20, 0.75)):
    ...     _ = registry.register("late", {"threshold": threshold}, metrics={"share": share}, revision="abc")
    >>> for finding in compare_versions(registry["late:1"], registry["late:2"]).findings:
    ...     print(finding.rule, finding.columns, finding.value, finding.message)
    model () None other files: model.joblib
    metric ('share',) 0.25 0.5 -> 0.75
    """
    findings = [*_files(first, second), *_facts(first, second)]
    for rule, before, after in (
        ("parameter", first.parameters, second.parameters),
        ("package", first.environment, second.environment),
    ):
        for name in _differing(before, after):
            change = f"{_shown(before, name)} -> {_shown(after, name)}"
            findings.append(Finding(rule, "passed", columns=(name,), severity="info", message=change))
    subjects = {"first": first.digest, "second": second.digest}
    return Report("version-comparison", findings, subjects=subjects)


def _files(first: Version, second: Version) -> Iterator[Finding]:
    before, after = ({name: file.digest for name, file in v.body.model.files.items()} for v in (first, second))
    names = _differing(before, after)
    if names:
        yield Finding("model", "passed", severity="info", message=f"other files: {', '.join(names)}")
    for noun, old, new in (
        ("schema", first.body.contract, second.body.contract),
        ("profile", first.body.profile, second.body.profile),
        ("examples", first.body.examples, second.body.examples),
        ("notes", first.body.notes, second.body.notes),
    ):
        if old != new:
            message = "added" if old is None else "removed" if new is None else "changed"
            yield Finding(noun, "passed", severity="info", message=message)


def _facts(first: Version, second: Version) -> Iterator[Finding]:
    for name in _differing(first.metrics, second.metrics):
        old, new = first.metrics.get(name), second.metrics.get(name)
        yield Finding(
            "metric",
            "passed",
            columns=(name,),
            severity="info",
            value=None if old is None or new is None else new - old,
            message=f"{_shown(first.metrics, name)} -> {_shown(second.metrics, name)}",
        )
    for name in _differing(first.intervals, second.intervals):
        old_bounds, new_bounds = (_bounds(version.intervals.get(name)) for version in (first, second))
        message = f"{old_bounds} -> {new_bounds}"
        yield Finding("interval", "passed", columns=(name,), severity="info", message=message)
    serializers = ("serializer", first.body.model.serializer, second.body.model.serializer)
    facts = (
        (rule, getattr(first, rule), getattr(second, rule)) for rule in ("fingerprint", "revision", "dirty", "tags")
    )
    for rule, old, new in (serializers, *facts):
        if old != new:
            yield Finding(rule, "passed", severity="info", message=f"{_text(old)} -> {_text(new)}")


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _shown(values: Mapping[str, Any], name: str) -> str:
    return _text(values[name]) if name in values else "none"


def _bounds(bounds: Bounds | None) -> str:
    if bounds is None:
        return "none"
    return f"{bounds.low:.6g} to {bounds.high:.6g} ({bounds.confidence:.6g}, {bounds.n} rows)"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)
