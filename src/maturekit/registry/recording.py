"""From the arguments of `register` to the record of a version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maturekit._core.digest import canonical_json, digest_of
from maturekit._core.frames import Table
from maturekit.errors import ArgumentTypeError
from maturekit.events import Draft, Head
from maturekit.registry.blobs import Delivery
from maturekit.registry.bodies import Bounds, FileEntry, ModelEntry, Revision, VersionBody
from maturekit.registry.checks import (
    Measured,
    checked_intervals,
    checked_line,
    checked_list,
    checked_metrics,
    checked_parameters,
    checked_tags,
    checked_text,
)
from maturekit.registry.environment import current_environment, installed_packages
from maturekit.registry.examples import examples_to_json
from maturekit.registry.revision import current_revision
from maturekit.registry.serializers.serializer import Serializer
from maturekit.registry.state import version_count
from maturekit.reports import Report
from maturekit.storage import Writer

if TYPE_CHECKING:
    from pydantic import JsonValue

    from maturekit.profile import Profile
    from maturekit.schema import Schema

__all__ = ["Contents", "version_digest"]


_PLACE = {"number", "origin", "parent"}
"""What a record says of where a version stands, and not of what it is."""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a version will hold, checked and turned into bytes; nothing of it is visible yet."""

    serializer: str
    files: Mapping[str, Writer]
    texts: Mapping[str, bytes]
    """Schema, profile, examples and notes, as far as they were given."""
    metrics: dict[str, float]
    intervals: dict[str, Bounds]
    parameters: dict[str, JsonValue]
    fingerprint: str | None
    revision: Revision | None
    tags: tuple[str, ...]
    evidence: tuple[Report, ...]

    @classmethod
    def of(
        cls,
        model: object,
        serializer: Serializer,
        create: Callable[[], Writer],
        *,
        schema: Schema | None,
        profile: Profile | None,
        examples: Table | None,
        metrics: Mapping[str, float | Measured] | None,
        evidence: Iterable[Report],
        parameters: Mapping[str, Any] | None,
        fingerprint: str | None,
        revision: str | None,
        tags: Iterable[str],
        notes: str,
    ) -> Contents:
        """Check every argument of `register`; raise before anything is written."""
        if model is None:
            raise ArgumentTypeError("the model is None", hint="pass the fitted model.")
        if isinstance(model, type):
            raise ArgumentTypeError(f"the model is the class {model.__name__}", hint="pass a fitted instance of it.")
        texts = {}
        if schema is not None:
            texts["schema"] = _contract(schema)
        if profile is not None:
            texts["profile"] = _summary(profile)
        if examples is not None:
            texts["examples"] = examples_to_json(examples, personal=_personal(schema))
        if checked_text(notes, what="notes"):
            texts["notes"] = notes.encode()
        return cls(
            serializer=serializer.name,
            texts=texts,
            metrics=checked_metrics(metrics),
            intervals=checked_intervals(metrics),
            parameters=checked_parameters(parameters),
            fingerprint=None if fingerprint is None else checked_line(fingerprint, what="fingerprint"),
            revision=current_revision()
            if revision is None
            else Revision(commit=checked_line(revision, what="revision")),
            tags=checked_tags(tags),
            evidence=_reports(evidence),
            files=serializer.write(model, create),  # last, since it takes longest
        )

    def delivered(
        self, delivery: Delivery, draft: Callable[[VersionBody], Draft], *, parent: int | None
    ) -> Callable[[Head], Draft]:
        """Write every blob; return what drafts the event, given the head of the history, with the next free number."""
        model = ModelEntry(
            serializer=self.serializer,
            files={
                name: FileEntry(digest=delivery.put(writer), size=writer.tell()) for name, writer in self.files.items()
            },
        )
        texts = {what: delivery.put(text) for what, text in self.texts.items()}
        environment = current_environment(delivery.put(canonical_json(installed_packages())))

        def next_version(head: Head) -> Draft:
            newest = version_count(head.state)
            body = VersionBody(
                number=newest + 1,
                parent=parent or newest or None,
                model=model,
                contract=texts.get("schema"),
                profile=texts.get("profile"),
                examples=texts.get("examples"),
                notes=texts.get("notes"),
                metrics=self.metrics,
                intervals=self.intervals,
                parameters=self.parameters,
                fingerprint=self.fingerprint,
                revision=self.revision,
                environment=environment,
                tags=self.tags,
            )
            return draft(body)

        return next_version


def version_digest(body: Mapping[str, JsonValue]) -> str:
    """Return the digest of a version: of its record, which names every file by digest, without its place.

    >>> body = {"number": 1, "parent": None, "origin": None, "metrics": {"roc_auc": 0.7}}
    >>> version_digest(body) == version_digest(body | {"number": 2, "parent": 1})
    True
    """
    return digest_of(canonical_json({name: value for name, value in body.items() if name not in _PLACE}))


def _contract(schema: object) -> bytes:
    from maturekit.schema import Schema  # noqa: PLC0415  # who registers without a schema does not pay for pandas

    if not isinstance(schema, Schema):
        raise ArgumentTypeError(
            f"the schema must be a Schema, got {type(schema).__name__}", hint="write schema=Schema.learn(frame)."
        )
    return schema.to_json().encode()


def _summary(profile: object) -> bytes:
    from maturekit.profile import Profile  # noqa: PLC0415  # as above

    if not isinstance(profile, Profile):
        raise ArgumentTypeError(
            f"the profile must be a Profile, got {type(profile).__name__}", hint="write profile=Profile.of(frame)."
        )
    return profile.to_json().encode()


def _personal(schema: Schema | None) -> list[str]:
    """Return under which names personal values may stand."""
    columns = {} if schema is None else schema.columns
    personal = {name: column.aliases for name, column in columns.items() if "personal" in column.tags}
    return [name for own, aliases in personal.items() for name in (own, *aliases)]


def _reports(evidence: Iterable[Report]) -> tuple[Report, ...]:
    if isinstance(evidence, Report):
        raise ArgumentTypeError("evidence is a list of reports, got one report", hint="write evidence=[report].")
    reports = checked_list(evidence, what="evidence", of="reports")
    for report in reports:
        if not isinstance(report, Report):
            raise ArgumentTypeError(f"evidence must be reports, got {type(report).__name__}")
    return reports
