"""Many values in one, taken apart by their fields, so that what they share is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

__all__ = ["Column"]

_DEEP = 5
"""Levels of objects that are taken apart: an event, its body, a model, its files, a file."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values in a row, as tables spell them; nothing is lost.

    It is told in one of three ways: ``{"all": value}``, the same in every row; ``{"of": {name: column}}``, objects that
    have the same fields in every row; else ``{"each": [values]}``.

    Examples
    --------
    >>> column = Column.of([{"actor": "ada", "number": 1}, {"actor": "ada", "number": 2}])
    >>> column.told
    {'of': {'actor': {'all': 'ada'}, 'number': {'each': [1, 2]}}}
    >>> column.part("number").values()
    [1, 2]
    >>> column.values()
    [{'actor': 'ada', 'number': 1}, {'actor': 'ada', 'number': 2}]
    """

    rows: int
    told: Mapping[str, Any]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Column:
        """Return plain JSON values as a column."""
        return cls(len(values), _told(values, _DEEP))

    @classmethod
    def joined(cls, columns: Sequence[Column]) -> Column:
        """Return columns below one another as one.

        >>> Column.joined([Column(2, {"all": "ada"}), Column(1, {"all": "ada"})])
        Column(rows=3, told={'all': 'ada'})
        """
        rows = sum(column.rows for column in columns)
        if columns and all(column.is_same for column in columns):
            values = [column.told["all"] for column in columns]
            if _same(values):
                return cls(rows, {"all": values[0]})
        return cls(rows, {"each": list(chain.from_iterable(column.values() for column in columns))})

    @property
    def is_same(self) -> bool:
        """Whether the column says itself that all rows are the same."""
        return "all" in self.told

    @property
    def is_split(self) -> bool:
        """Whether the column holds objects that have the same fields in every row, each a column."""
        return "of" in self.told

    def values(self) -> list[Any]:
        """Return the value of each row."""
        if self.is_same:
            return [self.told["all"]] * self.rows
        if self.is_split:
            parts = {name: Column(self.rows, told).values() for name, told in self.told["of"].items()}
            return [dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True)]
        values: list[Any] = self.told["each"]
        if len(values) != self.rows:
            raise ValueError(f"a column has {len(values)} values for {self.rows} rows")
        return values

    def part(self, *names: str) -> Column:
        """Return a field of the objects, or a field of a field; null where there is no object.

        Raises `KeyError` where an object does not have it.
        """
        column = self
        for name in names:
            if column.is_split:
                column = Column(self.rows, column.told["of"][name])
            else:
                column = column.mapped(lambda value, name=name: None if value is None else value[name])  # type: ignore[misc]  # its default is its type
        return column

    def get(self, name: str) -> Column:
        """Return a field of the objects, null where an object does not have it."""
        if self.is_split:
            return Column(self.rows, self.told["of"].get(name, {"all": None}))
        return self.mapped(lambda value: value.get(name))

    def names(self) -> list[str]:
        """Return every field that an object has, sorted."""
        if self.is_split:
            return sorted(self.told["of"])
        return sorted(set(chain.from_iterable([self.told["all"]] if self.is_same else self.values())))

    def mapped(self, function: Callable[[Any], Any]) -> Column:
        """Return what a function makes of each value; it is asked once where all are the same."""
        return Column.zipped([self], function)

    @classmethod
    def zipped(cls, columns: Sequence[Column], function: Callable[..., Any]) -> Column:
        """Return what a function makes of the values of several columns, row by row.

        >>> Column.zipped([Column.of([1, 2]), Column.of([3, 3])], lambda one, other: one + other).values()
        [4, 5]
        """
        rows = columns[0].rows
        if all(column.is_same for column in columns):
            return cls(rows, {"all": function(*(column.told["all"] for column in columns))})
        return cls(rows, {"each": list(map(function, *(column.values() for column in columns)))})

    def filled(self) -> Column:
        """Return whether each value is there and not empty."""
        return Column(self.rows, {"all": True}) if self.is_split else self.mapped(bool)

    def taken(self, order: Sequence[int]) -> Column:
        """Return the rows in another order."""
        if self.is_same:
            return self
        values = self.values()
        return Column(self.rows, {"each": [values[place] for place in order]})


def _told(values: Sequence[Any], deep: int) -> dict[str, Any]:
    first = values[0] if values else None
    if deep and first and all(type(value) is dict and value.keys() == first.keys() for value in values):
        parts = {name: _told([value[name] for value in values], deep - 1) for name in first}
        return {"all": first} if all("all" in part for part in parts.values()) else {"of": parts}
    return {"all": first} if values and _same(values) else {"each": list(values)}


def _same(values: Iterable[Any]) -> bool:
    """Whether values are the same JSON: 1, 1.0 and true are equal in Python, and so are 0.0 and -0.0."""
    values = list(values)
    return values.count(values[0]) == len(values) and len(set(map(repr, values))) == 1
