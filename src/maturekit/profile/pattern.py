"""The pattern of a text: what it looks like, and nothing of what it says."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maturekit.profile.text_view import TextView

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pattern"]

_UPPER, _LOWER, _PLAIN, _DIGIT = 1, 2, 4, 8  # a word is the sum of what it holds
_SIGN: Final = 16  # signs are themselves: this plus their ASCII code, and just this for all others
_SPACE: Final = _SIGN + ord(" ")
_LONGEST: Final = 16
_MORE: Final = 255
_BLOCK: Final = 65_536  # texts; their characters then fit in memory, whatever the table


class Pattern(TextView):
    """What a text looks like: words by the kinds of their characters, signs as they are.

    A word, a run of letters and digits, is spelled by what it holds: ``A`` for upper case, ``a`` for lower case, ``x``
    for letters without case, ``9`` for digits. White space is one space, ASCII signs are themselves, any other character
    is ``¤``; runs of one sign are one, and so are words that follow a space each and are spelled alike. After 16 words
    and signs a pattern ends with ``…``. So a pattern is a category with few values, also of free text.

    Examples
    --------
    >>> texts = ["AB12-34", "Ada Lovelace", "ada@example.org", "a  long story, told in words.", "3.14", "名前", None]
    >>> Pattern("comment").of(pd.DataFrame({"comment": texts})).tolist()
    ['A9-9', 'Aa Aa', 'a@a.a', 'a a, a.', '9.9', 'x', nan]
    >>> Pattern("comment").name
    'comment:pattern'
    """

    word = "pattern"

    def _read(self, texts: Sequence[str], codes: NDArray[np.int64]) -> pd.Series[Any]:
        place: dict[bytes, int] = {}
        numbers = [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(texts), _BLOCK):
            found, inverse = np.unique(_symbols(texts[start : start + _BLOCK]), return_inverse=True)
            known = [place.setdefault(bytes(row), len(place)) for row in found]
            numbers.append(np.array(known, dtype=np.int64)[inverse.reshape(-1)])
        moved: NDArray[np.int64] = np.append(np.concatenate(numbers), -1)  # the last is where -1 points
        spelled = pd.Index([_spelled(row) for row in place], dtype=object)
        patterns = pd.Categorical.from_codes(moved[codes], categories=spelled)
        return pd.Series(patterns)


def _symbols(texts: Sequence[str]) -> NDArray[np.void]:
    """Return the words and signs of each text, as so many bytes."""
    lengths = np.array([len(text) for text in texts])
    characters = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts)), lengths)
    classes = _classes(characters)
    word = classes < _SIGN
    with_next = (owner[1:] == owner[:-1]) & np.where(word[1:], word[:-1], classes[1:] == classes[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(owner), 1), dtype=np.bool_), ~with_next]))
    runs = np.bitwise_or.reduceat(classes, starts) if len(starts) else classes
    owner = owner[starts]
    again = np.zeros(len(runs), dtype=np.bool_)
    if len(runs) > 3:  # a space and a word that follow a space and the same word
        spaced = (runs[:-3] == _SPACE) & (runs[2:-1] == _SPACE) & (runs[3:] < _SIGN)
        alike = spaced & (runs[3:] == runs[1:-2]) & (owner[3:] == owner[:-3])
        again[3:] = alike
        again[2:-1] |= alike
    runs, owner = runs[~again], owner[~again]
    position = np.arange(len(owner)) - np.searchsorted(owner, owner)
    runs = np.where(position == _LONGEST, _MORE, runs)
    inside = position <= _LONGEST
    table = np.zeros((len(texts), _LONGEST + 1), dtype=np.uint8)
    table[owner[inside], position[inside]] = runs[inside]
    return table.view(np.dtype((np.void, _LONGEST + 1))).reshape(-1)


def _classes(characters: NDArray[np.uint32]) -> NDArray[np.uint8]:
    classes = _ASCII[np.minimum(characters, 128)]
    foreign = characters > 127
    if foreign.any():
        found, inverse = np.unique(characters[foreign], return_inverse=True)
        classes[foreign] = np.array([_class(chr(code)) for code in found.tolist()], dtype=np.uint8)[inverse]
    return classes


def _class(character: str) -> int:
    if character.isspace():
        return _SPACE
    category = unicodedata.category(character)
    by_category = {"Lu": _UPPER, "Lt": _UPPER, "Ll": _LOWER, "Lm": _PLAIN, "Lo": _PLAIN, "Mn": 0, "Nd": _DIGIT}
    if category in by_category:
        return by_category[category]
    return _SIGN + ord(character) if character.isascii() and character.isprintable() else _SIGN


_ASCII: Final = np.array([_class(chr(code)) for code in range(128)] + [0], dtype=np.uint8)


def _spelled(row: bytes) -> str:
    return "".join(_symbol(symbol) for symbol in row.rstrip(b"\0"))


def _symbol(symbol: int) -> str:
    if symbol < _SIGN:
        return "".join(letter for bit, letter in ((1, "A"), (2, "a"), (4, "x"), (8, "9")) if symbol & bit)
    return {_MORE: "…", _SIGN: "¤"}.get(symbol) or chr(symbol - _SIGN)
