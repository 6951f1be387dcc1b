"""Which content the events of a registry name."""

from __future__ import annotations

import re

from maturekit.errors import IntegrityError, KeyMissingError
from maturekit.storage import Store

__all__ = ["log_names", "named_digests"]

_DIGEST = re.compile(rb'"(sha256:[0-9a-f]{64})"')
_CHAIN = re.compile(rb'"(previous|subject|fingerprint)":"sha256:[0-9a-f]{64}"')
"""Digests of events, of versions and of training data, which are no blobs."""


def log_names(store: Store) -> list[str]:
    """Return the name of every history, of whatever kind, such as ``"model/late-flights"``.

    >>> from maturekit.storage import MemoryStore
    >>> log_names(MemoryStore())
    []
    """
    return sorted({"/".join(key.split("/")[1:3]) for key in store.list("logs/") if key.count("/") > 2})


def named_digests(store: Store) -> dict[str, str]:
    """Return every digest that an event names, with the key of the first event that does.

    The bytes of events are searched as they are: damaged events, and kinds this library does not know, count as well.

    >>> from maturekit.storage import MemoryStore
    >>> named_digests(MemoryStore())
    {}
    """
    named: dict[str, str] = {}
    for key in store.list("logs/"):
        try:
            text = store.get(key)
        except KeyMissingError as error:
            raise IntegrityError(f"{key!r} disappeared while it was read; events are never removed") from error
        for digest in _DIGEST.findall(_CHAIN.sub(b"", text)):
            named.setdefault(digest.decode(), key)
    return named
