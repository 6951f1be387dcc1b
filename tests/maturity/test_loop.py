"""The whole loop with the real blocks: the assessment before and after cites what happened between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from maturekit import Column, Profile, Registry, Schema, assess
from maturekit.errors import PromotionRefusedError
from maturekit.governance import BetterThanChampion, MetricFloor, Policy, SchemaAttached, compare
from maturekit.monitoring import performance
from maturekit.predictions import Entry, Log
from maturekit.registry import fingerprint
from maturekit.reports import Certainty, Finding, Report
from maturekit.storage import MemoryStore
from maturekit.validation import validate


def flights(n, seed, *, wind_matters=False):
    """A table in which distance tells whether a flight is late; after a change wind does."""
    numbers = np.random.default_rng(seed)
    frame = pd.DataFrame({"distance": numbers.normal(size=n), "wind": numbers.normal(size=n)})
    cause = frame["wind"] if wind_matters else frame["distance"]
    return frame, (cause + numbers.normal(size=n) > 0).to_numpy()


def test_from_frame_to_assessment():
    moment = datetime(2013, 1, 1, tzinfo=UTC)

    def clock():
        nonlocal moment
        moment += timedelta(hours=1)
        return moment

    registry = Registry(MemoryStore(), actor="ada", clock=clock)
    policy = Policy(
        "weekly", [SchemaAttached(), MetricFloor("roc_auc", 0.6), BetterThanChampion("roc_auc")], clock=clock
    )
    schema = Schema({"distance": Column("float"), "wind": Column("float")})

    def register(frame, late, **facts):
        return registry.register(
            "late",
            LogisticRegression().fit(frame, late),
            schema=schema,
            profile=Profile.of(frame),
            metrics={"roc_auc": 0.75},
            evidence=[validate(frame, schema)],
            fingerprint=fingerprint(frame),
            revision="a" * 40,
            **facts,
        )

    def promote(version):
        return registry.promote(version, to="production", policy=policy, actor="ada", reason="the policy decides")

    # Before: one version, let in by the policy; nobody held production, so there was nothing to compare with.
    first = register(*flights(500, seed=1))
    promote(first)
    before = assess(registry)
    assert (before.stage, [step.criterion for step in before.next_steps]) == (2, ["challenger-compared"])

    # A retrain without gain is refused, with the comparison as the reason.
    same = register(*flights(500, seed=2))
    fresh, late = flights(600, seed=3)
    registry.attach(same, compare(first, same, fresh, late, clock=clock))
    with pytest.raises(PromotionRefusedError, match="better-than-champion:roc_auc not enough evidence"):
        promote(same)

    # Production: predictions are recorded, labels come later, drift is read, and the world changes.
    log = Log(MemoryStore(), clock=clock)
    seen, truth = flights(600, seed=4, wind_matters=True)
    score = first.load().predict_proba(seen)[:, 1]
    log.write(Entry(seen, key={"flight": np.arange(600)}, prediction=score > 0.5, score=score, digest=first.digest))
    log.label(pd.DataFrame({"flight": np.arange(600), "late": truth}), column="late")
    realised = performance(log, "roc_auc", "month", clock=clock)
    assert realised.by_period()["high"][0] < 0.6
    watched = registry.attach(first, realised)
    finding = Finding("alarm", "failed", value=2000.0, certainty=Certainty(5.0, "years between false alarms"))
    alarm = registry.attach(first, Report("drift-reading", [finding], subjects={"batch": "2013-01-02"}, time=clock()))

    # The answer: retrained because of the alarm, shown to be better on the same rows, let in; a rollback is rehearsed.
    answer = register(*flights(500, seed=5, wind_matters=True), cause=alarm)
    shown = registry.attach(answer, compare(first, answer, seen, truth, clock=clock))
    promote(answer)
    back = registry.rollback("late", alias="production", actor="ada", reason="rehearsal")
    again = promote(answer)

    after = assess(registry)
    cited = {one.criterion: one.evidence for one in after.criteria}
    assert after.stage == 5
    assert cited["promoted-by-policy"] == (again.id,)
    assert cited["challenger-compared"] == (shown.id, again.id)
    assert cited["performance-watched"] == (watched.id,)
    assert cited["drift-watched"] == (alarm.id,)
    assert cited["rollback-shown"] == (back.id,)
    assert cited["alarm-answered"] == (alarm.id, answer.event_id, again.id)
    assert cited["answer-better"] == (alarm.id, shown.id, again.id)
    assert registry.verify().ok
