"""The state of a monitor as JSON: a few kilobytes, exact, and refused as a whole when it is damaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from maturekit.drift.bag import Bag
from maturekit.drift.effects import BatchEffects
from maturekit.drift.layout import Layout
from maturekit.drift.packed import pack, unpack
from maturekit.drift.state import REMEMBERED, Knowledge, State
from maturekit.drift.tally import Tally
from maturekit.errors import FormatError
from maturekit.statistics import change_sums

__all__ = ["read", "write"]

_CELLS = ("cells", "pair_rows", "pair_sums")
_MOST, _MOST_NUMBERS = 2**53, 10_000


def write(state: State, reference: State) -> dict[str, Any]:
    """Return a state as JSON-ready data; `reference` is the state before the first batch, which need not be stored.

    What the reader can compute is left out: counts are stored less those of the reference, and while an alarm is open
    what has grown is stored less what is known.
    """
    batches, rows, values = state.span
    mean_rows = np.divide(rows, batches, out=np.zeros_like(rows), where=batches > 0)
    return {
        "updates": state.updates,
        "level": pack(state.level.T),  # bets first, since those of one kind are alike
        "batches": pack(batches.T),
        "mean_rows": pack(mean_rows.T),  # exact, since rows are this product; and mostly all the same
        "values": pack(values.T),
        "known": _knowledge_out(state.known, reference.known),
        "grown": None if state.grown is state.known else _knowledge_out(state.grown, state.known),
        "recent": {group: list(ids) for group, ids in state.recent.items()},
        "alarm": state.alarm,
    }


def read(data: Mapping[str, Any], reference: State, layout: Layout) -> State:
    """Read back what `write` wrote; raise `FormatError`, or what Python raises, if it cannot be a state.

    Nothing is decompressed beyond the sizes of `reference`, and every number is checked as far as it can do harm.
    """
    across = reference.level.T.shape
    level = np.ascontiguousarray(unpack(data["level"], shape=across, dtype=np.int64).T)
    names = ("batches", "mean_rows", "values")
    batches, mean_rows, values = (unpack(data[name], shape=across, dtype=np.float64).T for name in names)
    with np.errstate(over="ignore", invalid="ignore"):
        span = np.stack([batches, batches * mean_rows, values])
    known = _knowledge_in(data["known"], reference.known)
    state = State(
        updates=_count(data["updates"]),
        level=level,
        span=span,
        known=known,
        grown=known if data["grown"] is None else _knowledge_in(data["grown"], known),
        recent={group: _ids(ids) for group, ids in data["recent"].items()},
        alarm=None if data["alarm"] is None else _text(data["alarm"]),
    )
    _check(state, layout)
    return state


def _check(state: State, layout: Layout) -> None:
    with np.errstate(over="ignore"):
        sums = change_sums(state.level)
    groups = set(layout.group_of.values())
    possible = (
        (state.level >= 0).all() and (sums <= 1e201).all(),
        (state.span[:2] >= 0).all() and (state.span[:2] < _MOST).all() and np.isfinite(state.span).all(),
        (state.alarm is None) == (state.grown is state.known),
        set(state.recent) <= groups and all(len(ids) <= REMEMBERED for ids in state.recent.values()),
        _moved(state, layout) <= set(state.recent),
        *(_possible(known, layout) for known in (state.known, state.grown)),
    )
    if not all(possible):
        raise FormatError("the state of a monitor is damaged: it holds numbers that cannot come about")


def _moved(state: State, layout: Layout) -> set[str]:
    """Return the groups of columns that batches must have come for."""
    groups = {layout.statistics[j].group for j in np.flatnonzero(state.level.max(axis=1, initial=0)).tolist()}
    return {"data" if group == "dependence" else group for group in groups}


def _possible(known: Knowledge, layout: Layout) -> bool:
    """Whether counts are counts, and none is larger than the rows that it is counted of; whether names are known."""
    for tally in (*known.pools.values(), *known.origins.values()):
        sums = layout.sums(tally)
        n, total, squares = sums.rows, *sums.powers[:2]
        whole = (tally.cells >= 0).all() and (tally.cells < _MOST).all() and (tally.pair_rows >= 0).all()
        paired = (np.abs(tally.pair_sums) <= 1.000001 * tally.pair_rows[:, None]).all()
        if not (whole and paired and (np.abs(total) <= 1.000001 * n).all() and (squares <= 1.000001 * n).all()):
            return False
    own = {statistic.columns[0] for statistic in layout.statistics[layout.counted :]}
    if not (known.bags.keys() <= known.pools.keys() and all(bags.keys() <= own for bags in known.bags.values())):
        return False
    effects = known.effects
    return effects is None or bool(
        (effects.spread >= 1).all()
        and (effects.rows >= 0).all()
        and (effects.batches == effects.counts.sum(axis=1)).all()
        and (effects.counts >= 0).all()
        and (effects.waiting >= 0).all()
        and (effects.low < 0).all()
        and (effects.high > 0).all()
        and all((np.abs(getattr(effects, name)) < _MOST).all() for name in BatchEffects.__slots__)
    )


def _knowledge_out(known: Knowledge, base: Knowledge) -> dict[str, Any]:
    return {
        "pools": _tallies_out(known.pools, base.pools),
        "origins": None if _equal(known, base) else _tallies_out(known.origins, base.origins),
        "effects": known.effects
        and {name: pack(getattr(known.effects, name), getattr(base.effects, name)) for name in BatchEffects.__slots__},
        "bags": {season: {name: _bag_out(bag) for name, bag in bags.items()} for season, bags in known.bags.items()},
    }


def _equal(known: Knowledge, base: Knowledge) -> bool:
    """Whether the origins need not be stored: nobody asks for them, or they are the same."""
    return known.effects is None or all(
        np.array_equal(getattr(tally, name), getattr(base.origins[season], name))
        for season, tally in known.origins.items()
        for name in _CELLS
    )


def _knowledge_in(data: Mapping[str, Any], base: Knowledge) -> Knowledge:
    if (data["effects"] is None) != (base.effects is None):
        raise FormatError("the state of a monitor is damaged: batch effects do not fit its settings")
    effects = None
    if base.effects is not None:
        parts: dict[str, Any] = {}
        for name in BatchEffects.__slots__:
            like = getattr(base.effects, name)
            parts[name] = unpack(data["effects"][name], shape=like.shape, dtype=like.dtype.type, base=like)
        effects = replace(base.effects, **parts)
    return Knowledge(
        pools=_tallies_in(data["pools"], base.pools),
        origins=base.origins if data["origins"] is None else _tallies_in(data["origins"], base.origins),
        effects=effects,
        bags={season: {name: _bag_in(bag) for name, bag in bags.items()} for season, bags in data["bags"].items()},
    )


def _tallies_out(tallies: Mapping[str, Tally], base: Mapping[str, Tally]) -> dict[str, Any]:
    return {
        season: {name: pack(getattr(tally, name), getattr(base[season], name)) for name in _CELLS}
        for season, tally in tallies.items()
    }


def _tallies_in(data: Mapping[str, Any], base: Mapping[str, Tally]) -> dict[str, Tally]:
    if data.keys() != base.keys():
        raise FormatError("the state of a monitor is damaged: its season classes are not those of the profile")
    tallies = {}
    for season, tally in base.items():
        arrays = (getattr(tally, name) for name in _CELLS)
        kept = data[season]
        parts = [
            unpack(kept[name], shape=array.shape, dtype=array.dtype.type, base=array)
            for name, array in zip(_CELLS, arrays, strict=True)
        ]
        tallies[season] = Tally(*parts)
    return tallies


def _bag_out(bag: Bag) -> dict[str, Any]:
    values, counts = zip(*sorted(bag.counts.items()), strict=True) if bag.counts else ((), ())
    packed = pack(np.array(values, dtype=np.float64)), pack(np.array(counts, dtype=np.int64))
    return {"digits": bag.digits, "values": packed[0], "counts": packed[1]}


def _bag_in(data: Mapping[str, Any]) -> Bag:
    shape = (min(_count(*data["values"]["shape"]), _MOST_NUMBERS),)
    values = unpack(data["values"], shape=shape, dtype=np.float64)
    counts = unpack(data["counts"], shape=shape, dtype=np.int64)
    if not ((counts > 0).all() and (np.diff(values) > 0).all() and 1 <= _count(data["digits"]) <= Bag().digits):
        raise FormatError("the state of a monitor is damaged: numbers of earlier batches cannot be read")
    return Bag(dict(zip(values.tolist(), counts.tolist(), strict=True)), data["digits"])


def _count(number: object) -> int:
    if type(number) is not int or not 0 <= number < _MOST:
        raise FormatError(f"the state of a monitor is damaged: {number!r} is no count")
    return number


def _ids(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise FormatError(f"the state of a monitor is damaged: {values!r} is no list of batches")
    return tuple(map(_text, values))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(f"the state of a monitor is damaged: {value!r} is no id of a batch")
    return value
