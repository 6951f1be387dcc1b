"""Which rows share a value with another row: by hashes that only suspect, and values that decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maturekit.validation.texts import Texts
from maturekit.validation.texts import spelled as bytes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["shared"]

_BLOCK: Final = 65_536
_FEW: Final = 4096
_SPREAD: Final = np.uint64(0xD6E8FEB86659FD93)


def shared(values: Any, spelled: Callable[[], Iterable[Texts]] | None = None) -> NDArray[np.int64]:
    """Return the places of all values that stand in another place too, ascending.

    Values are an array of numbers, truth values or objects, or a Series of texts, without gaps. Where their storage
    gives a cheap hash, only those with equal hashes are compared; a bad hash costs time and nothing else. `spelled`
    returns the same texts as bytes.

    >>> shared(np.array([3, 1, 3, 2])).tolist(), shared(pd.Series(["b", "a", "", "a"])).tolist()
    ([0, 2], [1, 3])
    """
    hashes = _hashes(values, spelled)
    if hashes is None:
        return np.flatnonzero(pd.Series(values).duplicated(keep=False).to_numpy())
    suspects = _suspects(hashes)
    if not len(suspects):
        return suspects
    taken = values.iloc[suspects] if isinstance(values, pd.Series) else pd.Series(values[suspects])
    return suspects[taken.duplicated(keep=False).to_numpy()]


def _hashes(values: Any, spelled: Callable[[], Iterable[Texts]] | None) -> NDArray[np.uint64] | None:
    """Return one odd number a value, the same for equal values; None where objects have to be asked one by one."""
    if len(values) < _FEW:
        return None
    if isinstance(values, pd.Series):
        try:
            return np.concatenate([texts.hashes() for texts in (bytes_of(values) if spelled is None else spelled())])
        except UnicodeEncodeError:  # half of a surrogate pair
            return None
    if values.dtype.kind not in "iuf":
        return None
    wide = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)  # a copy
    if values.dtype.kind == "f":
        wide += 0.0  # minus zero equals zero
    bits: NDArray[np.uint64] = wide.view(np.uint64)
    bits ^= bits >> np.uint64(32)
    bits *= _SPREAD
    bits |= np.uint64(1)
    return bits


def _suspects(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the places of hashes that stand in another place too, ascending.

    Each round writes every hash into the slot of a table that its upper bits name. Whoever then finds another one in
    its slot goes into the next round; the others are as many as used slots, unless some of them are equal.
    """
    found: list[NDArray[np.int64]] = []
    rows: NDArray[np.int64] | None = None
    while len(hashes):
        bits = max(len(hashes).bit_length() - 1, 4)
        shift = np.uint64(64 - bits)
        table = np.zeros(1 << bits, dtype=np.uint64)
        blocks = [slice(at, at + _BLOCK) for at in range(0, len(hashes), _BLOCK)]
        for block in blocks:
            table[_slots(hashes[block], shift)] = hashes[block]
        kept = np.empty(len(hashes), dtype=np.bool_)
        for block in blocks:
            np.equal(table[_slots(hashes[block], shift)], hashes[block], out=kept[block])
        if np.count_nonzero(kept) > np.count_nonzero(table):
            places = np.flatnonzero(kept)
            slots = _slots(hashes[places], shift)
            twins = places[np.bincount(slots, minlength=1 << bits)[slots] > 1]
            found.append(twins if rows is None else rows[twins])
        others = np.flatnonzero(~kept)
        rows = others if rows is None else rows[others]
        hashes = hashes[others] * _SPREAD  # odd times odd: equal ones stay equal, different ones different, and odd
    return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


def _slots(hashes: NDArray[np.uint64], shift: np.uint64) -> NDArray[np.int64]:
    return (hashes >> shift).view(np.int64)
