"""The registry: every version of every model with its history, in plain files."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal

from maturekit._core.clock import Clock, utc_now
from maturekit._core.frames import Table
from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, IntegrityError, ModelNotFoundError
from maturekit.events import Draft, Event, EventLog
from maturekit.registry.blobs import Blobs
from maturekit.registry.bodies import Body
from maturekit.registry.checks import checked_line
from maturekit.registry.comparison import compare_versions
from maturekit.registry.evidence import evidence_body
from maturekit.registry.garbage import collect_garbage
from maturekit.registry.joblib_serializer import JoblibSerializer
from maturekit.registry.lookup import checked_cause, find_number, find_reference, split_reference, version_of
from maturekit.registry.moves import alias_positions
from maturekit.registry.promotion import Wish, rollback_move
from maturekit.registry.recording import Contents, Storable, version_digest
from maturekit.registry.root import Root
from maturekit.registry.serializer import Serializer
from maturekit.registry.verification import verify_registry
from maturekit.registry.version import Version
from maturekit.reports import PolicyLike, Report
from maturekit.storage import Place, open_store

__all__ = ["Registry"]


class Registry:
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

    def __init__(
        self,
        place: Place,
        *,
        actor: str | None = None,
        actor_kind: Literal["person", "job"] = "person",
        clock: Clock | None = None,
        serializers: Iterable[Serializer] = (),
    ) -> None:
        if actor_kind not in {"person", "job"}:
            raise ArgumentError(f"actor_kind {actor_kind!r} is neither 'person' nor 'job'")
        self.store = open_store(place)
        self.actor = None if actor is None else checked_line(actor, what="actor")
        self.actor_kind: Literal["person", "job"] = actor_kind
        self.clock = utc_now if clock is None else clock
        self.serializers: Mapping[str, Serializer] = MappingProxyType(
            {serializer.name: serializer for serializer in (JoblibSerializer(), *serializers)}
        )
        self.blobs = Blobs(self.store)
        self._root = Root(self.store)
        self._logs: dict[str, EventLog] = {}
        self._lock = threading.Lock()

    # Writing

    def register(
        self,
        name: str,
        model: object,
        *,
        schema: Storable | None = None,
        profile: Storable | None = None,
        examples: Table | None = None,
        metrics: Mapping[str, float] | None = None,
        evidence: Iterable[Report] = (),
        cause: Event | str | None = None,
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
        metrics : dict of str to float, optional
            Finite measures by name.
        evidence : iterable of Report
            Attached to the version, one event each, right behind it.
        cause : Event or str, optional
            The event that it answers, such as an alarm.
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
        log = self._log(name)
        actor = self._actor(actor)
        self._check_serializer(serializer)
        contents = Contents.of(
            model,
            serializer or self.serializers["joblib"],
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
        cause_id = checked_cause(self.store, cause)
        self._root.create()
        delivery = self.blobs.delivery()
        drafted = contents.delivered(
            delivery,
            lambda body: self._draft("version", body, version_digest(body.stored()), actor=actor, cause=cause_id),
        )
        event = log.append(drafted)
        delivery.confirm()
        version = version_of(self, event)
        for report in contents.evidence:
            self.attach(version, report, actor=actor, cause=event)
        return version

    def promote(
        self,
        version: Version | str,
        *,
        to: str,
        policy: PolicyLike | None = None,
        actor: str,
        reason: str,
        cause: Event | str | None = None,
    ) -> Event:
        """Let an alias point to a version, if the policy agrees, and return the event.

        The policy judges a case that names the version, the one where the alias stands now, and the reports of both. If
        another event lands meanwhile, it judges again. A refusal is an event too, so that it is seen later.

        Raises
        ------
        PromotionRefusedError
            The policy did not agree; the error carries its report.
        """
        candidate = self._own(version)
        wish = Wish(candidate, check_name(to, what="alias"), policy=policy, actor=checked_line(actor, what="actor"))
        reason, cause_id = checked_line(reason, what="reason"), checked_cause(self.store, cause)
        delivery = self.blobs.delivery()

        def decide(history: tuple[Event, ...]) -> Draft:
            kind, move = wish.judge(history, delivery)
            return self._draft(kind, move, candidate.digest, actor=actor, reason=reason, cause=cause_id)

        event = self._log(candidate.name).append(decide)
        delivery.confirm()
        if event.kind == "refusal":
            raise wish.refused()
        return event

    def rollback(self, name: str, *, alias: str, actor: str, reason: str, cause: Event | str | None = None) -> Event:
        """Let an alias point again to the version before the last promotion, and return the event.

        Rolling back twice goes two promotions back. Raises `AliasNotFoundError` if there is nothing to go back to.
        """
        check_name(alias, what="alias")
        actor, reason = checked_line(actor, what="actor"), checked_line(reason, what="reason")
        cause_id = checked_cause(self.store, cause)
        self.history(name)  # says so if there is no such model

        def decide(history: tuple[Event, ...]) -> Draft:
            move, target = rollback_move(self, name, alias, history)
            return self._draft("alias", move, target.digest, actor=actor, reason=reason, cause=cause_id)

        return self._log(name).append(decide)

    def attach(
        self, version: Version | str, report: Report, *, actor: str | None = None, cause: Event | str | None = None
    ) -> Event:
        """Attach a report to a version and return the event; a drift reading that alarms becomes an `alarm` event."""
        owner = self._own(version)
        if not isinstance(report, Report):
            raise ArgumentTypeError(f"attach takes a report, got {type(report).__name__}")
        actor, cause_id = self._actor(actor), checked_cause(self.store, cause)
        delivery = self.blobs.delivery()
        kind, body = evidence_body(report, version=owner.number, digest=delivery.put(report.to_json().encode()))
        event = self._log(owner.name).append(self._draft(kind, body, owner.digest, actor=actor, cause=cause_id))
        delivery.confirm()
        return event

    # Reading

    def __getitem__(self, reference: str) -> Version:
        """Return the version of ``"name@alias"`` or ``"name:3"``; raise with the nearest names if there is none."""
        name, place = split_reference(reference)
        return find_reference(self, name, place, self.history(name))

    def names(self) -> list[str]:
        """Return the names of all models, sorted."""
        self._root.require()
        return sorted({key.split("/")[2] for key in self.store.list("logs/model/") if key.count("/") > 2})

    def versions(self, name: str) -> list[Version]:
        """Return every version of a model, oldest first."""
        return [version_of(self, event) for event in self.history(name) if event.kind == "version"]

    def aliases(self, name: str) -> dict[str, Version]:
        """Return the version of every alias of a model."""
        history = self.history(name)
        return {alias: find_number(self, name, number, history) for alias, number in alias_positions(history).items()}

    def history(self, name: str) -> tuple[Event, ...]:
        """Return every event of a model, oldest first; raise `IntegrityError` if the history was edited."""
        self._root.require()
        events = self._log(name).events()
        if not events:
            raise ModelNotFoundError.named("model", name, known=self.names())
        return events

    def head(self, name: str) -> str:
        """Return the digest of a model's newest event; a copy kept elsewhere shows whether the end was cut off."""
        self.history(name)
        return self._log(name).head()

    def compare(self, first: Version | str, second: Version | str) -> Report:
        """Return what differs between two versions: one finding a difference, none of them a failure."""
        return compare_versions(self._own(first), self._own(second))

    # Housekeeping

    def verify(self) -> Report:
        """Read everything afresh and return every fault with its place; content that no event names is information."""
        try:
            self._root.check()
        except IntegrityError as error:
            return verify_registry(self.store, known=[error.message])
        return verify_registry(self.store)

    def gc(self, *, grace: timedelta = timedelta(days=1)) -> Report:
        """Delete content that no event names and that nobody wrote or used within `grace`, and say what was done."""
        self._root.check()
        return collect_garbage(self.store, grace=grace)

    # Plumbing

    def _log(self, name: str) -> EventLog:
        check_name(name, what="model name")
        with self._lock:
            if name not in self._logs:
                self._logs[name] = EventLog(self.store, f"model/{name}", clock=self.clock)
            return self._logs[name]

    def _own(self, version: Version | str) -> Version:
        if isinstance(version, str):
            return self[version]
        if not isinstance(version, Version):
            raise ArgumentTypeError(
                f"expected a version, got {type(version).__name__}", hint="write registry['name:3']."
            )
        mine = self[version.reference]
        if mine != version:
            raise ArgumentError(f"{version.reference} is a version of another registry", hint="take it from this one.")
        return mine

    def _actor(self, actor: str | None) -> str | None:
        return self.actor if actor is None else checked_line(actor, what="actor")

    def _check_serializer(self, serializer: Serializer | None) -> None:
        if serializer is None:
            return
        if not isinstance(serializer, Serializer):
            raise ArgumentTypeError(f"expected a Serializer, got {type(serializer).__name__}")
        if serializer.name not in self.serializers:
            raise ArgumentError(
                f"this registry could not read what the serializer {serializer.name!r} writes",
                hint="open it with Registry(place, serializers=[...]).",
            )

    def _draft(
        self, kind: str, body: Body, subject: str, *, actor: str | None, cause: str | None, reason: str = ""
    ) -> Draft:
        return Draft(
            kind,
            body=body.stored(),
            subject=subject,
            actor=actor,
            actor_kind=self.actor_kind,
            reason=reason,
            cause=cause,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to this process; the copy reads its histories itself."""
        kept = ("store", "actor", "actor_kind", "clock")
        return {name: getattr(self, name) for name in kept} | {"serializers": tuple(self.serializers.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the same place again."""
        self.__init__(state.pop("store"), **state)  # type: ignore[misc]  # the state holds the arguments of __init__

    def __repr__(self) -> str:
        """Return the place."""
        return f"Registry({self.store!r})"
