"""Removing content that no event names, never what one might."""

from __future__ import annotations

from datetime import timedelta

from maturekit._core.clock import utc_now
from maturekit.errors import ArgumentError, KeyMissingError
from maturekit.events import EventLog, event_faults
from maturekit.registry.blobs import Blobs
from maturekit.registry.marking import log_names, named_digests
from maturekit.reports import Finding, Report
from maturekit.storage import Store

__all__ = ["collect_garbage"]


def collect_garbage(store: Store, *, grace: timedelta) -> Report:
    """Delete orphans that are older than a grace time, by the clock of this computer, and say how many.

    Content is listed before the histories are read, so that whatever an event names that was written meanwhile is
    either seen as named or not on the list. A writer that uses an old orphan again renews its time first, and looks
    again behind its event. If a history is damaged, its lost events might have named anything: nothing of it is deleted.

    >>> from maturekit.storage import MemoryStore
    >>> collect_garbage(MemoryStore(), grace=timedelta(days=1)).findings[0].value
    0
    """
    if grace < timedelta(0):
        raise ArgumentError(f"the grace time must not be negative, got {grace}")
    before = utc_now() - grace
    deleted = waiting = 0
    findings = []
    for name in log_names(store):
        log, blobs = EventLog(store, name), Blobs(store, name)
        there = list(blobs.digests())
        faults = list(event_faults(log))
        if faults:
            findings += [Finding("history", "could_not_run", message=fault) for fault in faults]
            continue
        named = named_digests(log.events())
        for digest in there:
            if digest in named:
                continue
            key = blobs.key(digest)
            try:
                old = store.modified(key) < before
            except KeyMissingError:
                continue  # another collector was faster
            if old:
                store.delete(key)
            deleted, waiting = deleted + old, waiting + (not old)
    swept = store.sweep(before)
    return Report(
        "garbage",
        [
            *findings,
            Finding("deleted", "passed", severity="info", value=deleted, unit="blobs that no event named"),
            Finding("waiting", "passed", severity="info", value=waiting, unit="blobs within the grace time"),
            Finding("unfinished", "passed", severity="info", value=swept, unit="files of writers that crashed"),
        ],
    )
