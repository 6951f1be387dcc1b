"""A batch that was stopped goes on where it was, to the same bytes; or says why it cannot."""

from __future__ import annotations

import os
import sqlite3
import threading
from functools import partial

import numpy as np
import pandas as pd
import pytest

from maturekit import Column, Schema
from maturekit.deployment import Guarded, Wrapper
from maturekit.deployment.batch import Batch, SqlQuery, SqlTable
from maturekit.errors import FormatError, IntegrityError, StorageError


class StoppedError(Exception):
    """What a callback raises."""


class Counting(Wrapper):
    """How many calls there were, and how many there may be."""

    calls = 0
    limit = 1000

    def _handle(self, call, inward):
        type(self).calls += 1
        if self.calls > self.limit:
            raise StoppedError
        return inward(call)


@pytest.fixture
def counting(guarded):
    Counting.calls, Counting.limit = 0, 1000
    return Counting(guarded)


def stop_after(chunks):
    def progress(done):
        if done.chunks == chunks:
            raise StoppedError

    return progress


def contents(folder, name):
    """Return all that a run left, the name of the output taken out."""
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0].startswith(name)
    )
    return {
        path.relative_to(folder).as_posix().removeprefix(name): path.read_bytes().replace(name.encode(), b"")
        for path in files
    }


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
@pytest.mark.parametrize("chunks", [1, 2, 4])
def test_a_callback_that_raises_stops_the_run_which_goes_on_later(counting, broken, tmp_path, suffix, chunks):
    if suffix != ".csv":
        pytest.importorskip("pyarrow")
    batch = Batch(counting, keep=["id"], rows=30)
    batch.run(broken, tmp_path / f"whole{suffix}", rejected=tmp_path / f"whole-bad{suffix}")
    Counting.calls = 0
    places = {"output": tmp_path / f"parts{suffix}", "rejected": tmp_path / f"parts-bad{suffix}"}
    with pytest.raises(StoppedError):
        batch.run(broken, **places, progress=stop_after(chunks))
    assert not places["output"].exists()
    done = batch.run(broken, **places)
    assert (done.chunks, done.resumed, done.rows, done.answered) == (4, chunks, 100, 97)
    assert Counting.calls == 4
    assert contents(tmp_path, "parts") == contents(tmp_path, "whole")


def test_a_run_that_came_to_its_end_is_not_done_again(counting, broken, tmp_path):
    batch = Batch(counting, rows=30)
    places = {"output": tmp_path / "scores.csv", "rejected": tmp_path / "bad.csv"}
    batch.run(broken, **places)
    before = contents(tmp_path, "")
    again = batch.run(broken, **places)
    assert (again.resumed, again.rows, again.finished) == (4, 100, True)
    assert Counting.calls == 4
    assert contents(tmp_path, "") == before


def test_other_rows_of_the_same_shape_are_not_taken_for_those_that_were_scored(guarded, table, tmp_path):
    batch = Batch(guarded, rows=30)
    batch.run(table, tmp_path / "scores.csv")
    batch.run(iter([table]), tmp_path / "pieces.csv")
    with pytest.raises(IntegrityError, match="its chunk 0 is another one since it was scored"):
        batch.run(table[::-1], tmp_path / "scores.csv")
    with pytest.raises(IntegrityError, match="its chunk 4 is new since it was scored"):
        batch.run(iter([table, table]), tmp_path / "pieces.csv")


def test_another_number_of_workers_may_go_on(guarded, broken, tmp_path):
    for name, jobs in (("first", 1), ("second", 2)):
        places = {"output": tmp_path / f"{name}.csv", "rejected": tmp_path / f"{name}-bad.csv"}
        with pytest.raises(StoppedError):
            Batch(guarded, rows=10).run(broken, **places, progress=stop_after(3))
        Batch(guarded, rows=10, n_jobs=jobs).run(broken, **places)
    assert contents(tmp_path, "first") == contents(tmp_path, "second")


def interrupted(batch, source, folder):
    with pytest.raises(StoppedError):
        batch.run(source, folder / "scores.csv", rejected=folder / "bad.csv", progress=stop_after(2))


def refused(batch, source, folder, match):
    before = contents(folder, "")
    with pytest.raises(IntegrityError, match=match):
        batch.run(source, folder / "scores.csv", rejected=folder / "bad.csv")
    assert contents(folder, "") == before


@pytest.mark.parametrize("row", [0, 31])
def test_changed_values_in_a_chunk_that_is_done_are_refused(guarded, table, tmp_path, row):
    batch = Batch(guarded, rows=30)
    interrupted(batch, table, tmp_path)
    changed = table.copy()
    changed.loc[row, "a"] /= 2
    refused(batch, changed, tmp_path, f"the source changed: its chunk {row // 30} is another one")
    refused(batch, iter([table[:30]]), tmp_path, "belongs to another run: source")
    batch.run(table, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")


def test_a_changed_text_is_a_changed_source(guarded, table, tmp_path):
    batch = Batch(guarded, rows=30)
    interrupted(batch, iter([table[:50], table[50:]]), tmp_path / "a")
    changed = table.assign(id=table["id"].where(table.index != 20, "00201"))
    refused(batch, iter([changed[:50], changed[50:]]), tmp_path / "a", "its chunk 0 is another one")
    refused(batch, iter([table[:30]]), tmp_path / "a", "its chunk 1 is gone")


def test_a_file_that_was_written_to_is_a_changed_source(guarded, table, tmp_path):
    batch = Batch(guarded, rows=30)
    source = tmp_path / "rows.csv"
    table.to_csv(source, index=False)
    interrupted(batch, source, tmp_path / "out")
    os.utime(source, ns=(0, 0))
    refused(
        batch, source, tmp_path / "out", r"source \['files'\]\['rows.csv'\] was .* bytes of .* and is .* bytes of 0"
    )


def test_a_file_that_changes_during_the_run_is_an_error(guarded, table, tmp_path):
    source = tmp_path / "rows.csv"
    table.to_csv(source, index=False)
    with pytest.raises(IntegrityError, match="changed while it was scored"):
        Batch(guarded, rows=30).run(source, tmp_path / "scores.csv", progress=lambda _: os.utime(source, ns=(0, 0)))


def test_a_query_that_gives_other_rows_is_a_changed_source(guarded, table, tmp_path):
    connect = partial(sqlite3.connect, tmp_path / "rows.db")
    connection = connect()
    table.to_sql("rows", connection, index=False)
    batch, query = Batch(guarded, rows=30), SqlQuery(connect, "select * from rows order by id")
    interrupted(batch, query, tmp_path / "out")
    connection.execute("update rows set b = 0.5 where id = '0040'")
    connection.commit()
    connection.close()
    refused(batch, query, tmp_path / "out", "its chunk 1 is another one")


def test_another_model_or_question_is_refused(guarded, doubling, schema, table, tmp_path):
    interrupted(Batch(guarded, rows=30), table, tmp_path)
    refused(Batch(guarded, rows=30, keep=["id"]), table, tmp_path, r"another run: keep was \[\] and is \['id'\]")
    refused(Batch(guarded, rows=20), table, tmp_path, "rows was 30 and is 20")
    refused(Batch(doubling, rows=30), table, tmp_path, "model was .*Guarded.* and is .*LinearRegression")
    wider = Schema({**schema.columns, "a": Column("float", ge=0, le=2)})
    refused(Batch(Guarded(doubling, schema=wider), rows=30), table, tmp_path, r"model \['schema'\]\['digest'\] was")
    doubling.coef_ = np.array([2.0, 1e-9])
    refused(Batch(guarded, rows=30), table, tmp_path, r"model \['model'\]\['hash'\] was")


def test_a_model_that_raises_stops_the_run_which_goes_on_when_it_is_well(counting, broken, tmp_path):
    batch = Batch(counting, rows=30)
    Counting.limit = 2
    with pytest.raises(StoppedError) as caught:
        batch.run(broken, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")
    assert "60 rows in 2 chunks: 57 answered, 3 rejected (ge:a 3), not finished" in caught.value.__notes__[0]
    Counting.limit = 1000
    assert batch.run(broken, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv").resumed == 2


def test_a_chunk_that_cannot_be_read_stops_the_run_which_goes_on_when_it_can(guarded, table, tmp_path):
    ready = []

    def read():
        if not ready:
            raise OSError("the share is away")
        return table[50:]

    batch = Batch(guarded)
    with pytest.raises(OSError, match="the share is away"):
        batch.run([table[:50], read], tmp_path / "scores.csv")
    ready.append(True)
    assert batch.run([table[:50], read], tmp_path / "scores.csv").rows == 100


def test_a_bad_line_of_a_file_stops_the_run_and_is_named(guarded, table, tmp_path):
    lines = table.to_csv(index=False).splitlines()
    lines[70] += ",more"
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    with pytest.raises(FormatError, match=r"rows.csv, chunk 3: not a CSV file of 3 columns") as caught:
        Batch(guarded, rows=30).run(tmp_path / "rows.csv", tmp_path / "scores.csv")
    assert "60 rows in 2 chunks" in caught.value.__notes__[0]


def test_a_part_that_somebody_changed_is_found(guarded, table, tmp_path):
    batch = Batch(guarded, rows=30)
    interrupted(batch, table, tmp_path)
    part = tmp_path / "scores.csv.unfinished" / "part-000001.csv"
    part.write_bytes(part.read_bytes().replace(b"ok", b"no"))
    with pytest.raises(IntegrityError, match=r"part-000001.csv is not what this run wrote"):
        batch.run(table, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv")


@pytest.mark.parametrize("other", [{"output": "scores.csv"}, {"output": "other.csv", "rejected": "bad.csv"}])
def test_of_two_runs_at_once_the_second_is_refused(guarded, broken, tmp_path, other):
    second = {key: tmp_path / name for key, name in other.items()}
    seen = []

    def progress(_):
        with pytest.raises(StorageError, match="another run works in"):
            Batch(guarded, rows=30).run(broken, **second)
        seen.append(True)

    Batch(guarded, rows=30).run(broken, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv", progress=progress)
    assert len(seen) == 4
    assert not (tmp_path / "other.csv.unfinished").exists()


def test_threads_that_start_together_score_every_row_once(counting, table, tmp_path):
    results, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        try:
            results.append(Batch(counting, rows=10).run(table, tmp_path / "scores.csv").finished)
        except StorageError:
            results.append(False)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert True in results
    assert Counting.calls == 10
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 100


def test_of_two_runs_at_once_into_one_table_every_row_is_written_once(guarded, table, tmp_path):
    connect = partial(sqlite3.connect, tmp_path / "scores.db")

    def progress(done):
        if done.chunks == 2:  # the other one goes on from here, to the end
            assert Batch(guarded, rows=30).run(table, SqlTable(connect, "scores", run="a")).resumed == 2

    with pytest.raises(StorageError, match="Does another run write under this name"):
        Batch(guarded, rows=30).run(table, SqlTable(connect, "scores", run="a"), progress=progress)
    connection = connect()
    assert [row for (row,) in connection.execute('select "row" from scores')] == list(range(100))
    connection.close()
