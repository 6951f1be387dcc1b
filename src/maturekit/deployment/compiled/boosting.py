"""Histogram gradient boosting: trees of double precision, in which null and categories have their own ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Unsure
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled, compiler_of
from maturekit.deployment.compiled.outputs import classified, labels_of
from maturekit.deployment.compiled.samples import fitted, table
from maturekit.deployment.compiled.trees import MOST_NODES, Node, Predict, boosted, once

__all__ = ["OfHistGradientBoosting"]

_BITS = 32
_CODES = 256
"""A category is a number of 8 bits."""

_LINKS: dict[str, Callable[[float], float] | None] = {
    "squared_error": None, "absolute_error": None, "quantile": None, "poisson": math.exp, "gamma": math.exp,
}  # fmt: skip


class OfHistGradientBoosting(Compiler):
    """A start and a sum of trees for each class, behind the estimator's own encoder of categories."""

    handles = ("sklearn.HistGradientBoostingClassifier", "sklearn.HistGradientBoostingRegressor")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        inner = estimator._preprocessor  # noqa: SLF001  # this and what follows is proven on examples
        if inner is not None:
            cells = compiler_of(inner).emit(inner, cells, code, "transform")
        elif estimator.is_categorical_ is not None:
            raise NotCompiled("categories that no encoder of the model's own has numbered")
        row = _finite_or_null(cells, code)
        rounds = estimator._predictors  # noqa: SLF001  # as above
        starts = np.ravel(estimator._baseline_prediction).tolist()  # noqa: SLF001  # as above
        known = estimator._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001  # as above
        for each in rounds:
            _note_jumps(each, cells, code)

        def walks(_: Any) -> list[Predict]:
            return [_walk([each[k] for each in rounds], known, first) for k, first in enumerate(starts)]

        made = once(estimator, [tree for each in rounds for tree in each], walks)
        raw = [code.let(f"{code.constant(walk)}({row})") for walk in made]
        if hasattr(estimator, "classes_"):
            return [Cell(classified(raw, labels_of(estimator), code, method, exact=True))]
        if method != "predict" or estimator.loss not in _LINKS:
            raise NotCompiled(f"{method} of histogram gradient boosting with the loss {estimator.loss!r}")
        link = _LINKS[estimator.loss]
        return [Cell(raw[0] if link is None else f"{code.constant(link)}({raw[0]})")]

    def sample(self) -> tuple[Any, Any]:
        """Return a few boosted trees with one categorical column."""
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # only who tests compilers needs it

        frame = table()
        frame["y"] = np.arange(len(frame)) % 5.0
        return fitted(HistGradientBoostingClassifier(max_iter=2, categorical_features=["y"]), frame, target="classes")


def _finite_or_null(cells: Sequence[Cell | Lookup], code: Code) -> str:
    """Return a name of the row; one with an infinite value is left to the ordinary path, since a step may refuse it."""
    row = code.row(cells)
    if any(type(cell) is not Lookup and cell.column is None for cell in cells):  # computed, so it may have overflown
        code.add(f"if inf in {row} or -inf in {row}: raise Unsure")
    return row


def _note_jumps(trees: Sequence[Any], cells: Sequence[Cell | Lookup], code: Code) -> None:
    for tree in trees:
        nodes = tree.nodes[(tree.nodes["is_leaf"] == 0) & (tree.nodes["is_categorical"] == 0)]
        for place, threshold in zip(nodes["feature_idx"].tolist(), nodes["num_threshold"].tolist(), strict=True):
            code.jump(cells[place], [threshold])


def _walk(trees: Sequence[Any], known: Any, first: float) -> Predict:
    if sum(len(tree.nodes) for tree in trees) > MOST_NODES:
        return _asked(trees, known, first)
    nodes = [_node_of(tree, *known) for tree in trees]
    if any(tree.nodes["is_categorical"].any() for tree in trees):
        return _categorical(nodes, first)
    return boosted(nodes, first, 1.0)


def _asked(trees: Sequence[Any], known: Any, first: float) -> Predict:
    def total(row: Sequence[float]) -> float:
        table, value = np.array([row], dtype=np.float64), first
        for tree in trees:
            value += float(tree.predict(table, known[0], known[1], 1)[0])
        return value

    return total


def _categorical(nodes: Sequence[Node], first: float) -> Predict:
    def total(row: Sequence[float]) -> float:
        value = first
        for node in nodes:
            while type(node) is tuple:
                x, least = row[node[0]], node[1]
                if x != x:  # noqa: PLR0124  # NaN is the null of numbers
                    goes_left = node[4]
                elif type(least) is bytes:
                    if x < 0.0:
                        raise Unsure
                    goes_left = least[int(x)]
                else:
                    goes_left = x <= least
                node = node[2] if goes_left else node[3]  # noqa: PLW2901  # a walk
            value += node
        return value

    return total


def _node_of(tree: Any, known: Any, places: Any) -> Node:
    """Return a tree as tuples; instead of a threshold, a split by category has for each code whether it goes left."""
    nodes, made = tree.nodes, {}
    names = (
        "feature_idx",
        "num_threshold",
        "left",
        "right",
        "missing_go_to_left",
        "value",
        "is_leaf",
        "is_categorical",
    )
    columns = {name: nodes[name].tolist() for name in names}
    for at in range(len(nodes) - 1, -1, -1):  # children stand behind their parents
        if columns["is_leaf"][at]:
            made[at] = columns["value"][at]
            continue
        null, feature = bool(columns["missing_go_to_left"][at]), columns["feature_idx"][at]
        least: float | bytes = columns["num_threshold"][at]
        if columns["is_categorical"][at]:
            lefts = _bits(tree.raw_left_cat_bitsets[nodes["bitset_idx"][at]])
            seen = _bits(known[places[feature]])
            least = bytes(left or (null and not each) for left, each in zip(lefts, seen, strict=True))
        left, right = made.pop(columns["left"][at]), made.pop(columns["right"][at])
        made[at] = (feature, least, left, right, null)
    return made[0]


def _bits(words: Any) -> list[bool]:
    return [bool(int(words[code // _BITS]) >> (code % _BITS) & 1) for code in range(_CODES)]
