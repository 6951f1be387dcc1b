"""While an alias moves and calls go on, no call fails, mixes versions, waits for a load, or sees what is broken."""

from __future__ import annotations

import gc
import itertools
import threading
import time
import weakref

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Call, Guarded, Live
from maturekit.registry import Registry, Version
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

FRAME = pd.DataFrame({"a": np.linspace(0.0, 1.0, 50)})
SCHEMA = Schema({"a": Column("float", ge=0, le=1)})


def constant(value):
    return DummyRegressor(strategy="constant", constant=float(value)).fit(FRAME, np.zeros(len(FRAME)))


def nan():
    model = LinearRegression().fit(FRAME, FRAME["a"])
    model.coef_ = np.array([np.nan])
    return model


def registered(*models, store=None):
    registry = Registry(MemoryStore() if store is None else store, actor="ada")
    for model in models:
        registry.register("steady", model, schema=SCHEMA, examples=FRAME.head(3))
    return registry


def promote(registry, number):
    registry.promote(registry[f"steady:{number}"], to="production", actor="ada", reason="test")


class Load:
    """Threads that ask for frames and records until told to stop, and note what is wrong and who answered."""

    def __init__(self, service, digests, *, threads):
        self.wrong, self.seen = [], set()
        self._service, self._digests = service, digests
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self):
        for number in itertools.count():
            if self._stop.is_set():
                return
            try:
                call = Call(record={"a": 0.5}) if number % 4 else Call(frame=FRAME)
                answer = self._service.handle(call)
                values = {f"steady:{value:.0f}" for value in answer.all()}
                if values != {answer.version} or self._digests[answer.version] != answer.digest:
                    self.wrong.append((values, answer.version, answer.digest))
                self.seen.add(answer.version)
            except Exception as error:  # noqa: BLE001  # every failure is one too many
                self.wrong.append(error)


@pytest.mark.parametrize("seconds", [0, 0.001], ids=["calls look", "a thread looks"])
@pytest.mark.parametrize("moves", [100, pytest.param(2_000, marks=pytest.mark.long)])
def test_an_alias_that_moves_again_and_again_fails_and_mixes_no_answer(seconds, moves, until):
    registry = registered(constant(1), constant(2), constant(3))
    promote(registry, 1)
    service = Guarded(Live(registry, "steady@production", refresh_seconds=seconds))
    digests = {f"steady:{number}": registry[f"steady:{number}"].digest for number in (1, 2, 3)}
    other = Registry(registry.store, actor="bob")  # as another process would
    with Load(service, digests, threads=16) as load:
        for move in range(moves):
            promote(other, move % 3 + 1)
            time.sleep(0.002)
        until(lambda: service.handle(Call(record={"a": 0.5})).version == f"steady:{(moves - 1) % 3 + 1}")
    service.close()
    assert load.wrong == []
    assert load.seen == set(digests)


@pytest.mark.parametrize("seconds", [0, 0.001], ids=["calls look", "a thread looks"])
def test_every_answer_is_judged_by_the_contract_of_the_version_that_gave_it(seconds):
    registry = registered(constant(1))
    registry.register("steady", constant(2), schema=SCHEMA.updated({"a": Column("float", ge=0, le=0.4)}))
    promote(registry, 1)
    service = Guarded(Live(registry, "steady@production", refresh_seconds=seconds))
    stop, told = threading.Event(), set()

    def ask():
        while not stop.is_set():
            for call in (Call(record={"a": 0.5}), Call(frame=FRAME[25:26])):  # 25 / 49 is above 0.4
                answer = service.handle(call)
                told.add((answer.version, answer.status[0], *np.asarray(answer.values).tolist()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for move in range(30):
        promote(registry, move % 2 + 1)
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join(60)
    service.close()
    assert told == {("steady:1", "ok", 1.0), ("steady:2", "rejected")}


@pytest.mark.parametrize("seconds", [0, 0.001], ids=["calls look", "a thread looks"])
def test_broken_versions_among_the_moves_are_never_served(seconds, until, damage):
    registry = registered(constant(1), constant(2), constant(3), nan(), constant(5))
    for number in (2, 3):
        damage(registry, number)
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=seconds)
    service = Guarded(live)
    digests = {f"steady:{number}": registry[f"steady:{number}"].digest for number in (1, 5)}
    other, refused = Registry(registry.store, actor="bob"), set()
    service.predict(FRAME)
    with Load(service, digests, threads=8) as load:
        for number in (2, 5, 3, 1, 4, 5, 4, 2, 1):
            promote(other, number)
            if number in {1, 5}:
                until(lambda: service.handle(Call(frame=FRAME)).version == f"steady:{number}")  # noqa: B023  # used at once
            else:
                until(lambda: live.refused is not None and live.refused[0] == f"steady:{number}")  # noqa: B023  # as above
                refused.add(live.refused[0])
    service.close()
    assert load.wrong == []
    assert load.seen == set(digests)
    assert refused == {"steady:2", "steady:3", "steady:4"}


@pytest.fixture
def loads(monkeypatch):
    """Note who loads which version, and let loading wait for a gate."""

    class Loads(list):
        gate = threading.Event()
        begun = threading.Event()

    noted, load = Loads(), Version.load
    noted.gate.set()

    def slow(version, **more):
        noted.append((version.reference, threading.current_thread()))
        noted.begun.set()
        assert noted.gate.wait(30)
        return load(version, **more)

    monkeypatch.setattr(Version, "load", slow)
    return noted


def test_no_call_loads_or_waits_once_something_serves(loads, until):
    registry = registered(constant(1), constant(2))
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    service = Guarded(live)
    assert service.predict_one({"a": 0.5}) == 1.0
    loads.gate.clear()
    loads.begun.clear()
    promote(Registry(registry.store, actor="bob"), 2)
    assert loads.begun.wait(30)
    for _ in range(20):  # the load cannot end, and these do
        assert service.predict_one({"a": 0.5}) == 1.0
        assert service.predict(FRAME)[0] == 1.0
    loads.gate.set()
    until(lambda: service.predict_one({"a": 0.5}) == 2.0)
    live.close()
    assert [reference for reference, _ in loads] == ["steady:1", "steady:2"]
    assert loads[0][1] is threading.current_thread()
    assert loads[1][1].name == "maturekit-live"


def test_a_call_in_flight_ends_on_the_version_it_began_with():
    inside, gate = threading.Event(), threading.Event()

    class Slow:
        def predict(self, X):
            inside.set()
            assert gate.wait(30)
            return np.full(len(X), 1.0)

    registry = registered(constant(1), constant(2))
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=3600)
    live.predict(FRAME)
    live._following.serving.source.model = Slow()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(live.handle(Call(frame=FRAME))))
    thread.start()
    assert inside.wait(30)
    promote(registry, 2)
    assert live.refresh()
    assert live.predict(FRAME)[0] == 2.0  # while the other is still at it
    gate.set()
    thread.join(30)
    live.close()
    assert (answers[0].version, answers[0].values[0]) == ("steady:1", 1.0)


def test_threads_that_come_first_together_load_once(loads, until):
    registry = registered(constant(1))
    promote(registry, 1)
    live = Live(registry, "steady@production")
    with Load(live, {"steady:1": registry["steady:1"].digest}, threads=8) as load:
        until(lambda: load.seen)
    live.close()
    assert load.wrong == []
    assert len(loads) == 1


def test_a_version_that_is_swapped_in_is_ready_for_the_records_that_were_asked():
    registry = registered(constant(1), constant(2))
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=3600)
    narrower = Schema({"a": Column("float", le=0.5)})
    for service in (Guarded(live), Guarded(live, schema=narrower), live):
        service.predict_one({"a": 0.5})
    promote(registry, 2)
    live.refresh()
    source = live._following.serving.source
    contracts = {id(contract) for _, contract in source._row_paths}
    assert contracts == {id(source.contract), id(source.under(narrower).contract), id(None)}
    live.close()


def test_what_was_replaced_is_let_go(loads):
    models, load = [], Version.load

    def noted(version, **more):
        model = load(version, **more)
        models.append(weakref.ref(model))
        return model

    Version.load = noted  # undone by the fixture
    registry = registered(constant(1), constant(2))
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=3600)
    service = Guarded(live)
    before = threading.active_count()
    for move in range(100):
        service.predict(FRAME)  # a guard lets go of the old version as it sees the new one
        service.predict_one({"a": 0.5})
        if move % 20 == 0:
            gc.collect()
            assert sum(model() is not None for model in models) == 1
        promote(registry, (move + 1) % 2 + 1)
        assert live.refresh()
    service.predict(FRAME)
    gc.collect()
    assert len(models) == 101
    assert sum(model() is not None for model in models) == 1
    assert threading.active_count() <= before + 1
    live.close()


@pytest.mark.parametrize("refers_to_itself", [False, True])
def test_the_thread_lets_go_of_what_it_replaced(refers_to_itself, until):
    registry = registered(constant(1), constant(2))
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    live.predict(FRAME)
    model = live._following.serving.source.model
    model.more = model if refers_to_itself else None
    old = weakref.ref(model)
    del model
    gc.disable()
    try:
        promote(registry, 2)
        until(lambda: live.predict(FRAME)[0] == 2.0)
        until(lambda: old() is None)
    finally:
        gc.enable()
    live.close()
