"""Tables to draw batches from: each world is a law of rows in which nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

Rng = np.random.Generator
WEEK = {"": 1.0}


@dataclass(frozen=True)
class World:
    """A law of rows: `frame(rng, rows, season)`; `seasons` gives each class its share of days."""

    name: str
    frame: Callable[[Rng, int, str], pd.DataFrame]
    groups: Mapping[str, list[str]] = field(default_factory=dict)
    seasons: Mapping[str, float] = field(default_factory=lambda: dict(WEEK))

    def season(self, day: int) -> str:
        """Season class of a day: five workdays, two days off, where there are two classes."""
        return list(self.seasons)[int(len(self.seasons) > 1 and day % 7 > 4)]


def categories(rng: Rng, rows: int, values: int, *, power: float = 1.0) -> pd.Categorical:
    """Draw values of Zipf's law."""
    p = 1 / np.arange(1, values + 1) ** power
    codes = np.searchsorted(np.cumsum(p / p.sum()), rng.random(rows)).clip(max=values - 1)
    return pd.Categorical.from_codes(codes, [f"v{value}" for value in range(values)])


def mixed(rng: Rng, rows: int, correlation: float = 0.5) -> pd.DataFrame:
    """14 numeric columns, of which 8 in correlated pairs, and 6 categorical columns of 2 to 50 values."""
    data: dict[str, object] = {f"x{i}": rng.normal(size=rows) for i in range(14)}
    for first in range(0, 8, 2):
        data[f"x{first + 1}"] = correlation * data[f"x{first}"] + np.sqrt(1 - correlation**2) * data[f"x{first + 1}"]
    data["x2"] = np.where(np.abs(data["x2"]) < 1.6, 0.0, data["x2"])  # mostly zero
    data["x3"] = np.floor(2 * np.exp(data["x3"]))  # counts with a long tail
    data["x13"] = np.where(rng.random(rows) < 0.01, np.nan, data["x13"])
    for number, values in enumerate((2, 3, 5, 10, 20, 50)):
        data[f"c{number}"] = categories(rng, rows, values)
    return pd.DataFrame(data)


def log_loss(rng: Rng, chance: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Loss of a model that says `chance` of labels that come with the chance `truth`."""
    label = rng.random(len(chance)) < truth
    return -np.log(np.where(label, chance, 1 - chance))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def plain(rng: Rng, rows: int, _: str = "") -> pd.DataFrame:
    """20 mixed columns, and the loss of a model of x0 and x4 that is right about P(y given x)."""
    frame = mixed(rng, rows)
    chance = sigmoid(1.5 * frame["x0"].to_numpy() + frame["x4"].to_numpy())
    return frame.assign(loss=log_loss(rng, chance, chance))


def _correlated(rng: Rng, rows: int, _: str) -> pd.DataFrame:
    """One hidden factor behind all numbers (correlation .9) and behind the categories."""
    factor = rng.normal(size=rows)
    data: dict[str, object] = {f"x{i}": np.sqrt(0.9) * factor + np.sqrt(0.1) * rng.normal(size=rows) for i in range(14)}
    for number, values in enumerate((2, 3, 5, 10, 20, 50)):
        z = np.sqrt(0.9) * factor + np.sqrt(0.1) * rng.normal(size=rows)
        codes = np.searchsorted(np.linspace(-1.5, 1.5, values - 1), z)
        data[f"c{number}"] = pd.Categorical.from_codes(codes, [f"v{value}" for value in range(values)])
    return pd.DataFrame(data)


def _heavy(rng: Rng, rows: int, _: str) -> pd.DataFrame:
    """Student's t with 1.5 degrees of freedom, Cauchy, log-normal, Pareto; some rows null or infinite."""
    frame = mixed(rng, rows)
    frame["x0"] = rng.standard_t(1.5, rows)
    frame["x4"] = rng.standard_cauchy(rows)
    frame["x5"] = frame["x5"].to_numpy() * np.abs(frame["x4"].to_numpy())
    frame["x6"] = np.exp(2 * frame["x6"].to_numpy())
    frame["x7"] = np.exp(3 * frame["x7"].to_numpy())
    frame["x8"] = rng.pareto(1.0, rows)
    frame["x9"] = rng.poisson(3.0, rows)
    frame["x10"] = np.where(rng.random(rows) < 0.01, np.nan, frame["x10"])
    frame["x11"] = np.where(rng.random(rows) < 0.002, np.inf, frame["x11"])
    return frame


def _rare(rng: Rng, rows: int, _: str) -> pd.DataFrame:
    """Values and nulls of .05 to 1 % of rows, and texts of which most stand once or twice."""
    frame = mixed(rng, rows)
    for number, share in enumerate((0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)):
        codes = (rng.random(rows) < share).astype(int) * rng.integers(1, 4, rows)
        frame[f"c{number}"] = pd.Categorical.from_codes(codes, ["usual", "a", "b", "c"])
        frame[f"x{number}"] = np.where(rng.random(rows) < share, np.nan, frame[f"x{number}"])
    return frame


def _season(rng: Rng, rows: int, season: str) -> pd.DataFrame:
    """Days off: three columns moved by .4 sd and other shares of two categories."""
    frame = plain(rng, rows)
    if season == "off":
        frame[["x0", "x4", "x5"]] += 0.4
        frame["c2"] = categories(rng, rows, 5, power=0.5)
        frame["c3"] = categories(rng, rows, 10, power=1.5)
    return frame


def _zipf(rng: Rng, rows: int, _: str) -> pd.DataFrame:
    frame = mixed(rng, rows)
    frame["c4"] = categories(rng, rows, 5_000)
    frame["c5"] = categories(rng, rows, 5_000, power=0.7)
    return frame


def _discrete(rng: Rng, rows: int, _: str) -> pd.DataFrame:
    """Flags of 0 and 1, zero-inflated numbers, counts, and numbers rounded to a few values."""
    data: dict[str, object] = {}
    for number, share in enumerate((0.002, 0.01, 0.03, 0.1, 0.5)):
        data[f"flag{number}"] = (rng.random(rows) < share).astype(int)
        data[f"zero{number}"] = np.where(rng.random(rows) < share, rng.exponential(size=rows), 0.0)
        data[f"count{number}"] = rng.poisson(10 * share, rows)
        data[f"round{number}"] = np.round(rng.normal(size=rows) * (0.3 + 2 * number)) / 2
    return pd.DataFrame(data)


def many(columns: int) -> World:
    """Numbers with one common factor (correlation .1)."""

    def frame(rng: Rng, rows: int, _: str) -> pd.DataFrame:
        factor = rng.normal(size=(rows, 1), scale=np.sqrt(0.1))
        values = factor + rng.normal(size=(rows, columns), scale=np.sqrt(0.9))
        return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)])

    return World(f"{columns:,} columns", frame)


WORLDS = {
    world.name: world
    for world in (
        World("plain", plain, {"performance": ["loss"]}),
        World("correlated .9", _correlated),
        World("heavy tails", _heavy),
        World("rare values", _rare),
        World("season", _season, {"performance": ["loss"]}, {"work": 5 / 7, "off": 2 / 7}),
        World("5,000 Zipf values", _zipf),
        World("discrete", _discrete),
    )
}
