"""One batch, as a statistic of a batch sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maturekit.errors import TableError
from maturekit.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Batch"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch with its counts, and with its rows if it came with them.

    Parameters
    ----------
    id : str
        Its id, such as its date.
    counts : Profile
        Counts over the bins of the reference.
    table : DataFrame, optional
        The rows; None when only the counts came.

    Examples
    --------
    >>> import pandas as pd
    >>> flights = pd.DataFrame({"delay": [0.0, 5.0, 5.0]})
    >>> batch = Batch("2013-05-01", Profile.of(flights), flights)
    >>> batch.rows, int(batch.frame["delay"].nunique())
    (3, 2)
    """

    id: str
    counts: Profile
    table: pd.DataFrame | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.counts.rows

    @property
    def frame(self) -> pd.DataFrame:
        """The rows; raises `TableError` when the batch came as a profile."""
        if self.table is None:
            raise TableError(
                f"batch {self.id!r} came as a profile, so its rows are not known",
                hint="pass the table itself, or use `batch.counts` and `batch.rows` only.",
            )
        return self.table
