"""A model as a function of the values of one record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maturekit.deployment.compiled import (
    bayes,
    boosting,
    columns,
    encoders,
    imputing,
    linear,
    network,
    numbers,
    trees,
)
from maturekit.deployment.compiled.code import Code, Raw, RowFunction
from maturekit.deployment.compiled.compiler import compiler_of

__all__ = ["compiled", "row_function"]

BUILT_IN = (bayes, boosting, columns, encoders, imputing, linear, network, numbers, trees)
"""Where compilers are defined, and thereby registered."""


def row_function(model: Any, width: int, method: str) -> RowFunction:
    """Return a function from the values of a record to the output of a model; raise `NotCompiled` if a step has no compiler.

    Nothing is proven here. The function raises `Unsure`, or any other error, for values that it cannot answer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit(np.array([[0.0], [1.0]]), [1.0, 3.0])
    >>> round(row_function(model, 1, "predict")((2.0,)), 6)
    5.0
    """
    return compiled(model, [True] * width, method)[0]


def compiled(
    model: Any, nullable: Sequence[bool], method: str, *, sound: Sequence[int] | None = None
) -> tuple[RowFunction, dict[int, set[Any]]]:
    """Return the function, and for columns the values at which its answer may jump.

    `nullable` says for each value whether it can be null. Of the columns in `sound` every value is a finite number, and
    none of the others is infinite; None if nothing is known.
    """
    code = Code(len(nullable))
    cells = [Raw(code.value(column), can_be_null, column) for column, can_be_null in enumerate(nullable)]
    out = compiler_of(model).emit(model, cells, code, method)
    if method == "transform":
        result = f"[{', '.join(map(code.number, out))}]"
    else:
        (answer,) = out
        result = code.number(answer)
    return code.function(result, sound=sound), code.edges
