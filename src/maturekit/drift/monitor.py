"""Watch batch after batch, with a stated number of false alarms a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from maturekit._core.clock import Clock, utc_now
from maturekit._core.digest import check_format
from maturekit._core.frames import Table, as_frame
from maturekit.drift import findings as findings_
from maturekit.drift.batch import Batch
from maturekit.drift.batch_statistic import BatchStatistic
from maturekit.drift.batches import counted, new_columns
from maturekit.drift.causes import causes_of, since_of
from maturekit.drift.engine import uniforms
from maturekit.drift.judging import draws_needed, judged
from maturekit.drift.layout import Layout
from maturekit.drift.own import checked, learned_bags, measure
from maturekit.drift.reading import Reading
from maturekit.drift.settings import Settings
from maturekit.drift.state import Knowledge, State, seasons_of
from maturekit.drift.tally import Tally
from maturekit.drift.tolerance import Tolerance
from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    BatchTakenError,
    FormatError,
    MaturekitError,
    NotFoundError,
    ProfileMismatchError,
)
from maturekit.profile import Profile
from maturekit.reports import Finding
from maturekit.statistics import change_evidence

__all__ = ["Monitor"]

_FORMAT = 1
_FEWEST_BATCHES = 14


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
        clock: Clock = utc_now,
    ) -> None:
        self.settings = Settings(
            false_alarms_per_year,
            batches_per_year,
            Tolerance() if tolerance is None else tolerance,
            dict(groups or {}),
            dict(importance or {}),
            batch_effects,
            dict(budget or {}),
        )
        self.statistics = checked(statistics)
        self.settings.check(_checked(profile), self.statistics)
        self.profile = profile
        self.clock = clock
        self._digest = ""
        self._layout_: Layout | None = None
        self._state_: State | None = None

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
        if not isinstance(batch, str) or not batch:
            raise ArgumentTypeError(
                f"batch must be a text that names the batch, got {batch!r}", hint="use its date, for instance."
            )
        season = self._season(season)
        layout, state = self._layout, self._state
        counts, remarks = counted(table, self.profile), new_columns(table, self.profile)
        rows = None if isinstance(table, Profile) else as_frame(table, what="batch")
        if not counts.rows:
            subjects = {"profile": self._profile_digest, "batch": batch}
            return Reading("drift-reading", [findings_.nothing(), *remarks], subjects=subjects, time=self.clock())
        groups, missing = findings_.arrived(layout, counts)
        twice = next((group for group in groups if batch in state.recent.get(group, ())), None)
        if twice is not None:
            raise BatchTakenError(
                f"batch {batch!r} was counted already for the group {twice!r}",
                hint="give every batch its own id; a repeated batch would count twice.",
            )
        own = measure(self.statistics, Batch(batch, counts, rows), groups)
        new = judged(
            state,
            Tally.of(counts),
            own,
            layout=layout,
            profile=self.profile,
            statistics=self.statistics,
            season=season,
            uniform=uniforms(draws_needed(layout), self._profile_digest, season, batch),
            tolerance=self.settings.tolerance,
        ).remembered(groups, batch)
        strongest = float((layout.weights * change_evidence(new.level)).max())
        opened = state.alarm is None and strongest >= self.settings.threshold
        if opened:
            new = replace(new, alarm=batch)
        elif state.alarm is None:
            new = replace(new, known=new.grown)
        reading = self._reading(new, batch, [*missing, *own.findings, *remarks], opened=opened)
        self._state_ = new
        return reading

    def acknowledge(self) -> None:
        """Close the open alarm: the batches held back join what is known, evidence starts at zero, the promise goes on.

        For an alarm that was false, or a change that is accepted little by little. Without an open alarm, nothing happens.
        """
        state = self._state
        if state.alarm is not None:
            self._state_ = state.quiet(state.grown)

    def rebase(self, profile: Profile | None = None) -> None:
        """Accept a change for good: compare with something new from now on; the promise starts anew.

        Parameters
        ----------
        profile : Profile, optional
            The new reference. Without one, the batches since the open alarm was raised are what is normal now; the
            longer the alarm was open, the more the monitor knows. With batch effects it then has to learn again how
            much batches vary, and sees little in the first weeks; a profile with ``batches=`` avoids that.
        """
        state = self._state
        if profile is not None:
            self.settings.check(_checked(profile), self.statistics)
            layout = self._laid_out(profile)
            known = self._learned(profile, layout)
            fresh = replace(State.start(known, len(layout.statistics)), updates=state.updates, recent=state.recent)
            self.profile, self._digest, self._layout_, self._state_ = profile, "", layout, fresh
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
            "profile": self._profile_digest,
            "settings": self.settings.to_dict(),
            "statistics": [statistic.name for statistic in self.statistics],
            "state": self._state.to_dict(),
        }

    @classmethod
    def from_state(
        cls,
        profile: Profile,
        state: Mapping[str, Any],
        *,
        statistics: Sequence[BatchStatistic] = (),
        clock: Clock = utc_now,
    ) -> Self:
        """Return a monitor that goes on exactly where `state()` was taken, with the same `statistics`.

        Raises `ProfileMismatchError` if the state belongs to another profile, and `FormatError` if it is malformed or
        was written by a newer maturekit.
        """
        try:
            digest = check_format(state, what="the state of a monitor", newest=_FORMAT)["profile"]
            if digest != _checked(profile).digest:
                raise ProfileMismatchError(
                    f"the state belongs to the profile {digest}, not to {profile.digest}",
                    hint="pass the profile that the monitor was made with, or was rebased on.",
                )
            settings = Settings.from_dict(state["settings"])
            asked = {name: getattr(settings, name) for name in Settings.__slots__}
            monitor = cls(profile, **asked, statistics=statistics, clock=clock)
            if list(state["statistics"]) != [statistic.name for statistic in statistics]:
                raise ArgumentError(
                    f"the state belongs to a monitor with the statistics {list(state['statistics'])}",
                    hint="pass the same ones, in the same order, as `statistics=`.",
                )
            restored = State.from_dict(state["state"])
            layout = monitor._layout
            fits = restored.fits(State.start(monitor._blank(profile, layout), len(layout.statistics)))
        except MaturekitError:
            raise
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError, ValueError) as error:
            raise FormatError(f"the state of a monitor is malformed: {error!r}") from error
        if not fits:
            raise FormatError("the state of a monitor is malformed: its arrays do not fit the profile")
        monitor._state_ = restored
        return monitor

    @property
    def _layout(self) -> Layout:
        if self._layout_ is None:
            self._layout_ = self._laid_out(self.profile)
        return self._layout_

    def _laid_out(self, profile: Profile) -> Layout:
        return Layout.of(profile, self.settings.groups, budget=self.settings.shares, own=self.statistics)

    @property
    def _state(self) -> State:
        if self._state_ is None:
            self._state_ = State.start(self._learned(self.profile, self._layout), len(self._layout.statistics))
        return self._state_

    @property
    def _profile_digest(self) -> str:
        if not self._digest:
            self._digest = self.profile.digest
        return self._digest

    def _blank(self, profile: Profile, layout: Layout) -> Knowledge:
        batches = sum(len(part.batches) for part in seasons_of(profile).values())
        wanted = batches >= _FEWEST_BATCHES if self.settings.batch_effects is None else self.settings.batch_effects
        return Knowledge.blank(profile, layout, batch_effects=wanted)

    def _learned(self, profile: Profile, layout: Layout) -> Knowledge:
        """Return what the reference tells, with the numbers of its own batches as far as counts give them."""
        known = self._blank(profile, layout).learned(profile, layout)
        bags = {season: learned_bags(self.statistics, whole.batches) for season, whole in seasons_of(profile).items()}
        return replace(known, bags=bags) if self.statistics else known

    def _season(self, season: str | None) -> str:
        classes = self.profile.classes
        if not classes:
            if season is not None:
                raise ArgumentError(
                    f"season {season!r} was given, but the profile has no classes",
                    hint="make it with `Profile.of(frame, classes=...)`.",
                )
            return ""
        if season is None:
            raise ArgumentError(
                "the profile has season classes, so every batch needs its season",
                hint=f"pass season= one of {', '.join(map(repr, list(classes)[:10]))}.",
            )
        if season not in classes:
            raise NotFoundError.named("season class", str(season), known=classes)
        return season

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
        subjects = {"profile": self._profile_digest, "batch": batch}
        return Reading("drift-reading", [alarm, *found, *findings], subjects=subjects, time=self.clock())

    def __repr__(self) -> str:
        """Return the promise and whether an alarm is open."""
        alarm = f", alarm open since {self.alarm!r}" if self.alarm else ""
        return f"Monitor({len(self.profile.columns)} columns, {self.settings.false_alarms_per_year:g} false alarms a year{alarm})"


def _checked(profile: Profile) -> Profile:
    if not isinstance(profile, Profile):
        raise ArgumentTypeError(
            f"profile must be a Profile, got {type(profile).__name__}", hint="make one with `Profile.of(frame)`."
        )
    return profile
