"""Compilers keep their contract, and anyone can add one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import maturekit.deployment.compiled as package
from maturekit.deployment.compiled import Compiler, NotCompiled, Number, compiler_of, row_function
from maturekit.testing.compilers import COMPILER_CHECKS, check_the_function_says_what_the_estimator_says
from maturekit.testing.walk import implementations

KINDS = implementations(package, of=Compiler)


def test_every_class_is_handled_once():
    names = [name for kind in KINDS for name in kind.handles]
    assert len(names) == len(set(names))


class Halved(TransformerMixin, BaseEstimator):
    __module__ = "acme.features"

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        return np.asarray(X) / 2.0


class Doubled(Halved):
    __module__ = "acme.features"


def test_a_subclass_is_used_from_the_moment_it_is_defined():
    model = make_pipeline(Halved(), LinearRegression()).fit([[2.0], [4.0]], [1.0, 2.0])
    with pytest.raises(NotCompiled, match=r"acme\.Halved has no compiler"):
        row_function(model, 1, "predict")

    class OfHalved(Compiler):
        handles = ("acme.Halved",)

        def _emit(self, estimator, cells, code, method):
            return [Number(f"({code.number(cell)} / 2.0)", cell.nullable) for cell in cells]

        def sample(self):
            return Halved(), [[1.0]]

    assert row_function(model, 1, "predict")((6.0,)) == pytest.approx(3.0, rel=1e-12)
    for check in COMPILER_CHECKS:
        check(OfHalved())


def test_a_subclass_of_an_estimator_is_not_taken_for_it():
    class Own(LinearRegression):
        pass

    with pytest.raises(NotCompiled, match="has no compiler"):
        compiler_of(Own())


def test_a_wrong_compiler_breaks_the_suite():
    class OfDoubled(Compiler):
        handles = ("acme.Doubled",)

        def _emit(self, estimator, cells, code, method):
            return [Number(f"({code.number(cell)} * 2.0)", cell.nullable) for cell in cells]

        def sample(self):
            return Doubled(), [[1.0]]

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_the_function_says_what_the_estimator_says(OfDoubled())
