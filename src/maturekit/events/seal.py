"""How an event vouches for itself: by its own digest, and by a key of the caller where there is one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from maturekit._core.digest import canonical_json, check_of
from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["Seal"]

_SHORTEST = 16


class Seal:
    """Signs and checks what is written below a history.

    Every stored object carries `check`, the SHA-256 of its canonical JSON with an empty `check`: it shows every accident.
    With keys it carries `mac` too, the HMAC-SHA256 by the first key of the same with both empty: it shows every forgery,
    as long as the forger does not have the key. Without keys, macs are neither written nor looked at.

    Parameters
    ----------
    keys : iterable of bytes
        Secrets of at least 16 bytes. The first signs; all are tried when a mac is checked, so that a key can be
        replaced while old events stay valid.

    Examples
    --------
    >>> seal = Seal([b"sixteen bytes or more"])
    >>> signed = seal.sealed({"number": 1})
    >>> sorted(signed)
    ['check', 'mac', 'number']
    >>> seal.fault(signed)
    ''
    >>> seal.fault(signed | {"number": 2})
    'is damaged: it differs from what was written'
    """

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        if isinstance(keys, (bytes, str)):
            raise ArgumentTypeError("keys is a list of bytes, got one text", hint="write keys=[key].")
        if not isinstance(keys, Iterable):
            raise ArgumentTypeError(f"keys is a list of bytes, got {type(keys).__name__}")
        self._keys = tuple(keys)
        for key in self._keys:
            if not isinstance(key, bytes):
                raise ArgumentTypeError(f"a key must be bytes, got {type(key).__name__}")
            if len(key) < _SHORTEST:
                raise ArgumentError(
                    f"a key has {len(key)} bytes; at least {_SHORTEST} are needed",
                    hint="make one with secrets.token_bytes(32), and keep it away from the registry.",
                )

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys as given; never shown."""
        return self._keys

    def sealed(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return content with its `mac`, of all but the two, and its `check`, of all but itself."""
        signed = {**content, "mac": _mac(self._keys[0], content) if self._keys else ""}
        return {**signed, "check": check_of(signed)}

    def fault(self, content: Mapping[str, Any]) -> str:
        """Return what is wrong with content that carries a seal; an empty text if nothing is."""
        mac = content["mac"]
        if check_of(content) != content["check"]:
            return "is damaged: it differs from what was written"
        if self._keys and not any(hmac.compare_digest(_mac(key, content).encode(), mac.encode()) for key in self._keys):
            return (
                "is not signed by a key of this registry" if mac else "is not signed, and this registry was given keys"
            )
        return ""

    def __repr__(self) -> str:
        """Return the number of keys, never the keys."""
        return f"Seal({len(self._keys)} keys)"


def _mac(key: bytes, content: Mapping[str, Any]) -> str:
    signed = canonical_json({**content, "check": "", "mac": ""})
    return f"hmac-sha256:{hmac.new(key, signed, hashlib.sha256).hexdigest()}"
