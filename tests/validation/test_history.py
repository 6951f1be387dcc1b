"""Quality over time: the reports on many batches as a table and as a drawing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError
from maturekit.registry import Registry
from maturekit.reports import Report
from maturekit.schema import Column, Schema
from maturekit.validation import history, validate

SCHEMA = Schema(
    {
        "at": Column("datetime", role="time", nullable=True),
        "x": Column("float", nullable=True, ge=0),
        "y": Column("float", severity="warning"),
    }
)
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def report(day, xs, *, ys=None, hour=9, schema=SCHEMA):
    """The report of noon on a day about rows whose newest is of some hour of it."""
    at = [dt.datetime(2026, 1, day, hour)] * len(xs)
    frame = pd.DataFrame({"at": pd.Series(at, dtype="datetime64[us]"), "x": xs, "y": ys or [0.0] * len(xs)})
    return validate(frame, schema, clock=lambda: NOON + dt.timedelta(days=day - 1))


@pytest.fixture
def reports():
    return [report(1, [1.0, None]), report(2, [-1.0, -2.0, None, 3.0], hour=11), report(3, [1.0], ys=[np.inf])]


def test_a_batch_says_volume_failures_and_freshness(reports):
    table = history(reports).frame()
    assert table.index.tolist() == [pd.Timestamp(report.time) for report in reports]
    assert table["rows"].tolist() == [2, 4, 1]
    assert table["rejected"].tolist() == [0, 2, 0]
    assert table["rejected_share"].tolist() == [0.0, 0.5, 0.0]
    assert table["failed"].tolist() == [0, 1, 1]
    assert table["could_not_run"].tolist() == [0, 0, 0]
    assert table["age"].tolist() == [pd.Timedelta(hours=3), pd.Timedelta(hours=1), pd.Timedelta(hours=3)]
    assert table["newest"].dt.hour.tolist() == [9, 11, 9]


def test_nulls_and_failures_are_shares_by_batch(reports):
    past = history(dict(zip(["mon", "tue", "wed"], reports, strict=True)))
    assert past.nulls()["x"].to_dict() == {"mon": 0.5, "tue": 0.25, "wed": 0.0}
    assert past.failures().to_dict("list") == {"x: ge": [0.0, 0.5, 0.0], "y: finite": [0.0, 0.0, 1.0]}
    assert past.frame().index.name == "batch"


def test_what_a_batch_was_not_judged_by_is_missing_not_zero(reports):
    other = report(4, [1.0], schema=Schema({"x": Column("float", ge=5)}))
    past = history([*reports, other])
    assert np.isnan(past.nulls()["y"].iloc[3])
    assert past.failures()["x: ge"].iloc[3] == 1.0
    assert np.isnan(past.failures()["y: finite"].iloc[3])
    assert pd.isna(past.frame()["age"].iloc[3])


def test_a_batch_without_rows_has_no_shares():
    past = history([report(1, []), report(2, [None, 1.0])])
    table = past.frame()
    assert table["rows"].tolist() == [0, 2]
    assert np.isnan(table["rejected_share"].iloc[0])
    assert np.isnan(past.nulls()["x"].iloc[0])


def test_reports_read_back_and_reports_in_a_registry_tell_the_same(tmp_path, reports):
    registry = Registry(tmp_path)
    version = registry.register("late", [1])
    for one in reports:
        registry.attach(version, one)
    expected = history(reports)
    for others in ([Report.from_json(one.to_json()) for one in reports], version.reports()):
        past = history(others)
        pd.testing.assert_frame_equal(past.frame(), expected.frame())
        pd.testing.assert_frame_equal(past.failures(), expected.failures())


def test_batches_are_named_by_time_by_a_subject_or_by_a_mapping(reports):
    named = [Report(one.kind, one.findings, subjects={"day": str(n)}, time=one.time) for n, one in enumerate(reports)]
    assert history(iter(named), label="day").batches == ("0", "1", "2")
    assert history(reports).batches == tuple(one.time for one in reports)
    with pytest.raises(NotFoundError, match="day"):
        history(reports, label="day")
    with pytest.raises(ArgumentError, match="names the batches already"):
        history({"a": named[0]}, label="day")


def test_what_is_no_validation_report_is_refused(reports):
    with pytest.raises(ArgumentError, match="no reports"):
        history([])
    with pytest.raises(ArgumentTypeError, match="got dict"):
        history([{}])
    with pytest.raises(ArgumentError, match="one of kind 'drift'"):
        history([*reports, Report("drift", [])])


def test_the_drawing_has_a_panel_a_measure_and_names_its_lines(reports):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = history(dict(zip(["mon", "tue", "wed"], reports, strict=True))).plot(figure)
    assert axes == figure.axes
    assert [panel.get_title() for panel in axes] == [
        "rows",
        "share of rows rejected",
        "share of rows that break a rule",
        "share of nulls",
        "age of the newest row, hours",
    ]
    assert axes[0].lines[0].get_ydata().tolist() == [2, 4, 1]
    assert axes[4].lines[0].get_ydata().tolist() == [3, 1, 3]
    assert [text.get_text() for text in axes[2].get_legend().get_texts()] == ["y: finite", "x: ge"]
    assert [text.get_text() for text in axes[4].get_xticklabels()] == ["mon", "tue", "wed"]
    markers = [line.get_marker() for line in axes[2].lines]
    assert len(set(markers)) == 2  # not by colour alone


def test_a_measure_that_no_batch_has_gets_no_panel_and_labels_never_crowd():
    made = pytest.importorskip("matplotlib.figure").Figure
    one = report(1, [1.0], schema=Schema({"x": Column("float")}))
    axes = history([one]).plot(made())
    assert [panel.get_title() for panel in axes] == ["rows", "share of rows rejected"]
    assert len(history([one] * 100).plot(made())[-1].get_xticklabels()) <= 12


def test_without_a_figure_it_draws_on_a_new_one_of_pyplot(reports):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    with pyplot.rc_context({"backend": "agg"}):
        axes = history(reports).plot()
        assert pyplot.gcf() is axes[0].figure
        pyplot.close(axes[0].figure)
