"""The parts of a page that need no picture: key figures, reports, stages, things to unfold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maturekit.errors import ArgumentError
from maturekit.pages.fragment import Fragment, flow, text
from maturekit.pages.table import table
from maturekit.reports import Finding, Report, Status

__all__ = ["details", "key_figures", "mark", "report", "stages"]

_MARKS: dict[str, tuple[str, str, str]] = {
    "passed": ("good", "✓", "passed"),
    "failed": ("bad", "✗", "failed"),
    "could_not_run": ("unsure", "!", "could not run"),
    "not_enough_evidence": ("unsure", "?", "not enough evidence"),
    "skipped": ("quiet", "–", "skipped"),
}


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
    shown = [finding for finding in judged.findings if wanted is None or finding.status in wanted]
    columns: dict[str, list[str | Fragment]] = {
        "rule": [finding.rule for finding in shown],
        "status": [mark(finding.status) for finding in shown],
        "columns": [", ".join(finding.columns) for finding in shown],
        "found": [finding.found for finding in shown],
        "how sure": [_sure(finding) for finding in shown],
        "in words": [finding.message for finding in shown],
    }
    told = {name: cells for name, cells in columns.items() if any(cells)}  # a column that says nothing is left out
    title = caption or f"{judged.kind}: {judged.verdict.replace('_', ' ')}"
    return table(list(told) or ["rule"], zip(*told.values(), strict=True), caption=title)


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


def _sure(finding: Finding) -> str:
    certainty = finding.certainty
    return "" if certainty is None else f"{certainty.value:.4g} {certainty.meaning}".strip()
