"""A live model follows its alias, and never serves what is broken."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Call, Guarded, Live, Recorded
from maturekit.errors import (
    AliasNotFoundError,
    ArgumentError,
    ArgumentTypeError,
    IntegrityError,
    ModelNotFoundError,
    RejectedRecordError,
    VersionNotFoundError,
)
from maturekit.predictions import Log
from maturekit.registry import Registry
from maturekit.schema import Column, Schema
from maturekit.storage import MemoryStore

FRAME = pd.DataFrame({"a": np.linspace(0.0, 1.0, 50)})
SCHEMA = Schema({"a": Column("float", ge=0, le=1)})


def constant(value):
    return DummyRegressor(strategy="constant", constant=float(value)).fit(FRAME, np.zeros(len(FRAME)))


def registered(*values, store=None, **more):
    registry = Registry(MemoryStore() if store is None else store, actor="ada")
    for value in values:
        registry.register("steady", constant(value), schema=SCHEMA, examples=FRAME.head(3), **more)
    return registry


def promote(registry, number):
    registry.promote(registry[f"steady:{number}"], to="production", actor="ada", reason="test")


def test_a_fixed_reference_never_changes():
    registry = registered(1, 2)
    live = Live(registry, "steady:1", refresh_seconds=0)
    promote(registry, 2)
    assert live.predict(FRAME).tolist() == [1.0] * 50
    assert live.version.number == 1


def test_what_a_subclass_does_is_done_wherever_it_stands():
    class Doubled(Live):
        def _handle(self, call, inward):
            answer = super()._handle(call, inward)
            answer.values = 2 * answer.values
            return answer

    doubled = Doubled(registered(1, 2), "steady:2")
    for service in (doubled, Guarded(doubled), Guarded(Guarded(doubled), schema=SCHEMA)):
        assert service.predict(FRAME).tolist() == [4.0] * 50
        assert service.predict_one({"a": 0.5}) == 4.0


def test_nothing_is_loaded_before_the_first_call():
    live = Live(Registry(MemoryStore()), "steady@production")
    assert live.reference == "steady@production"


def test_the_next_call_after_a_move_is_answered_by_the_new_version():
    registry = registered(1, 2)
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=0)
    assert live.predict(FRAME)[0] == 1.0
    promote(registry, 2)
    assert live.predict(FRAME)[0] == 2.0
    registry.rollback("steady", alias="production", actor="ada", reason="test")
    answer = live.handle(Call(frame=FRAME))
    assert answer.values[0] == 1.0
    assert (answer.version, answer.digest) == ("steady:1", registry["steady:1"].digest)


def test_looks_are_as_rare_as_stated():
    registry = registered(1, 2)
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=3600)
    live.predict(FRAME)
    promote(registry, 2)
    assert live.predict(FRAME)[0] == 1.0
    assert live.refresh()
    assert live.predict(FRAME)[0] == 2.0
    assert not live.refresh()


def test_the_contract_changes_with_the_version_that_answers():
    registry = registered(1)
    registry.register("steady", constant(2), schema=SCHEMA.updated({"a": Column("float", ge=0, le=0.5)}))
    promote(registry, 1)
    service = Guarded(Live(registry, "steady@production", refresh_seconds=0))
    assert service.predict_one({"a": 0.9}) == 1.0
    promote(registry, 2)
    with pytest.raises(RejectedRecordError, match="le:a") as caught:
        service.predict_one({"a": 0.9})
    assert caught.value.answer.version == "steady:2"
    assert service.predict_one({"a": 0.4}) == 2.0


def test_a_damaged_version_is_never_served_and_the_old_one_stays(caplog, damage):
    registry = registered(1, 2, 3)
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=0)
    live.predict(FRAME)
    damage(registry, 2)
    promote(registry, 2)
    for _ in range(3):
        assert live.predict(FRAME)[0] == 1.0
    assert live.version.number == 1
    assert live.refused[0] == "steady:2"
    assert isinstance(live.refused[1], IntegrityError)
    assert len([record for record in caplog.records if "stays at steady:1" in record.message]) == 1
    with pytest.raises(IntegrityError):
        live.refresh()
    promote(registry, 3)
    assert live.predict(FRAME)[0] == 3.0
    assert live.refused is None


def test_a_version_that_fails_on_its_own_examples_is_never_served():
    registry = registered(1)
    broken = LinearRegression().fit(FRAME, FRAME["a"])
    broken.coef_ = np.array([np.nan])
    registry.register("steady", broken, schema=SCHEMA, examples=FRAME.head(3))
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=0)
    assert live.predict(FRAME)[0] == 1.0
    promote(registry, 2)
    assert live.predict(FRAME)[0] == 1.0
    assert "no usable predict for its own examples: output:finite" in str(live.refused[1])


def test_the_first_version_has_to_be_sound(damage):
    registry = registered(1)
    promote(registry, 1)
    damage(registry, 1)
    live = Live(registry, "steady@production")
    for _ in range(2):
        with pytest.raises(IntegrityError):
            live.predict(FRAME)


def test_while_the_registry_cannot_be_read_the_old_version_answers(caplog, shaky):
    registry = registered(1, 2, store=shaky)
    promote(registry, 1)
    live = Live(registry, "steady@production", refresh_seconds=0)
    live.predict(FRAME)
    promote(registry, 2)
    shaky.down = True
    for _ in range(3):
        assert live.predict(FRAME)[0] == 1.0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert live.refused is None
    shaky.down = False
    assert live.predict(FRAME)[0] == 2.0


@pytest.mark.parametrize(
    ("reference", "error", "words"),
    [
        ("stady@production", ModelNotFoundError, "did you mean 'steady'"),
        ("steady@prodction", AliasNotFoundError, "did you mean 'production'"),
        ("steady:9", VersionNotFoundError, "9"),
    ],
)
def test_what_is_not_there_is_named_with_its_nearest(reference, error, words):
    registry = registered(1)
    promote(registry, 1)
    with pytest.raises(error, match=words):
        Live(registry, reference).predict(FRAME)


def test_arguments_are_checked():
    registry = Registry(MemoryStore())
    with pytest.raises(ArgumentTypeError, match="registry must be a Registry, got str"):
        Live("models", "steady:1")
    for reference in ("steady", "steady:1@production", 3):
        with pytest.raises(ArgumentError, match="is no reference to a version"):
            Live(registry, reference)
    with pytest.raises(ArgumentError, match="must not be negative"):
        Live(registry, "steady:1", refresh_seconds=-1)


def test_a_pickled_follower_loads_again(tmp_path):
    live = Live(registered(1, store=tmp_path), "steady:1")
    live.predict(FRAME)
    copy = pickle.loads(pickle.dumps(live))
    assert copy._following.serving is None
    assert copy.predict(FRAME)[0] == 1.0


def test_the_whole_chain_in_any_order():
    registry = registered(1)
    promote(registry, 1)
    live = Live(registry, "steady@production")
    for service in (
        Recorded(Guarded(live), log=Log(MemoryStore()), key="id"),
        Guarded(Recorded(live, log=Log(MemoryStore()), key="id")),
    ):
        answer = service.handle(Call(frame=FRAME.assign(a=[7.0, *FRAME["a"][1:]], id=range(50))))
        assert answer.version == "steady:1"
        assert answer.status == ["rejected"] + ["ok"] * 49
        frame = (service if isinstance(service, Recorded) else service.model).log.frame()
        assert set(frame["version"]) == {"steady:1"}
        assert frame["id"].tolist()[-49:] == list(range(1, 50))
