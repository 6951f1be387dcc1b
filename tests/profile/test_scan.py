"""A table that comes in chunks has the profile of the whole, wherever the chunks are read."""

from __future__ import annotations

from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest

import maturekit as mk
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError, ProfileMismatchError, TableError
from maturekit.profile import CategoryColumn, Profile, View, passes

RNG = np.random.default_rng(11)


class Far(View):
    name, columns = "far", ("distance",)

    def _values(self, frame):
        return frame["distance"] > 1000


def flights(rows):
    return pd.DataFrame(
        {
            "delay": np.where(RNG.random(rows) < 0.1, np.nan, RNG.normal(size=rows).round(3)),
            "late": RNG.integers(0, 2, rows),
            "distance": RNG.integers(100, 3000, rows),
            "origin": RNG.choice(["EWR", "JFK", "LGA", None], rows),
            "tail": [f"N{number:05d}" for number in RNG.integers(0, 30_000, rows)],
            "date": pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(rows) * 365 // rows, unit="D"),
            "day": [f"day {number}" for number in np.arange(rows) * 8 // rows],
            "week": np.where(np.arange(rows) * 8 // rows % 4 == 3, "weekend", "week"),
        }
    )


FLIGHTS = flights(2000)
UNLABELLED = FLIGHTS.drop(columns=["day", "week"])
LABELS = {"batches": "day", "classes": "week"}


@pytest.fixture
def small_sample(monkeypatch):
    monkeypatch.setattr(passes, "SIZE", 500)


def assert_same_counts(one, other):
    assert one.rows == other.rows
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        assert_same_column(column, other.columns[name])
    assert (one.pairs is None) == (other.pairs is None)
    if one.pairs:
        assert one.pairs.rows.tolist() == other.pairs.rows.tolist()
    for parts, others in ((one.batches, other.batches), (one.classes, other.classes)):
        assert list(parts) == list(others)
        for label, part in parts.items():
            assert_same_counts(part, others[label])


def assert_same_column(column, other):
    one, two = column.to_dict(), other.to_dict()
    moments = one.pop("moments", []), two.pop("moments", [])
    assert one == two
    np.testing.assert_allclose(*(np.array(m, dtype=float) for m in moments), rtol=1e-6, atol=1e-6)  # cubes of dates


@pytest.mark.parametrize("rows", [90, 10_000])
def test_chunks_counted_over_a_reference_have_the_counts_of_the_whole(rows):
    reference = Profile.of(UNLABELLED.head(1000), views=[Far()])
    counted = Profile.scan(FLIGHTS, like=reference, views=[Far()], rows=rows, **LABELS)
    labels = {what: FLIGHTS[name] for what, name in LABELS.items()}
    assert_same_counts(counted, Profile.of(FLIGHTS, like=reference, views=[Far()], **labels))


@pytest.mark.parametrize("rows", [90, 10_000])
@pytest.mark.parametrize("labels", [{}, {"batches": "day"}, LABELS])
def test_a_small_table_gives_the_profile_that_it_gives_in_memory(rows, labels):
    columns = {what: FLIGHTS[name] for what, name in labels.items()}
    frame = FLIGHTS.drop(columns=list(labels.values()))
    assert Profile.scan(FLIGHTS, rows=rows, **labels) == Profile.of(frame, **columns)
    assert Profile.scan(FLIGHTS, rows=rows, views=[Far()], random_state=3, **labels) == Profile.of(
        frame, views=[Far()], random_state=3, **columns
    )


@pytest.mark.usefixtures("small_sample")
@pytest.mark.parametrize("rows", [180, 10_000])
def test_a_large_table_is_counted_exactly_over_what_a_sample_has_chosen(rows):
    profile = Profile.scan(FLIGHTS, rows=rows, views=[Far()], **LABELS)
    assert profile.rows == 2000
    labels = {what: FLIGHTS[name] for what, name in LABELS.items()}
    again = Profile.of(FLIGHTS, like=profile, views=[Far()], **labels)
    for name, column in profile.columns.items():
        assert column.cells.tolist() == again.columns[name].cells.tolist()
        assert column.nulls == again.columns[name].nulls
    assert list(profile.classes) == ["week", "weekend"]
    assert list(profile.classes["weekend"].batches) == ["day 3", "day 7"]
    assert sum(part.rows for part in profile.classes.values()) == 2000


@pytest.mark.usefixtures("small_sample")
def test_what_a_sample_has_chosen_is_judged_on_other_rows():
    profile = Profile.scan(FLIGHTS[["tail", "origin"]], rows=300)
    tail = profile.columns["tail"]
    assert (tail.rows, tail.checked) == (2000, 2000 - 400)  # four fifths of the sample of 500 were learned from
    wide = pd.DataFrame(RNG.normal(size=(4000, 20)), columns=[f"x{number}" for number in range(20)])
    assert Profile.scan(wide, rows=300).pairs.rows.tolist() == [4000 - 100] * 100  # one fifth has chosen them


@pytest.mark.usefixtures("small_sample")
def test_edges_of_a_sample_are_close_to_the_quantiles_of_the_table():
    numbers = pd.DataFrame({"a": RNG.permutation(4000)})
    column = Profile.scan(numbers, rows=300).columns["a"]
    # edge k is the sample's quantile k/33, so that its true rank errs by at most .087 with probability .999
    ranks = column.edges / 4000
    assert np.abs(ranks - column.bins.ranks[1:]).max() < np.sqrt(np.log(2 / 0.001) / 1000) + 1 / 33
    assert column.below + column.above > 0  # the range is that of the sample


@pytest.mark.usefixtures("small_sample")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_give_the_same_bits(backend):
    serial = Profile.scan(FLIGHTS, rows=300, views=[Far()], **LABELS)
    counted = Profile.scan(FLIGHTS, rows=300, like=serial, views=[Far()], **LABELS)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert Profile.scan(FLIGHTS, rows=300, like=serial, views=[Far()], **LABELS) == counted
        assert Profile.scan(FLIGHTS, rows=300, views=[Far()], **LABELS) == serial


def dask_gives_the_same(*, processes):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": processes, "dashboard_address": None}
    parts = [partial(FLIGHTS.iloc.__getitem__, slice(at, at + 350)) for at in range(0, 2000, 350)]
    serial = Profile.scan(parts, **LABELS)
    counted = Profile.scan(parts, like=serial, **LABELS)
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert Profile.scan(parts, **LABELS) == serial
        assert Profile.scan(parts, like=serial, **LABELS) == counted


@pytest.mark.filterwarnings("default")  # of the cluster's own making
@pytest.mark.usefixtures("small_sample")
def test_a_dask_cluster_gives_the_same_profile():
    dask_gives_the_same(processes=False)


@pytest.mark.long
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("small_sample")
def test_a_dask_cluster_of_processes_gives_the_same_profile():
    dask_gives_the_same(processes=True)


@pytest.mark.usefixtures("small_sample")
def test_parquet_files_are_read_by_row_groups_and_only_what_is_needed(tmp_path):
    pytest.importorskip("pyarrow")
    FLIGHTS.head(1100).to_parquet(tmp_path / "1.parquet", row_group_size=400)
    FLIGHTS.iloc[1100:].to_parquet(tmp_path / "2.parquet", row_group_size=400)
    sizes = [400, 400, 300, 400, 400, 100]
    ends = np.cumsum(sizes)
    parts = [FLIGHTS.iloc[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    assert Profile.scan(tmp_path, batches="day") == Profile.scan(parts, batches="day")
    schema = mk.Schema({"delay": mk.Column("float"), "origin": mk.Column("category"), "absent": mk.Column("int")})
    profile = Profile.scan(tmp_path, schema=schema, batches="day")
    assert list(profile.columns) == ["delay", "origin"]
    assert Profile.scan(tmp_path, like=profile, batches="day").rows == 2000


def test_a_file_that_lacks_a_column_of_the_reference_has_no_rows_of_it(tmp_path):
    pytest.importorskip("pyarrow")
    reference = Profile.of(UNLABELLED)
    UNLABELLED.to_parquet(tmp_path / "1.parquet")
    UNLABELLED.drop(columns="late").to_parquet(tmp_path / "2.parquet")
    counted = Profile.scan(tmp_path, like=reference)
    assert (counted.rows, counted.columns["late"].rows, counted.columns["delay"].rows) == (4000, 2000, 4000)


def test_a_source_that_can_be_read_once_is_enough_with_a_reference():
    reference = Profile.of(UNLABELLED)
    parts = [UNLABELLED.head(1000), UNLABELLED.iloc[1000:]]
    assert Profile.scan(iter(parts), like=reference).rows == 2000
    with pytest.raises(ArgumentError, match=r"can be read only once.*\n\nHint: pass a path, a list, or functions"):
        Profile.scan(iter(parts))


@pytest.mark.usefixtures("small_sample")
def test_a_source_that_gives_other_rows_the_second_time_is_noticed():
    once = iter([UNLABELLED.head(1000), UNLABELLED.iloc[1000:]])
    with pytest.raises(ArgumentError, match=r"gave other rows when it was read again: .* of the 500 sampled ones"):
        Profile.scan([UNLABELLED.head(500), once], rows=300)


def test_kinds_do_not_depend_on_how_the_table_is_cut():
    frame = pd.DataFrame(
        {
            "late": pd.array([1, 2, None, 4] * 20, dtype="Int64"),
            "gaps": pd.Series([None] * 40 + ["x", "y"] * 20, dtype=object),
            "flag": [True, False] * 40,
            "sort": pd.Categorical(["a", "b"] * 40),
        }
    )
    parts = [
        frame.iloc[at : at + 20].assign(sort=lambda part: part["sort"].cat.remove_unused_categories())
        for at in range(0, 80, 20)
    ]
    assert Profile.scan(parts) == Profile.of(frame)
    mixed = [frame[["late"]].astype("Int64").head(2).astype("int64"), frame[["late"]].iloc[2:]]
    assert Profile.scan(mixed) == Profile.of(frame[["late"]])


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ([], {}, ArgumentError, "the source holds nothing to read"),
        (UNLABELLED, {"batches": "day"}, NotFoundError, "no column of labels named 'day'"),
        (FLIGHTS, {"batches": FLIGHTS["day"]}, ArgumentTypeError, "batches must be the name of a column, got Series"),
        (FLIGHTS, {"rows": 0}, ArgumentError, "rows must be at least 1"),
        (FLIGHTS, {"like": FLIGHTS}, ArgumentTypeError, "like must be a Profile"),
        ([FLIGHTS, UNLABELLED], {}, TableError, "different columns, such as 'day'"),
        (FLIGHTS[["day"]], {"batches": "day"}, TableError, "no column to summarise"),
        (pd.DataFrame({"x": [1]}), {"like": Profile.of(UNLABELLED)}, ProfileMismatchError, "none of the 8 columns"),
        ([FLIGHTS.assign(day=None)], {"batches": "day"}, ArgumentError, "batches has no label in row 0"),
    ],
    ids=["nothing", "no labels", "labels", "rows", "like", "columns", "only labels", "another table", "null label"],
)
def test_bad_input_is_refused(source, options, error, message):
    with pytest.raises(error, match=message):
        Profile.scan(source, **options)


def test_personal_labels_would_be_stored_and_are_refused():
    schema = mk.Schema({"delay": mk.Column("float"), "day": mk.Column("string", tags={"personal"})})
    with pytest.raises(ArgumentError, match="batches='day' is tagged as personal"):
        Profile.scan(FLIGHTS, schema=schema, batches="day")


def test_a_table_without_rows_has_a_profile():
    assert Profile.scan(FLIGHTS.head(0)).rows == 0


def test_a_text_column_is_viewed_when_it_is_scanned():
    profile = Profile.scan(FLIGHTS[["tail"]], rows=900)
    assert list(profile.columns) == ["tail", "tail:length", "tail:pattern"]
    assert isinstance(profile.columns["tail:pattern"], CategoryColumn)
