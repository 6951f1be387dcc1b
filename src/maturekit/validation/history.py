"""Quality over time: what the reports on many batches say, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError
from maturekit.reports import Report
from maturekit.validation.frame_report import FrameReport
from maturekit.validation.history_plot import draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["History", "history"]

_LINES = 6


@dataclass(frozen=True, slots=True)
class History:
    """Validation reports of many batches, in the order they were given; `history` makes one.

    Examples
    --------
    >>> from maturekit.schema import Column, Schema
    >>> from maturekit.validation import history, validate
    >>> schema = Schema({"age": Column("int", ge=0, nullable=True)})
    >>> days = {"mon": [31, None], "tue": [-1, 4, 5, None]}
    >>> past = history({day: validate(pd.DataFrame({"age": ages}), schema) for day, ages in days.items()})
    >>> past.frame()["rejected_share"].to_dict()
    {'mon': 0.0, 'tue': 0.25}
    >>> past.nulls()["age"].to_dict()
    {'mon': 0.5, 'tue': 0.25}
    >>> past.failures().columns.tolist()
    ['age: ge']
    """

    batches: tuple[Any, ...]
    reports: tuple[FrameReport, ...]

    def frame(self) -> pd.DataFrame:
        """Return one row a batch.

        The columns: `time` of the report; `rows`; `rejected` rows and their share; how many findings `failed` and
        `could_not_run`, of any severity; the `newest` moment in a column of role time (without a zone it is taken as
        UTC), and `age`, how old that was when the report was made.
        """
        table = pd.DataFrame(
            {
                "time": pd.to_datetime([report.time for report in self.reports], utc=True),
                "rows": np.array([report.rows for report in self.reports], dtype=np.int64),
                "rejected": np.array([len(report.rejected) for report in self.reports], dtype=np.int64),
            },
            index=self._index(),
        )
        table["rejected_share"] = table["rejected"] / table["rows"].where(table["rows"] > 0)
        for status in ("failed", "could_not_run"):
            table[status] = [sum(finding.status == status for finding in report.findings) for report in self.reports]
        table["newest"] = pd.DatetimeIndex([_newest(report) for report in self.reports], dtype="datetime64[ns, UTC]")
        table["age"] = table["time"] - table["newest"]
        return table

    def nulls(self) -> pd.DataFrame:
        """Return the share of nulls, one row a batch and one column a column; missing where it was not judged."""
        return self._shares(
            [
                {finding.columns[0]: finding.share for finding in report.findings if finding.rule == "nullable"}
                for report in self.reports
            ]
        )

    def failures(self) -> pd.DataFrame:
        """Return the share of rows that break a rule, one row a batch and one column a rule that any batch breaks.

        It is missing where the rule was not judged.
        """
        shares = self._shares([_shares(report) for report in self.reports])
        return shares.loc[:, (shares > 0).any()]

    def plot(self, figure: Figure | None = None) -> list[Axes]:
        """Draw volume, rejected rows, failing rules, nulls, and freshness, batch by batch (extra `plots`).

        Of rules and columns the six worst are drawn.

        Parameters
        ----------
        figure : matplotlib Figure, optional
            Where to draw; a new figure of pyplot by default, which a notebook shows.

        Returns
        -------
        list of matplotlib Axes
            One a panel, from top to bottom.
        """
        return draw(
            figure,
            [_label(batch) for batch in self.batches],
            self.frame(),
            failures=_worst(self.failures()),
            nulls=_worst(self.nulls()),
        )

    def _index(self) -> pd.Index:
        index: pd.Index = pd.Index(self.batches, name="batch")
        return index

    def _shares(self, rows: list[dict[str, float | None]]) -> pd.DataFrame:
        names = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[row.get(name) for name in names] for row in rows]
        return pd.DataFrame(np.array(cells, dtype=np.float64).reshape(len(rows), -1), self._index(), names)


def history(reports: Iterable[Report] | Mapping[Any, Report], *, label: str | None = None) -> History:
    """Return what validation reports say of many batches, for a table and a drawing.

    The reports may be fresh, read back from JSON, or attached to versions in a registry.

    Parameters
    ----------
    reports : iterable of Report, or mapping of a label to a Report
        Reports of kind ``"validation"``, in the order in which they are to be shown.
    label : str, optional
        The subject of each report whose text names the batch, such as ``"data"``; by default batches are named by the
        time of their report, or by the keys of a mapping.

    Raises
    ------
    ArgumentError
        When there are no reports, one is of another kind, or labels are given in two ways.
    NotFoundError
        When a report has no such subject.

    Examples
    --------
    >>> from maturekit.schema import Column, Schema
    >>> from maturekit.validation import validate
    >>> report = validate(pd.DataFrame({"age": [31, None]}), Schema({"age": Column("int")}))
    >>> history([Report.from_json(report.to_json())]).frame()["rejected"].tolist()
    [1]
    """
    if isinstance(reports, Mapping):
        if label is not None:
            raise ArgumentError("a mapping names the batches already", hint="pass its values, or leave `label` out.")
        batches, given = list(reports), list(reports.values())
    else:
        given = list(reports) if isinstance(reports, Iterable) else [reports]
        batches = []
    if not given:
        raise ArgumentError("there are no reports to make a history of")
    for report in given:
        if not isinstance(report, Report):
            raise ArgumentTypeError(f"a history is made of reports, got {type(report).__name__}")
        if report.kind != "validation":
            raise ArgumentError(
                f"a history is made of validation reports, got one of kind {report.kind!r}",
                hint='choose them: [report for report in reports if report.kind == "validation"].',
            )
    if label is not None:
        batches = [_subject(report, label) for report in given]
    return History(tuple(batches or [report.time for report in given]), tuple(map(_framed, given)))


def _framed(report: Report) -> FrameReport:
    if isinstance(report, FrameReport):
        return report
    return FrameReport(report.kind, report.findings, subjects=report.subjects, time=report.time)


def _subject(report: Report, label: str) -> str:
    if label not in report.subjects:
        raise NotFoundError.named("subject of the report", label, known=report.subjects)
    return report.subjects[label]


def _newest(report: Report) -> pd.Timestamp | None:
    found = [str(finding.value) for finding in report.findings if finding.rule == "newest"]
    return max(pd.to_datetime(found, utc=True, format="ISO8601"), default=None)


def _shares(report: Report) -> dict[str, float | None]:
    """Return the share of rows that break each rule; of a rule that is judged twice, in all."""
    shares: dict[str, float | None] = {}
    for finding in report.findings:
        if finding.share is not None and (finding.rule != "nullable" or len(finding.positions)):
            name = f"{', '.join(finding.columns)}: {finding.rule}"
            shares[name] = (shares.get(name) or 0.0) + finding.share
    return shares


def _worst(shares: pd.DataFrame) -> pd.DataFrame:
    worst = shares.max()
    return shares[worst[worst > 0].sort_values(ascending=False, kind="stable").index[:_LINES]]


def _label(batch: Any) -> str:
    return f"{batch:%Y-%m-%d %H:%M}" if isinstance(batch, datetime) else str(batch)
