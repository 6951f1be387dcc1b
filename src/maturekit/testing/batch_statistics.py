"""What every `BatchValue` and `PValue` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable

import numpy as np

from maturekit.drift import Batch, BatchStatistic, PValue
from maturekit.profile import Profile
from maturekit.statistics import change_evidence, shiryaev_roberts

__all__ = ["BATCH_STATISTIC_CHECKS"]

_BATCHES = 2_000
_APART = 200.0  # a promise of one false alarm in so many batches
_SURE = 4.0  # standard errors


def _batches(statistic: BatchStatistic, number: int) -> list[Batch]:
    rng = np.random.default_rng(0)
    frames = [statistic.null(rng) for _ in range(number)]
    reference = Profile.of(frames[0])
    return [Batch(str(day), Profile.of(frame, like=reference), frame) for day, frame in enumerate(frames)]


def check_it_has_a_name_and_a_group(statistic: BatchStatistic) -> None:
    assert isinstance(statistic.name, str)
    assert statistic.name
    assert statistic.group in {"data", "prediction", "performance", "operations"}


def check_the_same_batch_gives_the_same_number(statistic: BatchStatistic) -> None:
    for batch in _batches(statistic, 3):
        before = batch.frame.copy()
        first, second = statistic.value(batch), statistic.value(batch)
        assert first == second or (math.isnan(first) and math.isnan(second))
        assert batch.frame.equals(before), "the batch was changed"


def check_survives_pickling(statistic: BatchStatistic) -> None:
    (batch,) = _batches(statistic, 1)
    np.testing.assert_equal(pickle.loads(pickle.dumps(statistic)).value(batch), statistic.value(batch))


def check_false_alarms_keep_the_promise(statistic: BatchStatistic) -> None:
    """Of a `PValue`: a number that is ranked keeps it by construction."""
    if not isinstance(statistic, PValue):
        return
    from scipy.special import ndtri  # noqa: PLC0415  # importing the suites must not load scipy

    level, alarms = np.zeros((1, 10), dtype=np.int64), 0
    for batch in _batches(statistic, _BATCHES):
        p = statistic.value(batch)
        if math.isnan(p):
            continue
        level = shiryaev_roberts(level, [-ndtri(min(max(p, 1e-300), 1 - 1e-16))], [-np.inf])
        if change_evidence(level)[0] >= _APART:
            level, alarms = np.zeros_like(level), alarms + 1
    promised = _BATCHES / _APART
    assert alarms <= promised + _SURE * math.sqrt(promised), (
        f"{alarms} false alarms in {_BATCHES} batches in which nothing was wrong, where {promised:.0f} are promised: "
        "the p-values are too small, given what came before (is there a fixed sample in the test?)"
    )


BATCH_STATISTIC_CHECKS: tuple[Callable[[BatchStatistic], None], ...] = (
    check_it_has_a_name_and_a_group,
    check_the_same_batch_gives_the_same_number,
    check_survives_pickling,
    check_false_alarms_keep_the_promise,
)
"""Run each on any statistic of a batch."""
