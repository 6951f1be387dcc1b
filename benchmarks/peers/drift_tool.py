"""One face for every tool that detects drift, so that all of them watch the same days."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DETECTORS", "Detector", "Report", "Tables", "detector"]

DETECTORS = {
    "maturekit": "maturekit_drift_work:MaturekitMonitor",
    "evidently": "evidently_work:Evidently",
    "alibi-detect": "alibi_work:AlibiTabular",
    "nannyml": "nannyml_work:NannyML",
    "river": "river_work:RiverAdwin",
    "river-page-hinkley": "river_work:RiverPageHinkley",
    "river-kswin": "river_work:RiverKswin",
}


@dataclass(frozen=True)
class Tables:
    """What a report compares, and a folder to keep something in."""

    reference: pd.DataFrame
    current: pd.DataFrame
    folder: Path


Report = Callable[[Tables], object]


class Detector(ABC):
    """A tool set up on the rows of a reference, as its documentation shows.

    Each detector may stand for several methods of its tool, which are told apart by name in what `watch` yields.
    """

    methods: ClassVar[tuple[str, ...]]
    memory: ClassVar[bool] = False  # whether the days before a change matter to it
    most_days: ClassVar[int] = 365  # of a year, for what would take hours

    def __init__(self, reference: pd.DataFrame, rows: int) -> None:
        self.reference = reference
        self.rows = rows

    @abstractmethod
    def watch(self, days: Sequence[pd.DataFrame]) -> Iterator[set[str]]:
        """Yield the methods that raise an alarm, day by day."""

    def watch_seasons(
        self,
        labels: Sequence[str],
        days: Sequence[pd.DataFrame],
        seasons: Sequence[str],
    ) -> Iterator[tuple[int, set[str]]]:
        """Yield days by number and their alarms; a tool that knows no seasons is set up once for each of them.

        `labels` are the seasons of the rows of the reference, `seasons` those of the days.
        """
        for season in sorted(set(seasons)):
            own = self.reference[[label == season for label in labels]].reset_index(drop=True)
            where = [number for number, label in enumerate(seasons) if label == season]
            alarms = type(self)(own, self.rows).watch([days[number] for number in where])
            yield from zip(where, alarms, strict=True)

    @classmethod
    def reports(cls) -> Mapping[str, Report]:
        """Return what compares two large tables once."""
        return {}


def detector(tool: str) -> type[Detector]:
    """Return the detector of a tool; only its own package is imported."""
    module, _, name = DETECTORS[tool].partition(":")
    found: type[Detector] = getattr(importlib.import_module(f"peers.{module}"), name)
    return found
