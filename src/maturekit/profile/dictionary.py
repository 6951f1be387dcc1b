"""The values of a categorical column that its reference knows."""

from __future__ import annotations

import base64
import hashlib
import math
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
_FREE = 0.9
_ENOUGH = 20  # rows; of fewer nobody can tell whether values repeat
_NOTABLE = 0.01


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
    free : bool
        Whether the column is free text or ids: over 90 % of at least 20 rows hold a value that stands once. Then only
        values that hold at least 1 % of the rows are kept, nothing else is known, and neither the rest nor what is
        unseen says anything: nearly every row is both, always.

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
    free: bool = False

    def __post_init__(self) -> None:
        """Freeze the hashes and check that they ascend."""
        object.__setattr__(self, "values", tuple(self.values))
        object.__setattr__(self, "hashes", frozen(self.hashes, np.uint32))
        if not (self.hashes[1:] > self.hashes[:-1]).all():
            raise ArgumentError("a dictionary needs hashes that ascend")

    @classmethod
    def learn(cls, labels: Sequence[str], counts: NDArray[np.int64], *, least: int = 1) -> Self:
        """Choose from distinct values and their numbers of rows, none below `least`; ties are broken by the value."""
        rows = int(counts.sum())
        free = rows >= _ENOUGH and int((counts == 1).sum()) > _FREE * rows
        fewest = max(least, math.ceil(_NOTABLE * rows), _TWICE) if free else least
        if np.count_nonzero(counts >= fewest) > _KNOWN:
            fewest = max(fewest, _TWICE)
        found = np.flatnonzero(counts >= max(fewest, 1))
        if len(found) > _KNOWN:
            found = found[counts[found] >= np.partition(counts[found], -_KNOWN)[-_KNOWN]]
        by_label = np.array(sorted(found.tolist(), key=labels.__getitem__), dtype=np.intp)
        order = by_label[np.argsort(-counts[by_label], kind="stable")].tolist()
        kept = [labels[i] for i in order if counts[i] >= _TWICE and len(labels[i]) <= _LONGEST][:_KEPT]
        known = kept if free else [labels[i] for i in order[:_KNOWN]]
        return cls(tuple(kept), np.unique(_hashes(known)), free)

    def knows(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each value whether it was seen."""
        if self.free:  # few are known, and there may be millions of others to hash
            known = set(self.values)
            return np.fromiter((label in known for label in labels), dtype=np.bool_, count=len(labels))
        return np.isin(_hashes(labels), self.hashes)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data; the hashes are base64 of little-endian 32-bit integers."""
        return {
            "values": list(self.values),
            "hashes": base64.b64encode(self.hashes.astype("<u4").tobytes()).decode(),
            "free": self.free,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote."""
        raw = base64.b64decode(data["hashes"], validate=True)
        return cls(
            tuple(map(str, data["values"])), np.frombuffer(raw, dtype="<u4").astype(np.uint32), bool(data.get("free"))
        )

    def __eq__(self, other: object) -> bool:
        """Equal in values and hashes."""
        if self is other:
            return True
        if not isinstance(other, Dictionary):
            return NotImplemented
        same = (self.values, self.free) == (other.values, other.free)
        return same and np.array_equal(self.hashes, other.hashes)

    def __hash__(self) -> int:
        """Hash of the kept values."""
        return hash(self.values)

    def __repr__(self) -> str:
        """Return how many values are kept and known."""
        return f"Dictionary({len(self.values)} kept, {len(self.hashes)} known)"


def _hashes(labels: Sequence[str]) -> NDArray[np.uint32]:
    raw = b"".join(hashlib.blake2b(label.encode(), digest_size=4).digest() for label in labels)
    return np.frombuffer(raw, dtype="<u4").astype(np.uint32)
