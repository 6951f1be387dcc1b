"""One history, read afresh from its first event to its last blob."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from maturekit._core.digest import digest_of
from maturekit.errors import IntegrityError, KeyMissingError, MaturekitError, StorageError
from maturekit.events import JudgedEvent, Seal, cache_faults, judged_events
from maturekit.registry.blobs import Blobs
from maturekit.registry.housekeeping.marking import named_parts
from maturekit.registry.housekeeping.records import contradiction
from maturekit.registry.housekeeping.standing import Standing
from maturekit.registry.state import open_history
from maturekit.reports import Finding, Status
from maturekit.storage import Store

__all__ = ["Examination"]


class Examination:
    """Looks at everything of one history; `counts` says how much was sound.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> examination = Examination(MemoryStore(), "model/late")
    >>> list(examination.run())
    []
    """

    def __init__(self, store: Store, name: str, *, seal: Seal | None = None) -> None:
        self.store = store
        self.name = name
        self.is_model = name.startswith("model/")
        self.log = open_history(store, name, seal=seal)
        self.blobs = Blobs(store, name)
        self.counts: Counter[str] = Counter()
        self._standing = Standing()
        self._named: set[str] = set()
        """Every digest that any event names, erased or not."""

    def run(self) -> Iterator[Finding]:
        """Yield every fault; a fault in one place never hides another."""
        for look in (self._events, self._blobs, self._others):
            try:
                yield from look()
            except StorageError as error:
                yield self._finding("event", error.message, "could_not_run")

    def _events(self) -> Iterator[Finding]:
        judged = list(judged_events(self.log))
        for one in judged:
            for fault in one.faults:
                yield self._finding("event", fault, "could_not_run" if one.unread else "failed")
        whole = all(one.stored is not None for one in judged)
        malformed = False
        for finding in self._records(judged, whole=whole):
            malformed = True
            yield finding
        if any(one.faults for one in judged):
            return  # what stands beside damaged events cannot be compared with them
        self.counts["event"] += len(judged)
        if not malformed:
            yield from self._caches()

    def _records(self, judged: list[JudgedEvent], *, whole: bool) -> Iterator[Finding]:
        """Take every event that can be read, and yield those that contradict the others, where none is missing."""
        for one in judged:
            if one.stored is None:
                continue
            event = one.stored.event
            try:
                fault = contradiction(event, self._standing) if self.is_model and whole else ""
                self._named |= set(named_parts(event).values())
                self._standing.take(event)
            except IntegrityError as error:
                fault = error.message
            if fault:
                yield self._finding("record", f"{event.id}: {fault}")
        self.counts["unknown"] += self._standing.unknown.total()

    def _caches(self) -> Iterator[Finding]:
        faults = dict(cache_faults(self.log, states=self.is_model))
        for fault in faults.values():
            yield self._finding("cache", fault)
        there = self.store.children(f"logs/{self.name}/")
        self.counts["cache"] += sum(
            name.endswith((".head.json", ".pack.jsonl", ".table.json")) for name in there
        ) - len(faults)

    def _blobs(self) -> Iterator[Finding]:
        for digest, event in sorted(self._standing.needs().items()):
            try:
                self.blobs.get(digest)
            except IntegrityError as error:
                if self._erased_meanwhile(digest):
                    continue
                yield self._finding("blob", f"{error.message}; {event} names it")
            except StorageError as error:
                yield self._finding("blob", f"{error.message}; {event} names it", "could_not_run")
            else:
                self.counts["blob"] += 1

    def _others(self) -> Iterator[Finding]:
        """Count what no event needs: what was erased, and what none has named yet."""
        there = set(self.blobs.digests())
        gone = {digest for digest in self._standing.gone if not self._standing.needed(digest)}
        self.counts["erased"] += len(gone - there)
        for digest in sorted(gone & there):
            message = f"{self.name}: the blob {digest} was erased and is still there; `gc` removes it"
            yield Finding("unfinished", "failed", columns=(self.name,), severity="warning", message=message)
        for digest in there - self._named - gone:
            try:
                sound = digest_of(self.store.get(self.blobs.key(digest))) == digest
            except KeyMissingError:
                continue  # removed meanwhile, or it lies in a folder where it does not belong
            self.counts["orphan"] += 1
            if not sound:
                message = f"{self.name}: the blob {digest}, which no event names, is damaged"
                yield Finding("orphan", "failed", columns=(self.name,), severity="info", message=message)

    def _erased_meanwhile(self, digest: str) -> bool:
        """Whether somebody has erased content since the events were read."""
        try:
            self._standing.follow(self.log)
        except MaturekitError:
            return False  # what was added is damaged, which the next look will name
        return not self._standing.needed(digest)

    def _finding(self, rule: str, message: str, status: Status = "failed") -> Finding:
        return Finding(rule, status, columns=(self.name,), message=message)
