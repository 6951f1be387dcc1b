"""A batch scores every row once, in order, wherever the rows come from and wherever the chunks run."""

from __future__ import annotations

import sqlite3
import weakref
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.preprocessing import StandardScaler

from maturekit.deployment import Live, Wrapper
from maturekit.deployment.batch import Batch, BatchProgress, SqlQuery, SqlTable
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    IntegrityError,
    KeyTakenError,
    NotFoundError,
    RejectedRowsError,
    SourceMissingError,
    TableError,
)
from maturekit.registry import Registry


def scores(path):
    """Return a CSV file, with its numbers as Python reads them, which older pandas does not."""
    texts = pd.read_csv(path, dtype="str")
    words = [name for name in texts.columns if name in {"id", "status", "reasons", "version"}]
    return texts.assign(**{name: [float(text) for text in texts[name]] for name in texts.columns if name not in words})


def test_every_row_is_scored_in_order(doubling, table, tmp_path):
    done = Batch(doubling, keep=["id"], rows=30).run(table, tmp_path / "scores.csv")
    assert done == BatchProgress(chunks=4, rows=100, answered=100, finished=True)
    scored = scores(tmp_path / "scores.csv")
    assert list(scored.columns) == ["row", "id", "prediction", "status"]
    assert scored["row"].tolist() == list(range(100))
    assert scored["id"].tolist() == table["id"].tolist()
    assert scored["prediction"].tolist() == (2 * table["a"]).tolist()
    assert set(scored["status"]) == {"ok"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "scores.csv.batch.json"]


def test_rejected_rows_go_to_their_own_file_with_their_reasons(guarded, broken, tmp_path):
    done = Batch(guarded, keep=["id"], rows=30).run(broken, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")
    assert (done.rows, done.answered, done.rejected, done.reasons) == (100, 97, 3, {"ge:a": 3})
    assert scores(tmp_path / "scores.csv")["row"].tolist() == [row for row in range(100) if row not in {5, 50, 51}]
    bad = scores(tmp_path / "bad.csv")
    assert bad.iloc[:, :5].values.tolist() == [
        [5, "rejected", "ge:a", "0005", -1.0],
        [50, "rejected", "ge:a", "0050", -1.0],
        [51, "rejected", "ge:a", "0051", -1.0],
    ]
    assert bad["b"].tolist() == broken["b"].iloc[[5, 50, 51]].tolist()


def test_without_a_place_for_rejected_rows_the_first_stops_the_run(guarded, table, tmp_path):
    late = table.assign(a=table["a"].where(~table.index.isin([50, 51]), -1.0))
    with pytest.raises(
        RejectedRowsError, match=r"2 rows of the chunk behind row 30 .* row 50: rejected, ge:a"
    ) as caught:
        Batch(guarded, rows=30).run(late, tmp_path / "scores.csv")
    assert "30 rows in 1 chunk: 30 answered, 0 rejected, not finished" in caught.value.__notes__[0]
    assert not (tmp_path / "scores.csv").exists()


def test_all_rows_may_be_rejected(guarded, table, tmp_path):
    bad = table.assign(b=2.0)
    done = Batch(guarded, keep=["id"]).run(bad, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")
    assert (done.answered, done.rejected) == (0, 100)
    assert (tmp_path / "scores.csv").read_text() == "row,id,prediction,status\n"
    assert len(pd.read_csv(tmp_path / "bad.csv")) == 100


def test_no_row_need_be_rejected(guarded, table, tmp_path):
    Batch(guarded).run(table, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")
    assert (tmp_path / "bad.csv").read_text() == "row,status,reasons\n"


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
def test_a_table_without_rows_gives_an_output_without_rows(classifier, table, tmp_path, suffix):
    if suffix != ".csv":
        pytest.importorskip("pyarrow")
    output = tmp_path / f"scores{suffix}"
    done = Batch(classifier, method="predict_proba", keep=["id"]).run(table[:0], output)
    assert (done.chunks, done.rows, done.finished) == (1, 0, True)
    empty = pd.read_csv(output) if suffix == ".csv" else pd.read_parquet(output)
    assert list(empty.columns) == ["row", "id", "probability.no", "probability.yes", "status"]
    assert len(empty) == 0


def test_a_source_without_chunks_is_refused(doubling, tmp_path):
    with pytest.raises(ArgumentError, match="holds nothing to read"):
        Batch(doubling).run([], tmp_path / "scores.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceMissingError):
        Batch(doubling).run(tmp_path / "folder", tmp_path / "scores.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_chunks_without_rows_are_passed_over(doubling, table, tmp_path):
    Batch(doubling).run([table[:0], table[:3], table[:0], table[3:5]], tmp_path / "scores.csv")
    assert scores(tmp_path / "scores.csv")["row"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("read_later", [False, True])
def test_no_more_than_two_chunks_are_in_memory(guarded, broken, tmp_path, read_later):
    made, most = [], []

    def chunk(at):
        frame = broken[at : at + 10].copy()
        made.append(weakref.ref(frame))
        most.append(sum(frame() is not None for frame in made))
        return frame

    source = (partial(chunk, at) if read_later else chunk(at) for at in range(0, 100, 10))
    Batch(guarded, keep=["id"], rows=10).run(source, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")
    assert len(most) == 10
    assert max(most) <= 2


def test_every_kind_of_source_gives_the_same_bytes(guarded, broken, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "parquet").mkdir()
    (tmp_path / "csv").mkdir()
    for number, at in enumerate((0, 60)):
        broken[at : at + 60].to_parquet(tmp_path / "parquet" / f"{number}.parquet", row_group_size=30)
        broken[at : at + 60].to_csv(tmp_path / "csv" / f"{number}.csv", index=False)
    connect = partial(sqlite3.connect, tmp_path / "rows.db")
    connection = connect()
    broken.to_sql("rows", connection, index=False)
    connection.close()
    sources = {
        "frame": broken,
        "pieces": iter([broken[:30], broken[30:60], lambda: broken[60:90], broken[90:]]),
        "parquet": tmp_path / "parquet",
        "csv": str(tmp_path / "csv"),
        "files": [tmp_path / "csv" / "0.csv", tmp_path / "parquet" / "1.parquet"],
        "query": SqlQuery(connect, "select * from rows where b < ? order by id", [2.0]),
    }
    batch = Batch(guarded, keep=["id"], rows=30)
    for name, source in sources.items():
        output, rejected = tmp_path / f"{name}.out.csv", tmp_path / f"{name}.bad.csv"
        assert batch.run(source, output, rejected=rejected).chunks == 4
        assert output.read_bytes() == (tmp_path / "frame.out.csv").read_bytes(), name
        assert rejected.read_bytes() == (tmp_path / "frame.bad.csv").read_bytes(), name


def test_a_polars_table_is_a_table(guarded, table, tmp_path):
    polars = pytest.importorskip("polars")
    Batch(guarded).run(table, tmp_path / "pandas.csv")
    Batch(guarded).run(polars.from_pandas(table), tmp_path / "polars.csv")
    assert (tmp_path / "polars.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()


@pytest.mark.parametrize("name", ["scores.parquet", "scores"])
def test_parquet_keeps_types_and_says_who_answered(guarded, broken, tmp_path, name):
    parquet = pytest.importorskip("pyarrow.parquet")
    Batch(guarded, keep=["id"], rows=30).run(broken, tmp_path / name, rejected=tmp_path / f"bad-{name}")
    scored = pd.read_parquet(tmp_path / name)
    assert scored["id"].tolist() == broken["id"].drop([5, 50, 51]).tolist()
    assert scored["prediction"].tolist() == (2 * broken["a"]).drop([5, 50, 51]).tolist()
    assert (scored["row"].dtype, scored["prediction"].dtype) == ("int64", "float64")
    files = sorted((tmp_path / name).iterdir()) if name == "scores" else [tmp_path / name]
    assert [parquet.ParquetFile(path).num_row_groups for path in files] == ([1, 1, 1, 1] if name == "scores" else [4])
    assert b"maturekit.versions" in parquet.read_schema(files[0]).metadata


def test_cells_of_several_types_do_not_stop_a_run(guarded, table, tmp_path):
    pytest.importorskip("pyarrow")
    mixed = table.astype({"a": object})
    mixed.loc[[1, 99], "a"] = ["much", None]
    Batch(guarded, rows=50).run(mixed, tmp_path / "scores.parquet", rejected=tmp_path / "bad.parquet")
    bad = pd.read_parquet(tmp_path / "bad.parquet")
    assert bad["a"].isna().tolist() == [False, True]
    assert bad["a"].iloc[0] == "much"
    assert len(pd.read_parquet(tmp_path / "scores.parquet")) == 98


def test_a_table_of_a_database_gets_every_row_once(guarded, broken, tmp_path):
    connect = partial(sqlite3.connect, tmp_path / "scores.db")
    for day in ("monday", "tuesday", "monday"):
        target = SqlTable(connect, "scores", run=day)
        done = Batch(guarded, keep=["id"], rows=30).run(broken, target, rejected=tmp_path / f"{day}.csv")
        assert (done.rows, done.answered, done.finished) == (100, 97, True)
    connection = connect()
    rows = connection.execute('select "row", id, prediction, status from scores').fetchall()
    connection.close()
    assert len(rows) == 2 * 97
    assert rows[0] == (0, "0000", 2 * broken["a"][0], "ok")


@pytest.mark.parametrize(
    ("method", "columns"),
    [("predict_proba", ["probability.no", "probability.yes"]), ("decision_function", ["decision"])],
)
def test_outputs_are_named_after_the_method(classifier, table, tmp_path, method, columns):
    Batch(classifier, method=method).run(table, tmp_path / "scores.csv")
    scored = scores(tmp_path / "scores.csv")
    assert list(scored.columns) == ["row", *columns, "status"]
    wanted = getattr(classifier, method)(table[["a", "b"]]).reshape(100, -1)
    assert np.array_equal(scored[columns].to_numpy(), wanted)


def test_transformers_give_features(table, tmp_path):
    scaler = StandardScaler().fit(table[["a", "b"]])
    Batch(scaler, method="transform").run(table, tmp_path / "scaled.csv")
    assert list(scores(tmp_path / "scaled.csv").columns) == ["row", "feature.0", "feature.1", "status"]


def dask_gives_the_same(guarded, broken, folder, *, processes):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": processes, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        Batch(guarded, rows=10).run(broken, folder / "dask.csv", rejected=folder / "dask.bad.csv")
    Batch(guarded, rows=10).run(broken, folder / "alone.csv", rejected=folder / "alone.bad.csv")
    assert (folder / "dask.csv").read_bytes() == (folder / "alone.csv").read_bytes()
    assert (folder / "dask.bad.csv").read_bytes() == (folder / "alone.bad.csv").read_bytes()


@pytest.mark.filterwarnings("default")  # of the cluster's own making
def test_a_dask_cluster_gives_the_same_bytes(guarded, broken, tmp_path):
    dask_gives_the_same(guarded, broken, tmp_path, processes=False)


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_of_processes_gives_the_same_bytes(guarded, broken, tmp_path):
    dask_gives_the_same(guarded, broken, tmp_path, processes=True)


class Tripling(Wrapper):
    """A wrapper that workers cannot import."""

    def _handle(self, call, inward):
        answer = inward(call)
        answer.values = 3 * answer.values
        return answer


def test_worker_processes_give_the_same_bytes(guarded, broken, tmp_path):
    for name, jobs in (("one", 1), ("two", 2)):
        batch = Batch(Tripling(guarded), rows=10, n_jobs=jobs)
        batch.run(broken, tmp_path / f"{name}.csv", rejected=tmp_path / f"{name}.bad.csv")
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert scores(tmp_path / "one.csv")["prediction"].iloc[0] == 3 * (2 * broken["a"][0])


def constant(registry, value):
    model = DummyRegressor(strategy="constant", constant=value).fit(pd.DataFrame({"a": [0.0], "b": [0.0]}), [value])
    version = registry.register("steady", model)
    registry.promote(version, to="production", actor="ada", reason="test")


def test_one_version_answers_all_chunks_though_its_alias_moves(table, tmp_path):
    registry = Registry(tmp_path / "models", actor="ada")
    constant(registry, 1.0)

    def move(done):
        if done.chunks == 1:
            constant(registry, 2.0)

    live = Live(registry, "steady@production", refresh_seconds=0)
    done = Batch(live, rows=30).run(table[["a", "b"]], tmp_path / "scores.csv", progress=move)
    assert done.versions == ("steady:1",)
    scored = scores(tmp_path / "scores.csv")
    assert set(scored["prediction"]) == {1.0}
    assert set(scored["version"]) == {"steady:1"}
    with pytest.raises(IntegrityError, match=r"model\['version'\]|model"):
        Batch(live, rows=30).run(table[["a", "b"]], tmp_path / "scores.csv")


def test_misuse_is_refused_before_anything_is_scored(doubling, table, tmp_path):
    with pytest.raises(ArgumentTypeError, match="fitted model"):
        Batch(DummyRegressor)
    with pytest.raises(ArgumentError, match="method 'score' is none of predict"):
        Batch(doubling, method="score")
    with pytest.raises(ArgumentError, match="rows must be at least 1"):
        Batch(doubling, rows=0)
    with pytest.raises(ArgumentError, match=r"cannot write '.xlsx' files"):
        Batch(doubling).run(table, tmp_path / "scores.xlsx")
    with pytest.raises(ArgumentError, match="neither"):
        Batch(doubling).run(__file__, tmp_path / "scores.csv")
    with pytest.raises(ArgumentTypeError, match="source must be a table"):
        Batch(doubling).run(3, tmp_path / "scores.csv")
    with pytest.raises(ArgumentError, match="cannot hold both"):
        Batch(doubling).run(table, tmp_path / "scores.csv", rejected=tmp_path / "scores.csv")
    with pytest.raises(ArgumentError, match="part of the source"):
        Batch(doubling).run(tmp_path, tmp_path / "scores.csv")
    with pytest.raises(NotFoundError, match="no column to keep named 'ident'; known: 'a', 'b', 'id'"):
        Batch(doubling, keep=["ident"]).run(table, tmp_path / "keep.csv")
    with pytest.raises(ArgumentError, match="'status' to keep is called like"):
        Batch(doubling, keep=["status"]).run(table.assign(status=1), tmp_path / "twin.csv")
    with pytest.raises(TableError):
        Batch(doubling).run(table.set_axis(["a", "a", "b"], axis=1), tmp_path / "names.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("progress", [3, "print", ()])
def test_progress_that_cannot_be_called_is_refused_before_anything_is_done(doubling, table, tmp_path, progress):
    read = []
    with pytest.raises(
        ArgumentTypeError, match=f"must be a function of a BatchProgress, got {type(progress).__name__}"
    ):
        Batch(doubling).run(lambda: read.append(1) or table, tmp_path / "scores.csv", progress=progress)
    assert (read, list(tmp_path.iterdir())) == ([], [])


def test_a_file_of_somebody_else_is_never_written_over(doubling, table, tmp_path):
    (tmp_path / "scores.csv").write_text("mine")
    with pytest.raises(KeyTakenError, match="is there already"):
        Batch(doubling).run(table, tmp_path / "scores.csv")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("scores.csv", "mine")]
