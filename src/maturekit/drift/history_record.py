"""One update of a monitor as a history keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from maturekit._core.digest import canonical_json, parse_json
from maturekit.drift.history_changes import PAIR
from maturekit.drift.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Record"]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What was seen of one batch.

    Parameters
    ----------
    reading : Reading
        What the monitor said.
    season : str, optional
        Season class of the batch.
    rows : int
        Rows of the batch.
    threshold : float
        Evidence that raises an alarm.
    evidence : mapping of str to float
        Evidence after the batch for every column that came with it, and for pairs and own statistics.
    names : tuple of pairs of str
        Column and statistic of each row of `changes`.
    changes : array of float64, shape (names, 3)
        Value, low and high of each.
    """

    reading: Reading
    season: str | None
    rows: int
    threshold: float
    evidence: Mapping[str, float]
    names: tuple[tuple[str, str], ...]
    changes: NDArray[np.float64]

    @property
    def batch(self) -> str:
        """Id of the batch."""
        return self.reading.subjects["batch"]

    @property
    def alarm(self) -> str | None:
        """Id of the batch that raised the open alarm; None while there is none."""
        return next((str(f.value) for f in self.reading.findings if f.rule in {"opened", "open"}), None)

    @property
    def strongest(self) -> float:
        """Evidence of the strongest statistic of all groups, in batches between false alarms."""
        said = next(finding.value for finding in self.reading.findings if finding.rule == "alarm")
        return float(said or 0.0)

    @property
    def causes(self) -> frozenset[str]:
        """Columns, and pairs of columns, that the reading names as causes."""
        return frozenset(PAIR.join(cause.columns) for cause in self.reading.causes)

    def to_dict(self, columns: Sequence[str], names: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Return JSON-ready data; numbers stand in the order of `columns` and `names`, None where there is none."""
        place = {name: index for index, name in enumerate(self.names)}
        changes = self.changes.tolist()
        return {
            "reading": parse_json(self.reading.to_json(), what="a reading"),
            "season": self.season,
            "rows": self.rows,
            "threshold": self.threshold,
            "evidence": [self.evidence.get(name) for name in columns],
            "changes": [changes[place[name]] if name in place else None for name in names],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], columns: Sequence[str], names: Sequence[tuple[str, str]]) -> Self:
        """Read back what `to_dict` wrote."""
        there = [(name, change) for name, change in zip(names, data["changes"], strict=True) if change is not None]
        levels = zip(columns, data["evidence"], strict=True)
        return cls(
            reading=Reading.from_json(canonical_json(data["reading"])),
            season=data["season"],
            rows=int(data["rows"]),
            threshold=float(data["threshold"]),
            evidence={name: float(level) for name, level in levels if level is not None},
            names=tuple(name for name, _ in there),
            changes=np.array([change for _, change in there], dtype=np.float64).reshape(-1, 3),
        )
