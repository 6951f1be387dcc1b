"""An event as it is stored: its bytes, read only when somebody asks what they say."""

from __future__ import annotations

from maturekit._core.digest import digest_of
from maturekit.events.event import Event

__all__ = ["StoredEvent"]


class StoredEvent:
    """The bytes of an event and their digest; long histories are listed without reading every event.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> event = Event(log="model/late", number=1, time=datetime(2013, 5, 3, tzinfo=UTC), kind="version")
    >>> stored = StoredEvent(event.to_bytes())
    >>> stored.is_a("version"), stored.follows("model/late", 1, ""), stored.event == event
    (True, True, True)
    """

    __slots__ = ("_event", "data", "digest")

    def __init__(self, data: bytes, event: Event | None = None) -> None:
        self.data = data
        self.digest = digest_of(data)
        self._event = event

    @property
    def event(self) -> Event:
        """What the bytes say; raises `FormatError` if they are no event."""
        if self._event is None:
            self._event = Event.from_bytes(self.data)
        return self._event

    def is_a(self, kind: str) -> bool:
        """Whether the event is of a kind.

        Inside a text of canonical JSON every quote is escaped, and behind an event's `kind` stand texts and a number
        only: so the last place that looks like it is it. The same holds for `follows`.
        """
        return self.data.startswith(f'"kind":"{kind}"'.encode(), self.data.rfind(b'"kind":"'))

    def follows(self, log: str, number: int, previous: str) -> bool:
        """Whether it is the event of this number in this history, behind the event of this digest."""
        place, after = f'"log":"{log}"'.encode(), f'"number":{number},"previous":"{previous}"'.encode()
        return self.data.startswith(place, self.data.rfind(b'"log":"')) and self.data.startswith(
            after, self.data.rfind(b'"number":')
        )
