"""Displays draw what the data say: headless, for one batch and for 2,000 columns, with and without an alarm."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import (
    ColumnsDisplay,
    DistributionDisplay,
    EvidenceDisplay,
    HeatmapDisplay,
    History,
    Monitor,
    Reading,
)
from maturekit.drift.displays import Panel
from maturekit.drift.history_record import Record
from maturekit.errors import ArgumentError, NotFoundError, ProfileMismatchError
from maturekit.profile import Profile
from maturekit.reports import Finding

Figure = pytest.importorskip("matplotlib.figure").Figure
LONG = "the_name_of_a_column_that_somebody_chose_late_on_a_friday_evening"


def table(share=0.5, rows=100):
    ones = round(share * rows)
    grades = [0, 1, 2, 3] * (rows // 4)
    return pd.DataFrame({"late": [1] * ones + [0] * (rows - ones), LONG: grades, "twin": grades[::-1]})


@pytest.fixture(scope="module")
def past():
    watched = Monitor(Profile.of(table(rows=1_000)), false_alarms_per_year=1, batches_per_year=365)
    days = [(f"2026-01-{day + 1:02d}", table(0.5 if day < 15 else 1.0)) for day in range(20)]
    return History.replay(watched, days)


def axes():
    return Figure(figsize=(9, 4), layout="constrained").subplots()


def drawn(display):
    """Draw to the last dot, without a screen."""
    display.figure_.draw_without_rendering()
    return display


def labels(axes):
    return [text.get_text() for text in axes.get_xticklabels()]


def test_evidence_is_drawn_against_the_threshold_with_its_alarms(past):
    where = axes()
    display = drawn(EvidenceDisplay.from_history(past, ax=where))
    assert display.ax_ is where
    assert display.figure_ is where.figure
    lines = {line.get_label(): line for line in where.lines}
    assert set(lines["raises an alarm"].get_ydata()) == {365}
    assert lines["evidence"].get_ydata()[:15] == pytest.approx(np.maximum(display.evidence[:15], 0.1))
    assert lines["alarm raised"].get_xdata().tolist() == [15]
    assert lines["beyond the picture"].get_ydata().max() <= where.get_ylim()[1]
    assert lines["alarm raised"].get_marker() != lines["beyond the picture"].get_marker()  # not by colour alone
    (span,) = where.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (14.5, 19.5)
    assert labels(where)[0] == "2026-01-01"


def test_without_an_alarm_nothing_is_marked(past):
    where = drawn(EvidenceDisplay.from_history(past[:15], ax=axes())).ax_
    assert [line.get_label() for line in where.lines] == ["raises an alarm", "evidence"]
    assert list(where.patches) == []
    heat = drawn(HeatmapDisplay.from_history(past[:15], ax=axes())).ax_
    assert list(heat.lines) == []


@pytest.mark.parametrize("kind", [EvidenceDisplay, HeatmapDisplay])
def test_one_batch_is_enough(past, kind):
    assert labels(drawn(kind.from_history(past[:1], ax=axes())).ax_) == ["2026-01-01"]


def test_columns_over_time_of_one_batch_show_a_point_and_its_band(past):
    display = drawn(ColumnsDisplay.from_history(past[:1], columns=["late"], ax=Figure()))
    assert display.axes_[0].lines[0].get_marker() == "o"
    assert len(display.axes_[0].collections) == 2  # the bar of the band, and an area without width


def test_columns_over_time_have_a_band_and_shade_what_an_alarm_names(past):
    figure = Figure()
    display = drawn(ColumnsDisplay.from_history(past, most=3, ax=figure))
    assert display.figure_ is figure
    first = display.axes_[0]
    assert first.get_title(loc="left") == "late: % of rows changed"
    assert first.lines[0].get_ydata().tolist() == [0] * 15 + [50] * 5
    assert first.lines[1].get_xdata().tolist() == [15, 16, 17, 18, 19]
    assert display.panels[0].high[0] == past.frame(["late"])["high"][0]
    assert [len(axes.patches) for axes in display.axes_] == [1, 0, 0]
    assert len(figure.axes) == 3  # the fourth place of the grid is empty


def test_columns_can_be_named_and_drawn_on_axes_of_yours(past):
    places = Figure().subplots(1, 2)
    display = ColumnsDisplay.from_history(past, columns=["twin", "late"], statistic="nulls", ax=places)
    assert [panel.statistic for panel in display.panels] == ["nulls", "nulls"]
    assert display.axes_ == list(places)
    with pytest.raises(NotFoundError, match="no column of the history named 'lat'"):
        ColumnsDisplay.from_history(past, columns=["lat"], ax=places)
    with pytest.raises(ArgumentError, match="1 columns need as many axes, got 2"):
        ColumnsDisplay.from_history(past, columns=["late"], ax=places)
    with pytest.raises(ArgumentError, match="at least one panel"):
        ColumnsDisplay.from_history(past, columns=["late"], statistic="spread", ax=Figure())


def test_a_column_that_did_not_come_leaves_a_gap():
    values = np.array([1.0, np.nan, 3.0])
    panel = Panel("x", "location", values, values - 1, values + 1, np.array([False] * 3))
    display = drawn(ColumnsDisplay(["a", "b", "c"], [panel]).plot(Figure()))
    assert display.axes_[0].lines[0].get_xdata().tolist() == [0, 2]
    assert labels(display.axes_[0]) == ["a", "b", "c"]


def test_the_heat_map_has_the_strongest_column_on_top_and_shades_by_evidence(past):
    display = drawn(HeatmapDisplay.from_history(past, ax=axes()))
    assert display.columns[0] == "late"
    assert display.values[0, 16] == past.evidence()["late"].iloc[16] / 365
    assert display.opened.tolist() == [False] * 15 + [True] + [False] * 4
    named = {patch.get_label(): patch for patch in display.ax_.patches}
    box = named["100 times that"].get_path().get_extents()
    assert (box.xmax, box.ymin, box.ymax) == (19.5, -0.46, 0.46)
    assert display.ax_.lines[0].get_xdata().tolist() == [15]


def test_the_heat_map_of_a_statistic_tells_up_from_down():
    steps = {1.0: "a", 2.0: "b", 4.0: "c", 8.0: "d"}
    display = drawn(HeatmapDisplay(["x"], ["1", "2", "3"], [[-1.5, np.nan, 9]], steps, opened=[0, 0, 0]).plot(axes()))
    named = {patch.get_label(): patch for patch in display.ax_.patches}
    assert {"a, down", "d", "did not come"} <= set(named)
    assert named["a, down"].get_facecolor()[:3] != named["d"].get_facecolor()[:3]


def test_the_heat_map_of_a_history_can_show_a_statistic(past):
    display = HeatmapDisplay.from_history(past, statistic="values", ax=axes())
    excess = past.frame(["late"]).query("statistic == 'values'")["excess"]
    assert display.values[display.columns.index("late")].tolist() == excess.tolist()


def test_of_2000_columns_40_are_shown_and_calm_ones_only_as_many_as_make_ten():
    columns = [f"{LONG}_{place}" for place in range(2_000)]
    names = tuple((column, "location") for column in columns)
    history = History()
    for batch, loud in (("a", 0), ("b", 60)):
        evidence = {column: 1e6 - place if place < loud else 1.0 for place, column in enumerate(columns)}
        reading = Reading("drift-reading", [Finding("alarm", "passed", value=1.0)], subjects={"batch": batch})
        bounds = np.tile([0.5, -1.0, 1.0], (2_000, 1))
        history._records.append(Record(reading, None, 100, 365.0, evidence, names, bounds))
    display = drawn(HeatmapDisplay.from_history(history, ax=axes()))
    assert display.columns == columns[:40]
    assert display.hidden == 1_960
    assert max(len(label.get_text()) for label in display.ax_.get_yticklabels()) <= 28
    assert HeatmapDisplay.from_history(history[:1], ax=axes()).columns == columns[:10]
    assert [panel.column for panel in drawn(ColumnsDisplay.from_history(history, ax=Figure())).panels] == columns[:6]


def test_names_of_batches_never_touch(past):
    many = [f"a batch with a long name, number {number}" for number in range(1_000)]
    calm = np.ones(1_000)
    display = drawn(EvidenceDisplay(many, calm, calm * 365, opened=calm * 0, alarm=calm * 0).plot(axes()))
    boxes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert len(boxes) > 2
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_two_distributions_of_few_values_are_bars_in_percent():
    before = Profile.of(pd.DataFrame({"late": [0] * 75 + [1] * 25}))
    after = Profile.of(pd.DataFrame({"late": [0, 1, 1, None]}), like=before)
    display = drawn(DistributionDisplay.from_profiles(before, after, "late", ax=axes()))
    assert display.names == ["0", "1", "missing"]
    assert [patch.get_width() for patch in display.ax_.patches] == [75, 25, 0, 25, 50, 25]
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["before", "after"]


def test_two_dense_distributions_are_areas_over_the_same_edges():
    rng = np.random.default_rng(0)
    before = Profile.of(pd.DataFrame({"x": rng.normal(size=10_000)}))
    after = Profile.of(pd.DataFrame({"x": [0.0] * 3 + [np.nan, 99.0]}), like=before)
    display = drawn(DistributionDisplay.from_profiles(before, after, "x", ax=axes()))
    edges = display.edges
    assert edges.tolist() == [before.columns["x"].low, *before.columns["x"].edges, before.columns["x"].high]
    past, now = display.ax_.patches
    for steps in (past, now):
        values, at, _ = steps.get_data()
        assert float((values * np.diff(at)).sum()) == pytest.approx(100)
    assert display.remark == "25.0 % of after above the range of before; missing: 0.0 % before, 20.0 % after"
    assert display.remark in display.ax_.get_xlabel()


def test_a_value_that_many_rows_share_gets_a_bar_instead_of_a_spike():
    rng = np.random.default_rng(0)
    rain = Profile.of(pd.DataFrame({"rain": np.where(rng.random(5_000) < 0.5, 0.0, rng.exponential(size=5_000))}))
    display = drawn(DistributionDisplay.from_profiles(rain, rain, "rain", ax=axes()))
    assert display.edges is None
    assert display.names[0] == "0"
    assert display.before[0] == pytest.approx(50, abs=3)


def test_many_categories_are_the_largest_and_the_rest():
    before = Profile.of(pd.DataFrame({"shop": [f"shop {k}" for k in range(30) for _ in range(100 - 3 * k)]}))
    after = Profile.of(pd.DataFrame({"shop": ["shop 29"] * 90 + ["new"] * 5 + [None] * 5}), like=before)
    display = drawn(DistributionDisplay.from_profiles(before, after, "shop", ax=axes()))
    assert display.names[-3:] == ["shop 29", "other values", "missing"]
    assert len(display.names) == 17
    assert display.before.sum() == pytest.approx(100)
    assert display.after.tolist()[-3:] == pytest.approx([90, 5, 5])
    assert display.remark == "5.0 % of after never seen before"


def test_days_and_hidden_ranges_are_named_by_what_is_known():
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=500)})
    whole = Profile.of(days)
    assert DistributionDisplay.from_profiles(whole, whole, "day", ax=axes()).names[0].startswith("2026-01-01 to ")
    hidden = Profile.of(pd.DataFrame({"x": np.arange(1_000.0)}), least_count=20)
    display = drawn(DistributionDisplay.from_profiles(hidden, hidden, "x", ax=axes()))
    assert display.names[0].startswith("below ")
    assert display.names[-1].endswith(" or more")
    assert display.remark == ""


def test_distributions_that_do_not_fit_are_refused():
    numbers, texts = Profile.of(pd.DataFrame({"x": [0, 1] * 50})), Profile.of(pd.DataFrame({"x": ["a", "b"] * 50}))
    with pytest.raises(ProfileMismatchError, match="'x' was counted over different bins or values"):
        DistributionDisplay.from_profiles(numbers, texts, "x")
    with pytest.raises(NotFoundError, match="column of the profile"):
        DistributionDisplay.from_profiles(numbers, numbers, "y")
    absent = Profile.of(pd.DataFrame({"x": [0, 1] * 50, "y": 1}))
    with pytest.raises(ArgumentError, match="no rows in one of the profiles"):
        DistributionDisplay.from_profiles(absent, Profile.of(pd.DataFrame({"y": [1]}), like=absent), "x")


@pytest.mark.parametrize(
    "make",
    [
        lambda: EvidenceDisplay([], [], [], opened=[], alarm=[]),
        lambda: EvidenceDisplay(["a"], [1, 2], [365], opened=[0], alarm=[0]),
        lambda: HeatmapDisplay([], [], [], {}, opened=[]),
        lambda: HeatmapDisplay(["x"], ["a"], [[1]], {1: "one"}, opened=[0]),
        lambda: ColumnsDisplay(["a"], []),
        lambda: DistributionDisplay("x", [], [], []),
        lambda: DistributionDisplay("x", ["a"], [100], [100], edges=[1]),
    ],
)
def test_a_display_is_refused_data_that_do_not_fit(make):
    with pytest.raises(ArgumentError, match="need"):
        make()


def test_without_axes_a_new_figure_of_pyplot_is_used(past):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    with pyplot.rc_context({"backend": "agg"}):
        for draw in (EvidenceDisplay.from_history, HeatmapDisplay.from_history, ColumnsDisplay.from_history):
            display = draw(past)
            assert pyplot.gcf() is display.figure_
            pyplot.close(display.figure_)


def test_computing_needs_no_matplotlib():
    code = """
import sys
from maturekit.drift import DistributionDisplay, EvidenceDisplay
EvidenceDisplay(["mon"], [1.0], [365.0], opened=[0], alarm=[0])
DistributionDisplay("x", ["a"], [100.0], [100.0])
assert "matplotlib" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
