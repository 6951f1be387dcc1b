"""What the registry costs, as multiples of what joblib alone costs in the same run: ``python benchmarks/registry.py``.

Writing is compared with `joblib.dump` and two flushes (the file, its folder), since that is the least that survives a
crash; reading with `joblib.load`, which verifies nothing and runs whatever the file says. The digest alone is shown
beside it: no reader that verifies can be faster. ``--memory`` prints the memory that one model takes instead: the most
that was in use while it was written or read, above what was in use before, as multiples of its file. ``--idle``
counts only turns in which both cores of a machine that others use too were free.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import multiprocessing
import os
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maturekit.registry import Registry

TURNS = 15
TURNS_OF_LARGE = 7
MEGABYTE = 10**6
PROBE = os.urandom(40 * MEGABYTE)


def models() -> dict[str, object]:
    """Return fitted models by description."""
    inputs, labels = make_classification(20_000, 20, random_state=0)
    return {
        "forest": RandomForestClassifier(28, max_leaf_nodes=600, random_state=0).fit(inputs, labels),
        "boosting in a pipeline": make_pipeline(
            StandardScaler(), HistGradientBoostingClassifier(max_iter=300, early_stopping=False, random_state=0)
        ).fit(inputs, labels),
        "large forest": ExtraTreesClassifier(280, random_state=0).fit(inputs, labels),
        "one large array": {"weights": np.random.default_rng(0).normal(size=200 * MEGABYTE // 8)},
    }


def dump_durably(model: object, path: Path) -> None:
    """Write a file that survives a crash, and nothing more."""
    with path.open("xb") as file:
        joblib.dump(model, file)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes; freeing its result does not count."""
    start = time.perf_counter()
    result = work()
    taken = time.perf_counter() - start
    del result
    return taken


def probed() -> float:
    """Return how long two threads take to hash the same bytes, each on its own core if both are free."""
    threads = [threading.Thread(target=lambda: hashlib.sha256(PROBE).digest()) for _ in range(2)]

    def both() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return seconds(both)


def medians(turns: int, limit: float, **works: Callable[[], object]) -> dict[str, float]:
    """Return the median seconds of each piece of work, done in turn, so that noise falls on all alike.

    Turns in which a probe takes longer than `limit` seconds do not count.
    """
    found: list[dict[str, float]] = []
    while len(found) < turns:
        if probed() > limit:
            time.sleep(0.2)
            continue
        turn = {name: seconds(work) for name, work in works.items()}
        if probed() <= limit:
            found.append(turn)
    return {name: statistics.median(turn[name] for turn in found) for name in works}


def measure(folder: Path, *, idle: bool) -> None:
    """Print one row a model."""
    alone = min(seconds(lambda: hashlib.sha256(PROBE).digest()) for _ in range(20))
    limit = 1.3 * alone if idle else float("inf")
    print(
        "| model | MB | dump + 2 flushes, ms | register, ms | ratio | joblib.load, ms | SHA-256, ms | load, ms | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    registry = Registry(folder / "registry", actor="benchmark")
    registry.register("warm-up", {"nothing": None}).load()
    for number, (what, model) in enumerate(models().items()):
        name, plain = f"model-{number}", folder / f"model-{number}.joblib"
        joblib.dump(model, plain)
        data = plain.read_bytes()
        turns = TURNS if len(data) < 50 * MEGABYTE else TURNS_OF_LARGE
        version = registry.register(name, model)
        read = medians(
            turns,
            limit,
            joblib=lambda plain=plain: joblib.load(plain),
            sha=lambda data=data: hashlib.sha256(data).digest(),
            load=lambda version=version: version.load(),
        )
        place = folder / f"turns-{number}"
        other = Registry(place / "registry", actor="benchmark")
        other.register(name, {"nothing": None})
        turn = itertools.count()  # in the model, too: new bytes each time, since what is stored is not written again

        def dump(model: object = model, place: Path = place, turn: Iterator[int] = turn) -> None:
            number = next(turn)
            dump_durably([model, number], place / f"{number}.joblib")

        def register(
            model: object = model, name: str = name, other: Registry = other, turn: Iterator[int] = turn
        ) -> None:
            other.register(name, [model, next(turn)])

        written = medians(turns, limit, dump=dump, register=register)
        cells = [
            what,
            f"{len(data) / MEGABYTE:.1f}",
            *(f"{written[key] * 1000:.1f}" for key in ("dump", "register")),
            f"{written['register'] / written['dump']:.2f}",
            *(f"{read[key] * 1000:.1f}" for key in ("joblib", "sha", "load")),
            f"{read['load'] / read['joblib']:.2f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
        shutil.rmtree(place)


def peak(work: Callable[[], object]) -> float:
    """Return the megabytes that a piece of work adds at its peak, measured in a process of its own."""

    def child(sender: multiprocessing.connection.Connection) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work()
        sender.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / MEGABYTE)

    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=child, args=(sender,))
    process.start()
    process.join()
    return float(receiver.recv())


def weigh(folder: Path) -> None:
    """Print one row a model."""
    print("| model | MB | joblib.dump | register | joblib.load | load |")
    print("|---|---|---|---|---|---|")
    registry = Registry(folder / "registry", actor="benchmark")
    registry.register("warm-up", {"nothing": None}).load()
    for number, (what, model) in enumerate(models().items()):
        plain = folder / f"model-{number}.joblib"
        joblib.dump(model, plain)
        size = plain.stat().st_size / MEGABYTE
        if size < 50:  # less than what the interpreter gives and takes anyway
            continue
        version = registry.register(f"model-{number}", model)
        peaks = (
            peak(lambda model=model, plain=plain: joblib.dump(model, plain)),
            peak(lambda model=model: registry.register("other", [model, 1])),
            peak(lambda plain=plain: joblib.load(plain)),
            peak(lambda version=version: version.load()),
        )
        print(f"| {what} | {size:.1f} | {' | '.join(f'{found / size:.2f}' for found in peaks)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the registry costs.")
    parser.add_argument("--memory", action="store_true", help="memory instead of time")
    parser.add_argument("--idle", action="store_true", help="count only turns in which the machine was free")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if options.memory:
            weigh(Path(temporary))
        else:
            measure(Path(temporary), idle=options.idle)
    sys.exit(0)
