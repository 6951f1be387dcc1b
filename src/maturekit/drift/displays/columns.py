"""Columns over time: one small picture each, with the band that tolerance and chance explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.drift.displays.drawing import (
    CALM,
    LOUD,
    check_history,
    name_batches,
    new_axes,
    new_figure,
    plain,
    shade,
    shortened,
)
from maturekit.drift.history import History
from maturekit.errors import ArgumentError, NotFoundError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

__all__ = ["ColumnsDisplay", "Panel"]

_WORDS = {
    "location": "mean moved, in sd",
    "spread": "spread, ratio of sd",
    "values": "% of rows changed",
    "nulls": "missing, points more",
    "correlation": "correlation moved",
}
_LONGEST = 42
_WIDE = 2
_DOTS = 60


@dataclass(frozen=True, slots=True)
class Panel:
    """One column over time.

    Parameters
    ----------
    column, statistic : str
        What is shown, as `History.frame` names it.
    value, low, high : array of float64
        At each batch, NaN where the column did not come.
    alarm : array of bool
        Whether an alarm was open that names the column as a cause.

    Examples
    --------
    >>> ones = np.ones(3)
    >>> Panel("age", "location", ones, -ones, ones, ones > 1).column
    'age'
    """

    column: str
    statistic: str
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    alarm: NDArray[np.bool_]


class ColumnsDisplay:
    """A few columns over time, each with its band; batches while an alarm names the column are shaded.

    Constructing it stores the data, `plot` draws them (extra `plots`); `from_history` does both.

    Parameters
    ----------
    batches : sequence of str
        Their ids, in order.
    panels : sequence of Panel
        What to draw, at least one.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        One a panel.
    figure_ : matplotlib Figure
        Where it was drawn.

    Examples
    --------
    >>> from matplotlib.figure import Figure, SubFigure
    >>> ones = np.ones(3)
    >>> panels = [Panel(name, "location", ones, -ones, ones, ones > 1) for name in ("age", "income")]
    >>> display = ColumnsDisplay(["mon", "tue", "wed"], panels).plot(Figure().subplots(1, 2))
    >>> [axes.get_title(loc="left") for axes in display.axes_]
    ['age: mean moved, in sd', 'income: mean moved, in sd']
    """

    def __init__(self, batches: Sequence[str], panels: Sequence[Panel]) -> None:
        self.batches = list(batches)
        self.panels = list(panels)
        if not self.panels or any(len(panel.value) != len(self.batches) for panel in self.panels):
            raise ArgumentError("columns over time need at least one panel, each with as many values as batches")

    @classmethod
    def from_history(
        cls,
        history: History,
        *,
        columns: Sequence[str] | None = None,
        statistic: str | None = None,
        most: int = 6,
        ax: Figure | Axes | Sequence[Axes] | None = None,
    ) -> Self:
        """Draw columns of a history, on a figure or axes of yours or on a new figure of pyplot.

        Parameters
        ----------
        history : History
            What to draw.
        columns : sequence of str, optional
            Columns, or pairs such as ``"age × income"``; by default those with the strongest evidence.
        statistic : str, optional
            What to show of them; by default, of each, what leaves its band farthest.
        most : int
            How many columns at most, when they are not named.
        ax : matplotlib Figure, Axes or sequence of Axes, optional
            An empty figure to divide, or one axes for each column.
        """
        return cls(*_panels(history, columns, statistic, most)).plot(ax)

    def plot(self, ax: Figure | Axes | Sequence[Axes] | NDArray[np.object_] | None = None) -> Self:
        """Draw on a figure, on axes, one a panel, or on a new figure of pyplot, and return the display."""
        if ax is None:
            self._divide(new_figure(0.6 + 2.1 * -(-len(self.panels) // _WIDE)))
        elif isinstance(ax, (Sequence, np.ndarray)):
            self._fill(np.asarray(ax, dtype=object).ravel().tolist())
        elif hasattr(ax, "subplots"):
            self._divide(ax)  # type: ignore[arg-type]  # only a figure has subplots
        else:
            self._fill([ax])
        return self

    def _divide(self, figure: Figure) -> None:
        wide = min(len(self.panels), _WIDE)
        figure.set_layout_engine("constrained")
        grid = figure.subplots(-(-len(self.panels) // wide), wide, squeeze=False)
        for spare in grid.flat[len(self.panels) :]:
            spare.remove()
        self._fill(grid.ravel()[: len(self.panels)].tolist())
        parts = [part for axes in self.axes_ for part in zip(*axes.get_legend_handles_labels(), strict=True)]
        handles = {label: handle for handle, label in parts}
        figure.legend(
            list(handles.values()), list(handles), loc="outside upper left", ncols=3, frameon=False, fontsize="small"
        )

    def _fill(self, axes: list[Axes]) -> None:
        if len(axes) != len(self.panels):
            raise ArgumentError(f"{len(self.panels)} columns need as many axes, got {len(axes)}")
        for panel, where in zip(self.panels, axes, strict=True):
            self._draw(panel, new_axes(where))
        self.axes_: list[Axes] = axes
        self.figure_: Figure | SubFigure = axes[0].figure

    def _draw(self, panel: Panel, axes: Axes) -> None:
        places = np.arange(len(self.batches))
        there = np.isfinite(panel.value)
        x, many = places[there], there.sum() > _DOTS
        shade(axes, panel.alarm, label="alarm names it")
        if len(x) == 1:  # a band needs two
            axes.vlines(x, panel.low[there], panel.high[there], color="0.5", alpha=0.22, linewidth=12)
        axes.fill_between(
            x,
            panel.low[there],
            panel.high[there],
            color="0.5",
            alpha=0.22,
            linewidth=0,
            label="within tolerance and chance",
        )
        axes.plot(
            x,
            panel.value[there],
            color=CALM,
            linewidth=1.2 if many else 1.5,
            marker="" if many else "o",
            markersize=3.5,
        )
        loud = there & panel.alarm
        axes.plot(places[loud], panel.value[loud], "o", color=LOUD, markersize=2.5 if many else 4.5)
        words = _WORDS.get(panel.statistic, panel.statistic)
        name = shortened(panel.column, _LONGEST - len(words))
        axes.set_title(f"{name}: {words}", loc="left", fontsize="medium")
        plain(axes)
        name_batches(axes, self.batches)


def _panels(
    history: History, columns: Sequence[str] | None, statistic: str | None, most: int
) -> tuple[list[str], list[Panel]]:
    check_history(history, statistic, most=most)
    batches = list(dict.fromkeys(history.updates().index))
    known = history.columns
    for name in columns or ():
        if name not in known:
            raise NotFoundError.named("column of the history", name, known=known)
    chosen = list(columns) if columns else [name for name in history.leading() if name in known][:most]
    frame = history.frame(chosen)
    if statistic is not None:
        frame = frame[frame["statistic"] == statistic]
    panels = []
    for name in chosen:
        own = frame[frame["column"] == name]
        far = own["excess"].abs().sub(1).clip(lower=0).groupby(own["statistic"], sort=False).sum()
        if len(far):
            part = own[own["statistic"] == far.idxmax()].set_index("batch").reindex(batches)
            value, low, high = (part[bound].to_numpy() for bound in ("value", "low", "high"))
            flags = part["alarm"].eq(True).to_numpy()  # NaN where the column did not come is no alarm
            panels.append(Panel(name, str(far.idxmax()), value, low, high, flags))
    return batches, panels
