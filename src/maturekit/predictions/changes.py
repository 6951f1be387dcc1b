"""What became of segments that were rewritten: a list that only one process at a time can make longer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maturekit._core.clock import iso, parse_iso
from maturekit._core.digest import canonical_json, check_format, parse_json
from maturekit.errors import FormatError, KeyMissingError, KeyTakenError
from maturekit.storage import Store

__all__ = ["Change", "Changes", "State"]

_FORMAT = 1
_FOLDER = "changes/"
_NAME = re.compile(r"changes/(\d{12})\.json")


@dataclass(frozen=True, slots=True)
class Change:
    """Segments whose rows stand elsewhere now, or nowhere."""

    to: str | None
    """The segment that counts instead; None if every row went."""
    of: tuple[str, ...]
    """Those that count no longer."""
    at: datetime
    merged: bool
    """Whether `to` holds rows of several of them."""


@dataclass(frozen=True, slots=True)
class State:
    """All changes that were agreed upon so far."""

    number: int
    changes: tuple[Change, ...]

    @property
    def gone(self) -> set[str]:
        """Segments that count no longer."""
        return {key for change in self.changes for key in change.of}

    @property
    def there(self) -> set[str]:
        """Rewritten segments that count."""
        return {change.to for change in self.changes if change.to is not None}

    def of(self, key: str) -> Change | None:
        """Return what became of a segment, if anything."""
        return next((change for change in self.changes if key in change.of), None)

    def with_change(self, to: str | None, of: Sequence[str], *, at: datetime) -> State:
        """Return the changes with one more, which also tells what became of those that earlier ones made into `of`."""
        earlier = [change for change in self.changes if change.to in of]
        others = tuple(change for change in self.changes if change.to not in of)
        merged = len(of) > 1 or any(change.merged for change in earlier)
        keys = (*of, *(key for change in earlier for key in change.of))
        return State(self.number, (*others, Change(to, keys, at, merged)))


class Changes:
    """The list of changes in a store: a new number is written once, by whoever is first, and holds the whole list."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def number(self) -> int:
        """Return the newest number; 0 if nothing was ever rewritten."""
        found = (_NAME.fullmatch(key) for key in self.store.list(_FOLDER))
        return max((int(match[1]) for match in found if match is not None), default=0)

    def newest(self) -> State:
        """Return the list as it is."""
        while True:
            number = self.number()
            if not number:
                return State(0, ())
            key = _key(number)
            try:
                data = self.store.get(key)
            except KeyMissingError:  # a newer one came
                continue
            return State(number, tuple(_changes(data, what=key)))

    def commit(self, state: State, changes: Iterable[Change]) -> bool:
        """Make `changes` the list that follows `state`, and return whether nobody was faster."""
        lines = [
            {"to": change.to, "of": list(change.of), "at": iso(change.at), "merged": change.merged}
            for change in changes
        ]
        try:
            self.store.put_new(_key(state.number + 1), canonical_json({"format": _FORMAT, "changes": lines}))
        except KeyTakenError:
            return False
        if self.number() != state.number + 1:  # a number may be free again, where others went on from it
            self.store.delete(_key(state.number + 1))
            return False
        for key in list(self.store.list(_FOLDER)):
            if key < _key(state.number + 1):
                self.store.delete(key)
        return True


def _key(number: int) -> str:
    return f"{_FOLDER}{number:012d}.json"


def _changes(data: bytes, *, what: str) -> Iterator[Change]:
    held: Any = check_format(parse_json(data, what=what), what=what, newest=_FORMAT)
    try:
        for line in held["changes"]:
            yield Change(line["to"], tuple(line["of"]), parse_iso(line["at"]), bool(line["merged"]))
    except (KeyError, TypeError) as error:
        raise FormatError(f"{what} is malformed: {error!r}") from error
