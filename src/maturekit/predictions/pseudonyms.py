"""Names for people that only who has the secret can give."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions.columns import identity

__all__ = ["Pseudonyms"]

_SHORTEST = 16


class Pseudonyms:
    """A keyed hash: the same value has the same pseudonym, and nobody without the secret can tell whose it is.

    Values that are equal as keys, such as ``7``, ``7.0`` and ``"7"``, have one pseudonym. A missing value has none.
    Keep the secret apart from the log: who has both can try out values. It is part of a pickle, and of no `repr`.

    Parameters
    ----------
    secret : bytes or str
        At least 16 bytes, best random.

    Examples
    --------
    >>> pseudonyms = Pseudonyms("a secret from the vault")
    >>> pseudonyms("ada") == pseudonyms("ada"), pseudonyms("ada") == pseudonyms("bob"), len(pseudonyms("ada"))
    (True, False, 24)
    >>> pseudonyms
    Pseudonyms(...)
    """

    def __init__(self, secret: bytes | str) -> None:
        if not isinstance(secret, (bytes, str)):
            raise ArgumentTypeError(f"a secret is bytes or text, got {type(secret).__name__}")
        held = secret.encode() if isinstance(secret, str) else secret
        if len(held) < _SHORTEST:
            raise ArgumentError(
                f"the secret has {len(held)} bytes and needs {_SHORTEST}", hint="take `secrets.token_bytes(32)`."
            )
        self._key = blake2b(held, digest_size=32, person=b"maturekit").digest()

    def __call__(self, value: Any) -> str | None:
        """Return the pseudonym of a value, 24 hexadecimal digits."""
        text = identity(value)
        if text is None:
            return None
        return blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=12).hexdigest()

    def __repr__(self) -> str:
        """Return the class and never the secret."""
        return "Pseudonyms(...)"
