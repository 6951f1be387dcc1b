"""The models that every tool writes and reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["make_model", "marked", "tiny"]


def make_model(what: str) -> Any:
    """Return a fitted model by its description."""
    if what == "array of 200 MB":
        model = tiny(0)
        model.coef_ = np.random.default_rng(0).normal(size=25_000_000)
        return model
    inputs, labels = make_classification(20_000, 20, random_state=0)
    if what == "boosting in a pipeline":
        boosting = HistGradientBoostingClassifier(max_iter=300, early_stopping=False, random_state=0)
        return make_pipeline(StandardScaler(), boosting).fit(inputs, labels)
    trees = 15 if what == "forest of 1.4 MB" else 28
    return RandomForestClassifier(trees, max_leaf_nodes=600, random_state=0).fit(inputs, labels)


def tiny(number: int) -> LinearRegression:
    """Return a model of less than a kilobyte, unlike that of any other number."""
    return LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0 + number])


def marked(model: Any, number: int) -> Any:
    """Return the same model with another content: what is stored already may not be written again."""
    model.turn_ = number
    return model
