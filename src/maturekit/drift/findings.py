"""What a reading says besides causes: the alarm itself, and what did not come."""

from __future__ import annotations

from collections.abc import Sequence

from maturekit.drift.layout import Layout
from maturekit.profile import CategoryColumn, NumericColumn, Profile
from maturekit.reports import Certainty, Finding

__all__ = ["alarm", "arrived", "nothing"]


def alarm(evidence: float, batches_per_year: float, *, since: str | None, causes: Sequence[Finding]) -> Finding:
    """Return the finding *alarm*; `since` is None while no alarm is open."""
    years = evidence / batches_per_year
    message = f"no alarm; evidence like this comes about once in {evidence:.3g} batches"
    if since is not None:
        first = ", ".join(dict.fromkeys(name for cause in causes for name in cause.columns))
        message = f"false about once in {_years(years)}; since {since}; look first at {first}"
    return Finding(
        "alarm",
        "passed" if since is None else "failed",
        value=evidence,
        unit="batches between false alarms",
        certainty=Certainty(years, "years between false alarms"),
        message=message,
    )


def nothing() -> Finding:
    """Return the finding *alarm* for an empty batch."""
    return Finding("alarm", "not_enough_evidence", count=0, message="the batch is empty and was not counted")


def arrived(layout: Layout, counts: Profile, reference: Profile) -> tuple[tuple[str, ...], list[Finding]]:
    """Return the groups of columns that came with a batch, and a finding for each group or column that did not."""
    members: dict[str, list[str]] = {}
    for name, group in layout.group_of.items():
        members.setdefault(group, []).append(name)
    groups, findings = [], []
    for group, names in members.items():
        absent = [name for name in names if not counts.columns[name].rows]
        if len(absent) == len(names):
            message = "none of its columns came with this batch"
            findings.append(Finding("group", "skipped", severity="info", value=group, message=message))
            continue
        groups.append(group)
        message = "the batch does not have this column; its evidence stands still"
        findings += [Finding("column", "could_not_run", columns=(name,), message=message) for name in absent]
        findings += [found for name in names if (found := _emptied(counts.columns[name], reference.columns[name]))]
    return tuple(groups), findings


def _emptied(column: NumericColumn | CategoryColumn, known: NumericColumn | CategoryColumn) -> Finding | None:
    """Return a warning for a column that lost all its values, whatever the evidence says so far."""
    if not column.rows or column.nulls < column.rows or known.nulls == known.rows:
        return None
    share = f"{known.nulls / known.rows:.1%}" if "nulls" not in known.unknown else "few"
    message = f"all {column.rows} values are missing; in the reference {share} were"
    return Finding("empty-column", "failed", columns=(column.name,), severity="warning", message=message)


def _years(years: float) -> str:
    if years > 1e6:
        return "a million years or more"
    return f"{years:,.0f} years" if years >= 2 else f"{years:.2g} years"
