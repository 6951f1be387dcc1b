"""Tables with planted faults, and what a validator has to find in them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from maturekit.errors import SchemaError
from maturekit.schema import Column, RowRule, Schema
from maturekit.schema.constraint import constraints
from maturekit.schema.value import BROKEN, ValueCheck
from maturekit.testing.strategies.tables import check_given, frames, row_keeps, stored
from maturekit.testing.strategies.values import hypothesis_strategies, values

if TYPE_CHECKING:
    import pandas as pd
    from hypothesis.strategies import SearchStrategy

__all__ = ["Faults", "faulty_frames"]

Faults = dict[tuple[tuple[str, ...], str], tuple[int, ...]]
"""Row positions, ascending, by the columns and the name of the rule that they break."""

_RELATION: Final = "relation"  # another value that the column takes, which may break a rule over several columns
_ODD: Final[tuple[object, ...]] = (
    *("", " ", "?", "unknown", "a", "Z", "0", "é", "aaaa-0000", "a" * 64, "a" * 70_000),
    *(math.inf, -math.inf, 0.5, -0.25, 1e300, 0, 1, -1, 7, 1_000_003, -1_000_003, True),
    *(Decimal("0.123456789"), Decimal(-123456789012345678901234567890), Decimal("0.5")),
    *(datetime(1700, 1, 2, 3, 4, 5, 678901), datetime(2249, 1, 2, tzinfo=UTC)),  # noqa: DTZ001  # one with a zone, one without
    *(date(1700, 1, 2), date(2249, 1, 2), timedelta(days=-90_000), timedelta(days=90_000), timedelta(microseconds=1)),
)


def faulty_frames(
    schema: Schema,
    *,
    min_rows: int = 1,
    max_rows: int = 20,
    references: Mapping[str, object] | None = None,
    objects: Mapping[str, SearchStrategy[Any]] | None = None,
) -> SearchStrategy[tuple[pd.DataFrame, Faults]]:
    """Return a strategy of pairs: a DataFrame with faults, and exactly the rules and rows that are broken in it.

    Valid cells are drawn first; then some are replaced by values that break one rule of their column each: nulls,
    values of another kind, infinities, values outside bounds, patterns and categories, repeated values of unique
    columns, other values in columns of a relation. Every relation between columns is then asked about the rows that were
    changed. Columns in which a change would reach other rows, since they are in order or read by rules about groups or
    tables, stay as they are.

    Parameters
    ----------
    schema, min_rows, max_rows, references, objects
        As in `frames`; there is at least one row.

    Raises
    ------
    SchemaError
        When no column has a rule that a planted value could break.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from maturekit.validation import validate
    >>> schema = Schema({"age": Column("int", ge=0, le=150), "name": Column("string", nullable=True)})
    >>> @settings(max_examples=10, deadline=None)
    ... @given(faulty_frames(schema))
    ... def all_is_found(case):
    ...     frame, faults = case
    ...     found = {(f.columns, f.rule): tuple(f.positions) for f in validate(frame, schema).findings}
    ...     assert {place: rows for place, rows in found.items() if rows} == faults
    >>> all_is_found()
    """
    check_given(schema, min_rows, max_rows, objects=objects, references=references)
    strategies = hypothesis_strategies()
    fixed = {name for rule in schema.rules if not isinstance(rule, RowRule) for name in rule.columns}
    fixed |= {name for name, column in schema.columns.items() if column.order is not None}
    related = {name for rule in schema.rules if isinstance(rule, RowRule) for name in rule.columns}
    plants = {
        name: _plants(column) | ({_RELATION: []} if name in related else {})
        for name, column in schema.columns.items()
        if name not in fixed
    }
    plants = {name: bad for name, bad in plants.items() if bad}
    if not plants:
        raise SchemaError(
            "no column of this schema has a rule that a planted value could break",
            hint="columns that are in order, or read by rules about groups or tables, are left alone.",
        )

    sound = frames(schema, min_rows=max(min_rows, 1), max_rows=max_rows, references=references, objects=objects)
    others = {name: values(schema.columns[name], objects=objects) for name, bad in plants.items() if _RELATION in bad}

    @strategies.composite  # type: ignore[untyped-decorator]  # hypothesis is an extra, so mypy cannot see it here
    def case(draw: Any) -> tuple[pd.DataFrame, Faults]:
        frame = draw(sound)
        cells = {name: [_plain(cell) for cell in frame[name].tolist()] for name in frame.columns}
        faults: dict[tuple[tuple[str, ...], str], set[int]] = defaultdict(set)
        rows = draw(strategies.lists(strategies.integers(0, len(frame) - 1), min_size=1, max_size=5, unique=True))
        for row in rows:
            name = draw(strategies.sampled_from(sorted(plants)))
            rule = draw(strategies.sampled_from(sorted(plants[name])))
            if rule == _RELATION:
                cells[name][row] = draw(others[name])
            elif rule == "unique":
                further = draw(
                    strategies.integers(min(1, len(frame) - 1), len(frame) - 1)
                )  # a table of one row has no other
                cells[name][row] = cells[name][(row + further) % len(frame)]
            else:
                cells[name][row] = draw(strategies.sampled_from(plants[name][rule]))
                faults[(name,), rule].add(row)
        for name, column in schema.columns.items():
            if column.unique:
                faults[(name,), "unique"].update(_repeated(column, cells[name]))
        in_rows = [
            rule.given(references or {}, datetime.now(UTC)) for rule in schema.rules if isinstance(rule, RowRule)
        ]
        for rule in in_rows:
            broken = [row for row in rows if not row_keeps(schema, [rule], {name: cells[name][row] for name in cells})]
            faults[rule.columns, rule.stored_as].update(broken)
        expected = {place: tuple(sorted(found)) for place, found in faults.items() if found}
        return stored(cells, schema, spoilt=True), expected

    made: SearchStrategy[tuple[pd.DataFrame, Faults]] = case()
    return made


def _plants(column: Column) -> dict[str, list[object]]:
    """Return, by the one rule that each of them breaks, values to plant; a repeated one is found in the table."""
    check = ValueCheck("", column)
    found: dict[str, list[object]] = {"unique": []} if column.unique else {}
    for value in (None, *_ODD, *_beyond(column)):
        broken = check(value)
        if len(broken) == 1:
            found.setdefault(broken[0].rule, []).append(value)
    return found


def _beyond(column: Column) -> Iterator[object]:
    """Yield values a little and far outside the bounds, and between multiples."""
    for rule in constraints(column):
        bound = rule.argument
        steps: tuple[Any, ...]
        if isinstance(bound, bool) or bound is None:
            continue
        if isinstance(bound, (datetime, date)):
            steps = (timedelta(0), timedelta(days=1), timedelta(days=400))
        elif isinstance(bound, timedelta):
            steps = (timedelta(0), timedelta(microseconds=1), timedelta(days=3))
        elif isinstance(bound, (int, float, Decimal)):
            steps = (0, 1, 1000, bound / 2 if not isinstance(bound, int) else bound)
        else:
            continue
        for step in steps:
            yield from (bound + step, bound - step)


def _repeated(column: Column, cells: list[Any]) -> set[int]:
    sound, seen = ValueCheck("", column).sound, defaultdict(list)
    for row, cell in enumerate(cells):
        value = sound(cell)
        if value is not BROKEN:
            seen[value].append(row)
    return {row for rows in seen.values() if len(rows) > 1 for row in rows}


def _plain(cell: Any) -> Any:
    return None if cell is None or cell != cell else cell  # noqa: PLR0124  # true of NaN and NaT alone
