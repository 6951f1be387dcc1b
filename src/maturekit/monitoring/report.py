"""The report of realised performance, and the table of its periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maturekit.reports import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PerformanceReport"]

_COLUMNS = "period status value low high base_rate labelled unlabelled rejected".split()


class PerformanceReport(Report):
    """A report of kind ``"performance"``; `by_period` puts the findings of a period into one row.

    One that was stored reads back as a `Report`; ``PerformanceReport.from_json(report.to_json())`` gives the table.

    Examples
    --------
    >>> from maturekit.reports import Finding
    >>> auc = Finding("roc_auc", "passed", columns=("2013-05",), count=90, value=0.7, interval=(0.6, 0.8))
    >>> rate = Finding("base-rate", "passed", columns=("2013-05",), value=0.25)
    >>> report = PerformanceReport("performance", [auc, rate], subjects={"metric": "roc_auc"})
    >>> report.by_period()[["period", "value", "low", "high", "base_rate", "labelled"]].values.tolist()
    [['2013-05', 0.7, 0.6, 0.8, 0.25, 90]]
    """

    def by_period(self) -> pd.DataFrame:
        """Return one row a period or group, in the order of the report.

        Columns: ``period`` and ``status`` (text), ``value``, ``low``, ``high`` (the metric and its interval, NaN where
        there is none), ``base_rate``, and the numbers of rows ``labelled``, ``unlabelled`` and ``rejected`` (int64).
        """
        import pandas as pd  # noqa: PLC0415  # a report is read where pandas is not

        rows: dict[str, dict[str, Any]] = {}
        for finding in self.findings:
            if not finding.columns:
                continue  # a remark about the whole log
            period = finding.columns[0]
            row = rows.setdefault(period, {"period": period, "labelled": 0, "unlabelled": 0, "rejected": 0})
            if finding.rule == "base-rate":
                row["base_rate"] = finding.value
            elif finding.rule in {"unlabelled", "rejected"}:
                row[finding.rule] = finding.count
            else:
                low, high = finding.interval or (None, None)
                row |= {"status": finding.status, "value": finding.value, "low": low, "high": high}
                row["labelled"] = finding.count or 0
        frame = pd.DataFrame(list(rows.values()), columns=_COLUMNS)
        numbers = dict.fromkeys(["value", "low", "high", "base_rate"], "float64")
        return frame.astype(numbers | dict.fromkeys(["labelled", "unlabelled", "rejected"], "int64"))
