"""From a table in memory to a profile: what is learned from it, and what is counted over another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.profile import build
from maturekit.profile.values import kind_of
from maturekit.profile.views import kept, widened, worth_reading

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from maturekit.profile.profile import Profile
    from maturekit.profile.view import View
    from maturekit.schema import Schema

__all__ = ["Labels", "check_given", "counted", "learned"]

P = TypeVar("P", bound="Profile")


@dataclass(frozen=True, slots=True)
class Labels:
    """To which batch and to which season class each row of a table belongs; None where nobody asks."""

    batches: ArrayLike | None = None
    classes: ArrayLike | None = None


def check_given(kind: type[P], like: object, schema: Schema | None, least: object) -> None:
    """Refuse what does not go together: a reference that is there says what to count, and how."""
    if isinstance(least, bool) or not isinstance(least, (int, np.integer)) or least < 1:
        raise ArgumentError(f"least_count must be a whole number from 1, got {least!r}")
    if like is None:
        return
    if not isinstance(like, kind):
        raise ArgumentTypeError(f"like must be a Profile, got {type(like).__name__}")
    if schema is not None:
        raise ArgumentError("schema and like exclude each other", hint="`like` already says what to count, and how.")
    if least > 1:
        raise ArgumentError(
            "least_count and like exclude each other",
            hint="small counts are merged where bins and values are chosen, which `like` has done.",
        )


def learned(
    kind: type[P],
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    roles: build.Roles,
    *,
    labels: Labels,
    views: Iterable[View],
    least: int,
) -> P:
    """Choose everything from a table that has the columns of the given views, and count it; small counts still stand."""
    columns = dict(build.learn(frame, kinds, roles, least=least))
    texts = worth_reading(columns)
    frame = widened(frame, texts)
    columns |= build.learn(frame, {view.name: kind_of(frame[view.name]) for view in texts}, roles, least=least)
    pairs = build.sums(frame, columns, build.pairs_of(frame, columns, roles), roles)
    whole = kind(len(frame), columns, pairs, views=(*kept(views), *kept(texts)))
    return _parted(frame, whole, roles, labels)


def counted(
    kind: type[P],
    frame: pd.DataFrame,
    like: Profile,
    roles: build.Roles,
    *,
    labels: Labels,
    views: Iterable[View],
) -> P:
    """Count a table over what a reference has chosen."""
    frame = widened(widened(frame, tuple(views)), like.views)  # a view may give texts, which are viewed in turn
    return _parted(frame, _over(kind, frame, like, roles), roles, labels)


def _over(kind: type[P], frame: pd.DataFrame, like: Profile, roles: build.Roles) -> P:
    columns = build.count(frame, like.columns, roles)
    pairs = build.sums(frame, columns, like.pairs.names if like.pairs else (), roles)
    return kind(len(frame), columns, pairs, views=like.views)


def _parted(frame: pd.DataFrame, whole: P, roles: build.Roles, labels: Labels) -> P:
    """Return the counts of a table with those of its batches and classes, each in order of first appearance."""
    if labels.batches is None and labels.classes is None:
        return whole
    frame = frame[[name for name in whole.columns if name in frame.columns]]
    days = {} if labels.batches is None else build.parts(labels.batches, len(frame), what="batches")
    if labels.classes is None:
        return replace(whole, batches=_each(frame, whole, roles, days))
    seasons = build.parts(labels.classes, len(frame), what="classes")
    parts = _each(frame, whole, roles, seasons)
    for label, rows in seasons.items():
        shared = {day: np.intersect1d(those, rows) for day, those in days.items()}
        inside = sorted(((day, those) for day, those in shared.items() if len(those)), key=lambda part: int(part[1][0]))
        parts[label] = replace(parts[label], batches=_each(frame, whole, roles, dict(inside)))
    return replace(whole, classes=parts)


def _each(frame: pd.DataFrame, whole: P, roles: build.Roles, rows: Mapping[str, NDArray[Any]]) -> dict[str, Profile]:
    return {label: _over(type(whole), frame.take(those), whole, roles.take(those)) for label, those in rows.items()}
