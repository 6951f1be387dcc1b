"""The monitor on rows: it finds changes and stays quiet otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, Tolerance
from maturekit.errors import ArgumentError, BatchTakenError, NotFoundError, ProfileMismatchError
from maturekit.profile import Profile
from maturekit.reports import Report


def table(rng, n, *, shift=0.0, correlation=0.6, mix=0.0, loss=0.0):
    one = rng.normal(size=n)
    two = correlation * one + np.sqrt(1 - correlation**2) * rng.normal(size=n)
    zipf = 1 / np.arange(1, 5_001)
    return pd.DataFrame(
        {
            "age": one + shift,
            "income": np.exp(two),
            "wild": rng.standard_t(1.5, n),
            "visits": rng.poisson(3, n),
            "rain": np.where(rng.random(n) < 0.95, 0.0, rng.exponential(size=n)),
            "city": rng.choice(np.array(["Rome", "Oslo", "Bern"]), n, p=[0.5 - mix, 0.3 + mix, 0.2]),
            "shop": rng.choice(np.array([f"s{i}" for i in range(5_000)]), n, p=zipf / zipf.sum()),
            "loss": rng.exponential(1 + loss, size=n),
        }
    )


@pytest.fixture(scope="module")
def profile():
    return Profile.of(table(np.random.default_rng(0), 10_000))


def watching(profile, **settings):
    return Monitor(profile, **{"false_alarms_per_year": 1, "batches_per_year": 365, **settings})


def days(monitor, rng, n, rows=1_000, **change):
    """Update day after day until an alarm; return the readings."""
    readings = []
    for day in range(n):
        readings.append(monitor.update(table(rng, rows, **change), batch=f"day-{len(readings)}-{day}"))
        if readings[-1].alarm:
            break
    return readings


@pytest.mark.parametrize(
    ("change", "most", "column"),
    [
        ({"shift": 0.25}, 3, "age"),
        ({"mix": 0.10}, 3, "city"),
        ({"loss": 0.5}, 3, "loss"),
        ({"shift": 0.1}, 14, "age"),
    ],
)
def test_changes_are_found_in_days_and_named(profile, change, most, column):
    monitor, rng = watching(profile), np.random.default_rng(7)
    reading = days(monitor, rng, most, **change)[-1]
    assert reading.alarm and reading.opened and not reading.ok
    assert reading.causes[0].columns == (column,)
    assert reading.certainty.value >= 1.0
    assert column in reading.findings[0].message


def test_lost_dependence_is_found_although_both_columns_look_the_same(profile):
    reading = days(watching(profile), np.random.default_rng(8), 3, correlation=0.0)[-1]
    assert reading.causes[0].rule == "drift:pair"
    assert set(reading.causes[0].columns) == {"age", "income"}
    assert reading.causes[0].value == pytest.approx(-0.58, abs=0.08)


def test_size_is_in_standard_deviations_and_its_interval_holds(profile):
    cause = days(watching(profile), np.random.default_rng(9), 3, shift=0.5)[-1].causes[0]
    assert (cause.rule, cause.unit) == ("drift:location", "standard deviations")
    assert cause.interval[0] < 0.5 < cause.interval[1]
    assert cause.value == pytest.approx(0.5, abs=0.1)


def test_the_change_point_is_named(profile):
    monitor, rng = watching(profile), np.random.default_rng(10)
    for day in range(20):
        assert not monitor.update(table(rng, 1_000), batch=f"calm-{day}").alarm
    for day in range(9):
        reading = monitor.update(table(rng, 1_000, shift=0.12), batch=f"new-{day}")
        if reading.alarm:
            break
    assert reading.since in {"new-0", "new-1", "calm-19", "calm-18"}


def test_change_points_and_sizes_are_right_over_many_runs():
    rng, late, covered = np.random.default_rng(29), [], []
    profile = Profile.of(pd.DataFrame(rng.normal(size=(10_000, 2)), columns=["a", "b"]))
    for _ in range(25):
        monitor = watching(profile)
        for day in range(30):
            shift = [0.2 if day >= 12 else 0.0, 0.0]
            frame = pd.DataFrame(rng.normal(shift, 1, size=(500, 2)), columns=["a", "b"])
            reading = monitor.update(frame, batch=str(day))
            if reading.alarm:
                break
        late.append(int(reading.since) - 12)
        covered += [f.interval[0] <= 0.2 <= f.interval[1] for f in reading.causes if f.rule == "drift:location"]
    assert abs(np.median(late)) <= 1
    assert len(covered) >= 20
    assert np.mean(covered) > 0.85  # promised: 0.95; the reference's own error is shared by all runs


def test_three_years_on_a_reference_of_a_thousand_rows_stay_quiet():
    rng = np.random.default_rng(11)
    names = [f"x{i}" for i in range(3)]
    monitor = watching(Profile.of(pd.DataFrame(rng.normal(size=(1_000, 3)), columns=names)), false_alarms_per_year=0.1)
    for day in range(3 * 365):
        reading = monitor.update(pd.DataFrame(rng.normal(size=(200, 3)), columns=names), batch=str(day))
        assert not reading.alarm  # promised: in at most 30 % of such runs, over random numbers; measured: 9 %


def test_zeros_heavy_tails_and_unseen_values_raise_no_alarm_in_a_quarter(profile):
    monitor, rng = watching(profile), np.random.default_rng(12)
    assert not any(reading.alarm for reading in days(monitor, rng, 90, rows=300))


def test_an_open_alarm_holds_batches_back_until_it_is_acknowledged(profile):
    monitor, rng = watching(profile), np.random.default_rng(13)
    opened = days(monitor, rng, 3, shift=1.0)[-1]
    pool = monitor.state()["state"]["known"]
    later = monitor.update(table(rng, 1_000), batch="later")
    assert opened.opened and later.alarm and not later.opened
    assert monitor.state()["state"]["known"] == pool
    monitor.acknowledge()
    assert monitor.alarm is None
    assert not monitor._state.level.any()
    assert monitor._state.known.pools[""].cells[0] == 10_000 + 1_000 * 2


def test_after_rebase_the_changed_world_is_normal(profile):
    monitor, rng = watching(profile), np.random.default_rng(14)
    assert days(monitor, rng, 3, shift=1.0)[-1].alarm
    for day in range(3):
        monitor.update(table(rng, 1_000, shift=1.0), batch=f"held-{day}")
    monitor.rebase()
    assert not any(monitor.update(table(rng, 1_000, shift=1.0), batch=f"r{day}").alarm for day in range(20))
    assert monitor.update(table(rng, 1_000), batch="back").alarm


def test_rebase_on_a_new_profile_starts_anew(profile):
    monitor, rng = watching(profile), np.random.default_rng(15)
    new = Profile.of(table(rng, 5_000, shift=1.0))
    monitor.rebase(new)
    assert monitor.profile is new
    assert not monitor.update(table(rng, 1_000, shift=1.0), batch="a").alarm
    with pytest.raises(ArgumentError, match="no alarm is open"):
        monitor.rebase()


def test_losses_may_come_later_under_the_same_batch(profile):
    monitor, rng = watching(profile, groups={"performance": ["loss"]}), np.random.default_rng(16)
    for day in range(3):
        reading = monitor.update(table(rng, 1_000).drop(columns="loss"), batch=f"d{day}")
        assert reading.ok and [f.value for f in reading.findings if f.rule == "group"] == ["performance"]
    for day in range(3):
        reading = monitor.update(table(rng, 1_000, loss=1.0)[["loss"]], batch=f"d{day}")
        if reading.alarm:
            break
    assert reading.causes[0].columns == ("loss",)
    assert reading.since.startswith("d")
    with pytest.raises(BatchTakenError, match="group 'performance'"):
        monitor.update(table(rng, 10)[["loss"]], batch="d0")


def test_a_column_without_any_value_raises_an_alarm(profile):
    reading = watching(profile).update(table(np.random.default_rng(19), 1_000).assign(age=np.nan), batch="a")
    assert reading.causes[0].columns == ("age",)
    assert "missing values from 0.0 % to 100.0 % of rows" in reading.causes[0].message


def test_a_batch_counts_once(profile):
    monitor, rng = watching(profile), np.random.default_rng(20)
    monitor.update(table(rng, 50), batch="a")
    before = monitor.state()
    with pytest.raises(BatchTakenError, match="'a' was counted already"):
        monitor.update(table(rng, 50), batch="a")
    assert monitor.state() == before


def test_profiles_and_rows_give_the_same_reading(profile):
    frame, clock = table(np.random.default_rng(21), 400, shift=1.0), lambda: datetime(2013, 5, 1, tzinfo=UTC)
    one, two = watching(profile, clock=clock), watching(profile, clock=clock)
    assert one.update(frame, batch="a") == two.update(Profile.of(frame, like=profile), batch="a")
    assert one.state() == two.state()


def test_a_batch_counted_over_other_bins_is_refused(profile):
    with pytest.raises(ProfileMismatchError, match="bins and values of the reference"):
        watching(profile).update(Profile.of(table(np.random.default_rng(1), 500)), batch="a")


def test_index_labels_do_not_matter(profile):
    frame = table(np.random.default_rng(22), 100)
    one, two = watching(profile), watching(profile)
    one.update(frame, batch="a")
    two.update(frame.set_axis([0] * 100), batch="a")
    assert one.state() == two.state()


def test_tolerance_keeps_dust_quiet_in_large_batches():
    rng = np.random.default_rng(23)
    profile = Profile.of(pd.DataFrame({"x": rng.normal(size=200_000)}))
    dust = [pd.DataFrame({"x": rng.normal(0.02, 1, size=200_000)}) for _ in range(3)]
    strict = watching(profile, tolerance=Tolerance(0.0, 0.0, 0.0))
    patient = watching(profile, tolerance=Tolerance(sd=0.05))
    assert any(strict.update(frame, batch=str(day)).alarm for day, frame in enumerate(dust))
    assert not any(patient.update(frame, batch=str(day)).alarm for day, frame in enumerate(dust))


def test_season_classes_have_their_own_pool():
    rng = np.random.default_rng(24)

    def day(weekend, n=500):
        return pd.DataFrame({"x": rng.normal(0.8 if weekend else 0.0, 1, n)})

    frame = pd.concat([day(False, 4_000), day(True, 2_000)])
    profile = Profile.of(frame, classes=["week"] * 4_000 + ["weekend"] * 2_000)
    monitor = watching(profile)
    for week in range(8):
        for number in range(7):
            season = "weekend" if number > 4 else "week"
            assert not monitor.update(day(number > 4), batch=f"{week}-{number}", season=season).alarm
    assert monitor.update(day(False), batch="odd", season="weekend").alarm
    with pytest.raises(ArgumentError, match="every batch needs its season"):
        monitor.update(day(False), batch="b")
    with pytest.raises(NotFoundError, match="did you mean 'weekend'"):
        monitor.update(day(False), batch="b", season="weekeend")


def test_a_season_without_classes_is_refused(profile):
    with pytest.raises(ArgumentError, match="has no classes"):
        watching(profile).update(table(np.random.default_rng(1), 5), batch="a", season="winter")


def test_datetimes_move_on_without_an_alarm():
    def stamps(start):
        return pd.DataFrame({"at": pd.date_range(start, periods=500, freq="min"), "x": np.arange(500) % 7})

    monitor = watching(Profile.of(stamps("2013-01-01")))
    assert not any(monitor.update(stamps(f"2013-0{month}-01"), batch=str(month)).alarm for month in range(2, 9))


def test_importance_orders_causes(profile):
    frame = table(np.random.default_rng(27), 2_000, shift=1.0, loss=1.5)
    plain = watching(profile).update(frame, batch="a").causes
    weighed = watching(profile, importance={"loss": 100.0}).update(frame, batch="a").causes
    assert plain[0].columns == ("age",)
    assert weighed[0].columns == ("loss",)


def test_a_reading_reads_back_as_a_report(profile):
    reading = watching(profile).update(table(np.random.default_rng(28), 1_000, shift=2.0), batch="a")
    plain = Report.from_json(reading.to_json())
    assert plain == reading
    alarm = next(finding for finding in plain.findings if finding.rule == "alarm")
    assert (plain.kind, alarm.status, alarm.certainty.meaning) == (
        "drift-reading",
        "failed",
        "years between false alarms",
    )
