"""One more batch: from its counts to the state after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from maturekit.drift.batch_statistic import BatchStatistic
from maturekit.drift.engine import Surprise, judge
from maturekit.drift.layout import Layout
from maturekit.drift.own import Own, judge_own
from maturekit.drift.state import State
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draws_needed", "judged"]


def draws_needed(layout: Layout) -> int:
    """Return how many random numbers a batch needs: for counts, for ranks among batches, for own statistics."""
    return layout.counts + layout.counted + layout.own


def judged(
    state: State,
    tally: Tally,
    own: Own,
    *,
    layout: Layout,
    offset: NDArray[np.float64],
    statistics: Sequence[BatchStatistic],
    season: str,
    uniform: NDArray[np.float64],
    tolerance: Tolerance,
) -> State:
    """Return the state with the evidence of one more batch, which is not yet among what later ones are compared with.

    `uniform` holds `draws_needed` random numbers, and `offset` how much the means of the season's reference differ from
    those of the whole reference; `grown` of the new state does hold the batch.
    """
    known, counts, ranks = state.known, layout.counts, layout.counts + layout.counted
    if known.effects is None:
        surprise = judge(layout, tally, known.pools[season], uniform=uniform[:counts], tolerance=tolerance)
    else:
        origin = known.origins[season]
        surprise = known.effects.judge(layout, tally, origin, uniform=uniform[counts:ranks], tolerance=tolerance)
    extra, values = judge_own(statistics, own, known.bags.get(season, {}), uniform[ranks:])
    sums = layout.sums(tally)
    moved = state.judged(
        _joined(surprise, extra),
        np.append(sums.rows, np.ones(len(values))),
        np.append(sums.powers[0] - sums.rows * offset, values),
    )
    grown = state.grown.plus(layout, tally, season)
    bags = {**grown.bags, season: own.plus(statistics, grown.bags.get(season, {}))} if statistics else grown.bags
    return replace(moved, grown=replace(grown, bags=bags))


def _joined(first: Surprise, second: Surprise) -> Surprise:
    return Surprise(
        np.append(first.up, second.up), np.append(first.down, second.down), np.append(first.moved, second.moved)
    )
