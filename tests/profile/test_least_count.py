"""With `least_count=k`, no number in a stored profile tells of 1 to k - 1 rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames, range_indexes

from maturekit.errors import ArgumentError
from maturekit.profile import Profile, Wasserstein, passes

RNG = np.random.default_rng(2)


def table(rows=1000):
    frame = pd.DataFrame(
        {
            "delay": np.where(np.arange(rows) < 3, np.nan, RNG.normal(size=rows)),
            "late": RNG.integers(0, 2, rows),
            "carrier": RNG.choice(["UA", "B6", "DL"], rows),
        }
    )
    frame.loc[[10, 20], "carrier"] = ["rare 1", "rare 2"]
    return frame


def counts_of(profile):
    """Return every number of rows that stands in the JSON of a profile."""

    def walk(counted):
        yield counted["rows"]
        for part in counted["columns"]:
            yield from (part["rows"], part["nulls"], *part["counts"])
            yield from part.get("outside", ())
            yield from part.get("checked", ())
            yield from (part[key] for key in ("infinities", "rest") if key in part)
            yield from part.get("moments", ())[:1]
        yield from (counted["pairs"] or {"rows": ()})["rows"]
        for name in ("batches", "classes"):
            for part in counted.get(name, ()):
                yield from walk(part)

    return [count for count in walk(json.loads(profile.to_json())["counted"]) if count is not None]


def few(profile, least):
    return [count for count in counts_of(profile) if 0 < count < least]


FRAMES = data_frames(
    [
        column("number", elements=st.one_of(st.floats(-9, 9), st.sampled_from([0.0, np.nan, np.inf])), dtype=float),
        column("whole", elements=st.integers(-3, 3), dtype=int),
        column("text", elements=st.one_of(st.none(), st.sampled_from("aab"), st.text(max_size=2)), dtype=object),
    ],
    index=range_indexes(min_size=12, max_size=150),
)


@settings(max_examples=25, deadline=None)
@given(FRAMES, st.integers(2, 12), st.booleans(), st.booleans())
def test_no_count_below_it_is_stored(frame, least, batches, classes):
    labels = {"batches": np.arange(len(frame)) // 40} if batches else {}
    labels |= {"classes": np.arange(len(frame)) % 2} if classes else {}
    profile = Profile.of(frame, least_count=least, **labels)
    assert few(profile, least) == []
    assert Profile.from_json(profile.to_json()) == profile
    today = Profile.of(frame, like=profile)
    assert (profile + today).rows == 2 * len(frame)


def test_without_it_small_counts_stand_there():
    assert few(Profile.of(table()), 5)


def test_bins_are_merged_until_they_hold_enough_rows():
    numbers = pd.DataFrame({"a": np.repeat(np.arange(10.0), 40)})
    column = Profile.of(numbers, least_count=100).columns["a"]
    assert column.counts.tolist() == [120, 120, 160]
    assert column.edges.tolist() == [3.0, 6.0]
    assert column.ranks.tolist() == [60 / 400, 180 / 400, 320 / 400]
    assert column.bins.centres.tolist() == [1.0, 4.0, 7.5]
    assert column.moments.mean == 4.5


def test_extremes_are_not_kept_since_one_row_holds_them():
    delays = table()[["delay"]]
    profile = Profile.of(delays, least_count=10)
    column = profile.columns["delay"]
    extremes = delays["delay"].min(), delays["delay"].max()
    assert column.low > extremes[0]
    assert column.high < extremes[1]
    assert not any(repr(extreme) in profile.to_json() for extreme in extremes)
    assert (column.below, column.above) == (column.counts[0], column.counts[-1])
    assert np.isfinite(Wasserstein().between(column, column.count(delays["delay"] + 1)))


def test_extremes_that_many_rows_hold_are_kept():
    column = Profile.of(table()[["late"]], least_count=10).columns["late"]
    assert (column.low, column.high, column.below, column.above) == (0, 1, 0, 0)
    assert column.edges.tolist() == [1.0]
    counts = pd.DataFrame({"a": np.repeat([0, 1, 2, 9], [300, 200, 100, 3])})
    column = Profile.of(counts, least_count=10).columns["a"]
    assert (column.low, column.below, column.above) == (0, 0, 103)  # nobody shall know of the nine


def test_a_constant_keeps_its_value():
    column = Profile.of(pd.DataFrame({"a": [7] * 30}), least_count=10).columns["a"]
    assert (column.low, column.high, column.counts.tolist()) == (7, 7, [30])


def test_a_column_of_too_few_numbers_is_not_described_at_all():
    profile = Profile.of(pd.DataFrame({"a": [123.5] + [np.nan] * 29, "b": range(30)}), least_count=10)
    assert profile.columns["a"].rows == 0
    assert "123.5" not in profile.to_json()


def test_rare_values_are_neither_kept_nor_known():
    carrier = Profile.of(table(), least_count=10).columns["carrier"]
    assert set(carrier.values) == {"UA", "DL"}  # our own, no DataFrame's; "B6" has joined a rest that was too small
    assert carrier.dictionary.knows(["UA", "rare 1"]).tolist() == [True, False]
    assert carrier.rest >= 10  # the two rare rows among them, which nobody shall know of
    assert carrier.count(pd.Series(["rare 1"])).unseen == 1


def test_too_few_nulls_are_unknown_and_not_none():
    delay = Profile.of(table(), least_count=10).columns["delay"]
    assert (delay.unknown, delay.nulls, delay.rows) == ({"nulls"}, 0, 997)
    assert np.isnan(Profile.of(table(), least_count=10).to_frame().loc["delay", "nulls"])
    many = Profile.of(table().assign(delay=np.nan), least_count=10).columns["delay"]
    assert (many.unknown, many.nulls) == (set(), 1000)


def test_what_is_unknown_in_a_part_is_unknown_in_the_sum():
    reference = Profile.of(table(), least_count=10)
    today = Profile.of(table(100), like=reference)
    assert (reference + today).columns["delay"].unknown == {"nulls"}
    again = Profile.from_json((reference + today).to_json())
    assert again == reference + today


def test_batches_and_classes_of_too_few_rows_are_left_out():
    labels = ["Monday"] * 500 + ["Tuesday"] * 496 + ["my birthday"] * 4
    for what in ("batches", "classes"):
        profile = Profile.of(table(), least_count=10, **{what: labels})
        assert list(getattr(profile, what)) == ["Monday", "Tuesday"]
        assert "birthday" not in profile.to_json()


def test_a_batch_with_a_small_count_does_not_have_that_column():
    frame = pd.DataFrame({"a": [0] * 500 + [1] * 500, "b": [0, 1] * 500})
    profile = Profile.of(frame, least_count=10, batches=[1] * 505 + [2] * 495)
    assert [part.columns["a"].rows for part in profile.batches.values()] == [0, 495]  # five ones in the first
    assert [part.columns["b"].rows for part in profile.batches.values()] == [505, 495]


def test_it_holds_for_what_is_scanned(monkeypatch):
    monkeypatch.setattr(passes, "SIZE", 300)
    frame = table(2000)
    frame["name"] = [f"Passenger {number}" for number in range(2000)]
    profile = Profile.scan(frame.assign(day=np.arange(2000) // 199), rows=250, batches="day", least_count=7)
    assert few(profile, 7) == []
    assert list(profile.batches) == [str(day) for day in range(11)]  # the last has ten rows
    assert "Passenger" not in profile.to_json()


@pytest.mark.parametrize("least", [0, -1, 2.5, True, None])
def test_it_is_a_whole_number_from_one(least):
    with pytest.raises(ArgumentError, match="least_count must be a whole number from 1"):
        Profile.of(table(), least_count=least)


def test_it_belongs_to_a_reference():
    with pytest.raises(ArgumentError, match="least_count and like exclude each other"):
        Profile.of(table(), like=Profile.of(table()), least_count=5)
