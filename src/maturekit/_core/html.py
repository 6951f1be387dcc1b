"""HTML fragments in which every value is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["escape", "table"]


def escape(value: object) -> str:
    """Return any value as text that is safe between tags and inside quoted attributes.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(str(value), quote=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str) -> str:
    """Return an accessible table: a caption, column headers with scope, every value escaped.

    >>> table(["name"], [["<x>"]], caption="Names")
    '<table><caption>Names</caption><thead><tr><th scope="col">name</th></tr></thead><tbody><tr><td>&lt;x&gt;</td></tr></tbody></table>'
    """
    header = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
