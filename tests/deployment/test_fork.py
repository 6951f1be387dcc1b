"""A service that is warm and busy can be forked: parent and children answer, record and end."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

from maturekit.deployment import Breaker, Call, Canary, Fallback, Guarded, Limited, Live, Recorded, Shadowed
from maturekit.predictions import Log
from maturekit.registry import Registry
from maturekit.schema import Column, Schema

FRAME = pd.DataFrame({"a": np.linspace(0.0, 1.0, 20), "b": np.linspace(1.0, 3.0, 20) ** 2})
SCHEMA = Schema({name: Column("float", ge=0, le=9) for name in FRAME})


def service(folder):
    registry = Registry(folder / "models", actor="ada")
    model = LinearRegression().fit(FRAME, 2 * FRAME["a"])
    registry.promote(
        registry.register("m", model, schema=SCHEMA, examples=FRAME), to="production", actor="ada", reason="first"
    )
    challenger = Guarded(DummyRegressor(strategy="constant", constant=-1.0).fit(FRAME, FRAME["a"]), schema=SCHEMA)
    live = Live(registry, "m@production", refresh_seconds=0.01)
    champion = Shadowed(Breaker(Limited(Guarded(live), seconds=30, concurrency=4)), model)
    chosen = Canary(Fallback(champion, 0.0), challenger, share=0.0, key="b", salt="forks")
    return Recorded(chosen, log=Log(folder / "log", flush_rows=5), key="b")


def is_right(whole, number):
    record = {"a": number / 10, "b": float(number % 9)}
    answers = [whole.predict_one(record), whole.handle(Call(frame=pd.DataFrame([record]))).one()]
    return all(abs(answer - 2 * record["a"]) < 1e-9 for answer in answers)


def test_a_whole_chain_that_is_warm_and_busy_goes_on_in_parent_and_children(tmp_path, forked):
    whole = service(tmp_path).warm()
    assert all(is_right(whole, number) for number in range(8))

    def answer_and_end():
        assert all(is_right(whole, number) for number in range(8))
        whole.close()  # the end of a worker: its log is written

    children = [forked(answer_and_end) for _ in range(2)]
    assert all(is_right(whole, number) for number in range(8))
    assert [child.ended() for child in children] == [0, 0]
    whole.close()
    log = Log(tmp_path / "log").frame()
    assert len(log) == 16 * 4  # the parent twice, before and after, and two children once
    assert log["request"].nunique() == len(log)
    assert set(log["version"]) == {"m:1"}
