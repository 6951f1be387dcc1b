"""Naive Bayes: a score for each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Number, Unsure
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.linear import weighted
from maturekit.deployment.compiled.outputs import labels_of, softmax, winner
from maturekit.deployment.compiled.samples import fitted, table

__all__ = ["OfBernoulliBayes", "OfCountBayes", "OfGaussianBayes"]

_FAR = 1e3


class OfGaussianBayes(Compiler):
    """A quadratic score for each class."""

    handles = ("sklearn.GaussianNB",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        names = [code.finite(cell) for cell in cells]
        raw = []
        for prior, means, variances in zip(estimator.class_prior_, estimator.theta_, estimator.var_, strict=True):
            if prior <= 0.0:
                raise NotCompiled("a class of probability 0")
            start = math.log(prior) - 0.5 * float(np.sum(np.log(2.0 * np.pi * variances)))
            parts = [
                f"({name} - {code.constant(mean)}) ** 2 / {code.constant(variance)}"
                for name, mean, variance in zip(names, means.tolist(), variances.tolist(), strict=True)
            ]
            raw.append(code.let(f"{code.constant(start)} - 0.5 * {code.sum(parts)}"))
        return [Cell(_judged(raw, estimator, code, method))]

    def sample(self) -> tuple[Any, Any]:
        """Return normal distributions of three classes."""
        from sklearn.naive_bayes import GaussianNB  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(GaussianNB(), target="classes")


class OfBernoulliBayes(Compiler):
    """A linear score for each class, of columns above a threshold or not."""

    handles = ("sklearn.BernoulliNB",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if estimator.binarize is not None:
            least = code.constant(float(estimator.binarize))
            for cell in cells:
                code.jump(cell, [float(estimator.binarize)])
            cells = [Number(code.let(f"1.0 if {code.finite(cell)} > {least} else 0.0")) for cell in cells]
        never = np.log(1.0 - np.exp(estimator.feature_log_prob_))
        starts = estimator.class_log_prior_ + never.sum(axis=1)
        raw = [
            weighted(cells, weights, start, code)
            for weights, start in zip(estimator.feature_log_prob_ - never, starts.tolist(), strict=True)
        ]
        return [Cell(_judged(raw, estimator, code, method))]

    def sample(self) -> tuple[Any, Any]:
        """Return signs of three columns."""
        from sklearn.naive_bayes import BernoulliNB  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(BernoulliNB(), target="class")


class OfCountBayes(Compiler):
    """A linear score for each class, of counts."""

    handles = ("sklearn.MultinomialNB", "sklearn.ComplementNB")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        starts = estimator.class_log_prior_
        if type(estimator).__name__ == "ComplementNB" and len(estimator.classes_) > 1:
            starts = np.zeros(len(starts))  # it knows no prior
        named = code.named(cells)
        raw = [
            weighted(named, weights, start, code)
            for weights, start in zip(estimator.feature_log_prob_, starts.tolist(), strict=True)
        ]
        return [Cell(_judged(raw, estimator, code, method))]

    def sample(self) -> tuple[Any, Any]:
        """Return positive columns."""
        from sklearn.naive_bayes import MultinomialNB  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(MultinomialNB(), table("positive"), target="classes")


def _judged(raw: Sequence[str], estimator: Any, code: Code, method: str) -> str:
    scores = code.let(f"[{', '.join(raw)}]")
    if method == "predict":
        return f"{code.constant(labels_of(estimator))}[{code.constant(winner)}({scores})]"
    if method == "predict_proba":
        return f"{code.constant(softmax)}({scores})"
    if method == "predict_log_proba":
        return f"{code.constant(_logarithms)}({scores})"
    raise NotCompiled(f"{method} of naive Bayes")


def _logarithms(scores: Sequence[float]) -> list[float]:
    most = max(scores)
    if not -_FAR < most < _FAR:
        raise Unsure
    total = most + math.log(sum([math.exp(score - most) for score in scores]))
    return [score - total for score in scores]
