"""One cell end to end: fresh rows every day, given to `Monitor.update` as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from drift.watching import DAYS, NONE
from drift.worlds import log_loss, sigmoid
from drift.years import Rate
from maturekit.drift import Monitor, Tolerance
from maturekit.profile import Profile

Part = tuple[str, pd.DataFrame]


@dataclass(frozen=True)
class Arrivals:
    """Which batches come, and when: some never, and labels (the loss) up to so many days late and out of order."""

    lost: float = 0.0
    latest: int = 0

    def order(self, rng: np.random.Generator, frames: Iterator[pd.DataFrame]) -> Iterator[Part]:
        """Yield what arrives, with the id of its batch."""
        waiting: list[tuple[int, Part]] = []
        for day, frame in enumerate(frames):
            if rng.random() >= self.lost:
                if not self.latest:
                    yield f"{day}", frame
                    continue
                yield f"{day}", frame.drop(columns="loss")
                waiting.append((day + int(rng.integers(1, self.latest + 1)), (f"{day}", frame[["loss"]])))
            yield from (part for due, part in waiting if due <= day)
            waiting = [(due, part) for due, part in waiting if due > day]


def hard(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Student's t with 1.5 degrees of freedom, log-normal, Poisson, rounded, mostly zero, correlated; categories; a loss."""
    x = rng.normal(size=(rows, 8))
    x[:, 1] = 0.9 * x[:, 0] + np.sqrt(0.19) * x[:, 1]
    chance = sigmoid(1.5 * x[:, 0] + x[:, 2])
    data: dict[str, object] = {
        "x0": x[:, 0],
        "x1": x[:, 1],
        "tail": rng.standard_t(1.5, rows),
        "tail2": rng.standard_t(1.5, rows) * np.abs(x[:, 2]),
        "skewed": np.exp(x[:, 3]),
        "skewed2": np.exp(x[:, 0] + x[:, 4]),
        "count": rng.poisson(2.0, rows),
        "count2": rng.poisson(np.exp(x[:, 5])),
        "rounded": np.round(x[:, 6] * 2) / 2,
        "zeros": np.where(rng.random(rows) < 0.95, 0.0, x[:, 7]),
        "gaps": np.where(rng.random(rows) < 0.01, np.nan, x[:, 7]),
        "flag": rng.random(rows) < 0.005,
        "loss": log_loss(rng, chance, chance),
    }
    for name, values in (("two", 2), ("ten", 10), ("fifty", 50), ("many", 5_000)):
        p = 1 / np.arange(1, values + 1)
        data[name] = pd.Series(rng.choice(values, rows, p=p / p.sum())).astype(str).add("v").astype("category")
    return pd.DataFrame(data)


def false_alarms(
    rng: np.random.Generator, *, rows: int, reference: int, years: int, arrivals: Arrivals, tolerance: Tolerance = NONE
) -> Rate:
    """Alarms a year at a promise of one, each year with a reference of its own; an alarm is acknowledged at once."""
    found = []
    for _ in range(years):
        profile = Profile.of(hard(rng, reference), random_state=rng)
        groups = {"performance": ["loss"]}
        monitor = Monitor(profile, false_alarms_per_year=1, batches_per_year=DAYS, tolerance=tolerance, groups=groups)
        alarms = 0
        for name, frame in arrivals.order(rng, (hard(rng, rows) for _ in range(DAYS))):
            alarms += monitor.update(frame, batch=name).alarm
            monitor.acknowledge()
        found.append(alarms)
    counts = np.array(found)
    return Rate.of(counts, counts, 1)
