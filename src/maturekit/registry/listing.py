"""Versions and events of many models as frames, to search and sort with pandas."""

from __future__ import annotations

import contextlib
import fnmatch
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from maturekit.errors import (
    ArgumentTypeError,
    IntegrityError,
    MaturekitError,
    MaturekitWarning,
    ModelNotFoundError,
)
from maturekit.events import Column, EventLog, Table
from maturekit.registry.checks import checked_list, checked_text
from maturekit.registry.columns import EVENT_COLUMNS, VERSION_COLUMNS, Columns, frame_of
from maturekit.registry.state import positions
from maturekit.registry.version import OPTIONAL, gaps_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Listed", "event_frame", "version_events", "version_frame"]

_ATTACHED = ("report", "alarm")
_VERSION = {"version": "number", "alias": "to", "refusal": "to"}
"""Where an event of a kind says which version it is about; elsewhere under `version`."""
_COUNTED = (
    ("reports", "report"),
    ("reports", "alarm"),
    ("reports_failed", ""),
    ("alarms", "alarm"),
    ("approvals", "approval"),
    ("held", "hold"),
    ("erased", "erasure"),
)
"""Columns that count, and the kinds of events that they count."""

_Reader = Callable[[str, EventLog], list[Columns]]


class Listed(Protocol):
    """What a frame needs of the registry it lists."""

    def names(self) -> list[str]:
        """Return the names of all models."""

    def head(self, name: str) -> str:
        """Return the digest of a model's newest event; raise if there is no such model."""

    def log(self, name: str) -> EventLog:
        """Return the history of a model."""


def version_frame(catalogue: Listed, names: str) -> pd.DataFrame:
    """Return one row a version of the models whose name matches; see `Catalogue.frame`.

    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> _ = registry.register("late", {"threshold": 15}, metrics={"share": 0.25})
    >>> version_frame(registry, "l*")[["reference", "metric.share"]]
      reference  metric.share
    0    late:1          0.25
    """
    return frame_of(_read_all(catalogue, names, _versions), VERSION_COLUMNS)


def version_events(name: str, log: EventLog) -> Iterator[tuple[int, int]]:
    """Yield the number of every version of a model, and of the event that registered it.

    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> list(version_events("late", registry.log("late")))
    [(1, 1)]
    """
    with _judging(name):
        for events in _of_kind(log.tabled(), "version"):
            yield from zip(events.part("body", "number").values(), events.part("number").values(), strict=True)


def event_frame(catalogue: Listed, names: str, kinds: Iterable[str]) -> pd.DataFrame:
    """Return one row an event of the models whose name matches; see `Catalogue.events`.

    >>> from maturekit.registry import Registry
    >>> from maturekit.storage import MemoryStore
    >>> registry = Registry(MemoryStore(), actor="ada")
    >>> version = registry.register("late", {"threshold": 15})
    >>> _ = registry.promote(version, to="production", actor="ada", reason="first")
    >>> event_frame(registry, "*", ["alias"])[["id", "actor", "alias", "to"]]
                 id actor       alias  to
    0  model/late/2   ada  production   1
    """
    wanted = {checked_text(kind, what="kind of event") for kind in checked_list(kinds, what="kinds", of="texts")}

    def reader(name: str, log: EventLog) -> list[Columns]:
        return [_events(name, log, wanted)]

    return frame_of(_read_all(catalogue, names, reader), EVENT_COLUMNS)


def _read_all(catalogue: Listed, names: str, reader: _Reader) -> list[Columns]:
    """Return what is read from the history of every model whose name matches.

    A name without wildcards must be there and sound. Among many, what is damaged is left out with a warning.
    """
    if not isinstance(names, str):
        raise ArgumentTypeError(f"names is a pattern such as 'late-*', got {type(names).__name__}")
    if not set("*?[") & set(names):
        return _read(catalogue, names, reader)
    found = []
    for name in catalogue.names():
        if not fnmatch.fnmatchcase(name, names):
            continue
        try:
            found += _read(catalogue, name, reader)
        except ModelNotFoundError:
            continue  # its first version is being registered just now, or never got its event
        except MaturekitError as error:
            warnings.warn(f"{name!r} is left out: {error.message}", MaturekitWarning, stacklevel=4)
    return found


def _read(catalogue: Listed, name: str, reader: _Reader) -> list[Columns]:
    catalogue.head(name)
    with _judging(name):
        return reader(name, catalogue.log(name))


@contextlib.contextmanager
def _judging(name: str) -> Iterator[None]:
    try:
        yield
    except MaturekitError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            f"an event of {name!r} is malformed: {error!r}", hint="`verify()` lists every fault."
        ) from error


def _of_kind(tables: Iterable[Table], kind: str) -> list[Column]:
    return [table.kinds[kind] for table in tables if kind in table.kinds]


def _versions(name: str, log: EventLog) -> list[Columns]:
    """Return what stands in `VERSION_COLUMNS`, and free columns, for each table that tells of versions."""
    tables = log.tabled()
    counted = _counts(tables)
    aliases = defaultdict[int, tuple[str, ...]](tuple)
    for alias, stand in sorted(positions(log.head().state).items()):
        aliases[stand["to"]] += (alias,)
    found = list[Columns]()
    for events in _of_kind(tables, "version"):
        number = events.part("body", "number")
        counts = {column: _looked_up(number, counts, 0) for column, counts in counted.items()}
        flags = {column: counts[column].mapped(lambda count: count > 0) for column in ("held", "erased")}
        stands = {"aliases": _looked_up(number, aliases, ())}
        found.append({**_version(name, events), **counts, **flags, **stands, **_free(events.part("body"))})
    return found


def _looked_up(numbers: Column, known: Mapping[int, Any], other: Any) -> Column:
    """Return what is known of each number, or the other value; most listings know nothing."""
    return numbers.mapped(lambda number: known.get(number, other)) if known else Column(numbers.rows, {"all": other})


def _version(name: str, events: Column) -> Columns:
    """Return the columns that one event tells."""
    body = events.part("body")
    number, origin, revision = body.part("number"), body.part("origin"), body.part("revision")
    given = [*(body.part(field) for field in OPTIONAL), events.part("actor")]
    return {
        "name": Column(events.rows, {"all": name}),
        "number": number,
        "reference": number.mapped(lambda number: f"{name}:{number}"),
        "time": events.part("time"),
        "actor": events.part("actor"),
        "actor_kind": events.part("actor_kind"),
        "tags": body.part("tags").mapped(tuple),
        "serializer": body.part("model", "serializer"),
        "size_bytes": _sizes(body.part("model", "files")),
        "parent": body.part("parent"),
        "cause": events.part("cause"),
        "origin": origin.mapped(lambda origin: f"{origin['registry']}/{origin['event']}" if origin else None),
        "revision": revision.part("commit"),
        "dirty": revision.part("dirty"),
        "fingerprint": body.part("fingerprint"),
        "schema": body.part("schema"),
        "profile": body.part("profile"),
        "examples": body.part("examples"),
        "notes": body.part("notes"),
        "gaps": Column.zipped([column.filled() for column in given], gaps_of),
        "digest": events.part("subject"),
    }


def _sizes(files: Column) -> Column:
    """Return the bytes of all files of each model."""
    if files.is_split:  # the usual case, and no object has to be put together again
        return Column.zipped([files.part(name, "size") for name in files.names()], lambda *sizes: sum(sizes))
    return files.mapped(lambda files: sum(file["size"] for file in files.values()))


def _counts(tables: list[Table]) -> dict[str, Counter[int]]:
    """Return, by what is counted, how often it happened to each version."""
    counts: dict[str, Counter[int]] = {column: Counter() for column in dict(_COUNTED)}
    for column, kind in _COUNTED:
        for events in _of_kind(tables, kind):
            counts[column].update(events.part("body", "version").values())
    for events in _of_kind(tables, "release"):
        counts["held"].subtract(events.part("body", "version").values())
    for kind in _ATTACHED:
        for events in _of_kind(tables, kind):
            told = Column.zipped([events.part("body", "version"), events.part("body", "verdict")], lambda *both: both)
            counts["reports_failed"].update(number for number, verdict in told.values() if verdict == "failed")
    return counts


def _free(body: Column) -> Columns:
    """Return what only some versions have."""
    found: dict[str, Column] = {}
    for prefix, field in (("metric", "metrics"), ("parameter", "parameters")):
        told = body.part(field)
        found |= {f"{prefix}.{name}": told.get(name) for name in told.names()}
    intervals = body.part("intervals")
    for name in intervals.names():
        found |= {f"{bound}.{name}": intervals.get(name).part(bound) for bound in ("low", "high")}
    return found


def _events(name: str, log: EventLog, wanted: Collection[str]) -> Columns:
    """Return what stands in `EVENT_COLUMNS`, in the order of the events."""
    kinds = [
        (kind, events) for table in log.tabled() for kind, events in table.kinds.items() if not wanted or kind in wanted
    ]
    told = [_event(name, log.name, kind, events) for kind, events in kinds]
    whole = {column: Column.joined([columns[column] for columns in told]) for column in EVENT_COLUMNS}
    numbers = whole["number"].values()
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    return {column: values.taken(order) for column, values in whole.items()}


def _event(name: str, log: str, kind: str, events: Column) -> Columns:
    """Return what the events of a kind say."""
    body, rows = events.part("body"), events.rows
    return {
        "id": events.part("number").mapped(lambda number: f"{log}/{number}"),
        "name": Column(rows, {"all": name}),
        "number": events.part("number"),
        "time": events.part("time"),
        "kind": Column(rows, {"all": kind}),
        "actor": events.part("actor"),
        "actor_kind": events.part("actor_kind"),
        "role": events.part("role"),
        "reason": events.part("reason"),
        "cause": events.part("cause"),
        "subject": events.part("subject"),
        "version": body.get(_VERSION.get(kind, "version")),
        "alias": body.get("alias"),
        "from": body.get("from"),
        "to": body.get("to"),
        "swapped": body.get("swap").mapped(lambda swap: swap["alias"] if swap else None),
        "rollback": body.get("rollback"),
        "policy": body.get("policy"),
        "verdict": body.get("verdict"),
        "report": body.get("report"),
        "report_kind": body.part("kind") if kind in _ATTACHED else Column(rows, {"all": None}),
    }
