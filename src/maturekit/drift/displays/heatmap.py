"""All columns over all batches at a glance: where it is dark, something happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.extras import require
from maturekit.drift.displays.drawing import CALM, LOUD, check_history, name_batches, new_axes, runs, shortened
from maturekit.drift.history import History
from maturekit.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import ArrayLike, NDArray

__all__ = ["HeatmapDisplay"]

_EVIDENCE = {0.01: "1 % of an alarm", 0.1: "10 %", 1.0: "100 %", 100.0: "100 times that"}
_CHANGES = {1.0: "beyond its bound", 2.0: "2 times", 4.0: "4 times", 8.0: "8 times"}
_SHADES = (0.16, 0.36, 0.66, 1.0)
_LONGEST = 28
_CALM_ROWS = 10
_ROW = 0.23


class HeatmapDisplay:
    """Columns from top to bottom, batches from left to right, a few shades.

    Constructing it stores the data, `plot` draws them (extra `plots`); `from_history` does both.

    Parameters
    ----------
    columns, batches : sequence of str
        Names of the rows, from top to bottom, and of the places in each, from left to right.
    values : array_like of float, shape (columns, batches)
        Positive ones are orange, negative ones blue; NaN where a column did not come with a batch.
    steps : mapping of float to str
        From which distance to 0 the four shades begin, ascending, and what each means.
    opened : array_like of bool
        Which batches raised an alarm.
    hidden : int
        How many further columns are not shown.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.

    Examples
    --------
    >>> from matplotlib.figure import Figure, SubFigure
    >>> steps = {1.0: "outside", 2.0: "twice as far", 4.0: "4 times", 8.0: "8 times"}
    >>> display = HeatmapDisplay(["age", "income"], ["mon", "tue"], [[0.2, 9], [np.nan, -3]], steps, opened=[0, 1])
    >>> [label.get_text() for label in display.plot(Figure().subplots()).ax_.get_yticklabels()]
    ['age', 'income']
    """

    def __init__(
        self,
        columns: Sequence[str],
        batches: Sequence[str],
        values: ArrayLike,
        steps: dict[float, str],
        *,
        opened: ArrayLike,
        hidden: int = 0,
    ) -> None:
        self.columns, self.batches = list(columns), list(batches)
        self.values = np.asarray(values, dtype=np.float64)
        self.steps = dict(steps)
        self.opened = np.asarray(opened, dtype=np.bool_)
        self.hidden = hidden
        if not self.values.size or self.values.shape != (len(self.columns), len(self.batches)):
            raise ArgumentError("a heat map needs one value for each column and batch, at least one")
        if len(self.opened) != len(self.batches) or len(self.steps) != len(_SHADES):
            raise ArgumentError(f"a heat map needs one flag a batch, and {len(_SHADES)} steps")

    @classmethod
    def from_history(
        cls, history: History, *, statistic: str | None = None, most: int = 40, ax: Axes | None = None
    ) -> Self:
        """Draw the evidence of a history, or one of its statistics, on `ax` or on a new figure of pyplot.

        Evidence is shown as a share of what raises an alarm. A statistic is shown in multiples of its bounds, of which 1
        is as far as tolerance and chance carry 19 of 20 batches. The columns with the strongest evidence stand on top;
        shown are at most `most`, and of those that never reach the lightest shade only as many as make ten.
        """
        check_history(history, statistic, most=most)
        updates = history.updates()
        if statistic is None:
            table, steps = history.evidence(), _EVIDENCE
            table = table.div(updates["threshold"].groupby(level=0).last().reindex(table.index), axis=0)
        else:
            frame = history.frame()
            frame = frame[frame["statistic"] == statistic]
            table, steps = frame.pivot(index="batch", columns="column", values="excess"), _CHANGES
            table = table.reindex(list(dict.fromkeys(updates.index)))
        order = [name for name in history.leading() if name in table]
        shaded = set(table.columns[table.abs().max() >= min(steps)])
        shown = [name for place, name in enumerate(order) if place < _CALM_ROWS or name in shaded][:most]
        return cls(
            shown,
            list(table.index),
            table[shown].to_numpy().T,
            steps,
            opened=updates["opened"].groupby(level=0).any().reindex(table.index),
            hidden=len(order) - len(shown),
        ).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure of pyplot, and return the display."""
        axes = new_axes(ax, height=1.1 + _ROW * len(self.columns))
        bounds = [*self.steps, np.inf]
        size = np.abs(self.values)
        self._fill(axes, size < bounds[0], color="0.5", alpha=0.07)
        self._fill(axes, np.isnan(size), color="0.5", alpha=0.3, label="did not come")
        for sign, colour in ((1, LOUD), (-1, CALM)):
            for place, (name, shade) in enumerate(zip(self.steps.values(), _SHADES, strict=True)):
                inside = (size >= bounds[place]) & (size < bounds[place + 1]) & (np.sign(self.values) == sign)
                words = f"{name}, down" if sign < 0 else name
                self._fill(axes, inside, color=colour, alpha=shade, label=words)
        raised = np.flatnonzero(self.opened)
        if len(raised):
            axes.plot(raised, np.full(len(raised), -0.85), "v", color=LOUD, clip_on=False, label="alarm raised")
        axes.set_ylim(len(self.columns) - 0.5, -0.5)
        axes.set_yticks(range(len(self.columns)), [shortened(name, _LONGEST) for name in self.columns])
        axes.grid(visible=False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        name_batches(axes, self.batches)
        axes.set_xlim(-0.5, len(self.batches) - 0.5)
        if self.hidden:
            axes.set_xlabel(f"and {self.hidden:,} more with less evidence")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(
                loc="lower left", bbox_to_anchor=(0, 1), ncols=5, frameon=False, borderaxespad=1.2, fontsize="small"
            )
        self.ax_: Axes = axes
        self.figure_: Figure | SubFigure = axes.figure
        return self

    def _fill(self, axes: Axes, cells: NDArray[np.bool_], **style: Any) -> None:
        """Fill cells by one path, however many they are."""
        if not cells.any():
            return
        paths = require("matplotlib.path", extra="plots", purpose="drawing a display")
        patches = require("matplotlib.patches", extra="plots", purpose="drawing a display")
        boxes = [
            _box(first - 0.5, row - 0.46, last + 0.5, row + 0.46)
            for row, flags in enumerate(cells)
            for first, last in runs(flags)
        ]
        path = paths.Path.make_compound_path(*(paths.Path(box, closed=True) for box in boxes))
        axes.add_patch(patches.PathPatch(path, linewidth=0, **style))


def _box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
