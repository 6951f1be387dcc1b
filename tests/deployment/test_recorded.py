"""Every answer is written down, and nothing that the log does is felt by a prediction."""

from __future__ import annotations

import pickle
import threading
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from maturekit.deployment import Call, Guarded, Live, Recorded, Wrapper
from maturekit.deployment.wrapper import example_model
from maturekit.errors import (
    AliasNotFoundError,
    ArgumentError,
    ArgumentTypeError,
    RejectedRecordError,
    RejectedRowsError,
    StorageError,
)
from maturekit.predictions import Log
from maturekit.registry import Registry
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

SCHEMA = Schema({name: Column("float", ge=0, le=1) for name in ("a", "b")})
FRAME = pd.DataFrame({"a": [0.9, 7.0, 0.1], "b": [0.1, 0.5, 0.9], "id": ["x", "y", "z"], "note": [1, 2, 3]})


def log():
    return Log(MemoryStore(), clock=lambda: datetime(2013, 5, 3, tzinfo=UTC))


def test_answers_and_refusals_are_recorded_with_their_keys():
    service = Recorded(Guarded(example_model(), schema=SCHEMA), log=log(), key="id")
    answer = service.handle(Call("predict_proba", frame=FRAME))
    frame = service.log.frame()
    assert frame["status"].tolist() == ["ok", "rejected", "ok"] == answer.status
    assert frame["reasons"].tolist() == ["", "le:a", ""]
    assert frame["id"].tolist() == ["x", "y", "z"]
    assert frame["request"].tolist() == [answer.request] * 3
    assert frame["row"].tolist() == [0, 1, 2]
    assert frame["input.a"].tolist() == [0.9, 7.0, 0.1]
    assert [name for name in frame if name.startswith("input.")] == ["input.a", "input.b"]
    np.testing.assert_array_equal(frame["score"][[0, 2]], answer.values[:, 1])
    assert frame["prediction"][[0, 2]].tolist() == [1, 0]
    assert frame["prediction"].isna().tolist() == frame["score"].isna().tolist() == [False, True, False]
    assert (frame["seconds"] > 0).all()


def test_a_record_is_recorded_as_it_came_in():
    service = Recorded(Guarded(example_model(), schema=SCHEMA), log=log(), key=["id"])
    assert service.predict_one({"a": 0.9, "b": 0.1, "id": "x", "note": "n"}) == 1
    with pytest.raises(RejectedRecordError):
        service.predict_one({"a": "much", "b": float("inf"), "id": "y", "note": None})
    frame = service.log.frame()
    assert frame[["id", "status", "input.a", "input.b"]].to_numpy().tolist() == [
        ["x", "ok", 0.9, 0.1],
        ["y", "rejected", "much", np.inf],
    ]
    assert frame["prediction"].tolist() == [1, pd.NA]


def test_inside_a_guard_keys_and_row_numbers_are_those_of_the_outer_call():
    service = Guarded(Recorded(example_model(), log=log(), key="id"), schema=SCHEMA)
    answer = service.handle(Call(frame=FRAME))
    service.predict_one(FRAME.iloc[0].to_dict())
    frame = service.model.log.frame()
    assert frame["id"].tolist() == ["x", "z", "x"]
    assert frame["row"].tolist() == [0, 2, 0]
    assert frame["request"].tolist()[:2] == [answer.request] * 2
    assert [name for name in frame if name.startswith("input.")] == ["input.a", "input.b"]


@pytest.mark.parametrize("inside", [False, True])
def test_with_a_contract_only_what_it_declares_is_recorded_and_nothing_personal(inside):
    schema = SCHEMA.updated(
        {
            "b": Column("float", tags=["personal"]),
            "day": Column("int", role="time"),
            "late": Column("bool", role="label"),
        }
    )
    if inside:
        service = Guarded(Recorded(example_model(), log=log(), key="id"), schema=schema)
    else:
        service = Recorded(Guarded(example_model(), schema=schema), log=log(), key="id")
    frame = FRAME.iloc[[0]].assign(day=1, late=True)
    service.predict(frame)
    service.predict_one(frame.iloc[0].to_dict())
    recorded = (service.model if inside else service).log.frame()
    assert recorded["id"].tolist() == ["x", "x"]
    expected = ["input.a"] if inside else ["input.a", "input.day"]
    assert [name for name in recorded if name.startswith("input.")] == expected


def test_without_a_contract_all_columns_are_recorded():
    service = Recorded(FunctionTransformer().fit(FRAME), log=log(), key="id")
    service.transform(FRAME)
    recorded = service.log.frame()
    assert [name for name in recorded if name.startswith("input.")] == ["input.a", "input.b", "input.note"]


def test_a_model_that_cannot_be_had_is_recorded_as_a_failed_call():
    registry = Registry(MemoryStore(), actor="ada")
    registry.register("example", example_model())
    service = Recorded(Live(registry, "example@production"), log=log(), key="id")
    with pytest.raises(AliasNotFoundError):
        service.handle(Call(frame=FRAME))
    recorded = service.log.frame()
    assert recorded["status"].tolist() == ["failed"] * 3
    assert recorded["id"].tolist() == ["x", "y", "z"]
    assert service.dropped == 0


def test_without_a_key_the_ids_of_the_answer_join_labels():
    service = Recorded(example_model(), log=log())
    answer = service.handle(Call(frame=FRAME[["a", "b"]]))
    service.log.label(pd.DataFrame({"request": [answer.request], "row": [1], "label": [1]}), column="label")
    assert service.log.frame()["label"].isna().tolist() == [True, False, True]


def test_a_missing_key_column_is_recorded_as_null():
    service = Recorded(example_model(), log=log(), key="id")
    service.predict(FRAME[["a", "b"]])
    service.predict_one({"a": 0.5, "b": 0.5})
    assert service.log.frame()["id"].isna().tolist() == [True] * 4


def test_arrays_are_recorded_under_the_names_of_the_model():
    frame = FRAME[["a", "b"]]
    model = LinearRegression().fit(frame.to_numpy(), [0.0, 1.0, 2.0])
    service = Recorded(model, log=log())
    service.predict(frame.to_numpy())
    assert [name for name in service.log.frame() if name.startswith("input.")] == ["input.x0", "input.x1"]


def test_what_a_method_tells_is_recorded_and_no_more():
    texts = LogisticRegression().fit(FRAME[["a", "b"]], ["no", "yes", "maybe"])
    service = Recorded(texts, log=log())
    service.predict_proba(FRAME[["a", "b"]])
    service.decision_function(FRAME[["a", "b"]])
    frame = service.log.frame()
    assert set(frame["prediction"][:3]) <= {"no", "yes", "maybe"}
    assert frame["prediction"][3:].isna().all()
    assert frame["score"].isna().all()


def test_a_call_that_raised_is_recorded_and_raises_as_before():
    class Broken:
        def predict(self, X):
            raise ZeroDivisionError(f"secret of {X}")

    service = Recorded(Broken(), log=log())
    with pytest.raises(ZeroDivisionError):
        service.predict(FRAME)
    frame = service.log.frame()
    assert frame["status"].tolist() == ["failed"] * 3
    assert frame["reasons"].tolist() == ["ZeroDivisionError"] * 3


def test_a_failing_store_fails_no_prediction_and_counts_what_it_lost(caplog, shaky):
    shaky.down = True
    service = Recorded(example_model(), log=Log(shaky, flush_rows=1, keep_rows=5))
    expected = service.model.predict(FRAME[["a", "b"]])
    for _ in range(4):
        np.testing.assert_array_equal(service.predict(FRAME[["a", "b"]]), expected)
    assert service.log.dropped == 9
    with pytest.raises(StorageError, match="the disk is away"):
        service.log.flush()
    assert len(caplog.records) == 1
    shaky.down = False
    assert len(service.log.frame()) == 3, "the others would have been too many to keep"


def test_a_log_that_raises_fails_no_prediction_is_counted_and_said_once(caplog):
    class Raising(Log):
        def defer(self, make, *, rows=1):
            raise RuntimeError("no")

    service = Recorded(example_model(), log=Raising(MemoryStore()))
    for _ in range(3):
        assert len(service.predict(FRAME[["a", "b"]])) == 3
    service.predict_one({"a": 0.1, "b": 0.2})
    assert service.dropped == 10
    assert [record.message for record in caplog.records] == ["a prediction was not recorded: RuntimeError: no"]


def test_threads_record_every_answer_once():
    service = Recorded(example_model(), log=log(), key="id")

    def work(first):
        for number in range(first, first + 25):
            service.predict_one({"a": 0.5, "b": 0.5, "id": number})

    threads = [threading.Thread(target=work, args=(25 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    frame = service.log.frame()
    assert sorted(frame["id"]) == list(range(100))
    assert frame["request"].nunique() == 100


def test_a_wrapper_around_the_recorder_may_change_answers_that_are_recorded_as_the_model_gave_them():
    class Negated(Wrapper):
        def _handle(self, call, inward):
            answer = inward(call)
            answer.values[:] = 1 - answer.values  # in place, before the log's thread has looked
            answer.version = "another"
            answer.marks = {0: ("failed", ())}
            return answer

    inner = Recorded(example_model(), log=log())
    values = Negated(inner).predict(FRAME[["a", "b"]])
    frame = inner.log.frame()
    assert frame["prediction"].tolist() == (1 - values).tolist()
    assert frame["version"].isna().all()
    assert set(frame["status"]) == {"ok"}


@pytest.mark.parametrize("name", ["time", "label", "input.x", "status"])
def test_a_key_that_hides_a_column_of_the_log_is_refused(name):
    with pytest.raises(ArgumentError, match="is called like a column of the log"):
        Recorded(example_model(), log=log(), key=["id", name])


def test_a_log_must_be_a_log(tmp_path):
    with pytest.raises(ArgumentTypeError, match=r"log must be a predictions\.Log, got str"):
        Recorded(example_model(), log=str(tmp_path))


def test_a_pickled_recorder_writes_to_the_same_place(tmp_path):
    service = Recorded(example_model(), log=Log(tmp_path), key="id")
    copy = pickle.loads(pickle.dumps(service))
    copy.predict_one({"a": 0.1, "b": 0.2, "id": 7})
    copy.log.flush()
    assert service.log.frame()["id"].tolist() == [7]


def test_partial_answers_still_raise_after_they_are_recorded():
    service = Recorded(Guarded(example_model(), schema=SCHEMA), log=log())
    with pytest.raises(RejectedRowsError):
        service.predict(FRAME)
    assert len(service.log.frame()) == 3
