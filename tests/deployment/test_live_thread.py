"""The thread that follows an alias: begins with the first call, ends with the object, survives what it meets."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from maturekit.deployment import Live
from maturekit.errors import AliasNotFoundError, StorageError
from maturekit.registry import Registry, Version
from maturekit.storage import MemoryStore

FRAME = pd.DataFrame({"a": [0.0, 1.0]})


def constant(value):
    return DummyRegressor(strategy="constant", constant=float(value)).fit(FRAME, np.zeros(2))


def registered(*values, place=None):
    registry = Registry(MemoryStore() if place is None else place, actor="ada")
    for value in values:
        registry.register("steady", constant(value))
    promote(registry, 1)
    return registry


def promote(registry, number):
    registry.promote(registry[f"steady:{number}"], to="production", actor="ada", reason="test")


def followers():
    return [thread for thread in threading.enumerate() if thread.name == "maturekit-live" and thread.is_alive()]


@pytest.fixture(autouse=True)
def none_before_and_none_after(until):
    gc.collect()
    until(lambda: not followers())
    yield
    gc.collect()
    until(lambda: not followers())


def test_a_thread_begins_with_the_first_call_and_is_the_only_one():
    live = Live(registered(1), "steady@production", refresh_seconds=0.01)
    assert followers() == []
    for _ in range(3):
        live.predict(FRAME)
    assert len(followers()) == 1
    assert followers()[0].daemon


@pytest.mark.parametrize(
    ("reference", "seconds"), [("steady:1", 0.01), ("steady@production", float("inf")), ("steady@production", 0)]
)
def test_nobody_looks_where_nothing_can_move_or_the_calls_look(reference, seconds):
    live = Live(registered(1), reference, refresh_seconds=seconds)
    live.predict(FRAME)
    assert followers() == []


def test_without_looks_only_a_refresh_moves():
    registry = registered(1, 2)
    live = Live(registry, "steady@production", refresh_seconds=float("inf"))
    live.predict(FRAME)
    promote(registry, 2)
    assert live.predict(FRAME)[0] == 1.0
    assert live.refresh()
    assert live.predict(FRAME)[0] == 2.0


def test_an_alias_is_followed_without_any_call(until):
    registry = registered(1, 2)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    assert live.version.number == 1
    promote(registry, 2)
    until(lambda: live._following.serving.version.number == 2)
    assert live.predict(FRAME)[0] == 2.0


def test_the_thread_ends_with_the_object():
    live = Live(registered(1), "steady@production", refresh_seconds=3600)
    live.predict(FRAME)
    (thread,) = followers()
    del live
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()


def test_closing_ends_the_thread_and_the_next_call_begins_anew(until):
    registry = registered(1, 2)
    with Live(registry, "steady@production", refresh_seconds=0.001) as live:
        live.predict(FRAME)
    assert followers() == []
    promote(registry, 2)
    until(lambda: live.predict(FRAME)[0] == 2.0)
    assert len(followers()) == 1
    live.close()


def test_closing_what_was_never_asked_loads_nothing():
    Live(Registry(MemoryStore()), "steady@production").close()


def test_new_parameters_end_the_old_thread(until):
    registry = registered(1, 2)
    live = Live(registry, "steady@production", refresh_seconds=3600)
    live.predict(FRAME)
    live.set_params(reference="steady:2")
    assert live.predict(FRAME)[0] == 2.0
    gc.collect()
    until(lambda: not followers())


def test_trouble_is_told_and_passes(caplog, until, shaky):
    registry = registered(1, 2, place=shaky)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    live.predict(FRAME)
    assert live.trouble is None
    promote(Registry(shaky, actor="bob"), 2)
    shaky.down = True
    until(lambda: isinstance(live.trouble, StorageError) or live.version.number == 2)
    shaky.down = False
    until(lambda: live.trouble is None and live.version.number == 2)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) <= 1


@pytest.mark.parametrize("error", [SystemExit(3), MemoryError(), RecursionError(), ValueError("no")], ids=repr)
@pytest.mark.parametrize("seconds", [0, 0.001])
def test_whatever_loading_raises_the_old_version_answers_and_the_alias_is_followed(monkeypatch, error, seconds, until):
    registry, load = registered(1, 2, 3), Version.load

    def raising(version, **more):
        if version.number == 2:
            raise error
        return load(version, **more)

    monkeypatch.setattr(Version, "load", raising)
    live = Live(registry, "steady@production", refresh_seconds=seconds)
    live.predict(FRAME)
    promote(registry, 2)
    until(lambda: live.predict(FRAME)[0] == 1.0 and live.refused is not None)
    assert live.refused == ("steady:2", error)
    promote(registry, 3)
    until(lambda: live.predict(FRAME)[0] == 3.0)
    assert live.refused is None


def test_an_alias_that_is_deleted_leaves_the_old_version_in_place(until):
    registry = registered(1)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    live.predict(FRAME)
    registry.retire("steady", alias="production", actor="ada", reason="test")
    until(lambda: isinstance(live.trouble, AliasNotFoundError))
    assert live.predict(FRAME)[0] == 1.0


def test_where_the_system_gives_no_threads_calls_are_answered(monkeypatch, until):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    registry = registered(1, 2)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert live.predict(FRAME)[0] == 1.0
    promote(registry, 2)
    until(lambda: live.predict(FRAME)[0] == 2.0)


def test_a_child_that_is_forked_during_a_load_follows_by_itself(monkeypatch, tmp_path, forked, until):
    registry, load = registered(1, 2, 3, place=tmp_path), Version.load
    begun, gate = threading.Event(), threading.Event()

    def slow(version, **more):
        if version.number == 2:
            begun.set()
            assert gate.wait(30)
        return load(version, **more)

    monkeypatch.setattr(Version, "load", slow)
    live = Live(registry, "steady@production", refresh_seconds=0.001)
    assert live.predict(FRAME)[0] == 1.0
    promote(registry, 2)
    assert begun.wait(30)  # the parent's thread holds the lock, and will not be in the child

    def follow():
        gate.set()
        assert live.predict(FRAME)[0] in {1.0, 2.0}
        promote(registry, 3)
        until(lambda: live.predict(FRAME)[0] == 3.0)
        assert len(followers()) == 1

    assert forked(follow).ended() == 0
    gate.set()
    until(lambda: live.predict(FRAME)[0] == 3.0)


@pytest.mark.parametrize("moment", [pytest.param("while it waits", marks=pytest.mark.long), "while it loads"])
def test_the_interpreter_ends_at_once_and_silently(moment, tmp_path, interpreter):
    registered(1, 2, place=tmp_path)
    code = f"""
import threading, time
from maturekit.deployment import Live
from maturekit.registry import Registry, Version

registry = Registry({str(tmp_path)!r}, actor="ada")
live = Live(registry, "steady@production", refresh_seconds=0.001)
assert live.version.number == 1
if {moment == "while it loads"}:
    begun = threading.Event()
    def slow(version, **more):
        begun.set()
        while True:
            time.sleep(0.001)
    Version.load = slow
    registry.promote(registry["steady:2"], to="production", actor="ada", reason="test")
    assert begun.wait(30)
print(live.version.number)
"""
    ran = interpreter(code)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1\n", "")
