"""The tables of the simulation: each is a title, a head, and cells that can be run one by one."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from drift.changes import SEEN, UNSEEN, WEAK, Change
from drift.days import Days, Months
from drift.delays import Delay, Story
from drift.rows import Arrivals
from drift.rows import false_alarms as false_alarms_of_rows
from drift.stories import rebased_on_change, rebased_on_nothing, returning
from drift.watching import NONE, Terms
from drift.worlds import WORLDS, World, many
from drift.years import Place, Sizes, changing, false_alarms, steady

Cell = tuple[str, Callable[[], list[str]]]
"""A label to choose by, and what gives its lines of the table."""

_EACH = 3  # years of every reference
_ROWS = 1 << 18  # of the table that batches are drawn from
_TERMS = "tolerance 0: promise 1 | promise .1 | default tolerance: promise 1 | promise .1"


@dataclass(frozen=True)
class Table:
    """What is asked, the names of the columns, and the cells for a number of years or runs."""

    title: str
    head: str
    cells: Callable[[int], Iterator[Cell]]
    unit: str


def generator(*names: object) -> np.random.Generator:
    """Random numbers of a cell, which depend on its name only."""
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


def _alarms(years: int) -> Iterator[Cell]:
    for reference in (1_000, 10_000, 100_000):
        for rows in (200, 1_000, 10_000):
            yield _clean(WORLDS["plain"], steady(rows), reference, f"{rows:,}", years)


def _worlds(years: int) -> Iterator[Cell]:
    for name, world in WORLDS.items():
        for reference, rows in ((1_000, 200), (1_000, 1_000), (10_000, 200)) if name != "plain" else ():
            yield _clean(world, steady(rows), reference, f"{rows:,}", years)


def _sizes(years: int) -> Iterator[Cell]:
    kinds: dict[str, Sizes] = {f"{rows}": steady(rows) for rows in (5, 20, 50)}
    kinds |= {"20 to 5,000": changing(20, 5_000), "1 to 100": changing(1, 100)}
    for name in ("plain", "discrete", "rare values"):
        for title, kind in kinds.items():
            yield _clean(WORLDS[name], kind, 1_000, title, years)


def _columns(years: int) -> Iterator[Cell]:
    yield _clean(many(200), steady(200), 1_000, "200", years)
    yield _clean(many(2_000), steady(200), 1_000, "200", max(years // 10, 6), table=1 << 15)


def _clean(world: World, sizes: Sizes, reference: int, rows: str, years: int, *, table: int = _ROWS) -> Cell:
    label = f"{world.name} | {reference:,} | {rows}"

    def run() -> list[str]:
        place = Place(world, generator(world.name), rows=max(table, 10 * reference))
        references, rng = max(round(years / _EACH), 2), generator(label)
        rates = false_alarms(
            place, sizes, reference=reference, references=references, years=_EACH, terms=Terms(), rng=rng
        )
        return [f"{label} | {references * _EACH} | {' | '.join(str(rate) for row in rates for rate in row)}"]

    return label, run


def _delays(changes: Sequence[Change], *, reference: int, start: int) -> Callable[[int], Iterator[Cell]]:
    def cells(runs: int) -> Iterator[Cell]:
        for rows in (200, 1_000, 10_000):
            label = f"{reference:,} | {rows:,}"

            def run(label=label, rows=rows) -> list[str]:
                story, rng = Story(changes, generator("story")), generator(label, start, *(c.name for c in changes))
                every = story.delays([rows], reference=reference, runs=runs, start=start, terms=Terms(), rng=rng)
                delays = [[str(Delay.of(days)) for terms in each[0] for days in terms] for each in every]
                return [
                    f"{change.name} | {label} | {_limits(change, rows, start)} | {' | '.join(texts)}"
                    for change, texts in zip(changes, delays, strict=True)
                ]

            yield label, run

    return cells


def _limits(change: Change, rows: int, start: int) -> str:
    found = [(promise, limit) for (size, promise), limit in change.limits.items() if size == rows and start]
    return ", ".join(
        f"{median}{'' if late is None else f' ({late})'}{'' if promise == 1 else f' at promise {promise:g}'}"
        for promise, (median, late) in found
    )


def _day_effects(years: int) -> Iterator[Cell]:
    laws = [(0.02, 1_000), (0.05, 1_000), (0.05, 100_000)]
    for sd, rows in laws:
        for heavy in (False, True):
            for lag in (0.0, 0.3, 0.6, 0.8, 0.9) if rows == 1_000 else (0.0, 0.6):
                label = f"{'t(3)' if heavy else 'normal'} | {sd} | {rows:,} | {lag}"
                law = Days(sd, lag, heavy)
                yield label, partial(_day_law, label, law, rows, years)


def _day_law(label: str, law: Days, rows: int, years: int) -> list[str]:
    each = max(1, min(3, round(years / 67)))
    months = Months(law, generator("days", label), rows=rows, monitors=round(years / each))
    rate = months.false_alarms(NONE, promise=1.0, years=each)
    found = [Delay.of(months.delays(NONE, promise=1.0, shift=shift)) for shift in (0.25, 0.1)]
    return [f"{label} | {years} | {rate} | {' | '.join(map(str, found))}"]


def _raw_rows(years: int) -> Iterator[Cell]:
    late = Arrivals(lost=0.2, latest=10)
    for title, arrivals, reference, share in (
        ("all, in order", Arrivals(), 1_000, 1.0),
        ("all, in order", Arrivals(), 10_000, 0.5),
        ("1 in 5 lost, labels up to 10 days late", late, 1_000, 0.5),
    ):
        label, each = f"{title} | {reference:,} | 200", max(round(years * share), 2)

        def run(label=label, arrivals=arrivals, reference=reference, each=each) -> list[str]:
            rng = generator("rows", label)
            rate = false_alarms_of_rows(rng, rows=200, reference=reference, years=each, arrivals=arrivals)
            return [f"{label} | {each} | {rate}"]

        yield label, run


def _visits(runs: int) -> Iterator[Cell]:
    for change in SEEN[1], SEEN[3]:
        for rows, lasts in ((200, 3), (200, 7), (1_000, 3), (1_000, 7)):
            label = f"{change.name} | {rows:,} | {lasts}"

            def run(label=label, change=change, rows=rows, lasts=lasts) -> list[str]:
                rng = generator("visits", label)
                found = returning(change, rng, rows=rows, lasts=lasts, apart=30, times=3, runs=runs)
                return [f"{label} | {' | '.join(f'{100 * share:.0f}' for share in found.mean(axis=0))}"]

            yield label, run


def _rebases(runs: int) -> Iterator[Cell]:
    for held in (1, 7):
        label = f"{held} days of .25 sd | 1,000 | 1"

        def changed(label=label, held=held) -> list[str]:
            rate = rebased_on_change(SEEN[1], generator("rebase", label), rows=1_000, held=held, runs=runs)
            return [f"{label} | {rate} | "]

        yield label, changed
    for promise in (12.0, 1.0):
        label = f"the batch of each false alarm | 1,000 | {promise:g}"

        def careless(label=label, promise=promise) -> list[str]:
            place, rng = Place(WORLDS["plain"], generator("plain"), rows=1 << 17), generator(label)
            references = max(runs // 10, 2)
            rates = rebased_on_nothing(place, rng, rows=1_000, promise=promise, years=2, references=references)
            return [f"{label} | {rates[0]} | {rates[1]}"]

        yield label, careless


_CLEAN = f"world | reference | rows a day | years | {_TERMS}"
_FOUND = f"change | reference | rows a day | limit | {_TERMS}"
TABLES = {
    "alarms": Table("False alarms a year (standard error)", _CLEAN, _alarms, "years"),
    "worlds": Table("Other laws of rows: false alarms a year", _CLEAN, _worlds, "years"),
    "sizes": Table("Small and changing batches: false alarms a year", _CLEAN, _sizes, "years"),
    "columns": Table("Many columns: false alarms a year", _CLEAN, _columns, "years"),
    "rows": Table(
        "From raw rows through `Monitor.update`: false alarms a year at promise 1, tolerance 0",
        "batches | reference | rows a day | years | alarms a year",
        _raw_rows,
        "years",
    ),
    "days": Table(
        "Day effects, reference of 90 days, promise 1, tolerance 0: false alarms, and days to a move of 1 of 6 columns",
        "law | effect, sd | rows a day | lag-1 correlation | years | alarms a year | .25 sd | .1 sd",
        _day_effects,
        "years",
    ),
    "delays": Table(
        "Change on day 100: median days (90 % quantile)", _FOUND, _delays(SEEN, reference=10_000, start=100), "runs"
    ),
    "weak": Table(
        "Weak spots: median days (90 % quantile)", _FOUND, _delays(WEAK, reference=10_000, start=100), "runs"
    ),
    "unseen": Table("Kinds not looked at while building", _FOUND, _delays(UNSEEN, reference=10_000, start=100), "runs"),
    "first-day-1000": Table(
        "Change on the first day", _FOUND, _delays((*SEEN, *WEAK), reference=1_000, start=0), "runs"
    ),
    "first-day-10000": Table(
        "Change on the first day", _FOUND, _delays((*SEEN, *WEAK), reference=10_000, start=0), "runs"
    ),
    "visits": Table(
        "A change that comes and goes, 30 days apart; each alarm acknowledged: visits found, in %",
        "change | rows a day | days it lasts | first | second | third",
        _visits,
        "runs",
    ),
    "rebase": Table(
        "After `rebase()` on the batches since an alarm: false alarms a year",
        "rebased on | rows a day | promise a year | alarms a year | if acknowledged instead",
        _rebases,
        "runs",
    ),
}
