"""A challenger answers the same aside, and only the report and the log tell."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from maturekit.deployment import Answer, Call, Guarded, Live
from maturekit.deployment.shadow.shadowed import Shadowed
from maturekit.errors import ArgumentError, ArgumentTypeError, RejectedRecordError
from maturekit.predictions import Log
from maturekit.registry import Registry
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

FRAME = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "id": ["a", "b", "c", "d"]})


class Twice:
    """Says twice the column ``x``, and remembers who asked what."""

    def __init__(self, factor=2.0):
        self.factor = factor
        self.seen = []

    def predict(self, X):
        self.seen.append((threading.current_thread(), X.copy()))
        return self.factor * X["x"].to_numpy(dtype=float)


class Gated(Twice):
    """Waits until it may go on."""

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()

    def predict(self, X):
        assert self.gate.wait(20)
        return super().predict(X)


def constant(value):
    return DummyRegressor(strategy="constant", constant=value).fit(FRAME[["x"]], np.zeros(4))


def shadowed(champion, challenger, **more):
    return Shadowed(champion, challenger, **{"seconds": 60.0, "duty": 1.0, **more})


def found(service):
    service.close()
    return {finding.rule: finding for finding in service.report().findings}


def test_the_champion_answers_and_the_challenger_is_asked_the_same_in_another_thread():
    champion, challenger = Twice(), Twice(3.0)
    service = shadowed(champion, challenger)
    assert service.predict(FRAME).tolist() == [0.0, 2.0, 4.0, 6.0]
    assert service.predict_one({"x": 5.0}) == 10.0
    service.close()
    assert {thread for thread, _ in champion.seen} == {threading.current_thread()}
    assert threading.current_thread() not in {thread for thread, _ in challenger.seen}
    assert [table["x"].tolist() for _, table in challenger.seen] == [[0.0, 1.0, 2.0, 3.0], [5.0]]


def test_the_report_says_how_much_the_two_differ():
    service = shadowed(Twice(2.0), Twice(3.0))
    service.predict(FRAME)  # 0, 2, 4, 6 beside 0, 3, 6, 9
    service.predict_one({"x": -6.0})  # -12 beside -18
    findings = found(service)
    assert findings["agreement"].value == 1 / 5
    assert findings["agreement"].message == "4 of 5 rows differ"
    assert findings["mean-difference"].value == (0 + 1 + 2 + 3 - 6) / 5
    assert findings["mean-absolute-difference"].value == (0 + 1 + 2 + 3 + 6) / 5
    assert findings["time"].value > 0
    assert [findings[rule].value for rule in ("one-sided", "incomparable", "raised", "late", "dropped")] == [0] * 5
    assert service.report().ok


def test_a_tolerance_says_which_numbers_agree():
    service = shadowed(Twice(2.0), Twice(3.0), tolerance=2.0)
    service.predict(FRAME)
    assert found(service)["agreement"].value == 3 / 4


def test_before_anything_was_compared_the_report_says_so():
    report = shadowed(Twice(), Twice()).report()
    assert report.findings[0].status == "not_enough_evidence"
    assert report.ok


def test_labels_are_compared_exactly_and_of_probabilities_the_second_class():
    def prior(labels):
        return DummyClassifier(strategy="prior").fit(np.zeros((len(labels), 1)), labels)

    service = shadowed(prior(["no", "no", "no", "yes"]), prior(["no", "yes", "yes", "yes"]))
    service.predict(np.zeros((2, 1)))
    assert found(service)["agreement"].value == 0.0
    assert "mean-difference" not in found(service)
    service.predict_proba(np.zeros((2, 1)))
    findings = found(service)
    assert findings["mean-difference"].value == 0.5
    assert findings["mean-absolute-difference"].value == 0.5


def test_a_row_that_one_of_them_refuses_is_one_sided():
    strict = Guarded(Twice(), schema=Schema({"x": Column("float", le=1.5)}))
    service = shadowed(Twice(), strict)
    service.predict(FRAME)
    findings = found(service)
    assert (findings["one-sided"].value, findings["one-sided"].status) == (2, "failed")
    assert findings["agreement"].value == 1.0
    assert service.report().ok  # a warning: nobody was harmed


def test_outputs_of_different_shape_are_not_compared():
    service = shadowed(
        constant(1.0), DummyRegressor(strategy="constant", constant=[1.0, 2.0]).fit(FRAME[["x"]], np.zeros((4, 2)))
    )
    service.predict(FRAME[["x"]])
    assert found(service)["incomparable"].value == 4


def test_the_log_keeps_what_the_challenger_said():
    log = Log(MemoryStore())
    service = shadowed(Twice(2.0), Twice(3.0), log=log, key="id")
    answer = service.handle(Call(frame=FRAME, request="r"))
    service.handle(Call(record={"x": 7.0, "id": "e"}))
    service.close()
    table = log.frame()
    assert table["prediction"].tolist() == [0.0, 3.0, 6.0, 9.0, 21.0]
    assert table["id"].tolist() == ["a", "b", "c", "d", "e"]
    assert table["request"].tolist()[:4] == ["r"] * 4
    assert set(table["arm"]) == {"challenger"}
    assert answer.arm == ""


def test_both_sides_of_a_call_have_one_request():
    asked = []
    service = shadowed(Twice(2.0), Twice(3.0), on_difference=lambda call, *answers: asked.append((call, *answers)))
    champion = service.handle(Call(record={"x": 1.0}))
    service.close()
    ((call, first, second),) = asked
    assert champion.request == call.request == first.request == second.request
    assert (first.one(), second.one(), second.arm) == (2.0, 3.0, "challenger")


def test_the_hook_is_called_only_for_what_differs_and_may_fail():
    calls = []

    def hook(call, first, second):
        calls.append((first.values.tolist(), second.values.tolist()))
        raise ValueError("of the hook")

    service = shadowed(Twice(2.0), Twice(3.0), on_difference=hook)
    service.predict(FRAME[:1])
    service.predict(FRAME[1:2])
    findings = found(service)
    assert calls == [([2.0], [3.0])]
    assert findings["raised"].message == "ValueError (1)"


def test_what_changes_after_the_answer_does_not_reach_the_challenger():
    log, gated = Log(MemoryStore()), Gated()
    service = Guarded(
        shadowed(Twice(), gated, log=log, key="id"),
        schema=Schema({"x": Column("float"), "id": Column("string", role="key")}),
    )
    frame, record = FRAME.copy(), {"x": 5.0, "id": "e"}
    answer = service.handle(Call(frame=frame))
    service.predict_one(record)
    values = np.asarray(answer.values)
    if values.flags.writeable:
        values[:] = -1.0
    answer.values = None
    frame.loc[:, "x"], frame.loc[:, "id"] = 9.0, "z"
    record.update(x=9.0, id="z")
    gated.gate.set()
    inner = service.model
    assert found(inner)["agreement"].value == 1.0
    table = log.frame()
    assert table["id"].tolist() == ["a", "b", "c", "d", "e"]
    assert table["prediction"].tolist() == [0.0, 2.0, 4.0, 6.0, 10.0]


@pytest.mark.parametrize("kind", [np.array, list], ids=["array", "list"])
def test_arrays_and_lists_are_kept_from_changes_too(kind):
    class Sum(Gated):
        def predict(self, X):
            assert self.gate.wait(20)
            return np.asarray(X).sum(axis=1)

    gated = Sum()
    service = shadowed(constant(3.0), gated)
    table = kind([[1.0, 2.0]])
    service.predict(table)
    table[0][0] = 7.0
    gated.gate.set()
    assert found(service)["agreement"].value == 1.0


def test_only_a_share_of_the_calls_is_shadowed():
    challenger = Twice()
    service = shadowed(Twice(), challenger, share=0.5)
    drawn = iter([0.49, 0.5, 0.0, 0.99])
    service._drawn = lambda: next(drawn)
    for value in (1.0, 2.0, 3.0, 4.0):
        service.predict_one({"x": value})
    service.close()
    assert [table["x"].tolist() for _, table in challenger.seen] == [[1.0], [3.0]]


def test_what_is_drawn_is_the_stated_share():
    service = shadowed(constant(1.0), constant(1.0), share=0.25)
    drawn = sum(service._drawn() < service.share for _ in range(10_000))
    assert 2000 < drawn < 3000  # more than 11 standard deviations to each side


def test_a_share_of_nothing_asks_nothing():
    challenger = Twice()
    service = shadowed(Twice(), challenger, share=0.0)
    service.predict(FRAME)
    service.close()
    assert challenger.seen == []


def test_each_pair_of_versions_has_its_own_report():
    registry = Registry(MemoryStore(), actor="ada")
    for value in (1.0, 2.0, 4.0):
        registry.register("steady", constant(value))
    for alias, number in (("production", 1), ("candidate", 2)):
        registry.promote(registry[f"steady:{number}"], to=alias, actor="ada", reason="test")
    champion, challenger = (
        Live(registry, f"steady@{alias}", refresh_seconds=0) for alias in ("production", "candidate")
    )
    service = shadowed(champion, challenger)
    service.predict(FRAME[["x"]])
    assert found(service)["mean-difference"].value == 1.0
    registry.promote(registry["steady:3"], to="candidate", actor="ada", reason="test")
    service.predict(FRAME[["x"]])
    assert found(service)["mean-difference"].value == 3.0
    assert dict(service.report().subjects) == {
        "champion": registry["steady:1"].digest,
        "challenger": registry["steady:3"].digest,
    }


def test_what_the_champion_raises_is_raised_and_the_challenger_is_not_asked():
    class Broken:
        def predict(self, X):
            raise KeyError("champion")

    challenger = Twice()
    service = shadowed(Broken(), challenger)
    with pytest.raises(KeyError, match="champion"):
        service.predict(FRAME)
    service.close()
    assert challenger.seen == []


def test_inside_a_guard_refused_records_reach_neither():
    challenger = Twice()
    service = Guarded(shadowed(Twice(), challenger), schema=Schema({"x": Column("float", ge=0)}))
    with pytest.raises(RejectedRecordError):
        service.predict_one({"x": -1.0})
    assert service.predict_one({"x": 1.0}) == 2.0
    service.close()
    assert [table["x"].tolist() for _, table in challenger.seen] == [[1.0]]


def test_an_event_loop_waits_for_the_champion_only():
    import asyncio

    gated = Gated()
    service = shadowed(Twice(), gated)
    assert asyncio.run(service.apredict_one({"x": 4.0})) == 8.0
    gated.gate.set()
    assert found(service)["agreement"].value == 1.0


def test_a_wrapper_as_champion_keeps_its_answer_whatever_it_says():
    class Filled(Shadowed):
        pass

    marks = {0: ("filled", ("test",))}

    class Own(Guarded):
        def _handle(self, call, inward):
            return Answer(np.array([1.0]), rows=1, marks=marks)

    answer = Filled(Own(Twice()), Twice()).handle(Call(frame=FRAME[:1]))
    assert answer.status == ["filled"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"share": 1.5}, "share must be between 0 and 1, got 1.5"),
        ({"share": float("nan")}, "share must be between 0 and 1, got nan"),
        ({"duty": 0.0}, "duty must be above 0 and at most 1, got 0.0"),
        ({"duty": 1.5}, "duty must be above 0 and at most 1, got 1.5"),
        ({"tolerance": float("nan")}, "tolerance must not be negative, got nan"),
        ({"seconds": 0}, "seconds must be positive, got 0"),
        ({"workers": -1}, "workers must be positive, got -1"),
        ({"waiting": 0}, "waiting must be positive, got 0"),
        ({"hung": 0}, "hung must be positive, got 0"),
    ],
)
def test_arguments_are_checked(wrong, words):
    with pytest.raises(ArgumentError, match=words):
        Shadowed(Twice(), Twice(), **wrong)


def test_arguments_of_a_wrong_type_are_refused():
    with pytest.raises(ArgumentTypeError, match="on_difference must be a function, got str"):
        shadowed(Twice(), Twice(), on_difference="print")
    with pytest.raises(ArgumentTypeError, match="a wrapper goes around a fitted model, got int"):
        shadowed(Twice(), 3)
    with pytest.raises(ArgumentTypeError, match="log must be"):
        shadowed(Twice(), Twice(), log="folder")
