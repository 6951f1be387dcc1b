"""What a caller holds wrong is named before anything is computed or remembered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from maturekit.drift import (
    BatchValue,
    DistributionDisplay,
    EvidenceDisplay,
    HeatmapDisplay,
    History,
    Monitor,
    RowCount,
    Seasons,
    Tolerance,
    Watch,
    compare,
)
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    NotEnoughEvidenceError,
    NotFoundError,
    TableError,
)
from maturekit.profile import Distance, Profile

FRAME = pd.DataFrame({"late": [0, 1] * 100, "city": ["Rome", "Oslo"] * 100})
PROFILE = Profile.of(FRAME)


def monitor(profile=PROFILE, **options):
    return Monitor(profile, false_alarms_per_year=1, batches_per_year=365, **options)


class Nameless(BatchValue):
    def _value(self, batch):
        return 1.0


class NamelessDistance(Distance):
    def _distance(self, p, q, positions):
        return np.abs(p - q).sum(axis=-1)


class Reserved(NamelessDistance):
    name, unit = "null-share", "share"


class WrongAxis(Distance):
    name, unit = "wrong-axis", "share"

    def _distance(self, p, q, positions):
        return np.abs(p - q).sum()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"importance": ["late"]}, ArgumentTypeError, "importance must be a mapping such as a dict, got list"),
        ({"importance": {"late": "high"}}, ArgumentError, "importance of 'late' must be a number .*'high'"),
        ({"distances": WrongAxis()}, ArgumentTypeError, "distances must be a list"),
        ({"distances": [WrongAxis]}, ArgumentTypeError, "must be instances of Distance"),
        ({"distances": ["ks"]}, ArgumentTypeError, "must be instances of Distance, got 'ks'"),
        ({"distances": [NamelessDistance()]}, ArgumentTypeError, "NamelessDistance has no name"),
        ({"distances": [Reserved()]}, ArgumentError, "two distances are called 'null-share'"),
        ({"distances": [WrongAxis()]}, ArgumentError, r"'wrong-axis' gave numbers of shape \(\)"),
        ({"classifier": "forest"}, ArgumentTypeError, "got 'forest'"),
        ({"classifier": LogisticRegression}, ArgumentTypeError, "pass an instance"),
        ({"classifier": LinearRegression()}, ArgumentTypeError, "not a class, a name or a regressor"),
        ({"views": None}, ArgumentTypeError, "views must be a list"),
    ],
)
def test_compare_names_the_argument_that_is_wrong(options, error, words):
    with pytest.raises(error, match=words):
        compare(FRAME, FRAME, **options)


def test_no_classifier_is_no_test():
    assert "classifier" not in {finding.rule for finding in compare(FRAME, FRAME, classifier=False).findings}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"statistics": RowCount()}, "statistics must be a list"),
        ({"statistics": [Nameless()]}, "Nameless has no name"),
        ({"views": None}, "views must be a list"),
    ],
)
def test_a_monitor_names_the_argument_that_is_wrong(options, words):
    with pytest.raises(ArgumentTypeError, match=words):
        monitor(**options)


def test_a_tolerance_of_columns_is_a_mapping():
    with pytest.raises(ArgumentTypeError, match="columns must be a mapping such as a dict, got list"):
        Tolerance(columns=["late"])


def test_a_profile_without_rows_is_no_reference():
    with pytest.raises(NotEnoughEvidenceError, match="no rows to compare with"):
        monitor(Profile.of(FRAME.head(0)))


def test_swapped_arguments_do_not_print_the_table():
    with pytest.raises(ArgumentTypeError, match="names the batch, got DataFrame"):
        monitor().update("monday", batch=FRAME)


def test_a_watch_is_made_with_a_monitor(tmp_path):
    with pytest.raises(ArgumentTypeError, match="monitor must be a Monitor, got Profile"):
        Watch(tmp_path, "late-flights", PROFILE)


@pytest.mark.parametrize(
    ("moments", "words"),
    [(["abc"], "cannot be read as moments"), ([1, 2], "it holds numbers"), ([None], "1 moments are missing")],
)
def test_seasons_refuse_what_is_no_moment(moments, words):
    with pytest.raises(TableError, match=words):
        Seasons().labels(moments)
    with pytest.raises(TableError, match=words):
        Seasons().of(moments[0])


@pytest.mark.parametrize("draw", [EvidenceDisplay, HeatmapDisplay])
def test_a_display_is_drawn_of_a_history_with_batches(draw):
    with pytest.raises(ArgumentTypeError, match="history must be a History, got NoneType"):
        draw.from_history(None)
    with pytest.raises(ArgumentError, match="the history has no batches"):
        draw.from_history(History())


def test_a_display_names_the_statistic_the_axes_and_the_profiles_that_are_wrong():
    history = History.replay(monitor(), [("monday", FRAME)])
    with pytest.raises(NotFoundError, match="statistic of a history named 'mean'"):
        HeatmapDisplay.from_history(history, statistic="mean")
    with pytest.raises(ArgumentError, match="most must be a whole number from 1, got 0"):
        HeatmapDisplay.from_history(history, most=0)
    with pytest.raises(ArgumentTypeError, match="ax must be an Axes of matplotlib, got str"):
        EvidenceDisplay.from_history(history, ax="a")
    with pytest.raises(ArgumentTypeError, match="must be Profiles, got DataFrame"):
        DistributionDisplay.from_profiles(FRAME, PROFILE, "late")


def test_a_history_is_made_of_a_monitor_and_batches_with_ids():
    one = monitor()
    reading = one.update(FRAME, batch="monday")
    with pytest.raises(ArgumentTypeError, match="monitor must be a Monitor, got DataFrame"):
        History().add(FRAME, one, reading)
    for batches, words in (({"monday": FRAME}, "got str"), ([FRAME], "got DataFrame"), (None, "got NoneType")):
        with pytest.raises(ArgumentTypeError, match=words):
            History.replay(monitor(), batches)
    with pytest.raises(ArgumentTypeError, match="on_alarm must be a function, got 'rebase'"):
        History.replay(monitor(), [("monday", FRAME)], on_alarm="rebase")
    with pytest.raises(ArgumentTypeError, match="columns must be a list"):
        History().frame("late")


def test_a_column_without_values_does_not_stop_the_classifier():
    rng = np.random.default_rng(0)
    one, two = (pd.DataFrame({"x": rng.normal(size=100), "none": np.nan, "no": None}) for _ in range(2))
    finding = next(f for f in compare(one, two, classifier=True).findings if f.rule == "classifier")
    assert finding.status in {"passed", "failed"}
    empty = compare(one[["none"]], two[["none"]], classifier=True)
    assert next(f for f in empty.findings if f.rule == "classifier").status == "not_enough_evidence"


def test_a_column_without_any_difference_says_so():
    assert compare(FRAME, FRAME).by_column()["what"].tolist()[:2] == ["no difference"] * 2
