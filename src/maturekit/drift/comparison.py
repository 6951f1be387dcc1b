"""The report of one comparison, and its table of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maturekit._core import html
from maturekit.reports import Finding, Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHANGED", "Comparison"]

CHANGED = "changed"
"""The rule of the findings that hold a p-value."""

_STYLE = (  # the page's own colours, so that it reads the same on any background
    ".maturekit-comparison{max-height:40em;overflow:auto;color:inherit}"
    ".maturekit-comparison table{border-collapse:collapse;margin:0;color:inherit;font-size:inherit}"
    ".maturekit-comparison caption{text-align:left;font-weight:bold;caption-side:top;padding:.3em .6em;color:inherit}"
    ".maturekit-comparison th,.maturekit-comparison td{text-align:left;vertical-align:top;padding:.2em .6em;border:0;"
    "border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}"
)
_WORDS = {"failed": "✗ changed", "passed": "no change seen"}


class Comparison(Report):
    """A report of kind ``"drift-comparison"``; `by_column` puts what is known of a column, or of a pair, into one row.

    One that was stored reads back as a `Report`; ``Comparison.from_json(report.to_json())`` gives the table.

    Examples
    --------
    >>> changed = Finding("changed", "failed", columns=("age",), value=1e-9, message="values moved up by 0.5 sd")
    >>> moved = Finding("wasserstein", "passed", columns=("age",), value=0.5, interval=(0.4, 0.6))
    >>> report = Comparison("drift-comparison", [changed, moved])
    >>> report.by_column().T[0].to_dict()
    {'column': 'age', 'changed': True, 'p_value': 1e-09, 'wasserstein': 0.5, 'what': 'values moved up by 0.5 sd'}
    """

    def by_column(self) -> pd.DataFrame:
        """Return one row a column or pair, in the order of the report: the one to look at first stands first.

        Columns: ``column`` (text; of a pair ``"a × b"``), ``changed`` (bool), ``p_value`` (adjusted for all that was
        tested), then the value of each measure, NaN where there is none, and ``what`` (text).
        """
        import pandas as pd  # noqa: PLC0415  # a report is read where pandas is not

        rows: dict[tuple[str, ...], dict[str, Any]] = {}
        measures: dict[str, None] = {}
        for finding in self.findings:
            if finding.rule == CHANGED:
                rows[finding.columns] = {
                    "column": " × ".join(finding.columns),
                    "changed": finding.status == "failed",
                    "p_value": finding.value,
                    "what": finding.message,
                }
            elif finding.columns in rows and finding.interval is not None:
                measures[finding.rule] = None
                rows[finding.columns][finding.rule] = finding.value
        frame = pd.DataFrame(list(rows.values()), columns=["column", "changed", "p_value", *measures, "what"])
        return frame.astype({"changed": "bool"} | dict.fromkeys(["p_value", *measures], "float64"))

    def _repr_html_(self) -> str:
        """Return a table with one row a column for a notebook; readable in light and dark, never by colour alone."""
        rows: dict[tuple[str, ...], dict[str, str]] = {}
        measures: dict[str, None] = {}
        remarks = []
        for finding in self.findings:
            if finding.rule == CHANGED:
                cells = {"status": _WORDS[finding.status], "p": f"{finding.value:.2g}", "what": finding.message}
                rows[finding.columns] = cells
            elif finding.columns in rows and finding.interval is not None:
                measures[finding.rule] = None
                rows[finding.columns][finding.rule] = _with_bounds(finding)
            else:
                remarks.append(finding)
        head = ["column", "", "adjusted p-value", "what", *measures]
        names = ["status", "p", "what", *measures]
        body = [[" × ".join(key), *(cells.get(name, "") for name in names)] for key, cells in rows.items()]
        notes = [
            [f.rule, f.status.replace("_", " "), ", ".join(f.columns), f"{f.found} {f.message}".strip()]
            for f in remarks
        ]
        changed = sum(cells["status"] == _WORDS["failed"] for cells in rows.values())
        caption = f"{self.kind}: {changed} of {len(rows)} columns and pairs changed"
        table = html.table(head, body, caption=caption)
        if notes:
            table += html.table(["remark", "status", "columns", "found"], notes, caption="Further findings")
        return f'<div lang="en" class="maturekit-comparison" tabindex="0"><style>{_STYLE}</style>{table}</div>'


def _with_bounds(finding: Finding) -> str:
    low, high = finding.interval or (float("nan"), float("nan"))
    return f"{finding.value:.3g} [{low:.2g}, {high:.2g}]"
