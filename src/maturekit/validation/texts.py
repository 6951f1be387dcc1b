"""Texts as bytes: words of eight of them for many rows at once, whatever stores the texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maturekit.validation.arrow import arrow_chunks, is_arrow

__all__ = ["Texts", "Words", "all_texts", "spelled"]

Words = NDArray[np.uint64]
Sizes = NDArray[np.int64]

_BLOCK: Final = 32_768
_ENDS: Final = 8  # words at either end of a text that its hash is made of
_FIRST: Final = 4096  # texts that show how long the others may be
_AT_ONCE: Final = 4 * 2**20  # bytes that are copied at once
_SEPARATOR: Final = b"\n"
_SPARE: Final = 8  # a word is read whole, also where fewer bytes are left
_KEPT: Final = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64)


@dataclass(frozen=True)
class Texts:
    """The UTF-8 bytes of some texts, one after the other in one buffer.

    Parameters
    ----------
    data : array of uint8
        The buffer; at least eight bytes follow the start of each text and of each further word of it.
    sizes : array of int64, or int
        Number of bytes of each text; an int when all are alike.
    starts : array of int64, or int
        Where each text starts; when all sizes are alike, the number of bytes from one start to the next.
    count : int
        Number of texts.

    Examples
    --------
    >>> texts = next(spelled(pd.Series(["ab", "cd"])))
    >>> texts.sizes, len(texts), [hex(word) for word in texts.words(0, 0, 2).tolist()]
    (2, 2, ['0x6261', '0x6463'])
    """

    data: NDArray[np.uint8]
    sizes: Sizes | int
    starts: Sizes | int
    count: int

    def __len__(self) -> int:
        """Return the number of texts."""
        return self.count

    @property
    def longest(self) -> int:
        """Number of bytes of the longest text."""
        return self.sizes if isinstance(self.sizes, int) else int(self.sizes.max(initial=0))

    @property
    def has_zeros(self) -> bool:
        """Whether a text holds the character that words hold behind its end."""
        if not self.count:
            return False
        last = (self.count - 1) * self.starts if isinstance(self.starts, int) else int(self.starts[-1])
        size = self.sizes if isinstance(self.sizes, int) else int(self.sizes[-1])
        first = 0 if isinstance(self.starts, int) else int(self.starts[0])
        return int(self.data[first : last + size].min(initial=1)) == 0

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last row (exclusive) of pieces small enough for a cache."""
        return ((row, min(row + _BLOCK, self.count)) for row in range(0, self.count, _BLOCK))

    def words(self, number: int, first: int, last: int) -> Words:
        """Return bytes ``8 * number`` to ``8 * number + 7`` of the rows from `first` to `last`, zeros after the end."""
        at = 8 * number
        if isinstance(self.sizes, int):
            assert isinstance(self.starts, int)  # both are, or none
            left = self.sizes - at
            if left <= 0:
                return np.zeros(last - first, dtype=np.uint64)
            view = np.ndarray((last - first,), "<u8", self.data, first * self.starts + at, (self.starts,))
            words: Words = view.astype(np.uint64)
            return words if left >= _SPARE else np.bitwise_and(words, _KEPT[left], out=words)
        assert not isinstance(self.starts, int)  # see above
        every = np.ndarray((len(self.data) - _SPARE + 1,), "<u8", self.data, 0, (1,))
        ahead = np.clip(self.sizes[first:last] - at, 0, _SPARE)
        words = every[self.starts[first:last] + np.where(ahead > 0, at, 0)].astype(np.uint64, copy=False)
        return np.bitwise_and(words, _KEPT[ahead], out=words)

    def hashes(self) -> Words:
        """Return one odd number a text, the same for equal texts; of a long text both ends count, and its length."""
        found = np.empty(self.count, dtype=np.uint64)
        for first, last in self.blocks():
            sizes = self.sizes if isinstance(self.sizes, int) else self.sizes[first:last]
            state = np.full(last - first, sizes, dtype=np.uint64)
            longest = sizes if isinstance(sizes, int) else int(sizes.max())
            for number in range(min(-(-longest // 8), _ENDS)):
                if isinstance(sizes, int) or number == 0:
                    state = _mixed(state ^ self.words(number, first, last))
                else:
                    rows = np.flatnonzero(sizes > 8 * number)
                    state[rows] = _mixed(state[rows] ^ self._some_words(number, first + rows))
            if longest > 8 * _ENDS:
                long = np.flatnonzero(np.broadcast_to(sizes, len(state)) > 8 * _ENDS)
                for number in range(1, _ENDS + 1):
                    state[long] = _mixed(state[long] ^ self._last_words(number, first + long))
            found[first:last] = state | np.uint64(1)
        return found

    def _some_words(self, number: int, rows: Sizes) -> Words:
        assert not isinstance(self.sizes, int)  # only asked where lengths differ
        assert not isinstance(self.starts, int)
        every = np.ndarray((len(self.data) - _SPARE + 1,), "<u8", self.data, 0, (1,))
        words: Words = every[self.starts[rows] + 8 * number].astype(np.uint64, copy=False)
        return words & _KEPT[np.minimum(self.sizes[rows] - 8 * number, _SPARE)]

    def _last_words(self, number: int, rows: Sizes) -> Words:
        """Return the words that end 8 * (number - 1) bytes before the end of texts that are longer than that."""
        starts = rows * self.starts if isinstance(self.starts, int) else self.starts[rows]
        sizes = self.sizes if isinstance(self.sizes, int) else self.sizes[rows]
        every = np.ndarray((len(self.data) - _SPARE + 1,), "<u8", self.data, 0, (1,))
        words: Words = every[starts + sizes - 8 * number].astype(np.uint64, copy=False)
        return words

    def test(self, fits: Callable[[Words, int], NDArray[np.bool_]], numbers: int) -> NDArray[np.bool_]:
        """Return for each text whether ``fits(words, number)`` is true of all words up to number `numbers`."""
        found = np.empty(self.count, dtype=np.bool_)
        for first, last in self.blocks():
            kept = found[first:last]
            kept[:] = True
            for number in range(numbers):
                kept &= fits(self.words(number, first, last), number)
        return found


def _mixed(words: Words) -> Words:
    words *= np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(29)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(32)
    return words


def all_texts(cells: NDArray[np.object_]) -> bool:
    """Return whether every cell of an array of objects is a text; a null is none.

    >>> all_texts(np.array(["a", "b"], dtype=object)), all_texts(np.array(["a", None], dtype=object))
    (True, False)
    """
    return not len(cells) or pd.api.types.infer_dtype(cells, skipna=False) == "string"


def spelled(values: pd.Series) -> Iterator[Texts]:
    """Yield the bytes of texts without gaps, piece by piece, in order.

    Raises `UnicodeEncodeError` where a text holds half of a surrogate pair, which has no UTF-8.
    """
    if is_arrow(values.dtype):
        for data, offsets in arrow_chunks(values):
            yield from _offset(data, offsets)
        return
    cells, row, rows = values.to_numpy(dtype=object), 0, _FIRST
    while row < len(cells):
        texts = _joined(cells[row : row + rows].tolist())
        yield texts
        row += rows
        rows = min(max(_AT_ONCE * rows // len(texts.data), 1), 8 * _BLOCK)


def _joined(texts: list[Any]) -> Texts:
    """Return the texts of a list, one separator after each; where texts hold it themselves, lengths are counted."""
    data = _SEPARATOR.decode().join([*texts, "\0" * _SPARE]).encode()
    buffer, used = np.frombuffer(data, dtype=np.uint8), len(data) - _SPARE
    size = len(texts[0].encode())
    even = used == len(texts) * (size + 1) and bool((buffer[size : used : size + 1] == _SEPARATOR[0]).all())
    if even and data.count(_SEPARATOR) == len(texts):
        return Texts(buffer, size, size + 1, len(texts))
    ends = np.flatnonzero(buffer[:used] == _SEPARATOR[0])
    if len(ends) != len(texts):
        sizes = np.fromiter((len(text.encode()) for text in texts), dtype=np.int64, count=len(texts))
        ends = np.cumsum(sizes + 1) - 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    return Texts(buffer, ends - starts, starts, len(texts))


def _offset(data: NDArray[np.uint8], offsets: Sizes) -> Iterator[Texts]:
    """Yield texts between offsets; the last ones are copied, since nothing may be read behind a foreign buffer."""
    sizes = np.diff(offsets)
    inside = int(np.searchsorted(offsets[1:], len(data) - _SPARE, side="right"))
    if inside:
        yield _even(data, sizes[:inside], offsets[:inside])
    if inside < len(sizes):
        rest = np.concatenate([data[offsets[inside] : offsets[-1]], np.zeros(_SPARE, dtype=np.uint8)])
        yield _even(rest, sizes[inside:], offsets[inside:-1] - offsets[inside])


def _even(data: NDArray[np.uint8], sizes: Sizes, starts: Sizes) -> Texts:
    size = int(sizes[0])
    if size and int(sizes.min()) == size == int(sizes.max()):
        return Texts(data[int(starts[0]) :], size, size, len(sizes))
    return Texts(data, sizes, starts.astype(np.int64, copy=False), len(sizes))
