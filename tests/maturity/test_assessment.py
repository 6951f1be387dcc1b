"""The assessment: the stage follows from what is proven, each line cites its event, the cheapest step comes first."""

from __future__ import annotations

import pytest

from maturekit import Registry, assess
from maturekit.errors import ArgumentError, ArgumentTypeError, RegistryNotFoundError
from maturekit.events import Draft, EventLog
from maturekit.maturity import CRITERIA, STAGES, Assessment, Criterion, Evidence, Judgement, Proof
from maturekit.storage import MemoryStore


class Histories:
    """As much of a registry as an assessment reads."""

    def __init__(self, **histories):
        self.logs = {}
        for name, drafts in histories.items():
            log = EventLog(MemoryStore(), f"model/{name}")
            for draft in drafts:
                log.append(draft)
            self.logs[name] = log

    def names(self):
        return sorted(self.logs)

    def history(self, name):
        return self.logs[name].events()


def version(number, *, cause=None, **body):
    full = {
        "number": number,
        "metrics": {"roc_auc": 0.7},
        "schema": "sha256:s",
        "profile": "sha256:p",
        "fingerprint": "sha256:d",
        "revision": {"commit": "abc"},
    }
    return Draft("version", body=full | body, actor="ada", cause=cause)


def report(number, kind, verdict="passed"):
    return Draft("report", body={"version": number, "kind": kind, "verdict": verdict}, actor="ada")


def move(old, new, policy="weekly"):
    body = {"alias": "production", "from": old, "to": new, "policy": policy, "verdict": policy and "passed"}
    return Draft("alias", body=body, actor="ada")


PILOT = [version(1), report(1, "validation")]
DEPLOYED = [*PILOT, move(None, 1)]
WHOLE_LOOP = [
    *DEPLOYED,  # events 1 to 3
    report(1, "performance"),
    Draft("alarm", body={"version": 1}, actor="ada"),
    version(2, cause="model/late/5"),
    report(2, "validation"),
    report(2, "comparison"),
    move(1, 2),
    move(2, 1, policy=None),  # a rollback ...
    move(1, 2),  # ... and back
    report(2, "performance"),
]


def stage_of(drafts):
    return assess(Histories(late=drafts)).stage


def test_the_stage_rises_with_what_is_proven():
    assert [stage_of(drafts) for drafts in ([version(1, schema=None)], PILOT, DEPLOYED, WHOLE_LOOP)] == [1, 2, 2, 5]


@pytest.mark.parametrize("missing", CRITERIA, ids=lambda criterion: criterion.name)
def test_a_stage_needs_every_criterion_of_it_and_of_all_lower_ones(missing):
    def judged(criterion, status):
        return Judgement(criterion.name, criterion.stage, criterion.asks, status, (), criterion.step, criterion.effort)

    for status in ("missing", "declared", "could_not_run"):
        found = Assessment("late", tuple(judged(one, status if one is missing else "proven") for one in CRITERIA))
        assert found.stage == max(1, missing.stage - 1)
        assert [step.criterion for step in found.next_steps] == [missing.name]


def test_before_and_after_the_loop_each_line_cites_its_events():
    before, after = (assess(Histories(late=drafts)) for drafts in (PILOT, WHOLE_LOOP))
    assert (before.stage, after.stage) == (2, 5)
    assert [step.criterion for step in before.next_steps] == ["promoted-by-policy", "challenger-compared"]
    cited = {one.criterion: one.evidence for one in after.criteria}
    assert cited["promoted-by-policy"] == ("model/late/11",)
    assert cited["challenger-compared"] == ("model/late/8", "model/late/11")
    assert cited["performance-watched"] == ("model/late/12",)
    assert cited["drift-watched"] == ("model/late/5",)
    assert cited["rollback-shown"] == ("model/late/10",)
    assert cited["alarm-answered"] == ("model/late/5", "model/late/6", "model/late/11")
    assert cited["answer-better"] == ("model/late/5", "model/late/8", "model/late/11")
    assert after.next_steps == ()


def test_a_declared_promotion_does_not_count():
    drafts = [version(1), report(1, "validation"), move(None, 1, policy=None)]
    found = assess(Histories(late=drafts))
    assert found.stage == 2
    assert next(one for one in found.criteria if one.criterion == "promoted-by-policy").status == "declared"
    assert "~ declared" in str(found)


def test_next_steps_are_the_cheapest_first_and_of_the_next_stage_only():
    found = assess(Histories(late=[version(1, schema=None, profile=None, revision=None)]))
    assert [(step.criterion, step.effort) for step in found.next_steps] == [
        ("profile-attached", 0.5),
        ("origin-known", 0.5),
        ("data-checked", 1.0),
        ("contract-attached", 2.0),
    ]
    assert {step.stage for step in found.next_steps} == {2}


def test_the_most_mature_model_is_shown_and_the_others_are_counted():
    found = assess(Histories(late=WHOLE_LOOP, churn=DEPLOYED, fraud=[version(1, metrics={})]))
    assert (found.model, dict(found.stages)) == ("late", {"churn": 2, "fraud": 1, "late": 5})
    assert str(found).startswith("Maturity of 'late': stage 5 of 5, continuous optimisation (1 of 3 models)")


def test_evidence_is_never_pooled_over_models():
    # together they would have everything of stage 2, apart neither has
    found = assess(Histories(a=[version(1, schema=None), report(1, "validation")], b=[version(1, profile=None)]))
    assert found.stage == 1


def test_no_model_is_stage_one_with_a_first_step():
    found = assess(Histories())
    assert (found.model, found.stage) == ("", 1)
    assert found.next_steps[0].criterion == "version-registered"
    assert "no model is registered yet" in str(found)


def test_a_registry_that_is_not_there_is_an_error_and_no_stage():
    registry = Registry(MemoryStore())
    with pytest.raises(RegistryNotFoundError):
        assess(registry)


def test_the_page_of_text_has_every_stage_and_criterion():
    text = str(assess(Histories(late=DEPLOYED)))
    for stage in STAGES:
        assert f"\n{stage}\n" in text
    for criterion in CRITERIA:
        assert criterion.name in text
    assert "Next steps towards stage 3, the cheapest first:" in text
    assert max(map(len, text.splitlines())) <= 160


def test_the_table_of_a_notebook_escapes_what_it_shows():
    hostile = Judgement("<b>", 1, "<script>alert(1)</script>", "missing", (), "<img src=x>", 1.0)
    page = Assessment("<late>", (hostile,))._repr_html_()
    assert "<script>" not in page and "<img" not in page and "<b>" not in page
    assert "&lt;script&gt;" in page and 'scope="col"' in page and 'lang="en"' in page


def test_the_frame_has_one_row_a_criterion():
    frame = assess(Histories(late=DEPLOYED)).to_frame()
    assert list(frame.columns) == ["stage", "criterion", "status", "evidence", "asks", "step", "effort"]
    assert len(frame) == len(CRITERIA)
    assert frame.set_index("criterion").loc["promoted-by-policy", "evidence"] == "model/late/3"


def test_a_user_s_criterion_is_asked_with_the_others():
    class Approved(Criterion):
        stage, asks, step, effort = 1, "somebody approved it", "ask the owner", 3.0

        def _look(self, evidence):
            return Proof(evidence.of("approval"))

    found = assess(Histories(late=PILOT), criteria=[*CRITERIA, Approved()])
    assert found.stage == 1
    assert [step.criterion for step in found.next_steps] == ["approved"]


def test_another_alias_may_be_the_one_that_counts():
    drafts = [
        *PILOT,
        Draft("alias", body={"alias": "live", "from": None, "to": 1, "policy": "p", "verdict": "passed"}, actor="ada"),
    ]
    found = {one.criterion: one.status for one in assess(Histories(late=drafts), alias="live").criteria}
    assert found["promoted-by-policy"] == "proven"


def test_the_version_that_counts_is_the_one_in_production_else_the_newest():
    assert Evidence("late").current is None
    for drafts, number in (([version(1), version(2)], 2), ([version(1), version(2), move(None, 1)], 1)):
        assert Evidence("late", Histories(late=drafts).history("late")).current.body["number"] == number
    released = [
        version(1),
        version(2),
        move(None, 1),
        Draft("alias", body={"alias": "production", "from": 1, "to": None}),
    ]
    assert Evidence("late", Histories(late=released).history("late")).current.body["number"] == 2


def test_aliases_that_changed_places_count_for_both():
    half = {"alias": "challenger", "from": 2, "to": 1}
    swap = Draft("alias", body={"alias": "production", "from": 1, "to": 2, "swap": half})
    history = Histories(late=[version(1), version(2), move(None, 1), swap]).history("late")
    assert [event.body["to"] for event in Evidence("late", history).moves] == [1, 2]
    assert [event.body["to"] for event in Evidence("late", history, alias="challenger").moves] == [1]
    assert Evidence("late", history, alias="challenger").current.body["number"] == 1


def test_what_is_no_criterion_is_refused():
    with pytest.raises(ArgumentTypeError, match="instances of Criterion"):
        assess(Histories(), criteria=["contract"])
    with pytest.raises(ArgumentError, match="no criteria were given"):
        assess(Histories(), criteria=[])

    class Sixth(Criterion):
        stage, asks, step, effort = 6, "a", "b", 1.0

        def _look(self, evidence):
            return Proof()

    with pytest.raises(ArgumentError, match="stage 6; stages are 1 to 5"):
        assess(Histories(), criteria=[Sixth()])
