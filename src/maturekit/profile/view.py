"""A column that is computed from others, row by row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self, final

import pandas as pd

from maturekit._core.frames import Table, as_frame
from maturekit.errors import NotFoundError, TableError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["View"]


class View(ABC):
    """A column computed from others, so that whatever can be said of a row can be profiled and watched.

    The value of a row depends on that row alone: then chunks of a table give what the whole table gives. Nulls are
    None or NaN, as in any column; the kind of the column (numbers, categories, times) is that of its values.

    Write a view by defining `name`, `columns` and `_values`:

    >>> class TooLate(View):
    ...     name, columns = "too late", ("delay", "limit")
    ...     def _values(self, frame):
    ...         return frame["delay"] > frame["limit"]

    >>> flights = pd.DataFrame({"delay": [5, 40, 9], "limit": [15, 15, 5]})
    >>> TooLate().of(flights).tolist()
    [False, True, True]
    >>> from maturekit.profile import Profile
    >>> Profile.of(flights, views=[TooLate()]).columns["too late"].cells.tolist()
    [2, 1]
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the column that is made."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that are read; a table that lacks one of them does not have this view either."""

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield instances for the contract suite."""
        yield cls()

    @abstractmethod
    def _values(self, frame: pd.DataFrame) -> ArrayLike | pd.Series[Any]:
        """Return one value for each row of a frame, which has the named columns only, and rows numbered from 0."""

    @final
    def applies_to(self, frame: pd.DataFrame) -> bool:
        """Return whether a table has all columns that are read."""
        return all(name in frame.columns for name in self.columns)

    @final
    def of(self, frame: Table) -> pd.Series[Any]:
        """Return the column, one value for each row of a table, rows numbered from 0.

        Raises
        ------
        NotFoundError
            The table lacks a column that is read.
        TableError
            The view did not give one value for each row, in the order of the rows.
        """
        frame = as_frame(frame)
        for name in self.columns:
            if name not in frame.columns:
                raise NotFoundError.named(f"column for the view {self.name!r}", name, known=frame.columns)
        rows = pd.RangeIndex(len(frame))
        made = self._values(frame[list(self.columns)].set_axis(rows, axis=0))
        if isinstance(made, pd.Series) and not made.index.equals(rows):
            raise TableError(
                f"the view {self.name!r} gave {len(made)} values for {len(rows)} rows, or in another order",
                hint="give one value for each row of the frame, with the index of the frame.",
            )
        try:
            series = pd.Series(made, name=self.name)
        except ValueError as error:
            raise TableError(f"the view {self.name!r} gave no column: {error}") from error
        if len(series) != len(rows):
            raise TableError(
                f"the view {self.name!r} gave {len(series)} values for {len(rows)} rows",
                hint="give one value for each row of the frame.",
            )
        return series
