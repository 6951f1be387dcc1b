"""One comparison: sizes with intervals, ranked, and a false discovery rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import compare
from maturekit.errors import ProfileMismatchError
from maturekit.profile import Profile


def table(seed, n=2_000, shift=0.0, nulls=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, n)
    x[: int(nulls * n)] = np.nan
    city = rng.choice(np.array(["Rome", "Oslo", "Bern"]), n)
    return pd.DataFrame({"calm": rng.normal(size=n), "x": x, "city": city})


@pytest.fixture(scope="module")
def profile():
    return Profile.of(table(0, 10_000))


def finding(report, rule, column):
    return next(f for f in report.findings if f.rule == rule and f.columns == (column,))


def test_moved_columns_come_first_with_every_number_people_know(profile):
    report = compare(profile, table(1, shift=0.5))
    assert report.findings[0].columns == ("x",)
    assert report.findings[0].message.startswith("values moved up by 0.")
    rules = [f.rule for f in report.findings if f.columns == ("x",)]
    assert set(rules) == {
        "changed",
        "jensen-shannon",
        "kolmogorov-smirnov",
        "null-share",
        "population-stability",
        "total-variation",
        "wasserstein",
    }
    assert all(f.unit for f in report.findings if f.value is not None)
    wasserstein = finding(report, "wasserstein", "x")
    assert wasserstein.interval[0] < 0.5 < wasserstein.interval[1]
    assert report.ok  # sizes are for people and gates to judge


def test_unchanged_tables_are_rarely_called_changed(profile):
    reports = [compare(profile, table(seed)) for seed in range(1, 41)]
    wrong = sum(any(f.status == "failed" for f in report.findings) for report in reports)
    assert wrong <= 6  # 40 tables at 5 %: 2 on average, above 6 in 0.4 %
    zero = [finding(report, "total-variation", "x").interval[0] for report in reports]
    assert sum(low > 0 for low in zero) <= 4


def test_intervals_hold_the_error_of_the_reference_as_well(profile):
    widths = []
    for rows in (200, 10_000):
        small = Profile.of(table(0, rows))
        low, high = finding(compare(small, table(1, 5_000, shift=0.5)), "wasserstein", "x").interval
        widths.append(high - low)
    assert widths[0] > 2 * widths[1]


def test_null_and_unseen_shares_are_differences_in_percentage_points(profile):
    frame = table(2, nulls=0.1)
    frame["city"] = ["Bonn"] * 200 + list(frame["city"][200:])
    report = compare(profile, frame)
    nulls, unseen = finding(report, "null-share", "x"), finding(report, "unseen-share", "city")
    assert nulls.value == pytest.approx(10.0)
    assert unseen.value == pytest.approx(10.0)
    assert nulls.interval[0] < 10.0 < nulls.interval[1] < 12.0


def test_the_same_seed_gives_the_same_report(profile):
    one, two = (compare(profile, table(3), random_state=5) for _ in range(2))
    assert one.findings == two.findings
    assert one.findings == compare(profile, Profile.of(table(3), like=profile), random_state=5).findings


def test_missing_and_new_columns_have_their_own_findings(profile):
    report = compare(profile, table(4).drop(columns="x").assign(colour=1))
    assert finding(report, "column", "x").status == "could_not_run"
    assert finding(report, "new-column", "colour").severity == "info"
    assert not report.ok


def test_empty_and_all_null_tables_are_reported_not_crashed_on(profile):
    assert compare(profile, table(5, 0)).findings
    nothing = compare(profile, table(5).assign(x=np.nan))
    assert finding(nothing, "null-share", "x").value == pytest.approx(100.0)


def test_lost_dependence_is_a_finding_of_the_pair():
    rng = np.random.default_rng(6)
    one = rng.normal(size=3_000)
    profile = Profile.of(pd.DataFrame({"a": one, "b": one + rng.normal(size=3_000)}))
    report = compare(profile, pd.DataFrame({"a": rng.normal(size=1_000), "b": 1.41 * rng.normal(size=1_000)}))
    pair = next(f for f in report.findings if f.columns == ("a", "b"))
    assert pair.status == "failed" and "rank correlation from 0.6" in pair.message


def test_a_profile_of_other_bins_is_refused(profile):
    with pytest.raises(ProfileMismatchError):
        compare(profile, Profile.of(table(7)))


def test_paths_of_parquet_files_are_read_in_chunks(tmp_path):
    pytest.importorskip("pyarrow")
    before, after = table(1), table(2, shift=0.5)
    before.to_parquet(tmp_path / "before.parquet", row_group_size=300)
    after.to_parquet(tmp_path / "after.parquet", row_group_size=300)
    report = compare(tmp_path / "before.parquet", str(tmp_path / "after.parquet"))
    whole = compare(before, after)
    assert [(f.rule, f.columns, f.status) for f in report.findings] == [
        (f.rule, f.columns, f.status) for f in whole.findings
    ]
    assert [f.value for f in report.findings] == pytest.approx([f.value for f in whole.findings])
