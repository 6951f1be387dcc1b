"""From what a caller passes as a batch to its counts over the reference's bins."""

from __future__ import annotations

from collections.abc import Iterable

from maturekit._core.frames import Table, as_frame
from maturekit.errors import ProfileMismatchError
from maturekit.profile import CategoryColumn, NumericColumn, Profile, View
from maturekit.reports import Finding

__all__ = ["counted", "new_columns"]


def counted(table: Table | Profile, reference: Profile, *, views: Iterable[View] = ()) -> Profile:
    """Return the counts of a batch; raise `ProfileMismatchError` for a profile that was counted over other bins."""
    if not isinstance(table, Profile):
        return Profile.of(as_frame(table, what="batch"), like=reference, views=views)
    strange = table.columns.keys() ^ reference.columns.keys()
    pairs, known = (profile.pairs.names if profile.pairs else () for profile in (table, reference))
    columns = reference.columns.items()
    apart = sorted(strange) or [name for name, column in columns if not _alike(table.columns[name], column)]
    if apart or pairs != known:
        where = f", such as column {apart[0]!r}" if apart else ""
        raise ProfileMismatchError(
            f"the batch was not counted over the bins and values of the reference{where}",
            hint="make it with `Profile.of(frame, like=profile)`, and pass the reference first; profiles made apart do not compare.",
        )
    return table


def new_columns(table: Table | Profile, reference: Profile) -> list[Finding]:
    """Return an information for each column of a batch that the reference does not have."""
    if isinstance(table, Profile):
        return []
    names = [name for name in as_frame(table, what="batch").columns if name not in reference.columns]
    message = "the reference does not have this column, so it is not watched"
    return [Finding("new-column", "skipped", columns=(name,), severity="info", message=message) for name in names]


def _alike(batch: NumericColumn | CategoryColumn, reference: NumericColumn | CategoryColumn) -> bool:
    if isinstance(reference, NumericColumn):
        return isinstance(batch, NumericColumn) and batch.bins == reference.bins
    return isinstance(batch, CategoryColumn) and batch.dictionary == reference.dictionary
