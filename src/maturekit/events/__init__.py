"""Events: histories that only grow, each entry bound to the one before."""

from maturekit.events.event import Draft, Event
from maturekit.events.log import EventLog

__all__ = ["Draft", "Event", "EventLog"]
