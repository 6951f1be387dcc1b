"""Watch batch after batch, with a stated number of false alarms a year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np

from maturekit._core import html
from maturekit._core.clock import Clock, utc_now
from maturekit._core.digest import check_format
from maturekit._core.frames import Table
from maturekit.drift import findings as findings_
from maturekit.drift import stored
from maturekit.drift.arrival import Arrival, arrive
from maturekit.drift.batch_statistic import BatchStatistic
from maturekit.drift.causes import causes_of, since_of
from maturekit.drift.engine import uniforms
from maturekit.drift.judging import draws_needed, judged
from maturekit.drift.layout import Layout
from maturekit.drift.own import checked
from maturekit.drift.reading import Reading
from maturekit.drift.reference import Reference
from maturekit.drift.settings import Settings
from maturekit.drift.state import State
from maturekit.drift.tolerance import Tolerance
from maturekit.errors import (
    ArgumentError,
    BatchTakenError,
    FormatError,
    MaturekitError,
    NotFoundError,
    ProfileMismatchError,
)
from maturekit.profile import Profile, View
from maturekit.profile.views import listed
from maturekit.reports import Finding
from maturekit.statistics import change_evidence

__all__ = ["Monitor"]

_FORMAT = 1
_WHAT = "the state of a monitor"


class Monitor:
    """Compare each batch with everything seen so far, and raise an alarm when a change is beyond doubt.

    The promise: the expected number of false alarms in any T batches is at most ``T / A`` with
    ``A = batches_per_year / false_alarms_per_year``, for any number of columns, any dependence between them, any size
    of the reference, and however long it runs. It holds for batches that are exchangeable within their season class;
    exactly for small counts, very nearly for the rest. If the reference was made with ``batches=`` (at least 14 of
    them), batches may also differ by more than their rows explain: each is then ranked among those before it.

    While an alarm is open, batches are judged and held back until `acknowledge` or `rebase`.

    Everything is a column: put scores, losses, latencies and error flags into the profiled table. Groups of columns
    that come at another time, as losses do, are passed to an `update` of their own under the same id of the batch.
    Times (kind datetime) are watched for missing values only, since they move on naturally.

    Batches may come late, in any order, or never: a statistic moves when its rows come, so the promise holds whatever
    the order, and ``since`` counts in the order of arrival. A batch that comes in parts of rows is several batches, each
    with an id of its own. An id that came twice for a group of columns is refused while it is among the latest 64 of the
    group; only a `Watch` remembers all. A batch that was refused has changed nothing, and its id is free.

    Not safe for several threads: one job folds closed batches. `Watch` makes it safe between processes.

    Parameters
    ----------
    profile : Profile
        The reference.
    false_alarms_per_year : float
        How many are bearable, over all columns together.
    batches_per_year : float
        365 for daily batches; with season classes, all of them together.
    tolerance : Tolerance, optional
        Changes that are no news.
    groups : mapping of str to sequence of str, optional
        Columns of the groups ``"prediction"``, ``"performance"`` and ``"operations"``; all others are ``"data"``. Each
        group has its share of the alarm budget.
    importance : mapping of str to float, optional
        How much a column matters, 1 by default: for the order of causes only.
    batch_effects : bool, optional
        Whether the batch is the unit of evidence; by default when the profile holds at least 14 batches. Then a change
        takes some days longer to find.
    budget : mapping of str to float, optional
        Weights of the groups ``"data"`` (0.65), ``"dependence"`` of columns (0.15), ``"prediction"`` (0.07),
        ``"performance"`` (0.08) and ``"operations"`` (0.05), where they shall be others; those that exist share the
        alarms in this proportion.
    statistics : sequence of BatchValue or PValue, optional
        Numbers of a batch as a whole, such as `RowCount`.
    views : sequence of View, optional
        How to make columns of the profile that batches do not bring; those of texts the profile knows itself.
    clock : callable, optional
        Where readings get their time from.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> reference = Profile.of(pd.DataFrame({"delay": rng.normal(0, 1, 5_000)}))
    >>> monitor = Monitor(reference, false_alarms_per_year=1, batches_per_year=365)
    >>> monitor.update(pd.DataFrame({"delay": rng.normal(0, 1, 500)}), batch="monday").alarm
    False
    >>> reading = monitor.update(pd.DataFrame({"delay": rng.normal(0.5, 1, 500)}), batch="tuesday")
    >>> reading.alarm, reading.since, reading.causes[0].rule
    (True, 'tuesday', 'drift:location')
    >>> print(reading.causes[0].message)
    values moved up by 0.56 sd (and high), since about tuesday
    >>> monitor.acknowledge()
    """

    def __init__(
        self,
        profile: Profile,
        *,
        false_alarms_per_year: float,
        batches_per_year: float,
        tolerance: Tolerance | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        importance: Mapping[str, float] | None = None,
        batch_effects: bool | None = None,
        budget: Mapping[str, float] | None = None,
        statistics: Sequence[BatchStatistic] = (),
        views: Sequence[View] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.settings = Settings(
            false_alarms_per_year,
            batches_per_year,
            Tolerance() if tolerance is None else tolerance,
            {} if groups is None else groups,
            {} if importance is None else importance,
            batch_effects,
            {} if budget is None else budget,
        )
        self.clock = clock
        self._reference = _checked(Reference(profile, self.settings, checked(statistics), listed(views)))
        self._state_: State | None = None

    @property
    def profile(self) -> Profile:
        """The reference."""
        return self._reference.profile

    @property
    def statistics(self) -> tuple[BatchStatistic, ...]:
        """The numbers of whole batches that are watched."""
        return tuple(self._reference.statistics)

    @property
    def views(self) -> tuple[View, ...]:
        """The columns that are made of others in each batch."""
        return tuple(self._reference.views)

    @property
    def alarm(self) -> str | None:
        """Id of the batch that raised the open alarm; None when there is none."""
        return None if self._state_ is None else self._state_.alarm

    @property
    def evidence(self) -> dict[str, float]:
        """Evidence of a change by column, in batches between false alarms; a pair is named ``"age × income"``."""
        strongest: dict[str, float] = {}
        levels = self._layout.weights * change_evidence(self._state.level)
        for statistic, level in zip(self._layout.statistics, levels.tolist(), strict=True):
            name = " × ".join(statistic.columns)
            strongest[name] = max(strongest.get(name, 0.0), level)
        return strongest

    def update(self, table: Table | Profile, *, batch: str, season: str | None = None) -> Reading:
        """Judge one batch and remember it.

        Parameters
        ----------
        table : table or Profile
            The rows of the batch, or ``Profile.of(rows, like=profile)``. A group of columns may be absent as a whole,
            and come later with the same id.
        batch : str
            Id of the batch, such as its date. It also seeds the random numbers, so that a replay gives the same result.
        season : str, optional
            Season class of the batch; required when the profile has classes.

        Returns
        -------
        Reading
            With *could_not_run* for a column that did not come although others of its group did.

        Raises
        ------
        BatchTakenError
            The id was seen among the latest 64 for the same columns.
        ProfileMismatchError
            The table has none of the columns, or a profile was counted over other bins.
        """
        return self._fold(arrive(self._reference, table, batch=batch, season=season))

    def _fold(self, arrival: Arrival) -> Reading:
        """Judge a batch that was counted; `Watch` counts once however often it has to judge."""
        layout, state, batch = self._layout, self._state, arrival.id
        if not arrival.rows:
            return self._reading_of(batch, arrival.findings)
        twice = next((group for group in arrival.groups if batch in state.recent.get(group, ())), None)
        if twice is not None:
            raise BatchTakenError(
                f"batch {batch!r} was counted already for the group {twice!r}",
                hint="give every batch its own id; a repeated batch would count twice.",
            )
        new = judged(
            state,
            arrival.tally,
            arrival.own,
            layout=layout,
            offset=self._reference.offset(arrival.season),
            statistics=self._reference.statistics,
            season=arrival.season,
            uniform=uniforms(draws_needed(layout), self._reference.profile.digest, arrival.season, batch),
            tolerance=self.settings.tolerance,
        ).remembered(arrival.groups, batch)
        strongest = float((layout.weights * change_evidence(new.level)).max())
        opened = state.alarm is None and strongest >= self.settings.threshold
        if opened:
            new = replace(new, alarm=batch)
        elif state.alarm is None:
            new = replace(new, known=new.grown)
        reading = self._reading(new, batch, arrival.findings, opened=opened)
        self._state_ = new
        return reading

    def acknowledge(self, *, keep: bool = True) -> None:
        """Close the open alarm: evidence starts at zero, and the promise goes on. Without an open alarm, nothing happens.

        Parameters
        ----------
        keep : bool, default True
            Whether the batches held back since the alarm join what is known: for an alarm that was false, or a change
            that is accepted little by little. False for data that were wrong and have been repaired.
        """
        state = self._state
        if state.alarm is not None:
            self._state_ = state.quiet(state.grown if keep else state.known)

    def rebase(self, profile: Profile | None = None) -> None:
        """Accept a change for good: compare with something new from now on; the promise starts anew.

        Parameters
        ----------
        profile : Profile, optional
            The new reference. Without one, the batches since the open alarm was raised are what is normal now; the
            longer the alarm was open, the more the monitor knows. With batch effects it then has to learn again how
            much batches vary, and sees little in the first weeks; a profile with ``batches=`` avoids that. After one or
            two batches little is known of the new world, and sizes mean little: wait for some more.
        """
        state = self._state
        if profile is not None:
            reference = _checked(replace(self._reference, profile=profile))
            fresh = replace(reference.start, updates=state.updates, recent=state.recent)
            self._reference, self._state_ = reference, fresh
        elif state.alarm is None:
            raise ArgumentError(
                "no alarm is open, so no batches are held back to start from",
                hint="pass the new reference: `rebase(profile)`.",
            )
        else:
            self._state_ = state.quiet(state.grown.since(state.known))

    def state(self) -> dict[str, Any]:
        """Return all that `from_state` needs beside the profile, ready for JSON, of constant size."""
        return {
            "format": _FORMAT,
            "profile": self._reference.profile.digest,
            "settings": self.settings.to_dict(),
            "statistics": [statistic.name for statistic in self.statistics],
            "views": [view.name for view in self.views],
            "state": stored.write(self._state, self._reference.blank),
        }

    @classmethod
    def from_state(
        cls,
        profile: Profile,
        state: Mapping[str, Any],
        *,
        statistics: Sequence[BatchStatistic] = (),
        views: Sequence[View] = (),
        clock: Clock = utc_now,
    ) -> Self:
        """Return a monitor that goes on exactly where `state()` was taken, with the same `statistics` and `views`.

        Raises `ProfileMismatchError` if the state belongs to another profile, and `FormatError` if it is malformed,
        damaged or was written by a newer maturekit.
        """
        with _reading_state():
            settings = Settings.from_dict(check_format(state, what=_WHAT, newest=_FORMAT)["settings"])
        asked = {name: getattr(settings, name) for name in Settings.__slots__}
        try:
            monitor = cls(profile, **asked, statistics=statistics, views=views, clock=clock)
        except NotFoundError:
            _check_belongs(state, profile.digest)  # then another profile is why a column is not found
            raise
        return monitor._restored(state)

    def _restored(self, state: Mapping[str, Any]) -> Self:
        """Return a monitor of the same reference and settings in a stored state."""
        reference = self._reference
        with _reading_state():
            check_format(state, what=_WHAT, newest=_FORMAT)
            _check_belongs(state, reference.profile.digest)
            for what, given in (("statistics", self.statistics), ("views", self.views)):
                if list(state[what]) != [one.name for one in given]:
                    raise ArgumentError(
                        f"the state belongs to a monitor with the {what} {list(state[what])}",
                        hint=f"pass the same ones, in the same order, as `{what}=`.",
                    )
            monitor = copy(self)
            monitor._state_ = stored.read(state["state"], reference.blank, reference.layout)
        return monitor

    @property
    def _layout(self) -> Layout:
        return self._reference.layout

    @property
    def _state(self) -> State:
        return self._reference.start if self._state_ is None else self._state_

    def _reading(self, state: State, batch: str, findings: Sequence[Finding], *, opened: bool = False) -> Reading:
        layout = self._layout
        evidence = layout.weights * change_evidence(state.level)
        top = int(np.argmax(evidence))
        since, found = None, []
        if state.alarm is not None:
            since = since_of(layout, state, top)
            causes = causes_of(
                layout,
                state,
                threshold=self.settings.threshold,
                batches_per_year=self.settings.batches_per_year,
                importance=self.settings.importance,
            )
            found = [
                Finding("since", "passed", columns=layout.statistics[top].columns, severity="info", value=since),
                Finding("opened" if opened else "open", "passed", severity="info", value=state.alarm),
                *causes,
            ]
        alarm = findings_.alarm(float(evidence[top]), self.settings.batches_per_year, since=since, causes=found[2:])
        return self._reading_of(batch, [alarm, *found, *findings])

    def _reading_of(self, batch: str, findings: Sequence[Finding]) -> Reading:
        subjects = {"profile": self._reference.profile.digest, "batch": batch}
        return Reading("drift-reading", findings, subjects=subjects, time=self.clock())

    def __repr__(self) -> str:
        """Return the promise and whether an alarm is open."""
        alarm = f", alarm open since {self.alarm!r}" if self.alarm else ""
        return f"Monitor({len(self.profile.columns)} columns, {self.settings.false_alarms_per_year:g} false alarms a year{alarm})"

    def _repr_html_(self) -> str:
        """Return the columns with the strongest evidence for a notebook."""
        strongest = sorted(self.evidence.items(), key=lambda item: -item[1])[:10]
        threshold = self.settings.threshold
        head = ["column", "evidence (batches between false alarms)", "share of an alarm"]
        rows = [(name, f"{level:,.4g}", f"{level / threshold:.1%}") for name, level in strongest]
        return f'<div lang="en" class="maturekit-monitor">{html.table(head, rows, caption=repr(self))}</div>'


def _checked(reference: Reference) -> Reference:
    reference.check()
    return reference


def _check_belongs(state: Mapping[str, Any], digest: str) -> None:
    if state["profile"] != digest:
        raise ProfileMismatchError(
            f"the state belongs to the profile {state['profile']}, not to {digest}",
            hint="pass the profile that the monitor was made with, or was rebased on.",
        )


@contextmanager
def _reading_state() -> Iterator[None]:
    """Whatever else goes wrong while a stored state is read: it is malformed."""
    try:
        yield
    except MaturekitError:
        raise
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, ValueError) as error:
        raise FormatError(f"{_WHAT} is malformed: {error!r}") from error
