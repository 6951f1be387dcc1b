"""The parts of a page that need no picture: tables, key figures, reports, stages, things to unfold."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from maturekit._core.clock import as_utc
from maturekit._core.html import escape
from maturekit.errors import ArgumentError
from maturekit.pages.fragment import Fragment, flow, text
from maturekit.reports import Finding, Report, Status

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["details", "frame", "key_figures", "mark", "report", "stages", "table"]

_MARKS: dict[str, tuple[str, str, str]] = {
    "passed": ("good", "✓", "passed"),
    "failed": ("bad", "✗", "failed"),
    "could_not_run": ("unsure", "!", "could not run"),
    "not_enough_evidence": ("unsure", "?", "not enough evidence"),
    "skipped": ("quiet", "–", "skipped"),
}
_NUMBER_LIKE = re.compile(r"(?!\d{4}-\d\d)[-+−<>≤≥≈±]?\s?[\d.]")  # but no date


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
    numeric = [
        all(_NUMBER_LIKE.match(line[column]) or line[column] == "–" for line in shown) for column in range(len(head))
    ]
    kinds = [' class="number"' if shown and column and numeric[column] else "" for column in range(len(head))]
    top = "".join(f'<th scope="col"{kind}>{text(str(name)).html}</th>' for name, kind in zip(head, kinds, strict=True))
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{cell}</td>" if column else f'<th scope="row">{cell}</th>'
            for column, (cell, kind) in enumerate(zip(line, kinds, strict=True))
        )
        + "</tr>"
        for line in shown
    )
    return Fragment(
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f'<table style="min-width: max(100%, {6.5 * len(head)}rem)">'
        f"<caption>{text(caption).html}</caption>"
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


def key_figures(figures: Iterable[tuple[str, str, str]]) -> Fragment:
    """Return the few numbers a reader came for: triples of what it is, the number, and a remark.

    >>> key_figures([("flights served", "221,000", "May to December")]).html.count("<dt>")
    1
    """
    items = "".join(
        f"<div><dt>{text(name).html}</dt><dd><strong>{text(number).html}</strong>"
        f"<span>{text(remark).html}</span></dd></div>"
        for name, number, remark in figures
    )
    return Fragment(f'<dl class="figures">{items}</dl>')


def mark(status: Status) -> Fragment:
    """Return a status as a sign and a word, coloured as well.

    >>> mark("passed").html
    '<span class="good"><span aria-hidden="true">✓</span> passed</span>'
    """
    if status not in _MARKS:
        raise ArgumentError(f"status {status!r} is none of {', '.join(_MARKS)}")
    colour, sign, word = _MARKS[status]
    return Fragment(f'<span class="{colour}"><span aria-hidden="true">{sign}</span> {word}</span>')


def report(judged: Report, *, caption: str = "", only: Iterable[Status] | None = None) -> Fragment:
    """Return the findings of a report as a table, `only` those of some status if asked.

    >>> from maturekit.reports import Finding, Report
    >>> made = Report("validation", [Finding("range", "failed", columns=("age",), count=2)])
    >>> "2 rows" in report(made).html
    True
    """
    wanted = None if only is None else frozenset(only)
    rows = [
        [finding.rule, mark(finding.status), ", ".join(finding.columns), _found(finding), finding.message]
        for finding in judged.findings
        if wanted is None or finding.status in wanted
    ]
    title = caption or f"{judged.kind}: {judged.verdict.replace('_', ' ')}"
    return table(["rule", "status", "columns", "found", "in words"], rows, caption=title)


def stages(names: Sequence[str], *, reached: int, caption: str) -> Fragment:
    """Return a row of stages, those up to number `reached` (counted from 1) marked as reached.

    >>> stages(["exploration", "pilot"], reached=1, caption="Maturity").html.count("<li")
    2
    """
    if not 0 <= reached <= len(names):
        raise ArgumentError(f"reached={reached} is not a number of stages between 0 and {len(names)}")
    items = "".join(
        f'<li class="{"reached" if place <= reached else "ahead"}"{" aria-current=step" if place == reached else ""}>'
        f'<span class="place">{place}</span> <span class="name">{text(name).html}</span> '
        f'<span class="state">{"✓ reached" if place <= reached else "ahead"}</span></li>'
        for place, name in enumerate(names, start=1)
    )
    return Fragment(f'<figure><ol class="stages">{items}</ol><figcaption>{text(caption).html}</figcaption></figure>')


def details(summary: str, *contents: str | Fragment) -> Fragment:
    """Return contents that are folded away until somebody asks for them.

    >>> details("All rows", "1 < 2").html
    '<details><summary>All rows</summary><p>1 &lt; 2</p></details>'
    """
    return Fragment(f"<details><summary>{text(summary).html}</summary>{flow(contents)}</details>")


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


def _found(finding: Finding) -> str:
    parts = []
    if finding.count is not None:
        parts.append(f"{finding.count:,} rows" + ("" if finding.share is None else f" ({finding.share:.2%})"))
    if finding.value is not None:
        shown = f"{finding.value:.4g}" if isinstance(finding.value, float) else str(finding.value)
        parts.append(f"{shown} {finding.unit}".strip())
    if finding.interval is not None:
        parts.append(f"{finding.interval[0]:.4g} to {finding.interval[1]:.4g}")
    if finding.certainty is not None:
        parts.append(f"{finding.certainty.value:.4g} {finding.certainty.meaning}".strip())
    return ", ".join(parts)


def _is_missing(cell: object) -> bool:
    return cell is None or type(cell).__name__ in {"NAType", "NaTType"}
