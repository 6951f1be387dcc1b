"""Where every history stands, as a text to be kept where the registry is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from maturekit._core.digest import canonical_json, check_format, digest_of, parse_json
from maturekit.errors import ArgumentTypeError, FormatError, KeyMissingError, StorageError
from maturekit.events import EventLog, Head
from maturekit.registry.housekeeping.marking import log_names
from maturekit.reports import Finding
from maturekit.storage import Store

__all__ = ["anchor_findings", "anchor_text", "read_anchor"]

_FORMAT = 1
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def anchor_text(registry: str, heads: Iterable[tuple[str, Head]]) -> str:
    """Return the canonical JSON that says where the histories of a registry stand.

    >>> print(anchor_text("0f", [("model/late", Head(17, "sha256:00"))]))
    {"format":1,"heads":{"model/late":{"digest":"sha256:00","number":17}},"registry":"0f"}
    """
    told = {name: {"digest": head.digest, "number": head.number} for name, head in heads if head.number}
    return canonical_json({"format": _FORMAT, "registry": registry, "heads": told}).decode()


def read_anchor(text: str | bytes) -> tuple[str, dict[str, tuple[int, str]]]:
    """Return the id of the registry, and number and digest of every history; raise `FormatError` for anything else.

    >>> read_anchor('{"format":1,"heads":{},"registry":"0f"}')
    ('0f', {})
    """
    if not isinstance(text, (str, bytes)):
        raise ArgumentTypeError(
            f"an anchor is a text, got {type(text).__name__}", hint="pass the text that `anchor()` returned."
        )
    content = check_format(parse_json(text, what="the anchor"), what="the anchor", newest=_FORMAT)
    try:
        heads = {name: (head["number"], head["digest"]) for name, head in content["heads"].items()}
        registry: Any = content["registry"]
        sound = isinstance(registry, str) and all(
            type(number) is int and number > 0 and _DIGEST.fullmatch(digest) for number, digest in heads.values()
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise FormatError(f"the anchor is malformed: {error!r:.200}") from error
    if not sound:
        raise FormatError("the anchor is malformed", hint="pass the text that `anchor()` returned.")
    return registry, heads


def anchor_findings(store: Store, registry: str, text: str | bytes) -> Iterator[Finding]:
    """Yield a finding for every history that does not continue the one that was anchored."""
    anchored, heads = read_anchor(text)
    if anchored != registry:
        yield _failed(f"the anchor is of the registry {anchored:.40}, and this is {registry or 'unknown'}")
        return
    there, sound = log_names(store), 0
    for name, (number, digest) in heads.items():
        try:
            fault = _fault(store, name, number, digest) if name in there else "is gone"
        except StorageError as error:
            yield Finding("anchor", "could_not_run", columns=(name,), message=f"{name}: {error.message}")
            continue
        if fault:
            yield _failed(f"{name} {fault}; the anchor names its event {number}", name)
        sound += not fault
    yield Finding("anchor", "passed", value=sound, unit="histories that continue what was anchored")


def _fault(store: Store, name: str, number: int, digest: str) -> str:
    log = EventLog(store, name)
    try:
        same = digest_of(store.get(log.key(number))) == digest
    except KeyMissingError:
        last = max(log.numbers(), default=0)
        return f"ends with event {last}" if last < number else f"has no event {number}"
    return "" if same else f"has another event {number}"


def _failed(message: str, *names: str) -> Finding:
    return Finding("anchor", "failed", columns=names, message=message)
