"""A random sample of the rows of a table that comes in chunks, and that any worker can draw again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.errors import TableError
from maturekit.profile.values import NUMBER_KINDS, kind_of, numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Sample", "lowest", "priorities"]

_ALL = np.iinfo(np.uint64).max


def priorities(seed: int, chunk: int, rows: int) -> NDArray[np.uint64]:
    """Return a random number for each row of a chunk; the rows of a table with the lowest ones are a random sample.

    They depend on the seed, the number of the chunk and the number of the row in it only. So chunks can be sampled
    anywhere, in any order, and samples of parts merge into a sample of the whole (a *bottom-k* sample).

    >>> priorities(0, 3, 5).tolist() == priorities(0, 3, 9)[:5].tolist()
    True
    """
    return np.random.default_rng([seed, chunk]).integers(_ALL, size=rows, dtype=np.uint64, endpoint=True)


def lowest(numbers: NDArray[np.uint64], size: int) -> int:
    """Return the largest of the `size` lowest numbers; with fewer of them, the largest that there can be.

    >>> lowest(np.array([5, 3, 9], dtype=np.uint64), 2)
    5
    """
    return int(_ALL) if len(numbers) <= size else int(np.partition(numbers, size - 1)[size - 1])


class Sample:
    """Collects the rows of lowest priority, from chunks in any order of arrival that is the order of the table.

    Examples
    --------
    >>> sample = Sample(2)
    >>> for chunk in range(3):
    ...     sample.add(pd.DataFrame({"a": [chunk] * 4}), priorities(0, chunk, 4))
    >>> len(sample.priorities), sample.complete
    (2, False)
    >>> sample.kinds()
    {'a': 'int'}
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._parts: list[tuple[pd.DataFrame, NDArray[np.uint64]]] = []
        self._names: list[str] | None = None
        self.limit = int(_ALL)
        """Rows of a higher priority need not be added: they would not stay."""
        self.complete = True
        """Whether no row was left out, so that the sample is the whole table."""

    def add(self, rows: pd.DataFrame, numbers: NDArray[np.uint64]) -> None:
        """Add rows of the next chunk with their priorities, a chunk without rows too; raise `TableError` for others.

        All rows of the chunk up to the limit are needed, or more of them than the sample holds.
        """
        if self._names is None:
            self._names = list(rows.columns)
        apart = set(self._names) ^ set(rows.columns)
        if apart:
            raise TableError(
                f"the parts of the source have different columns, such as {min(apart)!r}",
                hint="read all parts with the same columns, or name those to summarise by a schema.",
            )
        self._parts.append((rows, numbers))
        if sum(len(part) for part, _ in self._parts) > 2 * self._size:
            self._prune()

    def _prune(self) -> None:
        numbers = self._together()
        if len(numbers) <= self._size:
            return
        self.complete, self.limit = False, lowest(numbers, self._size)
        kept = [(rows, numbers, numbers <= np.uint64(self.limit)) for rows, numbers in self._parts]
        first, others = kept[:1], [part for part in kept[1:] if part[2].any()]  # the first says what columns are
        self._parts = [(rows.loc[keep.tolist()], numbers[keep]) for rows, numbers, keep in first + others]

    def _together(self) -> NDArray[np.uint64]:
        return np.concatenate([np.zeros(0, dtype=np.uint64), *(numbers for _, numbers in self._parts)])

    @property
    def priorities(self) -> NDArray[np.uint64]:
        """Priorities of the rows of the sample, in the order of the table."""
        self._prune()
        return self._together()

    def kinds(self, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
        """Return the kind of each column, as known or as found; raise `TableError` where the parts do not agree."""
        return {name: known.get(name) or self._kind(name) for name in self._names or ()}

    def _kind(self, name: str) -> str:
        columns = [rows[name] for rows, _ in self._parts]
        kinds = {kind_of(column) for column in columns if column.notna().any()}
        if len(kinds) > 1 and kinds <= {"int", "float"}:
            return "float"
        if len(kinds) > 1:
            raise TableError(
                f"column {name!r} is {' in one part of the source and '.join(sorted(kinds))} in another",
                hint="read all parts with the same dtypes, or say by a schema what the column is.",
            )
        return kinds.pop() if kinds else kind_of(columns[0])

    def frame(self, kinds: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of the sample in the order of the table, with the columns that have a kind here."""
        self._prune()
        parts = [rows for rows, _ in self._parts if len(rows)] or [rows for rows, _ in self._parts[:1]]
        return pd.DataFrame({name: _joined([rows[name] for rows in parts], kind) for name, kind in kinds.items()})


def _joined(columns: list[pd.Series[Any]], kind: str) -> pd.Series[Any]:
    if any(column.dtype != columns[0].dtype for column in columns):
        plain = kind in NUMBER_KINDS and kind not in {"datetime", "timedelta"}
        columns = [pd.Series(numbers(column, kind)) if plain else column.astype(object) for column in columns]
    return pd.concat(columns, ignore_index=True)
