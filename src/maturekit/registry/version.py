"""One version of a model: immutable facts at hand, everything larger read when it is asked for."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, overload

from maturekit._core import html
from maturekit._core.clock import iso
from maturekit.errors import FormatError, IntegrityError, NotFoundError
from maturekit.events import Event, EventLog, StoredEvent
from maturekit.registry.blobs import Blobs
from maturekit.registry.bodies import ApprovalBody, Bounds, VersionBody, attached_body, body_of
from maturekit.registry.examples import examples_from_json
from maturekit.registry.housekeeping.standing import Standing, erased_error
from maturekit.registry.rehearsal import rehearsed
from maturekit.registry.serializers.serializer import Serializer
from maturekit.reports import Report, VersionFacts

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import JsonValue

    from maturekit.profile import Profile
    from maturekit.schema import Schema

__all__ = ["OPTIONAL", "Home", "Version", "gaps_of"]

OPTIONAL = ("schema", "profile", "examples", "metrics", "parameters", "fingerprint", "revision")
"""What a version should have and may lack, as its event names it."""


class Home(Protocol):
    """What a version needs of the registry it lives in."""

    serializers: Mapping[str, Serializer]

    def blobs(self, name: str) -> Blobs:
        """Return the content of a model."""

    def log(self, name: str) -> EventLog:
        """Return the history of a model."""

    def history(self, name: str) -> tuple[Event, ...]:
        """Return the events of a model."""


@dataclass(frozen=True, eq=False, repr=False)
class Version:
    """An immutable version of a model, as `Registry.register` stored it.

    The facts of its event are at hand; model, contract, profile, examples, notes and reports are read, and their
    digests verified, each time they are asked for. Two versions are equal if they are the same event.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late-flights", {"threshold": 15}, metrics={"roc_auc": 0.775})
    >>> version.reference, version.number, version.metrics["roc_auc"], version.actor
    ('late-flights:1', 1, 0.775, 'ada')
    >>> version.load()
    {'threshold': 15}

    What is missing is shown, not refused:

    >>> version.gaps[:2]
    ('schema', 'profile')
    """

    home: Home
    name: str
    """Name of the model."""
    number: int
    """Number of the version, from 1."""
    place: int
    """Number of the event that made it."""
    known: StoredEvent | None = None
    """The event, where it is at hand; a long list is made without reading any."""

    @classmethod
    def of(cls, home: Home, stored: StoredEvent) -> Version:
        """Return the version that an event made."""
        event = stored.event
        return cls(home, event.log.partition("/")[2], body_of(event, VersionBody).number, event.number, stored)

    @property
    def stored(self) -> StoredEvent:
        """The event that made it, as it is stored; one of a list is read, with the whole history, when it is asked for."""
        return self.known or self.home.log(self.name).listed(self.place)

    @property
    def event(self) -> Event:
        """The event that made it."""
        return self.stored.event

    @functools.cached_property
    def body(self) -> VersionBody:
        """What the event says."""
        return body_of(self.event, VersionBody)

    @property
    def content(self) -> Blobs:
        """The content of the model that it is a version of."""
        return self.home.blobs(self.name)

    @property
    def reference(self) -> str:
        """The version in one text, such as ``"late-flights:3"``, as `Registry` reads it."""
        return f"{self.name}:{self.number}"

    @property
    def digest(self) -> str:
        """SHA-256 of all that the version is: its record, which names every file by digest, without its place.

        Equal content has the same digest, whichever number and registry it stands in.
        """
        return self.event.subject

    @property
    def event_id(self) -> str:
        """Id of the event that made it; pass it as `cause` of what follows from it."""
        return self.event.id

    @property
    def time(self) -> datetime:
        """When it was registered, in UTC."""
        return self.event.time

    @property
    def actor(self) -> str | None:
        """Who registered it; None if nobody said."""
        return self.event.actor

    @property
    def cause(self) -> str | None:
        """Id of the event that it answers, such as the alarm that led to it."""
        return self.event.cause

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its measures by name."""
        return MappingProxyType(self.body.metrics)

    @property
    def intervals(self) -> Mapping[str, Bounds]:
        """How sure its measures are, by name, as far as they were given with an interval."""
        return MappingProxyType(self.body.intervals)

    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        """How it was made, by name."""
        return MappingProxyType(self.body.parameters)

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags, as given."""
        return self.body.tags

    @property
    def parent(self) -> int | None:
        """Number of the version that it followed."""
        return self.body.parent

    @property
    def fingerprint(self) -> str | None:
        """Digest of the data it was fitted to, as given."""
        return self.body.fingerprint

    @property
    def revision(self) -> str | None:
        """Commit of the code it was made by."""
        return None if self.body.revision is None else self.body.revision.commit

    @property
    def dirty(self) -> bool | None:
        """Whether files under version control differed from that commit; None if nobody looked."""
        return None if self.body.revision is None else self.body.revision.dirty

    @property
    def environment(self) -> dict[str, str]:
        """The version of every package that was installed, by name; with ``python``."""
        told = self.body.environment
        packages = told.packages if told.installed is None else json.loads(self.content.get(told.installed))
        return {"python": told.python, **packages}

    @property
    def schema(self) -> Schema | None:
        """The contract of its input, or None."""
        if self.body.contract is None:
            return None
        from maturekit.schema import Schema  # noqa: PLC0415  # opening a registry does not pay for pandas

        return Schema.from_json(self._read("schema", self.body.contract).decode())

    @property
    def profile(self) -> Profile | None:
        """The summary of its reference data, or None."""
        if self.body.profile is None:
            return None
        from maturekit.profile import Profile  # noqa: PLC0415  # opening a registry does not pay for pandas

        return Profile.from_json(self._read("profile", self.body.profile).decode())

    @property
    def examples(self) -> pd.DataFrame | None:
        """At most 100 rows of its input, or None."""
        digest = self.body.examples
        return None if digest is None else examples_from_json(self._read("examples", digest))

    @property
    def notes(self) -> str:
        """What was noted when it was registered."""
        return "" if self.body.notes is None else self._read("notes", self.body.notes).decode()

    @property
    def gaps(self) -> tuple[str, ...]:
        """What nobody gave when it was registered."""
        return gaps_of(*(bool(self.event.body.get(field)) for field in OPTIONAL), bool(self.actor))

    @property
    def held(self) -> bool:
        """Whether it must not be erased, because it was held and not released; reads the history."""
        return self._standing().is_held(self.number)

    @property
    def erased(self) -> Mapping[str, Event]:
        """What was erased of it on purpose, such as ``"examples"``, and the event that says who did it, when and why.

        Reads the history. The files of a model are named like ``"model/model.joblib"``. Reading what was erased raises
        `NotFoundError`, unless another version still has the same content.
        """
        return MappingProxyType(self._standing().erased.get(self.number, {}))

    def load(self, *, trust: Iterable[str] = ()) -> Any:
        """Return the model.

        The digest of every file is verified before a byte of it is parsed. Whatever the registry's serializer does not
        allow by itself must be named in `trust`, which belongs to this call and never to the file.

        Parameters
        ----------
        trust : iterable of str
            Exact names of further classes and functions, such as ``"shop.features.Basket"``.

        Raises
        ------
        IntegrityError
            A file is missing or damaged.
        NotFoundError
            The model was erased; the error says by whom, when and why.
        UntrustedError
            The files ask for code that nobody allowed.
        """
        entry = self.body.model
        serializer = self.home.serializers.get(entry.serializer)
        if serializer is None:
            known = ", ".join(map(repr, sorted(self.home.serializers)))
            raise NotFoundError(
                f"{self.reference} was written by the serializer {entry.serializer!r}; this registry has {known}",
                name=entry.serializer,
                hint="open it with Registry(place, serializers=[...]).",
            )
        own = serializer.reads_buffers
        files = {name: self._read(f"model/{name}", file.digest, own=own) for name, file in entry.files.items()}
        return serializer.load(files, trust=trust)

    def rehearse(self, *, trust: Iterable[str] = ()) -> Report:
        """Load the model, let it predict on its own examples, and return a report; nothing is raised nor written.

        Rules: ``load`` and ``predict``. Without examples nobody can tell whether it predicts: not enough evidence.

        >>> from maturekit.registry import Registry
        >>> from maturekit.storage import MemoryStore
        >>> version = Registry(MemoryStore()).register("late-flights", {"threshold": 15})
        >>> [(finding.rule, finding.status, finding.message) for finding in version.rehearse().findings]
        [('load', 'passed', ''), ('predict', 'failed', "a dict has no method 'predict'")]
        """
        return rehearsed(self, trust=trust)

    def reports(self) -> tuple[Report, ...]:
        """Return the reports attached to the version, oldest first."""
        return tuple(
            Report.from_json(self.content.get(body.report))
            for body in (
                attached_body(event) for event in self.home.history(self.name) if event.kind in {"report", "alarm"}
            )
            if body.version == self.number
        )

    def approvals(self) -> tuple[Event, ...]:
        """Return the events by which others approved this very content, oldest first: who, when and in which role."""
        events = (event for event in self.home.history(self.name) if event.kind == "approval")
        return tuple(event for event in events if body_of(event, ApprovalBody).version == self.number)

    def facts(self) -> VersionFacts:
        """Return what a gate may read."""
        return VersionFacts(
            name=self.name,
            number=self.number,
            digest=self.digest,
            author=self.actor,
            metrics=self.metrics,
            has=frozenset({"schema", "profile", "examples"} - set(self.gaps)),
            reports=self.reports(),
        )

    def _standing(self) -> Standing:
        return Standing.of(self.home.history(self.name))

    @overload
    def _read(self, part: str, digest: str) -> bytes: ...

    @overload
    def _read(self, part: str, digest: str, *, own: bool) -> bytes | memoryview: ...

    def _read(self, part: str, digest: str, *, own: bool = False) -> bytes | memoryview:
        """Return content, as plain bytes or in memory of the caller's own; say so if it was erased."""
        try:
            return self.content.read(digest) if own else self.content.get(digest)
        except IntegrityError as missing:
            try:
                erasure = self.erased.get(part)
            except (IntegrityError, FormatError):
                raise missing from None  # the history cannot be read either
            if erasure is None:
                raise
            raise erased_error(self.reference, part, erasure) from missing

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same event."""
        return self.stored.digest == other.stored.digest if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the event's digest."""
        return hash(self.stored.digest)

    def __repr__(self) -> str:
        """Return reference, day, author, measures and gaps in one line."""
        measures = "".join(f", {name} {value:.4g}" for name, value in self.body.metrics.items())
        gaps = f"; without {', '.join(self.gaps)}" if self.gaps else ""
        by = f" by {self.actor}" if self.actor else ""
        return f"<Version {self.reference}, {self.time:%Y-%m-%d}{by}{measures}{gaps}>"

    def _repr_html_(self) -> str:
        """Return a table of the facts for a notebook."""
        facts: dict[str, object] = {
            "registered": f"{iso(self.time)} by {self.actor or 'nobody named'}",
            **{name: f"{value:.6g}" for name, value in self.body.metrics.items()},
            **self.body.parameters,
            "code": self.revision or "unknown",
            "answers": self.cause or "nothing",
            "tags": ", ".join(self.tags) or "none",
            "missing": ", ".join(self.gaps) or "nothing",
            "digest": self.digest,
        }
        table = html.table(["what", "value"], list(facts.items()), caption=f"Version {self.reference}")
        return f'<div lang="en">{table}</div>'


@functools.cache
def gaps_of(*given: bool) -> tuple[str, ...]:
    """Return what nobody gave when a version was registered, by whether each of `OPTIONAL`, and its author, was given.

    >>> gaps_of(True, False, True, True, True, True, True, False)
    ('profile', 'actor')
    """
    return tuple(name for name, there in zip((*OPTIONAL, "actor"), given, strict=True) if not there)
