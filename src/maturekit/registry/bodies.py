"""What the events of a model's history say, by kind."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from maturekit.errors import IntegrityError
from maturekit.events import Event

__all__ = [
    "AlarmBody",
    "ApprovalBody",
    "Body",
    "Bounds",
    "Environment",
    "ErasureBody",
    "FileEntry",
    "HoldBody",
    "ModelEntry",
    "MoveBody",
    "Origin",
    "ReportBody",
    "Revision",
    "VersionBody",
    "attached_body",
    "body_of",
]


class Body(BaseModel):
    """What the body of every kind of event can do."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    def stored(self) -> dict[str, JsonValue]:
        """Return what stands in the event."""
        stored: dict[str, JsonValue] = self.model_dump(mode="json", by_alias=True)
        return stored


class FileEntry(Body):
    """One file of a model."""

    digest: str
    size: int = Field(ge=0)


class ModelEntry(Body):
    """The files of a model, and the name of the serializer that wrote them."""

    serializer: str
    files: dict[str, FileEntry]


class Revision(Body):
    """A state of the code; `dirty` is None where nobody looked."""

    commit: str
    branch: str | None = None
    dirty: bool | None = None


class Environment(Body):
    """What was installed."""

    python: str
    system: str = ""
    machine: str = ""
    packages: dict[str, str]
    installed: str | None = None
    """Digest of the list of all packages."""


class Bounds(Body):
    """How sure a measure is: its interval, the confidence of the interval, and the rows behind it."""

    low: float
    high: float
    confidence: float
    n: int


class Origin(Body):
    """Where an imported version was registered first."""

    registry: str
    event: str
    digest: str
    """Of the stored bytes of that event."""


class VersionBody(Body):
    """Kind `version`: a new version of the model."""

    number: int = Field(ge=1)
    model: ModelEntry
    contract: str | None = Field(default=None, validation_alias="schema", serialization_alias="schema")
    profile: str | None = None
    examples: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    intervals: dict[str, Bounds] = Field(default_factory=dict)
    """Of the metrics that were given with one."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    fingerprint: str | None = None
    revision: Revision | None = None
    environment: Environment
    parent: int | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    origin: Origin | None = None


class MoveBody(Body):
    """Kinds `alias` and `refusal`: an alias moved, or a policy refused that it should.

    An alias that goes `to` None is retired. Two aliases that change places are one event: the second move stands in
    `swap` of the first.
    """

    alias: str
    origin: int | None = Field(default=None, validation_alias="from", serialization_alias="from")
    to: int | None
    event: int | None = None
    """Number of the event that registered the version `to`."""
    policy: str | None = None
    verdict: str | None = None
    report: str | None = None
    judged: int = Field(ge=0)
    """Number of the last event that was known when it was decided."""
    rollback: bool = False
    swap: MoveBody | None = None


class ReportBody(Body):
    """Kind `report`: a report was attached to a version."""

    version: int
    kind: str
    verdict: str
    report: str
    findings: dict[str, int]


class AlarmBody(ReportBody):
    """Kind `alarm`: the attached report is a reading that raised an alarm."""

    since: JsonValue = None
    causes: tuple[dict[str, JsonValue], ...] = ()
    certainty: dict[str, JsonValue] | None = None


class ApprovalBody(Body):
    """Kind `approval`: somebody other than its author vouches for a version; the event says who and in which role."""

    version: int


class HoldBody(Body):
    """Kinds `hold` and `release`: a version must not be erased, or may be again."""

    version: int


class ErasureBody(Body):
    """Kind `erasure`, a tombstone: content of a version was removed on purpose."""

    version: int
    erased: dict[str, str]
    """What it was, such as ``model/model.joblib`` or ``examples``, and its digest."""


def attached_body(event: Event) -> ReportBody:
    """Read the body of an event that attaches a report, be it a `report` or an `alarm`."""
    return body_of(event, AlarmBody if event.kind == "alarm" else ReportBody)


AnyBody = TypeVar("AnyBody", bound=Body)


def body_of(event: Event, kind: type[AnyBody]) -> AnyBody:
    """Read the body of an event; raise `IntegrityError` if it is not of its kind."""
    try:
        return kind.model_validate(event.body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise IntegrityError(
            f"event {event.id} of kind {event.kind!r} is malformed: {place}: {first['msg']}"
        ) from error
