"""One rollout for all tests: a model that says 1 against one that says 2, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.deployment.rollout.rollout import Rollout
from maturekit.storage import MemoryStore


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self):
        self.now = datetime(2026, 5, 3, tzinfo=UTC)

    def __call__(self):
        return self.now

    def on(self, **span):
        self.now += timedelta(**span)


class Says:
    """Says one number, or raises."""

    def __init__(self, value, error=None):
        self.value, self.error = value, error

    def predict(self, X):
        if self.error is not None:
            raise self.error
        return np.full(len(X), self.value)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def says():
    """Return a function that makes a model."""
    return Says


@pytest.fixture
def rollout(clock):
    """Return a function that begins a rollout; models may be the numbers that they say."""

    def rollout(first=1.0, second=2.0, *, place=None, plan=None, look_seconds=float("inf"), clock=clock, **settings):
        models = [each if hasattr(each, "predict") else Says(each) for each in (first, second)]
        plan = plan or RolloutPlan(shares=(0.1, 0.5), step_rows=5, step_seconds=60)
        place = MemoryStore() if place is None else place
        return Rollout(
            *models,
            key="customer",
            place=place,
            name="new",
            plan=plan,
            look_seconds=look_seconds,
            clock=clock,
            **settings,
        )

    return rollout


@pytest.fixture
def customers():
    """Return a function that makes a table with a row for every number of a range."""
    return lambda *numbers: pd.DataFrame({"customer": list(range(*numbers)), "x": 1.0})
