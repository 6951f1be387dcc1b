"""Transformers of single numbers: scaling, binning, polynomials, functions."""

from __future__ import annotations

import functools
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Number, Table
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.samples import fitted

__all__ = ["OfBinarizer", "OfBins", "OfFunction", "OfMinMax", "OfNormalizer", "OfPolynomials", "OfScaler"]


class OfScaler(Compiler):
    """Subtract a middle, divide by a width."""

    handles = ("sklearn.StandardScaler", "sklearn.RobustScaler", "sklearn.MaxAbsScaler")

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        if getattr(estimator, "clip", False):
            raise NotCompiled(f"{type(estimator).__name__} with clip")
        shift = getattr(estimator, "mean_" if type(estimator).__name__ == "StandardScaler" else "center_", None)
        shift = None if getattr(estimator, "with_mean", True) is False else shift
        out = []
        for number, cell in enumerate(cells):
            text = code.number(cell)
            if shift is not None:
                text = f"({text} - {code.constant(float(shift[number]))})"
            if estimator.scale_ is not None:
                text = f"{text} / {code.constant(float(estimator.scale_[number]))}"
            out.append(Number(f"({text})", cell.nullable))
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return standardised columns."""
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(StandardScaler())


class OfMinMax(Compiler):
    """Multiply and add."""

    handles = ("sklearn.MinMaxScaler",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        out = []
        for cell, scale, least in zip(cells, estimator.scale_.tolist(), estimator.min_.tolist(), strict=True):
            text = f"({code.number(cell)} * {code.constant(scale)} + {code.constant(least)})"
            if estimator.clip:
                low, high = (code.constant(float(end)) for end in estimator.feature_range)
                name = code.let(text)
                code.add(f"if {name} == inf or {name} == -inf: raise Unsure")
                text = f"({low} if {name} < {low} else {high} if {name} > {high} else {name})"
            out.append(Number(text, cell.nullable))
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return columns between 0 and 1."""
        from sklearn.preprocessing import MinMaxScaler  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(MinMaxScaler(clip=True))


class OfBins(Compiler):
    """Numbers of bins, or one column a bin."""

    handles = ("sklearn.KBinsDiscretizer",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        out: list[Cell | Lookup] = []
        for cell, edges, bins in zip(cells, estimator.bin_edges_, estimator.n_bins_.tolist(), strict=True):
            inner = edges[1:-1].tolist()
            code.jump(cell, inner)
            place = code.let(f"{code.constant(bisect_right)}({code.constant(inner)}, {code.finite(cell)})")
            if estimator.encode == "ordinal":
                out.append(Number(f"float({place})"))
                continue
            table = Table({each: {each: 1.0} for each in range(bins)}, None, bins)
            out += [Lookup(place, table, at) for at in range(bins)]
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return three bins a column."""
        from sklearn.preprocessing import KBinsDiscretizer  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"))


class OfPolynomials(Compiler):
    """Products of columns."""

    handles = ("sklearn.PolynomialFeatures",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        names = [code.finite(cell) for cell in cells]
        out: list[Cell | Lookup] = []
        for powers in estimator.powers_.tolist():
            factors = [name for name, power in zip(names, powers, strict=True) for _ in range(power)]
            out.append(Number(f"({' * '.join(factors)})" if factors else "1.0"))
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return products of two columns."""
        from sklearn.preprocessing import PolynomialFeatures  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(PolynomialFeatures(2))


class OfBinarizer(Compiler):
    """Whether a number is above a threshold."""

    handles = ("sklearn.Binarizer",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        least = code.constant(float(estimator.threshold))
        for cell in cells:
            code.jump(cell, [float(estimator.threshold)])
        return [Number(f"(1.0 if {code.finite(cell)} > {least} else 0.0)") for cell in cells]

    def sample(self) -> tuple[Any, Any]:
        """Return signs."""
        from sklearn.preprocessing import Binarizer  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(Binarizer())


class OfNormalizer(Compiler):
    """A row divided by its length."""

    handles = ("sklearn.Normalizer",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        names = [code.finite(cell) for cell in cells]
        if estimator.norm == "l2":
            length = code.let(f"{code.constant(math.sqrt)}({code.sum([f'{name} * {name}' for name in names])})")
        else:
            sizes = [f"abs({name})" for name in names]
            length = code.sum(sizes) if estimator.norm == "l1" else code.let(f"max(({', '.join(sizes)},))")
        code.add(f"if {length} < 1e-150: raise Unsure")  # nothing to divide by, or too little to square
        return [Number(f"({name} / {length})") for name in names]

    def sample(self) -> tuple[Any, Any]:
        """Return rows of length 1."""
        from sklearn.preprocessing import Normalizer  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(Normalizer())


class OfFunction(Compiler):
    """A function of numpy that the standard library has too, or none at all, as a fitted passthrough is spelled."""

    handles = ("sklearn.FunctionTransformer",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        _only_transforms(estimator, method)
        if estimator.func is None or _only_checks(estimator.func):
            return cells
        function = _FUNCTIONS.get(estimator.func) if isinstance(estimator.func, np.ufunc) else None
        if function is None or estimator.kw_args:
            raise NotCompiled("FunctionTransformer with a function of one's own")
        called = code.constant(function)
        return [Number(f"{called}({code.finite(cell)})") for cell in cells]

    def sample(self) -> tuple[Any, Any]:
        """Return exponentials less one."""
        from sklearn.preprocessing import FunctionTransformer  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(FunctionTransformer(np.expm1))


_FUNCTIONS: dict[Any, Callable[[float], float]] = {
    np.abs: abs,
    np.exp: math.exp,
    np.expm1: math.expm1,
    np.log: math.log,
    np.log10: math.log10,
    np.log1p: math.log1p,
    np.log2: math.log2,
    np.sqrt: math.sqrt,
}
"""Where numpy warns and returns NaN or infinity, these raise, and the ordinary path answers."""


def _only_checks(function: Any) -> bool:
    """Return whether a function is how histogram gradient boosting passes numbers on: looked at, infinite or not."""
    return (
        isinstance(function, functools.partial)
        and getattr(function.func, "__module__", "") == "sklearn.utils.validation"
        and function.func.__name__ == "check_array"
        and function.keywords.get("ensure_all_finite") is False
    )


def _only_transforms(estimator: Any, method: str) -> None:
    if method != "transform":
        raise NotCompiled(f"{type(estimator).__name__} asked to {method}")
