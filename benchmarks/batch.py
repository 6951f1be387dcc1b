"""What a batch costs beside bare predict, and what it holds in memory: ``python benchmarks/batch.py``.

A table of 1,000,000 rows, 15 numbers and 5 texts of 20 levels, behind the usual pipeline (scaling, one-hot) and logistic
regression; ``--trees`` adds HistGradientBoosting with 100 trees. Four sources: the table in memory, a parquet file, a CSV
file, a query of SQLite. Bare is ``predict`` of each chunk as the same reader gives it, with nothing kept; so the difference is all that
a batch does: marks, rows, keys, status, a parquet file, records. ``csv-pandas`` and ``sqlite-pandas`` set it beside chunks
from ``read_csv(chunksize=)`` and ``read_sql(chunksize=)``. All turns run in one process, one after the other, in changing order;
figures are medians of CPU seconds (``time.process_time``) of ``--turns`` turns. Then, in processes of their own, peak
memory above the imports and the model, beside the size of a chunk.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from maturekit import Column, Schema, scan
from maturekit.deployment import Guarded
from maturekit.deployment.batch import Batch, SqlQuery
from maturekit.deployment.batch.csv_file import CsvReader
from maturekit.deployment.batch.pieces import pieces

NUMBERS = [f"x{place}" for place in range(15)]
TEXTS = [f"c{place}" for place in range(5)]
LEVELS = np.array([f"level {number:02d}" for number in range(20)])
SCHEMA = Schema(
    {"id": Column("int", role="key")}
    | {name: Column("float") for name in NUMBERS}
    | {name: Column("category", categories=LEVELS.tolist()) for name in TEXTS}
)

Read = Callable[[bool], Iterator[pd.DataFrame]]


def table(rows: int, seed: int) -> pd.DataFrame:
    """Return some rows."""
    draw = np.random.default_rng(seed)
    columns: dict[str, Any] = {"id": np.arange(rows)}
    columns |= {name: draw.normal(size=rows) for name in NUMBERS}
    columns |= {name: LEVELS[draw.integers(0, len(LEVELS), rows)] for name in TEXTS}
    return pd.DataFrame(columns)


def models(*, trees: bool) -> Iterator[tuple[str, Any]]:
    """Yield fitted pipelines."""
    frame = table(20_000, 1)
    wanted = (frame["x0"] + (frame["c0"] < "level 10") > 0.5).astype(int)
    linear = make_column_transformer((StandardScaler(), NUMBERS), (OneHotEncoder(handle_unknown="ignore"), TEXTS))
    yield "logistic", make_pipeline(linear, LogisticRegression(max_iter=500)).fit(frame[NUMBERS + TEXTS], wanted)
    if trees:
        coded = make_column_transformer((OrdinalEncoder(), TEXTS), remainder="passthrough")
        yield "trees", make_pipeline(coded, HistGradientBoostingClassifier()).fit(frame[NUMBERS + TEXTS], wanted)


def sources(folder: Path, frame: pd.DataFrame, rows: int) -> dict[str, tuple[Any, Read]]:
    """Return each source, and how its chunks are read without a batch, for a model with a contract or without."""
    connect = partial(sqlite3.connect, folder / "table.db")
    query = "SELECT * FROM rows ORDER BY id"

    def asked(_: bool) -> Iterator[pd.DataFrame]:
        connection = connect()
        yield from pd.read_sql(query, connection, chunksize=rows)
        connection.close()

    def own(source: Any, contract: bool) -> Iterator[pd.DataFrame]:
        reader = CsvReader(SCHEMA.columns) if contract else CsvReader(features=NUMBERS + TEXTS)
        for piece in pieces(source, reader, rows=rows):
            yield piece.read()

    parquet, csv, sql = folder / "table.parquet", folder / "table.csv", SqlQuery(connect, query)
    return {
        "frame": (frame, lambda _: scan.frames(frame, rows=rows)),
        "parquet": (parquet, lambda _: scan.frames(parquet)),
        "csv": (csv, partial(own, csv)),
        "csv-pandas": (csv, lambda _: pd.read_csv(csv, chunksize=rows)),
        "sqlite": (sql, partial(own, sql)),
        "sqlite-pandas": (sql, asked),
    }


def prepare(folder: Path, frame: pd.DataFrame, rows: int) -> None:
    """Write the table to all places."""
    frame.to_parquet(folder / "table.parquet", row_group_size=rows)
    frame.to_csv(folder / "table.csv", index=False)
    connection = sqlite3.connect(folder / "table.db")
    frame.to_sql("rows", connection, index=False, chunksize=10_000)
    connection.execute("CREATE UNIQUE INDEX by_id ON rows (id)")
    connection.close()


def bare(model: Any, read: Read) -> None:
    """Predict each chunk, as anyone would."""
    for chunk in read(isinstance(model, Guarded)):
        model.predict(chunk[NUMBERS + TEXTS])


def batch(model: Any, source: Any, output: Path, rows: int) -> None:
    """Score all of it, and take it away."""
    Batch(model, keep=["id"], rows=rows).run(source, output, rejected=output.with_suffix(".rejected.csv"))
    for path in output.parent.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def timed(function: Callable[[], None]) -> float:
    """Return CPU seconds."""
    gc.collect()
    start = time.process_time()
    function()
    return time.process_time() - start


def measure(folder: Path, name: str, model: Any, given: dict[str, Any], *, turns: int, rows: int) -> None:
    """Print CPU seconds and ratios."""
    (folder / "out").mkdir(exist_ok=True)
    guarded = Guarded(model, schema=SCHEMA)
    output = folder / "out" / "scores.parquet"
    for kind, (source, read) in given.items():
        spent: dict[str, list[float]] = {"bare": [], "batch": [], "guarded bare": [], "guarded batch": []}
        for turn in range(turns):
            for key in sorted(spent, reverse=bool(turn % 2)):
                chosen = guarded if "guarded" in key else model
                work = partial(bare, chosen, read) if "bare" in key else partial(batch, chosen, source, output, rows)
                spent[key].append(timed(work))
        said = {key: statistics.median(values) for key, values in spent.items()}
        print(
            f"{name:9s} {kind:13s} bare {said['bare']:6.2f} s, batch {said['batch']:6.2f} s, ratio {said['batch'] / said['bare']:.2f}; "
            f"guarded: {said['guarded bare']:6.2f} s, {said['guarded batch']:6.2f} s, "
            f"ratio {said['guarded batch'] / said['guarded bare']:.2f}",
            flush=True,
        )


def memory(folder: Path, what: str, kind: str, rows: int) -> None:
    """Print the peak memory of one piece of work above what was there before."""
    model = joblib.load(folder / "model.joblib")
    model.predict(table(100, 3)[NUMBERS + TEXTS])
    source, read = sources(folder, pd.DataFrame(), rows)[kind]
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = peak()
    if what == "bare":
        bare(model, read)
    else:
        batch(model, source, folder / "out" / "scores.parquet", rows)
    print((peak() - before) / 1024)


def peak() -> int:
    """Return the largest resident memory so far, in KiB."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=262_144)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--trees", action="store_true")
    parser.add_argument("--kinds", nargs="*", default=[*sources(Path(), pd.DataFrame(), 1)])
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        memory(Path(given.memory[0]), given.memory[1], given.memory[2], given.chunk)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = table(given.rows, 2)
        prepare(folder, frame, given.chunk)
        chunk = frame.iloc[: given.chunk].memory_usage(deep=True).sum() / 2**20
        print(f"{given.rows:,} rows, chunks of {given.chunk:,} rows or {chunk:.0f} MiB")
        known = sources(folder, frame, given.chunk)
        for model_name, model in models(trees=given.trees):
            chosen = {kind: known[kind] for kind in given.kinds}
            measure(folder, model_name, model, chosen, turns=given.turns, rows=given.chunk)
            joblib.dump(model, folder / "model.joblib")
            for kind in sorted(set(given.kinds) - {"frame"}):
                for what in ("bare", "batch"):
                    command = [sys.executable, __file__, "--chunk", str(given.chunk), "--memory", name, what, kind]
                    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    print(f"{model_name:9s} {kind:13s} {what:5s} peak {float(said):5.0f} MiB above imports", flush=True)


if __name__ == "__main__":
    main()
