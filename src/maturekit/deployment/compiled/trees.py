"""Decision trees, forests, and boosted trees of single precision."""

from __future__ import annotations

import functools
import math
import operator
import struct
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Unsure
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.outputs import classified, expit, labels_of, logged
from maturekit.deployment.compiled.samples import fitted

__all__ = ["MOST_NODES", "Node", "OfForest", "OfGradientBoosting", "Predict", "boosted", "once"]

Node = Any
"""A leaf's value, or (feature, threshold, left, right, whether null goes left)."""

MOST_NODES = 100_000
"""Nodes of a model that may become tuples, of some 130 bytes each; the trees of larger models are read in place."""

Predict = Callable[[Sequence[float]], Any]
Ends = Callable[[Sequence[float]], list[Any]]
Made = TypeVar("Made")

_MADE: weakref.WeakKeyDictionary[Any, tuple[list[Any], Any]] = weakref.WeakKeyDictionary()


class OfForest(Compiler):
    """One tree, or the mean of many."""

    handles = (
        "sklearn.DecisionTreeClassifier", "sklearn.DecisionTreeRegressor", "sklearn.ExtraTreeClassifier",
        "sklearn.ExtraTreeRegressor", "sklearn.RandomForestClassifier", "sklearn.RandomForestRegressor",
        "sklearn.ExtraTreesClassifier", "sklearn.ExtraTreesRegressor",
    )  # fmt: skip

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if estimator.n_outputs_ > 1 or method not in {"predict", "predict_proba", "predict_log_proba"}:
            raise NotCompiled(f"{method} of trees, or trees with several outputs")
        if getattr(estimator, "monotonic_cst", None) is not None:
            raise NotCompiled("trees with monotonic constraints")
        members = estimator.estimators_ if hasattr(estimator, "estimators_") else [estimator]
        trees = [member.tree_ for member in members]
        row = _single(estimator, trees, cells, code)
        if not hasattr(estimator, "classes_"):
            return [Cell(f"{code.constant(once(estimator, trees, _mean))}({row})")]
        shares = code.let(f"{code.constant(once(estimator, trees, _shares))}({row})")
        if method == "predict_proba":
            return [Cell(shares)]
        if method == "predict_log_proba":
            return [Cell(f"{code.constant(logged)}({shares})")]
        return [Cell(f"{code.constant(labels_of(estimator))}[{shares}.index(max({shares}))]")]

    def sample(self) -> tuple[Any, Any]:
        """Return a small forest of three classes."""
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(RandomForestClassifier(5, random_state=0), target="classes")


class OfGradientBoosting(Compiler):
    """A start and a sum of trees, for each class."""

    handles = ("sklearn.GradientBoostingClassifier", "sklearn.GradientBoostingRegressor")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if estimator.init is not None and not (isinstance(estimator.init, str) and estimator.init == "zero"):
            raise NotCompiled("gradient boosting that starts from another model")
        start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_)))[0]  # noqa: SLF001  # proven on examples
        grown = [[tree.tree_ for tree in column] for column in estimator.estimators_.T]
        row = _single(estimator, [tree for trees in grown for tree in trees], cells, code)
        rate = float(estimator.learning_rate)

        def walks(_: Any) -> list[Predict]:
            return [_boosted_of(trees, first, rate) for trees, first in zip(grown, start.tolist(), strict=True)]

        made = once(estimator, [tree for trees in grown for tree in trees], walks)
        raw = [code.let(f"{code.constant(walk)}({row})") for walk in made]
        if not hasattr(estimator, "classes_"):
            if method != "predict":
                raise NotCompiled(f"{method} of a regressor")
            return [Cell(raw[0])]
        link = _doubled if estimator.loss == "exponential" else expit
        return [Cell(classified(raw, labels_of(estimator), code, method, link=link, exact=True, at_zero=True))]

    def sample(self) -> tuple[Any, Any]:
        """Return a few boosted trees."""
        from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(GradientBoostingClassifier(n_estimators=5, random_state=0), target="class")


def once(estimator: Any, trees: Sequence[Any], make: Callable[[Sequence[Any]], Made]) -> Made:
    """Return what is made of the trees of an estimator, made once for all its methods and contracts while it lives.

    >>> class Model:
    ...     pass
    >>> model, trees = Model(), [[1]]
    >>> once(model, trees, list) is once(model, trees, list), once(model, [[2]], list)
    (True, [[2]])
    """
    known = _MADE.get(estimator)
    if known is None or len(known[0]) != len(trees) or any(a is not b for a, b in zip(known[0], trees, strict=True)):
        known = _MADE[estimator] = list(trees), make(trees)  # or it was fitted again
    made: Made = known[1]
    return made


def boosted(trees: Sequence[Node], first: float, rate: float) -> Predict:
    """Return the sum of a start and of the leaves that a row falls into, times a rate.

    >>> boosted([(0, 1.5, 10.0, (1, 0.0, 20.0, 30.0, True), False)], 1.0, 0.5)((2.0, 0.5))
    16.0
    """

    def total(row: Sequence[float]) -> float:
        value = first
        for node in trees:
            while type(node) is tuple:
                x = row[node[0]]
                node = node[2] if x <= node[1] or (x != x and node[4]) else node[3]  # noqa: PLR0124, PLW2901  # NaN; a walk
            value += rate * node
        return value

    return total


def _doubled(score: float) -> float:
    return expit(2.0 * score)


def _boosted_of(trees: Sequence[Any], first: float, rate: float) -> Predict:
    if not _are_many(trees):
        return boosted([_node_of(tree, _number) for tree in trees], first, rate)
    ends = _ends_in_place(trees, _number)

    def total(row: Sequence[float]) -> float:
        value = first
        for end in ends(row):
            value += rate * end
        return value

    return total


def _mean(trees: Sequence[Any]) -> Predict:
    total, many = _boosted_of(trees, 0.0, 1.0), len(trees)
    return lambda row: total(row) / many


def _shares(trees: Sequence[Any]) -> Predict:
    many, leaves = len(trees), dict[tuple[float, ...], list[float]]()

    def shared(value: Any) -> list[float]:
        each = tuple(value[0].tolist())
        return leaves.setdefault(each, list(each))

    ends = _ends_in_place(trees, lambda value: value[0].tolist()) if _are_many(trees) else _ends(trees, shared)
    add = operator.add  # from the left, as the forest does; `sum` is more exact, and ties would end otherwise
    return lambda row: [functools.reduce(add, each) / many for each in zip(*ends(row), strict=True)]


def _number(value: Any) -> float:
    return float(value[0, 0])


def _are_many(trees: Sequence[Any]) -> bool:
    return sum(int(tree.node_count) for tree in trees) > MOST_NODES


def _ends(trees: Sequence[Any], value: Callable[[Any], Any]) -> Ends:
    """Return a function from a row to the values of the leaves that it falls into, from trees as tuples."""
    nodes = [_node_of(tree, value) for tree in trees]

    def walked(row: Sequence[float]) -> list[Any]:
        ends = []
        for node in nodes:
            while type(node) is tuple:
                x = row[node[0]]
                node = node[2] if x <= node[1] or (x != x and node[4]) else node[3]  # noqa: PLR0124, PLW2901  # NaN; a walk
            ends.append(node)
        return ends

    return walked


def _ends_in_place(trees: Sequence[Any], value: Callable[[Any], Any]) -> Ends:
    """Return the same function, which reads the trees' own memory: slower, and takes none of its own."""
    views = [
        (
            memoryview(tree.children_left),
            memoryview(tree.children_right),
            memoryview(tree.feature),
            memoryview(tree.threshold),
            memoryview(tree.missing_go_to_left),
            tree.value,
        )
        for tree in trees
    ]

    def walked(row: Sequence[float]) -> list[Any]:
        ends = []
        for left, right, feature, threshold, null_left, values in views:
            at = 0
            while left[at] >= 0:
                x = row[feature[at]]
                goes_left = x <= threshold[at] or (x != x and null_left[at])  # noqa: PLR0124  # NaN is null
                at = left[at] if goes_left else right[at]
            ends.append(value(values[at]))
        return ends

    return walked


def _single(estimator: Any, trees: Sequence[Any], cells: Sequence[Cell | Lookup], code: Code) -> str:
    """Return a name of the row rounded to single precision, as these trees read it."""
    if not _are_many(trees):
        for tree in trees:
            inner = tree.feature >= 0
            for place, threshold in zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True):
                code.jump(cells[place], [threshold])
    form, allows_null = struct.Struct(f"{len(cells)}f"), _allows_null(estimator)

    def rounded(*values: float) -> tuple[float, ...]:
        try:
            row: tuple[float, ...] = form.unpack(form.pack(*values))
        except OverflowError as error:
            raise Unsure from error
        total = sum(row)
        if total - total != 0.0 and not (allows_null and math.inf not in row and -math.inf not in row):
            raise Unsure
        return row

    return code.let(f"{code.constant(rounded)}(*{code.row(cells)})")


def _allows_null(estimator: Any) -> bool:
    from sklearn.utils import get_tags  # noqa: PLC0415  # loaded by the model already

    return bool(get_tags(estimator).input_tags.allow_nan)


def _node_of(tree: Any, value: Callable[[Any], Any]) -> Node:
    left, right, feature = (part.tolist() for part in (tree.children_left, tree.children_right, tree.feature))
    threshold, values, null = tree.threshold.tolist(), tree.value, tree.missing_go_to_left.tolist()
    made: dict[int, Node] = {}
    for at in range(len(left) - 1, -1, -1):  # children stand behind their parents
        if left[at] < 0:
            made[at] = value(values[at])
        else:
            made[at] = (feature[at], threshold[at], made.pop(left[at]), made.pop(right[at]), bool(null[at]))
    return made[0]
