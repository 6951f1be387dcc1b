"""Every metric keeps the public contract, and agrees with scikit-learn's scorer of the same name."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from maturekit.errors import ArgumentError, ArgumentTypeError, NotEnoughEvidenceError, NotFoundError
from maturekit.statistics import F1, Accuracy, BootstrapMetric, LogLoss, Precision, RocAuc, RowMetric, as_metric
from maturekit.testing.metrics import METRIC_CHECKS

PEERS = {
    "accuracy": metrics.accuracy_score,
    "f1": metrics.f1_score,
    "neg_brier_score": lambda truth, answers: -metrics.brier_score_loss(truth, answers),
    "neg_log_loss": lambda truth, answers: -metrics.log_loss(truth, answers),
    "neg_mean_absolute_error": lambda truth, answers: -metrics.mean_absolute_error(truth, answers),
    "neg_mean_squared_error": lambda truth, answers: -metrics.mean_squared_error(truth, answers),
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "roc_auc": metrics.roc_auc_score,
}


class WithinTen(RowMetric):
    """The smallest extension a user can write: one hook."""

    name, reads, binary = "within_ten", "number", False

    def _rows(self, truth, answers):
        return abs(truth - answers) <= 1


def answers_for(metric, seed=0, n=300):
    numbers = np.random.default_rng(seed)
    signal = numbers.normal(size=n)
    noisy = signal + numbers.normal(size=n)
    if metric.reads == "number":
        return signal, noisy
    return (signal > 0).astype(int), (noisy > 0).astype(int) if metric.reads == "label" else 1 / (1 + np.exp(-noisy))


@pytest.mark.parametrize("check", METRIC_CHECKS, ids=lambda check: check.__name__)
def test_a_user_s_metric_keeps_the_contract(check):
    check(WithinTen())


@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_named_metric_agrees_with_scikit_learn(name):
    metric = as_metric(name)
    truth, answers = answers_for(metric)
    assert metric.name == name
    assert metric.interval(truth, answers).value == pytest.approx(PEERS[name](truth, answers), rel=1e-12)


@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_named_metric_agrees_with_the_bootstrap(name):
    metric = as_metric(name)
    truth, answers = answers_for(metric, n=500)
    analytic = metric.interval(truth, answers)
    drawn = BootstrapMetric(PEERS[name], reads=metric.reads, resamples=150).interval(truth, answers)
    width = analytic.high - analytic.low
    assert (drawn.low, drawn.high) == pytest.approx((analytic.low, analytic.high), abs=0.25 * width)


@pytest.mark.parametrize("kind", [F1, Precision])
def test_a_pair_without_true_gain_is_called_better_at_the_stated_rate(kind):
    numbers = np.random.default_rng(9)
    size, n = 400, 300
    signal = numbers.normal(size=(size, n))
    first, second = (signal + numbers.normal(size=(size, n)) > 0 for _ in range(2))
    found = [kind().difference(*rows) for rows in zip(signal > 0, first, second, strict=True)]
    better = np.mean([gain.above(0.0) == "passed" for gain in found])
    assert better <= 0.025 + 3 * 0.0064  # Monte-Carlo standard error sqrt(.025 * .975 / 600)


def test_labels_of_any_kind_have_an_accuracy():
    assert Accuracy().interval(["a", "b"], ["a", "c"]).value == 0.5
    assert Accuracy().interval(np.array(["a", 1], dtype=object), np.array(["a", 2], dtype=object)).value == 0.5


def test_scores_that_are_no_probabilities_are_refused_where_it_matters():
    truth, margins = [0, 0, 1, 1], [-2.0, 0.5, 0.4, 3.0]
    assert RocAuc().interval(truth, margins).value == 0.75
    with pytest.raises(ArgumentError, match="probabilities lie between 0 and 1, got -2 to 3"):
        LogLoss().interval(truth, margins)


def test_a_certain_and_wrong_answer_costs_a_finite_amount():
    assert np.isfinite(LogLoss().rows([1, 0], [0.0, 1.0])).all()


def test_no_row_called_positive_is_not_enough_evidence_for_precision():
    with pytest.raises(NotEnoughEvidenceError):
        Precision().interval([1, 0, 1], [0, 0, 0])
    with pytest.raises(NotEnoughEvidenceError):
        Precision().difference([1, 0, 1], [0, 0, 0], [1, 0, 0])


def test_a_function_that_is_undefined_is_not_enough_evidence():
    def undefined(truth, answers):
        raise ValueError("one class only")

    with pytest.raises(NotEnoughEvidenceError, match="undefined is undefined on these 20 rows: one class only"):
        BootstrapMetric(undefined).interval([1] * 20, [1] * 20)


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(NotFoundError, match="did you mean 'roc_auc'"):
        as_metric("roc-auc")
    with pytest.raises(ArgumentTypeError, match="got int"):
        as_metric(3)
    with pytest.raises(ArgumentError, match="none of 'label'"):
        BootstrapMetric(metrics.accuracy_score, reads="labels")
