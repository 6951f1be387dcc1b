"""A classifier between two tables: a valid level, what it sees, and what it says when it cannot run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maturekit.drift import compare
from maturekit.drift.two_sample import separated
from maturekit.errors import NotEnoughEvidenceError
from maturekit.profile import Profile

KINDS = dict.fromkeys("ab", "float")


def noise(rng, rows, columns="ab"):
    return pd.DataFrame(rng.normal(size=(rows, len(columns))), columns=list(columns))


def three_way(rng, rows, *, related):
    frame = noise(rng, rows, "abc")
    if related:
        frame["c"] = frame["c"].abs() * np.sign(frame["a"] * frame["b"])
    return frame


def classifier_of(report):
    return next(finding for finding in report.findings if finding.rule == "classifier")


class Fails(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise RuntimeError("no luck")


class LearnsByHeart(ClassifierMixin, BaseEstimator):
    """Sides with the nearest row it has seen: at its best on its own rows, where it must not be judged."""

    def fit(self, X, y):
        self.rows_, self.y_, self.classes_ = np.asarray(X), np.asarray(y), np.array([0, 1])
        return self

    def decision_function(self, X):
        apart = np.abs(np.asarray(X)[:, None, :] - self.rows_[None]).sum(axis=-1)
        return self.y_[apart.argmin(axis=1)].astype(float)


@pytest.mark.parametrize("model", [GaussianNB(), LearnsByHeart()], ids=lambda model: type(model).__name__)
def test_equal_tables_are_told_apart_in_five_percent_of_cases(model):
    rng, runs = np.random.default_rng(0), 100
    found = [separated(noise(rng, 60), noise(rng, 90), KINDS, classifier=model, rng=rng) for _ in range(runs)]
    p = np.array([one.p for one in found])
    assert (p <= 0.05).sum() <= 13  # 5 expected; above 13 in 1 of 2,000
    assert 0.4 < p.mean() < 0.6  # standard error 0.029
    assert sum(not one.low <= 0.5 <= one.high for one in found) <= 13


@pytest.mark.long
@pytest.mark.parametrize("rows", [100, 1_000])
def test_the_built_in_classifier_keeps_the_level_as_well(rows):
    rng, runs = np.random.default_rng(1), 300
    wrong = [
        separated(noise(rng, rows), noise(rng, rows), KINDS, classifier=True, rng=rng).p <= 0.05 for _ in range(runs)
    ]
    assert sum(wrong) <= 30  # 15 expected; above 30 in 1 of 6,000


def test_three_columns_that_part_are_seen_though_no_pair_changes():
    rng = np.random.default_rng(2)
    before, after = three_way(rng, 1_500, related=True), three_way(rng, 1_500, related=False)
    trees = ExtraTreesClassifier(60, min_samples_leaf=5, max_features=None)
    report = compare(before, after, classifier=trees)
    finding = report.findings[0]
    assert (finding.rule, finding.status, finding.severity) == ("classifier", "failed", "warning")
    assert finding.interval[0] > 0.5
    assert set(finding.columns) == {"a", "b", "c"}
    assert [f for f in report.findings if f.rule == "changed" and f.status == "failed"] == []


def test_the_built_in_classifier_names_the_columns_it_used_also_texts_with_nulls():
    rng = np.random.default_rng(3)

    def table(share):
        frame = noise(rng, 900).assign(city=rng.choice(["Rome", "Oslo", "Bern"], 900, p=[share, 0.6 - share, 0.4]))
        frame.loc[::10, ["a", "city"]] = None
        return frame.assign(on=pd.Timestamp("2026-01-01"), flag=frame["b"] > 0)

    finding = classifier_of(compare(table(0.2), table(0.5).assign(on=pd.Timestamp("2026-02-01")), classifier=True))
    assert finding.status == "failed"
    assert finding.columns[0] == "city"
    assert "on" not in finding.columns  # time always moves on
    assert finding.count == 2 * 675  # three of four blocks were judged
    assert "shuffling columns, the area falls by 0." in finding.message


def test_any_classifier_takes_columns_with_gaps_and_infinities():
    rng = np.random.default_rng(4)
    one, two = (noise(rng, 200).assign(city=rng.choice(["x", "y"], 200)) for _ in range(2))
    two.loc[:4, "a"], two.loc[5:9, "b"], two.loc[:4, "city"] = np.nan, np.inf, None
    for model in (make_pipeline(StandardScaler(), SGDClassifier()), ExtraTreesClassifier(10)):
        assert classifier_of(compare(one, two, classifier=model)).status in {"passed", "failed"}


def test_the_same_seed_gives_the_same_numbers_and_the_classifier_stays_as_it_was():
    rng = np.random.default_rng(5)
    one, two = noise(rng, 150), noise(rng, 150)
    trees = ExtraTreesClassifier(10)
    first, second = (compare(one, two, classifier=trees, random_state=3) for _ in range(2))
    assert first.findings == second.findings
    assert not hasattr(trees, "estimators_")


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_tables_of_other_libraries_are_told_apart_alike(kind):
    frames = pytest.importorskip(kind)
    pytest.importorskip("narwhals")
    rng = np.random.default_rng(6)
    one, two = (noise(rng, 150).assign(city=rng.choice(["x", "y"], 150)) for _ in range(2))
    other = [
        frames.DataFrame(f.to_dict("list")) if kind == "polars" else frames.table(f.to_dict("list")) for f in (one, two)
    ]
    model = ExtraTreesClassifier(10)
    plain, foreign = (
        classifier_of(compare(one, two, classifier=model)),
        classifier_of(compare(*other, classifier=model)),
    )
    assert foreign.value == pytest.approx(plain.value)


def test_a_long_table_is_sampled_and_the_report_says_how_many_rows_were_judged():
    rng = np.random.default_rng(7)
    found = separated(noise(rng, 12_000), noise(rng, 200), KINDS, classifier=GaussianNB(), rng=rng)
    assert found.rows == 7_500 + 150


def test_profiles_hold_no_rows_and_the_report_says_what_to_do():
    rng = np.random.default_rng(8)
    one, two = noise(rng, 100), noise(rng, 100)
    finding = classifier_of(compare(Profile.of(one), two, classifier=True))
    assert finding.status == "could_not_run"
    assert "pass tables on both sides" in finding.message


def test_few_rows_and_a_classifier_that_fails_are_no_verdict():
    rng = np.random.default_rng(9)
    few = classifier_of(compare(noise(rng, 200), noise(rng, 39), classifier=True))
    assert (few.status, "at least 40 rows" in few.message) == ("not_enough_evidence", True)
    broken = classifier_of(compare(noise(rng, 200), noise(rng, 200), classifier=Fails()))
    assert (broken.status, broken.message) == ("could_not_run", "the classifier failed: RuntimeError: no luck")
    with pytest.raises(NotEnoughEvidenceError):
        separated(noise(rng, 200), noise(rng, 39), KINDS, classifier=True, rng=rng)
