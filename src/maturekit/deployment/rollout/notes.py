"""What the calls of one process tell the guard rails, taken down in well under a microsecond and read aside."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from maturekit.deployment.rollout.ledger import Rows

__all__ = ["Notes", "status_of"]

_WAITING = 10_000
"""Records that wait to be counted; of more, the last. Tables: a hundredth of it, of each the first so many rows."""
_REMEMBERED = 100_000
"""Keys of which it is known that they have counted."""
_BAD = frozenset({"failed", "invalid", "filled"})

Mark = tuple[str, tuple[str, ...]]
Note = tuple[bytes, bool, float, str, float]
"""Place of the key, whether the challenger answered, share, status, seconds (nan where nobody looked)."""


class Notes:
    """Answered keys that nobody has counted yet.

    A key counts once at each share, as in `Ledger.count_outcomes`. Which keys have counted, each process remembers for
    itself, up to 100,000 of them; then it learns from no others. Where more calls come than are kept, others than the
    last are forgotten, whoever answered them.

    Examples
    --------
    >>> notes = Notes()
    >>> for place in (b"1", b"2", b"2"):
    ...     notes.take((place, place == b"2", 0.5, "ok", 0.001))
    >>> rows = notes.rows(slow_seconds=None)["failed"]
    >>> rows.challenger.tolist(), rows.losses.tolist(), rows.shares.tolist()
    ([False, True], [0.0, 0.0], [0.5, 0.5])
    """

    __slots__ = ("_reached", "records", "tables", "take")

    def __init__(self) -> None:
        self.records: deque[Note] = deque(maxlen=_WAITING)
        self.take = self.records.append
        """Takes the note of one record."""
        self.tables: deque[tuple[Sequence[bytes | None], Sequence[bool], float, Mapping[int, Mark] | str]] = deque(
            maxlen=_WAITING // 100
        )
        self._reached: dict[bytes, float] = {}
        """At which share each key was counted last; above 1 once the challenger had it."""

    def take_table(
        self, places: Sequence[bytes | None], inside: Sequence[bool], share: float, marks: Mapping[int, Mark] | str
    ) -> None:
        """Take the places of a table's keys, who answered them, the share, and the marks, or one status for all."""
        self.tables.append((places, inside, share, marks))

    def rows(self, *, slow_seconds: float | None) -> dict[str, Rows]:
        """Take what waits away, and return what of it is news, by guard rail."""
        news = [new for note in self._waiting() if (new := self._news(note)) is not None]
        if not news:
            return {}
        challenger = np.array([inside for inside, *_ in news], dtype=np.bool_)
        shares = np.array([share for _, share, *_ in news])
        statuses = [status for *_, status, _ in news]
        durations = np.array([seconds for *_, seconds in news])
        judged: dict[str, Any] = {
            "failed": [status in _BAD for status in statuses],
            "rejected": [status == "rejected" for status in statuses],
        }
        found = {name: Rows(challenger, np.array(bad, dtype=np.float64), shares) for name, bad in judged.items()}
        if slow_seconds is not None:
            timed = ~np.isnan(durations)
            slow = (durations[timed] > slow_seconds).astype(np.float64)
            found["slow"] = Rows(challenger[timed], slow, shares[timed])
        return found

    def _waiting(self) -> Iterator[Note]:
        for _ in range(len(self.records)):
            yield self.records.popleft()
        for _ in range(len(self.tables)):
            places, inside, share, marks = self.tables.popleft()
            for row in range(min(len(places), _WAITING)):
                place = places[row]
                if place is not None:
                    status = marks if isinstance(marks, str) else status_of(marks, row)
                    yield place, inside[row], share, status, math.nan

    def _news(self, note: Note) -> tuple[bool, float, str, float] | None:
        place, inside, share, status, seconds = note
        before = self._reached.get(place, 0.0)
        if before >= share or (not before and len(self._reached) >= _REMEMBERED):
            return None
        self._reached[place] = 2.0 if inside else share
        return inside, (share - before) / (1 - before), status, seconds


def status_of(marks: Mapping[int, Mark], row: int) -> str:
    """Return the status of a row.

    >>> status_of({1: ("rejected", ("nullable:age",))}, 1), status_of({}, 0)
    ('rejected', 'ok')
    """
    mark = marks.get(row)
    return "ok" if mark is None else mark[0]
