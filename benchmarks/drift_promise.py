"""False alarms a year, and days until a change is found, simulated on counts with the engine of `drift.Monitor`.

`python benchmarks/drift_promise.py --years 200` prints one table a question, with the Monte-Carlo standard error.
20 mixed columns (14 numeric in correlated pairs, 6 categorical with 2 to 50 values), promise: 1 and 0.1 a year.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from maturekit.drift.engine import judge
from maturekit.drift.layout import Layout
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.profile import CategoryColumn, NumericColumn, PairSums, Profile
from maturekit.statistics import change_evidence, shiryaev_roberts

DAYS = 365
UNSEEN = 0.002
Shift = Callable[[str, np.ndarray], np.ndarray]


class World:
    """Draws counts of many independent years at once; nothing in it changes unless `shift` says so."""

    def __init__(self, rng: np.random.Generator, *, pairs: int = 7) -> None:
        self.rng = rng
        frame = _rows(rng, 20_000, pairs)
        profile = Profile.of(frame)
        kept = [(f"x{2 * i}", f"x{2 * i + 1}") for i in range(pairs)]
        index = [profile.pairs.names.index(names) for names in kept]
        sums = PairSums(tuple(kept), profile.pairs.rows[index], profile.pairs.sums[index])
        self.profile = dataclasses.replace(profile, pairs=sums)
        self.layout = Layout.of(self.profile, {})
        self.numbers = [column for column in profile.columns.values() if isinstance(column, NumericColumn)]
        self.categories = [column for column in profile.columns.values() if not isinstance(column, NumericColumn)]
        many = _rows(rng, 400_000, pairs)
        self.joint = {}
        for first, second in kept:
            where = [profile.columns[name].bins.where(many[name].to_numpy()) for name in (first, second)]
            size = [len(profile.columns[name].counts) for name in (first, second)]
            cells = np.bincount(where[0] * size[1] + where[1], minlength=size[0] * size[1]) + 0.01
            self.joint[first, second] = (cells / cells.sum()).reshape(size)

    def draw(self, rows: int, worlds: int, *, shift: Shift | None = None, reference: bool = False) -> Tally:
        """Counts of a batch in each of so many worlds; a reference keeps a fifth of its rows for unseen values."""
        parts: dict[str, np.ndarray] = {}
        sums = np.zeros((worlds, len(self.joint), 3))
        for pair, ((first, second), joint) in enumerate(self.joint.items()):
            changed = joint if shift is None else shift(f"{first},{second}", joint)
            cells = self.rng.multinomial(rows, changed.ravel() / changed.sum(), size=worlds).reshape(
                worlds, *joint.shape
            )
            parts[first], parts[second] = cells.sum(axis=2), cells.sum(axis=1)
            ranks = [2 * self.profile.columns[name].ranks - 1 for name in (first, second)]
            product = np.outer(*ranks)
            sums[:, pair] = np.stack([(cells * product**power).sum(axis=(1, 2)) for power in (1, 2, 3)], axis=-1)
        columns = [self._numeric(parts[column.name], rows) for column in self.numbers]
        columns += [self._category(column, rows, worlds, shift, reference=reference) for column in self.categories]
        return Tally(np.concatenate(columns, axis=1), np.full(sums.shape[:2], rows), sums)

    def _numeric(self, cells: np.ndarray, rows: int) -> np.ndarray:
        head = np.tile([rows, rows, rows, 0, 0, 0, 0], (len(cells), 1))
        return np.concatenate([head, cells], axis=1)

    def _category(
        self, column: CategoryColumn, rows: int, worlds: int, shift: Shift | None, *, reference: bool
    ) -> np.ndarray:
        p = np.append(column.counts, [column.rest + 1, UNSEEN * column.rows]).astype(float)
        p = p if shift is None else shift(column.name, p / p.sum())
        checked = rows // 5 if reference else rows
        some = self.rng.multinomial(checked, p / p.sum(), size=worlds)
        all_ = some + self.rng.multinomial(rows - checked, p / p.sum(), size=worlds)
        checks = np.stack([np.full(worlds, checked), some[:, -2:].sum(axis=1), some[:, -1]], axis=1)
        head = np.tile([rows, rows, 0], (worlds, 1))
        return np.concatenate([head, checks, all_[:, :-2]], axis=1)

    def false_alarms(
        self, *, rows: int, reference: int, worlds: int, days: int, promise: float, tolerance: Tolerance
    ) -> np.ndarray:
        """Alarms in each world; each alarm is acknowledged at once."""
        alarms = np.zeros(worlds, dtype=int)
        for _, alarm in self._watch(
            rows=rows, reference=reference, worlds=worlds, days=days, tolerance=tolerance, threshold=DAYS / promise
        ):
            alarms += alarm
        return alarms

    def delays(
        self,
        *,
        rows: int,
        reference: int,
        worlds: int,
        start: int,
        promise: float,
        tolerance: Tolerance,
        shift: Shift,
        most: int = 60,
    ) -> np.ndarray:
        """Days from a change on day `start` to the next alarm; NaN when none came in `most` days."""
        found = np.full(worlds, np.nan)
        watch = self._watch(
            rows=rows,
            reference=reference,
            worlds=worlds,
            days=start + most,
            tolerance=tolerance,
            threshold=DAYS / promise,
            start=start,
            shift=shift,
        )
        for day, alarm in watch:
            if day >= start:
                found[alarm & np.isnan(found)] = day - start + 1
                if not np.isnan(found).any():
                    break
        return found

    def _watch(
        self,
        *,
        rows: int,
        reference: int,
        worlds: int,
        days: int,
        tolerance: Tolerance,
        threshold: float,
        start: int = 0,
        shift: Shift | None = None,
    ) -> Iterator[tuple[int, np.ndarray]]:
        pool = self.draw(reference, worlds, reference=True)
        level = np.zeros((worlds, len(self.layout.statistics), 10), dtype=np.int64)
        for day in range(days):
            batch = self.draw(rows, worlds, shift=shift if day >= start else None)
            uniform = self.rng.random((worlds, self.layout.counts))
            surprise = judge(self.layout, batch, pool, uniform=uniform, tolerance=tolerance)
            stepped = shiryaev_roberts(level, surprise.up, surprise.down)
            level = np.where(surprise.moved[..., None], stepped, level)
            alarm = (self.layout.weights * change_evidence(level)).max(axis=1) >= threshold
            level[alarm] = 0
            pool = pool + batch
            yield day, alarm


def _rows(rng: np.random.Generator, n: int, pairs: int) -> pd.DataFrame:
    data: dict[str, np.ndarray] = {}
    for pair in range(pairs):
        one = rng.normal(size=n)
        two = 0.5 * one + np.sqrt(0.75) * rng.normal(size=n)
        data[f"x{2 * pair}"], data[f"x{2 * pair + 1}"] = one, two
    data["x2"] = np.where(np.abs(data["x2"]) < 1.6, 0.0, data["x2"])  # mostly zero
    data["x3"] = np.floor(2 * np.exp(data["x3"]))  # counts with a long tail
    for number, values in enumerate((2, 3, 5, 10, 20, 50)):
        p = 1 / np.arange(1, values + 1)
        data[f"c{number}"] = rng.choice(np.array([f"v{value}" for value in range(values)]), n, p=p / p.sum())
    return pd.DataFrame(data)


def moved(column: str, sd: float) -> Shift:
    """Move the first column of a pair by so many standard deviations (of a normal column)."""

    def shift(name: str, joint: np.ndarray) -> np.ndarray:
        if name.split(",")[0] != column:
            return joint
        margin = joint.sum(axis=1)
        edges = ndtri(np.clip(np.cumsum(margin)[:-1], 1e-12, 1 - 1e-12))
        new = np.diff(np.concatenate([[0.0], ndtr(edges - sd), [1.0]]))
        return joint * (new / margin)[:, None]

    return shift


def mixed(column: str, points: float) -> Shift:
    """Move so much of the share of a categorical column from its first value to its second."""

    def shift(name: str, p: np.ndarray) -> np.ndarray:
        if name != column:
            return p
        p = p.copy()
        p[:2] += [-points, points]
        return p

    return shift


def independent(pair: str) -> Shift:
    """Take the dependence of a pair away and leave both columns as they are."""
    return lambda name, p: np.outer(p.sum(axis=1), p.sum(axis=0)) if name == pair else p


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=60, help="clean years for each cell")
    parser.add_argument("--runs", type=int, default=60, help="runs for each delay")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    world = World(np.random.default_rng(options.seed))
    begin = time.perf_counter()

    def progress(text: str) -> None:
        print(f"[{time.perf_counter() - begin:5.0f} s] {text}", file=sys.stderr)

    print(f"False alarms a year (se), {len(world.layout.statistics)} statistics, {options.years} years a cell\n")
    print("| reference | rows a day | tolerance | promise 1 | promise 0.1 |\n|---|---|---|---|---|")
    worlds = max(options.years // 3, 1)
    for reference in (1_000, 10_000, 100_000):
        for rows in (200, 1_000, 10_000):
            for tolerance in (Tolerance(0.0, 0.0, 0.0), Tolerance()):
                cells = []
                for promise in (1.0, 0.1):
                    alarms = (
                        world.false_alarms(
                            rows=rows,
                            reference=reference,
                            worlds=worlds,
                            days=3 * DAYS,
                            promise=promise,
                            tolerance=tolerance,
                        )
                        / 3
                    )
                    cells.append(f"{alarms.mean():.3f} ({alarms.std() / np.sqrt(worlds):.3f})")
                    progress(f"reference {reference}, {rows} rows, promise {promise}")
                print(
                    f"| {reference:,} | {rows:,} | {'none' if not tolerance.sd else 'default'} | {' | '.join(cells)} |",
                    flush=True,
                )

    print(
        f"\nDays to an alarm after a change on day 100: median (90 % quantile), reference 10,000, {options.runs} runs\n"
    )
    print("| change | rows a day | no tolerance | default tolerance |\n|---|---|---|---|")
    changes = {
        "mean .1 sd": moved("x0", 0.1),
        "mean .25 sd": moved("x0", 0.25),
        "mix 5 points": mixed("c2", 0.05),
        "corr .5 to 0": independent("x0,x1"),
    }
    for name, shift in changes.items():
        for rows in (200, 1_000):
            cells = []
            for tolerance in (Tolerance(0.0, 0.0, 0.0), Tolerance()):
                found = world.delays(
                    rows=rows,
                    reference=10_000,
                    worlds=options.runs,
                    start=100,
                    promise=1.0,
                    tolerance=tolerance,
                    shift=shift,
                )
                late = np.where(np.isnan(found), np.inf, found)
                cells.append(f"{np.median(late):.3g} ({np.quantile(late, 0.9, method='higher'):.3g})")
            progress(f"{name}, {rows} rows")
            print(f"| {name} | {rows:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
