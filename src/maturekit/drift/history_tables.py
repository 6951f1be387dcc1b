"""The tables of a history: by update, by column, by alarm."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from maturekit.drift.history_changes import PAIR
from maturekit.drift.history_record import Record
from maturekit.reports import Finding

__all__ = ["alarms", "changed", "leading", "updates", "wide"]

_FAR = 1e6


def updates(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row an update, as `History.updates` explains."""
    table = pd.DataFrame(
        {
            "time": pd.to_datetime([record.reading.time for record in records], utc=True),
            "season": pd.Series([record.season for record in records], dtype=object),
            "rows": np.array([record.rows for record in records], dtype=np.int64),
            "evidence": np.array([record.strongest for record in records], dtype=np.float64),
            "threshold": np.array([record.threshold for record in records], dtype=np.float64),
            "alarm": pd.Series([record.alarm for record in records], dtype=object),
            "opened": np.array([record.reading.opened for record in records], dtype=np.bool_),
        }
    )
    return table.set_axis(pd.Index([record.batch for record in records], name="batch", dtype=object))


def changed(records: Sequence[Record], columns: Collection[str] | None) -> pd.DataFrame:
    """Return one row for each batch, column and statistic, as `History.frame` explains."""
    rows = [
        (
            record.batch,
            column,
            statistic,
            *change,
            _excess(statistic, *change),
            record.evidence[column],
            column in causes,
        )
        for record in records
        for causes in [record.causes]
        for (column, statistic), change in zip(record.names, record.changes.tolist(), strict=True)
        if columns is None or column in columns
    ]
    names = "batch column statistic value low high excess evidence alarm".split()
    kinds = dict.fromkeys(names[:3], object) | dict.fromkeys(names[3:8], np.float64) | {"alarm": np.bool_}
    return pd.DataFrame(rows, columns=names).astype(kinds)


def wide(records: Sequence[Record], cells: Callable[[Record], Iterable[tuple[str, float]]]) -> pd.DataFrame:
    """Return one row a batch and one column a name that `cells` yields, missing where it does not."""
    rows: dict[str, dict[str, float]] = {}
    for record in records:
        rows.setdefault(record.batch, {}).update(cells(record))
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = np.array([[row.get(name, np.nan) for name in names] for row in rows.values()], dtype=np.float64)
    index = pd.Index(list(rows), name="batch", dtype=object)
    return pd.DataFrame(table.reshape(len(rows), len(names)), index, pd.Index(names, dtype=object))


def alarms(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row an alarm, as `History.alarms` explains."""
    episodes: list[list[Record]] = []
    for record in records:
        if record.alarm is not None:
            if record.reading.opened or not episodes or episodes[-1][-1].alarm != record.alarm:
                episodes.append([])
            episodes[-1].append(record)
    rows = []
    for episode in episodes:
        last, best = episode[-1], max(episode, key=lambda record: record.strongest)
        said = best.reading
        rows.append(
            {
                "since": episode[0].reading.since,
                "until": last.batch,
                "open": last is records[-1],
                "updates": len(episode),
                "evidence": best.strongest,
                "years": said.certainty.value if said.certainty else None,
                "columns": tuple(PAIR.join(cause.columns) for cause in said.causes),
                "sizes": tuple(map(_size, said.causes)),
                "causes": tuple(f"{PAIR.join(cause.columns)}: {cause.message}" for cause in said.causes),
            }
        )
    index = pd.Index([episode[0].alarm for episode in episodes], name="alarm", dtype=object)
    names = "since until open updates evidence years columns causes sizes".split()
    return pd.DataFrame(rows, index, names).astype({"open": np.bool_})


def leading(records: Sequence[Record]) -> list[str]:
    """Return all names that have evidence, strongest peak first."""
    peaks: dict[str, float] = {}
    for record in records:
        for name, level in record.evidence.items():
            peaks[name] = max(peaks.get(name, 0.0), level)
    return sorted(peaks, key=lambda name: -peaks[name])


def _excess(statistic: str, value: float, low: float, high: float) -> float:
    """Return how far a value is from no change, in multiples of its bound on that side."""
    unchanged = 1.0 if statistic == "spread" else 0.0
    move, room = value - unchanged, (high if value > unchanged else low) - unchanged
    return math.copysign(min(abs(move / room), _FAR), move) if room else math.copysign(_FAR, move) * (move != 0)


def _size(cause: Finding) -> str:
    """Return the bounds of a size as a person reads them."""
    if cause.interval is None:
        return ""
    low, high = cause.interval
    return f"{low:.3g} to {high:.3g} {cause.unit}".rstrip()
