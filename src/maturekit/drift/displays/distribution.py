"""One column before and after: the shares of rows in the bins, or of the values, that both profiles counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from maturekit.drift.displays.bars import category_bars, number_bars
from maturekit.drift.displays.drawing import CALM, name_batches, new_axes, plain, shortened
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, ProfileMismatchError
from maturekit.profile import CategoryColumn, NumericColumn, Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import ArrayLike, NDArray

__all__ = ["DistributionDisplay"]

_LYING = 18
_LONGEST = 28
_PAST, _PALE = "0.5", 0.45


class DistributionDisplay:
    """Bars of two distributions over the same bins; nothing is shown that the profiles do not hold.

    Constructing it stores the data, `plot` draws them (extra `plots`); `from_profiles` does both.

    Parameters
    ----------
    column : str
        Name of the column.
    names : sequence of str
        What each bar stands for.
    before, after : array_like of float
        Percentages of rows, one a bar.
    edges : array_like of float, optional
        For numbers that are dense: where the bars begin and end, one more than bars. Areas are drawn then, so that a
        bar twice as wide is half as high.
    remark : str
        What no bar shows, such as rows outside the known range.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.

    Examples
    --------
    >>> from matplotlib.figure import Figure, SubFigure
    >>> display = DistributionDisplay("city", ["Rome", "Oslo", "missing"], [60, 40, 0], [50, 45, 5])
    >>> display.plot(Figure().subplots()).ax_.get_title(loc="left")
    'city'
    """

    def __init__(
        self,
        column: str,
        names: Sequence[str],
        before: ArrayLike,
        after: ArrayLike,
        *,
        edges: ArrayLike | None = None,
        remark: str = "",
    ) -> None:
        self.column = column
        self.names = list(names)
        self.before, self.after = (np.asarray(shares, dtype=np.float64) for shares in (before, after))
        self.edges = None if edges is None else np.asarray(edges, dtype=np.float64)
        self.remark = remark
        if not self.names or not len(self.names) == len(self.before) == len(self.after):
            raise ArgumentError("two distributions need at least one bar, with two percentages each")
        if self.edges is not None and len(self.edges) != len(self.names) + 1:
            raise ArgumentError(f"{len(self.names)} bars need {len(self.names) + 1} edges, got {len(self.edges)}")

    @classmethod
    def from_profiles(cls, before: Profile, after: Profile, column: str, *, ax: Axes | None = None) -> Self:
        """Draw a column of two profiles with the same bins, on `ax` or on a new figure of pyplot.

        Parameters
        ----------
        before : Profile
            The reference.
        after : Profile
            A batch, counted with ``like=before``, or the sum of several.
        column : str
            Which column.
        ax : matplotlib Axes, optional
            Where to draw.
        """
        for profile in (before, after):
            if not isinstance(profile, Profile):
                raise ArgumentTypeError(
                    f"before and after must be Profiles, got {type(profile).__name__}",
                    hint="count rows over the reference's bins: `Profile.of(frame, like=before)`.",
                )
            if column not in profile.columns:
                raise NotFoundError.named("column of the profile", column, known=profile.columns)
        past, now = before.columns[column], after.columns[column]
        for part in (past, now):
            if not part.rows:
                raise ArgumentError(f"column {column!r} has no rows in one of the profiles")
        if isinstance(past, NumericColumn) and isinstance(now, NumericColumn) and past.bins == now.bins:
            bars = number_bars(past, now)
        elif isinstance(past, CategoryColumn) and isinstance(now, CategoryColumn) and past.dictionary == now.dictionary:
            bars = category_bars(past, now)
        else:
            raise ProfileMismatchError(
                f"column {column!r} was counted over different bins or values",
                hint="count both with the same reference: `Profile.of(frame, like=reference)`.",
            )
        return cls(column, bars.names, bars.before, bars.after, edges=bars.edges, remark=bars.remark).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure of pyplot, and return the display."""
        lying = self.edges is None and len(self.names) <= _LYING
        axes = new_axes(ax, height=1.2 + 0.36 * len(self.names) if lying else 3.6)
        if self.edges is not None:
            self._areas(axes, self.edges)
        elif lying:
            self._lying(axes)
        else:
            self._standing(axes)
        plain(axes)
        title = shortened(self.column, _LONGEST)
        axes.set_title(title, loc="left", fontweight="bold")
        axes.set_xlabel("\n".join(words for words in (axes.get_xlabel(), self.remark) if words))
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        parts = ("before", "after")
        axes.legend(
            [handles[part] for part in parts],
            parts,
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=2,
            frameon=False,
            borderaxespad=0.2,
        )
        self.ax_: Axes = axes
        self.figure_: Figure | SubFigure = axes.figure
        return self

    def _areas(self, axes: Axes, edges: NDArray[np.float64]) -> None:
        widths = np.diff(edges)
        axes.stairs(self.before / widths, edges, fill=True, color=_PAST, alpha=_PALE, label="before")
        axes.stairs(self.after / widths, edges, color=CALM, linewidth=1.8, label="after")
        inner = edges[1:-1]
        room = 0.4 * (inner[-1] - inner[0])  # a tail without end would press everything else together
        axes.set_xlim(max(edges[0], inner[0] - room), min(edges[-1], inner[-1] + room))
        axes.set_ylim(bottom=0)
        axes.set_ylabel("density")
        axes.set_yticks([])

    def _lying(self, axes: Axes) -> None:
        places = np.arange(len(self.names))
        axes.barh(places - 0.2, self.before, 0.38, color=_PAST, alpha=_PALE, label="before")
        axes.barh(places + 0.2, self.after, 0.38, color=CALM, label="after")
        axes.set_yticks(places, [shortened(name, _LONGEST) for name in self.names])
        axes.set_ylim(len(self.names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("% of rows")

    def _standing(self, axes: Axes) -> None:
        places = np.arange(len(self.names))
        axes.bar(places, self.before, 1.0, color=_PAST, alpha=_PALE, label="before")
        axes.stairs(self.after, np.arange(len(self.names) + 1) - 0.5, color=CALM, linewidth=1.8, label="after")
        name_batches(axes, self.names)
        axes.set_ylabel("% of rows")
