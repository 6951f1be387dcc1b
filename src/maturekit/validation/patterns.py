"""A pattern over many texts: by bytes or RE2 where these provably mean the same, by the engine of `schema` elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from maturekit.schema.pattern import all_matching, matching
from maturekit.validation.arrow import is_arrow, matching_in_arrow
from maturekit.validation.texts import Texts, Words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Slots", "agreed", "slots", "unmatched"]

Range = tuple[int, int]

_DIGITS: Final = ((48, 57),)
_LETTERS: Final = (*_DIGITS, (65, 90), (95, 95), (97, 122))
_SPACES: Final = ((9, 13), (32, 32))
_CLASSES: Final[dict[str, tuple[Range, ...]]] = {"d": _DIGITS, "w": _LETTERS, "s": _SPACES}
_CONTROLS: Final = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11}
_PIECE: Final = re.compile(
    r"""(?P<many>\{(?P<least>[0-9]{1,4})(?P<comma>,(?P<most>[0-9]{1,4})?)?\}\??|[*+?]\??)
      | (?P<group>\((?:\?:|\?P<[A-Za-z_][A-Za-z_0-9]*>)?|\)|\|)
      | \[(?P<negated>\^?)(?P<inside>(?:\\[^\n]|[^\]\[\\^&~-]|-(?!-))+)\]
      | \\(?P<escaped>[dDwWsSntrfv]|[^0-9A-Za-z<>\s])
      | (?P<any>\.)
      | (?P<plain>[^\\^$.|?*+(){}\[\]])""",
    re.VERBOSE,
)
_INSIDE: Final = re.compile(r"\\([dwsntrfv]|[^0-9A-Za-z<>\s])|([^\\])", re.DOTALL)
_SIGNS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_END: Final = (0, 0)  # what stands behind the end of a text
_MOST: Final = 1000  # what RE2 repeats at most
_LONGEST: Final = 256
_FEW: Final = 64  # texts that are asked one by one, rather than by whole arrays
_BLOCK: Final = 8192
_HIGH: Final = np.uint64(0x8080808080808080)


@dataclass(frozen=True)
class Slots:
    """A pattern that is a row of ASCII characters, each from a set of its own, of which the last may repeat.

    Parameters
    ----------
    least, most : int
        Number of characters.
    open_ended : bool
        Whether there may be more than `most`, which no table here shows.
    floors, ceilings : array of uint64, one row for each word of eight characters
        For each of some ranges, what to add to a word so that the upper bit of each byte tells whether it is at least
        the first, or above the last, character of the range.

    Examples
    --------
    >>> slots("[A-C]x").fits(np.array([0x7842, 0x7844], dtype=np.uint64), 0).tolist()  # "Bx", "Dx"
    [True, False]
    """

    least: int
    most: int
    open_ended: bool
    floors: NDArray[np.uint64]
    ceilings: NDArray[np.uint64]

    def can_judge(self, texts: Texts) -> bool:
        """Return whether words tell all: where lengths differ, a zero in a text is not told from its end."""
        if self.open_ended and texts.longest > self.most:
            return False
        return self.least == self.most or not texts.has_zeros

    def fits(self, words: Words, number: int) -> NDArray[np.bool_]:
        """Return which words can be the one with a number; bytes after the end of a text are zero."""
        inside = np.zeros(len(words), dtype=np.uint64)
        for floor, ceiling in zip(self.floors[number], self.ceilings[number], strict=True):
            above = words + ceiling
            np.bitwise_not(above, out=above)
            above &= words + floor  # carries only from a byte whose upper bit is set, and then the text fails anyway
            inside |= above
        inside &= _HIGH & ~words
        kept: NDArray[np.bool_] = inside == _HIGH
        return kept


def unmatched(pattern: str, values: pd.Series, spelled: Callable[[], Iterable[Texts]]) -> NDArray[np.bool_] | None:
    """Return which texts of a column without gaps do not match as a whole; None when all do.

    Parameters
    ----------
    pattern : str
        In the dialect of `schema.pattern`.
    values : Series
        The texts.
    spelled : callable
        Returns the same texts as bytes; see `texts.spelled`.

    Examples
    --------
    >>> import pandas as pd
    >>> texts = pd.Series(["ab", "aab", "b"])
    >>> unmatched("a+b", texts, lambda: ()).tolist()
    [False, False, True]
    """
    places = slots(pattern)
    if places is not None and len(values) >= _FEW:
        with suppress(UnicodeEncodeError, _Undecided):  # the first: half of a surrogate pair
            return _if_any(np.concatenate([~_fitting(places, texts) for texts in spelled()]))
    if is_arrow(values.dtype):
        elsewhere = agreed(pattern)
        kept = None if elsewhere is None else matching_in_arrow(values, elsewhere)
        if kept is not None:
            return _if_any(~kept)
    match, texts = matching(pattern), values.tolist()
    if len(texts) < _FEW:
        return _if_any(np.array([not match(text) for text in texts], dtype=np.bool_))
    broken = np.zeros(len(texts), dtype=np.bool_)
    for row in range(0, len(texts), _BLOCK):
        block = texts[row : row + _BLOCK]
        if not all_matching(pattern, block):
            broken[row : row + _BLOCK] = [not match(text) for text in block]
    return _if_any(broken)


def _fitting(places: Slots, texts: Texts) -> NDArray[np.bool_]:
    if not places.can_judge(texts):
        raise _Undecided
    sizes = np.asarray(texts.sizes)
    fits: NDArray[np.bool_] = (sizes >= places.least) & (sizes <= places.most)
    if not fits.any():
        return np.zeros(len(texts), dtype=np.bool_)
    return texts.test(places.fits, min(len(places.floors), -(-texts.longest // 8))) & fits


class _Undecided(Exception):  # noqa: N818  # never leaves this module
    """Words do not tell whether some texts match."""


def _if_any(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return mask if mask.any() else None


@lru_cache(maxsize=256)
def agreed(pattern: str) -> str | None:
    r"""Return a pattern as RE2 reads it, if it is sure to mean the same there; None if that is not known.

    What is left out: character classes within classes, set operations, classes by name and numbers of characters.

    >>> print(agreed("[A-C]+x"), agreed(r"\pL+"))
    \A(?:[\x{41}-\x{43}]+\x{78})\z None
    """
    pieces = _pieces(pattern)
    return None if pieces is None else rf"\A(?:{''.join(piece.text for piece in pieces)})\z"


@lru_cache(maxsize=256)
def slots(pattern: str) -> Slots | None:
    """Return a pattern as sets of characters, if it is made of nothing else; None if it is not.

    >>> ids, names = slots("[A-Z]{2}-[0-9]{8}"), slots("[A-Z][a-z]{1,9}")
    >>> (ids.least, ids.most), (names.least, names.most), slots("a|b"), slots("a+b")
    ((11, 11), (2, 10), None, None)
    """
    pieces = _pieces(pattern) or []
    found: list[tuple[Range, ...]] = []
    repeated: tuple[Range, ...] = ()
    more, open_ended = 0, False
    for piece in pieces:
        if piece.repeats is not None:
            least, most = piece.repeats
            if (
                not found
                or len(found) + max(least, most or 0) > _LONGEST
                or (least != most and piece is not pieces[-1])
            ):
                return None
            repeated = found.pop()
            found += [repeated] * least
            more, open_ended = (_LONGEST - len(found) if most is None else most - least), most is None
        elif piece.ranges and piece.ranges[-1][1] < 128:
            found.append(piece.ranges)
        else:
            return None
    if not pieces or len(found) > _LONGEST:
        return None
    size = len(found)
    if more:
        found += [(*repeated, _END)] * more
    words, ranges = -(-len(found) // 8), max(map(len, found))
    found += [(_END,)] * (8 * words - len(found))
    floors, ceilings = np.zeros((2, words, ranges, 8), dtype=np.uint8)
    for place, sets in enumerate(found):
        for number in range(ranges):
            first, last = sets[min(number, len(sets) - 1)]
            floors[place // 8, number, place % 8] = 128 - first
            ceilings[place // 8, number, place % 8] = 127 - last
    return Slots(
        size, size + more, open_ended, *(part.view("<u8")[..., 0].astype(np.uint64) for part in (floors, ceilings))
    )


@dataclass(frozen=True)
class _Piece:
    """A part of a pattern: its text for RE2, and the characters it stands for or how often the one before it comes."""

    text: str
    ranges: tuple[Range, ...] = ()
    repeats: tuple[int, int | None] | None = None


def _pieces(pattern: str) -> list[_Piece] | None:
    """Return the parts of a pattern in their order; None when one of them is not known to mean the same everywhere."""
    found: list[_Piece] = []
    place, repeated = 0, False
    while place < len(pattern):
        match = _PIECE.match(pattern, place)
        piece = None if match is None else _piece(match, repeated)
        if match is None or piece is None:
            return None
        found.append(piece)
        place, repeated = match.end(), match["many"] is not None
    return found


def _piece(match: re.Match[str], repeated: bool) -> _Piece | None:
    if match["many"]:
        if repeated or (match["least"] and max(int(match["least"]), int(match["most"] or 0)) > _MOST):
            return None  # engines differ in what a second repetition means
        least, most = _SIGNS.get(match[0][0]) or (int(match["least"]), int(match["most"]) if match["most"] else None)
        most = least if match["least"] and not match["comma"] else most
        return _Piece(match[0], repeats=(least, most)) if most != 0 else None
    if match["group"]:
        return _Piece("(?:" if match[0].startswith("(") else match[0])
    if match["any"]:
        return _Piece(r"[^\n]")
    if match["inside"]:
        ranges = _ranges(match["inside"])
        return (
            None if ranges is None else _Piece(_spelled(ranges, match["negated"]), () if match["negated"] else ranges)
        )
    if match["escaped"] and match["escaped"].lower() in _CLASSES:
        ranges = _CLASSES[match["escaped"].lower()]
        negated = match["escaped"].isupper()
        return _Piece(_spelled(ranges, "^" if negated else ""), () if negated else ranges)
    code = _CONTROLS.get(match["escaped"], ord(match["escaped"])) if match["escaped"] else ord(match["plain"])
    return _Piece(_spelled(((code, code),), ""), ((code, code),))


def _ranges(inside: str) -> tuple[Range, ...] | None:
    """Return the characters of a class as ranges, ascending by their ends; None where a hyphen may mean two things."""
    found: list[Range] = []
    tokens = [(match[1], match[2]) for match in _INSIDE.finditer(inside)]
    if sum(len(escaped) + 1 if escaped else 1 for escaped, _ in tokens) != len(inside):
        return None
    while tokens:
        escaped, plain = tokens.pop(0)
        if plain == "-" and found and tokens:
            return None
        if escaped and escaped in _CLASSES:
            found.extend(_CLASSES[escaped])
            continue
        first = last = _code(escaped, plain)
        if len(tokens) > 1 and tokens[0] == (None, "-"):
            tokens.pop(0)
            escaped, plain = tokens.pop(0)
            if plain == "-" or (escaped and escaped in _CLASSES):
                return None
            last = _code(escaped, plain)
        if first > last:
            return None
        found.append((first, last))
    return tuple(sorted(found, key=lambda pair: pair[1]))


def _code(escaped: str | None, plain: str) -> int:
    return _CONTROLS.get(escaped, ord(escaped)) if escaped else ord(plain)


def _spelled(ranges: tuple[Range, ...], negated: str) -> str:
    """Return a class as RE2 reads it, each character by its number."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1] and not negated:
        return _numbered(ranges[0][0])
    return f"[{negated}{''.join(f'{_numbered(first)}-{_numbered(last)}' for first, last in ranges)}]"


def _numbered(code: int) -> str:
    return rf"\x{{{code:X}}}"
