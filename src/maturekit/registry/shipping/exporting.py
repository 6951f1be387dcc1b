"""Export: a registry, a model or a version as one file that holds its keys and bytes as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from maturekit._core.files import checked_path, whole_file
from maturekit.errors import ArgumentError, ArgumentTypeError, StorageError
from maturekit.events import EventLog, Seal, StoredEvent, due_caches
from maturekit.registry.blobs import Blobs
from maturekit.registry.housekeeping.marking import log_names, named_digests
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.root import ROOT_KEY, Root
from maturekit.registry.shipping.archive import ArchiveWriter
from maturekit.registry.shipping.manifest import Manifest, Scope
from maturekit.registry.state import open_history
from maturekit.registry.version import Version

if TYPE_CHECKING:
    from maturekit.registry.catalogue import Catalogue

__all__ = ["BESIDE", "write_export"]

BESIDE = frozenset({"report", "alarm", "approval"})
"""Kinds of events that belong to a version and travel with it."""

_Entry = tuple[str, bytes]


def write_export(catalogue: Catalogue, path: str | os.PathLike[str], what: Version | str | None, *, seal: Seal) -> Path:
    """Write the file and return its path; see `Catalogue.export_to`.

    The history of a model is read up to one event first, and then the content that it names up to there: what others
    write meanwhile is left out. Caches come along if they say what the events say.

    >>> import tempfile
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_export(registry, f"{folder}/late.zip", "late:1", seal=Seal()).name
    'late.zip'
    """
    target = checked_path(path, what="file")
    root = catalogue.store.get(ROOT_KEY)
    scope, subject, entries = _selected(catalogue, what, seal)
    manifest = Manifest(scope, registry=Root(catalogue.store).id, subject=subject)
    with whole_file(target, durable=True) as file, ArchiveWriter(file, manifest) as archive:
        archive.add(ROOT_KEY, root)
        for key, data in entries:
            archive.add(key, data)
    return target


def _selected(catalogue: Catalogue, what: Version | str | None, seal: Seal) -> tuple[Scope, str, Iterator[_Entry]]:
    if what is None:
        logs = [open_history(catalogue.store, name, seal=seal) for name in log_names(catalogue.store)]
        return "registry", "", (entry for log in logs if log.head().number for entry in _history(log))
    if isinstance(what, str) and not set("@:") & set(what):
        catalogue.head(what)  # raises where there is none
        return "model", what, _history(catalogue.log(what))
    if not isinstance(what, (str, Version)):
        raise ArgumentTypeError(f"expected a version or the name of a model, got {type(what).__name__}")
    version = catalogue[what if isinstance(what, str) else what.reference]
    if isinstance(what, Version) and what != version:
        raise ArgumentError(f"{what.reference} is a version of another registry", hint="take it from this one.")
    return "version", version.event_id, _version(catalogue.log(version.name), version)


def _history(log: EventLog) -> Iterator[_Entry]:
    """Yield caches, events, and content of a history, each in the order of their keys."""
    history = log.stored()
    yield from sorted(_caches(log, history))
    yield from ((log.key(number), stored.data) for number, stored in enumerate(history, 1))
    yield from _content(Blobs(log.store, log.name), Standing.of(stored.event for stored in history).needs())


def _caches(log: EventLog, history: list[StoredEvent]) -> Iterator[_Entry]:
    for cache in due_caches(log, history):
        try:
            data = log.store.get(cache.key)
        except StorageError:
            continue  # caches may be missing
        if not cache.fault(data):
            yield cache.key, data


def _version(log: EventLog, version: Version) -> Iterator[_Entry]:
    history = log.stored()
    if Standing.of(stored.event for stored in history).erased.get(version.number):
        raise ArgumentError(
            f"content of {version.reference} was erased, so it cannot travel alone",
            hint="export the model, whose history says so.",
        )
    beside = (stored for stored in history if stored.event.kind in BESIDE)
    travelling = [version.stored, *(stored for stored in beside if stored.event.body["version"] == version.number)]
    yield from ((log.key(stored.event.number), stored.data) for stored in travelling)
    yield from _content(version.content, named_digests(stored.event for stored in travelling))


def _content(blobs: Blobs, digests: Iterable[str]) -> Iterator[_Entry]:
    return ((blobs.key(digest), blobs.get(digest)) for digest in sorted(digests))
