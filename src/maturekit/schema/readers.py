"""What a value means for one column: its kind, and what the column adds to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from maturekit.schema.coercion import COERCERS
from maturekit.schema.kinds import READERS, WRONG, type_name

if TYPE_CHECKING:
    from maturekit.schema.column import Column

__all__ = ["reader_of"]

Reader = Callable[[Any], Any]


def reader_of(column: Column) -> Reader:
    """Return the function from a value that is not null to what it means for a column, or `WRONG`.

    In this order: a text is read as what it spells if the column is coerced; what it is, or spells, is read by the
    kind; a moment must have the time zone that the column asks for, an object its type.

    >>> from maturekit.schema import Column
    >>> reader_of(Column("int", coerce=True))("3"), reader_of(Column("int"))(3.0)
    (3, 3)
    """
    if column.kind == "object":
        return _typed(str(column.of))
    read = READERS[column.kind]
    if column.kind == "category" and len(column.takes) == 1:
        read = READERS["string" if "text" in column.takes else "int"]
    if column.coerce:
        read = _spelled(read, COERCERS[column.kind])
    return _zoned(read, column) if column.kind == "datetime" and column.aware is not None else read


def _spelled(read: Reader, spells: Callable[[str], Any]) -> Reader:
    return lambda value: spells(value) if isinstance(value, str) else read(value)


def _zoned(read: Reader, column: Column) -> Reader:
    aware, name = column.aware, column.zone_name

    def read_moment(value: object) -> Any:
        moment = read(value)
        if moment is WRONG or (moment.tzinfo is not None) != aware:
            return WRONG
        return moment if name is None or str(moment.tzinfo) == name else WRONG

    return read_moment


def _typed(name: str) -> Reader:
    def read_object(value: object) -> Any:
        return value if type_name(type(value)) == name else WRONG

    return read_object
