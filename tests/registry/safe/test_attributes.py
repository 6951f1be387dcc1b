"""No attribute of a stored model starts processes, touches files, calls methods or writes into other parts."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.feature_selection import SelectFromModel, SelectKBest, f_regression
from sklearn.impute import KNNImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PolynomialFeatures, StandardScaler

from maturekit.errors import UntrustedError
from maturekit.registry.safe import read

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
X, Y, dumped, name, stream, text = (CRAFT[key] for key in ("X", "Y", "dumped", "name", "stream", "text"))


def doubled(values):
    """A function of the user's own."""
    return values * 2


def refused(model, attribute):
    with pytest.raises(UntrustedError, match=f"in the file has {attribute}=.*, which is not allowed"):
        read(dumped(model))


@pytest.mark.parametrize("workers", [None, 1, 2, 64, os.cpu_count(), -1, -2])
def test_as_many_workers_as_a_machine_may_have_are_fine(workers):
    assert read(dumped(RandomForestClassifier(n_jobs=workers))).value.n_jobs == workers


@pytest.mark.parametrize("workers", [10**6, 10**4, -(10**9), 2.0, "2", True, [2]])
def test_a_model_does_not_start_thousands_of_workers(workers):
    for kind in (RandomForestClassifier, KNeighborsClassifier):
        refused(kind(n_jobs=workers), "n_jobs")


def test_a_model_names_no_place_for_a_cache(tmp_path):
    """A cache is read by the pickle of Python: whoever may write there would run code at the next fit."""
    refused(make_pipeline(StandardScaler(), memory=str(tmp_path / "cache")), "memory")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flag", [2, 200, -1, 1.0, None, "x"])
def test_a_flag_that_sizes_memory_is_true_or_false(flag):
    refused(PolynomialFeatures(interaction_only=flag), "interaction_only")


def test_methods_are_called_by_the_usual_names_only():
    stacked = StackingClassifier([("a", LogisticRegression())], cv=2).fit(X, Y)
    stacked.stack_method_ = ["fit"]
    refused(stacked, "stack_method_")
    chain = ClassifierChain(LogisticRegression()).fit(X, np.column_stack([Y, Y]))
    chain.chain_method_ = "set_params"
    refused(chain, "chain_method_")
    refused(FixedThresholdClassifier(LogisticRegression(), response_method="__init__"), "response_method")
    scorer = make_scorer(r2_score)
    scorer._response_method = ("predict", "__reduce__")
    refused(scorer, "_response_method")
    for path in ("__class__", "a.__globals__", "_private", "a()", 3):
        refused(SelectFromModel(LinearRegression(), importance_getter=path), "importance_getter")
    honest = SelectFromModel(LinearRegression(), importance_getter="named_steps.clf.coef_")
    assert read(dumped(honest)).value.importance_getter == "named_steps.clf.coef_"


def test_a_function_that_writes_stands_only_where_it_gets_one_array():
    """A function of one array takes a second one to write to: the stored rows of a neighbour search, say."""
    searched = KNeighborsClassifier(algorithm="brute").fit(X, Y)
    searched.metric = searched.effective_metric_ = np.negative
    refused(searched, "metric")
    searched = KNeighborsClassifier().fit(X, Y)
    searched.weights = np.negative
    refused(searched, "weights")
    refused(KNNImputer(metric=np.negative), "metric")
    refused(Nystroem(kernel=np.negative), "kernel")
    refused(SelectKBest(np.negative), "score_func")
    refused(SelectKBest(r2_score), "score_func")
    refused(make_scorer(np.negative), "_score_func")
    refused(make_scorer(f_regression), "_score_func")
    refused(FunctionTransformer(r2_score), "func")
    refused(FunctionTransformer(StandardScaler), "func")
    refused(FunctionTransformer(np.mean), "func")
    refused(OneHotEncoder(feature_name_combiner=np.negative), "feature_name_combiner")
    assert read(dumped(TransformedTargetRegressor(func=np.log, inverse_func=np.exp))).value.func is np.log


def test_no_stored_array_is_handed_to_a_function_to_write_to():
    target = np.zeros(3)
    refused(FunctionTransformer(np.negative, kw_args={"out": target}), "kw_args")
    refused(FunctionTransformer(np.negative, kw_args={"out": (target,)}), "kw_args")
    refused(FunctionTransformer(inverse_func=np.negative, inv_kw_args={"out": target}), "inv_kw_args")
    refused(make_scorer(r2_score, sample_weight=target), "_kwargs")
    refused(Nystroem(kernel_params={"out": target}), "kernel_params")
    assert read(dumped(FunctionTransformer(np.negative, kw_args={"casting": "safe"}))).value.transform(
        X[:1]
    ).tolist() == ((-X[:1]).tolist())


def test_a_function_that_the_caller_trusts_may_stand_anywhere():
    trust = frozenset({(__name__, "doubled")})
    model = read(dumped(FunctionTransformer(doubled)), trust=trust).value
    assert model.transform(X[:1]).tolist() == (X[:1] * 2).tolist()
    assert read(dumped(KNNImputer(metric=doubled)), trust=trust).value.metric is doubled
    with pytest.raises(UntrustedError) as refused:
        read(dumped(KNNImputer(metric=doubled)))
    assert refused.value.names == (f"{__name__}.doubled",)
