"""Versions and events of many models as frames, to search and sort with pandas."""

from __future__ import annotations

import fnmatch
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import from_json

from maturekit.errors import (
    ArgumentTypeError,
    IntegrityError,
    MaturekitError,
    MaturekitWarning,
    ModelNotFoundError,
)
from maturekit.events import EventLog, StoredEvent
from maturekit.registry.checks import checked_list, checked_text
from maturekit.registry.columns import EVENT_COLUMNS, VERSION_COLUMNS, FreeValue, Row, frame_of
from maturekit.registry.moves import state_behind
from maturekit.registry.state import positions
from maturekit.registry.version import gaps_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Listed", "event_frame", "version_frame"]

_ATTACHED = {"report", "alarm"}
_VERSION = {"version": "number", "alias": "to", "refusal": "to"}
"""Where an event of a kind says which version it is about; elsewhere under `version`."""

_Reader = Callable[[str, list[StoredEvent]], list[tuple[Row, tuple[FreeValue, ...]]]]


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
    rows = _read_all(catalogue, names, _versions)
    return frame_of([row for row, _ in rows], VERSION_COLUMNS, [free for _, free in rows])


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

    def reader(name: str, history: list[StoredEvent]) -> list[tuple[Row, tuple[FreeValue, ...]]]:
        chosen = (stored for stored in history if not wanted or any(map(stored.is_a, wanted)))
        return [(_event(name, _facts(stored)), ()) for stored in chosen]

    return frame_of([row for row, _ in _read_all(catalogue, names, reader)], EVENT_COLUMNS)


def _read_all(catalogue: Listed, names: str, reader: _Reader) -> list[tuple[Row, tuple[FreeValue, ...]]]:
    """Return what is read from the history of every model whose name matches.

    A name without wildcards must be there and sound. Among many, what is damaged is left out with a warning.
    """
    if not isinstance(names, str):
        raise ArgumentTypeError(f"names is a pattern such as 'late-*', got {type(names).__name__}")
    if not set("*?[") & set(names):
        return _read(catalogue, names, reader)
    rows = []
    for name in catalogue.names():
        if not fnmatch.fnmatchcase(name, names):
            continue
        try:
            rows += _read(catalogue, name, reader)
        except ModelNotFoundError:
            continue  # its first version is being registered just now, or never got its event
        except MaturekitError as error:
            warnings.warn(f"{name!r} is left out: {error.message}", MaturekitWarning, stacklevel=4)
    return rows


def _read(catalogue: Listed, name: str, reader: _Reader) -> list[tuple[Row, tuple[FreeValue, ...]]]:
    catalogue.head(name)
    history = catalogue.log(name).stored()
    try:
        return reader(name, history)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            f"an event of {name!r} is malformed: {error!r}", hint="`verify()` lists every fault."
        ) from error


def _facts(stored: StoredEvent) -> dict[str, Any]:
    """Return what a sound event says, for a moment.

    To keep ten thousand of these, or to check them once more, would cost more than all the rest of a listing.
    """
    facts: dict[str, Any] = from_json(stored.data)
    return facts


def _versions(name: str, history: list[StoredEvent]) -> list[tuple[Row, tuple[FreeValue, ...]]]:
    counts, held = _counts(map(_facts, (stored for stored in history if not stored.is_a("version"))))
    aliases = defaultdict(list)
    moves = state_behind(stored.event for stored in history if stored.is_a("alias"))
    for alias, stand in sorted(positions(moves).items()):
        aliases[stand["to"]].append(alias)
    found = []
    for facts in map(_facts, (stored for stored in history if stored.is_a("version"))):
        number = facts["body"]["number"]
        row = (
            *_version(name, facts, tuple(aliases.get(number, ()))),
            *(counts[what][number] for what in ("reports", "failed", "alarms", "approvals")),
            held[number] > 0,
            counts["erasures"][number] > 0,
        )
        found.append((row, tuple(_free(facts["body"]))))
    return found


def _counts(events: Iterable[dict[str, Any]]) -> tuple[dict[str, Counter[int]], Counter[int]]:
    """Return, by what is counted, how often it happened to each version, and how often each is held."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    held: Counter[int] = Counter()
    for event in events:
        number, kind = event["body"].get("version"), event["kind"]
        if kind in _ATTACHED:
            counts["reports"][number] += 1
            counts["failed"][number] += event["body"]["verdict"] == "failed"
            counts["alarms"][number] += kind == "alarm"
        elif kind in {"approval", "erasure"}:
            counts[f"{kind}s"][number] += 1
        elif kind in {"hold", "release"}:
            held[number] += 1 if kind == "hold" else -1
    return counts, held


def _version(name: str, facts: dict[str, Any], aliases: tuple[str, ...]) -> Row:
    """Return what stands in `VERSION_COLUMNS` up to the digest, in their order."""
    body = facts["body"]
    number, model, origin, revision = body["number"], body["model"], body["origin"], body["revision"] or {}
    return (
        name,
        number,
        f"{name}:{number}",
        facts["time"],
        facts["actor"],
        facts["actor_kind"],
        aliases,
        tuple(body["tags"]),
        model["serializer"],
        sum(file["size"] for file in model["files"].values()),
        body["parent"],
        facts["cause"],
        f"{origin['registry']}/{origin['event']}" if origin else None,
        revision.get("commit"),
        revision.get("dirty"),
        body["fingerprint"],
        body["schema"],
        body["profile"],
        body["examples"],
        body["notes"],
        gaps_of(body, facts["actor"]),
        facts["subject"],
    )


def _free(body: dict[str, Any]) -> Iterator[FreeValue]:
    """Yield what only some versions have, with prefix and name."""
    yield from (("metric", name, value) for name, value in body["metrics"].items())
    for name, bounds in body["intervals"].items():
        yield "low", name, bounds["low"]
        yield "high", name, bounds["high"]
    yield from (("parameter", name, value) for name, value in body["parameters"].items())


def _event(name: str, facts: dict[str, Any]) -> Row:
    """Return what stands in `EVENT_COLUMNS`, in their order."""
    body, kind = facts["body"], facts["kind"]
    return (
        f"{facts['log']}/{facts['number']}",
        name,
        facts["number"],
        facts["time"],
        kind,
        facts["actor"],
        facts["actor_kind"],
        facts["role"],
        facts["reason"],
        facts["cause"],
        facts["subject"],
        body.get(_VERSION.get(kind, "version")),
        body.get("alias"),
        body.get("from"),
        body.get("to"),
        body["swap"]["alias"] if body.get("swap") else None,
        body.get("rollback"),
        body.get("policy"),
        body.get("verdict"),
        body.get("report"),
        body["kind"] if kind in _ATTACHED else None,
    )
