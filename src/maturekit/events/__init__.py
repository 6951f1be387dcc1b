"""Events: histories that only grow, in which every edit shows."""

from maturekit.events.caches import DueCache, cache_faults, due_caches, lost_ends, mend_caches
from maturekit.events.column import Column
from maturekit.events.event import Draft, Event
from maturekit.events.faults import JudgedEvent, event_faults, judged_events
from maturekit.events.head import Head, State
from maturekit.events.log import EventLog
from maturekit.events.seal import Seal
from maturekit.events.stored import StoredEvent
from maturekit.events.table import Table

__all__ = [
    "Column",
    "Draft",
    "DueCache",
    "Event",
    "EventLog",
    "Head",
    "JudgedEvent",
    "Seal",
    "State",
    "StoredEvent",
    "Table",
    "cache_faults",
    "due_caches",
    "event_faults",
    "judged_events",
    "lost_ends",
    "mend_caches",
]
