"""What an export says of itself, and of everything that it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from maturekit._core.digest import canonical_json, check_format, check_of, parse_json
from maturekit.errors import FormatError, IntegrityError

__all__ = ["Manifest", "Scope"]

Scope = Literal["registry", "model", "version"]

_WHAT = "maturekit export"
_FORMAT = 1
_ENTRY = {"digest": str, "size": int}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself.

    Examples
    --------
    >>> Manifest("model", registry="0" * 32, subject="late-flights").scope
    'model'
    """

    scope: Scope
    registry: str
    """Id of the registry it was taken from."""
    subject: str
    """Name of the model, id of the event of the version, or nothing for a whole registry."""
    entries: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Digest and size by key."""

    def to_bytes(self) -> bytes:
        """Return the canonical JSON that is stored."""
        content = {
            "entries": {key: {"digest": digest, "size": size} for key, (digest, size) in self.entries.items()},
            "format": _FORMAT,
            "registry": self.registry,
            "scope": self.scope,
            "subject": self.subject,
            "what": _WHAT,
        }
        return canonical_json(content | {"check": check_of(content)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read it back; raise `FormatError` if it is none or newer, `IntegrityError` if it was edited."""
        content: Any = parse_json(data, what="its list")
        if not isinstance(content, dict) or content.get("what") != _WHAT:
            raise FormatError("it was not written by maturekit")
        content = check_format(content, what="it", newest=_FORMAT)
        if not _is_sound(content):
            raise IntegrityError("its list is damaged: it differs from what was written")
        texts = [content.get(name) for name in ("scope", "registry", "subject")]
        entries = content.get("entries")
        if (
            not all(isinstance(text, str) for text in texts)
            or texts[0] not in {"registry", "model", "version"}
            or not isinstance(entries, dict)
            or not all(isinstance(entry, dict) and _kinds(entry) == _ENTRY for entry in entries.values())
        ):
            raise FormatError("its list is malformed")
        listed = {key: (entry["digest"], entry["size"]) for key, entry in entries.items()}
        return cls(content["scope"], registry=content["registry"], subject=content["subject"], entries=listed)


def _is_sound(content: dict[str, Any]) -> bool:
    try:
        return content.get("check") == check_of(content)
    except ValueError:  # for instance 1e999, which reads as infinity and has no spelling
        return False


def _kinds(entry: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in entry.items()}
