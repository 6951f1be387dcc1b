"""A schema as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from maturekit._core import html
from maturekit.schema.column import Column
from maturekit.schema.rule import Rule

__all__ = ["page"]


def page(columns: Mapping[str, Column], rules: Iterable[Rule]) -> str:
    """Return a table of the columns, and one of the rules, in HTML.

    >>> page({"age": Column("int", ge=0)}, ()).count("<tr>")
    2
    """
    cells = [
        [name, column.kind, column.role, "yes" if column.nullable else "no", _said(column)]
        for name, column in columns.items()
    ]
    tables = html.table(["column", "kind", "role", "nullable", "keeps"], cells, caption="Schema")
    said = [[rule.stored_as, rule.words, rule.severity] for rule in rules]
    if said:
        tables += html.table(["rule", "says", "severity"], said, caption="Rules")
    return f'<div lang="en" class="maturekit-schema">{tables}</div>'


def _said(column: Column) -> str:
    shown = {name: value for name, value in column.parameters().items() if name not in {"role", "nullable"}}
    return ", ".join(
        f"{name} {sorted(value) if isinstance(value, frozenset) else value}" for name, value in shown.items()
    )
