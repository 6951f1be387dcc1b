"""A mergeable summary of a table: a few kilobytes a column, no rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from maturekit._core import html
from maturekit._core.digest import digest_of
from maturekit._core.frames import Table, as_frame
from maturekit._core.seeds import RandomState
from maturekit.errors import ArgumentError, ArgumentTypeError, ProfileMismatchError
from maturekit.profile import build, stored
from maturekit.profile.category import CategoryColumn
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.pairs import PairSums

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from maturekit.schema import Schema

__all__ = ["Profile"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Profile:
    """What a table looked like: counts, moments and dependence, never rows.

    A *reference* profile (`Profile.of(frame)`) chooses bins, frequent values and pairs of columns; profiles of later
    tables (`Profile.of(frame, like=reference)`) count over the same ones, so that profiles add: counts exactly,
    moments and sums up to rounding. Immutable, so safe to share between threads; pickles and travels as JSON.

    Parameters
    ----------
    rows : int
        Rows of the table.
    columns : mapping of str to NumericColumn or CategoryColumn
        One summary a column, in the table's order.
    pairs : PairSums, optional
        Dependence between numeric columns; None with fewer than two that vary.
    batches : mapping of str to Profile
        With `batches=`: the same counts for each batch, in order of first appearance. With `classes=` as well, each
        class holds its own: ``profile.classes["weekend"].batches``.
    classes : mapping of str to Profile
        With `classes=`: the same counts for each season class.

    Examples
    --------
    >>> import pandas as pd
    >>> january = pd.DataFrame({"late": [0] * 60 + [1] * 40, "origin": ["JFK", "EWR"] * 50})
    >>> reference = Profile.of(january)
    >>> reference
    Profile(100 rows, 2 columns)
    >>> reference.columns["late"].counts.tolist()
    [60, 40]
    >>> today = Profile.of(january.head(10), like=reference)
    >>> (reference + today).columns["late"].counts.tolist()
    [70, 40]
    >>> Profile.from_json(reference.to_json()) == reference
    True
    >>> reference.to_frame()[["kind", "nulls", "mean"]]
              kind  nulls  mean
    late       int      0   0.4
    origin  string      0   NaN

    Counts over different bins do not add:

    >>> reference + Profile.of(january.tail(30))
    Traceback (most recent call last):
    maturekit.errors.ProfileMismatchError: column 'late' was counted over different bins
    <BLANKLINE>
    Hint: count both with the same reference: `Profile.of(frame, like=reference)`.
    """

    rows: int
    columns: Mapping[str, NumericColumn | CategoryColumn]
    pairs: PairSums | None = None
    batches: Mapping[str, Profile] = field(default_factory=dict)
    classes: Mapping[str, Profile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings and check the number of rows."""
        for name in ("columns", "batches", "classes"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        most = max((column.rows for column in self.columns.values()), default=0)
        if self.rows < most:
            raise ArgumentError(f"a profile of {self.rows} rows cannot have a column of {most}")

    @classmethod
    def of(
        cls,
        frame: Table,
        *,
        schema: Schema | None = None,
        like: Profile | None = None,
        batches: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Summarise a table.

        Parameters
        ----------
        frame : table
            A pandas DataFrame, a polars or a pyarrow table.
        schema : Schema, optional
            Says which columns to summarise (not keys, not those tagged as personal) and of which kind they are. Without
            one, all columns by their dtypes.
        like : Profile, optional
            A reference whose bins, values and pairs are used. A column that the table lacks is then there with
            `rows == 0`; columns that the reference lacks are left out.
        batches : array of labels, one for each row, optional
            Also count each batch (a day, say) by itself, which tells how much batches differ naturally.
        classes : array of labels, one for each row, optional
            Also count each season class (a weekday, say) by itself.
        random_state : int, generator or None, default 0
            Draws the 4/5 of the rows that dictionaries are learned from.

        Raises
        ------
        TableError
            A column cannot be read as its kind, or there is nothing to summarise.
        ProfileMismatchError
            The table has none of the columns of `like`.
        ArgumentError
            Labels do not fit the rows, or both `schema` and `like` are given.
        """
        frame = as_frame(frame)
        learnt = None
        if like is None:
            learnt = build.split(len(frame), random_state)
            whole = cls(len(frame), *build.learn(frame, build.kinds_of(frame, schema), learnt))
        elif not isinstance(like, Profile):
            raise ArgumentTypeError(f"like must be a Profile, got {type(like).__name__}")
        elif schema is not None:
            raise ArgumentError(
                "schema and like exclude each other", hint="`like` already says what to count, and how."
            )
        else:
            whole = cls._counted(frame, like, None)
        if batches is None and classes is None:
            return whole
        frame = frame[[name for name in whole.columns if name in frame.columns]]
        days = {} if batches is None else build.parts(batches, len(frame), what="batches")
        if classes is None:
            return replace(whole, batches=cls._each(frame, whole, learnt, days))
        seasons = build.parts(classes, len(frame), what="classes")
        parts = cls._each(frame, whole, learnt, seasons)
        for label, rows in seasons.items():
            inside = {day: shared for day, those in days.items() if len(shared := np.intersect1d(those, rows))}
            parts[label] = replace(parts[label], batches=cls._each(frame, whole, learnt, inside))
        return replace(whole, classes=parts)

    @classmethod
    def _counted(cls, frame: pd.DataFrame, like: Profile, learnt: NDArray[np.bool_] | None) -> Self:
        names = like.pairs.names if like.pairs else ()
        return cls(len(frame), *build.count(frame, like.columns, names, learnt=learnt))

    @classmethod
    def _each(
        cls, frame: pd.DataFrame, whole: Profile, learnt: NDArray[np.bool_] | None, rows: Mapping[str, NDArray[np.intp]]
    ) -> dict[str, Profile]:
        return {
            label: cls._counted(frame.take(those), whole, None if learnt is None else learnt[those])
            for label, those in rows.items()
        }

    def __add__(self, other: Self) -> Self:
        """Merge the profiles of two parts; batches and classes of the same label are merged as well.

        Raises `ProfileMismatchError` unless both have the same columns, bins, dictionaries and pairs.
        """
        if not isinstance(other, Profile):
            return NotImplemented
        apart = self.columns.keys() ^ other.columns.keys()
        if apart or (self.pairs is None) != (other.pairs is None):
            raise ProfileMismatchError(
                f"two profiles hold different {f'columns, such as {min(apart)!r}' if apart else 'pairs of columns'}",
                hint="count both with the same reference: `Profile.of(frame, like=reference)`.",
            )
        return type(self)(
            self.rows + other.rows,
            {name: column + other.columns[name] for name, column in self.columns.items()},  # type: ignore[operator]  # the other side refuses another kind of column
            self.pairs + other.pairs if self.pairs and other.pairs else None,
            _joined(self.batches, other.batches),
            _joined(self.classes, other.classes),
        )

    def to_json(self) -> str:
        """Return canonical JSON; no row of the table is in it."""
        return stored.write(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read back what `to_json` wrote; raise `FormatError` for anything else or newer."""
        return stored.read(cls, text)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_of(self.to_json().encode())

    def to_frame(self) -> pd.DataFrame:
        """Return one row a column, with kind, rows, nulls, infinities, mean, sd, low, high, kept, rest and unseen."""
        names = "kind rows nulls infinities mean sd low high kept rest unseen".split()
        return pd.DataFrame(
            [_facts(column) for column in self.columns.values()], index=list(self.columns), columns=names
        )

    def __eq__(self, other: object) -> bool:
        """Equal in every count and number."""
        return self.to_json() == other.to_json() if isinstance(other, Profile) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the canonical JSON."""
        return hash(self.to_json())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the mappings as dicts, since a mapping proxy cannot be pickled."""
        return (type(self), (self.rows, dict(self.columns), self.pairs, dict(self.batches), dict(self.classes)))

    def __repr__(self) -> str:
        """Return the sizes."""
        parts = {"rows": self.rows, "columns": len(self.columns), "pairs": len(self.pairs.names) if self.pairs else 0}
        parts |= {"batches": len(self.batches), "classes": len(self.classes)}
        return f"Profile({', '.join(f'{size:,} {what}' for what, size in parts.items() if size or what == 'rows')})"

    def _repr_html_(self) -> str:
        """Return a table of the columns for a notebook."""
        head = ["column", "kind", "nulls", "mean", "sd", "low", "high", "frequent values"]
        rows = [[name, column.kind, *_shown(column)] for name, column in self.columns.items()]
        return f'<div lang="en" class="maturekit-profile">{html.table(head, rows, caption=repr(self))}</div>'


def _joined(left: Mapping[str, Profile], right: Mapping[str, Profile]) -> dict[str, Profile]:
    joined = dict(left)
    for label, part in right.items():
        joined[label] = joined[label] + part if label in joined else part
    return joined


def _facts(column: NumericColumn | CategoryColumn) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": column.kind, "rows": column.rows, "nulls": column.nulls}
    if isinstance(column, NumericColumn):
        mean = column.moments.mean if column.finite else math.nan
        facts |= {"infinities": column.infinities, "mean": mean, "sd": column.moments.sd}
        return facts | {"low": column.low, "high": column.high}
    return facts | {"kept": len(column.values), "rest": column.rest, "unseen": column.unseen}


def _shown(column: NumericColumn | CategoryColumn) -> list[str]:
    nulls = f"{column.nulls / column.rows:.2%}" if column.rows else "-"
    if isinstance(column, NumericColumn):
        facts = _facts(column)
        return [nulls, *(f"{facts[name]:.4g}" for name in ("mean", "sd", "low", "high")), ""]
    frequent = [f"{value} {count / column.rows:.1%}" for value, count in zip(column.values, column.counts, strict=True)]
    return [nulls, "", "", "", "", ", ".join(frequent[:5])]
