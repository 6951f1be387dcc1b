"""Which calls or keys belong to a sample, decided by a hash: the same everywhere, always."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from maturekit._core.arguments import check_number
from maturekit.errors import ArgumentError
from maturekit.predictions.columns import identity

__all__ = ["Sample"]


class Sample:
    """A share of all keys: a key is in or out, in every process and at every time, and stays in when the share grows.

    Parameters
    ----------
    share : float
        Between 0 (excluded) and 1.

    Examples
    --------
    >>> tenth = Sample(0.1)
    >>> 900 < sum(tenth.holds([number]) for number in range(10_000)) < 1100
    True
    >>> all(Sample(0.2).holds([number]) for number in range(100) if tenth.holds([number]))
    True
    """

    def __init__(self, share: float) -> None:
        check_number(share, what="the share of a sample")
        if not 0 < share <= 1:
            raise ArgumentError(f"the share of a sample is above 0 and at most 1, got {share!r}")
        self.share = share
        self._limit = share * 2.0**64

    def holds(self, values: Iterable[Any], *, otherwise: Any = "") -> bool:
        """Whether a key, the values of its columns, is in the sample; `otherwise` decides where none has a value."""
        texts = [identity(value) or "" for value in values]
        text = "\0".join(texts) if any(texts) else str(otherwise)
        found = blake2b(text.encode(errors="surrogatepass"), digest_size=8, person=b"maturekit-sample").digest()
        return int.from_bytes(found) < self._limit
