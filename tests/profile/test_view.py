"""A view is a column like any other: computed row by row, under a name of its own, and never by surprise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import maturekit as mk
from maturekit import testing
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, ProfileMismatchError, TableError
from maturekit.profile import CategoryColumn, Length, NumericColumn, Pattern, Profile, View

RNG = np.random.default_rng(5)
NAMES = [f"Passenger {number}" for number in range(100)]


class Speed(View):
    name, columns = "speed", ("km", "hours")

    def _values(self, frame):
        return frame["km"] / frame["hours"]


class Made(View):
    """Gives whatever it was made with."""

    name, columns = "made", ("km",)

    def __init__(self, give):
        self.give = give

    def _values(self, frame):
        return self.give(frame)


def trips(rows=100):
    return pd.DataFrame({"km": RNG.integers(1, 900, rows), "hours": RNG.integers(1, 9, rows), "name": NAMES[:rows]})


TRIPS = trips()
REFERENCE = Profile.of(TRIPS, views=[Speed()])


def test_a_view_is_a_column_of_the_kind_of_its_values():
    speed = REFERENCE.columns["speed"]
    assert isinstance(speed, NumericColumn)
    assert (speed.kind, speed.rows) == ("float", 100)
    assert speed.moments.mean == pytest.approx((TRIPS["km"] / TRIPS["hours"]).mean())
    late = Made(lambda frame: frame["km"] > 500)
    assert Profile.of(TRIPS, views=[late]).columns["made"].kind == "bool"


def test_a_view_has_pairs_like_any_column():
    assert ("km", "speed") in REFERENCE.pairs.names


def test_batches_and_classes_have_it_too():
    profile = Profile.of(TRIPS, views=[Speed()], batches=["one", "two"] * 50)
    assert [part.columns["speed"].rows for part in profile.batches.values()] == [50, 50]
    assert profile.batches["one"].views == profile.views


def test_later_a_view_of_ones_own_is_passed_again_or_has_no_rows():
    today = trips(10)
    assert Profile.of(today, like=REFERENCE, views=[Speed()]).columns["speed"].rows == 10
    assert Profile.of(today, like=REFERENCE).columns["speed"].rows == 0
    assert Profile.of(today.drop(columns="hours"), like=REFERENCE, views=[Speed()]).columns["speed"].rows == 0


def test_texts_that_their_frequent_values_do_not_tell_get_length_and_pattern_by_themselves():
    assert REFERENCE.views == (Length("name"), Pattern("name"))
    assert REFERENCE.columns["name:length"].moments.mean == (11 * 10 + 12 * 90) / 100
    assert REFERENCE.columns["name:pattern"].values == ("Aa 9",)  # our own, no DataFrame's
    again = Profile.from_json(REFERENCE.to_json())
    assert again.views == REFERENCE.views
    today = Profile.of(trips(10).assign(name="??"), like=again)
    assert today.columns["name:length"].below == 10
    assert today.columns["name:pattern"].unseen == 10


def test_texts_of_few_values_get_none_and_neither_do_categories():
    few = pd.DataFrame({"origin": ["JFK", "EWR", None, "LGA"] * 30})
    assert Profile.of(few).views == ()
    schema = mk.Schema({"name": mk.Column("category")})
    assert Profile.of(TRIPS, schema=schema).views == ()
    assert Profile.of(TRIPS.astype({"name": "category"})).views == ()
    schema = mk.Schema({"name": mk.Column("string")})
    assert Profile.of(TRIPS.astype({"name": "category"}), schema=schema).views == (Length("name"), Pattern("name"))


def test_texts_are_viewed_from_a_twentieth_of_rows_that_no_kept_value_tells():
    frequent = ["JFK"] * 95
    assert Profile.of(pd.DataFrame({"a": [*frequent, *NAMES[:5]]})).views == ()
    assert Profile.of(pd.DataFrame({"a": [*frequent, *NAMES[:6]]})).views != ()


def test_built_in_views_that_were_asked_for_are_kept_as_well():
    few = pd.DataFrame({"origin": ["JFK", "EWR"] * 30})
    profile = Profile.from_json(Profile.of(few, views=[Length("origin")]).to_json())
    assert profile.views == (Length("origin"),)
    assert Profile.of(few, like=profile).columns["origin:length"].moments.mean == 3


def test_a_view_that_gives_texts_is_viewed_in_turn():
    greeting = Made(lambda frame: frame["km"].map("{} km away".format))
    reference = Profile.of(TRIPS, views=[greeting])
    assert Pattern("made") in reference.views
    today = Profile.of(trips(10), like=reference, views=[greeting])
    assert today.columns["made:pattern"].counts.tolist() == [10]
    assert Profile.of(trips(10), like=reference).columns["made:pattern"].rows == 0


def test_a_column_with_the_name_of_a_text_view_gives_way_or_keeps_its_place():
    today = Profile.of(trips(10).assign(**{"name:length": 1000}), like=REFERENCE)
    assert today.columns["name:length"].above == 0  # of the text, as in the reference
    taken = Profile.of(TRIPS.assign(**{"name:length": 1000}))
    assert taken.views == (Pattern("name"),)
    assert taken.columns["name:length"].low == 1000


def test_personal_columns_get_no_views():
    schema = mk.Schema({"km": mk.Column("int"), "name": mk.Column("string", tags={"personal"})})
    profile = Profile.of(TRIPS, schema=schema)
    assert list(profile.columns) == ["km"]
    assert profile.views == ()


def test_a_schema_need_not_know_a_view():
    schema = mk.Schema({"km": mk.Column("int")})
    assert list(Profile.of(TRIPS, schema=schema, views=[Speed()]).columns) == ["km", "speed"]


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda frame: [1, 2], "'made' gave 2 values for 100 rows"),
        (lambda frame: frame["km"].head(3), "'made' gave 3 values for 100 rows"),
        (lambda frame: frame["km"].sort_index(ascending=False), "or in another order"),
        (lambda frame: np.zeros((100, 2)), "'made' gave no column"),
    ],
)
def test_values_that_are_not_one_a_row_are_refused(give, message):
    with pytest.raises(TableError, match=message):
        Profile.of(TRIPS, views=[Made(give)])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"views": [Speed(), Speed()]}, ArgumentError, "is called 'speed', and so is a column or another view"),
        ({"views": [Speed]}, ArgumentTypeError, "must be a list of instances of View"),
        ({"views": Speed()}, ArgumentTypeError, "must be a list of instances of View"),
        ({"views": [Length("nmae")]}, NotFoundError, "no column for the view 'nmae:length' named 'nmae'"),
        (
            {"views": [Length("name")], "like": Profile.of(TRIPS[["km"]])},
            ProfileMismatchError,
            "no column 'name:length'",
        ),
    ],
    ids=["twice", "a class", "not in a list", "no such column", "unknown to the reference"],
)
def test_views_that_cannot_be_are_refused(options, error, message):
    for make in (Profile.of, Profile.scan):
        with pytest.raises(error, match=message):
            make(TRIPS, **options)


def test_a_view_reads_columns_by_name_only():
    with pytest.raises(ArgumentTypeError, match="Length reads one column, by its name, got list"):
        Length(["a"])


@pytest.mark.parametrize(
    "broken",
    [
        lambda frame: frame["km"] - frame["km"].mean(),
        lambda frame: range(len(frame)),
        lambda frame: frame["km"].sample(frac=1).to_numpy(),
    ],
    ids=["looks at other rows", "counts rows", "is random"],
)
def test_the_suite_finds_what_does_not_depend_on_its_row_alone(broken):
    class Broken(Made):
        @classmethod
        def examples(cls):
            yield cls(broken)

    with pytest.raises(AssertionError):
        testing.check(Broken)


def test_the_suite_passes_a_view_of_five_lines():
    testing.check(Speed)


def test_texts_are_read_in_any_storage():
    expected = Profile.of(TRIPS[["name"]])
    for dtype in (object, "string"):
        other = Profile.of(TRIPS[["name"]].astype(dtype))
        assert other.to_json() == expected.to_json()
    assert isinstance(expected.columns["name:pattern"], CategoryColumn)
