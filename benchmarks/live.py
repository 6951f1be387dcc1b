"""What callers of `Live` and `Shadowed` notice: ``OMP_NUM_THREADS=1 python benchmarks/live.py``.

Latency of one record (gradient boosting of 100 trees behind a guard) while the alias moves again and again, beside the
same with an alias that stays; the memory after 100 moves beside that after 50; and the latency of a champion beside challengers of every
kind, by turns with no challenger, in one run. The caller pauses 1 ms between calls, as one that waits for the network
does: what happens aside is then felt in full. Wall time, since that is what a caller waits; ``--part`` runs one part.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from maturekit import Column, Registry, Schema
from maturekit.deployment import Guarded, Live, Wrapper
from maturekit.deployment.shadow.shadowed import Shadowed

CALLS = 400
TURNS = 3
MOVES = 50
FRAME = pd.DataFrame(np.random.default_rng(0).random((2000, 20)), columns=[f"c{place}" for place in range(20)])
LABELS = (FRAME["c0"] + FRAME["c1"] > 1).astype(int)
RECORD: dict[str, Any] = {name: float(value) for name, value in FRAME.iloc[0].items()}
SCHEMA = Schema({name: Column("float", ge=0, le=1) for name in FRAME})


def boosting(seed: int = 0) -> HistGradientBoostingClassifier:
    """Return 100 trees."""
    return HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=seed).fit(FRAME, LABELS)


@contextmanager
def followed(seconds: float) -> Iterator[tuple[Callable[[int], None], Live]]:
    """Yield what moves an alias to version 1 or 2, and its follower."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(folder, actor="bench")
        for seed in (0, 1):
            registry.register("model", boosting(seed), schema=SCHEMA, examples=FRAME.head(20))

        def move(number: int) -> None:
            registry.promote(registry[f"model:{number}"], to="production", actor="bench", reason="bench")

        move(1)
        with Live(registry, "model@production", refresh_seconds=seconds) as live:
            yield move, live


def latencies(service: Wrapper, calls: int = CALLS) -> list[float]:
    """Return the microseconds that each of some calls took."""
    taken = []
    for _ in range(calls):
        time.sleep(0.001)
        begun = time.perf_counter()
        service.predict_one(RECORD)
        taken.append((time.perf_counter() - begun) * 1e6)
    return taken


def told(name: str, taken: list[float], beside: list[float]) -> str:
    """Return median and 99th percentile, and both as multiples of those beside them."""
    (half, most), (half_of, most_of) = (
        (statistics.median(each), float(np.quantile(each, 0.99))) for each in (taken, beside)
    )
    return f"{name:34} {half:8.1f} {most:9.1f} {half / half_of:8.2f} {most / most_of:8.2f}"


def head(what: str) -> None:
    """Print a heading."""
    print(f"\n{what}\n{'':34} {'p50 us':>8} {'p99 us':>9} {'p50 x':>8} {'p99 x':>8}")


def swaps() -> None:
    """Latency while the alias moves five times a second, and memory after 100 moves."""
    head("while an alias moves 5 times a second")
    with followed(0.02) as (move, live):
        service = Guarded(live).warm()
        quiet, busy = [], []
        for _ in range(TURNS):
            quiet += latencies(service)
            stop = threading.Event()

            def moving(stop: threading.Event = stop) -> None:
                for number in itertools.cycle((2, 1)):
                    if stop.wait(0.2):
                        return
                    move(number)

            thread = threading.Thread(target=moving)
            thread.start()
            busy += latencies(service)
            stop.set()
            thread.join()
    print(told("alias stays", quiet, quiet))
    print(told("alias moves", busy, quiet))
    with followed(float("inf")) as (move, live):
        service = Guarded(live)
        sizes = []
        for number in range(1, 2 * MOVES + 1):
            move(number % 2 + 1)
            live.refresh()
            service.predict_one(RECORD)
            if number % MOVES == 0:
                gc.collect()
                sizes.append(resident())
    print(f"resident memory after {2 * MOVES} moves / after {MOVES}: {sizes[1] / sizes[0]:.3f}")


def resident() -> int:
    """Return the pages that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1])


class Ordinary:
    """A model that nothing can compile."""

    def __init__(self, model: Any) -> None:
        self.predict = model.predict


class Loop:
    """A challenger that never returns, in Python."""

    def predict(self, X: Any) -> Any:  # noqa: ARG002, N803  # scikit-learn's name
        """Never return."""
        while True:
            pass


class Hang(Loop):
    """A challenger that waits for what never comes."""

    def predict(self, X: Any) -> Any:  # noqa: ARG002, N803  # scikit-learn's name
        """Wait for ever."""
        threading.Event().wait()


class Raise(Loop):
    """A challenger that fails."""

    def predict(self, X: Any) -> Any:  # noqa: ARG002, N803  # scikit-learn's name
        """Fail."""
        raise ValueError("challenger")


class Leak(Loop):
    """A challenger that keeps 1 MB of every call."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Keep more and more."""
        self.kept.append(np.ones(125_000))
        return np.zeros(len(X))


class Slow(Loop):
    """A challenger that computes for 20 ms, in Python."""

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Compute."""
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        return np.zeros(len(X))


def shadow() -> None:
    """Latency of a champion beside challengers."""
    head("champion beside a challenger")
    alone = Guarded(boosting(), schema=SCHEMA).warm()
    challenger, slower = Guarded(boosting(1), schema=SCHEMA).warm(), boosting(1)
    for name, make, more in (
        ("boosting, compiled", lambda: challenger, {}),
        ("boosting, as it is", lambda: Ordinary(slower), {}),
        ("boosting, as it is, duty=1", lambda: Ordinary(slower), {"duty": 1.0}),
        ("20 ms of Python a call", Slow, {}),
        ("20 ms of Python a call, duty=1", Slow, {"duty": 1.0}),
        ("raises", Raise, {}),
        ("hangs", Hang, {}),
        ("loops for ever", Loop, {"seconds": 0.1}),
        ("leaks 1 MB a call", Leak, {}),
    ):
        champion = Shadowed(alone, make(), waiting=100, **more)
        without: list[float] = []
        beside: list[float] = []
        champion.predict_one(RECORD)
        time.sleep(0.5)
        for _ in range(TURNS):
            without += latencies(alone, CALLS // 2)
            beside += latencies(champion, CALLS // 2)
        print(told(name, beside, without))
        champion.close()


def main() -> None:
    """Run what was asked for."""
    parts = {"swaps": swaps, "shadow": shadow}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=parts)
    part = parser.parse_args().part
    for name, run in parts.items():
        if part in {None, name}:
            run()


if __name__ == "__main__":
    main()
