"""The figures of a service in one run: ``python benchmarks/serving.py``.

One valid record of 20 mixed columns (14 numbers, one of them with gaps, 6 categories), as scikit-learn answers it (a
pipeline and a frame of one row) and as wrappers do; what each wrapper adds, for a record (CPU time of the
caller's thread) and for 1,000 rows (time on the clock, since some work in threads); what recording costs the caller; and
the resident memory of a process that serves. CPU time, medians of turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from maturekit import Column, Registry, Schema, deployment, predictions

NUMBERS = [f"n{i}" for i in range(14)]
CATEGORIES = {f"c{i}": list("abcdefg"[: 2 + i]) for i in range(6)}
SCHEMA = Schema(
    {
        **{name: Column("float", ge=-10, le=10, nullable=name == "n3") for name in NUMBERS},
        **{name: Column("category", categories=levels) for name, levels in CATEGORIES.items()},
    }
)


def table(rows: int, *, seed: int = 0) -> tuple[pd.DataFrame, Any]:
    """Return features and labels."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: rng.normal(size=rows) for name in NUMBERS}
        | {name: rng.choice(levels, rows) for name, levels in CATEGORIES.items()}
    )
    frame.loc[rng.random(rows) < 0.05, "n3"] = np.nan
    return frame, np.where(frame["n0"] + (frame["c1"] == "b") + rng.normal(size=rows) > 0, "late", "on time")


def pipelines() -> dict[str, Any]:
    """Return the models, fitted; of boosting and the forest 100 trees."""
    features, labels = table(4000)
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    hot = OneHotEncoder(handle_unknown="ignore")
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)

    def pipeline(encoder: Any, model: Any) -> Any:
        return make_pipeline(ColumnTransformer([("n", scaled, NUMBERS), ("c", encoder, list(CATEGORIES))]), model)

    models = {
        "logistic regression": pipeline(hot, LogisticRegression(max_iter=500)),
        "HistGradientBoosting": pipeline(coded, HistGradientBoostingClassifier(max_iter=100)),
        "random forest": pipeline(coded, RandomForestClassifier(100, max_depth=10, random_state=0)),
    }
    return {name: model.fit(features, labels) for name, model in models.items()}


def records(rows: int = 200) -> list[dict[str, Any]]:
    """Return valid records."""
    found = table(rows, seed=1)[0].to_dict("records")
    return [{str(name): None if value != value else value for name, value in record.items()} for record in found]  # noqa: PLR0124  # NaN


class Bare(deployment.Wrapper):
    """A wrapper that does nothing, as what others are measured against."""

    def _handle(self, call: deployment.Call, inward: Any) -> deployment.Answer:
        return inward(call)


def spent(
    works: dict[str, Callable[[], object]], *, count: int, inner: int, clock: Callable[[], float] = time.thread_time
) -> dict[str, list[float]]:
    """Return the seconds of each work, turn by turn, done one after the other so that noise falls on all alike."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            started = clock()
            for _ in range(inner):
                work()
            found[name].append((clock() - started) / inner)
    return found


def turns(works: dict[str, Callable[[], object]], *, count: int, inner: int) -> dict[str, float]:
    """Return the median CPU seconds of each work, of the calling thread."""
    return {name: statistics.median(each) for name, each in spent(works, count=count, inner=inner).items()}


def over(function: Callable[[Any], object], items: list[Any]) -> Callable[[], None]:
    """Return a work that calls a function once for each item."""

    def work() -> None:
        for item in items:
            function(item)

    return work


def one_record(count: int) -> None:
    """Print the table of models."""
    print("| model | pipeline, one row, us | guarded record, us | pipeline / guarded | path |\n|---|---|---|---|---|")
    asked = records()
    rows = [pd.DataFrame([record]).astype({"n3": float}) for record in asked[:10]]
    for name, model in pipelines().items():
        service = deployment.Guarded(model, schema=SCHEMA).warm()
        path = service.explain_path().set_index("method")["path"]["predict"]
        if [service.predict_one(record) for record in asked] != model.predict(table(200, seed=1)[0]).tolist():
            raise AssertionError(f"{name}: the answers differ")
        found = turns(
            {"row": over(model.predict, rows), "record": over(service.predict_one, asked)}, count=count, inner=1
        )
        row, record = found["row"] / len(rows), found["record"] / len(asked)
        print(f"| {name} | {row * 1e6:,.0f} | {record * 1e6:.1f} | {row / record:,.0f} | {path} |", flush=True)


def wrapped(model: Any, folder: str) -> Iterator[tuple[str, deployment.Wrapper]]:
    """Yield each wrapper around the same guarded model."""
    inside = deployment.Guarded(model, schema=SCHEMA)
    yield "nothing", inside
    yield "a wrapper of one's own that does nothing", Bare(inside)
    yield "Breaker", deployment.Breaker(inside)
    yield (
        "Canary, 50 %",
        deployment.Canary(inside, deployment.Guarded(model, schema=SCHEMA), share=0.5, key="c0", salt="bench"),
    )
    yield "Fallback", deployment.Fallback(inside, "late")
    yield "Limited, deadline", deployment.Limited(inside, seconds=1.0)
    yield "Limited, concurrency", deployment.Limited(inside, concurrency=8)
    registry = Registry(Path(folder) / "models", actor="ada")
    version = registry.register("m", model, schema=SCHEMA, examples=table(20)[0])
    registry.promote(version, to="production", actor="ada", reason="first")
    yield "Live (in place of the model)", deployment.Guarded(deployment.Live(registry, "m@production"))
    yield "Shadowed, 1 %", deployment.Shadowed(inside, deployment.Guarded(model, schema=SCHEMA), share=0.01)
    yield "Recorded", deployment.Recorded(inside, log=predictions.Log(Path(folder) / "log"), key="n0")


def each_wrapper(count: int) -> None:
    """Print what each wrapper adds, each in a process of its own: code that several share runs slower."""
    print("\n| wrapper | its own code, us | / record check | adds to a guarded record, us: least, median | / record check |"
          " / json.dumps | 1,000 rows / guarded |\n|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name, _ in wrapped(pipelines()["logistic regression"], folder)][1:]
    for name in names:
        subprocess.run([sys.executable, __file__, "--turns", str(count), "--wrapper", name], check=True)
    model, asked, frame = pipelines()["logistic regression"], records(), table(1000, seed=1)[0]
    inside = deployment.Guarded(model, schema=SCHEMA).warm()
    check, dumps = over(SCHEMA.check_record, asked), over(json.dumps, asked)
    found = turns({"guarded": over(inside.predict_one, asked), "check": check, "dumps": dumps}, count=count, inner=3)
    bare = turns({"bare": over(model.predict, [frame]), "guarded": over(inside.predict, [frame])}, count=count, inner=2)
    print(f"\nA guarded record {found['guarded'] / len(asked) * 1e6:.2f} us, its check {found['check'] / len(asked) * 1e6:.2f}, "
          f"json.dumps {found['dumps'] / len(asked) * 1e6:.2f}, in an event loop {in_a_loop(inside, asked) * 1e6:.1f}; "
          f"1,000 guarded rows / predict {bare['guarded'] / bare['bare']:.2f}.")  # fmt: skip


def own_code(service: deployment.Wrapper, asked: list[dict[str, Any]], count: int) -> float:
    """Return the least microseconds that a wrapper itself takes for a record, around what answers at once."""
    target = service._step if isinstance(service._step, deployment.Live) else service  # noqa: SLF001  # the price of one step alone
    ready = deployment.Answer.of_one("late", np.dtype(object), deployment.Call(record=asked[0]))

    def at_once(call: deployment.Call) -> deployment.Answer:  # noqa: ARG001  # as a step does
        return ready

    if isinstance(target, deployment.Live):
        target._source(deployment.Call(record=asked[0]))._answer = at_once  # noqa: SLF001  # the price of one step alone
    for name in ("_inward", "_challenger"):
        if hasattr(target, name):
            setattr(target, name, at_once)
    entry = target._answer  # noqa: SLF001  # bound once, as in the wrapper around it
    works = {
        "with": over(lambda record: entry(deployment.Call("predict", record=record)), asked),
        "without": over(lambda record: at_once(deployment.Call("predict", record=record)), asked),
    }
    found = spent(works, count=16 * count, inner=2)
    return (min(found["with"]) - min(found["without"])) / len(asked) * 1e6


def one_wrapper(name: str, count: int) -> None:
    """Print what one wrapper adds: to a record in the least and the middle of turns with and without it, by turns."""
    asked, frame = records(), table(1000, seed=1)[0]
    with tempfile.TemporaryDirectory() as folder:
        services = dict(wrapped(pipelines()["logistic regression"], folder))
        service, inside = services[name].warm(), services["nothing"].warm()
        works = {"with": over(service.predict_one, asked), "without": over(inside.predict_one, asked)}
        works |= {"check": over(SCHEMA.check_record, asked), "dumps": over(json.dumps, asked)}
        found = spent(works, count=16 * count, inner=2)
        large = {"with": over(service.predict, [frame]), "without": over(inside.predict, [frame])}
        rows = spent(large, count=6 * count, inner=1, clock=time.perf_counter)
        least = (min(found["with"]) - min(found["without"])) / len(asked) * 1e6
        median = statistics.median(map(float.__sub__, found["with"], found["without"])) / len(asked) * 1e6
        check = [pick(found["check"]) / len(asked) * 1e6 for pick in (min, statistics.median)]
        dumps = statistics.median(found["dumps"]) / len(asked) * 1e6
        own = own_code(service, asked, count)
        print(
            f"| {name} | {own:.2f} | {own / check[0]:.2f} | {least:.2f}, {median:.2f} | {least / check[0]:.2f},"
            f" {median / check[1]:.2f} | {median / dumps:.2f} |"
            f" {statistics.median(rows['with']) / statistics.median(rows['without']):.3f} |",
            flush=True,
        )
        service.close()


def in_a_loop(service: deployment.Wrapper, asked: list[dict[str, Any]]) -> float:
    """Return the CPU seconds of one record awaited in an event loop."""

    async def ask() -> float:
        started = time.thread_time()
        for record in asked:
            await service.apredict_one(record)
        return (time.thread_time() - started) / len(asked)

    return asyncio.run(ask())


PLAIN = """
import joblib, sys, pandas as pd
model = joblib.load(sys.argv[1] + "/model.joblib")
model.predict(pd.read_json(sys.argv[1] + "/rows.json"))
"""
SERVING = """
import json, sys
from maturekit import Registry, deployment
service = deployment.Guarded(deployment.Live(Registry(sys.argv[1] + "/models", actor="ada"), "m@production")).warm()
service.predict_one(json.load(open(sys.argv[1] + "/rows.json"))[0])
"""
RESIDENT = "print(int(open('/proc/self/statm').read().split()[1]) * __import__('resource').getpagesize())"


def memory() -> None:
    """Print the resident memory of a process that serves beside one that only loads the model and predicts."""
    import joblib

    print("\n| model | scikit-learn and the model, MiB | serving, MiB | ratio |\n|---|---|---|---|")
    for name, model in pipelines().items():
        with tempfile.TemporaryDirectory() as folder:
            joblib.dump(model, f"{folder}/model.joblib")
            rows = table(20, seed=1)[0]
            Path(folder, "rows.json").write_text(rows.to_json(orient="records"))
            registry = Registry(f"{folder}/models", actor="ada")
            version = registry.register("m", model, schema=SCHEMA, examples=rows)
            registry.promote(version, to="production", actor="ada", reason="first")
            plain, serving = (
                int(subprocess.run([sys.executable, "-c", code + RESIDENT, folder], check=True, capture_output=True,
                                   text=True, env=os.environ).stdout.split()[-1]) / 2**20
                for code in (PLAIN, SERVING)
            )  # fmt: skip
        print(f"| {name} | {plain:.0f} | {serving:.0f} | {serving / plain:.2f} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="record,wrappers,memory", help="some of record,wrappers,memory")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--wrapper", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.wrapper:
        one_wrapper(asked.wrapper, asked.turns)
        return
    parts = {"record": lambda: one_record(asked.turns), "wrappers": lambda: each_wrapper(asked.turns), "memory": memory}
    for part in asked.only.split(","):
        parts[part]()


if __name__ == "__main__":
    main()
