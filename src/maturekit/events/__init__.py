"""Events: histories that only grow, in which every edit shows."""

from maturekit.events.caches import cache_faults, lost_ends, mend_caches
from maturekit.events.event import Draft, Event
from maturekit.events.faults import JudgedEvent, event_faults, judged_events
from maturekit.events.head import Head, State
from maturekit.events.log import EventLog
from maturekit.events.seal import Seal
from maturekit.events.stored import StoredEvent

__all__ = [
    "Draft",
    "Event",
    "EventLog",
    "Head",
    "JudgedEvent",
    "Seal",
    "State",
    "StoredEvent",
    "cache_faults",
    "event_faults",
    "judged_events",
    "lost_ends",
    "mend_caches",
]
