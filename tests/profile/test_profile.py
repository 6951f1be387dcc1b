"""A profile says what a table looked like, adds, and says no clearly."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maturekit as mk
from maturekit.errors import ArgumentError, ArgumentTypeError, ProfileMismatchError, TableError
from maturekit.profile import CategoryColumn, NumericColumn, Profile

RNG = np.random.default_rng(3)


def table(rows):
    return pd.DataFrame(
        {
            "delay": RNG.normal(size=rows).round(1),
            "late": RNG.integers(0, 2, size=rows),
            "origin": RNG.choice(["EWR", "JFK", "LGA"], size=rows),
            "date": pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(rows) // 50, unit="D"),
        },
    )


JANUARY = table(400)
REFERENCE = Profile.of(JANUARY)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9))
def test_profiles_of_two_parts_add_up_to_the_profile_of_the_whole(left, right, seed):
    frame = JANUARY.sample(left + right, replace=True, random_state=seed)
    merged = Profile.of(frame[:left], like=REFERENCE) + Profile.of(frame[left:], like=REFERENCE)
    whole = Profile.of(frame, like=REFERENCE)
    assert merged.rows == whole.rows == left + right
    for name, column in whole.columns.items():
        assert merged.columns[name].cells.tolist() == column.cells.tolist()
        if isinstance(column, NumericColumn):
            assert merged.columns[name].moments.mean == pytest.approx(column.moments.mean, rel=1e-12, abs=1e-12)
            assert merged.columns[name].moments.m2 == pytest.approx(column.moments.m2, rel=1e-12, abs=1e-9)
    assert merged.pairs.rows.tolist() == whole.pairs.rows.tolist()
    np.testing.assert_allclose(merged.pairs.sums, whole.pairs.sums, rtol=1e-12, atol=1e-12)


def test_each_kind_has_its_own_summary():
    assert {name: column.kind for name, column in REFERENCE.columns.items()} == {
        "delay": "float", "late": "int", "origin": "string", "date": "datetime"
    }  # fmt: skip  # a table in one place
    assert isinstance(REFERENCE.columns["date"], NumericColumn)
    assert isinstance(REFERENCE.columns["origin"], CategoryColumn)
    assert REFERENCE.columns["date"].low == 1356998400.0  # 2013-01-01 in UTC


def test_the_index_of_the_frame_does_not_matter():
    shuffled = JANUARY.set_axis(["same"] * 400)
    assert Profile.of(shuffled) == REFERENCE
    assert Profile.of(shuffled, batches=shuffled["date"]) == Profile.of(JANUARY, batches=JANUARY["date"].to_numpy())


def test_the_same_seed_gives_the_same_profile_and_counts_never_depend_on_it():
    assert Profile.of(JANUARY, random_state=0) == REFERENCE
    other = Profile.of(JANUARY, random_state=1)
    assert [column.cells.tolist() for column in other.columns.values()] == [
        column.cells.tolist() for column in REFERENCE.columns.values()
    ]


def test_a_schema_says_which_columns_and_of_which_kind():
    frame = JANUARY.assign(id=range(400), email="ada@example.org", spare=1.0)
    schema = mk.Schema(
        {
            "id": mk.Column("int", role="key"),
            "email": mk.Column("string", tags={"personal"}),
            "late": mk.Column("category"),
            "delay": mk.Column("float"),
            "absent": mk.Column("float"),
        }
    )
    profile = Profile.of(frame, schema=schema)
    assert {name: column.kind for name, column in profile.columns.items()} == {"late": "category", "delay": "float"}
    assert "ada" not in profile.to_json()


def test_a_column_that_the_table_lacks_has_no_rows_and_a_new_one_is_left_out():
    today = Profile.of(table(10).drop(columns="late").assign(new=1), like=REFERENCE)
    assert list(today.columns) == list(REFERENCE.columns)
    assert (today.columns["late"].rows, today.columns["delay"].rows) == (0, 10)
    assert (REFERENCE + today).columns["late"].rows == 400
    assert today.pairs.rows.tolist() == [0]


def test_a_table_of_other_columns_is_refused():
    with pytest.raises(ProfileMismatchError, match="none of the 4 columns of the profile, such as 'delay'"):
        Profile.of(pd.DataFrame({"x": [1]}), like=REFERENCE)


def test_a_column_of_another_type_is_refused_by_name():
    with pytest.raises(TableError, match="column 'delay' cannot be read as float: it holds"):
        Profile.of(table(5).assign(delay="late"), like=REFERENCE)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": pd.Series(dtype=float), "b": pd.Series(dtype=object)}),
        pd.DataFrame({"a": [1.5], "b": ["x"]}),
        pd.DataFrame({"a": [np.nan] * 50, "b": [None] * 50}),
        pd.DataFrame({"a": [np.inf, -np.inf, np.nan] * 9, "b": ["x"] * 27}),
        pd.DataFrame({"a": [7.0] * 50, "b": ["x"] * 50}),
        pd.DataFrame({"a": np.arange(25.0), "b": [str(number) for number in range(25)]}),
    ],
    ids=["no rows", "one row", "all null", "infinite", "constant", "fewer than 30 rows"],
)
def test_a_poor_table_has_a_profile_that_stores_and_adds(frame):
    profile = Profile.of(frame)
    assert Profile.from_json(profile.to_json()) == profile
    for other in (frame, pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})):
        today = Profile.of(other, like=profile)
        assert (profile + today).rows == len(frame) + len(other)
        for column in today.columns.values():
            assert column.cells.sum() == column.rows - column.nulls - getattr(column, "infinities", 0)
    assert len(profile.to_frame()) == 2 + len(profile.views)
    assert "<table>" in profile._repr_html_()


def test_batches_are_counted_by_themselves_in_order_and_add_up_to_the_whole():
    profile = Profile.of(JANUARY, batches=JANUARY["date"])
    assert list(profile.batches) == [f"2013-01-{day:02}" for day in range(1, 9)]
    parts = list(profile.batches.values())
    assert [part.rows for part in parts] == [50] * 8
    assert_adds_up(profile, parts)


def test_classes_are_counted_by_themselves_and_hold_their_own_batches():
    weekend = np.where(JANUARY["date"].dt.day_of_week >= 5, "weekend", "week")
    profile = Profile.of(JANUARY, batches=JANUARY["date"], classes=weekend)
    assert profile.batches == {}
    assert {label: list(part.batches) for label, part in profile.classes.items()} == {
        "week": [f"2013-01-{day:02}" for day in (1, 2, 3, 4, 7, 8)],
        "weekend": ["2013-01-05", "2013-01-06"],
    }
    assert_adds_up(profile, list(profile.classes.values()))
    assert_adds_up(profile.classes["weekend"], list(profile.classes["weekend"].batches.values()))
    assert Profile.from_json(profile.to_json()) == profile


def assert_adds_up(whole, parts):
    total = sum(parts[1:], parts[0])
    for name, column in whole.columns.items():
        added = total.columns[name]
        assert added.cells.tolist() == column.cells.tolist()
        if isinstance(
            column, CategoryColumn
        ):  # rows that dictionaries were learned from are not checked in parts either
            assert (added.checked, added.checked_rest, added.unseen) == (
                column.checked, column.checked_rest, column.unseen
            )  # fmt: skip  # three numbers on each side
    assert total.pairs.rows.tolist() == whole.pairs.rows.tolist()


def test_parts_keep_out_of_the_pairs_the_rows_that_chose_them():
    wide = pd.DataFrame(RNG.normal(size=(500, 20)), columns=[f"x{number}" for number in range(20)])
    profile = Profile.of(wide, batches=np.arange(500) // 100)
    total = sum(part.pairs.rows for part in profile.batches.values())
    assert total.tolist() == profile.pairs.rows.tolist() == [400] * 100


def test_parts_of_the_same_label_are_merged_and_others_joined():
    days = JANUARY["date"].astype(str)
    first, second = JANUARY[:130], JANUARY[130:]
    reference = Profile.of(JANUARY)
    merged = Profile.of(first, like=reference, batches=days[:130]) + Profile.of(
        second, like=reference, batches=days[130:]
    )
    whole = Profile.of(JANUARY, like=reference, batches=days)
    assert list(merged.batches) == list(whole.batches)
    assert [part.rows for part in merged.batches.values()] == [50] * 8


def test_labels_in_any_storage_come_in_order_of_first_appearance():
    frame = pd.DataFrame({"a": [1, 2, 3]})
    for labels in (["b", "a", "b"], pd.Categorical(["b", "a", "b"]), pd.Series(["b", "a", "b"], index=[7, 7, 7])):
        assert {label: part.rows for label, part in Profile.of(frame, batches=labels).batches.items()} == {
            "b": 2,
            "a": 1,
        }
        assert list(Profile.of(frame, classes=labels).classes) == ["b", "a"]
    assert Profile.of(frame.head(0), batches=[]).batches == {}


@pytest.mark.parametrize("what", ["batches", "classes"])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 2], "has 2 labels for 3 rows"),
        ([1, None, 2], "has no label in row 1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(what, labels, message):
    with pytest.raises(ArgumentError, match=f"{what}.* {message}"):
        Profile.of(pd.DataFrame({"a": [1, 2, 3]}), **{what: labels})


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, TableError, "names that repeat: 'a'"),
        (pd.DataFrame(), {}, TableError, "no column to summarise"),
        (
            pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)),
            {},
            TableError,
            "is no text that can be stored",
        ),
        ({"a": [1]}, {}, ArgumentTypeError, "frame must be a table"),
        (JANUARY, {"like": JANUARY}, ArgumentTypeError, "like must be a Profile, got DataFrame"),
        (JANUARY, {"random_state": "0"}, ArgumentTypeError, "random_state must be"),
    ],
    ids=["names repeat", "no column", "half a character", "no table", "like", "random_state"],
)
def test_bad_input_is_refused(frame, options, error, message):
    with pytest.raises(error, match=message):
        Profile.of(frame, **options)


def test_schema_and_like_exclude_each_other():
    schema = mk.Schema({"late": mk.Column("int")})
    with pytest.raises(ArgumentError, match="schema and like exclude each other"):
        Profile.of(JANUARY, schema=schema, like=REFERENCE)


def test_profiles_of_other_columns_or_bins_do_not_add():
    with pytest.raises(ProfileMismatchError, match="different columns, such as 'date'"):
        REFERENCE + Profile.of(JANUARY[["delay", "late", "origin"]])
    with pytest.raises(ProfileMismatchError, match="counted over different bins"):
        REFERENCE + Profile.of(JANUARY[:100])
    with pytest.raises(TypeError):
        REFERENCE + 1


def test_a_profile_survives_pickling_and_cannot_be_changed():
    profile = Profile.of(JANUARY, batches=JANUARY["date"])
    again = pickle.loads(pickle.dumps(profile))
    assert again == profile
    assert hash(again) == hash(profile)
    with pytest.raises(TypeError):
        profile.columns["late"] = None
    with pytest.raises(AttributeError):
        profile.rows = 1


def test_it_is_readable():
    assert repr(REFERENCE) == "Profile(400 rows, 4 columns, 1 pairs)"
    facts = REFERENCE.to_frame()
    assert facts.index.tolist() == list(REFERENCE.columns)
    assert facts.loc["late", "mean"] == pytest.approx(JANUARY["late"].mean())
    assert facts.loc["delay", "sd"] == pytest.approx(JANUARY["delay"].std(ddof=0))
    assert facts.loc["origin", "kept"] == 3


def test_html_escapes_names_and_values():
    hostile = pd.DataFrame({"<b>": ["<script>alert(1)</script>"] * 40})
    page = Profile.of(hostile)._repr_html_()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_polars_and_arrow_tables_are_read():
    pytest.importorskip("narwhals")
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    cells = {"a": [1, 2, None] * 20, "b": ["x", "y", None] * 20}
    expected = Profile.of(pd.DataFrame(cells)).to_frame().drop(columns="kind")
    for frame in (polars.DataFrame(cells), pyarrow.table(cells)):
        pd.testing.assert_frame_equal(Profile.of(frame).to_frame().drop(columns="kind"), expected)


def test_with_batches_what_is_unseen_is_judged_on_whole_batches():
    """Each day has values of its own: a later day has only new ones, and so have the days that were not learned from."""
    days = np.arange(2_000) // 100
    frame = pd.DataFrame({"tail": [f"{day}-{row % 25}" for row, day in enumerate(days)]})
    by_rows, by_days = Profile.of(frame).columns["tail"], Profile.of(frame, batches=days).columns["tail"]
    assert by_rows.unseen < 0.02 * by_rows.checked
    assert by_days.unseen == by_days.checked == 400
