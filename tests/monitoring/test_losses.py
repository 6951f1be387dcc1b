"""Losses as a column: one for each row with a label, in the order of the log."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from maturekit.errors import ArgumentError
from maturekit.monitoring import losses


def frame():
    numbers = np.random.default_rng(0)
    score = numbers.random(50)
    label = pd.Series((numbers.random(50) < score).astype(int), dtype=object)
    label[::5] = None
    return pd.DataFrame({"time": range(50), "prediction": (score > 0.5).astype(int), "score": score, "label": label})


@pytest.mark.parametrize(("metric", "peer"), [("neg_brier_score", brier_score_loss), ("neg_log_loss", log_loss)])
def test_the_mean_loss_is_scikit_learn_s(metric, peer):
    table = losses(frame(), metric)
    known = frame().dropna()
    assert table["time"].tolist() == known["time"].tolist()
    assert table["loss"].mean() == pytest.approx(peer(known["label"].astype(int), known["score"]))


def test_being_right_costs_nothing():
    table = losses(frame(), "accuracy")
    assert table["loss"].tolist() == [-float(right) for right in table["label"] == table["prediction"]]


def test_no_labels_give_no_rows():
    assert losses(frame().assign(label=None)).empty


def test_a_metric_of_all_rows_has_no_loss_of_one():
    with pytest.raises(ArgumentError, match="roc_auc is not a mean over rows"):
        losses(frame(), "roc_auc")
