"""Tables in which every cell is escaped, readable for eyes, ears and small screens."""

from __future__ import annotations

import html
import math
import numbers
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from maturekit._core.clock import as_utc
from maturekit._core.html import escape
from maturekit.errors import ArgumentError
from maturekit.pages.fragment import Fragment, text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame", "table"]

_NUMBER = r"[-+−<>≤≥≈±]?\s?\d[\d.,]*(\s?%)?"
_NUMBER_LIKE = re.compile(rf"–|{_NUMBER}( to {_NUMBER})?")
_TAG = re.compile(r"<[^>]*>")
_SHORT = 24
"""A column of texts up to this length is not broken into lines; one with longer texts gets room to breathe."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str) -> Fragment:
    """Return a table whose every cell is escaped; the first column names the row.

    A cell may be text, a number, a bool, an aware time, None (shown as a dash) or a `Fragment`. Columns that hold
    nothing but numbers are set flush right.

    >>> table(["month", "AUC"], [["May", 0.77512]], caption="Performance").html.count("<td")
    1
    """
    lines = [list(row) for row in rows]
    for place, line in enumerate(lines):
        if len(line) != len(head):
            raise ArgumentError(f"row {place} of the table {caption!r} has {len(line)} cells, its head has {len(head)}")
    shown = [[_cell(cell) for cell in line] for line in lines]
    kinds = [_kind([line[column] for line in shown], first=not column) for column in range(len(head))]
    top = "".join(f'<th scope="col"{kind}>{text(str(name)).html}</th>' for name, kind in zip(head, kinds, strict=True))
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{cell}</td>" if column else f'<th scope="row"{kind}>{cell}</th>'
            for column, (cell, kind) in enumerate(zip(line, kinds, strict=True))
        )
        + "</tr>"
        for line in shown
    )
    return Fragment(
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption>{text(caption).html}</caption>"
        f"<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def frame(data: pd.DataFrame, *, caption: str) -> Fragment:
    """Return a pandas frame as a table; its index is left out, so reset it if it says something.

    >>> import pandas as pd
    >>> frame(pd.DataFrame({"carrier": ["UA", "B6"]}), caption="Carriers").html.count('scope="row"')
    2
    """
    rows = [[None if _is_missing(cell) else cell for cell in row] for row in data.itertuples(index=False, name=None)]
    return table([str(name) for name in data.columns], rows, caption=caption)


def _kind(cells: Sequence[str], *, first: bool) -> str:
    seen = [html.unescape(_TAG.sub("", cell)) for cell in cells]
    if seen and not first and all(_NUMBER_LIKE.fullmatch(words) for words in seen):
        return ' class="number"'
    return ' class="short"' if max(map(len, seen), default=0) <= _SHORT else ' class="long"'


def _cell(cell: object) -> str:
    if isinstance(cell, Fragment):
        return cell.html
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, numbers.Integral):
        return f"{int(cell):,}"
    if isinstance(cell, numbers.Real):
        return f"{float(cell):,.4g}"
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return f"<time>{as_utc(cell):%Y-%m-%d %H:%M} UTC</time>"
    return text(str(cell)).html


def _is_missing(cell: object) -> bool:
    return cell is None or type(cell).__name__ in {"NAType", "NaTType"}
