"""The summary of one column of numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit.errors import ArgumentError, ProfileMismatchError
from maturekit.profile._arrays import frozen
from maturekit.profile.bins import Bins
from maturekit.profile.moments import Moments
from maturekit.profile.values import numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["NumericColumn"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NumericColumn:
    """Counts and moments of one column of numbers (kinds float, int, datetime, timedelta).

    `bins` is fixed once, by the reference; everything else is counted and adds. Datetimes are seconds since 1970 in
    UTC and timedeltas are seconds; a datetime naturally leaves the reference's range. A column that the table did not
    have has `rows == 0`.

    Parameters
    ----------
    name, kind : str
        Name of the column, and what its values are.
    bins : Bins
        The reference's edges and what belongs to them.
    rows, nulls, infinities : int
        All rows; those without a value; those with an infinite one. All others are finite.
    counts : array of int64, one for each bin
        Finite rows in each bin; the first and the last bin are open-ended.
    below, above : int
        Finite rows outside the reference's range `bins.low` to `bins.high`; they are in the outer bins as well.
    moments : Moments
        Of the finite values.
    unknown : frozenset of str
        ``"nulls"`` or ``"infinities"`` where `least_count` hides how many there were; their rows are then not among
        `rows`.

    Examples
    --------
    >>> import pandas as pd
    >>> reference = NumericColumn.of(pd.Series([0, 0, 0, 1, None], name="late"), kind="int")
    >>> reference
    NumericColumn('late' int: 5 rows, 1 null, 2 bins)
    >>> reference.edges.tolist(), reference.counts.tolist(), reference.ranks.tolist()
    ([1.0], [3, 1], [0.375, 0.875])
    >>> today = reference.count(pd.Series([1, 1, 7], name="late"))
    >>> today.counts.tolist(), today.above
    ([0, 3], 1)
    >>> (reference + today).counts.tolist()
    [3, 4]
    """

    name: str
    kind: str
    bins: Bins
    rows: int
    nulls: int
    infinities: int
    counts: NDArray[np.int64]
    below: int
    above: int
    moments: Moments
    unknown: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Freeze the counts and check that they add up."""
        object.__setattr__(self, "counts", frozen(self.counts, np.int64))
        if len(self.counts) != len(self.bins.ranks):
            raise ArgumentError(f"column {self.name!r} has {len(self.counts)} counts for {len(self.bins.ranks)} bins")
        if int(self.counts.sum()) != self.finite or self.moments.n != self.finite:
            raise ArgumentError(f"column {self.name!r} has counts that do not add up to its {self.finite} finite rows")
        if min(self.nulls, self.infinities, int(self.counts.min()), self.below, self.above) < 0:
            raise ArgumentError(f"column {self.name!r} has a negative count")

    @classmethod
    def of(cls, series: pd.Series[Any], *, kind: str) -> Self:
        """Choose bins for a column, and count it."""
        return cls._counted(series, str(series.name), kind, None)

    def count(self, series: pd.Series[Any]) -> Self:
        """Count the same column of another table over the same bins."""
        return self._counted(series, self.name, self.kind, self.bins)

    @classmethod
    def _counted(cls, series: pd.Series[Any], name: str, kind: str, bins: Bins | None) -> Self:
        values = numbers(series, kind)
        rows, nulls, finite = len(values), 0, np.isfinite(values)
        if not finite.all():
            nulls = int(np.count_nonzero(np.isnan(values)))
            values = values[finite]
        bins, counts = Bins.learn(values) if bins is None else (bins, bins.count(values))
        below, above = bins.outside(values)
        return cls(
            name=name,
            kind=kind,
            bins=bins,
            rows=rows,
            nulls=nulls,
            infinities=rows - nulls - len(values),
            counts=counts,
            below=below,
            above=above,
            moments=Moments.of(values),
        )

    def emptied(self) -> Self:
        """Return the summary of no rows over the same bins."""
        none = np.zeros(len(self.counts), dtype=np.int64)
        return type(self)(self.name, self.kind, self.bins, 0, 0, 0, none, 0, 0, Moments())

    @property
    def edges(self) -> NDArray[np.float64]:
        """Inner edges of the bins, ascending."""
        return self.bins.edges

    @property
    def ranks(self) -> NDArray[np.float64]:
        """Mid-rank of each bin in the reference, 0 to 1, one for each count."""
        return self.bins.ranks

    @property
    def atoms(self) -> NDArray[np.float64]:
        """Values that hold over a fifth of the reference's finite rows, ascending."""
        return self.bins.atoms

    @property
    def atom_counts(self) -> NDArray[np.int64]:
        """Rows in the bin of each atom, without those outside the reference's range."""
        inside = self.cells[1:-1]
        return inside.take(self.bins.where(self.bins.atoms))

    @property
    def low(self) -> float:
        """Least finite value of the reference; NaN when it had none."""
        return self.bins.low

    @property
    def high(self) -> float:
        """Greatest finite value of the reference; NaN when it had none."""
        return self.bins.high

    @property
    def finite(self) -> int:
        """Rows with a finite value."""
        return self.rows - self.nulls - self.infinities

    @property
    def cells(self) -> NDArray[np.int64]:
        """Finite rows in an ordered partition: below the reference's range, each bin within it, above it."""
        cells = np.concatenate(([self.below], self.counts, [self.above]))
        cells[1] -= self.below
        cells[-2] -= self.above
        return cells

    @property
    def positions(self) -> NDArray[np.float64]:
        """Where each cell lies, in the column's unit: the range's ends, and the bins' centres between them."""
        return np.concatenate(([self.low], self.bins.centres, [self.high]))

    def __add__(self, other: Self) -> Self:
        """Merge the summaries of two parts; raise `ProfileMismatchError` unless their bins are equal."""
        if not isinstance(other, NumericColumn) or (self.name, self.kind) != (other.name, other.kind):
            raise ProfileMismatchError(f"{self!r} and {other!r} are not the same column")
        if self.bins != other.bins:
            raise ProfileMismatchError(
                f"column {self.name!r} was counted over different bins",
                hint="count both with the same reference: `Profile.of(frame, like=reference)`.",
            )
        unknown = self.unknown | other.unknown
        nulls = 0 if "nulls" in unknown else self.nulls + other.nulls
        infinities = 0 if "infinities" in unknown else self.infinities + other.infinities
        return dataclasses.replace(
            self,
            rows=self.finite + other.finite + nulls + infinities,
            nulls=nulls,
            infinities=infinities,
            counts=self.counts + other.counts,
            below=self.below + other.below,
            above=self.above + other.above,
            moments=self.moments + other.moments,
            unknown=unknown,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was counted as JSON-ready data; name, kind and bins are stored once, by the profile."""
        return {
            "rows": self.rows,
            "nulls": None if "nulls" in self.unknown else self.nulls,
            "infinities": None if "infinities" in self.unknown else self.infinities,
            "counts": self.counts.tolist(),
            "outside": [self.below, self.above],
            "moments": self.moments.to_list(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str, kind: str, bins: Bins) -> Self:
        """Read back what `to_dict` wrote."""
        below, above = data["outside"]
        moments = Moments.from_list(data["moments"])
        unknown = frozenset(key for key in ("nulls", "infinities") if data[key] is None)
        rows, nulls, infinities = (0 if key in unknown else int(data[key]) for key in ("rows", "nulls", "infinities"))
        counts = np.array(data["counts"], dtype=np.int64)
        return cls(name, kind, bins, rows, nulls, infinities, counts, int(below), int(above), moments, unknown)

    def __repr__(self) -> str:
        """Return name, kind and sizes."""
        return f"NumericColumn({self.name!r} {self.kind}: {self.rows:,} rows, {self.nulls:,} null, {len(self.counts)} bins)"
