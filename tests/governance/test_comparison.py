"""Champion against challenger on the same rows: bound, honest about little evidence, and right at its stated rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maturekit.errors import ArgumentError, TableError
from maturekit.governance import BetterThanChampion, Policy, compare
from maturekit.registry import fingerprint
from maturekit.reports import Case, VersionFacts


class Model:
    """Says the column it was made for, as a probability."""

    classes_ = np.array([0, 1])

    def __init__(self, column, classes=(0, 1)):
        self.column = column
        self.classes_ = np.array(classes)
        self.feature_names_in_ = np.array([column], dtype=object)

    def predict_proba(self, frame):
        assert list(frame.columns) == [self.column]
        share = frame[self.column].to_numpy()
        return np.column_stack([1 - share, share])

    def predict(self, frame):
        return self.classes_[(self.predict_proba(frame)[:, 1] > 0.5).astype(int)]


class Version:
    """As much of a registry's version as a comparison reads."""

    def __init__(self, number, model, schema=None):
        self.number, self.model, self.schema, self.fingerprint = number, model, schema, None
        self.digest, self.reference = f"sha256:{number:02d}", f"late:{number}"

    def load(self, *, trust=()):
        return self.model


def rows(n=400, seed=0, noise=(0.5, 2.0)):
    numbers = np.random.default_rng(seed)
    signal = numbers.normal(size=n)
    frame = pd.DataFrame({f"m{i}": 1 / (1 + np.exp(-signal - s * numbers.normal(size=n))) for i, s in enumerate(noise)})
    return frame, (signal > 0).astype(int)


BETTER, WORSE = Version(1, Model("m0")), Version(2, Model("m1"))


def test_better_passes_worse_fails_and_few_rows_are_not_enough():
    frame, late = rows()
    assert compare(WORSE, BETTER, frame, late).verdict == "passed"
    assert compare(BETTER, WORSE, frame, late).verdict == "failed"
    assert compare(WORSE, BETTER, frame[:8], late[:8]).verdict == "not_enough_evidence"


def test_report_tells_the_difference_both_values_and_the_base_rate():
    frame, late = rows()
    report = compare(WORSE, BETTER, frame, late)
    found = {finding.rule: finding for finding in report.findings}
    assert list(found) == ["difference:roc_auc", "champion:roc_auc", "challenger:roc_auc", "base-rate", "unlabelled"]
    gain = found["difference:roc_auc"]
    assert gain.value == pytest.approx(found["challenger:roc_auc"].value - found["champion:roc_auc"].value)
    assert gain.count == 400
    assert found["base-rate"].value == late.mean()
    assert dict(report.subjects) == {
        "champion": "sha256:02",
        "challenger": "sha256:01",
        "data": fingerprint(frame),
        "labels": fingerprint(pd.DataFrame({"label": late})),
    }
    assert type(report).from_json(report.to_json()) == report


def test_the_gate_reads_what_the_comparison_wrote():
    frame, late = rows()
    report = compare(WORSE, BETTER, frame, late)
    case = Case(
        "production", VersionFacts("late", 1, "sha256:01", reports=(report,)), VersionFacts("late", 2, "sha256:02")
    )
    assert Policy("weekly", [BetterThanChampion("roc_auc")]).judge(case).ok


def test_rows_without_a_label_are_left_out_and_counted():
    frame, late = rows()
    partly = pd.Series(late, dtype=object)
    partly[::4] = None
    report = compare(WORSE, BETTER, frame, partly)
    assert report.findings[-1].count == 100
    assert report.findings[-1].share == 0.25
    assert report.findings[0].count == 300


def test_no_labels_at_all_are_not_enough_evidence():
    frame, late = rows()
    assert compare(WORSE, BETTER, frame, [None] * len(late)).verdict == "not_enough_evidence"
    assert compare(WORSE, BETTER, frame[:0], late[:0]).verdict == "not_enough_evidence"


def test_labels_belong_to_rows_by_position_whatever_the_index():
    frame, late = rows()
    shuffled = frame.set_axis(np.random.default_rng(0).integers(5, size=len(frame)))
    labels = pd.Series(late, index=np.arange(len(late))[::-1])
    assert compare(WORSE, BETTER, shuffled, labels).findings == compare(WORSE, BETTER, frame, late).findings


def test_two_models_that_answer_alike_are_not_enough_evidence():
    frame, late = rows()
    report = compare(BETTER, Version(3, Model("m0")), frame, late)
    assert report.verdict == "not_enough_evidence"
    assert "order the 400 rows alike" in report.findings[0].message


def test_margin_decides_between_better_and_not_worse():
    frame, late = rows(n=2000, noise=(0.5, 0.5))
    same = Version(3, Model("m1"))
    assert compare(BETTER, same, frame, late).verdict == "not_enough_evidence"
    assert compare(BETTER, same, frame, late, margin=-0.05).verdict == "passed"
    assert compare(BETTER, same, frame, late, margin=0.05).verdict == "failed"


@pytest.mark.parametrize("metric", ["accuracy", "f1", "neg_log_loss", "neg_brier_score", "precision", "recall"])
def test_any_metric_of_two_classes_can_be_compared(metric):
    frame, late = rows()
    report = compare(WORSE, BETTER, frame, late, metric=metric)
    assert report.findings[0].rule == f"difference:{metric}"
    assert report.verdict == "passed"


def test_rows_of_one_day_are_no_independent_proof():
    # which model does better depends on the day: counting rows calls that a proof far too often, counting days does not
    days, size, rounds = 12, 50, 200
    by_row = by_day = 0
    for seed in range(rounds):
        numbers = np.random.default_rng(seed)
        day = np.repeat(np.arange(days), size)
        signal = numbers.normal(size=days * size)
        blur = numbers.choice([0.2, 2.0], size=(2, days))[:, day] * numbers.normal(size=(2, days * size))
        frame = pd.DataFrame({f"m{i}": 1 / (1 + np.exp(-signal - blur[i])) for i in range(2)})
        late = (signal > 0).astype(int)
        by_row += compare(WORSE, BETTER, frame, late, metric="neg_brier_score").verdict == "passed"
        by_day += compare(WORSE, BETTER, frame, late, metric="neg_brier_score", units=day).verdict == "passed"
    assert by_day <= rounds * 0.025 + 3 * np.sqrt(rounds * 0.025 * 0.975)  # three Monte-Carlo standard errors
    assert by_row > 0.15 * rounds


def test_units_belong_to_rows_by_position_and_follow_the_rows_with_a_label():
    frame, late = rows(n=100)
    partly = pd.Series(late, dtype=object)
    partly[::3] = None
    known = partly.notna().to_numpy()
    days = pd.Series(np.arange(100) // 5, index=np.arange(100)[::-1])
    one = compare(WORSE, BETTER, frame, partly, units=days).findings[0]
    assert one == compare(WORSE, BETTER, frame[known], late[known], units=days.to_numpy()[known]).findings[0]
    with pytest.raises(ArgumentError, match="units must be one for each of 100 rows"):
        compare(WORSE, BETTER, frame, late, units=[1, 2])


def test_each_version_receives_the_features_of_its_own_contract():
    from maturekit.schema import Column, Schema

    frame, late = rows()
    schema = Schema({"m0": Column("float"), "late": Column("int", role="label")})
    report = compare(WORSE, Version(1, Model("m0"), schema), frame.assign(late=late, key=1), late)
    assert report.verdict == "passed"


def test_labels_of_another_kind_name_the_positive_one():
    frame, late = rows()
    texts = np.where(late == 1, "late", "on time")
    first, second = (Version(i, Model(f"m{i}", ["on time", "late"])) for i in range(2))
    assert compare(second, first, frame, texts, positive="late").verdict == "passed"
    assert compare(second, first, frame, texts, metric="f1", positive="late").verdict == "passed"
    with pytest.raises(ArgumentError, match="which of the labels is positive"):
        compare(second, first, frame, texts)
    with pytest.raises(ArgumentError, match="one of them 'latte'"):
        compare(second, first, frame, texts, positive="latte")


def test_bad_input_is_refused_with_what_to_do():
    frame, late = rows(n=20)
    with pytest.raises(ArgumentError, match="cannot be compared with itself"):
        compare(BETTER, BETTER, frame, late)
    with pytest.raises(ArgumentError, match="one for each of 20 rows"):
        compare(BETTER, WORSE, frame, late[:5])
    with pytest.raises(TableError, match="lacks columns that late:2 reads: 'm1'"):
        compare(BETTER, WORSE, frame[["m0"]], late)


def test_rows_a_version_was_trained_on_prove_nothing():
    frame, late = rows(n=20)
    trained = Version(3, Model("m0"))
    trained.fingerprint = fingerprint(frame)
    with pytest.raises(ArgumentError, match="late:3 was trained on these very rows"):
        compare(WORSE, trained, frame, late)


def test_a_model_without_classes_has_no_scores_to_compare():
    class Number:
        feature_names_in_ = np.array(["m0"], dtype=object)

        def predict(self, frame):
            return frame["m0"].to_numpy()

    frame, late = rows(n=200)
    with pytest.raises(ArgumentError, match="needs a model of two classes"):
        compare(BETTER, Version(3, Number()), frame, late)
    report = compare(
        Version(3, Number()), Version(4, Model("m1")), frame, frame["m0"] * 1.1, metric="neg_mean_squared_error"
    )
    assert report.findings[1].value == pytest.approx(-((0.1 * frame["m0"]) ** 2).mean())


def test_a_model_that_raises_says_which_version_it_was():
    class Broken(Model):
        def predict_proba(self, frame):
            raise RuntimeError("no")

    frame, late = rows(n=20)
    with pytest.raises(RuntimeError) as caught:
        compare(BETTER, Version(7, Broken("m0")), frame, late)
    assert caught.value.__notes__ == ["raised while late:7 answered 20 rows of the comparison"]


@pytest.mark.parametrize("metric", ["roc_auc", "neg_log_loss", "accuracy"])
def test_a_pipeline_without_true_gain_is_promoted_at_most_at_the_stated_rate(metric):
    # Weekly retrains of no true gain: champion and challenger see the same signal through noise of equal size. The
    # promise at confidence 0.95 is 2.5 % of weeks; comparing point estimates would promote in half of them.
    policy, weeks = Policy("weekly", [BetterThanChampion(metric)]), 400
    champion, challenger = Version(1, Model("m0")), Version(2, Model("m1"))
    promoted = naive = 0
    for week in range(weeks):
        frame, late = rows(n=300, seed=week, noise=(1.0, 1.0))
        report = compare(champion, challenger, frame, late, metric=metric)
        facts = VersionFacts("late", 2, "sha256:02", reports=(report,))
        promoted += policy.judge(Case("production", facts, VersionFacts("late", 1, "sha256:01"))).ok
        naive += report.findings[0].value > 0
    assert promoted <= weeks * 0.025 + 3 * np.sqrt(weeks * 0.025 * 0.975)  # three Monte-Carlo standard errors
    assert naive > 0.4 * weeks
