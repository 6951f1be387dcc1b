"""The reading side of a registry: what is there, where aliases stand or stood, and every event."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from maturekit._core.clock import Clock, as_utc, utc_now
from maturekit._core.locks import ForkLock
from maturekit._core.names import check_name, is_name
from maturekit.errors import ArgumentError, ArgumentTypeError, ModelNotFoundError
from maturekit.events import Event, EventLog, Head, Seal, State
from maturekit.registry import shipping
from maturekit.registry.blobs import Blobs
from maturekit.registry.checks import checked_list
from maturekit.registry.listing import event_frame, version_events, version_frame
from maturekit.registry.lookup import find_alias, find_number, split_reference
from maturekit.registry.moves import state_behind
from maturekit.registry.root import Root
from maturekit.registry.serializers.joblib_serializer import JoblibSerializer
from maturekit.registry.serializers.serializer import Serializer, checked_serializer
from maturekit.registry.state import open_history, positions, version_count
from maturekit.registry.version import Version
from maturekit.reports import Report
from maturekit.storage import Place, open_store

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Catalogue"]


class Catalogue:
    """A registry that can only be read; `Registry` adds the writing.

    Naming a version by its alias or number costs the same however long the history is: one stored head and the few
    events behind it. Asking again costs one look at whether the next event is there. What was read once is kept, since
    it never changes.

    Parameters
    ----------
    place : str, path or Store
        A folder, or a store.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default.
    serializers : iterable of Serializer
        More ways to read models, beside joblib; a version is read by the one of the same name.
    keys : iterable of bytes
        Secrets of at least 16 bytes that sign every event; a history with one that none of them signed is refused.

    Examples
    --------
    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late-flights", {"threshold": 15})
    >>> catalogue = Catalogue(registry.store)
    >>> catalogue.names(), catalogue["late-flights:1"].load()
    (['late-flights'], {'threshold': 15})
    """

    def __init__(
        self,
        place: Place,
        *,
        clock: Clock | None = None,
        serializers: Iterable[Serializer] = (),
        keys: Iterable[bytes] = (),
    ) -> None:
        self.store = open_store(place)
        self.clock = utc_now if clock is None else clock
        if not callable(self.clock):
            raise ArgumentTypeError(f"the clock must be a function without arguments, got {type(clock).__name__}")
        given = checked_list(serializers, what="serializers", of="serializers")
        self.serializers: Mapping[str, Serializer] = MappingProxyType(
            {serializer.name: serializer for serializer in (JoblibSerializer(), *map(checked_serializer, given))}
        )
        self._seal = Seal(keys)
        self._root = Root(self.store)
        self._logs: dict[str, EventLog] = {}
        self._lock = ForkLock()

    def __getitem__(self, reference: str) -> Version:
        """Return the version of ``"name@alias"`` or ``"name:3"``; raise with the nearest names if there is none."""
        return self.resolve(reference)

    __iter__ = None  # or Python would ask for the version 0, 1, 2...; `names()` lists models, `versions(name)` versions

    def resolve(self, reference: str, *, at: datetime | None = None) -> Version:
        """Return the version that a reference names, now or as it was at a moment.

        Parameters
        ----------
        reference : str
            ``"name@alias"`` or ``"name:3"``.
        at : datetime, optional
            An aware moment: the answer is what this call would have returned then. Events of that very moment count.

        Raises
        ------
        ModelNotFoundError, VersionNotFoundError, AliasNotFoundError
            There is, or was, none of this name.
        """
        name, place = split_reference(reference)
        log, head = self.log(name), self._head(name)
        state = head.state if at is None else self._state_at(name, at)
        found = find_number(log, place, state) if isinstance(place, int) else find_alias(log, place, state)
        return Version.of(self, found)

    def names(self) -> list[str]:
        """Return the names of all models, sorted."""
        self._root.require()
        logs = [self.log(name) for name in self.store.children("logs/model/") if is_name(name)]
        # A registration that was killed leaves a folder of content without events. Where there are some, the first may
        # have been removed.
        held = (log for log in logs if self.store.exists(log.key(1)) or log.numbers())
        return [log.name.partition("/")[2] for log in held]

    def versions(self, name: str) -> list[Version]:
        """Return every version of a model, oldest first.

        Asked for more than its number, one of them reads the whole history; for a look at many, `frame` is quicker.
        """
        log = self._existing(name)
        return [Version(self, name, number, event) for number, event in version_events(name, log)]

    def aliases(self, name: str, *, at: datetime | None = None) -> dict[str, Version]:
        """Return the version of every alias of a model, now or as it was at a moment."""
        log, head = self.log(name), self._head(name)
        state = head.state if at is None else self._state_at(name, at)
        return {alias: Version.of(self, find_alias(log, alias, state)) for alias in positions(state)}

    def history(self, name: str, *, at: datetime | None = None) -> tuple[Event, ...]:
        """Return every event of a model, oldest first, up to a moment; raise `IntegrityError` if one was edited."""
        events = self._existing(name).events()
        return events if at is None else _until(events, at)

    def head(self, name: str) -> str:
        """Return the digest of a model's newest event: a cheap way to see whether anything has happened."""
        return self._head(name).digest

    def compare(self, first: Version | str, second: Version | str) -> Report:
        """Return what differs between two versions: one finding a difference, none of them a failure."""
        from maturekit.registry.comparison import compare_versions  # noqa: PLC0415  # most registries are only read

        return compare_versions(self._own(first), self._own(second))

    def frame(self, names: str = "*") -> pd.DataFrame:
        """Return every version of many models as a frame, one row each, by name and number.

        Columns: name, number, reference, time, actor, actor_kind, aliases, tags, serializer, size_bytes (of the model
        files), parent, cause, origin, revision, dirty, fingerprint, the digests of schema, profile, examples and notes,
        gaps, digest, the numbers of reports, reports_failed, alarms and approvals, held, erased; and as many of
        ``metric.<name>``, ``low.<name>`` and ``high.<name>`` (bounds of a metric) and ``parameter.<name>`` as there are.

        Parameters
        ----------
        names : str
            A pattern such as ``"late-*"``, where ``*``, ``?`` and ``[...]`` stand for what file names let them. A model
            that cannot be read is left out with a warning. Without a wildcard it is one name, which must be there.

        Raises
        ------
        ModelNotFoundError, IntegrityError
            The one model that was named is not there, or is damaged.
        """
        return version_frame(self, names)

    def events(self, names: str = "*", *, kinds: Iterable[str] = ()) -> pd.DataFrame:
        """Return every event of many models as a frame, one row each, by name and number.

        Columns: id, name, number, time, kind, actor, actor_kind, role, reason, cause, subject, version; of moves alias,
        from, to, swapped (the alias it changed places with), rollback, policy; verdict, report and report_kind.

        Parameters
        ----------
        names : str
            A pattern, as for `frame`.
        kinds : iterable of str
            Only events of these kinds, such as ``["alias", "refusal"]``; by default all.
        """
        return event_frame(self, names, kinds)

    def export_to(self, path: str | os.PathLike[str], what: Version | str | None = None) -> Path:
        """Write one file with a registry, a model or a version, and return its path.

        It holds keys and bytes as they are, so that all digests stay; `Registry.import_from` reads it. A file that was
        there is replaced in one step, and equal content makes an equal file. Others may write meanwhile.

        Parameters
        ----------
        path : str or path
            The file to write; a zip archive that any tool can list.
        what : Version or str, optional
            The name of a model, or a version or its reference; by default the whole registry.

        Raises
        ------
        IntegrityError
            Something that would have to be exported is missing or damaged; no file is written.
        """
        self._root.require()
        return shipping.write_export(self, path, what, seal=self._seal)

    def log(self, name: str) -> EventLog:
        """Return the history of a model, be there one or not."""
        check_name(name, what="model name")
        with self._lock:
            if name not in self._logs:
                self._logs[name] = open_history(self.store, f"model/{name}", clock=self.clock, seal=self._seal)
            return self._logs[name]

    def blobs(self, name: str) -> Blobs:
        """Return the content that the events of a model name."""
        return Blobs(self.store, self.log(name).name)

    def _head(self, name: str) -> Head:
        self._root.require()
        head = self.log(name).head()
        if not head.number:
            raise ModelNotFoundError.named("model", name, known=self.names())
        return head

    def _existing(self, name: str) -> EventLog:
        self._head(name)
        return self.log(name)

    def _state_at(self, name: str, at: datetime) -> State:
        state = state_behind(self.history(name, at=at))
        if not version_count(state):
            raise ModelNotFoundError(f"the model {name!r} was not there at {as_utc(at).isoformat()}", name=name)
        return state

    def _own(self, version: Version | str) -> Version:
        if isinstance(version, str):
            return self[version]
        if not isinstance(version, Version):
            raise ArgumentTypeError(
                f"expected a version, got {type(version).__name__}", hint="write registry['name:3']."
            )
        mine = self[version.reference]
        if mine != version:
            raise ArgumentError(f"{version.reference} is a version of another registry", hint="take it from this one.")
        return mine

    def __repr__(self) -> str:
        """Return the place."""
        return f"{type(self).__name__}({self.store!r})"


def _until(events: tuple[Event, ...], at: datetime) -> tuple[Event, ...]:
    moment = as_utc(at, what="at")
    return tuple(event for event in events if event.time <= moment)
