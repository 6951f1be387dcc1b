"""Put a value where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from maturekit.deployment.compiled.code import Cell, Code, Lookup, Number, Raw
from maturekit.deployment.compiled.compiler import Compiler, NotCompiled
from maturekit.deployment.compiled.samples import fitted, table

__all__ = ["OfImputer", "OfIndicator"]


class OfImputer(Compiler):
    """One value a column, and perhaps columns that say where it was missing."""

    handles = ("sklearn.SimpleImputer",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if method != "transform" or not _is_null(estimator.missing_values):
            raise NotCompiled(f"SimpleImputer of {estimator.missing_values!r}, or asked for an answer")
        if any(_is_null(value) for value in estimator.statistics_):
            raise NotCompiled("SimpleImputer of a column without values")
        cells = code.named(cells)
        out = [_filled(cell, value, code) for cell, value in zip(cells, estimator.statistics_.tolist(), strict=True)]
        if estimator.add_indicator:
            out += [_missing(cells[place], code) for place in estimator.indicator_.features_.tolist()]
        return out

    def sample(self) -> tuple[Any, Any]:
        """Return means, where something is missing."""
        from sklearn.impute import SimpleImputer  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(SimpleImputer(add_indicator=True), _holed())


class OfIndicator(Compiler):
    """Whether a value is missing."""

    handles = ("sklearn.MissingIndicator",)

    def _emit(self, estimator: Any, cells: Sequence[Cell | Lookup], code: Code, method: str) -> Sequence[Cell | Lookup]:
        if method != "transform" or not _is_null(estimator.missing_values):
            raise NotCompiled(f"MissingIndicator of {estimator.missing_values!r}, or asked for an answer")
        if estimator.features == "missing-only" and estimator.error_on_new and any(cell.nullable for cell in cells):
            raise NotCompiled("MissingIndicator that refuses new missing values")
        cells = code.named(cells)
        return [_missing(cells[place], code) for place in estimator.features_.tolist()]

    def sample(self) -> tuple[Any, Any]:
        """Return where something is missing."""
        from sklearn.impute import MissingIndicator  # noqa: PLC0415  # only who tests compilers needs it

        return fitted(MissingIndicator(features="all"), _holed())


def _filled(cell: Cell | Lookup, value: Any, code: Code) -> Cell | Lookup:
    if not cell.nullable:
        return cell
    if isinstance(cell, Raw):
        name = cell.text
        empty = f"{name} is None or {name} != {name}"
    else:
        name = code.name(cell)
        empty = f"{name} != {name}"
    if isinstance(value, str):
        if not isinstance(cell, Raw):
            raise NotCompiled("SimpleImputer of texts behind another step")
        return Raw(code.let(f"{code.constant(value)} if {empty} else {name}"), column=cell.column)
    kind = Raw if isinstance(cell, Raw) else Number
    return kind(code.let(f"{code.constant(float(value))} if {empty} else {name}"), column=cell.column)


def _missing(cell: Cell | Lookup, code: Code) -> Cell | Lookup:
    if not cell.nullable:
        return Number("0.0")
    if isinstance(cell, Raw):
        return Number(f"(1.0 if {cell.text} is None or {cell.text} != {cell.text} else 0.0)")
    name = code.name(cell)
    return Number(f"(1.0 if {name} != {name} else 0.0)")


def _is_null(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and math.isnan(value))
        or type(value).__name__ == "NAType"
    )


def _holed() -> Any:
    frame = table()
    return frame.mask(frame > frame.quantile(0.8))
