"""The drawing of a history: one panel a measure, all over the same batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from maturekit._core.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

_LABELS = 12
_MARKERS = "osD^vP"


def draw(
    figure: Figure | None, batches: Sequence[str], table: pd.DataFrame, *, failures: pd.DataFrame, nulls: pd.DataFrame
) -> list[Axes]:
    """Draw the panels; what no batch has a number for gets none, and lines differ by marker, not by colour alone."""
    hours = table["age"].dt.total_seconds() / 3600
    measures = {
        "rows": table["rows"],
        "share of rows rejected": table["rejected_share"],
        "share of rows that break a rule": failures,
        "share of nulls": nulls,
        "age of the newest row, hours": hours,
    }
    shown = {title: lines for title, lines in measures.items() if lines.notna().to_numpy().any()}
    if figure is None:
        pyplot = require("matplotlib.pyplot", extra="plots", purpose="drawing a history")
        figure = pyplot.figure(figsize=(8, 1.2 + 1.9 * len(shown)), layout="constrained")
    panels: list[Axes] = []
    places = np.arange(len(batches))
    ticks = places[:: -(-len(places) // _LABELS)]
    for number, (title, lines) in enumerate(shown.items(), start=1):
        axes = figure.add_subplot(len(shown), 1, number, title=title)
        named = lines.to_frame() if isinstance(lines, pd.Series) else lines
        for marker, name in zip(_MARKERS, named, strict=False):
            axes.plot(places, named[name].to_numpy(dtype=np.float64), marker=marker, markersize=4, label=name)
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if title.startswith("age") else 0.0)
        axes.spines[["top", "right"]].set_visible(False)
        if isinstance(lines, pd.DataFrame):
            axes.legend(fontsize="small", frameon=False, ncols=3)
        last = number == len(shown)
        axes.set_xticks(ticks, [batches[tick] for tick in ticks] if last else [], rotation=30 if last else 0)
        panels.append(axes)
    return panels
