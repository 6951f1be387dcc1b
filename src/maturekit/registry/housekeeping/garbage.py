"""Removing content that no event needs, never what one might."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import datetime, timedelta

from maturekit._core.clock import utc_now
from maturekit._core.digest import digest_of
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
    MaturekitError,
    StorageError,
)
from maturekit.events import EventLog, Seal, judged_events, lost_ends, mend_caches
from maturekit.registry.blobs import Blobs
from maturekit.registry.housekeeping.marking import log_names
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.state import open_history
from maturekit.reports import Finding, Report
from maturekit.storage import Store

__all__ = ["collect_garbage", "remove_unneeded"]

_UNITS = {
    "deleted": "blobs that no event needed",
    "waiting": "blobs within the grace time",
    "caches": "heads, packs and tables that were wrong or missing",
    "unfinished": "files of writers that crashed",
}
_LONGEST = timedelta(days=36525)


def collect_garbage(store: Store, *, grace: timedelta, seal: Seal | None = None) -> Report:
    """Delete what no event needs and is older than a grace time, by the clock of this computer, and say how much.

    Content is listed before the events are read, so that whatever an event names that was written meanwhile is either
    seen as named or not on the list. If a history is damaged, its lost events might have named anything: nothing of it
    is touched, and the others are cleaned.

    >>> from maturekit.storage import MemoryStore
    >>> collect_garbage(MemoryStore(), grace=timedelta(days=1)).findings[0].value
    0
    """
    if not isinstance(grace, timedelta):
        raise ArgumentTypeError(f"grace is a timedelta, got {type(grace).__name__}")
    if not timedelta(0) <= grace <= _LONGEST:
        raise ArgumentError(f"the grace time must not be negative, nor longer than {_LONGEST.days} days, got {grace}")
    before = utc_now() - grace
    counts: Counter[str] = Counter()
    findings = []
    for name in log_names(store):
        try:
            findings += _collect(store, name, before=before, seal=seal, counts=counts)
        except (IntegrityError, StorageError) as error:
            findings.append(_left_alone(name, error.message))
    try:
        counts["unfinished"] = store.sweep(before)
    except StorageError as error:
        findings.append(Finding("unfinished", "could_not_run", message=error.message))
    done = (Finding(rule, "passed", severity="info", value=counts[rule], unit=unit) for rule, unit in _UNITS.items())
    return Report("garbage", [*findings, *done])


def remove_unneeded(log: EventLog, standing: Standing, digest: str, *, before: datetime) -> bool | None:
    """Delete content of a history unless an event needs it, or somebody wrote or used it since a moment.

    Returns whether it was deleted, or None if there is nothing to delete any more.

    A writer that uses the content again renews its time first, and looks behind its event whether it is still there.
    If its event lands before the deletion, it may look too early: so we look at the events behind the deletion, and
    put back what one of them needs. One of the two sees the other, whatever the order.
    """
    store, key = log.store, Blobs(log.store, log.name).key(digest)
    try:
        if standing.needed(digest):
            return None
        if store.modified(key) >= before:
            return False
        data = store.get(key)
        if store.modified(key) >= before:  # renewed while we read
            return False
    except KeyMissingError:
        return None  # another collector was faster
    store.delete(key)
    try:
        standing.follow(log)
    except MaturekitError:
        _put_back(store, key, data, digest)
        raise
    if standing.needed(digest):
        _put_back(store, key, data, digest)
        return None
    return True


def _collect(store: Store, name: str, *, before: datetime, seal: Seal | None, counts: Counter[str]) -> list[Finding]:
    log = open_history(store, name, seal=seal)
    there = list(Blobs(store, name).digests())
    standing = Standing()
    faults: list[str] = []
    for judged in judged_events(log):
        faults += judged.faults
        if judged.stored is not None and not judged.faults:
            standing.take(judged.stored.event)
    faults += [f"{key} stands for events that are not there" for key in lost_ends(log)]
    if faults:
        return [_left_alone(name, fault) for fault in faults]
    for digest in there:
        if not standing.needed(digest):
            deleted = remove_unneeded(log, standing, digest, before=before)
            counts["deleted"] += deleted is True
            counts["waiting"] += deleted is False
    if name.startswith("model/"):
        counts["caches"] += sum(mend_caches(log))
    return []


def _put_back(store: Store, key: str, data: bytes, digest: str) -> None:
    if digest_of(data) == digest:
        with contextlib.suppress(KeyTakenError):
            store.put_new(key, data)


def _left_alone(name: str, fault: str) -> Finding:
    return Finding("history", "could_not_run", columns=(name,), message=f"{fault}; so {name} was left alone")
