"""What all displays share: where they draw, names of batches that fit, and marks of alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maturekit._core.extras import require
from maturekit.drift.history import History
from maturekit.drift.history_changes import UNITS
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = [
    "CALM",
    "LOUD",
    "check_history",
    "name_batches",
    "new_axes",
    "new_figure",
    "plain",
    "runs",
    "shade",
    "shortened",
]

CALM, LOUD = "C0", "C1"
"""The first two colours of the style in use: blue and orange by default, which everybody can tell apart."""

_WIDTH = 9.2
_LETTER = 0.62  # width of a letter, as a share of its height
_LONGEST = 14


def new_figure(height: float) -> Figure:
    """Return a new figure of pyplot, which a notebook shows, so many inches high."""
    pyplot = require("matplotlib.pyplot", extra="plots", purpose="drawing a display")
    figure: Figure = pyplot.figure(figsize=(_WIDTH, height), layout="constrained")
    return figure


def new_axes(ax: Axes | None, *, height: float = 3.6) -> Axes:
    """Return the axes to draw on: those that were given, or those of a new figure."""
    if ax is None:
        return new_figure(height).subplots()
    if not hasattr(ax, "set_xlim"):
        raise ArgumentTypeError(f"ax must be an Axes of matplotlib, got {type(ax).__name__}")
    return ax


def check_history(history: object, statistic: str | None = None, *, most: int = 1) -> None:
    """Raise for anything but a history with batches, for a statistic that none has, and for no columns at all."""
    if not isinstance(history, History):
        raise ArgumentTypeError(
            f"history must be a History, got {type(history).__name__}",
            hint="record batches with `History.add` or `History.replay`.",
        )
    if not len(history):
        raise ArgumentError("the history has no batches", hint="add a reading before it is drawn.")
    if statistic is not None and statistic not in UNITS:
        raise NotFoundError.named("statistic of a history", statistic, known=UNITS)
    if not isinstance(most, int) or most < 1:
        raise ArgumentError(f"most must be a whole number from 1, got {most!r}")


def plain(axes: Axes) -> None:
    """Take away what frames a picture without telling anything."""
    axes.spines[["top", "right"]].set_visible(False)


def shortened(name: str, most: int) -> str:
    """Return a name of at most so many letters; what is left out is its middle.

    >>> shortened("household_income_of_the_year", 12)
    'househ…_year'
    """
    if len(name) <= most:
        return name
    tail = (most - 1) // 2
    return f"{name[: most - 1 - tail]}…{name[len(name) - tail :]}"


def name_batches(axes: Axes, batches: Sequence[str]) -> None:
    """Write the names of batches below the axis, as many as fit; their places count from 0."""
    names = [shortened(batch, _LONGEST) for batch in batches]
    size = float(axes.xaxis.get_ticklabels()[0].get_fontsize())  # points, whatever the type says
    room = axes.get_window_extent().width / axes.figure.dpi * 72 / (size * _LETTER)
    fits = max(int(room / (max(map(len, names)) + 2)), 1)
    step = -(-len(names) // fits)
    axes.set_xticks(range(0, len(names), step), names[::step])
    axes.set_xlim(-0.5 - 0.005 * len(names), len(names) - 0.5 + 0.005 * len(names))


def runs(flags: ArrayLike) -> list[tuple[int, int]]:
    """Return the first and the last place of each run of true flags.

    >>> runs([False, True, True, False, True])
    [(1, 2), (4, 4)]
    """
    steps = np.diff(np.concatenate([[0], np.asarray(flags, dtype=np.int8), [0]]))
    return list(zip(np.flatnonzero(steps > 0).tolist(), (np.flatnonzero(steps < 0) - 1).tolist(), strict=True))


def shade(axes: Axes, flags: ArrayLike, *, label: str = "") -> None:
    """Shade the batches that are flagged."""
    for number, (first, last) in enumerate(runs(flags)):
        words: Any = {"label": label} if label and not number else {}
        axes.axvspan(first - 0.5, last + 0.5, color=LOUD, alpha=0.13, linewidth=0, **words)
