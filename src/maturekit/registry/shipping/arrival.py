"""What an export brings, checked as a whole before anything of it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from maturekit._core.names import check_name
from maturekit.errors import IntegrityError, NameRuleError
from maturekit.events import Event, EventLog, Seal, StoredEvent, due_caches
from maturekit.registry.blobs import Blobs
from maturekit.registry.bodies import Origin, ReportBody, VersionBody, attached_body, body_of
from maturekit.registry.evidence import evidence_body
from maturekit.registry.housekeeping.marking import log_names, named_digests
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.housekeeping.verification import verify_registry
from maturekit.registry.layout import key_kind
from maturekit.registry.recording import version_digest
from maturekit.registry.root import Root
from maturekit.registry.shipping.archive import Archive
from maturekit.registry.shipping.exporting import BESIDE
from maturekit.registry.state import open_history
from maturekit.reports import Report
from maturekit.storage import MemoryStore

__all__ = ["ArrivedHistory", "ArrivedVersion", "arrived_histories", "arrived_version"]


@dataclass(frozen=True, slots=True)
class ArrivedHistory:
    """A whole history, and the keys of its content and caches.

    >>> ArrivedHistory("model/late", events=[], blobs=[], caches=[]).log
    'model/late'
    """

    log: str
    events: list[StoredEvent]
    blobs: list[str]
    caches: list[str]


@dataclass(frozen=True, slots=True)
class ArrivedVersion:
    """A version without the history it stands in, with what its reports say; `arrived_version` makes one.

    >>> [field for field in ArrivedVersion.__slots__]
    ['event', 'origin', 'blobs', 'reports']
    """

    event: StoredEvent
    origin: Origin
    blobs: list[str]
    reports: list[ReportBody]


def arrived_histories(archive: Archive, *, seal: Seal) -> list[ArrivedHistory]:
    """Return every history of an archive; raise `IntegrityError` or `FormatError` if anything does not fit.

    >>> import tempfile
    >>> from maturekit.registry import Registry
    >>> from maturekit.registry.shipping.exporting import write_export
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive = Archive(write_export(registry, f"{folder}/late.zip", None, seal=Seal()))
    ...     arrived = arrived_histories(archive, seal=Seal())
    ...     archive.close()
    >>> [(one.log, len(one.events)) for one in arrived]
    [('model/late', 1)]
    """
    store, manifest = _events_of(archive), archive.manifest
    names = log_names(store)
    if manifest.scope == "model" and names != [f"model/{manifest.subject}"]:
        raise IntegrityError(f"it holds {', '.join(names) or 'nothing'}, and says {manifest.subject!r:.100}")
    for name in names:
        _check_name(name.partition("/")[2])
        numbers = EventLog(store, name).numbers()
        if numbers != set(range(1, len(numbers) + 1)):
            raise IntegrityError(f"events of {name} are missing")
    for fault in verify_registry(store, seal=seal).failed:
        if fault.rule != "blob":  # content is looked at below, where it lies
            raise IntegrityError(fault.message)
    histories = [_history(archive, open_history(store, name, seal=seal)) for name in names]
    _nothing_else(archive, store, (key for one in histories for key in (*one.blobs, *one.caches)))
    return histories


def arrived_version(archive: Archive) -> ArrivedVersion:
    """Return the version of an archive; raise `IntegrityError` or `FormatError` if anything does not fit.

    Signatures are not looked at: they are by keys of the registry it comes from. Whoever imports it vouches for it.

    >>> import tempfile
    >>> from maturekit.registry import Registry
    >>> from maturekit.registry.shipping.exporting import write_export
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive = Archive(write_export(registry, f"{folder}/late.zip", "late:1", seal=Seal()))
    ...     arrived = arrived_version(archive)
    ...     archive.close()
    >>> arrived.origin.event, arrived.reports
    ('model/late/1', [])
    """
    store, subject = _events_of(archive), archive.manifest.subject
    log = EventLog(store, subject.rpartition("/")[0])
    _check_name(log.name.removeprefix("model/"))
    events = [_event(log, key) for key in store.list("logs/")]
    if not events or events[0].event.id != subject or not events[0].is_a("version"):
        raise IntegrityError(f"its first event is not {subject!r:.100}")
    first = events[0].event
    body = body_of(first, VersionBody)
    if first.subject != version_digest(first.body):
        raise IntegrityError(f"{first.id} has a digest that is not that of its record")
    for event in (stored.event for stored in events[1:]):
        if event.kind not in BESIDE or event.body.get("version") != body.number or event.subject != first.subject:
            raise IntegrityError(f"{event.id} is not about {first.id}")
    blobs = _blobs(archive, log, named_digests(stored.event for stored in events))
    _nothing_else(archive, store, blobs)
    origin = Origin(registry=archive.manifest.registry, event=first.id, digest=events[0].digest)
    reports = [_report(archive, log, stored.event) for stored in events if stored.event.kind in {"report", "alarm"}]
    return ArrivedVersion(events[0], body.origin or origin, blobs, reports)


def _events_of(archive: Archive) -> MemoryStore:
    """Return a store with the root and the events of an archive: enough to judge the histories."""
    store = _loaded(archive, (key for key in archive.listed() if key_kind(key) in {"root", "event"}))
    if archive.manifest.registry != Root(store).id:
        raise IntegrityError("it says that it is of another registry")
    return store


def _loaded(archive: Archive, keys: Iterable[str]) -> MemoryStore:
    store = MemoryStore()
    for key in keys:
        store.put_new(key, archive.read(key))
    return store


def _check_name(name: str) -> None:
    try:
        check_name(name, what="model name")
    except NameRuleError as error:
        raise IntegrityError(error.message) from error


def _event(log: EventLog, key: str) -> StoredEvent:
    data = log.store.get(key)
    event = Event.from_bytes(data)
    for fault in log.misfits(event, data, number=event.number, previous=None):
        raise IntegrityError(f"{key!r} {fault}")
    if key != log.key(event.number):
        raise IntegrityError(f"{key!r} belongs to another place: it says {event.id}")
    return StoredEvent(data, event)


def _report(archive: Archive, log: EventLog, event: Event) -> ReportBody:
    """Return what the body of an event should say, made anew from the report that it attaches."""
    told = attached_body(event)
    report = Report.from_json(archive.read(Blobs(log.store, log.name).key(told.report)))
    _, made = evidence_body(report, version=told.version, digest=told.report)
    plain = ReportBody(**{name: getattr(made, name) for name in ReportBody.model_fields})
    if plain != ReportBody(**{name: getattr(told, name) for name in ReportBody.model_fields}):
        raise IntegrityError(f"{event.id} does not say what its report says")
    return plain


def _history(archive: Archive, log: EventLog) -> ArrivedHistory:
    """Return a history whose events were found to fit, with its caches and content."""
    events = [StoredEvent(log.store.get(log.key(number))) for number in sorted(log.numbers())]
    caches = [key for key in archive.listed(f"logs/{log.name}/") if key_kind(key) == "cache"]
    store = _loaded(archive, caches)
    due = (cache for cache in due_caches(log, events) if store.exists(cache.key))
    sound = {cache.key for cache in due if not cache.fault(store.get(cache.key))}
    for key in caches:
        if key not in sound:
            raise IntegrityError(f"{key!r} differs from the events it stands for")
    needs = Standing.of(stored.event for stored in events).needs()
    return ArrivedHistory(log.name, events, _blobs(archive, log, needs), caches)


def _blobs(archive: Archive, log: EventLog, needs: Mapping[str, str]) -> list[str]:
    """Return the keys of the content that events need; all of it must be there."""
    blobs = Blobs(log.store, log.name)
    for digest, event in needs.items():
        told, _ = archive.manifest.entries.get(blobs.key(digest), ("", 0))
        if not told:
            raise IntegrityError(f"the blob {digest} is missing; {event} names it")
        if told != digest:
            raise IntegrityError(f"the bytes of the blob {digest} are not those that its name says")
    return sorted(map(blobs.key, needs))


def _nothing_else(archive: Archive, events: MemoryStore, others: Iterable[str]) -> None:
    known = {*events.list(), *others}
    for key in archive.listed():
        if key not in known:
            raise IntegrityError(f"no event needs {key!r}")
