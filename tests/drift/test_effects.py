"""Days that differ naturally: the batch is the unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor
from maturekit.drift.effects import BatchEffects
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import Profile

DAYS, ROWS = 60, 100


def story(rng, days, *, effect, memory=0.0, heavy=False, shift=0.0):
    """Rows of so many days, each day moved by its own effect."""
    level, frames = 0.0, []
    for _ in range(days):
        news = rng.standard_t(3) / np.sqrt(3) if heavy else rng.normal()
        level = memory * level + np.sqrt(1 - memory**2) * news
        frames.append(pd.DataFrame({"x": rng.normal(effect * level + shift, 1, ROWS)}))
    return frames


def watched(frames, **settings):
    profile = Profile.of(pd.concat(frames), batches=np.repeat(np.arange(len(frames)), ROWS))
    return Monitor(profile, false_alarms_per_year=1, batches_per_year=365, **settings)


@pytest.mark.parametrize(("memory", "heavy"), [(0.0, False), (0.6, False), (0.0, True)])
def test_natural_days_raise_no_alarm_in_half_a_year(memory, heavy):
    rng = np.random.default_rng(3)
    monitor = watched(story(rng, DAYS, effect=1.0, memory=memory, heavy=heavy))
    alarms = 0
    for day, frame in enumerate(story(rng, 180, effect=1.0, memory=memory, heavy=heavy)):
        alarms += monitor.update(frame, batch=str(day)).opened
        monitor.acknowledge()
    assert alarms <= 2  # promised: 0.5 on average, Poisson at worst: above 2 in 1.4 % of random numbers


def test_rows_as_the_unit_would_cry_wolf():
    rng = np.random.default_rng(4)
    monitor = watched(story(rng, DAYS, effect=1.0), batch_effects=False)
    alarms = 0
    for day, frame in enumerate(story(rng, 30, effect=1.0)):
        alarms += monitor.update(frame, batch=str(day)).opened
        monitor.acknowledge()
    assert alarms > 20


@pytest.mark.parametrize(("shift", "most"), [(1.0, 7), (100.0, 4)])
def test_a_change_beyond_what_days_do_is_found_within_days(shift, most):
    rng = np.random.default_rng(5)
    monitor = watched(story(rng, DAYS, effect=0.1))
    readings = [
        monitor.update(frame, batch=str(day)) for day, frame in enumerate(story(rng, most, effect=0.1, shift=shift))
    ]
    assert readings[-1].alarm
    assert readings[-1].causes[0].columns == ("x",)


def test_a_complete_break_is_found_with_few_reference_days_before_it_becomes_normal():
    rng = np.random.default_rng(8)
    monitor = watched(story(rng, 20, effect=0.1))
    broken = [frame.assign(x=np.nan) for frame in story(rng, 6, effect=0.1)]
    readings = [monitor.update(frame, batch=str(day)) for day, frame in enumerate(broken)]
    assert readings[-1].alarm
    assert "missing values" in readings[-1].causes[0].message


def test_the_wrapper_is_on_from_fourteen_batches():
    rng = np.random.default_rng(6)
    few, enough = (watched(story(rng, days, effect=0.1)) for days in (13, 14))
    assert few._state.known.effects is None
    assert enough._state.known.effects.batches[0] == 14


def test_judging_batches_of_any_law_is_never_bolder_than_a_normal_number():
    rng = np.random.default_rng(7)
    worlds, days = 400, 60
    frame = pd.DataFrame({f"x{i}": rng.integers(0, 2, 20) for i in range(worlds)})
    columns = {f"x{i}": Profile.of(frame[[f"x{i}"]]).columns[f"x{i}"] for i in range(worlds)}
    profile = Profile(20, columns)
    layout = Layout.of(profile, {})
    origin, effects = Tally.of(profile), BatchEffects.none(len(layout.statistics))
    atoms = np.array([statistic.name == "atom" for statistic in layout.statistics])
    slots = layout.count_slots[atoms[: layout.counts]]
    seen = []
    for day in range(days):
        cells = np.zeros_like(origin.cells)
        cells[layout.row_slots] = 1_000
        cells[slots] = 1_000 * rng.beta(0.2, 0.2, len(slots))  # most days are at one end or the other
        batch = Tally(cells, origin.pair_rows, origin.pair_sums)
        surprise = effects.judge(
            layout, batch, origin, uniform=rng.random(len(atoms)), tolerance=Tolerance(0.0, 0.0, 0.0)
        )
        if day >= 30:
            seen.append(surprise.up[atoms])
        effects = effects.updated(layout, batch, origin)
    z = np.concatenate(seen)
    assert len(z) == 12_000 and abs(z.mean()) < 0.04
    assert z.std() < 1.04  # measured 0.84: memory that is still being learned errs on the safe side
    assert (z > 2).mean() < 0.02275 + 4 * np.sqrt(0.02275 / len(z))


@pytest.mark.parametrize("law", ["normal", "heavy", "two ends"])
def test_ranks_of_exchangeable_remainders_are_exactly_standard_normal(law):
    rng, many = np.random.default_rng(9), 400
    draw = {
        "normal": lambda: rng.normal(size=many),
        "heavy": lambda: np.clip(rng.standard_t(2, many), -2.9, 2.9),  # ends at which many are equal
        "two ends": lambda: 2.5 * rng.choice([-1.0, 1.0], many),
    }[law]
    effects, forget, seen = BatchEffects.none(many), np.zeros((3, many)), []
    everywhere, nowhere = np.ones(many, dtype=bool), np.zeros(0, dtype=bool)
    for day in range(60):
        score = np.clip(draw(), -2.95, 2.95)  # within what rows alone reach, where no tail is assumed
        if day >= 20:
            seen.append(effects._rank(score, rng.random(many), nowhere))
        effects = effects.learned(score, effects.last, everywhere, forget)
    z = np.concatenate(seen)
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * len(z))
    for tail in ((z > 2).mean(), (z < -2).mean()):
        assert tail == pytest.approx(0.02275, abs=4 * np.sqrt(0.02275 / len(z)))
