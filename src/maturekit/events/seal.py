"""How an event vouches for itself: by its own digest, and by a key of the caller where there is one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from maturekit._core.digest import canonical_json, check_of, digest_of
from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["Seal", "unsealed_text"]

_SHORTEST = 16
_DAMAGED = "is damaged: it differs from what was written"
_START, _MAC = b'{"check":"', b'"mac":"'


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
        bare = canonical_json({**content, "check": "", "mac": ""}) if self._keys else b""
        signed = {**content, "mac": _mac(self._keys[0], bare) if self._keys else ""}
        return {**signed, "check": check_of(signed)}

    def fault(self, content: Mapping[str, Any]) -> str:
        """Return what is wrong with content that carries a seal; an empty text if nothing is."""
        if check_of(content) != content["check"]:
            return _DAMAGED
        bare = canonical_json({**content, "check": "", "mac": ""}) if self._keys else b""
        return self._forged(content["mac"], bare)

    def text_fault(self, data: bytes) -> str:
        """Return the same of stored bytes, in which `check` is the first field, and the last ``"mac":"`` is the other.

        Spelling a long text once more, only to see whether it is what was written, would cost more than reading it.

        >>> seal, data = Seal(), canonical_json(Seal().sealed({"number": 1}))
        >>> seal.text_fault(data), seal.text_fault(data.replace(b"1}", b"2}"))
        ('', 'is damaged: it differs from what was written')
        """
        check, rest = _check_and_rest(data)
        if digest_of(_START + rest).encode() != check:
            return _DAMAGED
        return self._forged(_split_mac(rest)[1].decode(errors="replace"), unsealed_text(data)) if self._keys else ""

    def _forged(self, mac: str, bare: bytes) -> str:
        """Return what is wrong with the mac of bytes that have neither; an empty text if nothing is."""
        if not self._keys or any(hmac.compare_digest(_mac(key, bare).encode(), mac.encode()) for key in self._keys):
            return ""
        return "is not signed by a key of this registry" if mac else "is not signed, and this registry was given keys"

    def __repr__(self) -> str:
        """Return the number of keys, never the keys."""
        return f"Seal({len(self._keys)} keys)"


def unsealed_text(data: bytes) -> bytes:
    """Return stored bytes, in which `check` is the first field, with empty `check` and `mac`.

    >>> unsealed_text(canonical_json(Seal().sealed({"number": 1})))
    b'{"check":"","mac":"","number":1}'
    """
    before, _, after = _split_mac(_check_and_rest(data)[1])
    return _START + before + after


def _check_and_rest(data: bytes) -> tuple[bytes, bytes]:
    end = data.find(b'"', len(_START))
    return (data[len(_START) : end], data[end:]) if data.startswith(_START) and end > 0 else (b"", data)


def _split_mac(rest: bytes) -> tuple[bytes, bytes, bytes]:
    begin = rest.rfind(_MAC) + len(_MAC)
    end = rest.find(b'"', begin)
    return rest[:begin], rest[begin:end], rest[end:]


def _mac(key: bytes, bare: bytes) -> str:
    return f"hmac-sha256:{hmac.new(key, bare, hashlib.sha256).hexdigest()}"
