"""One table, and models behind a contract, for all tests of batches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from maturekit import Column, Schema
from maturekit.deployment import Guarded

ROWS = 100


@pytest.fixture
def schema():
    return Schema(
        {"id": Column("string", role="key"), "a": Column("float", ge=0, le=1), "b": Column("float", ge=0, le=1)}
    )


@pytest.fixture
def table():
    """A hundred rows; the ids have leading zeros."""
    draw = np.random.default_rng(0)
    ids = [f"{row:04d}" for row in range(ROWS)]
    return pd.DataFrame({"id": ids, "a": draw.random(ROWS), "b": draw.random(ROWS)})


@pytest.fixture
def broken(table):
    """The same with three rows that break the contract."""
    return table.assign(a=table["a"].where(~table.index.isin([5, 50, 51]), -1.0))


@pytest.fixture
def doubling():
    """A model whose answer is twice `a`, to the last bit."""
    model = LinearRegression(fit_intercept=False).fit(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 0.0]}), [2.0, 4.0])
    model.coef_ = np.array([2.0, 0.0])
    return model


@pytest.fixture
def guarded(doubling, schema):
    return Guarded(doubling, schema=schema)


@pytest.fixture
def classifier(table):
    frame = table[["a", "b"]]
    return LogisticRegression().fit(frame, np.where(frame["a"] > frame["b"], "yes", "no"))
