"""Which views a profile has, how they stand in its JSON, and how they become columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, NotFoundError, ProfileMismatchError
from maturekit.profile.category import CategoryColumn
from maturekit.profile.length import Length
from maturekit.profile.pattern import Pattern
from maturekit.profile.text_view import TextView
from maturekit.profile.values import values
from maturekit.profile.view import View

if TYPE_CHECKING:
    from maturekit.profile.numeric import NumericColumn

__all__ = ["BUILT_IN", "checked", "kept", "listed", "read", "widened", "worth_reading", "write"]

BUILT_IN: Final[Mapping[str, type[TextView]]] = {view.word: view for view in (Length, Pattern)}
"""The views that a stored profile knows by name."""

_WORTH = 0.05


def checked(
    views: Iterable[View], columns: Collection[str], *, like: Collection[str] | None = None
) -> tuple[View, ...]:
    """Return views after a look at their names: new among the columns of a table, and known to a reference.

    Without a reference, the table must have all columns that they read.
    """
    taken = set(columns)
    for view in (views := listed(views)):
        if not isinstance(view.name, str) or not view.name:
            raise ArgumentTypeError(f"a view needs a name that is a text, got {view.name!r}")
        if view.name in taken:
            raise ArgumentError(
                f"a view is called {view.name!r}, and so is a column or another view", hint="give it a name of its own."
            )
        if isinstance(view.columns, str):
            raise ArgumentTypeError(
                f"the columns of the view {view.name!r} must be a tuple, got {view.columns!r}",
                hint=f"write `columns = ({view.columns!r},)`.",
            )
        taken.add(view.name)
        for name in view.columns if like is None else ():
            if name not in columns:
                raise NotFoundError.named(f"column for the view {view.name!r}", name, known=columns)
        if like is not None and view.name not in like:
            raise ProfileMismatchError(
                f"the profile has no column {view.name!r}, which the view would fill",
                hint="make the reference with the same views: `Profile.of(frame, views=[...])`.",
            )
    return views


def listed(views: Iterable[View]) -> tuple[View, ...]:
    """Return views as a tuple; raise `ArgumentTypeError` for anything else."""
    several = tuple(views) if isinstance(views, Iterable) else ()
    strange = [view for view in several if not isinstance(view, View)] if isinstance(views, Iterable) else [views]
    if strange:
        raise ArgumentTypeError(
            f"views must be a list of instances of View, got {strange[0]!r}", hint="write `views=[MyView()]`."
        )
    return several


def worth_reading(columns: Mapping[str, NumericColumn | CategoryColumn]) -> list[View]:
    """Return the views that texts get by themselves: where their values do not say it all.

    If nearly all rows hold one of the kept values, length and pattern are known from these, and any other text is
    noticed as the rest or as unseen.
    """
    return [
        view(name)
        for name, column in columns.items()
        if isinstance(column, CategoryColumn) and column.kind == "string"
        if column.rest > _WORTH * (column.rows - column.nulls)
        for view in BUILT_IN.values()
        if view(name).name not in columns
    ]


def widened(frame: pd.DataFrame, views: Sequence[View]) -> pd.DataFrame:
    """Return a table with a column for each view whose columns it has; a column of that name gives way.

    Texts that are viewed come back as categories: then nobody has to look for the distinct ones again.
    """
    views = [view for view in views if view.applies_to(frame)]
    if not views:
        return frame
    made = {view.column: _coded(frame[view.column]) for view in views if isinstance(view, TextView)}
    texts = pd.DataFrame(dict(made), copy=False)
    made |= {view.name: view.of(texts if isinstance(view, TextView) else frame) for view in views}
    columns = pd.DataFrame({name: series.array for name, series in made.items()}, index=frame.index, copy=False)
    return pd.concat([frame.drop(columns=[name for name in made if name in frame.columns]), columns], axis=1)


def _coded(series: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.reset_index(drop=True)
    codes, texts = values(series)
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype=object)))


def kept(views: Iterable[View]) -> tuple[TextView, ...]:
    """Return those that can stand in a stored profile; others are passed again each time."""
    return tuple(view for view in views if isinstance(view, TextView) and BUILT_IN.get(view.word) is type(view))


def write(view: TextView) -> list[str]:
    """Return a built-in view as JSON-ready data."""
    return [view.word, view.column]


def read(data: Sequence[str]) -> TextView:
    """Read back what `write` wrote."""
    word, column = data
    if word not in BUILT_IN:
        raise FormatError(f"a stored profile has a view {word!r} that this maturekit does not know")
    return BUILT_IN[word](column)
