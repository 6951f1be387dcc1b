"""Import: what an export holds, written as if it had been registered here, or byte for byte as it was."""

from __future__ import annotations

import os
from collections.abc import Iterable

from maturekit.errors import ArgumentError, KeyTakenError
from maturekit.events import Draft, EventLog, Head, StoredEvent
from maturekit.registry import shipping
from maturekit.registry.blobs import Blobs
from maturekit.registry.bodies import attached_body
from maturekit.registry.checks import checked_remark
from maturekit.registry.root import ROOT_KEY
from maturekit.registry.state import version_count
from maturekit.registry.version import Version
from maturekit.registry.writing import Writing

__all__ = ["Importing"]


class _AlreadyHereError(Exception):
    """Breaks off an append: somebody else has imported the same version meanwhile."""


class Importing(Writing):
    """A registry that takes in what another has exported; see `Registry`.

    Examples
    --------
    >>> import tempfile
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> here, there = Registry(MemoryStore(), actor="ada"), Registry(MemoryStore(), actor="bob")
    >>> version = here.register("late-flights", {"threshold": 15})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (arrived,) = there.import_from(here.export_to(f"{folder}/late.zip", version))
    >>> arrived.reference, arrived.actor, arrived.digest == version.digest
    ('late-flights:1', 'bob', True)
    """

    def import_from(self, path: str | os.PathLike[str], *, actor: str | None = None, reason: str = "") -> list[Version]:
        """Take in a file that `export_to` wrote, and return the versions that it holds.

        The whole file is checked first: if anything does not fit, nothing is written. A registry comes to a place where
        nothing is yet, a model to a registry that has none of this name, both byte for byte; if the beginning of that
        very history is there already, what follows it is added, so that an import that was cut off is finished by
        repeating it. A version becomes the next version of its model here, of the same digest, with its reports (an
        alarm comes as a report) and with the event that registered it as its `origin`. Approvals are not taken over:
        nobody here has given them. A version that is here already is returned, and only reports that are new are added.

        Parameters
        ----------
        path : str or path
            The file.
        actor : str, optional
            Who imports a version; by default the registry's actor. Histories keep their own actors.
        reason : str
            Why a version is imported.

        Raises
        ------
        SourceMissingError, FormatError, IntegrityError
            There is no such file; it is none of ours, or newer; it was damaged or edited. Nothing is written.
        ArgumentError
            Another registry, or a model of this name with another history, is here already. Nothing is written.
        """
        actor, reason = self._actor(actor), checked_remark(reason, what="reason")
        with shipping.Archive(path) as archive:
            if archive.manifest.scope == "version":
                with archive.judging():
                    arrived = shipping.arrived_version(archive)
                return [self._import_version(archive, arrived, actor=actor, reason=reason)]
            with archive.judging():
                histories = shipping.arrived_histories(archive, seal=self._seal)
            new = [(history, self._continued(history)) for history in histories]
            if archive.manifest.scope == "registry":
                self._root.adopt(archive.read(ROOT_KEY))
            else:
                self._root.create()
            for history, events in new:
                self._write(archive, history, events)
            return [
                Version.of(self, stored)
                for history in histories
                for stored in history.events
                if history.log.startswith("model/") and stored.is_a("version")
            ]

    def _continued(self, history: shipping.ArrivedHistory) -> list[StoredEvent]:
        """Return the events that follow those that are here already."""
        here = EventLog(self.store, history.log, seal=self._seal).stored()
        for mine, theirs in zip(here, history.events, strict=False):
            if mine.digest != theirs.digest:
                raise ArgumentError(
                    f"{history.log} is here already, with another history: event {mine.event.number} differs",
                    hint="import single versions of it, or into another registry; nothing was written.",
                )
        return history.events[len(here) :]

    def _write(self, archive: shipping.Archive, history: shipping.ArrivedHistory, events: list[StoredEvent]) -> None:
        """Write content, then events from the oldest on, then caches: whatever breaks off leaves a sound history."""
        log, blobs = EventLog(self.store, history.log), Blobs(self.store, history.log)
        content = history.blobs if events else []  # what is here already may have been erased since
        _deliver(archive, blobs, content)
        for stored in events:
            self._create(log.key(stored.event.number), stored.data)
        _confirm(archive, blobs, content)
        for key in history.caches:
            if not self.store.exists(key):
                self._create(key, archive.read(key))
        with self._lock:
            self._logs.pop(history.log.removeprefix("model/"), None)  # the next look begins at the newest head

    def _create(self, key: str, data: bytes) -> None:
        try:
            self.store.put_new(key, data)
        except KeyTakenError:
            if self.store.get(key) != data:
                raise ArgumentError(
                    f"somebody else has written {key!r} meanwhile", hint="what is there is sound; look at its history."
                ) from None

    def _import_version(
        self, archive: shipping.Archive, arrived: shipping.ArrivedVersion, *, actor: str | None, reason: str
    ) -> Version:
        name = arrived.event.event.log.removeprefix("model/")
        log, blobs = self.log(name), self.blobs(name)
        self._root.create()
        _deliver(archive, blobs, arrived.blobs)
        facts = {"origin": arrived.origin.stored(), "parent": None}

        def decide(head: Head) -> Draft:
            if _same(log.stored(until=head.number), arrived):
                raise _AlreadyHereError
            return Draft(
                "version",
                body={**arrived.event.event.body, **facts, "number": version_count(head.state) + 1},
                subject=arrived.event.event.subject,
                actor=actor,
                actor_kind=self.actor_kind,
                reason=reason,
            )

        try:
            number = log.append(decide).number
        except _AlreadyHereError:
            number = _same(log.stored(), arrived)
        version = Version.of(self, log.event(number))
        attached = (attached_body(event) for event in log.events() if event.kind in {"report", "alarm"})
        known = {body.report for body in attached if body.version == version.number}
        for report in arrived.reports:
            if report.report not in known:
                body = report.model_copy(update={"version": version.number})
                log.append(self._draft("report", body, version.digest, actor=actor, cause=version.event_id))
        _confirm(archive, blobs, arrived.blobs)
        return version


def _same(history: list[StoredEvent], arrived: shipping.ArrivedVersion) -> int:
    """Return the number of the event that stands for the same registration, here or imported before; 0 if none does.

    A version of which something was erased does not count: who imports it again wants it whole, as a new one.
    """
    wanted = {arrived.event.digest, arrived.origin.digest}
    erased = {stored.event.body["version"] for stored in history if stored.is_a("erasure")}
    for stored in history:
        if stored.is_a("version"):
            origin = stored.event.body.get("origin")
            same = stored.digest in wanted or (isinstance(origin, dict) and origin.get("digest") in wanted)
            if same and stored.event.body["number"] not in erased:
                return stored.event.number
    return 0


def _deliver(archive: shipping.Archive, blobs: Blobs, keys: Iterable[str]) -> None:
    """Write content, one piece after the other in memory; what is there already is renewed, and mended if damaged."""
    for key in keys:
        with blobs.delivery() as delivery:
            delivery.put(archive.read(key))


def _confirm(archive: shipping.Archive, blobs: Blobs, keys: Iterable[str]) -> None:
    """Bring back what disappeared while the events were written."""
    _deliver(archive, blobs, (key for key in keys if not blobs.store.exists(key)))
