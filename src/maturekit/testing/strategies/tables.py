"""Records and tables that keep a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.schema import Column, GroupRule, RowRule, Rule, Schema, TableRule
from maturekit.schema.kinds import is_null
from maturekit.schema.value import BROKEN, ValueCheck
from maturekit.testing.strategies.values import check_mapping, hypothesis_strategies, values

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["check_given", "frames", "records", "row_keeps", "stored"]

Objects = Mapping[str, "SearchStrategy[Any]"]
_TRIES = 20


def check_given(schema: object, *rows: object, objects: object = None, references: object = None) -> None:
    """Refuse what is no schema, numbers of rows that are no whole numbers, and what is no mapping."""
    if not isinstance(schema, Schema):
        raise ArgumentTypeError(f"schema must be a Schema, got {type(schema).__name__}")
    check_mapping(objects, what="objects")
    check_mapping(references, what="references")
    for number in rows:
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise ArgumentTypeError(f"a number of rows must be a whole number, got {number!r}")


def records(schema: Schema, *, objects: Objects | None = None) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy of records that a schema finds nothing wrong with, of severity error or not.

    Parameters
    ----------
    schema : Schema
        The contract. Rules over several columns are kept by trying again, so a relation that few rows keep by chance
        makes slow tests.
    objects : mapping of str to strategy, optional
        See `values`.

    Examples
    --------
    >>> from hypothesis import given
    >>> from maturekit.schema import Compare
    >>> schema = Schema({"low": Column("int"), "high": Column("int")}, rules=[Compare("low", "<=", "high")])
    >>> @given(records(schema))
    ... def is_valid(record):
    ...     assert schema.check_record(record) == ()
    >>> is_valid()
    """
    check_given(schema, objects=objects)
    strategies = hypothesis_strategies()
    cells = {name: _cells(column, objects) for name, column in schema.columns.items()}
    made: SearchStrategy[dict[str, Any]] = strategies.fixed_dictionaries(cells)
    rules = [rule for rule in schema.rules if isinstance(rule, RowRule) and rule.judges_records]
    return made.filter(lambda record: row_keeps(schema, rules, record)) if rules else made


def frames(
    schema: Schema,
    *,
    min_rows: int = 0,
    max_rows: int = 20,
    references: Mapping[str, object] | None = None,
    objects: Objects | None = None,
) -> SearchStrategy[pd.DataFrame]:
    """Return a strategy of DataFrames that are valid under a schema, rule by rule.

    Columns that are unique or ordered get such values; rows that break a rule over several columns, and groups that
    break theirs, are taken out, so there may be fewer rows than were drawn, but never fewer than `min_rows`.

    Parameters
    ----------
    schema : Schema
        The contract.
    min_rows, max_rows : int
        How many rows there are.
    references : mapping of str to object, optional
        What rules need from elsewhere, as in `validation.validate`.
    objects : mapping of str to strategy, optional
        See `values`.

    Raises
    ------
    ArgumentError
        When ``min_rows > max_rows``, or a rule needs a reference that is not there.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from maturekit.validation import validate
    >>> schema = Schema({"id": Column("int", unique=True), "score": Column("float", ge=0, le=1, nullable=True)})
    >>> @settings(max_examples=10, deadline=None)
    ... @given(frames(schema, min_rows=1))
    ... def is_valid(frame):
    ...     assert validate(frame, schema).ok
    >>> is_valid()
    """
    check_given(schema, min_rows, max_rows, objects=objects, references=references)
    if not 0 <= min_rows <= max_rows:
        raise ArgumentError(f"there is no number of rows from {min_rows} to {max_rows}")
    strategies = hypothesis_strategies()
    rules = [rule.given(references or {}, datetime.now(UTC)) for rule in schema.rules]
    cells_of = {  # made once: hypothesis spends more time on making a strategy than on drawing from it
        name: values(column, objects=objects) if column.unique or column.order else _cells(column, objects)
        for name, column in schema.columns.items()
    }

    @strategies.composite  # type: ignore[untyped-decorator]  # hypothesis is an extra, so mypy cannot see it here
    def table(draw: Any) -> pd.DataFrame:
        rows = draw(strategies.integers(min_rows, max_rows))
        columns = {
            name: draw(_column(column, cells_of[name], rows, min_rows)) for name, column in schema.columns.items()
        }
        kept = list(range(min(map(len, columns.values()), default=0)))
        in_rows = [rule for rule in rules if isinstance(rule, RowRule)]
        kept = [
            row for row in kept if row_keeps(schema, in_rows, {name: cells[row] for name, cells in columns.items()})
        ]
        frame = stored({name: [cells[row] for row in kept] for name, cells in columns.items()}, schema)
        frame = _without_broken_groups(frame, schema, rules)
        _assume(len(frame) >= min_rows and _table_keeps(frame, schema, rules))
        return frame

    made: SearchStrategy[pd.DataFrame] = table()
    return made


def row_keeps(schema: Schema, rules: Iterable[RowRule], record: Mapping[str, Any]) -> bool:
    """Return whether a record of single values that are right keeps rules over several columns; nulls pass."""
    for rule in rules:
        sound = {name: ValueCheck(name, schema.columns[name]).sound(record[name]) for name in rule.columns}
        sound |= {name: not is_null(record[name]) for name in rule.presence}
        if any(value is BROKEN for value in sound.values()):
            continue
        try:
            kept = rule.keeps(sound)
        except TypeError:  # a category may hold texts and whole numbers, which nobody can compare
            kept = False
        if not kept:
            return False
    return True


def stored(columns: Mapping[str, list[Any]], schema: Schema, *, spoilt: bool = False) -> pd.DataFrame:
    """Return cells as a DataFrame with the storage of their kinds, or with none (object) when they may be spoilt."""
    return pd.DataFrame(
        {
            name: pd.Series(cells, dtype=object) if spoilt else _series(cells, schema.columns[name])
            for name, cells in columns.items()
        },
        index=pd.RangeIndex(len(next(iter(columns.values()), []))),
    )


def _series(cells: list[Any], column: Column) -> pd.Series:
    plain = pd.Series(cells, dtype=object)
    if column.kind in {"date", "decimal", "object"}:
        return plain
    if column.kind == "float":
        return pd.Series([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    whole = [cell for cell in cells if cell is not None]
    if column.kind == "int" and whole == cells and all(-(2**63) <= cell < 2**63 for cell in whole):
        return pd.Series(cells, dtype=np.int64)
    zones = {cell.utcoffset() for cell in whole} if column.kind == "datetime" else set()
    if column.kind in {"datetime", "timedelta", "string"} and len(zones) < 2:
        return plain.infer_objects()
    return plain


def _cells(column: Column, objects: Objects | None) -> Any:
    strategies = hypothesis_strategies()
    return strategies.none() | values(column, objects=objects) if column.nullable else values(column, objects=objects)


def _column(column: Column, cell: Any, rows: int, least: int) -> Any:
    """Return a strategy of so many cells that are unique or in order where the column asks for it.

    Where too few values differ there are fewer cells, but not fewer than `least`.
    """
    from hypothesis.errors import InvalidArgument  # noqa: PLC0415  # hypothesis is an extra

    strategies = hypothesis_strategies()
    if not (column.unique or column.order):
        return strategies.lists(cell, min_size=rows, max_size=rows)
    meaning = ValueCheck("", column).sound
    strict = column.order is not None and column.order.startswith("strictly")
    distinct = meaning if column.unique or strict else None
    cells = strategies.lists(cell, min_size=rows, max_size=rows, unique_by=distinct)
    try:
        cells.validate()
    except InvalidArgument:
        cells = strategies.lists(cell, min_size=least, max_size=rows, unique_by=distinct)
    if column.order is None:
        return cells
    return cells.map(lambda found: sorted(found, key=meaning, reverse=str(column.order).endswith("decreasing")))


def _without_broken_groups(frame: pd.DataFrame, schema: Schema, rules: list[Rule]) -> pd.DataFrame:
    """Take out broken groups until none is left: a group of one rule may lose rows to another."""
    in_groups = [rule for rule in rules if isinstance(rule, GroupRule)]
    for _ in range(_TRIES):
        broken: set[int] = set()
        for rule in in_groups:
            rows, sound = _sound(frame, schema, rule)
            broken.update(np.asarray(rows)[rule.breaking(sound)].tolist())
        if not broken:
            break
        frame = frame.drop(index=frame.index[sorted(broken)]).reset_index(drop=True)
    return frame


def _table_keeps(frame: pd.DataFrame, schema: Schema, rules: list[Rule]) -> bool:
    return all(
        rule.judge(rule.summarise(_sound(frame, schema, rule)[1])).ok for rule in rules if isinstance(rule, TableRule)
    )


def _sound(frame: pd.DataFrame, schema: Schema, rule: Rule) -> tuple[list[int], pd.DataFrame]:
    """Return the rows in which all columns of a rule are sound, and what their values mean."""
    checks = {name: ValueCheck(name, schema.columns[name]) for name in rule.columns}
    means = {name: [check.sound(cell) for cell in frame[name].tolist()] for name, check in checks.items()}
    rows = [row for row in range(len(frame)) if all(cells[row] is not BROKEN for cells in means.values())]
    return rows, pd.DataFrame(
        {name: [cells[row] for row in rows] for name, cells in means.items()}, index=range(len(rows))
    )


def _assume(holds: bool) -> None:
    from hypothesis import assume  # noqa: PLC0415  # hypothesis is an extra

    assume(holds)
