"""What the registry costs, as multiples of what joblib alone costs in the same run: ``python benchmarks/registry.py``.

Writing is compared with `joblib.dump` and two flushes (the file, its folder), since that is the least that survives a
crash; reading with `joblib.load`, which verifies nothing and runs whatever the file says.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maturekit.registry import Registry

TURNS = 15
MEGABYTE = 10**6


def models() -> dict[str, object]:
    """Return fitted models by description."""
    inputs, labels = make_classification(20_000, 20, random_state=0)
    return {
        "forest": RandomForestClassifier(28, max_leaf_nodes=600, random_state=0).fit(inputs, labels),
        "boosting in a pipeline": make_pipeline(
            StandardScaler(), HistGradientBoostingClassifier(max_iter=300, early_stopping=False, random_state=0)
        ).fit(inputs, labels),
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


def medians(turns: int, **works: Callable[[int], object]) -> dict[str, float]:
    """Return the median seconds of each piece of work, done in turn, so that noise falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns):
        for name, work in works.items():
            start = time.perf_counter()
            work(turn)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def measure(folder: Path) -> None:
    """Print one row a model."""
    print("| model | MB | dump + 2 flushes, ms | register, ms | ratio | joblib.load, ms | load, ms | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    registry = Registry(folder / "registry", actor="benchmark")
    registry.register("warm-up", {"nothing": None}).load()
    for number, (what, model) in enumerate(models().items()):
        name, plain = f"model-{number}", folder / f"model-{number}.joblib"
        joblib.dump(model, plain)
        size = plain.stat().st_size / MEGABYTE
        turns = TURNS if size < 50 else 5

        def dump(turn: int, model: object = model, plain: Path = plain) -> None:
            dump_durably([model, turn], plain.with_suffix(f".{turn}"))  # new bytes: what is stored is not written again

        def register(turn: int, model: object = model, name: str = name) -> None:
            registry.register(name, [model, turn])

        written = medians(turns, dump=dump, register=register)
        version = registry.register(name, model)
        read = medians(
            turns,
            joblib=lambda _, plain=plain: joblib.load(plain),
            load=lambda _, version=version: version.load(),
        )
        cells = [
            what,
            f"{size:.1f}",
            *(f"{written[key] * 1000:.1f}" for key in ("dump", "register")),
            f"{written['register'] / written['dump']:.2f}",
            *(f"{read[key] * 1000:.1f}" for key in ("joblib", "load")),
            f"{read['load'] / read['joblib']:.2f}",
        ]
        print(f"| {' | '.join(cells)} |")
        sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        measure(Path(temporary))
