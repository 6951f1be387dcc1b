"""What a profile hides is no pool that later batches are compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from maturekit.drift import Monitor
from maturekit.profile import Profile

NAMES = np.array(["a", "b", None], dtype=object)


def table(rng, n, nulls):
    x = np.where(rng.random(n) < nulls, np.nan, rng.normal(size=n))
    return pd.DataFrame({"x": x, "name": rng.choice(NAMES, n, p=[0.6, 0.4 - nulls, nulls])})


def test_nulls_that_were_too_few_to_be_stored_raise_no_alarm_when_they_go_on():
    rng = np.random.default_rng(0)
    reference = Profile.of(table(rng, 2_000, 0.003), least_count=20)
    assert reference.columns["x"].nulls == reference.columns["name"].nulls == 0
    monitor = Monitor(reference, false_alarms_per_year=1, batches_per_year=365)
    assert not any(monitor.update(table(rng, 500, 0.003), batch=f"{day}").alarm for day in range(60))
    reading = [monitor.update(table(rng, 500, 0.03), batch=f"more {day}") for day in range(4)][-1]
    assert "drift:nulls" in {cause.rule for cause in reading.causes}
