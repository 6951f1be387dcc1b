"""maturekit: `drift.Monitor` with two promises and two tolerances, every alarm acknowledged at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from peers.drift_tool import Detector, Report, Tables

from maturekit import drift
from maturekit.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MaturekitMonitor"]

_PROMISES = {"1 a year": 1.0, "0.1 a year": 0.1}
_TOLERANCES = {
    "default tolerance": drift.Tolerance(),
    "tolerance 0": drift.Tolerance(sd=0, share=0, correlation=0),
}


class MaturekitMonitor(Detector):
    """Four monitors that read the same profile of each day."""

    methods: ClassVar = tuple(f"{promise}, {tolerance}" for tolerance in _TOLERANCES for promise in _PROMISES)
    memory = True

    def watch(self, days: Sequence[pd.DataFrame]) -> Iterator[set[str]]:
        """Count each day once, and let every monitor judge it; a loss belongs to the group "performance"."""
        return self._watch(Profile.of(self.reference), days, [None] * len(days))

    def watch_seasons(
        self,
        labels: Sequence[str],
        days: Sequence[pd.DataFrame],
        seasons: Sequence[str],
    ) -> Iterator[tuple[int, set[str]]]:
        """Keep season classes in one profile."""
        return enumerate(self._watch(Profile.of(self.reference, classes=labels), days, seasons))

    def _watch(
        self,
        profile: Profile,
        days: Sequence[pd.DataFrame],
        seasons: Sequence[str | None],
    ) -> Iterator[set[str]]:
        groups = {"performance": ["loss"]} if "loss" in self.reference else None
        monitors = {
            f"{promise}, {tolerance}": drift.Monitor(
                profile,
                false_alarms_per_year=rate,
                batches_per_year=365,
                tolerance=allowed,
                groups=groups,
            )
            for tolerance, allowed in _TOLERANCES.items()
            for promise, rate in _PROMISES.items()
        }
        for number, (day, season) in enumerate(zip(days, seasons, strict=True)):
            counted = Profile.of(day, like=profile)
            alarms = set()
            for method, monitor in monitors.items():
                if monitor.update(counted, batch=str(number), season=season).alarm:
                    alarms.add(method)
                    monitor.acknowledge()
            yield alarms

    @classmethod
    def reports(cls) -> Mapping[str, Report]:
        """Return the comparison of two raw tables, and that of a stored profile with one."""
        return {
            "compare, raw tables": _raw,
            "(storing the profile)": _store,
            "compare, stored profile": _stored,
        }


def _raw(tables: Tables) -> object:
    return drift.compare(Profile.of(tables.reference), tables.current)


def _store(tables: Tables) -> object:
    return (tables.folder / "profile.json").write_text(Profile.of(tables.reference).to_json())


def _stored(tables: Tables) -> object:
    return drift.compare(Profile.from_json((tables.folder / "profile.json").read_text()), tables.current)
