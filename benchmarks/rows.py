"""What one record costs by compiled code beside one row of a frame: ``python benchmarks/rows.py [--only logistic,...]``.

Twenty columns: 13 floats (one with nulls), a whole number, 6 texts of 2 to 7 values. Each model stands in a pipeline that
imputes, scales and encodes. ``Pipeline.predict`` on a frame of one row, `RowPath.ask` and `Guarded.predict_one` answer the
same records in turn; figures are CPU time, medians of turns, after the first call. ``tuples`` is the memory that compiled
code holds beside the model, by tracemalloc, and ``first`` what compiling and proving cost once, in such predictions.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
import tracemalloc
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from maturekit.deployment import Call, Guarded
from maturekit.deployment.row_path import RowPath
from maturekit.deployment.source import Source
from maturekit.schema import Column, Schema

ROWS = 4_000
FLOATS = [f"float{i}" for i in range(13)]
TEXTS = [f"text{i}" for i in range(6)]
LEVELS = {name: list("abcdefg")[: 2 + place] for place, name in enumerate(TEXTS)}


def one_hot():
    """Return an encoder that knows what to do with values it has not seen."""
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


MODELS = {
    "logistic": lambda: (one_hot(), LogisticRegression(max_iter=500)),
    "logistic, target encoded": lambda: (TargetEncoder(random_state=0), LogisticRegression(max_iter=500)),
    "hist boosting, 100 trees": lambda: (OrdinalEncoder(), HistGradientBoostingClassifier(max_iter=100)),
    "hist boosting, categorical": lambda: (
        OrdinalEncoder(),
        HistGradientBoostingClassifier(max_iter=100, categorical_features=list(range(14, 20))),
    ),
    "boosting, 100 trees": lambda: (one_hot(), GradientBoostingClassifier(random_state=0)),
    "forest, 100 trees": lambda: (one_hot(), RandomForestClassifier(100, random_state=0)),
    "forest, 500 trees": lambda: (one_hot(), RandomForestClassifier(500, random_state=0)),
    "extra trees, 30": lambda: (one_hot(), ExtraTreesClassifier(30, random_state=0)),
    "one tree": lambda: (one_hot(), DecisionTreeClassifier(max_depth=8)),
    "naive Bayes": lambda: (one_hot(), GaussianNB()),
    "network of 50": lambda: (one_hot(), MLPClassifier((50,), max_iter=20, random_state=0)),
}


def workload():
    """Return rows, labels and the contract of the rows."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=ROWS) for name in FLOATS})
    frame["whole"] = rng.integers(0, 50, ROWS)
    for name, levels in LEVELS.items():
        frame[name] = rng.choice(levels, ROWS)
    frame.loc[rng.random(ROWS) < 0.05, "float3"] = np.nan
    score = frame["float0"] + (frame["text1"] == "b") + frame["whole"] / 50 + rng.normal(size=ROWS)
    columns = {name: Column("float", ge=-10, le=10, nullable=name == "float3") for name in FLOATS}
    columns["whole"] = Column("int", ge=0, le=50)
    columns |= {name: Column("category", categories=levels) for name, levels in LEVELS.items()}
    return frame, np.where(score > 1, "yes", "no"), Schema(columns)


def cpu(ask, questions):
    """Return CPU seconds a question."""
    started = time.process_time()
    for question in questions:
        ask(question)
    return (time.process_time() - started) / len(questions)


def measure(name, frame, labels, schema, turns):
    """Print one line for one model."""
    encoder, model = MODELS[name]()
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    chosen = ColumnTransformer([("n", numbers, [*FLOATS, "whole"]), ("t", encoder, TEXTS)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a network that is not trained to its end
        pipeline = make_pipeline(chosen, model).fit(frame, labels)
    source = Source(pipeline, schema, examples=frame.iloc[:100])
    path = RowPath(pipeline, "predict", source.contract, source.examples, list(frame.columns))
    pipeline.predict(frame.iloc[:1])
    gc.collect()
    tracemalloc.start()
    path.prove()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    again = RowPath(pipeline, "predict", source.contract, source.examples, list(frame.columns))
    first = cpu(lambda _: again.prove(), [None])
    guarded = Guarded(pipeline, schema=schema)
    records = frame.iloc[:200].to_dict("records")
    calls = [Call(record=record).narrowed(contract=source.contract) for record in records]
    rows = [frame.iloc[[number]] for number in range(6)]
    guarded.predict_one(records[0])
    repeats = 20 if cpu(path.ask, calls) < 2e-5 else 1
    for_frame, for_path, for_guard = [], [], []
    for _ in range(turns):
        for_frame.append(cpu(pipeline.predict, rows))
        for_path.append(cpu(path.ask, calls * repeats))
        for_guard.append(cpu(guarded.predict_one, records * repeats))
    frame_time, path_time, guard_time = map(statistics.median, (for_frame, for_path, for_guard))
    print(
        f"| {name} | {frame_time * 1e3:.1f} | {path_time * 1e6:.1f} | {frame_time / path_time:,.0f} | "
        f"{guard_time * 1e6:.1f} | {frame_time / guard_time:,.0f} | {held / 1e6:.1f} | {first / frame_time:.0f} | "
        f"{path.explained()[2]}, {path.explained()[4]} |"
    )


def main():
    """Measure each model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="names of models, or parts of them, separated by commas")
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args()
    parts = options.only.split(",")
    print("| model | predict, ms | compiled, us | ratio | guarded, us | ratio | tuples, MB | first | proven on |")
    print("|---|---|---|---|---|---|---|---|---|")
    with threadpool_limits(1):
        work = workload()
        for name in MODELS:
            if any(part in name for part in parts):
                measure(name, *work, options.turns)


if __name__ == "__main__":
    main()
