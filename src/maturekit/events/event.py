"""One line of a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_serializer, field_validator

from maturekit._core.clock import as_utc, iso
from maturekit._core.digest import canonical_json, digest_of, parse_json
from maturekit.errors import FormatError
from maturekit.events.seal import Seal

__all__ = ["Draft", "Event"]

_FORMAT = 1
ActorKind = Literal["person", "job"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a writer says of an event; the log adds number, time and the digest of the event before.

    Examples
    --------
    >>> Draft("alias", body={"alias": "production", "to": 1}, actor="ada", reason="first release").kind
    'alias'
    """

    kind: str
    body: dict[str, JsonValue] = field(default_factory=dict)
    subject: str = ""
    """Digest of what the event is about."""
    actor: str | None = None
    actor_kind: ActorKind = "person"
    role: str = ""
    reason: str = ""
    cause: str | None = None
    """Id of the event that this one answers."""


class Event(BaseModel):
    """One line of a history: what happened, when, by whom, why, and what came before.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> event = Event(log="model/late-flights", number=1, time=datetime(2013, 5, 3, tzinfo=UTC), kind="version")
    >>> event.id
    'model/late-flights/1'
    >>> Event.from_bytes(event.to_bytes()) == event
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, defer_build=True)

    format: Literal[1] = 1
    log: str
    number: int = Field(ge=1)
    time: datetime
    kind: str
    subject: str = ""
    body: dict[str, JsonValue] = Field(default_factory=dict)
    actor: str | None = None
    actor_kind: ActorKind = "person"
    role: str = ""
    reason: str = ""
    cause: str | None = None
    previous: str = ""
    """Digest of the event before; empty for the first."""
    check: str = ""
    """Digest of the event with this field empty."""
    mac: str = ""
    """HMAC of the event with this and the field before empty, by a key of the caller; empty without one."""

    @field_validator("time")
    @classmethod
    def _utc(cls, value: datetime) -> datetime:
        return as_utc(value)

    @field_serializer("time")
    def _iso(self, value: datetime) -> str:
        return iso(value)

    @property
    def id(self) -> str:
        """Name of the event within its registry, such as ``model/late-flights/17``."""
        return f"{self.log}/{self.number}"

    @property
    def digest(self) -> str:
        """SHA-256 of the stored bytes."""
        return digest_of(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the canonical JSON that is stored."""
        return canonical_json(self.model_dump(mode="json"))

    def sealed(self, seal: Seal) -> Event:
        """Return the event as it is stored: with its own digest, and signed where the seal has a key."""
        content = seal.sealed(self.model_dump(mode="json"))
        return self.model_copy(update={name: content[name] for name in ("check", "mac")})

    def fault(self, data: bytes, seal: Seal) -> str:
        """Return what is wrong between the event and the bytes it was read from; an empty text if nothing is."""
        content = self.model_dump(mode="json")
        try:
            fault = seal.fault(content)
            return fault or ("" if canonical_json(content) == data else "is not stored in its canonical form")
        except (ValueError, RecursionError):  # for instance 1e999, which reads as infinity and has no spelling
            return "is not stored in its canonical form"

    @classmethod
    def from_bytes(cls, data: bytes) -> Event:
        """Read a stored event; raise `FormatError` if it is not one, or (with a hint) of a newer format."""
        parsed: Any = parse_json(data, what="a stored event")
        written = parsed.get("format") if isinstance(parsed, dict) else None
        if type(written) is int and written > _FORMAT:
            raise FormatError(
                f"a stored event has format {written}; this maturekit reads up to {_FORMAT}", hint="upgrade maturekit."
            )
        try:
            return cls.model_validate(parsed)
        except RecursionError as error:
            raise FormatError("a stored event is malformed: it is nested too deeply") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise FormatError(f"a stored event is malformed: {place}: {first['msg']}") from error
