"""A profile of a table that need not fit in memory: one pass to choose by a sample, one to count all rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

from maturekit._core.seeds import RandomState, generator
from maturekit.errors import ArgumentError, ArgumentTypeError, NotFoundError
from maturekit.profile import build, making
from maturekit.profile.coarse import hidden
from maturekit.profile.sample import Sample, lowest, priorities
from maturekit.profile.values import CATEGORY_KINDS, NUMBER_KINDS
from maturekit.profile.views import checked, widened
from maturekit.scan import chunks, fold, mapped

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from maturekit.profile.profile import Profile
    from maturekit.profile.view import View
    from maturekit.scan.chunks import Source
    from maturekit.schema import Schema

__all__ = ["SIZE", "Task", "counted", "learned"]

SIZE: Final = 262_144
"""Rows of the sample; by the inequality of Dvoretzky, Kiefer and Wolfowitz its ranks err by at most
``sqrt(log(2 / a) / (2 * SIZE))`` with probability 1 - a: 0.0038 for a = 0.001."""

_NUMBER = "maturekit:priority"

P = TypeVar("P", bound="Profile")
Read = Callable[[], "pd.DataFrame"]


@dataclass(frozen=True, slots=True)
class Task(Generic[P]):
    """What is to be summarised of each chunk: the class of the profile, and what `Profile.scan` was given."""

    kind: type[P]
    schema: Schema | None
    views: tuple[View, ...]
    batches: str | None
    classes: str | None
    least: int

    def __post_init__(self) -> None:
        """Check the names of labels."""
        for what in ("batches", "classes"):
            name = getattr(self, what)
            if name is not None and not isinstance(name, str):
                raise ArgumentTypeError(
                    f"{what} must be the name of a column, got {type(name).__name__}",
                    hint="labels of a table in memory go to `Profile.of`.",
                )
            column = self.schema.columns.get(name) if self.schema and name else None
            if column is not None and "personal" in column.tags:
                raise ArgumentError(f"{what}={name!r} is tagged as personal, and its values would be stored")

    @property
    def labels(self) -> tuple[str, ...]:
        """Columns that hold the labels of rows."""
        return tuple(name for name in (self.batches, self.classes) if name is not None)

    def known(self) -> dict[str, str]:
        """Return the kinds that the schema states."""
        columns = self.schema.columns if self.schema else {}
        return {name: column.kind for name, column in columns.items() if column.kind in NUMBER_KINDS | CATEGORY_KINDS}

    def inputs(self) -> list[str] | None:
        """Return the columns that a new reference can be made of; None for all."""
        if self.schema is None:
            return None
        names = [name for name, column in self.schema.columns.items() if build.summarised(column)]
        return list(dict.fromkeys([*names, *self._besides()]))

    def needed(self, like: Profile) -> list[str]:
        """Return the columns that are read to count over a reference."""
        made = {view.name for view in (*like.views, *self.views)}
        return list(dict.fromkeys([*(name for name in like.columns if name not in made), *self._besides()]))

    def _besides(self) -> list[str]:
        return [*self.labels, *(name for view in self.views for name in view.columns)]

    def of(self, frame: pd.DataFrame) -> making.Labels:
        """Return the labels of a chunk."""
        for name in self.labels:
            if name not in frame.columns:
                raise NotFoundError.named("column of labels", name, known=frame.columns)
        return making.Labels(*(None if name is None else frame[name] for name in (self.batches, self.classes)))


def counted(task: Task[P], source: Source, like: Profile, *, rows: int, n_jobs: int | None) -> P:
    """Count a source over a reference, in one pass."""
    return fold(_reads(source, task.needed(like), rows), partial(_count, task, like), n_jobs=n_jobs)


def learned(task: Task[P], source: Source, *, rows: int, n_jobs: int | None, random_state: RandomState) -> P:
    """Choose bins, values and pairs by a sample, then count all rows; small tables are their own sample."""
    if isinstance(source, Iterator):
        raise ArgumentError(
            "the source can be read only once, and a new reference takes two passes",
            hint="pass a path, a list, or functions that each read a part; or `like=` a reference that is there.",
        )
    seed = int(generator(random_state).integers(2**63))
    sample = _sampled(task, source, seed, rows, n_jobs)
    found = sample.kinds(task.known())
    frame = sample.frame(found)
    inside = frame.drop(columns=[name for name in task.labels if name in frame.columns])
    kinds = build.kinds_of(inside, task.schema, views=[view.name for view in task.views], found=found)
    learn = partial(making.learned, task.kind, frame, kinds, views=task.views, least=task.least)
    if sample.complete:
        labels = task.of(frame)
        learnt = build.split(len(frame), random_state, batches=labels.batches)
        return hidden(learn(build.Roles(learnt, ~learnt), labels=labels), task.least)
    limits = lowest(sample.priorities, SIZE // 5), sample.limit
    chose = sample.priorities <= np.uint64(limits[0])
    chosen = learn(build.Roles(~chose, chose), labels=making.Labels())
    reads = _reads(source, task.needed(chosen), rows)
    again = (partial(_numbered, read, number, seed) for number, read in enumerate(reads))
    profile, sampled = fold(again, partial(_count_again, task, chosen, limits), _both, n_jobs=n_jobs)
    if sampled != len(frame):
        raise ArgumentError(
            f"the source gave other rows when it was read again: {sampled:,} of the {len(frame):,} sampled ones",
            hint="pass what can be read twice: a path, a list, or functions that each read a part.",
        )
    return hidden(profile, task.least)


def _sampled(task: Task[P], source: Source, seed: int, rows: int, n_jobs: int | None) -> Sample:
    sample, empty = Sample(SIZE), True
    reads = _reads(source, task.inputs(), rows)
    drawn = (partial(_draw, task, read, number, seed, sample.limit) for number, read in enumerate(reads))
    with closing(mapped(drawn, _same, n_jobs=n_jobs)) as parts:
        for part in parts:
            sample.add(part.drop(columns=_NUMBER), part[_NUMBER].to_numpy())
            empty = False
    if empty:
        raise ArgumentError("the source holds nothing to read")
    return sample


def _reads(source: Source, columns: list[str] | None, rows: int) -> Iterable[Read]:
    """Return the chunks of a source; of files only what is needed, unless one of them lacks some of it."""
    paths = source if isinstance(source, (list, tuple)) else [source]
    if columns is not None and all(isinstance(path, (str, os.PathLike)) for path in paths):
        try:
            return list(chunks(source, columns=columns, rows=rows))
        except NotFoundError:
            pass
    return chunks(source, rows=rows)


def _draw(task: Task[P], read: Read, chunk: int, seed: int, limit: int) -> pd.DataFrame:
    """Return the rows of a chunk that may belong to the sample, with the columns of views and their priorities."""
    frame = read()
    views = checked(task.views, frame.columns)
    numbers = priorities(seed, chunk, len(frame))
    limit = min(limit, lowest(numbers, SIZE + 1))
    chosen = np.flatnonzero(numbers <= np.uint64(limit))
    inputs = task.inputs()
    frame = frame if inputs is None else frame[[name for name in inputs if name in frame.columns]]
    return _with_numbers(widened(frame.take(chosen), views), numbers[chosen])


def _numbered(read: Read, chunk: int, seed: int) -> pd.DataFrame:
    frame = read()
    return _with_numbers(frame, priorities(seed, chunk, len(frame)))


def _with_numbers(frame: pd.DataFrame, numbers: NDArray[np.uint64]) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    frame[_NUMBER] = numbers
    return frame


def _same(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _count(task: Task[P], like: Profile, frame: pd.DataFrame, roles: build.Roles | None = None) -> P:
    views = checked(task.views, frame.columns, like=like.columns)
    return making.counted(task.kind, frame, like, roles or build.Roles(), labels=task.of(frame), views=views)


def _count_again(task: Task[P], like: Profile, limits: tuple[int, int], frame: pd.DataFrame) -> tuple[P, int]:
    """Return the counts of a chunk, and how many of its rows are in the sample."""
    numbers = frame[_NUMBER].to_numpy()
    chose, sampled = (numbers <= np.uint64(limit) for limit in limits)
    return _count(task, like, frame, build.Roles(sampled & ~chose, chose)), int(sampled.sum())


def _both(first: tuple[P, int], second: tuple[P, int]) -> tuple[P, int]:
    return first[0] + second[0], first[1] + second[1]
