"""A history keeps what a monitor saw: every number can be worked out, and nothing is lost or counted twice."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from maturekit._core.digest import canonical_json, check_of
from maturekit.drift import History, Monitor, RowCount, Tolerance, Watch
from maturekit.drift.history_changes import _chance, changes
from maturekit.errors import ArgumentError, ArgumentTypeError, BatchTakenError, FormatError, NotFoundError
from maturekit.profile import Profile
from maturekit.storage import MemoryStore

SQRT2 = 2**0.5


def rows(*, ones=50, zeros=50, none=0):
    return pd.DataFrame({"late": pd.array([0] * zeros + [1] * ones + [None] * none, dtype="Int64")})


def monitor(table=None, **settings):
    profile = Profile.of(rows(ones=500, zeros=500) if table is None else table)
    return Monitor(profile, false_alarms_per_year=1, batches_per_year=365, **settings)


def changed(reference, batch, tolerance=None):
    reference = Profile.of(reference)
    found = changes(reference, Profile.of(batch, like=reference), tolerance or Tolerance())
    return {(change.column, change.statistic): change for change in found}


def story(*, on_alarm=None, **settings):
    """Return the history of three calm days and three on which everything is late."""
    watched = monitor(**settings)
    days = [(f"day {day}", rows() if day < 3 else rows(ones=100, zeros=0)) for day in range(6)]
    return watched, History.replay(watched, days, on_alarm=on_alarm and (lambda reading: on_alarm(watched, reading)))


@pytest.fixture(scope="module")
def past():
    return story()[1]


def test_changes_of_numbers_come_from_ranks():
    reference = pd.DataFrame({"grade": [0, 1, 2, 3] * 250})  # ranks 1/8, 3/8, 5/8, 7/8
    found = changed(reference, pd.DataFrame({"grade": [3] * 40}))
    assert found["grade", "location"].value == pytest.approx(SQRT2 * 1.15035, rel=1e-4)  # the normal quantile of 7/8
    found = changed(reference, pd.DataFrame({"grade": [0, 3] * 20}))
    assert found["grade", "location"].value == pytest.approx(0)
    assert found["grade", "spread"].value == pytest.approx(1 + SQRT2)  # tan(3/8 pi) against tan(1/4 pi)
    assert found["grade", "values"].value == pytest.approx(50)


def test_changes_of_categories_and_nulls_are_percentage_points():
    reference = pd.DataFrame({"city": ["Rome"] * 50 + ["Oslo"] * 50})
    found = changed(reference, pd.DataFrame({"city": ["Rome"] * 30 + ["new"] * 10 + [None] * 10}))
    assert set(found) == {("city", "values"), ("city", "nulls")}
    assert found["city", "values"].value == pytest.approx(50)  # Oslo's half would have to change
    assert found["city", "nulls"].value == pytest.approx(20)


def test_the_change_of_a_correlation_is_that_of_three_mean_products_of_ranks():
    grades = [0, 1, 2, 3] * 250
    reference = pd.DataFrame({"a": grades, "b": grades})
    found = changed(reference, pd.DataFrame({"a": grades, "b": [3 - grade for grade in grades]}))
    assert found["a × b", "correlation"].value == pytest.approx(-2 * 3 * (9 + 1 + 1 + 9) / 16 / 4, abs=0.02)


def test_a_moment_is_looked_at_for_missing_values_only():
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=100)})
    assert set(changed(days, days)) == {("day", "nulls")}


def test_bounds_are_the_tolerance_where_chance_does_nothing():
    table = rows(ones=500, zeros=500)
    assert changed(table, rows())["late", "nulls"].high == pytest.approx(0.2)
    assert changed(table, rows())["late", "nulls"].low == 0  # there cannot be fewer than none
    own = Tolerance(columns={"late": Tolerance(share=0.05)})
    assert changed(table, rows(), own)["late", "nulls"].high == pytest.approx(5)


def test_bounds_hold_19_of_20_calm_batches():
    rng = np.random.default_rng(0)
    reference = Profile.of(pd.DataFrame({"x": rng.normal(size=20_000), "k": rng.choice(list("abc"), 20_000)}))
    outside = {}
    for _ in range(300):
        batch = pd.DataFrame({"x": rng.normal(size=200), "k": rng.choice(list("abc"), 200)})
        for change in changes(reference, Profile.of(batch, like=reference), Tolerance(0, 0, 0)):
            name = (change.column, change.statistic)
            outside[name] = outside.get(name, 0) + (not change.low <= change.value <= change.high) / 300
    del outside["x", "nulls"], outside["k", "nulls"]
    assert max(outside.values()) < 0.05 + 4 * 0.0126  # four standard errors
    assert min(outside.values()) > 0.005


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.95, 0.05], [0.2] * 5, [0.9] + [0.01] * 10, [0.02] * 50])
def test_chance_carries_the_total_variation_beyond_its_bound_once_in_20_times(shares):
    rng = np.random.default_rng(0)
    p = np.array(shares)
    found = np.abs(rng.multinomial(1_000, p, size=20_000) / 1_000 - p).sum(axis=1) / 2
    beyond = (found > _chance(p) * 1_000**-0.5).mean()
    assert 0.04 < beyond < 0.06  # the standard error is 0.0015


def test_bounds_are_as_wide_as_the_batches_of_the_reference():
    days = np.repeat(np.arange(20), 100)
    ones = np.where(days % 2 == 0, np.tile(np.arange(100) < 20, 20), np.tile(np.arange(100) < 80, 20)).astype(int)
    profile = Profile.of(pd.DataFrame({"late": ones}), batches=days)
    watched = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    history = History.replay(watched, [("today", rows(ones=80, zeros=20))])
    day = history.frame().set_index("statistic").loc["values"]
    assert day["value"] == pytest.approx(30)  # 80 % against 50 %, as on every second day of the reference
    assert day["high"] == pytest.approx(30)


def test_the_tables_of_a_story(past):
    assert past.columns == ["late"]
    assert past.values("values")["late"].tolist() == [0, 0, 0, 50, 50, 50]
    assert past.values("location").shape == (6, 0)  # two values are one share
    updates = past.updates()
    assert updates["rows"].tolist() == [100] * 6
    assert updates["threshold"].tolist() == [365] * 6
    assert updates["alarm"].tolist() == [None] * 3 + ["day 3"] * 3
    assert updates["opened"].tolist() == [False] * 3 + [True, False, False]
    frame = past.frame()
    assert frame.columns.tolist() == "batch column statistic value low high excess evidence alarm".split()
    assert len(frame) == 6 * 2
    assert frame["alarm"].tolist() == [False] * 6 + [True] * 6
    assert past.frame(["another"]).empty
    assert past.leading() == ["late"]
    with pytest.raises(NotFoundError, match="statistic of a history"):
        past.values("median")


def test_evidence_is_the_monitors_to_five_digits(past):
    watched = monitor()
    for day, name in enumerate(past.evidence().index):
        watched.update(rows() if day < 3 else rows(ones=100, zeros=0), batch=name)
        assert past.evidence().loc[name, "late"] == pytest.approx(watched.evidence["late"], rel=1e-4)
        assert past.updates().loc[name, "evidence"] == watched.evidence["late"]


def test_excess_is_one_at_the_bound_and_keeps_the_direction():
    table = pd.DataFrame({"grade": [0, 1, 2, 3] * 250})
    history = History.replay(monitor(table), [("high", pd.DataFrame({"grade": [3] * 9})), ("calm", table.head(40))])
    frame = history.frame().set_index(["batch", "statistic"])
    high = frame.loc[("high", "location")]
    assert high["excess"] == pytest.approx(high["value"] / high["high"])
    assert high["excess"] > 1
    spread = frame.loc[("high", "spread")]
    assert spread["excess"] == pytest.approx((spread["value"] - 1) / (spread["high"] - 1))
    assert frame.loc[("calm", "location"), "excess"] == 0


def test_replay_is_the_same_as_update_and_add(past):
    watched, history = monitor(), History()
    for day in range(6):
        table = rows() if day < 3 else rows(ones=100, zeros=0)
        reading = watched.update(table, batch=f"day {day}")
        history.add(watched, Profile.of(table, like=watched.profile), reading)
    assert [r.alarm for r in history.readings] == [r.alarm for r in past.readings]
    assert history.frame().equals(past.frame())


def test_what_is_done_about_an_alarm_is_up_to_the_caller():
    _, closed = story(on_alarm=lambda watched, _: watched.rebase(Profile.of(rows(ones=500, zeros=1))))
    assert closed.alarms()["updates"].tolist() == [1]
    assert closed.alarms()["open"].tolist() == [False]
    assert closed.values("values")["late"].tolist()[3:] == pytest.approx([50, 100 / 501, 100 / 501], rel=1e-4)
    _, again = story(on_alarm=lambda watched, _: watched.acknowledge())
    assert again.alarms().index[0] == "day 3"


def test_an_alarm_is_told_once_with_causes_and_sizes(past):
    (alarm,) = past.alarms().itertuples()
    assert (alarm.Index, alarm.since, alarm.until, alarm.open, alarm.updates) == ("day 3", "day 3", "day 5", True, 3)
    assert alarm.columns == ("late",)
    assert alarm.causes[0].startswith("late: value 1 from 5")
    assert alarm.sizes[0].endswith("percentage points")
    assert alarm.years == pytest.approx(alarm.evidence / 365)
    assert past[:3].alarms().empty


def test_losses_that_come_late_join_the_row_of_their_batch():
    table = pd.DataFrame({"x": [0, 1] * 500, "loss": [0, 1] * 500})
    watched, history = monitor(table, groups={"performance": ["loss"]}, statistics=[RowCount()]), History()
    for name, columns in (("mon", ["x"]), ("tue", ["x"]), ("mon", ["loss"])):
        history.add(watched, table[columns].head(100), watched.update(table[columns].head(100), batch=name))
    assert len(history) == 3
    assert history.updates().index.tolist() == ["mon", "tue", "mon"]
    values = history.values("values")
    assert values.index.tolist() == ["mon", "tue"]
    assert values.isna().to_numpy().tolist() == [[False, False], [False, True]]
    assert "rows of a batch" in history.evidence()


def test_adding_a_reading_again_changes_nothing_and_another_one_is_refused():
    watched, history = monitor(), History()
    reading = watched.update(rows(), batch="mon")
    history.add(watched, rows(), reading)
    history.add(watched, rows(), reading)
    assert len(history) == 1
    other = monitor()
    with pytest.raises(BatchTakenError, match="'mon' is in the history already"):
        history.add(other, rows(), other.update(rows(ones=60), batch="mon"))


def test_a_reading_is_added_before_the_monitor_moves_on():
    watched, history = monitor(), History()
    reading = watched.update(rows(ones=100, zeros=0), batch="mon")
    watched.acknowledge()
    with pytest.raises(ArgumentError, match="not of the latest update"):
        history.add(watched, rows(ones=100, zeros=0), reading)
    assert len(history) == 0
    with pytest.raises(ArgumentTypeError, match="got dict"):
        history.add(watched, rows(), {})


def test_an_empty_batch_leaves_no_trace():
    history = History.replay(monitor(), [("mon", rows(ones=0, zeros=0)), ("mon", rows())])
    assert history.updates()["rows"].tolist() == [100]


def test_a_batch_is_measured_against_its_season():
    table = pd.concat([rows(ones=500, zeros=500), rows(ones=900, zeros=100)])
    profile = Profile.of(table, classes=["week"] * 1_000 + ["weekend"] * 1_000)
    watched = Monitor(profile, false_alarms_per_year=1, batches_per_year=365)
    days = [("fri", rows(), "week"), ("sat", rows(ones=90, zeros=10), "weekend")]
    history = History.replay(watched, days)
    assert history.values("values")["late"].tolist() == [0, 0]
    assert history.updates()["season"].tolist() == ["week", "weekend"]


def test_a_watch_is_recorded_through_its_monitor():
    watch, history = Watch(MemoryStore(), "late", monitor()), History()
    for _ in range(2):  # a job that ran twice
        reading = watch.update(rows(), batch="mon")
        history.add(watch.monitor, rows(), reading)
    assert len(history) == 1


def test_json_is_all_of_it(past):
    text = past.to_json()
    again = History.from_json(text)
    assert again == past
    assert again.to_json() == text
    assert again.frame().equals(past.frame())
    assert again.alarms().equals(past.alarms())
    assert History.from_json(History().to_json()) == History()
    assert len(text) / len(past) < 2_000  # bytes a batch, of one column


def test_a_resumed_history_goes_on_like_the_first_one():
    watched, history = story()
    resumed = History.from_json(history.to_json())
    reading = watched.update(rows(), batch="day 6")
    for each in (history, resumed):
        each.add(watched, rows(), reading)
    assert resumed == history
    assert len(resumed) == 7


def test_a_changed_digit_a_newer_format_and_rubbish_are_refused(past):
    text = past.to_json()
    with pytest.raises(FormatError, match="not as it was written"):
        History.from_json(text.replace('"rows":100', '"rows":101', 1))
    with pytest.raises(FormatError, match="reads up to 1"):
        History.from_json(text.replace('"format":1,"records"', '"format":2,"records"'))
    for broken in ({"format": 1}, {"format": 1, "columns": [], "changes": [1], "records": []}):
        sealed = canonical_json({**broken, "check": check_of(broken)})
        with pytest.raises(FormatError, match="malformed"):
            History.from_json(sealed)
    record = json.loads(text)
    record["records"][0]["reading"] = {"format": 1}
    with pytest.raises(FormatError, match="malformed"):
        History.from_json(canonical_json({**record, "check": check_of(record)}))


def test_a_slice_is_a_history_of_its_own():
    watched, history = story()
    part = history[-2:]
    assert repr(part) == "History(2 batches, day 4 to day 5, 1 alarm)"
    part.add(watched, rows(), watched.update(rows(), batch="day 6"))
    assert (len(part), len(history)) == (3, 6)
    with pytest.raises(ArgumentTypeError, match="cut by a slice"):
        history[0]


def test_an_empty_history_has_empty_tables():
    history = History()
    assert repr(history) == "History(no batches)"
    assert history.frame().empty
    assert history.updates().empty
    assert history.evidence().empty
    assert history.alarms().empty
    assert history.columns == history.leading() == []
    with pytest.raises(TypeError, match="unhashable"):
        hash(history)


def test_a_notebook_shows_the_alarms_and_escapes_names():
    hostile = "<script>alert(1)</script>"
    watched = monitor(rows(ones=500, zeros=500).rename(columns={"late": hostile}))
    days = [(f"<b>{day}</b>", rows(ones=100, zeros=0).rename(columns={"late": hostile})) for day in range(2)]
    html = History.replay(watched, days)._repr_html_()
    assert "still open" in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html and "<b>" not in html
    assert History()._repr_html_().count("no batches") == 1


def test_a_notebook_shows_where_a_monitor_has_evidence():
    watched, _ = story()
    html = watched._repr_html_()
    assert "alarm open since &#x27;day 3&#x27;" in html
    assert html.count("<tr>") == 1 + 1
    assert "<td>0</td><td>0.0%</td>" in monitor()._repr_html_()


def test_a_history_loads_nothing_that_draws():
    code = """
import sys
import pandas as pd
from maturekit.drift import History, Monitor
assert not sys.modules.keys() & {"matplotlib", "scipy", "sklearn"}, "at import"
from maturekit.profile import Profile
table = pd.DataFrame({"late": [0, 1] * 500})
watched = Monitor(Profile.of(table), false_alarms_per_year=1, batches_per_year=365)
history = History.replay(watched, [("mon", table), ("tue", table)])
history.frame(), history.alarms(), history._repr_html_(), History.from_json(history.to_json())
assert "matplotlib" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
