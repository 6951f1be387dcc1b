"""Pipelines, unions and selections: which cells go through which step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled, compiler_of
from maturekit.deployment.compiled.samples import fitted, table

__all__ = ["OfChosen", "OfColumns", "OfInner", "OfPipeline", "OfUnion"]

_INNER = ("best_estimator_", "estimator")


class OfPipeline(Compiler):
    """Steps one after the other."""

    handles = ("sklearn.Pipeline", "imblearn.Pipeline")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        steps = [
            step
            for _, step in estimator.steps
            if step is not None and step != "passthrough" and not hasattr(step, "fit_resample")  # for training alone
        ]
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            cells = compiler_of(step).emit(step, cells, code, method if last else "transform")
        return cells

    def sample(self) -> tuple[Any, Any]:
        """Return a scaled linear model."""
        from sklearn.linear_model import Ridge  # noqa: PLC0415  # only who tests compilers needs it
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415  # as above
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # as above

        return fitted(make_pipeline(StandardScaler(), "passthrough", Ridge()), target="number")


class OfInner(Compiler):
    """Whatever answers as the estimator inside it does."""

    handles = (
        "sklearn.GridSearchCV", "sklearn.RandomizedSearchCV", "sklearn.HalvingGridSearchCV",
        "sklearn.HalvingRandomSearchCV", "sklearn.FrozenEstimator",
    )  # fmt: skip

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        inner = next(getattr(estimator, name) for name in _INNER if hasattr(estimator, name))
        return compiler_of(inner).emit(inner, cells, code, method)

    def sample(self) -> tuple[Any, Any]:
        """Return a search for the best of two."""
        from sklearn.linear_model import Ridge  # noqa: PLC0415  # only who tests compilers needs it
        from sklearn.model_selection import GridSearchCV  # noqa: PLC0415  # as above

        return fitted(GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2), target="number")


class OfColumns(Compiler):
    """Each transformer gets its columns; what comes out stands side by side."""

    handles = ("sklearn.ColumnTransformer",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if method != "transform" or estimator.transformer_weights:
            raise NotCompiled("ColumnTransformer with weights, or asked for an answer")
        names = [str(name) for name in getattr(estimator, "feature_names_in_", ())]
        cells = code.named(cells)
        out: list[Cell | Lookup] = []
        for _, step, columns in estimator.transformers_:
            taken = [cells[place] for place in _places(columns, names, len(cells))]
            if taken and not _is(step, "drop"):
                out += taken if _is(step, "passthrough") else compiler_of(step).emit(step, taken, code, "transform")
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return one column scaled, one dropped, one as it is."""
        from sklearn.compose import ColumnTransformer  # noqa: PLC0415  # only who tests compilers needs it
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # as above

        steps = [("scaled", StandardScaler(), ["z"]), ("dropped", "drop", ["x"])]
        return fitted(ColumnTransformer(steps, remainder="passthrough"))


class OfUnion(Compiler):
    """Every transformer gets all columns."""

    handles = ("sklearn.FeatureUnion",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if method != "transform" or estimator.transformer_weights:
            raise NotCompiled("FeatureUnion with weights, or asked for an answer")
        cells = code.named(cells)
        out: list[Cell | Lookup] = []
        for _, step in estimator.transformer_list:
            if not _is(step, "drop"):
                out += cells if _is(step, "passthrough") else compiler_of(step).emit(step, cells, code, "transform")
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return columns scaled in two ways."""
        from sklearn.pipeline import make_union  # noqa: PLC0415  # only who tests compilers needs it
        from sklearn.preprocessing import MaxAbsScaler, StandardScaler  # noqa: PLC0415  # as above

        return fitted(make_union(StandardScaler(), MaxAbsScaler()))


class OfChosen(Compiler):
    """Some of the columns."""

    handles = tuple(
        f"sklearn.{name}"
        for name in (
            "VarianceThreshold", "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe", "SelectFromModel",
            "GenericUnivariateSelect", "SequentialFeatureSelector",
        )
    )  # fmt: skip

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if method != "transform":
            raise NotCompiled(f"{type(estimator).__name__} asked for an answer")
        if any(cell.nullable for cell in cells) and type(estimator).__name__ != "VarianceThreshold":
            cells = [Cell(code.finite(cell)) if cell.nullable else cell for cell in cells]
        return [cells[place] for place in np.flatnonzero(estimator.get_support()).tolist()]

    def sample(self) -> tuple[Any, Any]:
        """Return the two best of three."""
        from sklearn.feature_selection import SelectKBest, f_regression  # noqa: PLC0415  # only who tests compilers

        return fitted(SelectKBest(f_regression, k=2), table(), target="number")


def _is(step: Any, word: str) -> bool:
    return isinstance(step, str) and step == word


def _places(columns: Any, names: Sequence[str], width: int) -> list[int]:
    """Return the places of columns, however a ColumnTransformer was told about them."""
    if isinstance(columns, slice):
        start, stop = columns.start, columns.stop
        if isinstance(start, str) or isinstance(stop, str):  # by name both ends belong to it
            first = names.index(start) if start is not None else 0
            return list(range(first, names.index(stop) + 1 if stop is not None else width))
        return list(range(width))[columns]
    columns = [columns] if isinstance(columns, (str, int)) else list(getattr(columns, "data", columns))
    if columns and isinstance(columns[0], (bool, np.bool_)):
        return [int(place) for place in np.flatnonzero(columns)]
    return [names.index(column) if isinstance(column, str) else range(width)[int(column)] for column in columns]
