"""Where a column exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maturekit.schema.column import Column

__all__ = ["exists"]


def exists(column: Column, environment: str) -> bool:
    """Return whether a column exists in an environment; one that names none is everywhere, a label not when serving.

    >>> from maturekit.schema import Column
    >>> exists(Column("int"), "serving"), exists(Column("int", role="label"), "serving")
    (True, False)
    """
    if column.environments:
        return environment in column.environments
    return not (column.role == "label" and environment == "serving")
