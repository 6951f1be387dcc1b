"""The promise and the delays, in a small version of `benchmarks/drift_promise.py`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from maturekit.drift import Tolerance

NONE = Tolerance(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def simulation():
    path = Path(__file__).parents[2] / "benchmarks" / "drift_promise.py"
    spec = importlib.util.spec_from_file_location("drift_promise", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world(simulation):
    return simulation.World(np.random.default_rng(0), pairs=2)


@pytest.mark.parametrize(("rows", "reference"), [(200, 1_000), (1_000, 1_000)])
def test_false_alarms_keep_the_promise_of_one_a_year(world, rows, reference):
    alarms = world.false_alarms(rows=rows, reference=reference, worlds=40, days=365, promise=1.0, tolerance=NONE)
    error = np.sqrt(max(alarms.sum(), 1)) / 40  # 40 years: se about 0.09
    assert alarms.mean() + 3 * error < 1.0  # measured in long runs: 0.3 to 0.4


@pytest.mark.parametrize(
    ("change", "median", "late"), [("tenth", 3, 6), ("quarter", 1, 1), ("mix", 3, 5), ("correlation", 1, 1)]
)
def test_changes_are_found_within_days_at_a_thousand_rows(simulation, world, change, median, late):
    shift = {
        "tenth": simulation.moved("x0", 0.1),
        "quarter": simulation.moved("x0", 0.25),
        "mix": simulation.mixed("c2", 0.05),
        "correlation": simulation.independent("x0,x1"),
    }[change]
    found = world.delays(rows=1_000, reference=10_000, worlds=40, start=30, promise=1.0, tolerance=NONE, shift=shift)
    assert np.median(found) <= median
    assert np.quantile(found, 0.9) <= late
