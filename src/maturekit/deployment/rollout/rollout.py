"""A canary that moves its own share: up while nothing speaks against it, to all when proven, to none when worse."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from maturekit._core.arguments import check_number
from maturekit._core.clock import Clock, as_utc, utc_now
from maturekit._core.locks import ForkLock
from maturekit._core.logs import logger
from maturekit.deployment.answer import Answer
from maturekit.deployment.call import Call
from maturekit.deployment.canary import Divided
from maturekit.deployment.contract import Contract
from maturekit.deployment.rollout.ledger import Ledger, Standing
from maturekit.deployment.rollout.notes import status_of
from maturekit.deployment.rollout.outcomes import LossLike, keys_in, losses_of
from maturekit.deployment.rollout.plan import RolloutPlan
from maturekit.deployment.rollout.release import Release
from maturekit.deployment.rollout.steps import Next, keys_of_challenger, next_step, report_of
from maturekit.deployment.rollout.watch import Watch
from maturekit.deployment.split import Split
from maturekit.deployment.wrapper import Inward, example_model
from maturekit.errors import ArgumentError, ArgumentTypeError, PromotionRefusedError
from maturekit.events import Draft, Event, Head
from maturekit.predictions import Log
from maturekit.registry.checks import checked_line
from maturekit.reports import Report
from maturekit.storage import Place

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from maturekit.deployment.row_path import RowPath

__all__ = ["Rollout"]


class Rollout(Divided):
    """Let a challenger answer a growing share of the keys, until its outcomes promote it or roll it back.

    Keys are divided as in `Canary`. Every call tells the guard rails whether it failed, was rejected or slow; outcomes
    come by `observe` or `learn`. The plan says what decides, and how sure it is (`RolloutPlan`). Every step is an event: in
    the rollout's own history (`history`), and, with a `release`, as a report of the challenger's version in the
    registry; a promotion moves the alias there.

    All processes with the same place and name are one rollout: they count together, and follow each other's steps
    within `look_seconds`. A restart goes on where it was. What calls told the guard rails since the last look is lost
    with a process that dies; outcomes are safe when `observe` returns. While the store cannot be reached, the share
    stays as it is; before it was reached once, the champion answers everything. Neither fails a call.

    Evidence counts each key once at each share, so use a key of what is independent: customers, not their clicks. It
    goes by whom a key was assigned to; where a process is late to follow a step, differences look a little smaller.

    Safe for several threads if the models are. The work is done by one thread of its own, which begins at the first
    call.

    Parameters
    ----------
    model : estimator or Wrapper
        The champion.
    challenger : estimator or Wrapper
        The other one, as for `Canary`.
    key : str
        The column that decides who answers.
    place : str, path or Store
        Where the rollout keeps its history; several may share one.
    name : str
        Name of the rollout, 1 to 64 characters of a-z, 0-9, dot, underscore and hyphen. It is the salt as well.
    plan : RolloutPlan, optional
        What decides.
    release : Release, optional
        What to do in a registry.
    look_seconds : float, default 30.0
        How often this process counts, looks and follows, and soon after a call that raised; while calls come in, a
        look leaves about 3 kilobytes in the history. Infinity: only when `step` is called.
    clock : callable, optional
        Returns the present moment, aware; UTC now by default.

    Examples
    --------
    Outcomes of 200 customers, of whom each gets one of two models; the new one is always wrong:

    >>> import pandas as pd
    >>> from sklearn.dummy import DummyClassifier
    >>> from maturekit.storage import MemoryStore
    >>> old, new = (DummyClassifier(strategy="constant", constant=value).fit([[0], [1]], [0, 1]) for value in (0, 1))
    >>> plan = RolloutPlan(shares=(0.5,))
    >>> rollout = Rollout(old, new, key="customer", place=MemoryStore(), name="new-model", plan=plan, look_seconds=1e9)
    >>> customers = pd.DataFrame({"customer": range(200)})
    >>> wrong = rollout.predict(customers)
    >>> bool(80 < wrong.sum() < 120)
    True
    >>> rollout.observe(customers["customer"], wrong)
    200
    >>> rollout.step().decision
    'rolled back'
    >>> int(rollout.predict(customers).sum())
    0
    >>> rollout.close()
    """

    def __init__(
        self,
        model: Any,
        challenger: Any,
        *,
        key: str,
        place: Place,
        name: str,
        plan: RolloutPlan | None = None,
        release: Release | None = None,
        look_seconds: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(model, challenger, key=key, salt=name)
        for what, value, kind in (("plan", plan, RolloutPlan), ("release", release, Release)):
            if value is not None and not isinstance(value, kind):
                raise ArgumentTypeError(f"{what} must be a {kind.__name__}, got {type(value).__name__}")
        if clock is not None and not callable(clock):
            raise ArgumentTypeError(f"clock must be callable, got {type(clock).__name__}")
        check_number(look_seconds, what="look_seconds")
        if not look_seconds > 0:
            raise ArgumentError(f"look_seconds must be positive, got {look_seconds!r}")
        self.place = place
        self.name = name
        self.plan = plan
        self.release = release
        self.look_seconds = look_seconds
        self.clock = clock
        self._plan = plan or RolloutPlan()
        self._now = clock or utc_now
        self._ledger = Ledger(place, name, plan=self._plan, clock=self._now)
        self._at = (0.0, b"")
        """The share, and the place below which a key gets the challenger."""
        self._stepping = ForkLock()
        self._watch = Watch(self)

    @property
    def share(self) -> float:
        """The share of the keys that the challenger gets in this process now."""
        return self._at[0]

    def observe(self, keys: Iterable[Any], losses: ArrayLike, *, times: Sequence[datetime] | None = None) -> int:
        """Count outcomes, and return how many were news; they are durable when this returns.

        A key counts once at each share, and no more once the challenger had it. Outcomes of keys that were answered
        before the rollout began, or after it ended, do not count.

        Parameters
        ----------
        keys : sequence
            The values of the key column.
        losses : array of float
            How bad each answer was, in the units of the plan; never nan.
        times : sequence of datetime, optional
            When the model answered, aware; now by default, which is right where outcomes come at once. It tells which
            share held then.
        """
        for what, value in (("keys", keys), ("times", () if times is None else times)):
            if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
                raise ArgumentTypeError(f"{what} must be one for each outcome, got {type(value).__name__}")
        self._follow(self._ledger.begin())
        given = list(keys)
        scaled = self._plan.scaled(losses)
        moments = [self._now()] * len(given) if times is None else list(times)
        if scaled.shape != (len(given),) or len(moments) != len(given):
            raise ArgumentError(
                f"{len(given)} keys need as many losses and times, got {scaled.shape} and {len(moments)}"
            )
        places = self._split.places(given)
        known = [row for row, place in enumerate(places) if place is not None]
        packed = b"".join(places[row] for row in known)  # type: ignore[misc]  # those that are not None
        return self._ledger.count_outcomes(packed, scaled[known], [moments[row] for row in known])

    def learn(
        self, log: Log, loss: LossLike, *, label: str | None = None, positive: Any = None, since: datetime | None = None
    ) -> int:
        """Count the outcomes that a log of predictions knows by now, and return how many were news.

        Call it as often as you like. Of each key the first row at each share counts. A labelled row without an answer
        has the greatest loss. When a label comes must not depend on what it says.

        Parameters
        ----------
        log : predictions.Log
            Whose records hold the key: `Recorded(key=...)`, or as an input.
        loss : name, metric or function
            ``"accuracy"``, ``"neg_brier_score"``, another metric that is a mean of rows, or a function that takes rows of
            `Log.frame` and returns the loss of each.
        label : str, optional
            Which label, where the log holds several.
        positive : label, optional
            Which label is positive, where that is asked.
        since : datetime, optional
            Leave out earlier predictions; by default those before the rollout began.
        """
        if not isinstance(log, Log):
            raise ArgumentTypeError(f"log must be a predictions.Log, got {type(log).__name__}")
        if since is not None:
            since = as_utc(since, what="since")
        standing = self._ledger.begin()
        began = standing.shares[0][0]
        keys: list[Any] = []
        losses: list[float] = []
        times: list[datetime] = []
        for frame in log.frames(since=began if since is None else max(since, began), label=label):
            rows = frame[frame["label"].notna().to_numpy(dtype=bool)]
            if len(rows):
                keys += keys_in(rows, self.key).tolist()
                losses += losses_of(rows, loss, worst=self._plan.losses[1], positive=positive).tolist()
                times += [time.to_pydatetime() for time in rows["time"]]
        return self.observe(keys, losses, times=times) if keys else 0

    def step(self) -> Standing:
        """Count what the calls of this process told, take the step that is due, and return where the rollout stands.

        The thread of the rollout does this every `look_seconds`; here it is done now, and what hinders is raised.
        """
        with self._stepping:
            # A store that cannot be reached fails here, and what waits goes on waiting.
            self._follow(self._ledger.begin())
            rows = self._watch.notes.rows(slow_seconds=self._plan.slow_seconds)
            wanted = {name: more for name, more in rows.items() if name in self._plan.begin()}
            if wanted:
                self._ledger.count(wanted)
            self._advance()
            standing = self._ledger.begin()
            self._follow(standing)
            return standing

    def stop(self, *, reason: str) -> Standing:
        """End the rollout by hand: the champion answers everything again, in every process at its next look."""
        self._decide(Next(0.0, checked_line(reason, what="reason"), "stopped"))
        return self.step()

    def _open(self) -> None:
        """Learn where the rollout stands, as a first call does."""
        self._follow(self._ledger.begin())

    def report(self) -> Report:
        """Return where the rollout stands, as a report of kind ``"rollout"``; counts and decides nothing."""
        return self._report(self._ledger.begin())

    def history(self) -> tuple[Event, ...]:
        """Return every event of the rollout, oldest first: ``begun``, ``counted``, ``share``, ``claimed``, ``decided``."""
        return self._ledger.events()

    def _handle(self, call: Call, inward: Inward) -> Answer:
        if not self._watch.running:
            self._watch.begin()
        share, limit = self._at
        if not 0.0 < share < 1.0:
            return self._challenged(call) if share else self._all(call, inward)
        if call.record is None:
            return self._handle_noted(call, inward, share, limit)
        key = call.key(self.key)
        place = self._placed(key) if type(key) is str else None
        if place is None:
            place = self._place(key)
            if place is None:
                return self._all(call, inward)
        inside = place < limit
        started = time.perf_counter()
        try:
            if inside:
                answer = self._challenged(call)
            else:
                answer = inward(call)
                answer.arm = "champion"
        except Exception:
            self._watch.notes.take((place, inside, share, "failed", math.nan))
            self._watch.hurry()
            raise
        seconds = time.perf_counter() - started
        status = status_of(answer.marks, 0) if answer.marks else "ok"
        self._watch.notes.take((place, inside, share, status, seconds))
        return answer

    def _handle_noted(self, call: Call, inward: Inward, share: float, limit: bytes) -> Answer:
        places = self._places(call)
        if places is None:
            return self._all(call, inward)
        inside = Split.below(places, limit)
        notes = self._watch.notes
        try:
            answer = self._divided(call, inward, inside)
        except Exception:
            whose = bool(inside.all())  # the challenger's if all rows are its own, else the champion's
            mine = [place if row == whose else None for place, row in zip(places, inside.tolist(), strict=True)]
            notes.take_table(mine, inside.tolist(), share, "failed")
            self._watch.hurry()
            raise
        notes.take_table(places, inside.tolist(), share, answer.marks)
        return answer

    def _paths(self, contract: Contract | None) -> Iterator[RowPath]:
        self._watch.begin()  # what a first call would do
        return super()._paths(contract)

    def _close(self) -> None:
        self._watch.close()

    def _follow(self, standing: Standing) -> None:
        """Give the challenger the share that all processes have agreed on."""
        if standing.share != self._at[0]:
            self._at = (standing.share, Split.limit(standing.share))

    def _advance(self) -> None:
        """Take the step that is due, in the history and in the registry; another process may be first."""
        wish = next_step(self._ledger.begin(), self._plan, as_utc(self._now(), what="the clock's time"))
        if wish is None:
            return
        if wish.decision == "promoted" and self.release is not None:
            self._promote(wish, self.release)
        else:
            self._decide(wish)

    def _decide(self, wish: Next) -> None:
        now = as_utc(self._now(), what="the clock's time")

        def decided(head: Head) -> Draft | None:
            standing = Standing.of(head.state)
            if standing.decision or (not wish.decision and standing.share >= wish.share):
                return None
            if wish.decision != "refused" and _is_claimed(standing, now):
                return None  # it is just being promoted
            kind = "decided" if wish.decision else "share"
            body: dict[str, Any] = {"share": wish.share, "why": wish.why, "decision": wish.decision}
            body["rows_at_step"] = keys_of_challenger(standing.measures or {})
            return Draft(kind, body=body, reason=wish.why)

        if self._ledger.append(decided) is None:
            return  # another process has done it
        logger.info("rollout %s: %s (%s)", self.name, wish.decision or f"share {wish.share:g}", wish.why)
        if self.release is not None:
            self.release.reported(self.report())

    def _promote(self, wish: Next, release: Release) -> None:
        now = as_utc(self._now(), what="the clock's time")

        def claimed(head: Head) -> Draft | None:
            standing = Standing.of(head.state)
            return None if standing.decision or _is_claimed(standing, now) else Draft("claimed", reason=wish.why)

        if self._ledger.append(claimed) is None:
            return
        proven = replace(self._ledger.begin(), decision="promoted", why=wish.why)
        try:
            release.promoted(release.reported(self._report(proven)), wish.why)
        except PromotionRefusedError as refusal:
            self._decide(Next(0.0, f"the policy refused: {refusal.message}", "refused"))
        else:
            self._ledger.append(_final(wish))
            logger.info("rollout %s: promoted (%s)", self.name, wish.why)

    def _report(self, standing: Standing) -> Report:
        subjects = {} if self.release is None else self.release.subjects
        return report_of(standing, self._plan, subjects, as_utc(self._now(), what="the clock's time"))

    @classmethod
    def examples(cls) -> Iterator[Self]:
        """Yield rollouts of two equal models, whose key is a feature, or missing, in a temporary folder."""
        import tempfile  # noqa: PLC0415  # only who tests wrappers needs it

        with tempfile.TemporaryDirectory() as folder:
            plan = RolloutPlan(shares=(0.5,))
            for number, key in enumerate(("a", "id")):
                rollout = cls(
                    example_model(), example_model(), key=key, place=folder, name=f"example-{number}", plan=plan
                )
                yield rollout
                rollout.close()


def _is_claimed(standing: Standing, now: datetime) -> bool:
    return standing.claimed is not None and now - standing.claimed < _CLAIM


def _final(wish: Next) -> Callable[[Head], Draft | None]:
    def decided(head: Head) -> Draft | None:
        if Standing.of(head.state).decision:
            return None
        return Draft("decided", body={"share": 1.0, "why": wish.why, "decision": "promoted"}, reason=wish.why)

    return decided


_CLAIM = timedelta(seconds=60)
"""After so long, another process takes over a promotion that one has begun and not finished."""
