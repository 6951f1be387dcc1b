"""What is recorded of inputs and answers: chosen columns, samples, pseudonyms, aliases, and who of several answered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from maturekit.deployment import Answer, Call, Guarded, Recorded, Wrapper
from maturekit.deployment.wrapper import example_model
from maturekit.errors import ArgumentError, ArgumentTypeError
from maturekit.predictions import Log, Pseudonyms, Sample, SegmentSink
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

SCHEMA = Schema({name: Column("float", ge=0, le=1, aliases=[f"{name}_old"]) for name in ("a", "b")})
PERSONAL = SCHEMA.updated({"b": Column("float", ge=0, le=1, tags=["personal"])})
FRAME = pd.DataFrame({"a": [0.9, 0.1, 0.4], "b": [0.1, 0.9, 0.3], "id": ["x", "y", "z"]})
SECRET = Pseudonyms("0123456789abcdef")


def log(**more):
    return Log(MemoryStore(), clock=lambda: datetime(2013, 5, 3, tzinfo=UTC), **more)


def inputs(service):
    frame = service.log.frame()
    return frame[[name for name in frame if name.startswith("input.")]]


def both_ways(service, frame=FRAME):
    """Ask about a frame, and about each of its rows as a record."""
    service.predict(frame)
    for record in frame.to_dict("records"):
        service.predict_one(record)
    return service


def test_inputs_under_an_alias_are_recorded_under_their_column():
    service = both_ways(
        Recorded(Guarded(example_model(), schema=SCHEMA), log=log()), FRAME.rename(columns={"a": "a_old"})
    )
    assert list(inputs(service)) == ["input.a", "input.b"]
    assert inputs(service)["input.a"].tolist() == FRAME["a"].tolist() * 2


def test_of_two_aliases_nobody_knows_which_it_is_so_none_is_recorded():
    schema = Schema({"a": Column("float", aliases=["one", "two"]), "b": Column("float")})
    service = Recorded(Guarded(example_model(), schema=schema), log=log())
    frame = pd.DataFrame({"one": [0.1], "two": [0.2], "b": [0.3]})
    assert service.handle(Call(frame=frame)).status == ["rejected"]
    assert service.handle(Call(record=frame.iloc[0].to_dict())).status == ["rejected"]
    assert list(inputs(service)) == ["input.b"]
    assert inputs(service)["input.b"].tolist() == [0.3, 0.3]


def test_chosen_columns_are_recorded_and_no_others():
    with_contract = Recorded(Guarded(example_model(), schema=SCHEMA), log=log(), columns=["b", "unknown"])
    without = Recorded(example_model(), log=log(), columns=["b", "unknown"])
    none = Recorded(example_model(), log=log(), columns=[], key="id")
    assert list(inputs(both_ways(with_contract))) == ["input.b"]
    assert list(inputs(both_ways(without, FRAME[["a", "b"]]))) == ["input.b"]
    assert list(inputs(both_ways(none, FRAME[["a", "b"]]))) == []
    assert len(none.log.frame()) == 6


@pytest.mark.parametrize("columns", [None, ["a", "b"]])
def test_what_is_personal_is_left_out_or_recorded_under_a_pseudonym(columns):
    clear = Recorded(Guarded(example_model(), schema=PERSONAL), log=log(), columns=columns)
    assert list(inputs(both_ways(clear))) == ["input.a"]
    hidden = Recorded(Guarded(example_model(), schema=PERSONAL), log=log(), columns=columns, pseudonyms=SECRET)
    assert inputs(both_ways(hidden))["input.a"].tolist() == FRAME["a"].tolist() * 2
    assert inputs(hidden)["input.b"].tolist() == [SECRET(value) for value in FRAME["b"]] * 2
    assert "0123456789abcdef" not in repr(hidden)


def test_a_missing_personal_value_stays_missing():
    schema = PERSONAL.updated({"b": Column("float", nullable=True, tags=["personal"])})
    service = Recorded(example_model(), log=log(), pseudonyms=SECRET)
    service = Guarded(service, schema=schema)
    with pytest.raises(ValueError, match="NaN"):
        service.predict(FRAME.assign(b=[None, 0.1, 0.2]))
    recorded = inputs(service.model)["input.b"]
    assert recorded.isna().tolist() == [True, False, False]
    assert recorded[1] == SECRET(0.1)


def test_a_sample_by_key_holds_all_rows_of_a_key_or_none_however_they_come():
    frame = pd.DataFrame({"a": 0.5, "b": 0.5, "id": range(200)})
    service = both_ways(Recorded(Guarded(example_model(), schema=SCHEMA), log=log(), key="id", sample=0.3), frame)
    expected = [number for number in range(200) if Sample(0.3).holds([number])]
    assert service.log.frame()["id"].tolist() == [*expected, *expected]
    assert service.log.frame()["row"].tolist() == [*expected, *[0] * len(expected)]


def test_a_sample_without_a_key_holds_whole_calls():
    service = Recorded(example_model(), log=log(), sample=0.5)
    held = []
    for number in range(40):
        service.handle(Call(frame=FRAME[["a", "b"]], request=f"t{number}"))
        service.handle(Call(record=FRAME[["a", "b"]].iloc[0].to_dict(), request=f"o{number}"))
        held += [f"t{number}"] * 3 * Sample(0.5).holds([f"t{number}"])
        held += [f"o{number}"] * Sample(0.5).holds([f"o{number}"])
    assert service.log.frame()["request"].tolist() == held
    assert service.dropped == service.log.dropped == 0


def test_records_of_a_sample_by_key_that_have_none_are_chosen_by_their_request():
    service = Recorded(example_model(), log=log(), key="id", sample=0.5)
    requests = [f"r{number}" for number in range(40)]
    for request in requests:
        service.handle(Call(record={"a": 0.1, "b": 0.2, "id": None}, request=request))
    assert service.log.frame()["request"].tolist() == [one for one in requests if Sample(0.5).holds([one])]


def test_of_a_record_that_says_far_too_much_only_what_is_known_is_kept():
    service = Recorded(Guarded(example_model(), schema=SCHEMA), log=log(), key="id")
    kept = []
    service.log.defer = kept.append
    many = {f"x{number}": "long" * 1000 for number in range(1000)}
    service.predict_one({"a_old": 0.5, "b": 0.25, "id": 7, **many})
    assert kept[0].record == {"a_old": 0.5, "b": 0.25}
    assert kept[0](datetime(2013, 5, 3, tzinfo=UTC)).inputs == {"a": 0.5, "b": 0.25}


class Divided(Wrapper):
    """A challenger answers the odd rows, and refuses row 1 of them."""

    def _handle(self, call, inward):
        if call.record is not None:
            answer = inward(call)
            answer.version, answer.digest, answer.arm = "m:2", "sha256:2", "challenger"
            return answer
        rows = np.arange(call.rows)
        parts = []
        for odd, arm in enumerate(("champion", "challenger")):
            places = rows[rows % 2 == odd]
            answer = Answer(np.full(len(places) - odd, float(odd)), rows=len(places), version=f"m:{odd + 1}", arm=arm)
            if odd:
                answer.places, answer.marks = np.arange(1, len(places)), {0: ("rejected", ("le:a",))}
            parts.append((places, answer))
        return Answer.merged(call, parts)


def test_who_of_several_models_answered_is_recorded_row_by_row():
    service = Recorded(Divided(example_model()), log=log())
    service.predict_one({"a": 0.1, "b": 0.2})
    service.handle(Call(frame=pd.DataFrame({"a": [0.5] * 4, "b": [0.5] * 4})))
    frame = service.log.frame()
    assert frame["arm"].tolist() == ["challenger", "champion", "challenger", "champion", "challenger"]
    assert frame["version"].tolist() == ["m:2", "m:1", "m:2", "m:1", "m:2"]
    assert frame["status"].tolist() == ["ok", "ok", "rejected", "ok", "ok"]
    assert frame["prediction"].isna().tolist() == [False, False, True, False, False]
    assert frame["prediction"][[1, 3, 4]].tolist() == [0.0, 0.0, 1.0]


def test_a_probability_of_a_record_tells_prediction_and_score_as_a_frame_does():
    model = LogisticRegression().fit(FRAME[["a", "b"]], ["no", "yes", "no"])
    service = Recorded(model, log=log())
    service.predict_proba(FRAME[["a", "b"]])
    for record in FRAME[["a", "b"]].to_dict("records"):
        service.handle(Call("predict_proba", record=record))
        service.handle(Call("decision_function", record=record))
    frame = service.log.frame()
    ones = frame[frame["method"] == "predict_proba"][3:]
    assert ones["prediction"].tolist() == frame["prediction"].tolist()[:3]
    np.testing.assert_allclose(ones["score"], frame["score"][:3])
    assert frame[frame["method"] == "decision_function"]["prediction"].isna().all()


def test_several_outputs_are_recorded_as_a_list_a_row_and_tell_no_score():
    truth = np.array([[0, 1], [1, 0], [0, 0]])
    service = Recorded(DecisionTreeClassifier().fit(FRAME[["a", "b"]], truth), log=log())
    record = FRAME[["a", "b"]].iloc[0].to_dict()
    service.predict(FRAME[["a", "b"]])
    service.predict_one(record)
    service.predict_proba(FRAME[["a", "b"]])
    service.handle(Call("predict_proba", record=record))
    frame = service.log.frame()
    assert frame["prediction"][:4].tolist() == [str(row) for row in [*truth.tolist(), truth[0].tolist()]]
    assert frame["prediction"][4:].isna().all()
    assert frame["score"].isna().all()
    assert service.log.dropped == service.dropped == 0


@pytest.mark.parametrize(
    "make", [pd.DataFrame, lambda frame: frame.to_numpy(copy=True), lambda frame: frame.to_dict("records")[0]]
)
def test_later_changes_to_what_was_asked_do_not_reach_the_log(make):
    asked = make(FRAME[["a", "b"]])
    service = Recorded(LogisticRegression().fit(FRAME[["a", "b"]].to_numpy(), [0, 1, 0]), log=log())
    if isinstance(asked, dict):
        service = Recorded(example_model(), log=log())
        service.predict_one(asked)
        asked["a"] = 7.0
    elif isinstance(asked, pd.DataFrame):
        service = Recorded(example_model(), log=log())
        service.predict(asked)
        asked.loc[0, "a"] = 7.0
        asked["b"] = 7.0
    else:
        service.predict(asked)
        asked[0, 0] = 7.0
    recorded = inputs(service)
    assert recorded.iloc[0].tolist() == [0.9, 0.1]
    assert not (recorded == 7.0).any(axis=None)


def test_tables_of_others_are_recorded_as_their_values():
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for table in (polars.from_pandas(FRAME), pyarrow.Table.from_pandas(FRAME)):
        service = Recorded(Guarded(example_model(), schema=SCHEMA), log=log(), key="id")
        service.predict(table)
        assert service.log.frame()["id"].tolist() == ["x", "y", "z"]
        assert inputs(service)["input.a"].tolist() == FRAME["a"].tolist()


def test_what_is_no_table_is_recorded_as_far_as_it_can_be():
    texts = make_pipeline(CountVectorizer(), LogisticRegression()).fit(["a one", "b two"], [0, 1])
    for asked in (["a one", "b two"], pd.Series(["a one", "b two"]), np.array(["a one", "b two"])):
        service = Recorded(texts, log=log())
        service.predict(asked)
        assert inputs(service)["input.x0"].tolist() == ["a one", "b two"]
    sparse = Recorded(LogisticRegression().fit(csr_matrix(np.eye(2)), [0, 1]), log=log())
    sparse.predict(csr_matrix(np.eye(2)))
    assert sparse.log.frame()["prediction"].tolist() == [0, 1]
    assert list(inputs(sparse)) == []


def test_the_log_has_its_own_thread_and_closing_the_service_stores_what_waits():
    class Watched(SegmentSink):
        """Remembers who writes."""

        writers = ()

        def _write(self, blocks):
            self.writers = (*self.writers, threading.current_thread())
            super()._write(blocks)

    sink = Watched(MemoryStore())
    with Recorded(example_model(), log=Log(sink, flush_rows=1)) as service:
        service.predict(FRAME[["a", "b"]])
        service.predict_one({"a": 0.5, "b": 0.5})
    assert service.log.waiting == 0
    assert len(sink.writers) == 2
    assert threading.current_thread() not in sink.writers


def test_a_store_that_hangs_holds_up_no_prediction():
    free = threading.Event()

    class Hanging(MemoryStore):
        """Does not answer."""

        def _put_new(self, key, data):
            assert free.wait(20)
            super()._put_new(key, data)

    service = Recorded(example_model(), log=Log(Hanging(), flush_rows=1, keep_rows=5))
    for _ in range(8):
        service.predict_one({"a": 0.5, "b": 0.5})
    assert service.log.waiting == 5
    assert service.log.dropped == 3
    free.set()
    assert len(service.log.frame()) == 5


def test_what_cannot_be_put_into_words_is_dropped_and_counted_and_its_neighbours_are_not(caplog):
    class Odd(Wrapper):
        """Says of the second call what is no status and reasons."""

        def _handle(self, call, inward):
            answer = inward(call)
            answer.marks = {0: ("odd",)} if call.request == "2" else {}
            return answer

    service = Recorded(Odd(example_model()), log=log())
    for request in "123":
        service.handle(Call(frame=FRAME[["a", "b"]], request=request))
    assert service.log.frame()["request"].tolist() == ["1"] * 3 + ["3"] * 3
    assert (service.log.dropped, service.dropped) == (3, 0)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"columns": "a"}, ArgumentTypeError, "columns must be a list of names, got 'a'"),
        ({"pseudonyms": "secret"}, ArgumentTypeError, r"pseudonyms must be a predictions\.Pseudonyms, got str"),
        ({"sample": 0.0}, ArgumentError, "above 0 and at most 1, got 0.0"),
    ],
)
def test_arguments_are_checked(arguments, error, words):
    with pytest.raises(error, match=words):
        Recorded(example_model(), log=log(), **arguments)
