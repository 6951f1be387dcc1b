"""The same days for every drift detector: ``python -m peers.drift_streams FOLDER NAME ...`` draws them, once, from seeds.

A stream is a reference of 10,000 rows and the days that follow, 14 numeric and 6 categorical columns, in one ``.npz``
that any version of numpy reads. From day `CHANGE` on one thing is different, except in the kinds "clean" and "weekly".
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from peers.drift_kinds import AFTER, CHANGE, CHANGES, REFERENCE, SEASON, YEAR, parts

__all__ = ["Stream", "draw", "draw_tables", "read", "read_tables"]

LEVELS = (2, 3, 5, 10, 20, 50)
WEEKEND = 0.4
_FIRST_WEEKDAY = 3  # so that 10 days of reference hold 3 of a weekend


@dataclass(frozen=True)
class Stream:
    """A reference and the days that follow it; a season is "week" or "weekend" and holds for a whole day."""

    rows: int
    reference: pd.DataFrame
    reference_seasons: list[str]
    days: list[pd.DataFrame]
    seasons: list[str]


def draw(folder: Path, name: str) -> None:
    """Draw a stream and write it, unless it is there."""
    path = folder / f"{name}.npz"
    if path.exists():
        return
    kind, rows, number = parts(name)
    rng = np.random.default_rng([zlib.crc32(kind.encode()), rows, number])
    days = CHANGE + AFTER if kind in CHANGES else SEASON if kind == "weekly" else YEAR
    day = np.concatenate(
        [
            np.arange(REFERENCE) // rows - REFERENCE // rows,
            np.repeat(np.arange(days), rows),
        ]
    )
    weekday = (day + REFERENCE // rows + _FIRST_WEEKDAY) % 7
    numbers, codes = _rows(rng, day >= CHANGE, weekday >= 5, kind)
    np.savez(path, numbers=numbers.astype(np.float32), codes=codes, weekend=weekday >= 5)


def read(folder: Path, name: str) -> Stream:
    """Read a stream; categories are texts, and the loss is there where the concept changes."""
    rows = parts(name)[1]
    with np.load(folder / f"{name}.npz") as stored:
        frame = _frame(stored["numbers"], stored["codes"], LEVELS)
        labels = np.where(stored["weekend"], "weekend", "week")
    starts = range(REFERENCE, len(frame), rows)
    days = [frame.iloc[start : start + rows].reset_index(drop=True) for start in starts]
    seasons = [str(labels[start]) for start in starts]
    return Stream(rows, frame.iloc[:REFERENCE], labels[:REFERENCE].tolist(), days, seasons)


def draw_tables(path: Path, rows: int) -> None:
    """Draw a reference and a current table of 40 numeric and 10 categorical columns, the second a little moved."""
    if path.exists():
        return
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(2 * rows, 40)) @ (0.8 * np.eye(40) + 0.02)
    numbers[:, 1::4] = np.exp(numbers[:, 1::4])
    numbers[rows:, ::10] += 0.05
    codes = np.column_stack([_choice(rng, levels, 2 * rows) for levels in _table_levels()])
    np.savez(path, numbers=numbers, codes=codes)


def read_tables(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reference and the current table."""
    with np.load(path) as stored:
        frame = _frame(stored["numbers"], stored["codes"], _table_levels())
    half = len(frame) // 2
    return frame.iloc[:half].reset_index(drop=True), frame.iloc[half:].reset_index(drop=True)


def _table_levels() -> tuple[int, ...]:
    return (2, 2, 3, 5, 5, 10, 10, 20, 50, 100)


def _rows(
    rng: np.random.Generator, changed: np.ndarray, weekend: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    n = len(changed)
    numbers = rng.normal(size=(n, 14))
    dependence = np.full((n, 7), 0.5)
    if kind == "correlation":
        dependence[changed, 2] = 0.0
    numbers[:, 1::2] = dependence * numbers[:, ::2] + np.sqrt(1 - dependence**2) * numbers[:, 1::2]
    if kind == "weekly":
        numbers[np.ix_(weekend, [0, 8, 10])] += WEEKEND
    if kind.startswith("mean-"):
        numbers[changed, 0] += float(kind.removeprefix("mean-"))
    numbers[:, 2] = np.where(np.abs(numbers[:, 2]) < 1.6, 0.0, numbers[:, 2])  # mostly zero
    numbers[:, 3] = np.floor(2 * np.exp(numbers[:, 3]))  # counts with a long tail
    numbers[:, 6] = np.exp(numbers[:, 6])
    numbers[:, 7] /= np.sqrt(rng.chisquare(3, size=n) / 3)  # heavy tails
    codes = np.column_stack([_choice(rng, levels, n) for levels in LEVELS])
    if kind == "mix":
        first = np.flatnonzero(changed & (codes[:, 3] == 0))
        share = 1 / (1 / np.arange(1, LEVELS[3] + 1)).sum()
        codes[first[rng.random(len(first)) < 0.05 / share], 3] = 1
    if kind == "concept":  # the target is x10 + noise; x10 then counts half, and the model does not know
        loss = (rng.normal(size=n) - np.where(changed, 0.5, 0.0) * numbers[:, 10]) ** 2
        numbers = np.column_stack([numbers, loss])
    return numbers, codes


def _choice(rng: np.random.Generator, levels: int, n: int) -> np.ndarray:
    share = 1 / np.arange(1, levels + 1)
    return rng.choice(levels, n, p=share / share.sum()).astype(np.uint8)


def _frame(numbers: np.ndarray, codes: np.ndarray, levels: tuple[int, ...]) -> pd.DataFrame:
    wide = 40 if numbers.shape[1] == 40 else 14
    names = [f"x{number}" for number in range(wide)] + ["loss"] * (numbers.shape[1] - wide)
    columns = {name: numbers[:, number].astype(np.float64) for number, name in enumerate(names)}
    for number, many in enumerate(levels):
        columns[f"c{number}"] = np.array([f"v{value}" for value in range(many)], dtype=object)[codes[:, number]]
    return pd.DataFrame(columns)


if __name__ == "__main__":
    for asked in sys.argv[2:]:
        if asked.startswith("tables."):
            draw_tables(Path(sys.argv[1]) / f"{asked}.npz", int(asked.removeprefix("tables.")))
        else:
            draw(Path(sys.argv[1]), asked)
