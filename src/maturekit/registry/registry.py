"""The registry: every version of every model with its history, in plain files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from maturekit._core.frames import Table
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.events import Event
from maturekit.registry.bodies import ApprovalBody
from maturekit.registry.checks import Measured, checked_line, checked_remark
from maturekit.registry.evidence import evidence_body
from maturekit.registry.keeping import Keeping
from maturekit.registry.lookup import checked_cause
from maturekit.registry.recording import Contents, version_digest
from maturekit.registry.serializers.serializer import Serializer, checked_serializer
from maturekit.registry.shipping.importing import Importing
from maturekit.registry.version import Version
from maturekit.reports import Report

if TYPE_CHECKING:
    from maturekit.profile import Profile
    from maturekit.schema import Schema

__all__ = ["Registry"]


class Registry(Keeping, Importing):
    """Versions of models, the aliases that point to them, and the history of both.

    Everything is an event in the history of its model: a version, a move of an alias, an attached report, an alarm. An
    event is one file, created exactly once, and carries the digest of the one before; what it names (model files,
    schema, profile, examples, reports) stands under its own digest, and was safe on disk before the event appeared.

    Safe for any number of threads and processes, on a local POSIX file system: no locks, no server, nothing is lost and
    no version is seen half. A crash leaves at most content that no event names, which `gc` removes. A decision is judged
    again when another event lands first. Several registries on one place see each other's writes at the next call.
    Objects are picklable where their store is.

    Opening a registry neither reads nor writes. The first write creates it; reading one that is not there raises
    `RegistryNotFoundError`; a folder that holds other files is refused with `ForeignFolderError`.

    Parameters
    ----------
    place : str, path or Store
        A folder, or a store.
    actor : str, optional
        Who writes, unless a call says otherwise: a pseudonym, since events are kept for ever. Nobody shows as a gap.
    actor_kind : {"person", "job"}
        What the actor is.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default.
    serializers : iterable of Serializer
        More ways to read and write models, beside joblib; a version is read by the one of the same name.
    keys : iterable of bytes
        Secrets of at least 16 bytes: the first signs every event, and a history with an event that none of them signed
        is refused. Begin with a key or do without: events that stand there unsigned stay so.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> first = registry.register("late-flights", {"threshold": 15}, metrics={"roc_auc": 0.71})
    >>> second = registry.register("late-flights", {"threshold": 20}, metrics={"roc_auc": 0.74})
    >>> _ = registry.promote(first, to="production", actor="ada", reason="first release")
    >>> _ = registry.promote(second, to="production", actor="ada", reason="better")
    >>> registry["late-flights@production"].number
    2
    >>> _ = registry.rollback("late-flights", alias="production", actor="ada", reason="too slow")
    >>> registry["late-flights@production"].load()
    {'threshold': 15}
    >>> [event.kind for event in registry.history("late-flights")]
    ['version', 'version', 'alias', 'alias', 'alias']
    >>> registry.verify().ok
    True
    """

    def register(
        self,
        name: str,
        model: object,
        *,
        schema: Schema | None = None,
        profile: Profile | None = None,
        examples: Table | None = None,
        metrics: Mapping[str, float | Measured] | None = None,
        evidence: Iterable[Report] = (),
        cause: Event | str | None = None,
        parent: Version | str | None = None,
        parameters: Mapping[str, Any] | None = None,
        fingerprint: str | None = None,
        revision: str | None = None,
        tags: Iterable[str] = (),
        notes: str = "",
        actor: str | None = None,
        serializer: Serializer | None = None,
    ) -> Version:
        """Store a model as the next version of a name, and return it.

        Everything is checked before anything is written; what is missing is shown by `Version.gaps`, not refused.

        Parameters
        ----------
        name : str
            Name of the model: 1 to 64 characters of a-z, 0-9, dot, underscore and hyphen.
        model : object
            The fitted model.
        schema : Schema, optional
            The contract of its input.
        profile : Profile, optional
            The summary of the data it was fitted to.
        examples : DataFrame, optional
            Rows of its input, of which the first 100 are kept; columns that the schema tags as personal are replaced.
        metrics : dict of str to float or Interval, optional
            Finite measures by name; with their intervals where they have one.
        evidence : iterable of Report
            Attached to the version, one event each, right behind it.
        cause : Event or str, optional
            The event that it answers, such as an alarm.
        parent : Version or str, optional
            The version of the same model that it was made from; by default the one before.
        parameters : dict, optional
            How it was made, in values that JSON can hold.
        fingerprint : str, optional
            Digest of the data; `fingerprint` computes one.
        revision : str, optional
            Commit of the code; by default that of the git repository around the working directory, if there is one.
        tags : iterable of str
            Short texts.
        notes : str
            Any text; kept beside the event, not in it.
        actor : str, optional
            Who registers; by default the registry's actor.
        serializer : Serializer, optional
            How the model is written; joblib by default.

        Raises
        ------
        ArgumentError
            Something cannot be stored; nothing is written.
        ForeignFolderError
            The folder holds other files; nothing is written.
        """
        log = self.log(name)
        actor = self._actor(actor)
        self._check_serializer(serializer)
        self._root.admit()
        cause_id, parent_number = checked_cause(self.store, cause), self._parent(parent, name)
        with self.blobs(name).delivery() as delivery:
            contents = Contents.of(
                model,
                serializer or self.serializers["joblib"],
                delivery.writer,
                schema=schema,
                profile=profile,
                examples=examples,
                metrics=metrics,
                evidence=evidence,
                parameters=parameters,
                fingerprint=fingerprint,
                revision=revision,
                tags=tags,
                notes=notes,
            )
            self._root.create()
            drafted = contents.delivered(
                delivery,
                lambda body: self._draft("version", body, version_digest(body.stored()), actor=actor, cause=cause_id),
                parent=parent_number,
            )
            event = log.append(drafted)
            delivery.confirm()
        version = Version.of(self, log.event(event.number))
        for report in contents.evidence:
            self.attach(version, report, actor=actor, cause=event)
        return version

    def approve(
        self, version: Version | str, *, actor: str, role: str = "", reason: str = "", cause: Event | str | None = None
    ) -> Event:
        """Vouch for a version, and return the event: who, when, in which role, for exactly this content.

        Raises `ArgumentError` if the actor is the version's author: nobody approves their own work.
        """
        mine, actor = self._own(version), checked_line(actor, what="actor")
        if actor == mine.actor:
            raise ArgumentError(
                f"{actor!r} registered {mine.reference} and cannot approve it", hint="somebody else has to look."
            )
        draft = self._draft(
            "approval",
            ApprovalBody(version=mine.number),
            mine.digest,
            actor=actor,
            cause=checked_cause(self.store, cause),
            role=checked_remark(role, what="role"),
            reason=checked_remark(reason, what="reason"),
        )
        return self.log(mine.name).append(draft)

    def attach(
        self, version: Version | str, report: Report, *, actor: str | None = None, cause: Event | str | None = None
    ) -> Event:
        """Attach a report to a version and return the event; a drift reading that alarms becomes an `alarm` event."""
        owner = self._own(version)
        if not isinstance(report, Report):
            raise ArgumentTypeError(f"attach takes a report, got {type(report).__name__}")
        actor, cause_id = self._actor(actor), checked_cause(self.store, cause)
        with self.blobs(owner.name).delivery() as delivery:
            kind, body = evidence_body(report, version=owner.number, digest=delivery.put(report.to_json().encode()))
            event = self.log(owner.name).append(self._draft(kind, body, owner.digest, actor=actor, cause=cause_id))
            delivery.confirm()
        return event

    def _parent(self, parent: Version | str | None, name: str) -> int | None:
        if parent is None:
            return None
        version = self._own(parent)
        if version.name != name:
            raise ArgumentError(
                f"the parent {version.reference} is a version of another model",
                hint="say so in `parameters` or `notes`; a parent is a version of the same name.",
            )
        return version.number

    def _check_serializer(self, serializer: Serializer | None) -> None:
        if serializer is None:
            return
        if checked_serializer(serializer).name not in self.serializers:
            raise ArgumentError(
                f"this registry could not read what the serializer {serializer.name!r} writes",
                hint="open it with Registry(place, serializers=[...]).",
            )
