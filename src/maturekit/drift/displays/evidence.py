"""The evidence of a change, batch by batch, against what raises an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.drift.displays.drawing import CALM, LOUD, check_history, name_batches, new_axes, plain, shade
from maturekit.drift.history import History
from maturekit.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import ArrayLike

__all__ = ["EvidenceDisplay"]

_LEAST = 0.1
_BEYOND = 300.0  # times the threshold: above, more evidence says nothing more


class EvidenceDisplay:
    """Evidence over time on a logarithmic scale, with the threshold, and the alarms that were raised and open.

    Constructing it stores the data, `plot` draws them (extra `plots`); `from_history` does both.

    Parameters
    ----------
    batches : sequence of str
        Their ids, in order.
    evidence : array_like of float
        Evidence after each, in batches between false alarms.
    threshold : array_like of float
        What raises an alarm, at each.
    opened, alarm : array_like of bool
        Whether each raised an alarm, and whether one was open.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.

    Examples
    --------
    >>> from matplotlib.figure import Figure, SubFigure
    >>> display = EvidenceDisplay(["mon", "tue", "wed"], [1.5, 30, 900], [365] * 3, opened=[0, 0, 1], alarm=[0, 0, 1])
    >>> display.plot(Figure().subplots()).ax_.get_yscale()
    'log'
    """

    def __init__(
        self,
        batches: Sequence[str],
        evidence: ArrayLike,
        threshold: ArrayLike,
        *,
        opened: ArrayLike,
        alarm: ArrayLike,
    ) -> None:
        self.batches = list(batches)
        self.evidence = np.asarray(evidence, dtype=np.float64)
        self.threshold = np.asarray(threshold, dtype=np.float64)
        self.opened = np.asarray(opened, dtype=np.bool_)
        self.alarm = np.asarray(alarm, dtype=np.bool_)
        lengths = {len(part) for part in (self.batches, self.evidence, self.threshold, self.opened, self.alarm)}
        if len(lengths) != 1 or lengths == {0}:
            raise ArgumentError("a curve of evidence needs as many values as batches, at least one")

    @classmethod
    def from_history(cls, history: History, *, ax: Axes | None = None) -> Self:
        """Draw the evidence of a history, on `ax` or on a new figure of pyplot."""
        check_history(history)
        table = history.updates()
        return cls(
            list(table.index),
            table["evidence"],
            table["threshold"],
            opened=table["opened"],
            alarm=table["alarm"].notna(),
        ).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure of pyplot, and return the display."""
        axes = new_axes(ax)
        places = np.arange(len(self.batches))
        most = self.threshold * _BEYOND
        shown = np.clip(self.evidence, _LEAST, most)
        shade(axes, self.alarm, label="alarm open")
        ends, bar = [-0.5, *places, places[-1] + 0.5], [self.threshold[0], *self.threshold, self.threshold[-1]]
        axes.plot(ends, bar, color="0.5", linestyle="--", linewidth=1.2, label="raises an alarm")
        axes.plot(places, shown, color=CALM, marker="o" if len(places) == 1 else "", label="evidence")
        if self.opened.any():
            axes.plot(places[self.opened], shown[self.opened], "v", color=LOUD, markersize=8, label="alarm raised")
        beyond = np.flatnonzero(self.evidence > most)
        if len(beyond):
            axes.plot(beyond, most[beyond], "^", color=CALM, markersize=4, label="beyond the picture")
        axes.set_yscale("log")
        axes.set_ylim(_LEAST, max(float(shown.max()), float(self.threshold.max())) * 2.5)
        axes.set_ylabel("evidence: batches\nbetween false alarms")
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=5, frameon=False, borderaxespad=0.2, fontsize="small"
        )
        plain(axes)
        name_batches(axes, self.batches)
        self.ax_: Axes = axes
        self.figure_: Figure | SubFigure = axes.figure
        return self
