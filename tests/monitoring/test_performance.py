"""Realised performance: by period, with intervals, the base rate and the rows without a label beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, median_absolute_error, roc_auc_score

from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, TableError
from maturekit.monitoring import PerformanceReport, performance
from maturekit.predictions import Entry, Log
from maturekit.reports import Report
from maturekit.statistics import BootstrapMetric, share
from maturekit.storage import MemoryStore


def logged(n=300, *, months=3, seed=0, **columns):
    """A frame as a log gives it: `months` months of 2013, a score that is right on average, every label known."""
    numbers = np.random.default_rng(seed)
    score = numbers.random(n * months)
    frame = pd.DataFrame(
        {
            "time": np.repeat(pd.to_datetime([f"2013-0{m + 1}-15T12:00Z" for m in range(months)], utc=True), n),
            "version": "late:1",
            "digest": "sha256:aa",
            "status": "ok",
            "prediction": (score > 0.5).astype(int),
            "score": score,
            "label": (numbers.random(n * months) < score).astype(int),
        }
    )
    return frame.assign(**columns)


def test_each_period_has_its_value_interval_base_rate_and_counts():
    frame = logged()
    report = performance(frame, "roc_auc", "month")
    table = report.by_period()
    assert table["period"].tolist() == ["2013-01", "2013-02", "2013-03"]
    for period, rows in frame.groupby(frame["time"].dt.strftime("%Y-%m")):
        line = table.set_index("period").loc[period]
        assert line["value"] == pytest.approx(roc_auc_score(rows["label"], rows["score"]))
        assert line["low"] < line["value"] < line["high"]
        assert line["base_rate"] == rows["label"].mean()
        assert (line["labelled"], line["unlabelled"], line["rejected"]) == (300, 0, 0)
    assert report.kind == "performance"
    assert dict(report.subjects) == {"metric": "roc_auc", "by": "month", "version": "sha256:aa"}


def test_base_rate_stands_beside_the_metric_with_its_own_interval():
    frame = logged(months=1)
    base = next(finding for finding in performance(frame, "accuracy").findings if finding.rule == "base-rate")
    most = frame["label"].value_counts().max()
    assert base.value == most / 300  # what saying the most frequent label would reach
    assert base.interval == (share(most, 300).low, share(most, 300).high)
    assert base.unit == "share of the most frequent label"


def test_rows_without_a_label_and_rejected_rows_are_counted_apart():
    frame = logged(n=100, months=1)
    frame["label"] = frame["label"].astype(object)
    frame.loc[:29, "label"] = None
    frame.loc[90:, ["prediction", "score", "label"]] = None
    table = performance(frame, "roc_auc").by_period()
    assert table[["labelled", "unlabelled", "rejected"]].to_numpy().tolist() == [[60, 30, 10]]
    shares = {finding.rule: finding.share for finding in performance(frame, "roc_auc").findings}
    assert (shares["unlabelled"], shares["rejected"]) == (30 / 90, 10 / 100)


def test_a_period_with_too_few_labels_says_so_and_the_others_are_measured():
    frame = logged()
    frame.loc[frame["time"].dt.month == 3, "label"] = None
    report = performance(frame, "roc_auc")
    assert report.by_period()["status"].tolist() == ["passed", "passed", "not_enough_evidence"]
    assert report.by_period()["value"].isna().tolist() == [False, False, True]
    frame.loc[frame["time"].dt.month == 2, "label"] = 1
    finding = next(f for f in performance(frame, "roc_auc").findings if f.columns == ("2013-02",))
    assert (finding.status, finding.count) == ("not_enough_evidence", 300)
    assert "at least 2 rows of each class" in finding.message


def test_a_measurement_never_blocks_but_is_never_called_fine_either():
    report = performance(logged(label=None), "roc_auc")
    assert report.ok  # nothing of severity error: it measures, a gate judges
    assert {finding.status for finding in report.findings if finding.rule == "roc_auc"} == {"not_enough_evidence"}


def test_a_log_without_scores_could_not_be_judged_by_scores():
    report = performance(logged(months=1, score=np.nan), "roc_auc")
    assert report.findings[0].status == "could_not_run"
    assert "record `predict_proba`" in report.findings[0].message
    assert performance(logged(months=1, score=np.nan), "accuracy").findings[0].status == "passed"


def test_a_period_in_which_every_row_was_rejected_has_no_evidence():
    frame = logged(n=20, months=1).assign(prediction=None, score=np.nan, label=None)
    finding = performance(frame, "roc_auc").findings[0]
    assert finding.status == "not_enough_evidence"


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("day", ["2012-12-30", "2012-12-31", "2013-01-01"]),
        ("week", ["2012-W52", "2013-W01"]),  # ISO: Monday, 31 December 2012 begins week 1 of 2013
        ("month", ["2012-12", "2013-01"]),
        ("version", ["late:1", "late:2"]),
        ("input.origin", ["JFK", "missing"]),
    ],
)
def test_periods_are_of_the_time_of_the_prediction_in_utc_or_of_a_column(by, periods):
    times = pd.to_datetime(["2012-12-30T23:59Z", "2012-12-31T00:00Z", "2013-01-01T00:00Z"], utc=True)
    frame = logged(n=1).assign(time=times, version=["late:1", "late:1", "late:2"])
    frame["input.origin"] = pd.Series(["JFK", None, "JFK"], dtype=object)
    assert performance(frame, "accuracy", by).by_period()["period"].tolist() == periods


def test_labels_of_another_kind_name_the_positive_one():
    frame = logged(months=1)
    texts = frame.assign(label=np.where(frame["label"] == 1, "late", "on time"))
    expected = performance(frame, "roc_auc").by_period()["value"]
    assert performance(texts, "roc_auc", positive="late").by_period()["value"].equals(expected)
    with pytest.raises(ArgumentError, match="which of the labels is positive\\? found 'late', 'on time'"):
        performance(texts, "roc_auc")
    texts["prediction"] = np.where(frame["prediction"] == 1, "late", "on time")
    value = performance(texts, "f1", positive="late").by_period()["value"][0]
    assert value == pytest.approx(f1_score(frame["label"], frame["prediction"]))


@pytest.mark.parametrize("storage", ["boolean", "Int64", "object", "float64"])
def test_labels_may_be_stored_in_any_way_that_has_nulls(storage):
    frame = logged(months=1)
    plain = performance(frame[30:], "roc_auc").by_period()["value"][0]
    partly = frame.assign(label=frame["label"].astype(bool if storage == "boolean" else int).astype(storage))
    partly.loc[:29, "label"] = None
    assert performance(partly, "roc_auc").by_period()["value"][0] == plain


def test_numbers_are_measured_by_their_errors():
    numbers = np.random.default_rng(0)
    label = numbers.normal(10, 3, size=100)
    frame = logged(n=100, months=1, label=label, prediction=label + 2.0 * numbers.choice([-1, 1.5], 100), score=np.nan)
    table = performance(frame, "neg_mean_absolute_error").by_period()
    assert table["value"][0] == pytest.approx(-abs(frame["label"] - frame["prediction"]).mean())
    assert table["base_rate"][0] == pytest.approx(label.mean())


def test_rows_that_share_a_day_give_wider_intervals_by_units():
    numbers = np.random.default_rng(0)
    day = np.arange(600) // 20
    right = numbers.random(600) < np.clip(0.7 + 0.25 * numbers.normal(size=30), 0, 1)[day]  # good days and bad days
    label = numbers.integers(2, size=600)
    times = pd.to_datetime("2013-06-01T12:00Z") + pd.to_timedelta(day, unit="D")
    frame = logged(n=600, months=1, time=times, label=label, prediction=np.where(right, label, 1 - label))
    by_row, by_day = (performance(frame, "accuracy", units=units).by_period().iloc[0] for units in (None, "day"))
    assert by_day["value"] == by_row["value"]
    assert by_day["high"] - by_day["low"] > 1.5 * (by_row["high"] - by_row["low"])
    with pytest.raises(NotFoundError, match="no column of the log named 'dai'"):
        performance(frame, "accuracy", units="dai")


def test_a_period_of_one_unit_is_not_enough_evidence():
    finding = performance(logged(months=1), "accuracy", units="month").findings[0]
    assert finding.status == "not_enough_evidence"
    assert "needs at least 2 of them" in finding.message


def test_a_function_is_bootstrapped():
    def plain(truth, answers):
        return float((truth == answers).mean())

    frame = logged(months=1)
    mine, named = (performance(frame, metric).by_period().iloc[0] for metric in (plain, "accuracy"))
    assert mine["value"] == named["value"]
    assert (mine["low"], mine["high"]) == pytest.approx((named["low"], named["high"]), abs=0.02)
    median = BootstrapMetric(median_absolute_error, reads="number", name="median_error")
    assert performance(frame, median).findings[0].rule == "median_error"


def test_an_empty_log_is_a_report_that_says_so():
    report = performance(logged()[:0], "roc_auc")
    assert "the log holds no predictions" in report.findings[0].message
    assert report.by_period().empty


def test_a_stored_report_gives_its_table_again():
    report = performance(logged(), "roc_auc", clock=lambda: datetime(2013, 4, 1, tzinfo=UTC))
    assert report.time == datetime(2013, 4, 1, tzinfo=UTC)
    assert Report.from_json(report.to_json()) == report
    pd.testing.assert_frame_equal(PerformanceReport.from_json(report.to_json()).by_period(), report.by_period())


def test_the_real_log_with_labels_that_come_later():
    moment = datetime(2013, 1, 31, tzinfo=UTC)
    log = Log(MemoryStore(), clock=lambda: moment)
    flights = pd.DataFrame({"flight": np.arange(40), "distance": 1.0})
    score = np.linspace(0, 1, 40)
    log.write(Entry(flights, key={"flight": flights["flight"]}, prediction=(score > 0.5).astype(int), score=score))
    before = performance(log)
    assert before.by_period()[["status", "unlabelled"]].to_numpy().tolist() == [["not_enough_evidence", 40]]
    moment = datetime(2013, 2, 28, tzinfo=UTC)
    log.label(pd.DataFrame({"flight": np.arange(30), "late": np.arange(30) >= 10}), column="late")
    after = performance(log).by_period()
    assert after[["period", "status", "value", "labelled", "unlabelled"]].to_numpy().tolist() == [
        ["2013-01", "passed", 1.0, 30, 10]
    ]


def test_bad_input_is_refused_with_what_to_do():
    with pytest.raises(NotFoundError, match=r"no column of the log named 'weak'.*\n\nHint: did you mean 'week'"):
        performance(logged(), "roc_auc", "weak")
    with pytest.raises(TableError, match="the log lacks the columns 'prediction', 'score'"):
        performance(pd.DataFrame({"time": [], "label": []}))
    with pytest.raises(ArgumentTypeError, match="log must be a table"):
        performance("predictions")
    with pytest.raises(ArgumentError, match="confidence must lie"):
        performance(logged(), confidence=95)
