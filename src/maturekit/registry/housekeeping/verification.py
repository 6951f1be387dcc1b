"""Every fault of a registry, with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from maturekit.errors import ForeignFolderError, IntegrityError, RegistryNotFoundError, StorageError
from maturekit.events import Seal
from maturekit.registry.housekeeping.anchoring import anchor_findings
from maturekit.registry.housekeeping.examination import Examination
from maturekit.registry.housekeeping.marking import log_names
from maturekit.registry.layout import key_kind
from maturekit.registry.root import Root
from maturekit.reports import Finding, Report
from maturekit.storage import Store

__all__ = ["verify_registry"]

_COUNTS = {
    "event": "events in sound histories",
    "blob": "sound blobs",
    "cache": "sound heads, packs and tables",
}
_NEWS = {
    "orphan": "blobs that no event names",
    "erased": "blobs that were erased",
    "unknown": "events of kinds that a newer maturekit knows",
}


def verify_registry(store: Store, *, seal: Seal | None = None, anchor: str | bytes | None = None) -> Report:
    """Read every file afresh; return a finding for each fault, and the counts of what is sound.

    Rules: ``root``; ``event`` (missing, edited, out of place, or not signed); ``record`` (an event contradicts the
    others); ``blob`` (missing or damaged); ``cache`` (a head, pack or table differs from the events, or stands for
    events that are not there); ``anchor``. As a warning ``unfinished`` (content that was erased and is still there). As information
    ``orphan``, ``erased``, ``unknown``, and ``stray`` (a file of another kind). What nobody could look at has the
    status *could not run*; a fault in one history never hides those of another.

    >>> from maturekit.storage import MemoryStore
    >>> store = MemoryStore()
    >>> Root(store).create()
    >>> verify_registry(store).ok
    True
    """
    root = Root(store)
    findings = list(_root(root))
    counts: Counter[str] = Counter()
    for name in _names(store, findings):
        examination = Examination(store, name, seal=seal)
        findings += examination.run()
        counts += examination.counts
    if anchor is not None:
        known = not any(finding.rule == "root" for finding in findings)
        findings += anchor_findings(store, root.id if known else "", anchor)
    findings += [Finding(rule, "passed", value=counts[rule], unit=unit) for rule, unit in _COUNTS.items()]
    news = ((rule, unit) for rule, unit in _NEWS.items() if counts[rule])
    findings += [Finding(rule, "passed", severity="info", value=counts[rule], unit=unit) for rule, unit in news]
    return Report("registry", [*findings, *_strays(store)])


def _root(root: Root) -> Iterator[Finding]:
    """Yield what is wrong with the file at the root; raise where there is no registry at all, or one of a newer format."""
    try:
        root.check()
    except (ForeignFolderError, IntegrityError, RegistryNotFoundError) as error:
        if not isinstance(error, IntegrityError) and not log_names(root.store):
            raise
        yield Finding("root", "failed", message=error.message)
    except StorageError as error:
        yield Finding("root", "could_not_run", message=error.message)


def _names(store: Store, findings: list[Finding]) -> list[str]:
    try:
        return log_names(store)
    except StorageError as error:
        findings.append(Finding("event", "could_not_run", message=error.message))
        return []


def _strays(store: Store) -> Iterator[Finding]:
    try:
        for key in store.list():
            if key_kind(key) == "other":
                yield Finding("stray", "passed", severity="info", message=f"{key!r} is not of the registry")
    except StorageError as error:
        yield Finding("stray", "could_not_run", severity="info", message=error.message)
