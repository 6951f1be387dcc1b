"""A Python function under construction: lines, constants by name, and the cells that flow between steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from maturekit.deployment.compiled.compiler import NotCompiled

__all__ = ["Cell", "Code", "Lookup", "Number", "Raw", "Table", "Unsure"]

_WIDEST = 256
"""Outputs that a table may have when all of a row are needed at once."""

_LONGEST = 100
"""Terms in one expression; Python compiles longer ones by recursion, which has an end."""

RowFunction = Callable[[Sequence[Any]], Any]


class Unsure(Exception):  # noqa: N818  # it is no error: the ordinary path answers
    """The compiled function cannot answer this record; the ordinary path has to.

    >>> code = Code(1)
    >>> code.add(f"if {code.value(0)} is None: raise Unsure")
    >>> code.function(code.value(0))((None,))
    Traceback (most recent call last):
    maturekit.deployment.compiled.code.Unsure
    """


@dataclass(frozen=True, slots=True)
class Cell:
    """One value on its way from the record to the model: a Python expression without side effects.

    Attributes
    ----------
    text : str
        The expression. To use it more than once, give it a name: `Code.named`.
    nullable : bool
        Whether it can be null.
    column : int or None
        Which value of the record this is, if it is one unchanged (a null filled in apart).

    Examples
    --------
    >>> Cell("r0 + r1").nullable
    False
    """

    text: str
    nullable: bool = False
    column: int | None = None


class Raw(Cell):
    """A value as it stands in the record, by a name; null is None or NaN.

    >>> code = Code(2)
    >>> Raw(code.value(1), nullable=True, column=1).text
    'r1'
    """


class Number(Cell):
    """A float; null is NaN.

    >>> code = Code(1)
    >>> half = Number(code.let(f"{code.value(0)} / 2.0"))
    >>> code.function(half.text)((5.0,))
    2.5
    """


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What an encoder makes of a value: floats by place of output, zeros left out.

    `other` is for values that `rows` do not have; None if the ordinary path refuses them.

    >>> hot = Table({"UA": {0: 1.0}, "DL": {1: 1.0}}, other={}, width=2)
    >>> hot.rows["DL"].get(1, 0.0), hot.rows["DL"].get(0, 0.0)
    (1.0, 0.0)
    """

    rows: Mapping[Any, Mapping[int, float]]
    other: Mapping[int, float] | None
    width: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """A float that depends on one value only, whose expression is `key`: output `at` of a table.

    >>> code = Code(1)
    >>> hot = Table({"UA": {0: 1.0}, "DL": {1: 1.0}}, other={}, width=2)
    >>> is_delta = code.function(code.number(Lookup(code.value(0), hot, at=1)))
    >>> is_delta(("DL",)), is_delta(("UA",)), is_delta(("ZZ",))
    (1.0, 0.0, 0.0)
    """

    key: str
    table: Table
    at: int
    column: int | None = None

    @property
    def nullable(self) -> bool:
        """Whether some value gives NaN."""
        rows = [*self.table.rows.values(), self.table.other or {}]
        return any(math.isnan(row.get(self.at, 0.0)) for row in rows)


@dataclass(slots=True)
class Code:
    """Lines of one function of the values of a record.

    Parameters
    ----------
    width : int
        How many values a record has.

    Examples
    --------
    >>> code = Code(1)
    >>> double = code.function(f"{code.value(0)} * {code.constant(2.5)}")
    >>> double((4,))
    10.0
    """

    width: int
    lines: list[str] = field(default_factory=list)
    space: dict[str, Any] = field(default_factory=lambda: {"nan": math.nan, "inf": math.inf, "Unsure": Unsure})
    edges: dict[int, set[Any]] = field(default_factory=dict)
    """Values of columns at which the answer may jump, for the proof."""
    tables: dict[tuple[str, int], tuple[str, Table]] = field(default_factory=dict)
    """Names of rows looked up, by key and by id of the table, which is held so that the id stays taken."""

    def value(self, column: int) -> str:
        """Return the name of a value of the record."""
        return f"r{column}"

    def let(self, expression: str) -> str:
        """Add a line that gives an expression a new name, and return the name."""
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name

    def add(self, line: str) -> None:
        """Add a line as it is."""
        self.lines.append(line)

    def constant(self, value: Any) -> str:
        """Return an expression for a constant: a finite float is written out, exactly; anything else gets a name."""
        if type(value) is float and math.isfinite(value):
            return f"({value!r})" if math.copysign(1.0, value) < 0 else repr(value)
        name = f"c{len(self.space)}"
        self.space[name] = value
        return name

    def number(self, cell: Cell | Lookup) -> str:
        """Return the expression of a cell as a float, to be used once."""
        if isinstance(cell, Lookup):
            return f"{self._row(cell)}[{cell.at}]"
        if isinstance(cell, Raw) and cell.nullable:
            return f"(nan if {cell.text} is None else {cell.text})"
        return cell.text

    def name(self, cell: Cell | Lookup) -> str:
        """Return a name of a cell as a float, to be used as often as one likes."""
        text = self.number(cell)
        return text if text.isidentifier() else self.let(text)

    def named(self, cells: Sequence[Cell | Lookup]) -> list[Cell | Lookup]:
        """Return the same cells, fit to be used by several steps."""
        return [
            Number(self.name(cell), cell.nullable, cell.column)
            if isinstance(cell, Number) and not cell.text.isidentifier()
            else cell
            for cell in cells
        ]

    def finite(self, cell: Cell | Lookup) -> str:
        """Return a name of a cell as a float, and leave the record to the ordinary path if it is null or infinite."""
        name = self.name(cell)
        self.add(f"if {name} - {name} != 0.0: raise Unsure")
        return name

    def key(self, cell: Cell | Lookup) -> str:
        """Return a name of a cell as the key of a table, in which null is None."""
        if isinstance(cell, Raw):
            return self.let(f"None if {cell.text} != {cell.text} else {cell.text}") if cell.nullable else cell.text
        name = self.name(cell)
        return self.let(f"None if {name} != {name} else {name}") if cell.nullable else name

    def row(self, cells: Sequence[Cell | Lookup]) -> str:
        """Return a name of a tuple of all cells as floats."""
        parts, place = [], 0
        while place < len(cells):
            cell = cells[place]
            if isinstance(cell, Lookup) and cell.at == 0 and cell.table.width > 1:
                run = cells[place : place + cell.table.width]
                if all(
                    isinstance(each, Lookup) and each.table is cell.table and each.key == cell.key for each in run
                ) and ([each.at for each in run if isinstance(each, Lookup)] == list(range(cell.table.width))):
                    parts.append(f"*{self._row(cell)}")
                    place += len(run)
                    continue
            parts.append(self.number(cell))
            place += 1
        return self.let(f"({', '.join(parts)},)")

    def sum(self, terms: Sequence[str]) -> str:
        """Return a name of the sum of expressions, added up from the left."""
        name = ""
        for start in range(0, len(terms), _LONGEST):
            name = self.let(" + ".join([*([name] if name else []), *terms[start : start + _LONGEST]]))
        return name

    def folded(self, cells: Sequence[Lookup], weights: Sequence[float]) -> str:
        """Return the expression of a weighted sum of cells of one table under one key: one lookup."""
        table = cells[0].table
        pairs = [(cell.at, weight) for cell, weight in zip(cells, weights, strict=True)]

        def total(row: Mapping[int, float]) -> float:
            return float(sum(row[at] * weight for at, weight in pairs if at in row))

        sums = {value: total(row) for value, row in table.rows.items()}
        return self._access(cells[0].key, sums, None if table.other is None else total(table.other))

    def jump(self, cell: Cell | Lookup, values: Sequence[Any]) -> None:
        """Note values of a cell at which the answer may jump; forgotten if the cell is not a value of the record."""
        if cell.column is not None:
            self.edges.setdefault(cell.column, set()).update(values)

    def function(self, result: str, *, sound: Sequence[int] | None = None) -> RowFunction:
        """Return the function of a sequence of values whose value is an expression.

        A record is left to the ordinary path if one of the values at `sound` is null or infinite, or, without `sound`,
        if any is infinite. Only expressions built by compilers are in the function: names of constants and numbers,
        never a text of the model or of a record.
        """
        head = [f"{', '.join(map(self.value, range(self.width)))}, = values"]
        if sound is None:
            head.append("if inf in values or -inf in values: raise Unsure")
        elif sound:
            head.append(f"total = {' + '.join(map(self.value, sound[:_LONGEST]))}")
            head += [
                f"total += {' + '.join(map(self.value, sound[start : start + _LONGEST]))}"
                for start in range(_LONGEST, len(sound), _LONGEST)
            ]
            head.append("if total - total != 0.0: raise Unsure")
        body = "\n    ".join([*head, *self.lines, f"return {result}"])
        space = dict(self.space)
        exec(compile(f"def row(values):\n    {body}\n", "<compiled row>", "exec"), space)  # noqa: S102  # see the docstring
        return space["row"]  # type: ignore[no-any-return]

    def _row(self, cell: Lookup) -> str:
        """Return the name of the row of a lookup, as a tuple; cells of one table share it."""
        place, table = (cell.key, id(cell.table)), cell.table
        if place not in self.tables:
            if table.width > _WIDEST:
                raise NotCompiled(f"a column with {table.width} encoded outputs, at most {_WIDEST}")
            rows = {value: _dense(row, table.width) for value, row in table.rows.items()}
            other = None if table.other is None else _dense(table.other, table.width)
            self.tables[place] = self.let(self._access(cell.key, rows, other)), table
        return self.tables[place][0]

    def _access(self, key: str, rows: Mapping[Any, Any], other: Any) -> str:
        if other is None:
            return f"{self.constant(rows)}[{key}]"
        return f"{self.constant(rows.get)}({key}, {self.constant(other)})"


def _dense(row: Mapping[int, float], width: int) -> tuple[float, ...]:
    return tuple(row.get(place, 0.0) for place in range(width))
