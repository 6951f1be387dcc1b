"""One batch as it came: counted, measured and named, before anything is concluded from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from maturekit._core.frames import Table, as_frame
from maturekit.drift import findings as findings_
from maturekit.drift.batch import Batch
from maturekit.drift.batches import counted, new_columns
from maturekit.drift.own import Own, measure
from maturekit.drift.reference import Reference
from maturekit.drift.tally import Tally
from maturekit.errors import ArgumentTypeError
from maturekit.profile import Profile
from maturekit.reports import Finding

__all__ = ["Arrival", "arrive"]


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """What is known of a batch without looking at earlier ones.

    Parameters
    ----------
    id, season : str
        Its id, and its season class; "" without classes.
    rows : int
        Number of rows; an empty batch proves nothing.
    groups : tuple of str
        Which groups of columns came with it.
    tally : Tally
        Its counts.
    own : Own
        The numbers of the batch as a whole.
    findings : tuple of Finding
        What did not come, could not be computed or is new.
    """

    id: str
    season: str
    rows: int
    groups: tuple[str, ...]
    tally: Tally
    own: Own
    findings: tuple[Finding, ...]

    @property
    def digest(self) -> str:
        """Digest of all that a monitor sees: equal for the same rows, whether they came as a table or as counts."""
        tally = self.tally
        seen = [self.season, tally.cells.tolist(), tally.pair_rows.tolist(), tally.pair_sums.tolist(), self.own.values]
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]


def arrive(reference: Reference, table: Table | Profile, *, batch: str, season: str | None) -> Arrival:
    """Count and measure a batch; raises what `Monitor.update` raises for what cannot be counted."""
    if not isinstance(batch, str) or not batch:
        given = repr(batch) if isinstance(batch, (str, int)) else type(batch).__name__
        raise ArgumentTypeError(
            f"batch must be a text that names the batch, got {given}",
            hint='use its date, for instance: `update(rows, batch="2026-01-31")`.',
        )
    season = reference.season(season)
    frame = None if isinstance(table, Profile) else as_frame(table, what="batch")
    source = table if frame is None else frame
    new = new_columns(source, reference.profile)
    if frame is not None and frame.empty and len(new) < len(frame.columns):
        counts = None  # columns of an empty table often have lost their types, so they are not looked at
    else:
        counts = counted(source, reference.profile, views=reference.views)
    if counts is None or not counts.rows:
        nothing = reference.blank.known.total * 0
        return Arrival(batch, season, 0, (), nothing, Own((), ()), (findings_.nothing(), *new))
    groups, missing = findings_.arrived(reference.layout, counts, reference.profile)
    own = measure(reference.statistics, Batch(batch, counts, frame), groups)
    return Arrival(batch, season, counts.rows, groups, Tally.of(counts), own, (*missing, *own.findings, *new))
