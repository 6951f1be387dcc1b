"""Numbers of a batch as a whole that a monitor watches beside its columns."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self, final

from maturekit.drift.batch import Batch
from maturekit.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["BatchStatistic", "BatchValue", "PValue", "RowCount"]


class BatchStatistic(ABC):
    """Base of `BatchValue` and `PValue`; a number of each row is a column instead (see `maturekit.profile.View`).

    Examples
    --------
    >>> RowCount.kind, RowCount.group
    ('batch-value', 'data')
    """

    name: str
    """What it is called in readings; no column of the profile may have the same name."""

    kind: ClassVar[str]
    """What findings call it: ``"batch-value"`` or ``"p-value"``."""

    group: ClassVar[str] = "data"
    """The group of columns that it comes with, and whose share of the alarm budget it is part of."""

    @abstractmethod
    def _value(self, batch: Batch) -> float:
        """Return the number; NaN when the batch has none, and then nothing is concluded from it."""

    @final
    def value(self, batch: Batch) -> float:
        """Return the number of a batch, which may be NaN.

        Raises `ArgumentTypeError` if it is no number, and `ArgumentError` if it is infinite, or a p-value outside 0 to 1.
        """
        value = self._value(batch)
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise ArgumentTypeError(f"{self.name} must be a number, got {type(value).__name__}") from error
        if math.isinf(number):
            raise ArgumentError(f"{self.name} is infinite", hint="return NaN when a batch says nothing.")
        if self.kind == PValue.kind and not (math.isnan(number) or 0 <= number <= 1):
            raise ArgumentError(f"{self.name}: {number} is no p-value", hint="p-values are between 0 and 1.")
        return number

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield instances for the contract suite."""
        yield cls()

    def null(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the rows of a batch in which nothing is wrong; only the contract suite asks for it.

        Override it where `_value` needs certain columns.
        """
        import pandas as pd  # noqa: PLC0415  # only needed here

        return pd.DataFrame({"x": rng.normal(size=50)})


class BatchValue(BatchStatistic):
    """Any number of a batch: it is ranked among those of all earlier batches of the same season.

    If batches are exchangeable the rank is uniform, whatever the number is and however it is distributed, and ranks of
    different batches are independent (ties are broken by a seeded random number): the promise holds exactly. A rank
    among k batches can be no rarer than 1 in k + 1, so a change is found only after some weeks of batches, or at once if
    the reference was made with ``batches=`` and the number needs counts only. Numbers that grow with the business, or that
    remember yesterday, are not exchangeable, and their growth is what the monitor will report; divide by what grows.

    Write one by defining `name` and `_value`:

    >>> class Duplicates(BatchValue):
    ...     name = "share-of-duplicates"
    ...     def _value(self, batch):
    ...         return batch.frame.duplicated().mean()

    >>> import pandas as pd
    >>> from maturekit.profile import Profile
    >>> flights = pd.DataFrame({"delay": [0.0, 5.0, 5.0, 0.0]})
    >>> Duplicates().value(Batch("monday", Profile.of(flights), flights))
    0.5
    """

    kind = "batch-value"


class PValue(BatchStatistic):
    """A p-value for what should be true of every batch, small when it is not.

    It must be valid given the past: when the hypothesis is true, it is at most x in a share x of batches, whatever came
    before. That holds for what is known without a sample, such as a contract that at most 1 % of requests fail. It does
    not hold for a two-sample test against one fixed reference, whose own sampling error is found one day; use a column or
    a `BatchValue` for that. The contract suite shows the difference by simulation.

    Write one by defining `name` and `_value`:

    >>> from scipy.stats import binom
    >>> class Failures(PValue):
    ...     name = "at most 1 % of requests fail"
    ...     def _value(self, batch):
    ...         return binom.sf(batch.frame["failed"].sum() - 1, batch.rows, 0.01)

    >>> import pandas as pd
    >>> from maturekit.profile import Profile
    >>> calls = pd.DataFrame({"failed": [1] * 3 + [0] * 97})
    >>> round(Failures().value(Batch("monday", Profile.of(calls), calls)), 3)
    0.079
    """

    kind = "p-value"


class RowCount(BatchValue):
    """How many rows a batch has.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.profile import Profile
    >>> RowCount().value(Batch("monday", Profile.of(pd.DataFrame({"delay": [0.0, 5.0]}))))
    2.0
    """

    name = "rows of a batch"

    def _value(self, batch: Batch) -> float:
        return batch.rows
