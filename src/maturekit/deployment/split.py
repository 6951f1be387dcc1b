"""Who gets the challenger: a salted hash of a key, the same in every process and on every machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, ArgumentTypeError

__all__ = ["Split", "checked_share", "key_text"]

_SIZE = 8
_RECENT = 4096
_ABOVE_ALL = b"\xff" * (_SIZE + 1)


class Split:
    """Gives every key a place between 0 and 1; a share of the keys is those whose place is below it.

    So a share that grows keeps whom it has. Another salt gives other places, as if drawn anew.

    Parameters
    ----------
    salt : str
        Any text; the same for all processes that shall agree.

    Examples
    --------
    >>> split = Split("late-flights 7")
    >>> split.place("UA-1545") == Split("late-flights 7").place("UA-1545") != Split("late-flights 8").place("UA-1545")
    True
    >>> places = [split.place(number) for number in range(1000)]
    >>> sum(place < split.limit(0.1) for place in places)
    98
    """

    def __init__(self, salt: str) -> None:
        if not isinstance(salt, str) or not salt:
            raise ArgumentError(
                f"salt must be a text that is not empty, got {salt!r:.100}",
                hint="name the experiment: another one with the same salt would pick the same keys.",
            )
        self.salt = salt
        self.recent: dict[str, bytes] = {}
        """Places of texts that were asked for lately: a look costs an eighth of a hash."""
        self.place = _placing(salt, self.recent)
        """Return the place of a key, 8 bytes of a fraction; None for a missing one. A number is the same key as its
        text, and 5 the same as 5.0."""

    def places(self, values: Iterable[Any]) -> list[bytes | None]:
        """Return the place of each key."""
        place, recent = self.place, self.recent
        return [(recent.get(value) if type(value) is str else None) or place(value) for value in values]

    @staticmethod
    def below(places: Iterable[bytes | None], limit: bytes) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each place whether it is below a limit; none never is."""
        return np.fromiter((place is not None and place < limit for place in places), dtype=np.bool_)

    @staticmethod
    def limit(share: float) -> bytes:
        """Return what a place must be below for its key to be among a share."""
        whole = int(share * 2 ** (8 * _SIZE))
        return _ABOVE_ALL if whole >= 2 ** (8 * _SIZE) else whole.to_bytes(_SIZE, "big") if whole else b""


def _placing(salt: str, recent: dict[str, bytes]) -> Callable[[Any], bytes | None]:
    """Return a function, which costs less than a method would, on every call of a service."""
    fresh = blake2b(blake2b(salt.encode("utf-8", "surrogatepass")).digest(), digest_size=_SIZE).copy

    def place(value: Any) -> bytes | None:
        text = value if type(value) is str else key_text(value)
        if text is None:
            return None
        hashed = fresh()  # a copy of the hash of the salt: a new one with a key would cost twice as much
        try:
            hashed.update(text.encode())
        except UnicodeEncodeError:  # half of a surrogate pair
            hashed.update(text.encode("utf-8", "surrogatepass"))
        found = hashed.digest()
        if len(recent) >= _RECENT:
            recent.clear()
        recent[text] = found
        return found

    return place


def checked_share(share: Any) -> float:
    """Return a share as a float; raise unless it lies between 0 and 1.

    >>> checked_share(1)
    1.0
    """
    if isinstance(share, bool) or not isinstance(share, (int, float)):
        raise ArgumentTypeError(f"a share is a number, got {type(share).__name__}")
    if not 0 <= share <= 1:
        raise ArgumentError(f"a share lies between 0 and 1, got {share!r}")
    return float(share)


def key_text(value: Any) -> str | None:
    """Return a key as text, alike whether it comes from a record, a table or a log; None if it is missing.

    >>> key_text(5), key_text(np.int64(5)), key_text(5.0), key_text("5"), key_text(float("nan"))
    ('5', '5', '5', '5', None)
    """
    if isinstance(value, (np.datetime64, np.timedelta64)):
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(float(value))
    if isinstance(value, datetime):
        moment = pd.Timestamp(value)
        return (moment if moment.tzinfo is None else moment.tz_convert("UTC")).isoformat()
    return str(value)
