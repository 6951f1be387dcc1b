"""The size of a change and its beginning, as an alarm tells them: how often the interval is right, and how far the date is off."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from maturekit.drift import Monitor, Tolerance
from maturekit.drift.sizes import _measure
from maturekit.drift.tally import Tally
from maturekit.profile import Profile
from maturekit.statistics import leading_bet, shiryaev_roberts

START = 20
LATER = (0, 5, 20)
"""Batches after the alarm at which one looks again; it stays open, so the pool is frozen."""


@dataclass(frozen=True)
class Change:
    """What is normal(0, 1) becomes normal(shift, scale), and the share of Rome goes from a half to `rome`."""

    shift: float = 0.0
    scale: float = 1.0
    rome: float = 0.5

    def rows(self, rng, n):
        return self.frame(rng.normal(size=n), rng.random(n)).assign(still=rng.normal(size=n))

    def frame(self, normal, uniform):
        city = np.where(uniform < self.rome, "Rome", np.where(uniform < (1 + self.rome) / 2, "Oslo", "Bern"))
        return pd.DataFrame({"x": self.scale * normal + self.shift, "city": city})

    def truth(self, profile, layout):
        """Mean of every statistic over a fine grid: what infinitely many rows would show over these bins."""
        grid = (np.arange(100_000) + 0.5) / 100_000
        frame = self.frame(norm.ppf(grid), grid).assign(still=norm.ppf(grid))
        sums = layout.sums(Tally.of(Profile.of(frame, like=profile)))
        return sums.powers[0] / np.maximum(sums.rows, 1)


def told(rule, move):
    """Return a change in the unit of findings: that of a spread is a logarithm until it is told in percent."""
    return 100 * np.expm1(move) if rule == "drift:spread" else move


@dataclass
class Seen:
    """What readings said over many runs."""

    covered: dict[int, list[bool]] = field(default_factory=lambda: defaultdict(list))
    late: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    runs: int = 0


def simulated(change, *, rows, runs, seed, days=60):
    rng, seen = np.random.default_rng(seed), Seen()
    for _ in range(runs):
        profile = Profile.of(Change().rows(rng, 10_000))
        monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=365, tolerance=Tolerance(0.0, 0.0, 0.0))
        layout = monitor._layout
        before, after = (world.truth(profile, layout) for world in (Change(), change))
        size = {
            (f"drift:{one.name}", one.columns, j): (lambda mean, one=one: _measure(one)[0](mean))
            for j, one in enumerate(layout.statistics)
        }
        raised = None
        for day in range(START + days):
            world = change if day >= START else Change()
            reading = monitor.update(world.rows(rng, rows), batch=str(day))
            if reading.alarm and raised is None:
                raised = day
            if raised is None or day - raised not in LATER:
                continue
            seen.late[day - raised].append(int(reading.since) - START)
            for cause in reading.causes:
                if cause.columns == ("still",):
                    continue
                # a column may have several statistics of the same name, told apart by their values in the message
                truths = [
                    told(rule, measure(after[j]) - measure(before[j]))
                    for (rule, columns, j), measure in size.items()
                    if (rule, columns) == (cause.rule, cause.columns)
                    and (not layout.statistics[j].value or repr(layout.statistics[j].value) in cause.message)
                ]
                assert len(truths) == 1
                low, high = cause.interval
                seen.covered[day - raised].append(bool(low <= truths[0] <= high))
            if day - raised == LATER[-1]:
                break
        seen.runs += raised is not None and raised >= START
    return seen


CHANGES = {
    "shift of .1 sd": (Change(shift=0.1), 1_000),
    "shift of .25 sd": (Change(shift=0.25), 200),
    "shift of 1 sd": (Change(shift=1.0), 1_000),
    "sd x 1.25": (Change(scale=1.25), 500),
    "5 points more of Rome": (Change(rome=0.55), 1_000),
}


def test_most_intervals_contain_the_true_change_and_the_date_is_right_within_a_day():
    change, rows = CHANGES["shift of .25 sd"]
    seen = simulated(change, rows=rows, runs=12, seed=2, days=30)
    assert seen.runs == 12
    pooled = [right for flags in seen.covered.values() for right in flags]
    assert len(pooled) >= 30
    assert np.mean(pooled) >= 0.85  # promised .95; looks of one run depend on each other
    assert abs(np.median(seen.late[0])) <= 1


def test_of_bets_that_have_won_all_they_can_the_boldest_tells_the_date():
    level = np.zeros((2, 10), dtype=np.int64)
    for _ in range(200):  # z of 40: even the most timid bet has evidence beyond all bounds
        level = shiryaev_roberts(level, [40.0, -40.0], [-40.0, 40.0])
    assert leading_bet(level).tolist() == [4, 9]  # the other ones had some before the change, by chance


@pytest.mark.long
@pytest.mark.parametrize("name", list(CHANGES))
def test_intervals_cover_the_true_change_at_the_alarm_and_while_it_stays_open(name):
    change, rows = CHANGES[name]
    seen = simulated(change, rows=rows, runs=200, seed=1)
    assert seen.runs >= 190  # the others had a false alarm before the change, at most 6 % of runs
    for later in LATER:
        flags = seen.covered[later]
        assert len(flags) >= 190
        assert np.mean(flags) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / len(flags)), later
        low, middle, high = np.quantile(seen.late[later], [0.1, 0.5, 0.9])
        assert abs(middle) <= 1 and low >= -3 and high <= 3, later
