"""Whatever pipeline is drawn: compiled code says what the pipeline says, or leaves the record to it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from maturekit.deployment.call import Call
from maturekit.deployment.row_path import RowPath
from maturekit.deployment.source import Source
from maturekit.schema import Column, Schema

ROWS = 120
METHODS = ("predict", "predict_proba", "decision_function", "predict_log_proba")

NUMBERS = [
    StandardScaler,
    lambda: StandardScaler(with_mean=False),
    lambda: RobustScaler(with_centering=False),
    lambda: MinMaxScaler((-1, 1), clip=True),
    MaxAbsScaler,
    Normalizer,
    lambda: KBinsDiscretizer(4, encode="onehot", strategy="uniform"),
    lambda: KBinsDiscretizer(3, encode="ordinal", strategy="uniform"),
    lambda: PolynomialFeatures(2, include_bias=False),
    lambda: make_pipeline(MinMaxScaler(clip=True), PolynomialFeatures(2, interaction_only=True), VarianceThreshold()),
    lambda: make_union(StandardScaler(), FunctionTransformer(np.abs)),
    FunctionTransformer,
    lambda: "passthrough",
]
TEXTS = [
    lambda: OneHotEncoder(handle_unknown="ignore"),
    lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    lambda: OneHotEncoder(drop="first", sparse_output=False),
    lambda: OneHotEncoder(drop="if_binary", handle_unknown="ignore"),
    lambda: OneHotEncoder(min_frequency=0.15, handle_unknown="infrequent_if_exist"),
    lambda: OneHotEncoder(max_categories=3, sparse_output=False, handle_unknown="infrequent_if_exist"),
    OrdinalEncoder,
    lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    lambda: OrdinalEncoder(min_frequency=12, handle_unknown="use_encoded_value", unknown_value=99),
    lambda: TargetEncoder(cv=2, random_state=0),
]
CLASSIFIERS = [
    lambda: LogisticRegression(max_iter=50),
    RidgeClassifier,
    lambda: SGDClassifier(max_iter=5, tol=None, random_state=0),
    LinearDiscriminantAnalysis,
    GaussianNB,
    BernoulliNB,
    lambda: DecisionTreeClassifier(max_depth=4, random_state=0),
    lambda: RandomForestClassifier(5, random_state=0),
    lambda: ExtraTreesClassifier(5, random_state=0),
    lambda: GradientBoostingClassifier(n_estimators=4, random_state=0),
    lambda: HistGradientBoostingClassifier(max_iter=4, random_state=0),
    lambda: MLPClassifier(hidden_layer_sizes=(4,), max_iter=3, random_state=0),
]
REGRESSORS = [
    LinearRegression,
    Ridge,
    lambda: PoissonRegressor(max_iter=20),
    lambda: DecisionTreeRegressor(max_depth=4, random_state=0),
    lambda: RandomForestRegressor(5, random_state=0),
    lambda: GradientBoostingRegressor(n_estimators=4, random_state=0),
    lambda: HistGradientBoostingRegressor(max_iter=4, random_state=0, loss="poisson"),
    lambda: MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0),
]
HOSTILE = (
    0.0,
    -0.0,
    1e30,
    -1e300,
    5e-324,
    3.5e38,
    np.nan,
    np.inf,
    1,
    2**60,
    None,
    True,
    "a",
    "\x00",
    "",
    np.float32(0.1),
)


def drawn(seed):
    """Return a fitted pipeline, its contract (or None) and the rows it was fitted on."""
    rng = np.random.default_rng(seed)

    def one(options):
        return options[rng.integers(len(options))]()

    frame = pd.DataFrame(
        {f"n{i}": rng.normal(size=ROWS) * 10.0 ** rng.integers(-2, 3) for i in range(rng.integers(1, 4))}
    )
    frame["whole"] = rng.integers(0, 5, ROWS)
    for i in range(rng.integers(1, 3)):
        frame[f"t{i}"] = pd.Series(rng.choice(list("abcdef")[: 2 + i * 3], ROWS), dtype=object)
    numbers = [name for name in frame if name[0] in "nw"]
    texts = [name for name in frame if name[0] == "t"]
    nullable = {name for name in frame if name != "whole" and rng.random() < 0.4}
    for name in nullable:
        frame.loc[rng.random(ROWS) < 0.1, name] = np.nan
    score = frame["whole"] + (frame[texts[0]] == "b") * 2.0 + rng.normal(size=ROWS)
    is_classifier = rng.random() < 0.7
    labels = np.array([["no", "yes"], [0, 1], [10, 20, 30]][rng.integers(3)], dtype=object).tolist()
    cuts = np.quantile(score, np.linspace(0, 1, len(labels) + 1)[1:-1])
    target = np.array(labels)[np.digitize(score, cuts)] if is_classifier else np.exp(score / 4)
    for_numbers, for_texts = one(NUMBERS), one(TEXTS)
    if for_numbers != "passthrough":
        for_numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=bool(rng.integers(2))), for_numbers)
    else:
        for_numbers = SimpleImputer()
    imputed, model = rng.random() < 0.6, one(CLASSIFIERS if is_classifier else REGRESSORS)
    hands_on = isinstance(for_texts, OrdinalEncoder) and not get_tags(model).input_tags.allow_nan
    if imputed or hands_on:  # an ordinal encoder leaves missing values as they are, and not every model takes them
        for_texts = make_pipeline(SimpleImputer(strategy="most_frequent"), for_texts)
    chosen = ColumnTransformer([("n", for_numbers, numbers), ("t", for_texts, texts)], remainder="drop")
    schema = Schema(
        {
            **{
                name: Column("int" if name == "whole" else "float", nullable=name in nullable, ge=-1e6, le=1e6)
                for name in numbers
            },
            **{name: Column("category", nullable=name in nullable) for name in texts},
        }
    )
    return make_pipeline(chosen, model).fit(frame, target), schema if rng.random() < 0.5 else None, frame


def records_of(frame, seed, hostile_ones):
    """Return rows as records, and the same rows with hostile values in them."""
    rng = np.random.default_rng(seed)
    rows = frame.iloc[:8].astype(object).where(frame.iloc[:8].notna(), None).to_dict("records")
    hostile = []
    for number in range(hostile_ones):
        record = dict(rows[number % len(rows)])
        for name in rng.choice(list(record), size=rng.integers(1, 3)):
            record[name] = HOSTILE[rng.integers(len(HOSTILE))]
        hostile.append(record)
    return [*rows, *hostile]


def told(ask):
    """Return what was answered or raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(ask())[0]
        except Exception as error:  # noqa: BLE001  # what it raises is what is compared
            return type(error)


def check_pipeline(seed, *, methods=METHODS, hostile_ones=24):
    """Compare every answer of the methods; return how many came from compiled code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, schema, frame = drawn(seed)
    source = Source(model, schema, examples=frame.iloc[:20])
    compiled = 0
    for method in methods:
        if not hasattr(model, method):
            continue
        path = RowPath(model, method, source.contract, source.examples, list(frame.columns))
        for record in records_of(frame, seed, hostile_ones):
            if schema is not None and source.contract.schema.check_record(record):
                continue
            before = dict(record)
            call = Call(method, record=record).narrowed(contract=source.contract)
            wanted = told(lambda: getattr(model, method)(call.table(list(frame.columns))))  # noqa: B023  # called at once
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    value, dtype = path.ask(call)
            except Exception as error:  # noqa: BLE001  # as above
                assert type(error) is wanted, (seed, method)
                continue
            compiled += dtype is not None
            given = np.array([value], dtype=dtype)[0] if dtype is not None else np.asarray(value)[0]
            assert not isinstance(wanted, type), f"{seed}: {method} answered where the model raises {wanted}"
            if given.dtype.kind == "f":
                np.testing.assert_allclose(
                    given, wanted, rtol=1e-12, atol=1e-12 * scale_of(method), err_msg=f"{seed} {method}"
                )
            else:
                assert given.dtype == wanted.dtype
                assert given == wanted, (seed, method)
            assert list(map(repr, record.items())) == list(map(repr, before.items()))
    return compiled


def scale_of(method):
    return 100.0 if method == "decision_function" else 1.0


@pytest.mark.parametrize("seed", range(10))
def test_compiled_code_says_what_the_pipeline_says(seed):
    check_pipeline(seed, methods=METHODS[:2], hostile_ones=12)


def test_most_pipelines_are_compiled():
    assert sum(check_pipeline(seed, methods=["predict"], hostile_ones=0) > 0 for seed in range(100, 105)) >= 4


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 1_400))
def test_compiled_code_says_what_many_pipelines_say(seed):
    check_pipeline(seed)
