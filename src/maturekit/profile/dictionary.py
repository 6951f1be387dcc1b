"""The values of a categorical column that its reference knows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError
from maturekit.profile._arrays import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Dictionary"]

_KEPT = 50
_TWICE = 2  # a value that stands once is a row, not a frequency, and is never stored
_LONGEST = 200
_KNOWN = 10_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dictionary:
    """The frequent values by name, and hashes of all values seen, so that an unseen one is noticed.

    A hash is the first 32 bits of BLAKE2b. Two values may share one: with d values known, a new value is taken for a
    known one with probability d / 2**32, at most 2.4 in a million. Which values collide never changes, so this only
    lowers the share of unseen values, in the reference and later alike. A hash hides no value that can be guessed.

    Parameters
    ----------
    values : tuple of str
        The values kept by name, most frequent first: at most 50, each seen at least twice and at most 200 characters
        long.
    hashes : array of uint32, ascending
        Hashes of the values seen; where these are over 10,000, of at most 10,000 that were seen twice or more.

    Examples
    --------
    >>> dictionary = Dictionary.learn(["JFK", "EWR", "HPN"], np.array([3, 5, 1]))
    >>> dictionary.values
    ('EWR', 'JFK')
    >>> dictionary.knows(["HPN", "LGA"]).tolist()
    [True, False]
    >>> Dictionary.from_dict(dictionary.to_dict()) == dictionary
    True
    """

    values: tuple[str, ...]
    hashes: NDArray[np.uint32]

    def __post_init__(self) -> None:
        """Freeze the hashes and check that they ascend."""
        object.__setattr__(self, "values", tuple(self.values))
        object.__setattr__(self, "hashes", frozen(self.hashes, np.uint32))
        if not (self.hashes[1:] > self.hashes[:-1]).all():
            raise ArgumentError("a dictionary needs hashes that ascend")

    @classmethod
    def learn(cls, labels: Sequence[str], counts: NDArray[np.int64]) -> Self:
        """Choose from distinct values and their numbers of rows; ties are broken by the value."""
        order = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], labels[i]))
        twice = [i for i in order if counts[i] >= _TWICE]
        kept = [labels[i] for i in twice if len(labels[i]) <= _LONGEST][:_KEPT]
        known = order if len(order) <= _KNOWN else twice[:_KNOWN]
        return cls(tuple(kept), np.unique(_hashes([labels[i] for i in known])))

    def knows(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it was seen."""
        return np.isin(_hashes(labels), self.hashes)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data; the hashes are base64 of little-endian 32-bit integers."""
        return {
            "values": list(self.values),
            "hashes": base64.b64encode(self.hashes.astype("<u4").tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote."""
        raw = base64.b64decode(data["hashes"], validate=True)
        return cls(tuple(map(str, data["values"])), np.frombuffer(raw, dtype="<u4").astype(np.uint32))

    def __eq__(self, other: object) -> bool:
        """Equal in values and hashes."""
        if self is other:
            return True
        if not isinstance(other, Dictionary):
            return NotImplemented
        return self.values == other.values and np.array_equal(self.hashes, other.hashes)

    def __hash__(self) -> int:
        """Hash of the kept values."""
        return hash(self.values)

    def __repr__(self) -> str:
        """Return how many values are kept and known."""
        return f"Dictionary({len(self.values)} kept, {len(self.hashes)} known)"


def _hashes(labels: Sequence[str]) -> NDArray[np.uint32]:
    raw = b"".join(hashlib.blake2b(label.encode(), digest_size=4).digest() for label in labels)
    return np.frombuffer(raw, dtype="<u4").astype(np.uint32)
