"""Which keys a registry has, and of what kind each is."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["KeyKind", "key_kind"]

KeyKind = Literal["root", "event", "cache", "blob", "other"]

_KEY = re.compile(
    r"(?P<root>registry\.json)|logs/[a-z]+/[a-z0-9._-]{1,64}/"
    r"((?P<cache>[0-9]{12}\.(head\.json|pack\.jsonl|table\.json))"
    r"|events/((?P<event>[0-9]{12}\.json)|(?P<blob>blobs/sha256/(?P<fan>[0-9a-f]{2})/(?P=fan)[0-9a-f]{62})))"
)


def key_kind(key: str) -> KeyKind:
    """Return what stands under a key: the file at the root, an event, a head, pack or table, content, or nothing of ours.

    >>> key_kind("logs/model/late/events/000000000001.json"), key_kind("logs/model/late/000000000010.head.json")
    ('event', 'cache')
    >>> key_kind("logs/model/late/notes.txt")
    'other'
    """
    found = _KEY.fullmatch(key)
    if found is None:
        return "other"
    kinds: tuple[KeyKind, ...] = ("root", "event", "cache", "blob")
    return next(kind for kind in kinds if found[kind])
