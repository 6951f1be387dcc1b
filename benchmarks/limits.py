"""What limits, breakers and fallbacks cost, and what callers gain who ask together: ``python benchmarks/limits.py``.

CPU time, medians of turns in which all candidates take part. ``--tables wrappers together`` chooses.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from maturekit.deployment import Answer, Call, Wrapper
from maturekit.deployment.breaker import Breaker
from maturekit.deployment.fallback import Fallback
from maturekit.deployment.limited import Limited
from maturekit.deployment.ordinary import OrdinaryPath

ROWS = 2_000
CALLS = 4_000


class AtOnce(Wrapper):
    """Stands for compiled code that answers in no time."""

    def _handle(self, call, inward):  # noqa: ARG002  # this and the next are hooks
        return Answer.of_one(1, np.dtype(np.int64), call)

    def _waits(self, call, contract):  # noqa: ARG002  # as above
        return False


class Through(Wrapper):
    """The least that a wrapper can do."""

    def _handle(self, call, inward):
        return inward(call)


def pipeline():
    """Return a fitted pipeline of 20 mixed columns, and records for it."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{place}": rng.random(ROWS) for place in range(14)})
    frame = frame.assign(**{f"c{place}": rng.choice(list("abcd"), ROWS) for place in range(6)})
    columns = make_column_transformer(
        (StandardScaler(), [name for name in frame if name[0] == "x"]),
        (OneHotEncoder(handle_unknown="ignore"), [name for name in frame if name[0] == "c"]),
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, rng.integers(0, 2, ROWS))
    return model, frame.to_dict("records")


def wrappers(turns):
    """Print what each wrapper adds to the answer about one record."""
    model, (record, *_) = pipeline()
    fast = AtOnce(model)
    candidates = {
        "nothing": fast,
        "a wrapper that passes on": Through(fast),
        "Limited": Limited(fast, seconds=1.0, concurrency=8),
        "Breaker": Breaker(fast),
        "Fallback": Fallback(fast, 0),
    }
    seconds = {name: [] for name in candidates}
    for _ in range(turns):
        for name, wrapper in candidates.items():
            started = time.process_time()
            for _ in range(CALLS):
                wrapper.predict_one(record)
            seconds[name].append((time.process_time() - started) / CALLS)
    base = statistics.median(seconds["nothing"])
    print("| Around compiled code | adds |\n|---|---|")
    for name in list(candidates)[1:]:
        print(f"| {name} | {1e6 * (statistics.median(seconds[name]) - base):.2f} us |")


def asked(ask, records, callers, each):
    """Return calls a second, CPU seconds a call and the wall seconds of each, for callers that ask at the same time."""
    waits = []

    def run(first):
        for record in records[first : first + each]:
            started = time.perf_counter()
            ask(Call(record=record))
            waits.append(time.perf_counter() - started)

    threads = [threading.Thread(target=run, args=(caller * each,)) for caller in range(callers)]
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return len(waits) / wall, cpu / len(waits), waits


def together(turns):
    """Print what callers get who share frames, beside callers who each make their own."""
    model, records = pipeline()
    names = list(records[0])
    shared = OrdinaryPath(model, "predict", None, names)
    candidates = {"own": lambda call: model.predict(call.table(names)), "shared": shared.ask}
    for record in records[:50]:
        assert candidates["own"](Call(record=record)) == shared.ask(Call(record=record))
    print("| Callers | frames | calls/s | CPU a call | median wait | 99 % wait |\n|---|---|---|---|---|---|")
    for callers, each in ((1, 50), (4, 20), (16, 20), (64, 20)):
        for name, ask in candidates.items():
            runs = [asked(ask, records, callers, each) for _ in range(turns)]
            rate, cpu = (statistics.median(run[place] for run in runs) for place in (0, 1))
            waits = np.concatenate([run[2] for run in runs])
            half, most = 1e3 * np.quantile(waits, [0.5, 0.99])
            print(f"| {callers} | {name} | {rate:.0f} | {1e3 * cpu:.2f} ms | {half:.1f} ms | {most:.1f} ms |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=["wrappers", "together"], choices=["wrappers", "together"])
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    for table in arguments.tables:
        {"wrappers": wrappers, "together": together}[table](arguments.turns)
