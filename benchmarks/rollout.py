"""What a rollout promises, by simulation, and what it costs: ``python benchmarks/rollout.py``.

Outcomes are 0 or 1, drawn row by row; the evidence is looked at after every row, as a rollout may. `--runs` histories
for each rate, each with its Monte-Carlo error (95 %). Beside it the usual z-test of two shares, looked at every 100
outcomes. ``--tables rates whole delays failures speed`` chooses.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from maturekit.statistics import arm_bets

ALPHA = 0.025  # what RolloutPlan(confidence=0.95) allows each error
NEEDED = 1 / ALPHA
EVERY = 100


def histories(runs, level, difference, shares, *, seed):
    """Yield arms, losses and shares of some histories at a time; the first three arguments may change row by row."""
    rng = np.random.default_rng(seed)
    for start in range(0, runs, 50):
        shape = (min(50, runs - start), len(shares))
        challenger = rng.random(shape) < shares
        losses = (rng.random(shape) < np.clip(level + difference * challenger, 0, 1)).astype(float)
        yield challenger, losses, np.broadcast_to(shares, shape)


def reached(bets, needed):
    """Return after how many rows the evidence was enough, history by history; infinity where it never was."""
    logs = np.cumsum(bets, axis=1)
    most = logs.max(axis=-1)
    hit = most + np.log(np.exp(logs - most[..., None]).mean(axis=-1)) >= math.log(needed)
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)


def delays(runs, level, difference, shares, *, margin=0.0, harm=0.0, seed=1, needed_harm=NEEDED):
    """Return when histories would be rolled back, and when promoted, each as if the other did not end it."""
    found = [
        (reached(up, needed_harm), reached(down, NEEDED))
        for arms in histories(runs, level, difference, shares, seed=seed)
        for up, down in [arm_bets(*arms, harm=harm, margin=margin)]
    ]
    worse, fit = zip(*found, strict=True)
    return np.concatenate(worse), np.concatenate(fit)


def z_test(runs, level, difference, shares, *, seed=1):
    """Return the share of histories in which a z-test says *worse*, and *better*, at one of its looks.

    It looks every 100 outcomes, once each arm has 100 rows and 10 losses.
    """
    worse = better = 0
    for challenger, losses, _ in histories(runs, level, difference, shares, seed=seed):
        n1, n0 = np.cumsum(challenger, axis=1), np.cumsum(~challenger, axis=1)
        l1, l0 = np.cumsum(losses * challenger, axis=1), np.cumsum(losses * ~challenger, axis=1)
        m1, m0 = l1 / np.maximum(n1, 1), l0 / np.maximum(n0, 1)
        error = np.sqrt(m1 * (1 - m1) / np.maximum(n1, 1) + m0 * (1 - m0) / np.maximum(n0, 1))
        ready = (np.minimum(n1, n0) >= 100) & (np.minimum(l1, l0) >= 10)
        z = ((m1 - m0) / np.where(ready & (error > 0), error, np.inf))[:, EVERY - 1 :: EVERY]
        worse += int((z > 1.96).any(axis=1).sum())
        better += int((z < -1.96).any(axis=1).sum())
    return worse / runs, better / runs


def shown(rate, runs):
    """A rate with its Monte-Carlo error; where nothing happened, what it is at most (95 %)."""
    if rate == 0:
        return f"0 (at most {3 / runs:.2%})"
    return f"{rate:.2%} ± {1.96 * math.sqrt(rate * (1 - rate) / runs):.2%}"


def rates(runs):
    """False alarms: no history here deserves the decision that is counted."""
    n = 10_000
    steady, steps = np.full(n, 0.5), np.repeat([0.01, 0.05, 0.2, 0.5], n // 4)
    days = 0.2 + 0.15 * np.sign(np.sin(np.arange(n) / 200))  # every outcome of a day goes with the day
    swing = np.where(np.arange(n) % 2000 < 1000, -0.1, 0.1)
    cells = {
        "equal, share 0.5": (0.2, 0.0, steady, 0.0),
        "equal, share 0.05": (0.2, 0.0, np.full(n, 0.05), 0.0),
        "equal, share grows, level 5 % to 50 %": (np.linspace(0.05, 0.5, n), 0.0, steps, 0.0),
        "equal, good and bad days": (days, 0.0, steps, 0.0),
        "better and worse by turns, never worse on average": (0.3, swing, steady, 0.0),
        "worse by exactly the margin of 2 points": (0.2, 0.02, steady, 0.02),
        "worse by exactly the margin, share grows": (0.2, 0.02, steps, 0.02),
        "rare: 0.2 %": (0.002, 0.0, steps, 0.0),
    }
    yield "what is true|rolled back|promoted|z-test: worse|z-test: better"
    for number, (name, (level, difference, shares, margin)) in enumerate(cells.items()):
        harm = margin  # both bets are at their bound, where they are wrong most often
        worse, fit = delays(runs, level, difference, shares, margin=margin, harm=harm, seed=number)
        tested = z_test(runs, level, difference, shares, seed=number) if not margin else None
        swings = "swing" if difference is swing else ""
        yield "|".join(
            [
                name,
                shown(np.isfinite(worse).mean(), runs),
                "(may be)" if swings else shown(np.isfinite(fit).mean(), runs),
                *(("", "") if tested is None else (f"{tested[0]:.1%}", "(may be)" if swings else f"{tested[1]:.1%}")),
            ]
        )


def quickness(runs):
    """How many outcomes a decision takes; beside it, a z-test of a size fixed beforehand that finds it in 9 of 10 cases."""
    yield "what is true|decision|outcomes, median|9 of 10 within|z-test of fixed size"
    runs = max(runs // 10, 50)
    cells = [
        ("worse by 10 points of 20 %, share 0.5", 0.2, 0.10, 0.5, 0.0, "rolled back", 6_000),
        ("worse by 10 points of 20 %, share 0.05", 0.2, 0.10, 0.05, 0.0, "rolled back", 30_000),
        ("worse by 2 points of 20 %, share 0.5", 0.2, 0.02, 0.5, 0.0, "rolled back", 100_000),
        ("better by 5 points of 20 %, share 0.5", 0.2, -0.05, 0.5, 0.0, "promoted", 20_000),
        ("better by 2 points of 20 %, share 0.5", 0.2, -0.02, 0.5, 0.0, "promoted", 100_000),
        ("equal at 20 %, margin 2 points, share 0.5", 0.2, 0.0, 0.5, 0.02, "promoted", 100_000),
    ]
    for name, level, difference, share, margin, decision, n in cells:
        worse, fit = delays(runs, level, difference, np.full(n, share), margin=margin, seed=7)
        found = worse if decision == "rolled back" else fit
        gap, other = abs(difference - margin), level + difference
        fixed = (1.96 + 1.2816) ** 2 * (level * (1 - level) / (1 - share) + other * (1 - other) / share) / gap**2
        yield f"{name}|{decision}|{np.median(found):,.0f}|{np.quantile(found, 0.9):,.0f}|{fixed:,.0f}"


def failures(runs):
    """How many of its calls a challenger may spoil before it is rolled back by the guard rail (1 point, three measures)."""
    yield "the challenger fails|share|its calls, median|of these spoiled|9 of 10 within"
    for fails in (1.0, 0.3, 0.05):
        for share in (0.01, 0.05, 0.5):
            n = int(40 / share / fails**1.2)
            calls = []
            for challenger, losses, shares in histories(max(runs // 10, 50), 0.001, fails, np.full(n, share), seed=3):
                up, _ = arm_bets(challenger, losses, shares, harm=0.01, margin=0.0)
                end = reached(up, 3 * NEEDED)
                rows = np.arange(1, n + 1) <= end[:, None]
                calls += list(np.where(np.isfinite(end), (challenger & rows).sum(axis=1), np.inf))
            half = np.median(calls)
            yield f"{fails:.0%}|{share:.0%}|{half:,.0f}|{half * fails:,.0f}|{np.quantile(calls, 0.9):,.0f}"


def whole(runs):
    """Whole rollouts with all their parts: 60 looks of 200 customers each, shares growing as the plan lets them."""
    from datetime import UTC, datetime, timedelta

    import pandas as pd

    from maturekit.deployment.rollout.plan import RolloutPlan
    from maturekit.deployment.rollout.rollout import Rollout
    from maturekit.storage import MemoryStore

    class Says:
        def __init__(self, value):
            self.value = value

        def predict(self, X):  # noqa: N803  # scikit-learn's name
            return np.full(len(X), self.value)

    runs, looks, rows = max(runs // 5, 20), 60, 200
    cells = {
        "equal, level 10 % to 50 %": (0.0, 0.0),
        "worse by exactly the margin of 5 points": (0.05, 0.05),
        "worse by 10 points": (0.1, 0.0),
        "better by 10 points": (-0.1, 0.0),
        "equal, margin 5 points": (0.0, 0.05),
    }
    yield "what is true|rolled back|promoted|undecided|customers of the challenger until the end, median"
    for number, (name, (difference, margin)) in enumerate(cells.items()):
        rng, ends, had = np.random.default_rng(number), [], []
        for run in range(runs):
            now = [datetime(2026, 5, 3, tzinfo=UTC)]
            rollout = Rollout(
                Says(0),
                Says(1),
                key="customer",
                place=MemoryStore(),
                name=f"run-{number}-{run}",
                plan=RolloutPlan(margin=margin, shares=(0.05, 0.2, 0.5), step_rows=50, step_seconds=0),
                look_seconds=math.inf,
                clock=lambda now=now: now[0],
            )
            challenged = 0
            for look in range(looks):
                frame = pd.DataFrame({"customer": [f"{look}-{row}" for row in range(rows)]})
                arm = rollout.predict(frame)
                level = 0.1 + 0.4 * look / looks + difference * arm
                rollout.observe(frame["customer"], rng.random(rows) < level)
                challenged += int(arm.sum())
                now[0] += timedelta(hours=1)
                if rollout.step().decision:
                    break
            ends.append(rollout.report().findings[0].value)
            had.append(challenged)
        rate = {end: ends.count(end) / runs for end in ("rolled back", "promoted", "running")}
        yield "|".join([name, *(shown(each, runs) for each in rate.values()), f"{np.median(had):,.0f}"])


def speed(turns):
    """Microseconds a call, of one record with a text for a key and of 1,000 rows, beside what is around it."""
    import json

    import pandas as pd

    from maturekit.deployment import Answer, Call, Wrapper
    from maturekit.deployment.canary import Canary
    from maturekit.deployment.rollout.plan import RolloutPlan
    from maturekit.deployment.rollout.rollout import Rollout
    from maturekit.schema import Column, Schema
    from maturekit.storage import MemoryStore

    class Nothing:
        """A model that costs nothing, so that what is around it shows."""

        def predict(self, X):  # noqa: N803  # scikit-learn's name
            return np.zeros(len(X))

    class Plain(Wrapper):
        """A wrapper that only answers."""

        def _handle(self, call, inward):
            if call.record is None:
                return inward(call)
            return Answer.of_one(0.0, float, call)

    columns = {f"n{n}": Column("float", ge=-9.0, le=9.0, nullable=n == 3) for n in range(14)}
    columns |= {f"c{n}": Column("category", categories=list("abcdefg"[: 2 + n])) for n in range(6)}
    schema = Schema(columns)
    record = {f"n{n}": n / 7 for n in range(14)} | {f"c{n}": "b" for n in range(6)}
    rows = [record | {"customer": f"customer-{row}"} for row in range(1000)]
    table, calls = pd.DataFrame(rows), [Call("predict", record=row) for row in rows]
    plain = Plain(Nothing())
    settings = {"key": "customer"}
    plan = RolloutPlan(shares=(0.1,))
    rollout = Rollout(
        plain, Plain(Nothing()), place=MemoryStore(), name="speed", plan=plan, look_seconds=math.inf, **settings
    )
    canary = Canary(plain, Plain(Nothing()), share=0.1, salt="speed", **settings)
    few, some = calls[:100], [record] * 100

    def forget(wrapper):
        wrapper._split.recent.clear()  # noqa: SLF001  # so that every key is new

    asked: dict[str, Callable[[], object]] = {
        "check of the record": lambda: [schema.check_record(row) for row in some],
        "json.dumps of the record": lambda: [json.dumps(row) for row in some],
        "a wrapper that only answers": lambda: [plain.handle(call) for call in few],
        "canary around it, keys seen lately": lambda: [canary.handle(call) for call in few],
        "canary around it, new keys": lambda: (forget(canary), [canary.handle(call) for call in few]),
        "rollout around it, keys seen lately": lambda: [rollout.handle(call) for call in few],
        "rollout around it, new keys": lambda: (forget(rollout), [rollout.handle(call) for call in few]),
        "1,000 rows: a wrapper that only answers": lambda: plain.handle(Call(frame=table)),
        "1,000 rows: canary around it": lambda: canary.handle(Call(frame=table)),
        "1,000 rows: rollout around it": lambda: rollout.handle(Call(frame=table)),
    }
    least = dict.fromkeys(asked, math.inf)
    for turn in range(20 * turns):
        for name, ask in asked.items():
            if "rows" in name and turn % 20:
                continue
            begin = time.perf_counter()
            ask()
            least[name] = min(least[name], (time.perf_counter() - begin) * (1e6 if "rows" in name else 1e4))
    check = least["check of the record"]
    yield "what|us, least of all turns|adds|of the record check"
    for name, cost in least.items():
        base = least["1,000 rows: a wrapper that only answers" if "rows" in name else "a wrapper that only answers"]
        share = "" if "rows" in name else f"{(cost - base) / check:.0%}"
        yield f"{name}|{cost:,.2f}|" + (f"{cost - base:,.2f}|{share}" if "around" in name else "|")


TABLES: dict[str, tuple[str, Callable[[int], Iterator[str]]]] = {
    "rates": ("Wrong decisions (allowed: 2.5 % each), evidence looked at after each of 10,000 outcomes", rates),
    "whole": ("Whole rollouts: 60 looks at 200 customers each", whole),
    "delays": ("Outcomes until the decision", quickness),
    "failures": ("Calls until a challenger that fails is rolled back", failures),
    "speed": ("Cost of a call", speed),
}


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="histories for each rate")
    parser.add_argument("--turns", type=int, default=51, help="turns of the table of speed")
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    options = parser.parse_args()
    for title, table in (TABLES[name] for name in options.tables):
        print(f"\n{title}\n")
        for number, line in enumerate(table(options.turns if table is speed else options.runs)):
            print(f"| {line.replace('|', ' | ')} |", flush=True)
            if not number:
                print(f"|{'---|' * (line.count('|') + 1)}")


if __name__ == "__main__":
    main()
