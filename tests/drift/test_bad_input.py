"""Bad input is refused or named, whatever it is, and a monitor is never half updated."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import BatchValue, Monitor, PValue, Tolerance
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    BatchTakenError,
    NotFoundError,
    ProfileMismatchError,
    TableError,
)
from maturekit.profile import Profile, View
from maturekit.schema import Column, Schema


def table(rows, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(size=rows),
            "visits": rng.integers(0, 5, rows),
            "late": rng.random(rows) < 0.3,
            "city": rng.choice(np.array(["Rome", "Oslo", "Bern"]), rows),
            "at": pd.date_range("2013-01-01", periods=rows, freq="min"),
        }
    )


PROFILE = Profile.of(table(2_000))


def watching(profile=PROFILE, **settings):
    return Monitor(profile, **{"false_alarms_per_year": 1, "batches_per_year": 365, **settings})


def changed(**columns):
    return table(50, 1).assign(**columns)


def rules(reading):
    return {(finding.rule, finding.columns): finding for finding in reading.findings}


@pytest.mark.parametrize(
    ("frame", "error", "text"),
    [
        (changed(age="old"), TableError, "column 'age' cannot be read as float"),
        (changed(age="1.5"), TableError, "column 'age' cannot be read as float"),
        (changed(age=pd.Timestamp("2013-01-01")), TableError, "column 'age' cannot be read as float"),
        (changed(age=1j), TableError, "column 'age' cannot be read as float"),
        (changed(at=5), TableError, "column 'at' cannot be read as datetime"),
        (pd.DataFrame({"nothing": [1]}), ProfileMismatchError, "none of the 5 columns"),
        (pd.DataFrame({"nothing": []}), ProfileMismatchError, "none of the 5 columns"),
        (pd.DataFrame(index=range(5)), ProfileMismatchError, "none of the 5 columns"),
        (pd.DataFrame([[1, 2]], columns=["age", "age"]), TableError, "repeat"),
        (pd.DataFrame({0: [1]}), TableError, "not str"),
        ({"age": [1]}, ArgumentTypeError, "must be a table"),
        (table(5)["age"], ArgumentTypeError, "must be a table"),
        (None, ArgumentTypeError, "must be a table"),
        (Profile.of(table(500, 3)), ProfileMismatchError, "not counted over the bins"),
        (Profile.of(table(500)[["age"]]), ProfileMismatchError, "not counted over the bins"),
    ],
)
def test_what_cannot_be_counted_is_refused_and_nothing_changes(frame, error, text):
    monitor = watching()
    monitor.update(table(100, 2), batch="before")
    before = json.dumps(monitor.state())
    with pytest.raises(error, match=text):
        monitor.update(frame, batch="a")
    assert json.dumps(monitor.state()) == before
    assert not monitor.update(table(100, 4), batch="a").alarm  # its id is free still


@pytest.mark.parametrize(
    ("frame", "rule", "column"),
    [
        (changed(age=np.nan), "drift:nulls", "age"),
        (changed(city=None), "drift:nulls", "city"),
        (changed(at=pd.NaT), "drift:nulls", "at"),
        (changed(age=np.inf), "drift:infinities", "age"),
        (changed(age=[-np.inf] * 10 + [0.0] * 40), "drift:infinities", "age"),
        (changed(age=1e308), "drift:above", "age"),
        (changed(age=-1e308), "drift:below", "age"),
        (changed(visits=2**63), "drift:above", "visits"),
        (changed(visits=[10**30] * 50), "drift:above", "visits"),
        (changed(visits=0.5), "drift:atom", "visits"),
        (changed(age=[Decimal("9.5")] * 50), "drift:above", "age"),
        (changed(city=range(50)), "drift:unseen", "city"),
        (changed(city=[[1]] * 50), "drift:unseen", "city"),
        (changed(late=7), "drift:unseen", "late"),
    ],
)
def test_values_that_nobody_expected_are_an_alarm_with_their_column(frame, rule, column):
    monitor = watching()
    readings = [monitor.update(frame, batch=str(day)) for day in range(2)]
    assert readings[1].alarm
    names = {cause.columns: cause.message for cause in readings[1].causes}
    assert (column,) in names
    level = dict(
        zip([(s.name, s.columns) for s in monitor._layout.statistics], monitor._state.level.max(axis=1), strict=True)
    )
    assert level[rule.removeprefix("drift:"), (column,)] > 0
    assert monitor.state() == watching_again(monitor).state()


def watching_again(monitor):
    return Monitor.from_state(monitor.profile, json.loads(json.dumps(monitor.state())))


def test_a_table_of_nothing_but_nulls_is_judged_like_any_other():
    frame = pd.DataFrame({name: [None] * 50 for name in PROFILE.columns})
    reading = watching().update(frame, batch="a")
    assert reading.alarm
    assert {cause.columns[0] for cause in reading.causes} == set(PROFILE.columns)


@pytest.mark.parametrize(
    "frame",
    [
        table(0),
        pd.DataFrame({name: [] for name in PROFILE.columns}),
        pd.DataFrame({"age": []}),
        table(5).head(0).assign(new=1),
        Profile.of(table(0), like=PROFILE),
    ],
)
def test_an_empty_batch_is_no_evidence_and_changes_nothing(frame):
    monitor = watching()
    before = monitor.state()
    reading = monitor.update(frame, batch="a")
    assert (reading.verdict, reading.alarm, reading.certainty) == ("not_enough_evidence", False, None)
    assert monitor.state() == before
    assert not monitor.update(table(100, 2), batch="a").alarm  # its id is free still


def test_every_missing_and_every_new_column_has_its_own_finding():
    frame = table(100).drop(columns=["age", "city"]).assign(colour="red", size=1)
    reading = watching().update(frame, batch="a")
    found = rules(reading)
    assert not reading.alarm and not reading.ok
    assert found["column", ("age",)].status == found["column", ("city",)].status == "could_not_run"
    assert found["new-column", ("colour",)].severity == found["new-column", ("size",)].severity == "info"
    assert len(found) == 5


def test_a_batch_of_one_row_and_one_of_ten_million_counts_are_both_evidence():
    monitor, one = watching(tolerance=Tolerance(0.0, 0.0, 0.0)), Profile.of(table(1, 5), like=PROFILE)
    assert monitor.update(table(1, 4), batch="row").verdict == "passed"
    assert monitor.update(one, batch="counts").verdict == "passed"
    many = PROFILE
    while many.rows < 10_000_000:
        many += many
    assert not monitor.update(many, batch="many").alarm  # the very same distribution
    moved = Profile.of(table(2_000).assign(visits=3), like=PROFILE)
    while moved.rows < 10_000_000:
        moved += moved
    assert monitor.update(moved, batch="moved").causes[0].columns == ("visits",)
    assert monitor.state() == watching_again(monitor).state()


def test_ids_must_be_texts_that_were_not_used():
    monitor = watching()
    for bad in (5, "", None):
        with pytest.raises(ArgumentTypeError, match="names the batch"):
            monitor.update(table(5), batch=bad)
    monitor.update(table(5), batch="a")
    before = monitor.state()
    with pytest.raises(BatchTakenError, match="'a' was counted already"):
        monitor.update(table(5, 9), batch="a")
    assert monitor.state() == before


@pytest.mark.parametrize("season", [None, "weekeend", 5])
def test_a_season_must_be_one_of_the_profile(season):
    frame = table(400)
    monitor = watching(Profile.of(frame, classes=["week"] * 300 + ["weekend"] * 100))
    before = monitor.state()
    with pytest.raises((ArgumentError, NotFoundError), match="season"):
        monitor.update(frame, batch="a", season=season)
    assert monitor.state() == before


def test_a_failing_clock_or_view_leaves_the_monitor_as_it_was():
    class Half(View):
        name, columns = "half", ("age",)

        def _values(self, frame):
            if len(frame) == 13:
                raise ZeroDivisionError
            return frame["age"] / 2

    profile = Profile.of(table(2_000), views=[Half()])
    times = iter([])
    monitor = watching(profile, views=[Half()], clock=lambda: next(times))
    before = monitor.state()
    with pytest.raises(ZeroDivisionError):
        monitor.update(table(13), batch="a")
    with pytest.raises(StopIteration):
        monitor.update(table(14), batch="a")
    assert monitor.state() == before


class Given(BatchValue):
    name = "given"

    def __init__(self, value):
        self.value_ = value

    def _value(self, batch):
        return self.value_


class Chance(PValue):
    name = "chance"

    def _value(self, batch):
        return 1.5


@pytest.mark.parametrize("value", [1e300, -1e300, 10**400, np.inf, "many", None, [1, 2], 1j])
def test_numbers_of_a_batch_that_are_none_could_not_run_and_leave_no_trace(value):
    monitor = watching(statistics=[Given(value), Chance()])
    reading = monitor.update(table(50, 1), batch="a")
    found = rules(reading)
    assert found["statistic", ("given",)].status == found["statistic", ("chance",)].status == "could_not_run"
    assert not monitor._state.grown.bags[""]
    assert not monitor._state.level[-2:].any()


def test_a_new_profile_that_does_not_fit_is_refused_before_anything_changes():
    monitor = watching(groups={"operations": ["visits"]})
    monitor.update(table(100, 2), batch="a")
    before = monitor.state()
    with pytest.raises(NotFoundError, match="visits"):
        monitor.rebase(Profile.of(table(200).drop(columns="visits")))
    with pytest.raises(ArgumentTypeError, match="must be a Profile"):
        monitor.rebase(table(200))
    assert (monitor.state(), monitor.profile) == (before, PROFILE)


def test_the_table_itself_is_no_profile():
    with pytest.raises(ArgumentTypeError, match=r"make one with `Profile.of\(frame\)`"):
        watching(table(5))


def test_a_profile_of_another_schema_is_watched_for_what_it_has():
    schema = Schema({"age": Column("float"), "visits": Column("int")})
    monitor = watching(Profile.of(table(500), schema=schema))
    found = rules(monitor.update(table(100, 2), batch="a"))
    assert {columns for rule, columns in found if rule == "new-column"} == {("late",), ("city",), ("at",)}


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"false_alarms_per_year": 0}, ArgumentError, "above 0"),
        ({"false_alarms_per_year": 400}, ArgumentError, "more than one a batch"),
        ({"batches_per_year": "365"}, ArgumentTypeError, "must be a number"),
        ({"batches_per_year": np.nan}, ArgumentError, "above 0"),
        ({"tolerance": 0.05}, ArgumentTypeError, "must be a Tolerance"),
        ({"groups": {"perf": ["late"]}}, NotFoundError, "performance"),
        ({"groups": {"performance": ["lat"]}}, NotFoundError, "did you mean 'late'"),
        ({"groups": {"performance": ["late"], "prediction": ["late"]}}, ArgumentError, "belongs to one group"),
        ({"groups": {"performance": "late"}}, ArgumentTypeError, "list of columns"),
        ({"groups": ["late"]}, ArgumentTypeError, "must be a mapping"),
        ({"importance": {"age": -1}}, ArgumentError, "above 0"),
        ({"importance": "age"}, ArgumentTypeError, "must be a mapping"),
        ({"budget": {"data": 0}}, ArgumentError, "above 0"),
        ({"budget": {"date": 1}}, NotFoundError, "data"),
        ({"batch_effects": "yes"}, ArgumentTypeError, "True, False or None"),
        ({"views": ["half"]}, ArgumentTypeError, "instances of View"),
        ({"statistics": ["rows"]}, ArgumentTypeError, "BatchValue or PValue"),
    ],
)
def test_arguments_are_checked(settings, error, text):
    with pytest.raises(error, match=text):
        watching(**settings)
