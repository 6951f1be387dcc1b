"""A record asked about through a frame gets what it gets alone, whoever shares the frame."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from maturekit.deployment import Call
from maturekit.deployment.contract import Contract
from maturekit.deployment.ordinary import OrdinaryPath
from maturekit.deployment.source import Source
from maturekit.errors import ArgumentError, DeadlineError
from maturekit.schema import Column, Schema

SOON = 10.0


class Watched:
    """A model that keeps the frames it was asked about, and holds the first one until the others wait."""

    def __init__(self, model, others):
        self.model = model
        self.others = others
        self.frames = []
        self.path = None

    def predict(self, frame):
        self.frames.append(frame)
        if len(self.frames) == 1:
            stop = time.monotonic() + SOON
            while len(self.path._gather._line.waiting) < self.others and time.monotonic() < stop:
                time.sleep(0.001)
        return self.model.predict(frame)


def together(model, records, *, others=None, contract=None, names=None):
    """Ask about all records at once, the first one alone and the others while it runs; answers or errors, and frames."""
    watched = Watched(model, len(records) - 1 if others is None else others)
    watched.path = path = OrdinaryPath(watched, "predict", contract, names)
    answers = [None] * len(records)

    def ask(place):
        try:
            answers[place] = path.ask(Call(record=records[place]))
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            answers[place] = error

    threads = [threading.Thread(target=ask, args=(place,), daemon=True) for place in range(len(records))]
    for thread in threads:
        before = len(path._gather._line.waiting), path._gather._line.busy
        thread.start()
        stop = time.monotonic() + 0.2  # one that is asked alone never waits in line
        while (len(path._gather._line.waiting), path._gather._line.busy) == before and time.monotonic() < stop:
            time.sleep(0.001)
    for thread in threads:
        thread.join(SOON)
    return answers, watched.frames


class Sum:
    """Adds up the numbers of a row, and fails on text."""

    def predict(self, frame):
        return np.array([sum(float(value) for value in row) for row in frame.to_numpy()])


def test_records_that_come_together_share_a_frame_and_get_their_own_answers():
    records = [{"x": 1.0, "y": 2.0}, {"y": 0.5, "x": 3.0}, {"x": 5.0, "y": 6.0, "id": 7.0}]
    answers, frames = together(Sum(), records, names=["x", "y"])
    assert [answer.tolist() for answer in answers] == [[3.0], [3.5], [11.0]]
    assert [len(frame) for frame in frames] == [1, 2]


def test_records_whose_types_differ_do_not_share_a_frame():
    records = [{"x": 1.0}, {"x": 1.0}, {"x": 1}, {"x": None}, {"x": 2}]
    _, frames = together(DummyRegressor().fit([[0.0]], [1.0]), records, names=["x"])
    assert sorted(frame["x"].tolist() for frame in frames if frame["x"].dtype == np.int64) == [[1, 2]]
    assert sorted(len(frame) for frame in frames) == [1, 1, 1, 2]


def test_an_unknown_category_shares_a_frame_only_with_its_equals():
    class Codes:
        def predict(self, frame):
            return frame["c"].cat.codes.to_numpy()

    schema = Schema({"c": Column("category", categories=["a", "b"], unknown="allow", nullable=True)})
    contract = Contract(schema, Source(Codes()))
    records = [{"c": value} for value in ["a", "u", "b", "v", "u", None]]
    answers, frames = together(Codes(), records, contract=contract)
    assert [answer.tolist() for answer in answers] == [[0], [2], [1], [2], [2], [-1]]
    assert sorted(len(frame) for frame in frames) == [1, 1, 1, 1, 2]


def test_a_poisoned_record_fails_alone():
    answers, frames = together(Sum(), [{"x": "0"}, {"x": "1"}, {"x": "poison"}, {"x": "2"}])
    assert isinstance(answers[2], ValueError)
    assert [answer.tolist() for place, answer in enumerate(answers) if place != 2] == [[0.0], [1.0], [2.0]]
    assert len(frames) == 5  # the first, the batch of three, and each of those alone


@pytest.mark.parametrize(
    "odd",
    [2**70, -(2**63) - 1, dt.datetime(9999, 1, 1), b"x", [1.0], pd.Timestamp(0), np.uint64(1), (1,), object()],
    ids=lambda value: type(value).__name__,
)
def test_what_pandas_might_store_in_another_way_beside_others_is_asked_alone(odd):
    path = OrdinaryPath(DummyRegressor().fit([[0.0]], [1.0]), "predict", None, ["x"])
    path._gather._line.busy = True  # somebody leads, and never comes back
    soon = time.monotonic() + 0.02
    assert path.ask(Call(record={"x": odd}, deadline=soon)).tolist() == [1.0]
    with pytest.raises(DeadlineError):
        path.ask(Call(record={"x": 1.0}, deadline=soon))


def test_moments_share_a_frame_only_with_those_of_their_zone():
    utc, noon = dt.UTC, dt.datetime(2024, 5, 1, 12)
    east = dt.timezone(dt.timedelta(hours=2))
    records = [{"at": noon}, {"at": noon}, {"at": noon.replace(tzinfo=utc)}, {"at": noon.replace(tzinfo=east)}]
    _, frames = together(DummyRegressor().fit([[0.0]], [1.0]), records)
    assert [len(frame) for frame in frames] == [1, 1, 1, 1]
    assert not any(frame["at"].dtype == object for frame in frames)


def test_every_record_of_a_frame_is_stored_as_it_is_alone():
    schema = Schema(
        {
            "x": Column("float"),
            "n": Column("int"),
            "c": Column("category", categories=["a", "b"]),
            "t": Column("string"),
        }
    )
    model = DummyRegressor().fit(pd.DataFrame({"x": [0.0], "n": [1], "c": ["a"], "t": ["t"]}), [1.0])
    contract = Contract(schema, Source(model, schema))
    records = [{"x": float(n), "n": n, "c": "ab"[n % 2], "t": "t" * n} for n in range(4)]
    _, frames = together(model, records, contract=contract)
    assert [len(frame) for frame in frames] == [1, 3]
    for place, record in enumerate(records[1:]):
        shared = frames[1].iloc[[place]].reset_index(drop=True)
        pd.testing.assert_frame_equal(shared, contract.row(record), check_categorical=True)


def test_a_model_without_names_gets_each_record_in_its_own_order():
    class First:
        def predict(self, frame):
            return frame.iloc[:, 0].to_numpy()

    records = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 2.0}, {"y": 3.0, "x": 4.0}]
    answers, frames = together(First(), records)
    assert [answer.tolist() for answer in answers] == [[0.0], [1.0], [3.0]]
    assert [len(frame) for frame in frames] == [1, 1, 1]


def test_a_record_that_lacks_something_is_told_so_and_holds_up_nobody():
    answers, _ = together(Sum(), [{"x": 1.0, "y": 0.0}, {"x": 1.0}, {"x": 2.0, "y": 0.0}], others=1, names=["x", "y"])
    assert isinstance(answers[1], ArgumentError)
    assert "the record lacks 'y'" in str(answers[1])
    assert (answers[0].tolist(), answers[2].tolist()) == ([1.0], [2.0])


def test_a_model_that_forgets_rows_is_judged_on_each_record():
    class Forgetful:
        def predict(self, frame):
            return np.zeros(1) if len(frame) > 1 else frame["x"].to_numpy()

    answers, _ = together(Forgetful(), [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}])
    assert [answer.tolist() for answer in answers] == [[1.0], [2.0], [3.0]]


def test_several_outputs_and_frames_are_given_out_row_by_row():
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0]})
    records = [{"x": 0.0}, {"x": 1.0}, {"x": 2.0}]

    class Proba:
        inner = DummyClassifier(strategy="prior").fit(frame, [[0, 1], [1, 0], [1, 0]])

        def predict(self, table):
            return self.inner.predict_proba(table)

    class Scaled:
        inner = StandardScaler().set_output(transform="pandas").fit(frame)

        def predict(self, table):
            return self.inner.transform(table)

    answers, frames = together(Proba(), records)
    assert len(frames) == 2
    assert all([each.shape for each in answer] == [(1, 2), (1, 2)] for answer in answers)
    answers, frames = together(Scaled(), records)
    assert len(frames) == 2
    for place, answer in enumerate(answers):
        pd.testing.assert_frame_equal(answer, Scaled.inner.transform(frame.iloc[[place]]).reset_index(drop=True))


def test_64_threads_get_what_each_would_get_alone():
    model = LinearRegression().fit(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 0.0]}), [1.0, 3.0])
    path = OrdinaryPath(model, "predict", None, ["x", "y"])
    wrong = []

    def ask(number):
        for turn in range(5):
            x = float(number + turn) if number % 3 else number + turn
            value = path.ask(Call(record={"x": x, "y": 0.0}))
            if value.shape != (1,) or abs(value[0] - (1.0 + 2.0 * x)) > 1e-9:
                wrong.append((x, value))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert wrong == []


@pytest.mark.filterwarnings("ignore:.sklearn.utils.parallel.delayed")  # threads that change the filters of warnings
def test_neighbours_with_unseen_categories_gaps_and_errors_change_nothing():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"x": rng.random(60), "c": pd.Categorical(rng.choice(list("abc"), 60)), "t": rng.choice(["u", "v"], 60)}
    )
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["c"]), (OneHotEncoder(), ["t"]), remainder="passthrough"
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, rng.integers(0, 2, 60))
    schema = Schema({"x": Column("float", nullable=True), "c": Column("category"), "t": Column("string")})
    contract = Contract(schema, Source(model, examples=frame))
    records = [
        {
            "x": rng.choice([0.5, np.nan], p=[0.9, 0.1]).item(),
            "c": str(rng.choice(list("abyz"))),
            "t": "uvw"[number % 3],
        }
        for number in range(60)
    ]

    def told(ask, record):
        try:
            return float(ask(record)[0, 1])
        except ValueError as error:  # a text that was never seen, and a gap
            return str(error)

    path = OrdinaryPath(model, "predict_proba", contract, None)
    alone = [told(lambda record: model.predict_proba(contract.row(record)), record) for record in records]
    with ThreadPoolExecutor(12) as pool:
        beside = list(pool.map(lambda record: told(lambda each: path.ask(Call(record=each)), record), records))
    assert {type(each) for each in alone} == {str, float}
    for one, other in zip(alone, beside, strict=True):
        assert one == other if isinstance(one, str) else other == pytest.approx(one, rel=1e-12)
