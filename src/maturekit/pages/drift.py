"""One page about a period of a drift monitor: what it said, when, about what, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maturekit._core.extras import require
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.pages.charts import drawing_style
from maturekit.pages.figure import figure
from maturekit.pages.fragment import Fragment, text
from maturekit.pages.page import Page
from maturekit.pages.parts import details, key_figures
from maturekit.pages.table import frame, table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from maturekit.drift import History

__all__ = ["drift_page"]

_WIDTH = 9.2
_CAUSES = 3
_ROWS = 40
_MILLION = 1e6


def drift_page(history: History, *, title: str = "Drift", most: int = 6, footer: str = "") -> Page:
    """Return a page about the batches of a history: verdict, alarms, evidence, columns (extra `plots`).

    Parameters
    ----------
    history : History
        What a monitor saw; ``history[-90:]`` is the latest of it.
    title : str
        The heading.
    most : int
        How many columns are drawn over time, those with the strongest evidence.
    footer : str
        Where the page comes from.

    Returns
    -------
    Page
        Add sections of your own if you like, then `write` it.

    Examples
    --------
    >>> import pandas as pd
    >>> from maturekit.drift import History, Monitor
    >>> from maturekit.profile import Profile
    >>> monitor = Monitor(
    ...     Profile.of(pd.DataFrame({"late": [0, 1] * 500})), false_alarms_per_year=1, batches_per_year=365
    ... )
    >>> days = [(f"day {day}", pd.DataFrame({"late": [0, 1] * 50})) for day in range(73)]
    >>> drift_page(History.replay(monitor, days), title="Late flights").lead
    'No alarm in 73 batches. By chance alone, at most 0.2 were to be expected.'
    """
    from maturekit.drift import History as Known  # noqa: PLC0415  # pages about other things never load numpy

    if not isinstance(history, Known):
        raise ArgumentTypeError(f"a page about drift is made of a History, got {type(history).__name__}")
    if not len(history):
        raise ArgumentError("the history has no batches", hint="add a reading before a page is made of it.")
    updates, alarms, evidence = history.updates(), history.alarms(), history.evidence()
    thresholds = updates["threshold"].groupby(level=0).first()
    by_chance = float((1 / thresholds).sum())
    page = Page(title, lead=_verdict(alarms, len(evidence), by_chance), footer=footer)
    still = int(alarms["open"].sum())
    page.add(
        key_figures(
            [
                ("batches", f"{len(evidence):,}", _period(updates)),
                ("alarms", f"{len(alarms):,}", f"{still} still open" if still else "none open"),
                ("by chance", f"≤ {by_chance:.2g}", f"one in {thresholds.iloc[-1]:,.0f} batches is the promise"),
                ("columns", f"{len(history.columns):,}", "with pairs of columns"),
            ]
        )
    )
    if len(alarms):
        page.section("Alarms", _alarms(alarms))
    with drawing_style():
        page.section("Evidence", _evidence(history, updates, alarms))
        page.section("Where it comes from", _heatmap(history, evidence, thresholds))
        page.section("What moved", *_columns(history, most))
    return page


def _verdict(alarms: pd.DataFrame, batches: int, by_chance: float) -> str:
    many = f"{batches:,} batch{'es' * (batches != 1)}"
    chance = f"By chance alone, at most {by_chance:.2g} were to be expected."
    if not len(alarms):
        return f"No alarm in {many}. {chance}"
    said = f"{len(alarms)} alarm{'s' * (len(alarms) != 1)} in {many}."
    latest = alarms.iloc[-1]
    if latest["open"]:
        first = f"; look first at {latest['causes'][0]}" if latest["causes"] else ""
        return f"An alarm is open, raised by {alarms.index[-1]}{first}. {said} {chance}"
    return f"{said} None is open. {chance}"


def _period(updates: pd.DataFrame) -> str:
    first, last = updates.index[0], updates.index[-1]
    return first if first == last else f"{first} to {last}"


def _alarms(alarms: pd.DataFrame) -> Fragment:
    rows = []
    for alarm, said in alarms.iterrows():
        both = list(zip(said["causes"], said["sizes"], strict=True))
        lines = [f"{cause} ({size})" if size else cause for cause, size in both[:_CAUSES]]
        if len(both) > _CAUSES:
            lines.append(f"and {len(both) - _CAUSES} more")
        changed = Fragment("<br>".join(text(line).html for line in lines))
        until = "still open" if said["open"] else said["until"]
        rows.append([alarm, said["since"], until, changed, _years(said["years"])])
    head = ["raised by", "since", "open until", "what changed, most certain first", "false once in"]
    return table(head, rows, caption="Sizes with bounds that hold whenever one looks (95 %).")


def _years(years: float) -> str:
    if years > _MILLION:
        return "over a million years"
    return f"{float(f'{years:.2g}'):,.0f} years" if years >= 10 else f"{years:.2g} years"


def _evidence(history: History, updates: pd.DataFrame, alarms: pd.DataFrame) -> Fragment:
    from maturekit.drift import EvidenceDisplay  # noqa: PLC0415  # pages about other things never load numpy

    drawing = _empty(3.6)
    EvidenceDisplay.from_history(history, ax=drawing.subplots())
    peak = updates["evidence"].idxmax()
    raised = f" It raised an alarm at {', '.join(map(str, alarms.index[:10]))}." if len(alarms) else ""
    return figure(
        drawing,
        alt=f"Evidence of a change over {len(updates):,} updates, strongest at {peak}.{raised}",
        caption="How rarely evidence like this comes about when nothing changes: once in so many batches.",
    )


def _heatmap(history: History, evidence: pd.DataFrame, thresholds: pd.Series[float]) -> Fragment:
    from maturekit.drift import HeatmapDisplay  # noqa: PLC0415  # pages about other things never load numpy

    drawing = _empty(1.0)
    display = HeatmapDisplay.from_history(history, ax=drawing.subplots())
    drawing.set_figheight(1.1 + 0.23 * len(display.columns))
    reached = evidence.columns[(evidence.div(thresholds.reindex(evidence.index), axis=0) >= 1).any()]
    names = ", ".join(history_name for history_name in history.leading() if history_name in set(reached))
    return figure(
        drawing,
        alt=f"Evidence by column and batch. Enough for an alarm: {names or 'none'}.",
        caption="Evidence of each column, as a share of what raises an alarm; the strongest stand on top.",
    )


def _columns(history: History, most: int) -> list[Fragment]:
    from maturekit.drift import ColumnsDisplay  # noqa: PLC0415  # pages about other things never load numpy

    drawing = _empty(1.0)
    display = ColumnsDisplay.from_history(history, most=most, ax=drawing)
    drawing.set_figheight(0.6 + 2.1 * -(-len(display.panels) // 2))
    names = ", ".join(panel.column for panel in display.panels)
    latest = history[-1:].frame(history.leading()[:_ROWS]).drop(columns=["batch", "alarm"])
    return [
        figure(
            drawing,
            alt=f"Over time: {names}.",
            caption="Each batch against the reference. In the grey band lie 19 of 20 batches whose change is within the "
            "tolerance, and of the reference's own batches if it knows them.",
        ),
        details(
            "The latest batch in numbers", frame(latest, caption="Changes against the reference, with their bounds.")
        ),
    ]


def _empty(height: float) -> Figure:
    made: Figure = require("matplotlib.figure", extra="plots", purpose="drawing a page").Figure(
        figsize=(_WIDTH, height), layout="constrained"
    )
    return made
