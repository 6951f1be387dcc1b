"""Cells that failed, as they stand in the source: asked for, never kept."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from maturekit.reports import Finding

__all__ = ["sample"]


def sample(findings: Sequence[Finding], frames: Iterable[pd.DataFrame], n: int) -> pd.DataFrame:
    """Return the cells that the first `n` positions of each finding speak of; a column that is absent has none.

    >>> from maturekit.reports import Finding
    >>> found = [Finding("ge", "failed", ("a",), positions=[1, 2])]
    >>> sample(found, [pd.DataFrame({"a": [3, -1]}), pd.DataFrame({"a": [-2]})], n=5)["value"].tolist()
    [-1, -2]
    """
    aliases = {found.columns[0]: _names(found) for found in findings if found.rule == "renamed"}
    wanted = [(found.rule, name, found.positions[:n]) for found in findings for name in found.columns]
    cells: dict[tuple[str, int], Any] = {}
    start = 0
    for frame in frames:
        stop = start + len(frame)
        for _, name, positions in wanted:
            here = positions[(positions >= start) & (positions < stop)]
            stands = next((other for other in (name, *aliases.get(name, ())) if other in frame.columns), None)
            if len(here) and stands is not None:
                values = frame[stands].iloc[here - start].tolist()
                cells.update(((name, row), value) for row, value in zip(here.tolist(), values, strict=True))
        start = stop
    rows = [
        (rule, name, row, cells[name, row])
        for rule, name, positions in wanted
        for row in positions.tolist()
        if (name, row) in cells
    ]
    table = pd.DataFrame({"rule": [row[0] for row in rows], "column": [row[1] for row in rows]}, dtype="str")
    table["position"] = np.array([row[2] for row in rows], dtype=np.int64)
    return table.assign(value=pd.Series([row[3] for row in rows], dtype=object))


def _names(found: Finding) -> tuple[str, ...]:
    """Return the aliases that a column was found under, which its finding lists as Python spells texts."""
    names: tuple[str, ...] = ast.literal_eval(f"({found.value},)")
    return names
