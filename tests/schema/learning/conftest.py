"""Sources of tables: each draws as many tables as one likes, of the same columns and the same size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

FAR = 10.0  # standard deviations or more from the other part of a mixture: two clumps


def numbers(kind, p, rng, n):  # noqa: C901  # a list of sources, one line each
    """Draw `n` numbers of a kind of source with parameters `p` between 0 and 1."""
    match kind:
        case "normal":
            return rng.normal(10 * p[0], 1 + 3 * p[1], n)
        case "exponential":
            return rng.exponential(10 ** (4 * p[0] - 2), n)
        case "lognormal":
            return rng.lognormal(3 * p[0], 0.3 + 1.5 * p[1], n)
        case "pareto":
            return rng.pareto(1 + 3 * p[1], n)
        case "student":
            return rng.standard_t(2 + 8 * p[0], n)
        case "uniform":
            return rng.uniform(-p[0], 1, n).round(int(1 + 5 * p[1]))
        case "poisson":
            return rng.poisson(0.2 + 10 * p[0], n)
        case "geometric":
            return rng.geometric(0.1 + 0.8 * p[0], n)
        case "mixture":
            near = rng.uniform(size=n) < 0.6 + 0.3 * p[0]
            return np.where(near, rng.normal(size=n), rng.normal(FAR * p[1], 1, n))
        case "mostly zero":
            return np.where(rng.uniform(size=n) < 0.3 + 0.4 * p[0], 0, rng.exponential(size=n))
        case "mostly null":
            return np.where(rng.uniform(size=n) < 0.05 + 0.9 * p[0], np.nan, rng.normal(size=n))
        case _:
            return rng.choice([100, 200, 300, 400, 500], size=n)


def words(kind, p, rng, n):
    """Draw `n` texts."""
    match kind:
        case "closed":
            levels = 2 + int(10 * p[0])
            weights = np.linspace(1, 1 + 9 * p[1], levels)
            return np.char.add("c", rng.choice(levels, p=weights / weights.sum(), size=n).astype(str))
        case "long tail":
            weights = 1 / np.arange(1, 201) ** (1 + 2 * p[0])
            return np.char.add("z", rng.choice(200, p=weights / weights.sum(), size=n).astype(str))
        case "shrinking":
            return np.char.add("g", np.minimum(rng.geometric(0.2 + 0.79 * p[0], n), 50).astype(str))
        case "code":
            letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))[rng.integers(0, 26, n)]
            return np.char.add(letters, np.char.zfill(rng.integers(0, 10**9, n).astype(str), 9))
        case _:
            sizes = rng.integers(3, 60, n)
            return np.array(["lorem ipsum dolor sit amet consectetur adipiscing elit sed do"[:size] for size in sizes])


def together(kind, p, rng, n):
    """Draw columns that depend on one another."""
    match kind:
        case "moments":
            start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300 * 86_400, n), unit="s")
            wait = rng.exponential(3600 * (1 + 99 * p[0]), n).astype(np.int64)
            return {"start": start, "end": start + pd.to_timedelta(wait, unit="s")}
        case "law":
            low, more = rng.exponential(size=n), rng.exponential(0.1 + p[0], n)
            return {"low": low, "high": low + more, "more": more}
        case "habit":  # mostly above, and nearly always when the distance is large
            low = rng.exponential(size=n)
            return {"low": low, "high": low + rng.normal(0.5 + 4 * p[0], 1, n)}
        case _:
            zips = rng.integers(0, 5 + int(40 * p[0]), n)
            mistaken = rng.uniform(size=n) < (0.1 * p[1] if p[2] < 0.3 else 0)
            return {
                "zip": np.char.add("z", zips.astype(str)),
                "city": np.where(mistaken, "X", np.char.add("c", (zips % 4).astype(str))),
            }


NUMBERS = "normal exponential lognormal pareto student uniform poisson geometric mixture codes".split()
NUMBERS += ["mostly zero", "mostly null"]
WORDS = ["closed", "long tail", "shrinking", "code", "free"]
TOGETHER = ["moments", "law", "habit", "dependence"]


def drawn(seed, turn):
    """Draw table number `turn` of source number `seed`: 3 to 8 groups of columns of 200, 1000 or 4000 rows."""
    plan = np.random.default_rng([seed, 0])
    kinds = plan.choice(NUMBERS + WORDS + TOGETHER, size=plan.integers(3, 9))
    parameters = plan.uniform(size=(len(kinds), 3))
    rows = int(plan.choice([200, 1000, 4000]))
    rng = np.random.default_rng([seed, 1, turn])
    columns = {}
    for place, (kind, p) in enumerate(zip(kinds, parameters, strict=True)):
        if kind in TOGETHER:
            columns |= {f"{name} {place}": values for name, values in together(kind, p, rng, rows).items()}
        else:
            columns[f"{kind} {place}"] = (numbers if kind in NUMBERS else words)(kind, p, rng, rows)
    return pd.DataFrame(columns)


@pytest.fixture
def table():
    return drawn


@pytest.fixture
def numbers_of():
    return lambda kind, seed: numbers(kind, (0.5, 0.5, 0.5), np.random.default_rng(seed), 1000)


@pytest.fixture
def orders():
    """A table with every sort of relation, drawn anew by seed."""

    def draw(seed, rows=1000):
        rng = np.random.default_rng(seed)
        zips = rng.integers(0, 40, rows)
        net, tax = rng.lognormal(3, 1, rows).round(2), rng.lognormal(1, 1, rows).round(2)
        start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
        return pd.DataFrame(
            {
                "order": [f"AB{number:06d}" for number in rng.permutation(10**6)[:rows]],
                "zip": np.char.add("8", np.char.zfill(zips.astype(str), 4)),
                "city": np.array(["Ulm", "Bonn", "Mainz", "Kiel"])[zips % 4],
                "net": net,
                "tax": tax,
                "gross": net + tax,
                "start": start,
                "end": start + pd.to_timedelta(rng.exponential(3600, rows).astype(np.int64), unit="s"),
                "count": rng.poisson(3, rows),
                "weight": rng.normal(70, 5, rows),
            }
        )

    return draw
