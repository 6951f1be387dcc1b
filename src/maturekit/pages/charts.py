"""The pictures a model's life needs: lines over time with intervals, and a timeline of versions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

from maturekit._core.clock import as_utc
from maturekit._core.extras import require
from maturekit.errors import ArgumentError
from maturekit.pages.figure import figure
from maturekit.pages.fragment import Fragment
from maturekit.pages.palette import DASHES, LIGHT, MARKERS, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Level", "Line", "Mark", "Moment", "Span", "drawing_style", "line_chart", "timeline"]

Place = datetime | float | str
"""A place on the horizontal axis: a time, a number, or the name of a period."""

_WIDTH = 9.2
_ROOM = 0.03
"""Empty room at both ends of a timeline, as a share of it."""
_LETTER = 0.008
"""Width of a letter, as a share of the picture."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a line chart; `low` and `high` bound each value.

    Examples
    --------
    >>> Line("AUC", ["May", "June"], [0.77, 0.76], low=[0.75, 0.74], high=[0.79, 0.78]).name
    'AUC'
    """

    name: str
    x: Sequence[Place]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    def __post_init__(self) -> None:
        """Refuse series of unequal length."""
        lengths = {len(part) for part in (self.x, self.y, self.low, self.high) if part is not None}
        if len(lengths) != 1 or lengths == {0}:
            raise ArgumentError(f"the line {self.name!r} needs as many values as places, at least one")
        if (self.low is None) != (self.high is None):
            raise ArgumentError(f"the line {self.name!r} has one bound without the other")


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with a name, such as a threshold.

    Examples
    --------
    >>> Level(0.5, "chance").value
    0.5
    """

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with a name, such as an alarm.

    Examples
    --------
    >>> Mark("July", "alarm").name
    'alarm'
    """

    x: Place
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """A bar of a timeline: what held from `start` to `end`, or to the end of the picture.

    Examples
    --------
    >>> Span("version 1", 1.0, 5.0, "production").lane
    'version 1'
    """

    lane: str
    start: datetime | float
    end: datetime | float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A sign of a timeline: what happened at one time; equal kinds share a sign.

    Examples
    --------
    >>> Moment("version 2", 4.0, "refused").kind
    'refused'
    """

    lane: str
    x: datetime | float
    kind: str


def drawing_style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the style of the page, for pictures of your own.

    Colours follow the theme of the page once `figure` has taken the picture in.

    >>> from matplotlib.figure import Figure
    >>> with drawing_style():
    ...     drawing = Figure()
    ...     line, = drawing.subplots().plot([1, 2])
    >>> line.get_color()
    '#0767b0'
    """
    matplotlib = require("matplotlib", extra="plots", purpose="drawing")
    cycler = require("cycler", extra="plots", purpose="drawing").cycler
    context: AbstractContextManager[None] = matplotlib.rc_context(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": LIGHT["line"],
            "axes.grid": True,
            "axes.grid.axis": "y",
            "axes.labelcolor": LIGHT["quiet"],
            "axes.prop_cycle": cycler(color=SERIES),
            "axes.spines.left": False,
            "axes.ymargin": 0.12,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.figsize": (_WIDTH, 3.6),
            "font.size": 11,
            "grid.color": LIGHT["line"],
            "grid.linewidth": 0.8,
            "legend.frameon": False,
            "lines.linewidth": 2.0,
            "lines.markersize": 6.0,
            "xtick.color": LIGHT["quiet"],
            "xtick.major.size": 0,
            "xtick.minor.size": 0,
            "ytick.color": LIGHT["quiet"],
            "ytick.major.size": 0,
            "ytick.minor.size": 0,
        }
    )
    return context


def line_chart(
    lines: Sequence[Line],
    *,
    alt: str,
    caption: str = "",
    y_label: str = "",
    levels: Sequence[Level] = (),
    marks: Sequence[Mark] = (),
    log: bool = False,
) -> Fragment:
    """Return lines over time or periods, each with its own colour, marker and dashes, and its interval as a band.

    Parameters
    ----------
    lines : sequence of Line
        At most six.
    alt : str
        What the picture shows, for whoever cannot see it.
    caption : str
        A text below the picture.
    y_label : str
        What the vertical axis counts, with its unit.
    levels : sequence of Level
        Horizontal lines.
    marks : sequence of Mark
        Vertical lines.
    log : bool
        Whether the vertical axis counts in powers of ten.

    Examples
    --------
    >>> chart = line_chart([Line("AUC", ["May", "June"], [0.77, 0.76])], alt="AUC falls by 0.01.")
    >>> chart.html.startswith("<figure>")
    True
    """
    if not 1 <= len(lines) <= len(SERIES):
        raise ArgumentError(
            f"a chart takes 1 to {len(SERIES)} lines, got {len(lines)}", hint="draw several charts below one another."
        )
    with drawing_style():
        drawing, axes = _empty()
        for place, line in enumerate(lines):
            _draw_line(axes, line, place, many=len(line.x) > 60)
        for level in levels:
            axes.axhline(level.value, color=LIGHT["quiet"], linewidth=1.2, dashes=(4, 3))
            _note(axes, (1, level.value), level.name, across=True)
        for place, mark in enumerate(marks):
            x = _at(axes, mark.x)
            axes.axvline(x, color=LIGHT["quiet"], linewidth=1.0, dashes=(1, 2))
            _note(axes, (x, 1 - 0.07 * (place % 3)), mark.name, across=False)  # neighbours stay readable
        if log:
            axes.set_yscale("log")
        _finish(axes, y_label=y_label, legend=len(lines) > 1 or bool(lines[0].low))
        return figure(drawing, alt=alt, caption=caption)


def timeline(spans: Sequence[Span], moments: Sequence[Moment] = (), *, alt: str, caption: str = "") -> Fragment:
    """Return lanes from top to bottom with bars for what held and signs for what happened.

    Examples
    --------
    >>> chart = timeline([Span("version 1", 1, 5)], [Moment("version 2", 4, "refused")], alt="Version 1 held.")
    >>> chart.html.startswith("<figure>")
    True
    """
    if not spans and not moments:
        raise ArgumentError("the timeline is empty", hint="pass at least one Span or Moment.")
    starts = sorted([(_number(span.start), span.lane) for span in spans] + [(_number(m.x), m.lane) for m in moments])
    lanes = list(dict.fromkeys(lane for _, lane in starts))
    kinds = list(dict.fromkeys(moment.kind for moment in moments))
    first = starts[0][0]
    last = max([starts[-1][0], *(_number(span.end) for span in spans if span.end is not None)])
    room = (last - first) * _ROOM or 1.0
    with drawing_style():
        drawing, axes = _empty(height=0.9 + 0.55 * len(lanes))
        for span in spans:
            start, end = _number(span.start), last + room if span.end is None else _number(span.end)
            lane = lanes.index(span.lane)
            axes.barh(lane, end - start, left=start, height=0.34, color=SERIES[0], alpha=0.25)
            if len(span.name) * _LETTER < (end - start) / (last - first + 2 * room):  # a name that fits below its bar
                axes.annotate(span.name, (start, lane + 0.2), va="top", color=LIGHT["quiet"], fontsize=9)
        for kind, marker, colour in zip(kinds, cycle(MARKERS), cycle((*SERIES[1:], SERIES[0])), strict=False):
            here = [moment for moment in moments if moment.kind == kind]
            places = [lanes.index(moment.lane) for moment in here]
            axes.plot([_number(m.x) for m in here], places, marker, color=colour, label=kind, markersize=8)
        axes.set_yticks(range(len(lanes)), lanes, color="black")
        axes.set_ylim(len(lanes) - 0.35, -0.5)
        axes.set_xlim(first - room, last + room)
        axes.grid(visible=False)
        axes.grid(visible=True, axis="x")
        if isinstance(spans[0].start if spans else moments[0].x, datetime):
            axes.xaxis_date(tz=UTC)
        _finish(axes, y_label="", legend=bool(kinds))
        return figure(drawing, alt=alt, caption=caption)


def _empty(height: float = 3.6) -> tuple[Any, Axes]:
    from matplotlib.figure import Figure  # noqa: PLC0415  # matplotlib is an extra; `drawing_style` has asked for it

    drawing = Figure(figsize=(_WIDTH, height), layout="constrained")
    return drawing, drawing.subplots()


def _draw_line(axes: Axes, line: Line, place: int, *, many: bool) -> None:
    x: Any = list(line.x)
    axes.plot(
        x,
        list(line.y),
        color=SERIES[place],
        marker="" if many else MARKERS[place],
        dashes=DASHES[place] or (1, 0),
        label=line.name,
    )
    if line.low is not None and line.high is not None:
        axes.fill_between(x, list(line.low), list(line.high), color=SERIES[place], alpha=0.16, linewidth=0)


def _note(axes: Axes, place: tuple[Any, Any], words: str, *, across: bool) -> None:
    frame = axes.get_yaxis_transform() if across else axes.get_xaxis_transform()
    axes.annotate(
        words,
        place,
        xytext=(4, 0),
        xycoords=frame,
        textcoords="offset points",
        va="center" if across else "top",
        color=LIGHT["quiet"],
        fontsize=9.5,
    )


def _at(axes: Axes, x: Place) -> float:
    """Return where a time or the name of a period stands, once the lines have told the axis what it counts."""
    import numpy as np  # noqa: PLC0415  # pages without pictures never load numpy

    return float(np.asarray(axes.convert_xunits(x)).item())  # older matplotlib returns an array of one


def _number(x: datetime | float) -> float:
    from matplotlib.dates import date2num  # noqa: PLC0415  # matplotlib is an extra; `drawing_style` has asked for it

    return float(date2num(as_utc(x))) if isinstance(x, datetime) else float(x)


def _finish(axes: Axes, *, y_label: str, legend: bool) -> None:
    from matplotlib import dates  # noqa: PLC0415  # matplotlib is an extra; `drawing_style` has asked for it

    locator = axes.xaxis.get_major_locator()
    if isinstance(locator, dates.AutoDateLocator):
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    if y_label:
        axes.set_ylabel(y_label)
    if legend:
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles, names, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=5, borderaxespad=0.2)
