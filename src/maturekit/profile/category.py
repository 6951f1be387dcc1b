"""The summary of one column of categories."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile._arrays import frozen
from maturekit.profile.dictionary import Dictionary
from maturekit.profile.values import truths, values

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["CategoryColumn"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CategoryColumn:
    """Counts of the frequent values of one column, and of everything else (kinds bool, category, string).

    `dictionary` is fixed once, by a random 4/5 of the reference; everything else is counted and adds. `counts`, `rest`
    and `nulls` add up to `rows`. What the dictionary decides (is a value kept? was it ever seen?) must not be judged
    on the rows it was learned from, so `checked`, `checked_rest` and `unseen` count only the other 1/5 of a
    reference, and all rows of a later table. A column that the table did not have has `rows == 0`.

    Parameters
    ----------
    name, kind : str
        Name of the column, and what its values are.
    dictionary : Dictionary
        The values kept by name, and hashes of all values seen.
    rows, nulls : int
        All rows; those without a value.
    counts : array of int64, one for each of `values`
        Rows with each kept value.
    rest : int
        Rows with any other value, seen before or not.
    checked : int
        Rows with a value that the dictionary was not learned from: what the next two are counts of.
    checked_rest : int
        Those whose value is not kept.
    unseen : int
        Those whose value the dictionary has never seen.
    unknown : frozenset of str
        ``{"nulls"}`` where `least_count` hides how many there were; their rows are then not among `rows`.

    Examples
    --------
    >>> import pandas as pd
    >>> flights = pd.Series(["EWR"] * 6 + ["JFK"] * 3 + ["HPN"], name="origin")
    >>> learnt = np.array([True] * 8 + [False] * 2)
    >>> reference = CategoryColumn.of(flights, kind="category", learnt=learnt)
    >>> reference
    CategoryColumn('origin' category: 10 rows, 0 null, 2 kept)
    >>> dict(zip(reference.values, reference.counts.tolist())), reference.rest
    ({'EWR': 6, 'JFK': 3}, 1)
    >>> reference.checked, reference.checked_rest, reference.unseen
    (2, 1, 1)
    >>> today = reference.count(pd.Series(["EWR", "LGA", None], name="origin"))
    >>> today.counts.tolist(), today.rest, today.nulls, today.unseen
    ([1, 0], 1, 1, 1)
    >>> (reference + today).cells.tolist()
    [7, 3, 2]
    """

    name: str
    kind: str
    dictionary: Dictionary
    rows: int
    nulls: int
    counts: NDArray[np.int64]
    rest: int
    checked: int
    checked_rest: int
    unseen: int
    unknown: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Freeze the counts and check that they add up."""
        object.__setattr__(self, "counts", frozen(self.counts, np.int64))
        if len(self.counts) != len(self.values):
            raise ArgumentError(
                f"column {self.name!r} has {len(self.counts)} counts for {len(self.values)} kept values"
            )
        if int(self.counts.sum()) + self.rest + self.nulls != self.rows:
            raise ArgumentError(f"column {self.name!r} has counts that do not add up to its {self.rows} rows")
        if min(self.nulls, self.rest, *self.counts, self.checked, self.checked_rest, self.unseen) < 0:
            raise ArgumentError(f"column {self.name!r} has a negative count")

    @classmethod
    def of(cls, series: pd.Series[Any], *, kind: str, learnt: NDArray[np.bool_], least: int = 1) -> Self:
        """Learn the dictionary of a column from the rows where `learnt` is true, and count all rows.

        Values of fewer than `least` of these rows are neither kept nor known, and the last ones kept are left to a rest
        that would otherwise be of fewer rows.
        """
        column = cls._counted(series, str(series.name), kind, None, learnt, least=least)
        while 0 < column.rest < least and len(column.values) > 1:
            known = dataclasses.replace(column.dictionary, values=column.values[:-1])
            column = cls._counted(series, column.name, kind, known, learnt)
        return column

    def count(self, series: pd.Series[Any], *, learnt: NDArray[np.bool_] | None = None) -> Self:
        """Count the same column of another table; `learnt` marks the rows that the dictionary was learned from."""
        return self._counted(series, self.name, self.kind, self.dictionary, learnt)

    @classmethod
    def _counted(
        cls,
        series: pd.Series[Any],
        name: str,
        kind: str,
        dictionary: Dictionary | None,
        learnt: NDArray[np.bool_] | None,
        *,
        least: int = 1,
    ) -> Self:
        codes, texts = values(truths(series) if kind == "bool" else series)
        totals = np.bincount(codes + 1, minlength=len(texts) + 1)[1:]  # -1 is null
        checks = totals if learnt is None else np.bincount(codes[~learnt] + 1, minlength=len(texts) + 1)[1:]
        dictionary = Dictionary.learn(texts, totals - checks, least=least) if dictionary is None else dictionary
        slot = {text: number for number, text in enumerate(dictionary.values)}
        slots = np.array([slot.get(text, len(slot)) for text in texts], dtype=np.int64)
        counts = np.zeros(len(slot) + 1, dtype=np.int64)
        np.add.at(counts, slots, totals)
        return cls(
            name=name,
            kind=kind,
            dictionary=dictionary,
            rows=len(codes),
            nulls=len(codes) - int(totals.sum()),
            counts=counts[:-1],
            rest=int(counts[-1]),
            checked=int(checks.sum()),
            checked_rest=int(checks[slots == len(slot)].sum()),
            unseen=int(checks[~dictionary.knows(texts)].sum()),
        )

    def emptied(self) -> Self:
        """Return the summary of no rows over the same dictionary."""
        none = np.zeros(len(self.counts), dtype=np.int64)
        return type(self)(self.name, self.kind, self.dictionary, 0, 0, none, 0, 0, 0, 0)

    def hidden(self, least: int) -> Self:
        """Return the summary without any count of 1 to `least - 1`.

        Too few nulls are unknown; what was checked is left out as a whole if a part of it is too small; and nothing is
        left of the column if that holds of a kept value or of the rest, without which the others' shares are not known.
        """
        small = range(1, least)
        if any(count in small for count in [*self.cells.tolist(), self.rows]):
            return self.emptied()
        nulls = 0 if self.nulls in small else self.nulls
        checked = (self.checked, self.checked_rest, self.unseen, self.checked - self.checked_rest)
        checked = (0, 0, 0, 0) if any(count in small for count in checked) else checked
        return dataclasses.replace(
            self,
            rows=self.rows - (self.nulls - nulls),
            nulls=nulls,
            checked=checked[0],
            checked_rest=checked[1],
            unseen=checked[2],
            unknown=self.unknown if nulls == self.nulls else frozenset({"nulls"}),
        )

    @property
    def values(self) -> tuple[str, ...]:
        """The values kept by name, most frequent first; numbers and booleans are spelled as text."""
        return self.dictionary.values  # our own, no DataFrame's

    @property
    def cells(self) -> NDArray[np.int64]:
        """Rows with each kept value, then the rest."""
        return np.append(self.counts, self.rest)

    def __add__(self, other: Self) -> Self:
        """Merge the summaries of two parts; raise `ProfileMismatchError` unless their dictionaries are equal."""
        if not isinstance(other, CategoryColumn) or (self.name, self.kind) != (other.name, other.kind):
            raise ProfileMismatchError(f"{self!r} and {other!r} are not the same column")
        if self.dictionary != other.dictionary:
            raise ProfileMismatchError(
                f"column {self.name!r} was counted over different values",
                hint="count both with the same reference: `Profile.of(frame, like=reference)`.",
            )
        unknown = self.unknown | other.unknown
        nulls = 0 if "nulls" in unknown else self.nulls + other.nulls
        return dataclasses.replace(
            self,
            rows=self.rows - self.nulls + other.rows - other.nulls + nulls,
            nulls=nulls,
            counts=self.counts + other.counts,
            rest=self.rest + other.rest,
            checked=self.checked + other.checked,
            checked_rest=self.checked_rest + other.checked_rest,
            unseen=self.unseen + other.unseen,
            unknown=unknown,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was counted as JSON-ready data; name, kind and dictionary are stored once, by the profile."""
        return {
            "rows": self.rows,
            "nulls": None if "nulls" in self.unknown else self.nulls,
            "counts": self.counts.tolist(),
            "rest": self.rest,
            "checked": [self.checked, self.checked_rest, self.unseen],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str, kind: str, dictionary: Dictionary) -> Self:
        """Read back what `to_dict` wrote."""
        rows, nulls, rest = (
            int(count) for count in (data["rows"], 0 if data["nulls"] is None else data["nulls"], data["rest"])
        )
        unknown = frozenset({"nulls"} if data["nulls"] is None else ())
        checked, checked_rest, unseen = map(int, data["checked"])
        counts = np.array(data["counts"], dtype=np.int64)
        return cls(name, kind, dictionary, rows, nulls, counts, rest, checked, checked_rest, unseen, unknown)

    def __repr__(self) -> str:
        """Return name, kind and sizes."""
        return (
            f"CategoryColumn({self.name!r} {self.kind}: {self.rows:,} rows, {self.nulls:,} null, "
            f"{len(self.counts)} kept)"
        )
