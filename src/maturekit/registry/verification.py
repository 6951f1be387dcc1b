"""Every fault of a registry, with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from maturekit._core.digest import digest_of
from maturekit.errors import FormatError, IntegrityError, KeyMissingError, StorageError
from maturekit.events import Event, EventLog, event_faults
from maturekit.registry.blobs import Blobs
from maturekit.registry.bodies import MoveBody, VersionBody, attached_body, body_of
from maturekit.registry.marking import log_names, named_digests
from maturekit.registry.recording import version_digest
from maturekit.reports import Finding, Report
from maturekit.storage import Store

__all__ = ["verify_registry"]


def verify_registry(store: Store, *, known: Iterable[str] = ()) -> Report:
    """Read every event and every blob; return a finding for each fault, and the counts of what is sound.

    Rules: ``root`` (faults that are `known` already), ``event`` (missing, edited or out of place), ``record`` (an event contradicts the others), ``blob`` (missing
    or damaged); as information ``orphan`` (content that no event names yet) and ``stray`` (a file of another kind).

    >>> from maturekit.storage import MemoryStore
    >>> verify_registry(MemoryStore()).ok
    True
    """
    names = log_names(store)
    root = [_fault("root", fault) for fault in known]
    return Report("registry", [*root, *_events(store, names), *_records(store, names), *_blobs(store, names), *_strays(store)])


def _events(store: Store, names: list[str]) -> Iterator[Finding]:
    sound = 0
    for name in names:
        log = EventLog(store, name)
        faults = list(event_faults(log))
        yield from (_fault("event", fault) for fault in faults)
        sound += 0 if faults else len(log.events())
    yield Finding("event", "passed", value=sound, unit="events in sound histories")


def _records(store: Store, names: list[str]) -> Iterator[Finding]:
    for name in names:
        if not name.startswith("model/"):
            continue
        numbers: list[int] = []
        for event in _readable(store, name):
            try:
                fault = _contradiction(event, numbers)
            except IntegrityError as error:
                fault = error.message
            if fault:
                yield _fault("record", f"{event.id}: {fault}")


def _contradiction(event: Event, numbers: list[int]) -> str:
    """Return what is wrong with an event, given the versions before it; a new version is added to them."""
    if event.kind == "version":
        number = body_of(event, VersionBody).number
        numbers.append(number)
        if number != len(numbers):
            return f"registers version {number}, but {len(numbers)} is next"
        if event.subject != version_digest(event.body):
            return "has a digest that is not that of its record"
    elif event.kind in {"alias", "refusal"}:
        to = body_of(event, MoveBody).to
        if to is not None and to not in numbers:
            return f"speaks of version {to}, which is not there"
    elif event.kind in {"report", "alarm"} and attached_body(event).version not in numbers:
        return f"speaks of version {event.body['version']}, which is not there"
    return ""


def _readable(store: Store, name: str) -> Iterator[Event]:
    log = EventLog(store, name)
    for number in sorted(log.numbers()):
        try:
            yield Event.from_bytes(store.get(log.key(number)))
        except (FormatError, StorageError):
            continue  # named among the events already


def _blobs(store: Store, names: list[str]) -> Iterator[Finding]:
    there, orphans = 0, Counter[str]()
    for name in names:
        blobs, named = Blobs(store, name), named_digests(_readable(store, name))
        for digest, event in sorted(named.items()):
            try:
                blobs.get(digest)
            except IntegrityError as error:
                yield _fault("blob", f"{error.message}; {event} names it")
            except StorageError as error:
                yield Finding("blob", "could_not_run", message=f"{error.message}; {event} names it")
            else:
                there += 1
        for digest in blobs.digests():
            if digest not in named:
                try:
                    orphans["sound" if digest_of(store.get(blobs.key(digest))) == digest else "damaged"] += 1
                except KeyMissingError:
                    continue  # removed meanwhile
    yield Finding("blob", "passed", value=there, unit="sound blobs")
    for state, count in sorted(orphans.items()):
        yield Finding("orphan", "passed", severity="info", value=count, unit=f"{state} blobs that no event names")


def _strays(store: Store) -> Iterator[Finding]:
    for key in store.list():
        place = key.split("/")[0]
        if key != "registry.json" and place != "logs":
            yield Finding("stray", "passed", severity="info", message=f"{key!r} is not of the registry")


def _fault(rule: str, message: str) -> Finding:
    return Finding(rule, "failed", message=message)
