"""A mergeable summary of a table: a few kilobytes a column, no rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from maturekit._core import html
from maturekit._core.digest import digest_of
from maturekit._core.frames import Table, as_frame
from maturekit._core.seeds import RandomState
from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile import build, making, passes, stored
from maturekit.profile.category import CategoryColumn
from maturekit.profile.coarse import hidden
from maturekit.profile.numeric import NumericColumn
from maturekit.profile.pairs import PairSums
from maturekit.profile.text_view import TextView
from maturekit.profile.view import View
from maturekit.profile.views import checked, listed, widened
from maturekit.scan.chunks import ROWS, Source

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

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
    views : tuple of TextView
        Which of the columns are views of texts; later tables get them by themselves.

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
    views: tuple[TextView, ...] = ()
    _digest: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Freeze the mappings and check the number of rows."""
        object.__setattr__(self, "views", tuple(self.views))
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
        views: Iterable[View] = (),
        least_count: int = 1,
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
            A reference whose bins, values, pairs and text views are used. A column that the table lacks is then there
            with `rows == 0`; columns that the reference lacks are left out.
        batches : array of labels, one for each row, optional
            Also count each batch (a day, say) by itself, which tells how much batches differ naturally.
        classes : array of labels, one for each row, optional
            Also count each season class (a weekday, say) by itself.
        views : iterable of View, optional
            Columns computed from others, in addition to the length and pattern of texts (kind string) whose values do
            not say it all: those where over 5 % of the rows hold a value that is not kept by name.
        least_count : int, default 1
            No count from 1 to `least_count - 1` is kept: bins and rare values are merged until they hold so many rows,
            and what cannot be merged is unknown, as if there had been no table to count it in. The extremes of a column
            and its rare values are then not kept either.
        random_state : int, generator or None, default 0
            Draws the 4/5 of the rows, or of 10 and more batches, that dictionaries are learned from.

        Raises
        ------
        TableError
            A column cannot be read as its kind, or there is nothing to summarise.
        ProfileMismatchError
            The table has none of the columns of `like`.
        ArgumentError
            Labels do not fit the rows, a view has the name of a column, or `like` meets what only a new reference has.
        """
        making.check_given(Profile, like, schema, least_count)
        frame = as_frame(frame)
        views = checked(views, frame.columns, like=None if like is None else like.columns)
        labels = making.Labels(batches, classes)
        if like is not None:
            return making.counted(cls, frame, like, build.Roles(), labels=labels, views=views)
        frame = widened(frame, views)
        kinds = build.kinds_of(frame, schema, views=[view.name for view in views])
        learnt = build.split(len(frame), random_state, batches=batches)
        roles = build.Roles(learnt, ~learnt)
        made = making.learned(cls, frame, kinds, roles, labels=labels, views=views, least=least_count)
        return hidden(made, least_count)

    @classmethod
    def scan(
        cls,
        source: Source,
        *,
        schema: Schema | None = None,
        like: Profile | None = None,
        batches: str | None = None,
        classes: str | None = None,
        views: Iterable[View] = (),
        least_count: int = 1,
        rows: int = ROWS,
        n_jobs: int | None = None,
        random_state: RandomState = 0,
    ) -> Self:
        """Summarise a table that need not fit in memory, chunk by chunk.

        With `like`, one pass counts what `of` would count of the whole table: counts are equal, moments up to rounding.

        Without, a first pass keeps a random sample of 262,144 rows and chooses bins, dictionaries and pairs by it; a
        second one counts all rows, so that these counts are exact. What was learned from the sample is judged on the
        other rows. Shares of rows below an edge in the sample differ from those in the whole table by at most 0.0038, in
        each column with probability 0.999 (Dvoretzky, Kiefer and Wolfowitz 1956; Massart 1990); that moves where edges
        lie, not what is counted. A table of at most so many rows gives what `of` gives, in one pass. In memory are the
        sample and a few chunks for each worker.

        Parameters
        ----------
        source : table, path, function or iterable
            Whatever `maturekit.scan.chunks` reads, such as the path of a parquet file, or functions that each return a
            part of the table. Without `like` it must give the same rows twice.
        schema, like, views, least_count
            As in `of`. Views are computed by the workers.
        batches, classes : str, optional
            Names of the columns that hold the labels of each row. A new reference does not summarise these columns.
        rows : int, default 262144
            Size of the pieces that a table in memory is cut into.
        n_jobs : int, optional
            As in joblib; ``joblib.parallel_config("dask")`` around the call runs it on a Dask cluster. Where it runs
            never changes the result.
        random_state : int, generator or None, default 0
            Draws the sample. How the source is cut into chunks is part of the draw.

        Raises
        ------
        TableError, ProfileMismatchError, ArgumentError
            As in `of`; also for parts that do not fit one another, and a source that can be read only once.
        NotFoundError
            A column of labels is not there.

        Examples
        --------
        >>> import pandas as pd
        >>> months = [pd.DataFrame({"late": [0] * 60 + [1] * 40, "month": month}) for month in ("January", "February")]
        >>> reference = Profile.scan(months, batches="month")
        >>> reference
        Profile(200 rows, 1 columns, 2 batches)
        >>> Profile.scan((month for month in months), like=reference).columns["late"].counts.tolist()
        [120, 80]
        """
        making.check_given(Profile, like, schema, least_count)
        task = passes.Task(cls, schema, listed(views), batches, classes, least_count)
        if like is not None:
            return passes.counted(task, source, like, rows=rows, n_jobs=n_jobs)
        return passes.learned(task, source, rows=rows, n_jobs=n_jobs, random_state=random_state)

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
            self.views,
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
        if not self._digest:  # nothing in a profile ever changes
            object.__setattr__(self, "_digest", digest_of(self.to_json().encode()))
        return self._digest

    def to_frame(self) -> pd.DataFrame:
        """Return one row a column, with kind, rows, nulls, infinities, mean, sd, low, high, kept, rest and unseen."""
        names = "kind rows nulls infinities mean sd low high kept rest unseen".split()
        return pd.DataFrame(
            [_facts(column) for column in self.columns.values()], index=list(self.columns), columns=names
        )

    def __eq__(self, other: object) -> bool:
        """Equal in every count and number."""
        return self.digest == other.digest if isinstance(other, Profile) else NotImplemented

    def __hash__(self) -> int:
        """Hash of the digest."""
        return hash(self.digest)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the mappings as dicts, since a mapping proxy cannot be pickled."""
        return (
            type(self),
            (self.rows, dict(self.columns), self.pairs, dict(self.batches), dict(self.classes), self.views),
        )

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
    nulls = math.nan if "nulls" in column.unknown else column.nulls
    facts: dict[str, Any] = {"kind": column.kind, "rows": column.rows, "nulls": nulls}
    if isinstance(column, NumericColumn):
        mean = column.moments.mean if column.finite else math.nan
        infinities = math.nan if "infinities" in column.unknown else column.infinities
        facts |= {"infinities": infinities, "mean": mean, "sd": column.moments.sd}
        return facts | {"low": column.low, "high": column.high}
    return facts | {"kept": len(column.values), "rest": column.rest, "unseen": column.unseen}


def _shown(column: NumericColumn | CategoryColumn) -> list[str]:
    nulls = "-" if not column.rows or "nulls" in column.unknown else f"{column.nulls / column.rows:.2%}"
    if isinstance(column, NumericColumn):
        facts = _facts(column)
        return [nulls, *(f"{facts[name]:.4g}" for name in ("mean", "sd", "low", "high")), ""]
    frequent = [f"{value} {count / column.rows:.1%}" for value, count in zip(column.values, column.counts, strict=True)]
    return [nulls, "", "", "", "", ", ".join(frequent[:5])]
