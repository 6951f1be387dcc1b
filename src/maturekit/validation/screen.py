"""Which columns of a table need a closer look: small tables are judged in the time of a few reductions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maturekit.schema import Column, Schema
from maturekit.schema.constraint import constraints
from maturekit.validation.arrow import arrow_array, is_arrow
from maturekit.validation.constraints import broken_rows
from maturekit.validation.reading import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Screen"]

_ROWS: Final = 65_536  # so many rows are looked at together, and their numbers copied
_FEW: Final = 256
_EXACT: Final = 2**53  # below it, every whole number is a float
_NUMBERS: Final = frozenset(np.dtype(name) for name in "bhilqBHILQfd")
_LARGEST: Final = float(np.finfo(np.float64).max)


class Screen:
    """Tell columns that are certainly sound from those that may break their contract.

    It may call a column sound only where no finding of `validate` about its values is anything but *passed*, and names
    no row. What it doubts need not be wrong. Rules between columns, uniqueness and order are not its business.

    Safe for several threads.

    Parameters
    ----------
    columns : mapping of str to Column
        The contract of each column.

    Examples
    --------
    >>> screen = Screen({"age": Column("int", ge=0), "who": Column("string"), "gone": Column("bool")})
    >>> screen.doubtful(pd.DataFrame({"age": [31, 4], "who": ["Ada", None]}))
    ['who', 'gone']
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)
        self._schema = Schema(self._columns)
        self._tests = {name: _Test(column) for name, column in columns.items()}
        self._plan: _Plan | None = None

    def doubtful(self, frame: pd.DataFrame) -> list[str]:
        """Return the names of the columns that may break their contract, in its order; a table without rows, all."""
        if not len(frame):
            return list(self._columns)
        names, dtypes = frame.columns, frame.dtypes.tolist()
        plan = self._plan
        if plan is None or not (plan.names.equals(names) and plan.dtypes == dtypes):
            self._plan = plan = self._planned(names, dtypes)
        doubted = set(plan.doubted)
        table = frame.copy(deep=False)
        table.columns = pd.RangeIndex(len(names))  # pandas looks numbers up in a fraction of the time
        for piece in _pieces(table):
            if plan.numbers is not None:
                doubted.update(plan.numbers.doubtful(piece))
            doubted.update(name for name, place, sound in plan.others if not sound(piece[place]))
        return [name for name in self._columns if name in doubted] if doubted else []

    def _planned(self, names: pd.Index, dtypes: list[Any]) -> _Plan:
        """Return how columns of these names and storages are looked at."""
        stored = dict(zip(names, dtypes, strict=True))
        places = {name: place for place, name in enumerate(names)}
        located = self._schema.located(names)
        numbers: dict[str, _Range] = {}
        others = []
        for name, stands in located.items():
            test, dtype = self._tests[name], stored[stands]
            if test.range is not None and isinstance(dtype, np.dtype) and dtype in _NUMBERS:
                if dtype.kind == "f" or test.range.limited:
                    numbers[name] = test.range.of(dtype)
            elif not (dtype == np.bool_ and test.column.kind == "bool"):
                others.append((name, places[stands], test.of(dtype)))
        return _Plan(
            names,
            dtypes,
            frozenset(self._columns).difference(located),
            _Numbers.of(numbers, [places[located[name]] for name in numbers]) if numbers else None,
            others,
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    names: pd.Index
    dtypes: list[Any]
    doubted: frozenset[str]
    numbers: _Numbers | None
    others: list[tuple[str, int, Callable[[pd.Series], bool]]]
    """Name of the column, place in the table, and the test of its values."""


@dataclass(frozen=True, slots=True)
class _Range:
    """The smallest and the largest number that a column may hold, as floats, and whether any storage may exceed them."""

    low: float
    high: float
    limited: bool
    nullable: bool
    whole: bool

    @classmethod
    def of_column(cls, column: Column) -> _Range | None:
        """Return None where there is more to ask than floats can answer."""
        if column.kind not in {"float", "int"} or column.multiple_of is not None:
            return None
        whole = column.kind == "int"
        lows = [-(2.0**63) if whole else -_LARGEST]
        highs = [float(np.nextafter(2.0**64, 0.0)) if whole else _LARGEST]
        for name, ends, beyond in (("ge", lows, 0), ("gt", lows, np.inf), ("le", highs, 0), ("lt", highs, -np.inf)):
            bound: Any = getattr(column, name)
            if isinstance(bound, int) and abs(bound) >= _EXACT:
                return None
            if bound is not None:
                ends.append(float(np.nextafter(float(bound), beyond) if beyond else bound))
        return cls(max(lows), min(highs), len(lows) + len(highs) > 2, column.nullable, whole)

    def of(self, dtype: np.dtype[Any]) -> _Range:
        """Return the range for a storage: whole numbers need not be told from others where all of them are."""
        return self if dtype.kind == "f" else _Range(self.low, self.high, self.limited, self.nullable, whole=False)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """All columns of numbers, judged at once."""

    names: list[str]
    places: list[int]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    nullable: NDArray[np.bool_]
    whole: NDArray[np.int64]

    @classmethod
    def of(cls, ranges: Mapping[str, _Range], places: list[int]) -> _Numbers:
        each = list(ranges.values())
        return cls(
            list(ranges),
            places,
            np.array([one.low for one in each]),
            np.array([one.high for one in each]),
            np.array([one.nullable for one in each]),
            np.flatnonzero([one.whole for one in each]),
        )

    def doubtful(self, frame: pd.DataFrame) -> list[str]:
        block = frame.take(self.places, axis=1).to_numpy()
        with np.errstate(invalid="ignore"):  # NaN is among what is looked for
            fine = (block.min(axis=0) >= self.low) & (block.max(axis=0) <= self.high)
            if not fine.all():
                gaps = np.flatnonzero(~fine & self.nullable)
                part = block[:, gaps]
                ends = np.fmin.reduce(part, axis=0), np.fmax.reduce(part, axis=0)
                fine[gaps] = (ends[0] >= self.low[gaps]) & (ends[1] <= self.high[gaps])
            if len(self.whole):
                part = block[:, self.whole]
                fine[self.whole] &= ((part == np.rint(part)) | np.isnan(part)).all(axis=0)
        return [] if fine.all() else [self.names[place] for place in np.flatnonzero(~fine)]


class _Test:
    """What one column asks of its values, for any storage."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.range = _Range.of_column(column)
        self._rules = list(constraints(column))
        self._known: frozenset[object] | None = None
        if column.categories is not None and column.unknown != "allow":
            self._known = frozenset(value for value in column.categories if self._holds(value))
        self._longest = column.longest if [rule.name for rule in self._rules] == ["max_length"] else None

    def of(self, dtype: Any) -> Callable[[pd.Series], bool]:
        """Return the test of columns of a storage."""
        if "text" in self.column.takes and not self.column.coerce:
            if isinstance(dtype, pd.CategoricalDtype) and pd.api.types.infer_dtype(dtype.categories) == "string":
                known = self._knows(set(dtype.categories.tolist()))
                return self._codes if known else self._closely
            if isinstance(dtype, pd.StringDtype) or (isinstance(dtype, np.dtype) and dtype.kind == "O"):
                return self._arrow if is_arrow(dtype) else self._texts
        return self._closely

    def _codes(self, series: pd.Series) -> bool:
        codes = series.array.codes
        return bool(codes.min() >= 0 or (self.column.nullable and codes.max() >= 0))

    def _arrow(self, series: pd.Series) -> bool:
        array = arrow_array(series)
        gaps = array.null_count
        if gaps and (not self.column.nullable or gaps == len(array)):
            return False
        if self._longest is not None and array.nbytes <= self._longest:
            return True  # no text is longer than all of them
        return self._knows(set(array.unique().to_pylist()) - {None})

    def _texts(self, series: pd.Series) -> bool:
        cells = series.tolist()
        types = set(map(type, cells))
        if types == {str}:
            return self._knows(set(cells))
        if self.column.nullable and str in types and types <= {str, float, type(None)}:
            numbers = (cell for cell in cells if type(cell) is float)
            return all(map(math.isnan, numbers)) and self._knows({cell for cell in cells if type(cell) is str})
        return self._closely(series)

    def _knows(self, texts: set[str]) -> bool:
        """Return whether each of some texts is sound, or too many of them are new to say so."""
        if self._known is not None:
            return texts <= self._known
        if self._longest is not None:
            return max(map(len, texts)) <= self._longest
        return len(texts) <= _FEW and all(map(self._holds, texts))

    def _holds(self, value: Any) -> bool:
        return all(rule.holds(value) for rule in self._rules)

    def _closely(self, series: pd.Series) -> bool:
        """Look at every value as `validate` does."""
        cells = read(series, self.column)
        if len(cells.wrong) or len(cells.infinite):
            return False
        if len(cells.null) and (not self.column.nullable or len(cells.null) == len(series)):
            return False
        return not any(len(broken_rows(cells, rule)) for rule in self._rules)


def _pieces(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    if len(frame) <= _ROWS:
        yield frame
        return
    for row in range(0, len(frame), _ROWS):
        yield frame.iloc[row : row + _ROWS]
