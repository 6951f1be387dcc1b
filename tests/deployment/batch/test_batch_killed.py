"""A batch that is killed anywhere is the same in the end as one that was not."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial

import joblib
import pytest

from maturekit.deployment.batch import Batch, SqlTable
from maturekit.errors import StorageError

TOUCHES_FILES = ("open", "os.", "shutil.", "fcntl.")


def doomed(step, work):
    """Return work whose process is killed before its n-th step that touches files."""

    def work_and_die():
        left = step

        def count(event, _):
            nonlocal left
            if event.startswith(TOUCHES_FILES):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        work()

    return work_and_die


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_in(folder, guarded, broken, suffix=".csv"):
    Batch(guarded, keep=["id"], rows=51).run(broken, folder / f"scores{suffix}", rejected=folder / f"bad{suffix}")


def survives(forked, folder, guarded, broken, suffix, steps):
    run_in(folder / "whole", guarded, broken, suffix)
    whole = contents(folder / "whole")
    for step in steps:
        work = partial(run_in, folder / str(step), guarded, broken, suffix)
        ended = forked(doomed(step, work)).ended()
        assert ended in {0, -signal.SIGKILL}
        work()
        assert contents(folder / str(step)) == whole, step
        if not ended:
            return step
    raise AssertionError("there are more steps than that")


def test_killed_before_some_of_the_steps_that_touch_files(forked, guarded, broken, tmp_path):
    assert survives(forked, tmp_path, guarded, broken, ".csv", range(1, 1000, 7)) > 50


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
def test_killed_before_any_step_that_touches_files(forked, guarded, broken, tmp_path, suffix):
    if suffix != ".csv":
        pytest.importorskip("pyarrow")
    assert survives(forked, tmp_path, guarded, broken, suffix, range(1, 1000)) > 50


class Doomed:
    """A connection that is killed before the n-th statement or commit."""

    def __init__(self, path, left):
        self.connection = sqlite3.connect(path)
        self.left = left

    def count(self):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def cursor(self):
        return DoomedCursor(self, self.connection.cursor())

    def commit(self):
        self.count()
        self.connection.commit()
        self.count()

    def rollback(self):
        self.connection.rollback()

    def close(self):
        self.connection.close()


class DoomedCursor:
    def __init__(self, owner, cursor):
        self.owner = owner
        self.cursor = cursor

    def __getattr__(self, name):
        self.owner.count()
        return getattr(self.cursor, name)


def test_killed_before_any_statement_a_database_has_every_row_once(forked, guarded, broken, tmp_path):
    def work(folder, connect):
        target = SqlTable(connect, "scores", run="a")
        Batch(guarded, rows=51).run(broken, target, rejected=folder / "bad.csv")

    step, ended = 1, -signal.SIGKILL
    while ended:
        step += 3
        folder = tmp_path / str(step)
        folder.mkdir()
        ended = forked(partial(work, folder, partial(Doomed, folder / "scores.db", step))).ended()
        assert ended in {0, -signal.SIGKILL}
        work(folder, partial(sqlite3.connect, folder / "scores.db"))
        connection = sqlite3.connect(folder / "scores.db")
        rows = [row for (row,) in connection.execute('select "row" from scores order by "row"')]
        connection.close()
        assert rows == [row for row in range(100) if row not in {5, 50, 51}]
        assert (folder / "bad.csv").read_text().count("\n") == 4
    assert step > 20


def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_space(forked, guarded, broken, tmp_path):
    run_in(tmp_path / "whole", guarded, broken)
    output = tmp_path / "full" / "scores.csv"

    def on_a_full_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))  # enough for the parts, not for the whole
        with pytest.raises(StorageError, match="File too large"):
            run_in(tmp_path / "full", guarded, broken)

    assert forked(on_a_full_disk).ended() == 0
    assert not output.exists()
    assert len(list(output.with_name("scores.csv.unfinished").glob("done-*"))) == 2
    run_in(tmp_path / "full", guarded, broken)
    assert contents(tmp_path / "full") == contents(tmp_path / "whole")


def test_a_second_process_is_kept_out_until_the_first_is_killed(forked, guarded, broken, tmp_path):
    ready, told = os.pipe()

    def forever(_):
        os.write(told, b"!")
        time.sleep(60)

    def run(progress=None):
        return Batch(guarded, rows=30).run(
            broken, tmp_path / "scores.csv", rejected=tmp_path / "bad.csv", progress=progress
        )

    child = forked(partial(run, forever))
    try:
        assert os.read(ready, 1) == b"!"
        with pytest.raises(StorageError, match="another run works in"):
            run()
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.ended()
        os.close(ready)
        os.close(told)
    done = run()
    assert (done.resumed, done.rows) == (1, 100)


JOB = """
import sys
from pathlib import Path
import joblib
from maturekit.deployment.batch import Batch
folder, name, jobs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
model = joblib.load(folder / "model.joblib")
print("ready", flush=True)
Batch(model, keep=["id"], rows=5, n_jobs=jobs).run(
    folder / "rows.csv", folder / name / "scores.csv", rejected=folder / name / "bad.csv"
)
"""


@pytest.mark.long
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_random_moments_until_it_is_done(guarded, broken, tmp_path, jobs):
    joblib.dump(guarded, tmp_path / "model.joblib")
    broken.to_csv(tmp_path / "rows.csv", index=False)

    def started(name):
        command = [sys.executable, "-c", JOB, str(tmp_path), name, str(jobs)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with started("whole") as undisturbed:
        undisturbed.communicate(timeout=120)
    assert undisturbed.returncode == 0
    draw, kills, ended, longest = random.Random(0), 0, None, 0.2 if jobs == 1 else 1.0
    while ended != 0:
        with started("parts") as job:
            assert job.stdout.readline() == "ready\n"
            time.sleep(draw.random() * longest)
            job.kill()
        ended = job.returncode
        kills += bool(ended)
        longest *= 1.2  # a slow machine must come to the end too
    assert kills > 1
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
