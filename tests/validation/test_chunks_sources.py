"""Where chunks come from and where they run changes nothing; what cannot be read is an error, never bad data."""

from __future__ import annotations

import weakref
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, SourceMissingError
from maturekit.schema import Column, Compare, RowRule, Schema, TableRule
from maturekit.schema.rules import ForeignKey, Fresh, GroupSize, Key
from maturekit.validation import validate

NOON = datetime(2013, 5, 1, 12, tzinfo=UTC)
SCHEMA = Schema(
    {
        "id": Column("int", unique=True),
        "day": Column("int", order="increasing"),
        "sort": Column("string", nullable=True),
        "low": Column("float", ge=0),
        "high": Column("float", nullable=True),
    },
    rules=[
        Compare("low", "<=", "high"),
        Key("id", "sort"),
        GroupSize("day", at_least=2),
        GroupSize("sort", at_most=250),
    ],
)


def clock():
    return NOON


def table(rows=1000):
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "day": np.arange(rows) // 10,
            "sort": np.array(["a", "b", "c", "d", None], dtype=object)[np.arange(rows) % 5],
            "low": np.arange(rows) % 100.0,
            "high": np.arange(rows) % 100 + 1.0,
        }
    )
    frame.loc[[3, rows - 1], "id"] = [0, 5]
    frame.loc[rows // 2, "day"] = 0
    frame.loc[[1, 2], ["low", "high"]] = [-1.0, None]
    return frame


WHOLE = validate(table(), SCHEMA, clock=clock)


def pieces(frame, *sizes):
    bounds = np.cumsum([0, *sizes, len(frame) - sum(sizes)])
    return [frame.iloc[low:high] for low, high in pairwise(bounds)]


def test_the_whole_table_has_failures_of_every_sort():
    found = {(f.rule, *f.columns): f.count for f in WHOLE.findings if f.count and f.status != "passed"}
    assert found == {("unique", "id"): 4, ("order", "day"): 1, ("ge", "low"): 2}


@pytest.mark.parametrize("rows", [7, 999, 1000, 5000])
def test_pieces_of_any_size_make_the_report_of_the_whole_table(rows):
    assert validate(table(), SCHEMA, rows=rows, clock=clock) == WHOLE


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_change_nothing(backend):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert validate(table(), SCHEMA, rows=90, clock=clock) == WHOLE


def test_iterators_and_functions_are_read_chunk_by_chunk():
    assert validate((part for part in pieces(table(), 10, 0, 400)), SCHEMA, clock=clock) == WHOLE
    assert (
        validate(
            [partial(table().iloc.__getitem__, slice(at, at + 300)) for at in (0, 300, 600, 900)], SCHEMA, clock=clock
        )
        == WHOLE
    )


def test_parquet_files_are_read_row_group_by_row_group(tmp_path):
    pytest.importorskip("pyarrow")
    first, second = pieces(table(), 450)
    first.to_parquet(tmp_path / "1.parquet", row_group_size=200)
    second.to_parquet(tmp_path / "2.parquet", row_group_size=200)
    assert validate(tmp_path, SCHEMA, clock=clock) == WHOLE
    assert validate(tmp_path, SCHEMA, clock=clock, n_jobs=2) == WHOLE


def dask_gives_the_same(*, processes):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": processes, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert validate(table(), SCHEMA, rows=90, clock=clock) == WHOLE
        assert validate(iter(pieces(table(), 300, 300)), SCHEMA, clock=clock) == WHOLE


@pytest.mark.filterwarnings("default")  # of the cluster's own making
def test_a_dask_cluster_gives_the_same_report():
    dask_gives_the_same(processes=False)


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_of_processes_gives_the_same_report():
    dask_gives_the_same(processes=True)


def test_columns_may_stand_in_another_order_and_under_an_alias_in_some_chunks():
    schema = Schema({"age": Column("int", aliases=["years"], unique=True), "name": Column("string")})
    first = pd.DataFrame({"age": [1, 2], "name": ["a", "b"], "more": 0})
    second = pd.DataFrame({"name": ["c"], "years": [2], "other": 0})
    report = validate([first, second], schema)
    found = {finding.rule: finding for finding in report.findings if finding.columns == ("age",)}
    assert found["unique"].positions.tolist() == [1, 2]
    assert (found["renamed"].value, found["renamed"].status) == ("'years'", "passed")
    assert report.findings[-1].columns == ("more", "other")


def test_a_column_that_some_chunks_lack_is_absent_there_and_judged_elsewhere():
    schema = Schema(
        {"a": Column("int", ge=0, unique=True), "b": Column("int")}, rules=[Compare("a", "<", "b"), Key("a", "b")]
    )
    frame = pd.DataFrame({"a": [1, -1, 7, 1], "b": 9})
    report = validate([frame[:2], frame[2:3][["b"]], frame[3:]], schema)
    found = {(f.rule, *f.columns): (f.status, f.positions.tolist()) for f in report.findings if f.columns[:1] == ("a",)}
    assert found["present", "a"] == ("failed", [2])
    assert found["ge", "a"] == ("failed", [1])
    assert found["unique", "a"] == ("failed", [0, 3])
    assert found["Compare", "a", "b"] == found["Key", "a", "b"] == ("could_not_run", [])
    assert report.rejected.tolist() == [0, 1, 2, 3]


def test_chunks_without_rows_say_nothing_beside_others():
    empty = pd.DataFrame({"more": []})
    assert [f.to_dict() for f in validate([empty[[]], table(), empty[[]]], SCHEMA).findings] == [
        f.to_dict() for f in WHOLE.findings
    ]
    alone = validate([empty, empty], SCHEMA)
    assert alone.verdict == "failed"
    assert [f.columns for f in alone.findings if f.rule == "present"] == [(name,) for name in SCHEMA.columns]


@pytest.mark.parametrize("source", [[], iter(()), [[], []]])
def test_a_source_that_holds_nothing_is_refused(source):
    with pytest.raises(ArgumentError, match="the source holds nothing to read"):
        validate(source, SCHEMA)


def test_what_cannot_be_read_is_an_error(tmp_path):
    def broken():
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        validate([table(), broken], SCHEMA)
    with pytest.raises(ConnectionError, match="gone"):
        validate([table(), broken], SCHEMA, n_jobs=2)
    with pytest.raises(ArgumentTypeError, match="must be a table"):
        validate([table(), 7], SCHEMA)
    with pytest.raises(SourceMissingError, match="no file"):
        validate(tmp_path / "no.parquet", SCHEMA)


def test_a_damaged_file_is_an_error(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(FormatError, match="not a parquet file"):
        validate(tmp_path / "bad.parquet", SCHEMA, n_jobs=2)


class Raising(RowRule):
    """Raises where it meets a value above 900."""

    column: str

    def _holds(self, frame):
        if frame[self.column].max() > 900:
            raise ValueError("a secret value")
        return frame[self.column] >= 0


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_rule_that_raises_in_one_chunk_could_not_run_on_the_table(n_jobs):
    schema = Schema({"id": Column("int")}, rules=[Raising("id")])
    report = validate(table()[["id"]], schema, rows=100, n_jobs=n_jobs, clock=clock)
    assert report == validate(table()[["id"]], schema, clock=clock)
    (ran,) = [finding for finding in report.findings if finding.rule == "Raising"]
    assert (ran.status, ran.message, len(ran.positions)) == ("could_not_run", "Raising('id') raised ValueError", 0)


class Unmergeable(TableRule):
    """Has summaries that cannot be added."""

    column: str

    def _summarise(self, frame):
        return {"rows": len(frame)}

    def _judge(self, summary):
        return bool(summary["rows"])


def test_summaries_that_cannot_be_merged_could_not_run():
    schema = Schema({"id": Column("int")}, rules=[Unmergeable("id")])
    assert validate(table()[["id"]], schema).ok
    report = validate(table()[["id"]], schema, rows=500)
    assert report.findings[-1].message == "Unmergeable('id') raised TypeError"
    assert not report.ok


def test_references_and_the_time_reach_the_workers():
    schema = Schema(
        {"who": Column("string"), "when": Column("datetime", role="time")},
        rules=[ForeignKey("who", "people", to="name"), Fresh("when", within=pd.Timedelta("2D").to_pytimedelta())],
    )
    frame = pd.DataFrame({"who": ["a", "x", "b"], "when": pd.to_datetime(["2013-04-01", "2013-04-30", "2013-04-02"])})
    people = pd.DataFrame({"name": ["a", "b"]})
    report = validate(frame, schema, references={"people": people}, clock=clock)
    assert validate(frame, schema, references={"people": people}, rows=1, n_jobs=2, clock=clock) == report
    assert report.rejected.tolist() == [1]
    (newest,) = [finding for finding in report.findings if finding.rule == "newest"]
    assert (newest.value, newest.severity, newest.status) == ("2013-04-30T00:00:00", "info", "passed")
    assert next(finding for finding in report.findings if finding.rule == "Fresh").ok
    missing = next(finding for finding in validate(frame, schema).findings if finding.rule == "ForeignKey")
    assert missing.status == "could_not_run"
    assert "people" in missing.message


@pytest.mark.parametrize("storage", ["M8[s]", "M8[ns]", "category", object])
def test_the_newest_moment_is_one_that_a_row_holds(storage):
    moments = pd.Series(np.array(["2013-01-01", "2013-03-01", "2013-02-01", "NaT"], dtype="M8[s]")).astype(storage)
    schema = Schema({"when": Column("datetime", role="time", nullable=True)})
    for rows, newest in ((slice(0, 4), "2013-03-01"), (slice(2, 4), "2013-02-01"), (slice(0, 1), "2013-01-01")):
        report = validate(moments[rows].to_frame("when"), schema)
        assert report.findings[-1].value == f"{newest}T00:00:00"
    report = validate(moments[3:].to_frame("when"), schema)
    assert "newest" not in [finding.rule for finding in report.findings]


def test_an_endless_source_is_not_read_ahead_of_its_judges():
    alive = []
    most = 0

    def days():
        nonlocal most
        for _ in range(30):
            frame = table(50)
            alive.append(weakref.ref(frame))
            most = max(most, sum(ref() is not None for ref in alive))
            yield frame

    validate(days(), Schema({"id": Column("int")}))
    assert most <= 3


def test_a_pickled_rule_of_the_callers_own_runs_in_workers():
    schema = Schema({"id": Column("int")}, rules=[Raising("id", severity="warning")])
    assert validate(table(100)[["id"]], schema, rows=40, n_jobs=2).ok
